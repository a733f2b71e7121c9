"""What becomes of working orders when their terms are changed, and of those that TWS holds untransmitted."""

from decimal import Decimal

import pytest

from market.errors import LinkDown
from market.instrument import Instrument
from market.ticket import OrderTicket, OrderType, Side, parse
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.fakes.trading import entry
from tests.integration.broker.conftest import Desk
from trading.errors import OrderGone
from trading.ports import OrderFate, OrderReport
from trading.proposal import LegOrder, LegRole

ACCOUNT = "DU1234567"
FAR = parse("buy 10 AAPL 120.5 gtc")


@pytest.fixture
async def aapl(desk: Desk) -> Instrument:
    return await desk.contracts.find("AAPL")


def change(aapl: Instrument, line: str, order_ref: str = "sb-1-1") -> LegOrder:
    """Return new terms for a working order."""
    return LegOrder(LegRole.CHANGE, aapl, parse(line), ACCOUNT, changes=order_ref)


async def working(desk: Desk, aapl: Instrument, ticket: OrderTicket = FAR) -> OrderReport:
    """Submit an order and return its first report."""
    await desk.orders.submit(entry(aapl, ticket), "sb-1-1")
    await eventually(lambda: any(one.fate is OrderFate.WORKING for one in desk.reports))
    return desk.reports[-1]


async def test_a_changed_order_is_told_with_its_new_terms(desk: Desk, aapl: Instrument, exchange: Exchange) -> None:
    report = await working(desk, aapl)
    await desk.orders.change(change(aapl, "buy 12 AAPL 121.25 gtc"), report.order_id, "sb-1-1", report.perm_id)
    await eventually(lambda: desk.reports[-1].ticket == parse("buy 12 AAPL 121.25 gtc"))
    changed = desk.reports[-1]
    assert (changed.fate, changed.perm_id, changed.refused_change) == (OrderFate.WORKING, report.perm_id, "")
    assert changed.remaining == 12
    [order] = exchange.orders()
    assert (order["quantity"], order["limitPrice"], order["permId"]) == (12, 121.25, report.perm_id)


@pytest.mark.parametrize("code", [201, 105, 110, 2102, 10268, 10326, 321])
async def test_a_change_that_ibkr_refuses_is_told_once_and_the_order_works_on(
    desk: Desk, aapl: Instrument, server: TwsServer, code: int
) -> None:
    report = await working(desk, aapl)
    server.faults.answer_with("placeOrder", code, "in IBKR's words", count=1)
    await desk.orders.change(change(aapl, "buy 12 AAPL 121.25 gtc"), report.order_id, "sb-1-1", report.perm_id)
    await eventually(lambda: desk.reports[-1].refused_change)
    refused = desk.reports[-1]
    assert (refused.refused_change, refused.fate) == ("in IBKR's words", OrderFate.WORKING)
    assert refused.ticket == FAR
    [listed] = await desk.orders.open_orders()
    assert (listed.fate, listed.refused_change, listed.ticket) == (OrderFate.WORKING, "", FAR)
    assert sum(bool(one.refused_change) for one in desk.reports) == 1
    await desk.orders.cancel(report.order_id, "sb-1-1", report.perm_id)
    await eventually(lambda: desk.reports[-1].fate is OrderFate.CANCELLED)


async def test_after_an_accepted_change_an_error_is_about_the_order_again(
    desk: Desk, aapl: Instrument, server: TwsServer
) -> None:
    report = await working(desk, aapl)
    await desk.orders.change(change(aapl, "buy 10 AAPL 121.25 gtc"), report.order_id, "sb-1-1", report.perm_id)
    await eventually(lambda: desk.reports[-1].ticket == parse("buy 10 AAPL 121.25 gtc"))
    server.faults.answer_with("cancelOrder", 10148, "cannot be cancelled", count=1)
    await desk.orders.cancel(report.order_id, "sb-1-1", report.perm_id)
    await eventually(lambda: desk.reports[-1].fate is OrderFate.CHECK)
    assert desk.reports[-1].refused_change == ""


async def test_a_change_whose_answer_is_lost_with_the_link_is_seen_in_what_works_afterwards(
    desk: Desk, aapl: Instrument, server: TwsServer, exchange: Exchange
) -> None:
    report = await working(desk, aapl)
    server.faults.silent = True
    await desk.orders.change(change(aapl, "buy 12 AAPL 121.25 gtc"), report.order_id, "sb-1-1", report.perm_id)
    await eventually(lambda: sum(fields[0] == "3" for fields in server.requests) == 2)
    server.faults.drop()
    await eventually(lambda: not desk.session.status.is_usable)
    server.faults.heal()
    await desk.up()
    [listed] = await desk.orders.open_orders()
    assert exchange.orders()[0]["limitPrice"] == 121.25
    assert listed.ticket == parse("buy 12 AAPL 121.25 gtc")
    server.faults.answer_with("cancelOrder", 10148, "cannot be cancelled", count=1)
    await desk.orders.cancel(report.order_id, "sb-1-1", report.perm_id)
    await eventually(lambda: desk.reports[-1].fate is OrderFate.CHECK)
    assert desk.reports[-1].refused_change == ""


async def test_an_order_that_is_over_is_not_changed(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    report = await working(desk, aapl)
    await desk.orders.cancel(report.order_id, "sb-1-1", report.perm_id)
    await eventually(lambda: desk.reports[-1].fate is OrderFate.CANCELLED)
    with pytest.raises(OrderGone):
        await desk.orders.change(change(aapl, "buy 12 AAPL 121.25 gtc"), report.order_id, "sb-1-1", report.perm_id)
    assert sum(fields[0] == "3" for fields in server.requests) == 1


async def test_an_order_that_is_not_known_here_is_not_changed_and_nobody_is_asked_about_it(
    desk: Desk, aapl: Instrument, server: TwsServer
) -> None:
    before = len(server.requests)
    with pytest.raises(OrderGone):
        await desk.orders.change(change(aapl, "buy 12 AAPL 121.25 gtc"), 77, "sb-1-1", 0)
    assert server.requests[before:] == []


async def test_an_order_with_the_library_s_own_idea_of_it_can_be_changed(
    desk: Desk, aapl: Instrument, server: TwsServer, exchange: Exchange
) -> None:
    # Both libraries take 10349 for the order's end, and assert that an order they change is alive.
    server.faults.answer_with("placeOrder", 10349, count=1, proceed=True)
    report = await working(desk, aapl)
    await desk.orders.change(change(aapl, "buy 10 AAPL 121.25 gtc"), report.order_id, "sb-1-1", report.perm_id)
    await eventually(lambda: exchange.orders()[0]["limitPrice"] == 121.25)


async def test_an_untransmitted_order_is_taken_back_without_a_word(
    desk: Desk, aapl: Instrument, server: TwsServer, exchange: Exchange
) -> None:
    order_id = desk.orders.reserve()
    await desk.orders.submit(entry(aapl, FAR), "sb-1-1", order_id=order_id, is_held=True)
    assert await desk.orders.open_orders() == []
    await desk.orders.discard(order_id, "sb-1-1")
    await eventually(lambda: any(fields[0] == "4" for fields in server.requests))
    await desk.orders.open_orders()
    assert all(one["status"] in {"Cancelled", "Inactive", "ApiCancelled"} for one in exchange.orders())
    assert {one.fate for one in desk.reports} <= {OrderFate.CANCELLED}


async def test_taking_back_what_never_came_says_nothing(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    order_id = desk.orders.reserve()
    server.faults.answer_with("placeOrder", 321, "lost on the way", count=1)
    await desk.orders.submit(entry(aapl, FAR), "sb-1-1", order_id=order_id, is_held=True)
    await eventually(lambda: desk.reports)
    desk.reports.clear()
    desk.orders._records.clear()
    await desk.orders.discard(order_id, "sb-1-1")
    await eventually(lambda: any(fields[0] == "4" for fields in server.requests))
    await desk.orders.open_orders()
    assert desk.reports == []


async def test_another_order_is_never_taken_back_by_its_number(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    report = await working(desk, aapl)
    with pytest.raises(OrderGone):
        await desk.orders.discard(report.order_id, "sb-2-1")
    desk.orders._records.clear()
    with pytest.raises(OrderGone):
        await desk.orders.discard(report.order_id, "sb-2-1")
    assert not any(fields[0] == "4" for fields in server.requests)


async def test_a_number_reserved_on_a_connection_that_is_gone_is_not_used(
    desk: Desk, aapl: Instrument, server: TwsServer
) -> None:
    order_id = desk.orders.reserve()
    server.faults.drop()
    await eventually(lambda: not desk.session.status.is_usable)
    with pytest.raises(LinkDown):
        desk.orders.reserve()
    await desk.up()
    with pytest.raises(LinkDown):
        await desk.orders.submit(entry(aapl, FAR), "sb-1-1", order_id=order_id)
    assert not any(fields[0] == "3" for fields in server.requests)


async def test_a_reserved_number_is_not_the_next_once_a_higher_one_has_left(desk: Desk, aapl: Instrument) -> None:
    first, second = desk.orders.reserve(), desk.orders.reserve()
    assert desk.orders.is_next(first)
    await desk.orders.submit(entry(aapl, FAR), "sb-1-1", order_id=first)
    assert not desk.orders.is_next(first)
    assert desk.orders.is_next(second)
    await desk.orders.preview(aapl, FAR, ACCOUNT)
    assert not desk.orders.is_next(second)
    assert desk.orders.is_next(desk.orders.reserve())


async def test_a_number_is_reserved_for_one_order(desk: Desk, aapl: Instrument) -> None:
    order_id = desk.orders.reserve()
    assert desk.orders.reserve() != order_id
    market = OrderTicket(Side.BUY, Decimal(1), "AAPL", OrderType.MARKET)
    assert await desk.orders.submit(entry(aapl, market), "sb-1-1", order_id=order_id) == order_id
    with pytest.raises(LinkDown):
        await desk.orders.submit(entry(aapl, market), "sb-1-2", order_id=order_id)
