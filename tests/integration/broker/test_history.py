"""Historical bars."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from broker.history import IbHistory
from market.errors import BrokerError, LinkDown, PacingViolation, RequestTimeout
from market.instrument import Instrument
from market.quote import BarSize
from simulator.tws.exchange import Exchange
from simulator.tws.plan import RegularUS
from simulator.tws.server import TwsServer
from tests.fakes.clock import FakeClock
from tests.fakes.eventually import eventually
from tests.integration.broker.conftest import CLOCK, Desk, desk_at, running

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
async def aapl(desk: Desk) -> Instrument:
    return await desk.contracts.find("AAPL")


def asked(server: TwsServer) -> int:
    """Return how many historical requests the server has had."""
    return sum(fields[0] == "20" for fields in server.requests)


@pytest.mark.parametrize("size", list(BarSize))
@pytest.mark.parametrize("count", [1, 30, 250])
async def test_as_many_closed_bars_come_as_were_asked_for(
    desk: Desk, aapl: Instrument, size: BarSize, count: int
) -> None:
    bars = await desk.history.bars(aapl, size, count)
    assert len(bars) == count
    starts = [bar.start for bar in bars]
    assert starts == sorted(set(starts))
    assert all(start.tzinfo is UTC for start in starts)
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
    assert all(bar.volume > 0 for bar in bars)


@pytest.mark.parametrize("size", [BarSize.MIN_1, BarSize.MIN_15, BarSize.HOUR_1])
async def test_the_running_bar_is_left_out(desk: Desk, aapl: Instrument, size: BarSize) -> None:
    bars = await desk.history.bars(aapl, size, 3)
    now = CLOCK.now()
    assert bars[-1].start + size.duration <= now
    assert bars[-1].start + 2 * size.duration > now - timedelta(seconds=5)


async def test_todays_bar_comes_once_the_session_is_closed(
    desk: Desk, aapl: Instrument, exchange: Exchange, server: TwsServer
) -> None:
    before = await desk.history.bars(aapl, BarSize.DAY_1, 5)
    today = (await desk.contracts.hours(aapl)).next_close(CLOCK.now()).day
    assert before[-1].start.date() < today
    assert before[-1].start.time() == datetime.min.time()
    exchange.close_session()
    desk.contracts._hours_ttl_s = 0.0
    after = await desk.history.bars(aapl, BarSize.DAY_1, 5)
    assert after[-1].start.date() == today


@pytest.mark.parametrize("size", list(BarSize))
async def test_nights_and_weekends_are_reached_over(size: BarSize) -> None:
    exchange = Exchange(clock=CLOCK, walk=False, plan=RegularUS())
    server = TwsServer(exchange)
    await server.start()
    async with running(desk_at(server.port)) as desk:
        await desk.up()
        aapl = await desk.contracts.find("AAPL")
        assert len(await desk.history.bars(aapl, size, 200)) == 200
    await server.stop()


async def test_bars_of_regular_hours_know_no_others() -> None:
    server = TwsServer(Exchange(clock=CLOCK, walk=False, plan=RegularUS()))
    await server.start()
    async with running(desk_at(server.port)) as desk:
        await desk.up()
        aapl = await desk.contracts.find("AAPL")
        regular = await desk.history.bars(aapl, BarSize.MIN_15, 60, regular=True)
        every = await desk.history.bars(aapl, BarSize.MIN_15, 60)
        assert len(regular) == 60
        open_, close = time(9, 30), time(16)
        assert all(open_ <= bar.start.astimezone(NEW_YORK).time() < close for bar in regular)
        assert any(not open_ <= bar.start.astimezone(NEW_YORK).time() < close for bar in every)
    await server.stop()


async def test_fx_bars_are_midpoints_without_volume(desk: Desk) -> None:
    euro = await desk.contracts.find("EUR.USD")
    bars = await desk.history.bars(euro, BarSize.MIN_5, 20)
    assert len(bars) == 20
    assert {bar.volume for bar in bars} == {0.0}


async def test_the_same_question_at_once_is_asked_once(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    first, second, third = await asyncio.gather(
        desk.history.bars(aapl, BarSize.MIN_1, 20),
        desk.history.bars(aapl, BarSize.MIN_1, 20),
        desk.history.bars(aapl, BarSize.HOUR_1, 20),
    )
    assert first == second != third
    assert await desk.history.bars(aapl, BarSize.MIN_1, 20) == first
    assert asked(server) == 2


async def test_a_question_that_failed_is_asked_again(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.answer_with("reqHistoricalData", 162, "Historical data request pacing violation", count=1)
    with pytest.raises(PacingViolation):
        await desk.history.bars(aapl, BarSize.MIN_1, 5)
    assert len(await desk.history.bars(aapl, BarSize.MIN_1, 5)) == 5


async def test_no_data_is_an_answer(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.answer_with("reqHistoricalData", 162, count=1)
    assert await desk.history.bars(aapl, BarSize.MIN_1, 5) == []


async def test_no_permission_is_told(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    words = "Historical Market Data Service error message:No market data permissions for AMEX STK"
    server.faults.answer_with("reqHistoricalData", 162, words, count=1)
    with pytest.raises(BrokerError) as caught:
        await desk.history.bars(aapl, BarSize.MIN_1, 5)
    assert "permissions" in caught.value.text


async def test_an_unanswered_question_is_withdrawn(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    desk.history._timeout_s = 0.1
    await desk.contracts.hours(aapl)
    server.faults.swallowed.add(17)
    with pytest.raises(RequestTimeout):
        await desk.history.bars(aapl, BarSize.MIN_1, 5)
    await eventually(lambda: any(fields[0] == "25" for fields in server.requests))


async def test_the_fifty_first_request_within_ten_seconds_waits_its_turn(desk: Desk, exchange: Exchange) -> None:
    clock = FakeClock(CLOCK.now())
    naps = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        clock.advance(seconds)

    history = IbHistory(desk.session, clock, desk.contracts, timeout_s=5.0, nap=nap)
    shares = [one.con_id for one in exchange.catalogue.main() if one.sec_type == "STK"][:16]
    sizes = [size for size in BarSize if size is not BarSize.DAY_1]
    questions = [(con_id, size) for con_id in shares for size in sizes][:51]
    for con_id, size in questions:
        clock.advance(0.1)
        await history.bars(await desk.contracts.find(f"#{con_id}"), size, 1)
    assert naps == [pytest.approx(10.0 - 5.0)]


async def test_without_a_link_it_says_so() -> None:
    with pytest.raises(LinkDown):
        await desk_at(1).history.bars(Instrument(265598, "AAPL"), BarSize.MIN_1, 5)


async def test_the_last_minutes_are_asked_for_by_the_clock_and_at_their_own_pace(
    desk: Desk, aapl: Instrument, exchange: Exchange, server: TwsServer
) -> None:
    naps = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    history = IbHistory(desk.session, FakeClock(CLOCK.now()), desk.contracts, timeout_s=5.0, nap=nap)
    bars = await history.minutes(aapl, 5)
    now = CLOCK.now()
    assert 4 <= len(bars) <= 6
    assert bars[0].start >= now - timedelta(minutes=8)
    assert bars[-1].start + timedelta(minutes=1) <= now
    assert server.requests[-1][17] == "420 S"
    for _ in range(39):
        await history.minutes(aapl, 1)
    assert naps == []
    await history.minutes(aapl, 1)
    assert naps == [10.0]


async def test_minutes_before_a_night_are_not_those_just_closed(aapl: Instrument, desk: Desk) -> None:
    history = IbHistory(desk.session, FakeClock(CLOCK.now() + timedelta(hours=9)), desk.contracts)
    assert await history.minutes(aapl, 3) == []
