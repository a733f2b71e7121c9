"""
Every type of order and time in force through the whole bot: typed, read on its card, confirmed, sent, filled or ended.

One bot for all of them, on a trading morning. What TWS receives is held to the same table as the gateway alone.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from market.ticket import TIMES, OrderType, TimeInForce, format_ticket
from tests.fakes.order_table import ACCOUNT, EVERY, frame_of, ticket_of
from tests.flow.chat import said
from tests.flow.conftest import opened_stage, trading_day
from tests.flow.ordering import WIDE, Counter, Move, bell, nothing, opened_counter, prints

pytestmark = pytest.mark.asyncio(loop_scope="module")

# A minute before four in New York, and how long it takes until then and a moment more.
BEFORE_THE_CLOSE = datetime(2026, 11, 18, 20, 59, tzinfo=UTC)
CLOSING_S = 62
_TYPE_WORDS = {
    OrderType.MARKET: "BUY 7 AAPL MARKET",
    OrderType.LIMIT: "BUY 7 AAPL LIMIT 120.50",
    OrderType.STOP: "BUY 7 AAPL STOP 300.25",
    OrderType.STOP_LIMIT: "BUY 7 AAPL STOP 300.25 LIMIT 301.00",
    OrderType.TRAIL: "BUY 7 AAPL TRAIL 2.50",
    OrderType.MIDPRICE: "BUY 7 AAPL MIDPRICE LIMIT 120.50",
    OrderType.MARKET_ON_CLOSE: "BUY 7 AAPL MARKET ON CLOSE",
    OrderType.LIMIT_ON_CLOSE: "BUY 7 AAPL LIMIT 120.50 ON CLOSE",
}
_TIME_WORDS = {
    TimeInForce.DAY: "Good for the day",
    TimeInForce.GTC: "Good till cancelled",
    TimeInForce.GTD: "Good till Fri 15 Jan 2027 15:59 ET",
    TimeInForce.IOC: "At once: what cannot be filled at once is cancelled",
    TimeInForce.OPG: "In the opening auction only",
}
# What fills each type, and the average that it is filled at.
_FILLS: dict[OrderType, tuple[Move, str]] = {
    OrderType.MARKET: (prints("AAPL", 200.0), "200.01"),
    OrderType.LIMIT: (prints("AAPL", 120.0), "120.50"),
    OrderType.STOP: (prints("AAPL", 300.5), "300.51"),
    OrderType.STOP_LIMIT: (prints("AAPL", 300.5), "300.51"),
    OrderType.TRAIL: (prints("AAPL", 190.0, 192.5), "192.51"),
    OrderType.MIDPRICE: (prints("AAPL", 120.0), "120.00"),
    OrderType.MARKET_ON_CLOSE: (bell, "200.00"),
    OrderType.LIMIT_ON_CLOSE: (bell, "120.00"),
}
_AUCTIONS = {OrderType.MARKET: "200.00", OrderType.LIMIT: "120.00"}
_WAITING = [OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL, OrderType.MIDPRICE]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def counter(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counter]:
    async with opened_counter(tmp_path_factory.mktemp("orders"), ACCOUNT) as counter:
        yield counter


def _start(kind: OrderType, time: TimeInForce) -> float:
    """Return where the market stands before an order: for one that is filled at once or at a bell, within its limit."""
    at_once = time in {TimeInForce.IOC, TimeInForce.OPG} or kind is OrderType.LIMIT_ON_CLOSE
    return 120.0 if at_once and kind is not OrderType.MARKET else 200.0


def _fill(kind: OrderType, time: TimeInForce) -> tuple[Move, str]:
    if time is TimeInForce.OPG:
        return bell, _AUCTIONS[kind]
    if time is TimeInForce.IOC and kind is OrderType.LIMIT:
        return nothing, "120.01"
    return _FILLS[kind]


@pytest.mark.parametrize(("kind", "time"), EVERY, ids=str)
async def test_every_type_and_time_is_sent_as_its_card_says_and_filled(
    counter: Counter, kind: OrderType, time: TimeInForce
) -> None:
    move, average = _fill(kind, time)
    counter.move(prints("AAPL", _start(kind, time)))
    lasting = "In today's closing auction" if "CLOSE" in _TYPE_WORDS[kind] else _TIME_WORDS[time]
    order = await counter.order(format_ticket(ticket_of(kind, time)), _TYPE_WORDS[kind], lasting)
    frame = (await counter.frame(order)).values
    expected = frame_of(kind, time, f"sb-{order.number}-1")
    assert {name: frame[name] for name in expected} == expected
    await counter.at_tws(order, "Submitted", "PreSubmitted", "Filled")
    counter.move(move)
    await counter.ends(order, "FILLED", f"BOT 7 AAPL @ {average}")
    row = await counter.at_tws(order, "Filled")
    assert (row["filled"], row["remaining"]) == (7, 0)


async def test_the_close_ends_what_is_good_for_the_day_and_nothing_else(tmp_path: Path) -> None:
    async with opened_stage(trading_day(tmp_path, BEFORE_THE_CLOSE), tmp_path) as stage:
        await stage.up(**WIDE)
        counter = Counter(stage)
        counter.move(prints("AAPL", 200.0))
        orders = {
            (kind, time): await counter.order(format_ticket(ticket_of(kind, time)), _TYPE_WORDS[kind])
            for kind in _WAITING
            for time in sorted(TIMES[kind] & {TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD})
        }
        for order in orders.values():
            await counter.at_tws(order, "Submitted", "PreSubmitted")
        counter.wait(CLOSING_S)
        for (kind, time), order in orders.items():
            if time is TimeInForce.DAY:
                end = await counter.ends(order, "EXPIRED", "nothing was bought or sold")
                assert _TYPE_WORDS[kind] in said(end)
            row = await counter.at_tws(order)
            assert row["filled"] == 0
            assert (row["status"] == "Cancelled") is (time is TimeInForce.DAY)
