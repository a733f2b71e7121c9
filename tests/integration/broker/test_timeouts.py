"""Nothing that is asked of TWS hangs: every public question ends in time when TWS is silent, gone or says 321."""

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest

from alerts.operand import PriceField
from market.errors import BrokerError, LinkDown, RequestTimeout
from market.instrument import Instrument
from market.quote import BarSize
from market.scan import ScanSpec
from market.ticket import OrderTicket, OrderType, Side
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.integration.broker.conftest import CLOCK, Desk, desk_at
from trading.errors import OrderGone

AAPL = Instrument(265598, "AAPL", primary_exchange="NASDAQ")
SPY = Instrument(756733, "SPY", primary_exchange="ARCA")
TICKET = OrderTicket(Side.BUY, Decimal(1), "AAPL", OrderType.LIMIT, Decimal("150.0"))
ACCOUNT = "DU1234567"
SCAN = ScanSpec("TOP_PERC_GAIN")
# Long enough for an answer on a loaded machine, short enough to be waited out.
TIMEOUT_S = 0.3
AT_MOST_S = 10.0

Ask = Callable[[Desk], Awaitable[Any]]

QUESTIONS = MappingProxyType[str, Ask](
    {
        "contracts.find": lambda desk: desk.contracts.find("NVDA"),
        "contracts.search": lambda desk: desk.contracts.search("NVDA"),
        "contracts.hours": lambda desk: desk.contracts.hours(Instrument(272093, "MSFT")),
        "contracts.rules": lambda desk: desk.contracts.rules(Instrument(272093, "MSFT")),
        "options.chain": lambda desk: desk.options.chain(SPY),
        "history.bars": lambda desk: desk.history.bars(AAPL, BarSize.HOUR_1, 5),
        "history.minutes": lambda desk: desk.history.minutes(AAPL, 5),
        "history.since": lambda desk: desk.history.since(
            AAPL, PriceField.LAST, BarSize.MIN_1, CLOCK.now() - timedelta(minutes=10)
        ),
        "feed.fresh": lambda desk: desk.feed.fresh(AAPL, TIMEOUT_S),
        "scans.run_once": lambda desk: desk.scans.run_once(SCAN),
        "scans.catalogue": lambda desk: desk.scans.catalogue(),
        "news.providers": lambda desk: desk.news.providers(),
        "news.headlines": lambda desk: desk.news.headlines(AAPL, 3),
        "news.headlines_since": lambda desk: desk.news.headlines_since(AAPL, CLOCK.now() - timedelta(hours=1)),
        "news.article": lambda desk: desk.news.article("BRFG", "BRFG$1"),
        "orders.preview": lambda desk: desk.orders.preview(AAPL, TICKET, ACCOUNT),
        "orders.open_orders": lambda desk: desk.orders.open_orders(),
        "orders.completed_orders": lambda desk: desk.orders.completed_orders(),
        "orders.executions": lambda desk: desk.orders.executions(),
        "orders.cancel": lambda desk: desk.orders.cancel(77, "sb-1-1", 0),
        "orders.discard": lambda desk: desk.orders.discard(77, "sb-1-1"),
    }
)
# They ask nothing that is waited for: what becomes of it comes as ticks, lists, headlines and reports.
_NO_ANSWER = {"feed.hold", "feed.release", "scans.hold", "scans.release", "news.hold", "news.release", "orders.submit"}
# Nothing may be awaited between the last look at the guards and the change.
_NO_ANSWER |= {"orders.change"}
# In the background.
_NO_ANSWER |= {"scans.renew"}
_NO_ANSWER |= {"news.hold_bulletins", "news.release_bulletins"}
# Where the model says nothing in time, that is the answer.
_NO_ANSWER |= {"feed.model", "options.greeks"}
_NOT_ANSWERED_BY_TWS = {"session.run", "session.stop"}
_BY_REQUEST = {
    "contracts.find": "reqContractDetails",
    "contracts.search": "reqMatchingSymbols",
    "contracts.hours": "reqContractDetails",
    "contracts.rules": "reqContractDetails",
    "options.chain": "reqSecDefOptParams",
    "history.bars": "reqHistoricalData",
    "history.minutes": "reqHistoricalData",
    "history.since": "reqHistoricalData",
    "feed.fresh": "reqMktData",
    "scans.run_once": "reqScannerSubscription",
    "news.headlines": "reqHistoricalNews",
    "news.headlines_since": "reqHistoricalNews",
    "news.article": "reqNewsArticle",
    "orders.preview": "whatIf",
    "orders.executions": "reqExecutions",
}


@pytest.fixture
async def known(desk: Desk) -> Desk:
    """A desk that knows AAPL and its hours, and waits for no answer for long."""
    await desk.contracts.find("AAPL")
    for service in (desk.contracts, desk.history, desk.scans, desk.news, desk.orders, desk.options, catalogue(desk)):
        service._timeout_s = TIMEOUT_S
    return desk


def catalogue(desk: Desk) -> Any:
    return desk.scans._catalogue


def patient(desk: Desk) -> None:
    """Let answers take their time again."""
    for service in (desk.contracts, desk.history, desk.scans, desk.news, desk.orders, desk.options, catalogue(desk)):
        service._timeout_s = 5.0


def test_every_public_question_of_the_room_is_tried_here() -> None:
    desk = desk_at(1)
    found = {
        f"{service}.{name}"
        for service in ("session", "contracts", "feed", "history", "scans", "news", "orders", "portfolio", "options")
        for name, method in inspect.getmembers(getattr(desk, service), inspect.iscoroutinefunction)
        if not name.startswith("_")
    }
    assert found - _NO_ANSWER - _NOT_ANSWERED_BY_TWS == set(QUESTIONS)


@pytest.mark.parametrize("name", QUESTIONS)
async def test_a_silent_tws_ends_each_question_in_time_and_the_next_one_works(
    known: Desk, server: TwsServer, name: str
) -> None:
    server.faults.silent = True
    with pytest.raises(RequestTimeout):
        await asyncio.wait_for(QUESTIONS[name](known), AT_MOST_S)
    server.faults.heal()
    patient(known)
    # There is no such story and no such order: that is an answer too.
    refusals = {"news.article": BrokerError, "orders.cancel": OrderGone, "orders.change": OrderGone}
    with pytest.raises(refusals[name]) if name in refusals else contextlib.nullcontext():
        await asyncio.wait_for(QUESTIONS[name](known), AT_MOST_S)


@pytest.mark.parametrize("name", QUESTIONS)
async def test_three_at_once_all_end_when_tws_is_silent(known: Desk, server: TwsServer, name: str) -> None:
    server.faults.silent = True
    ends = await asyncio.wait_for(
        asyncio.gather(*(QUESTIONS[name](known) for _ in range(3)), return_exceptions=True), AT_MOST_S
    )
    assert [type(end) for end in ends] == [RequestTimeout] * 3
    assert not known.session._link.ib().wrapper._futures.keys() & {
        "openOrders", "completedOrders", "newsProviders", "currentTime",
    }  # fmt: skip


@pytest.mark.parametrize("name", QUESTIONS)
async def test_a_connection_that_goes_ends_each_question_at_once(known: Desk, server: TwsServer, name: str) -> None:
    patient(known)
    server.faults.silent = True
    before = len(server.requests)
    ask = QUESTIONS[name] if name != "feed.fresh" else lambda desk: desk.feed.fresh(AAPL, AT_MOST_S)
    asking = asyncio.ensure_future(ask(known))
    await eventually(lambda: len(server.requests) > before)
    server.faults.drop()
    with pytest.raises(LinkDown):
        await asyncio.wait_for(asking, 4.0)


@pytest.mark.parametrize("name", _BY_REQUEST)
async def test_321_answers_each_question_at_once_on_both_libraries(known: Desk, server: TwsServer, name: str) -> None:
    await known.news.providers()
    patient(known)
    server.faults.answer_with(_BY_REQUEST[name], 321)
    with pytest.raises(BrokerError) as caught:
        # Far within the five seconds of its timeout.
        await asyncio.wait_for(QUESTIONS[name](known), 4.0)
    assert caught.value.code == 321


@pytest.mark.parametrize("name", ["orders.open_orders", "orders.completed_orders", "orders.executions"])
async def test_a_read_only_321_without_an_id_answers_too(known: Desk, server: TwsServer, name: str) -> None:
    patient(known)
    server.faults.read_only = True
    if name == "orders.executions":
        await asyncio.wait_for(QUESTIONS[name](known), 4.0)
        return
    with pytest.raises(BrokerError) as caught:
        await asyncio.wait_for(QUESTIONS[name](known), 4.0)
    assert caught.value.code == 321


async def test_an_answer_that_comes_too_late_disturbs_nothing(
    known: Desk, server: TwsServer, exchange: Exchange, caplog: pytest.LogCaptureFixture
) -> None:
    # Even the second question of the executions gives up before.
    server.faults.delay_s = TIMEOUT_S * 6
    for name in ("contracts.find", "orders.completed_orders", "orders.executions", "news.providers"):
        with pytest.raises(RequestTimeout):
            await QUESTIONS[name](known)
    server.faults.heal()
    patient(known)
    await known.feed.hold(AAPL)
    await eventually(lambda: known.ticks)
    exchange.push("AAPL", 202.25)
    await eventually(lambda: 202.25 in known.prices())
    assert (await known.contracts.find("NVDA")).symbol == "NVDA"
    assert await known.orders.completed_orders() == []
    assert known.session.status.is_usable
    assert not [record for record in caplog.records if record.name.startswith("broker") and record.levelname == "ERROR"]
