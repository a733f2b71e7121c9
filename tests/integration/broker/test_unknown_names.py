"""Tick types and time zones that neither library knows: in the log once, and no harm to prices, orders and fills."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from broker import hours
from broker.tick_type import is_documented
from market.clock import SystemClock
from market.instrument import Instrument
from market.ticket import OrderTicket, OrderType, Side
from simulator.tws.exchange import Exchange
from simulator.tws.replies import Fields
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.fakes.trading import entry
from tests.integration.broker.conftest import Desk, desk_at, running
from trading.appraisal import Appraiser
from trading.ports import OrderFate

UNKNOWN = 999
FAR = OrderTicket(Side.BUY, Decimal(10), "AAPL", OrderType.LIMIT, Decimal("120.5"))
MARKET = OrderTicket(Side.SELL, Decimal(5), "AAPL", OrderType.MARKET)

FRAMES: dict[str, Callable[[int], Fields]] = {
    "price": lambda req_id: (1, 6, req_id, UNKNOWN, 5.0, 100, 0),
    "size": lambda req_id: (2, 6, req_id, UNKNOWN, 7),
    "number": lambda req_id: (45, 6, req_id, UNKNOWN, 1.0),
    "text": lambda req_id: (46, 6, req_id, UNKNOWN, "something;new"),
    "model": lambda req_id: (21, req_id, UNKNOWN, 0, 0.3, 0.5, 5.0, 0.0, 0.1, 0.2, -0.1, 200.0),
}


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    hours.zone.cache_clear()
    is_documented.cache_clear()


@asynccontextmanager
async def connected(server: TwsServer) -> AsyncIterator[tuple[Desk, Instrument]]:
    async with running(desk_at(server.port)) as desk:
        await desk.up()
        yield desk, await desk.contracts.find("AAPL")


def told(caplog: pytest.LogCaptureFixture, words: str) -> int:
    return sum(words in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("kind", FRAMES)
async def test_a_tick_type_nobody_knows_is_logged_once_and_the_prices_go_on(
    server: TwsServer, exchange: Exchange, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    async with connected(server) as (desk, aapl):
        await desk.feed.hold(aapl)
        await eventually(desk.prices)
        for _ in range(3):
            server.inject("AAPL", FRAMES[kind])
        exchange.push("AAPL", 206.25)
        await eventually(lambda: 206.25 in desk.prices())
        assert not {5.0, 7.0, 1.0} & {one.price for one in desk.ticks}
        assert told(caplog, f"Unknown tick type {UNKNOWN}") == 1
        assert not [record for record in caplog.records if record.levelname == "ERROR"]
        assert desk.feed.trouble(aapl.con_id) == ""


async def test_a_tick_type_that_is_of_no_use_is_not_worth_a_word(
    server: TwsServer, exchange: Exchange, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(server) as (desk, aapl):
        await desk.feed.hold(aapl)
        for code in (15, 21, 54, 84, 85, 89, 104):
            server.inject("AAPL", lambda req_id, code=code: (45, 6, req_id, code, 1.0))
        exchange.push("AAPL", 206.25)
        await eventually(lambda: 206.25 in desk.prices())
        assert told(caplog, "Unknown tick type") == 0


@pytest.mark.parametrize("name", ["Foo/Bar", "", "../../etc/passwd", "Mitteleuropäische Zeit"])
async def test_a_zone_nobody_knows_costs_neither_prices_nor_orders_nor_fills(
    server: TwsServer, exchange: Exchange, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    server.faults.zone = name
    async with connected(server) as (desk, aapl):
        await desk.feed.hold(aapl)
        exchange.push("AAPL", 206.25)
        await eventually(lambda: 206.25 in desk.prices())
        await desk.orders.submit(entry(aapl, FAR), "sb-1-1")
        await eventually(lambda: any(one.fate is OrderFate.WORKING for one in desk.reports))
        await desk.orders.submit(entry(aapl, MARKET), "sb-2-1")
        fill = await eventually(lambda: next(iter(desk.fills), None))
        assert (fill.order_ref, fill.quantity) == ("sb-2-1", 5)
        assert [one.order_ref for one in await desk.orders.open_orders()] == ["sb-1-1"]
        assert [one.order_ref for one in await desk.orders.executions()] == ["sb-2-1"]
        (over,) = await desk.orders.completed_orders()
        # Without a name a time is the login's, which nobody tells: it counts as UTC.
        assert (over.fate, over.at is None) == (OrderFate.FILLED, bool(name))
        # What the market's hours are is not known, and said to be.
        assert not (await desk.contracts.hours(aapl)).is_known
        appraiser = Appraiser(desk.feed, desk.contracts, desk.portfolio, SystemClock())
        assert (await appraiser.appraise(aapl, "DU1234567")).hours is None
        assert told(caplog, f"Unknown time zone {name!r}") == 1
        assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("name", ["MET", "CTT", "JST", "GB-Eire", "Greenwich Mean Time", "China Standard Time"])
async def test_a_zone_that_tws_calls_otherwise_is_known(
    server: TwsServer, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    server.faults.zone = name
    async with connected(server) as (desk, aapl):
        known = await desk.contracts.hours(aapl)
        assert known.is_known
        assert known.sessions
        await desk.orders.submit(entry(aapl, MARKET), "sb-1-1")
        fill = await eventually(lambda: next(iter(desk.fills), None))
        assert fill.order_ref == "sb-1-1"
        assert told(caplog, "Unknown time zone") == 0
