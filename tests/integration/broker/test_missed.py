"""The bars and headlines of a gap, as IBKR tells them afterwards."""

from datetime import timedelta

import pytest

from alerts.operand import PriceField
from market.instrument import Instrument
from market.quote import BarSize
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.integration.broker.conftest import CLOCK, Desk


@pytest.fixture
async def aapl(desk: Desk) -> Instrument:
    return await desk.contracts.find("AAPL")


async def test_the_running_bar_comes_last_and_nothing_from_before_the_gap(
    desk: Desk, aapl: Instrument, exchange: Exchange
) -> None:
    begin = CLOCK.now() - timedelta(minutes=10)
    exchange.push("AAPL", 201.25)
    bars = await desk.history.since(aapl, PriceField.LAST, BarSize.MIN_1, begin)
    assert bars[0].start + timedelta(minutes=1) > begin
    assert bars[-1].close == 201.25
    assert bars[-1].start + timedelta(minutes=2) > CLOCK.now()


@pytest.mark.parametrize(
    ("field", "shown"), [(PriceField.LAST, "TRADES"), (PriceField.BID, "BID"), (PriceField.MID, "MIDPOINT")]
)
async def test_bars_are_asked_for_in_the_rules_own_field(
    desk: Desk, aapl: Instrument, server: TwsServer, field: PriceField, shown: str
) -> None:
    await desk.history.since(aapl, field, BarSize.MIN_1, CLOCK.now() - timedelta(minutes=5))
    [request] = [fields for fields in server.requests if fields[0] == "20"]
    assert shown in request


@pytest.mark.parametrize(("days", "size"), [(3, BarSize.MIN_5), (20, BarSize.HOUR_1)])
async def test_long_gaps_are_asked_for_in_days(desk: Desk, aapl: Instrument, days: int, size: BarSize) -> None:
    begin = CLOCK.now() - timedelta(days=days)
    bars = await desk.history.since(aapl, PriceField.LAST, size, begin)
    assert begin - size.duration < bars[0].start < begin + timedelta(days=3)
    assert bars[-1].start > CLOCK.now() - timedelta(hours=2)


async def test_headlines_since_a_moment_come_oldest_first(desk: Desk, aapl: Instrument, exchange: Exchange) -> None:
    begin = CLOCK.now() - timedelta(seconds=2)
    for text in ("Apple raises guidance", "Apple cuts guidance"):
        exchange.publish("AAPL", text, provider="DJNL")
    found = await desk.news.headlines_since(aapl, begin)
    assert sorted(one.text for one in found) == ["Apple cuts guidance", "Apple raises guidance"]
    assert [one.time for one in found] == sorted(one.time for one in found)
    assert all(one.time >= begin - timedelta(seconds=1) for one in found)
