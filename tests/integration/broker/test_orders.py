"""The door to orders: preview, submit, cancel, and IBKR's word on what became of them."""

import asyncio
from decimal import Decimal

import pytest

from market.account import Fill
from market.errors import BrokerError, LinkDown, ReadOnlyApi, RequestTimeout
from market.instrument import Instrument
from market.ticket import OrderTicket, OrderType, Side, TimeInForce
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.fakes.trading import entry
from tests.integration.broker.conftest import Desk, desk_at, running
from trading.errors import OrderGone
from trading.ports import OrderFate, OrderReport

ACCOUNT = "DU1234567"
FAR = OrderTicket(Side.BUY, Decimal(10), "AAPL", OrderType.LIMIT, Decimal("120.5"))
NEAR = OrderTicket(Side.BUY, Decimal(10), "AAPL", OrderType.LIMIT, Decimal(250))
MARKET = OrderTicket(Side.SELL, Decimal(5), "AAPL", OrderType.MARKET)


@pytest.fixture
async def aapl(desk: Desk) -> Instrument:
    return await desk.contracts.find("AAPL")


async def told(desk: Desk, fate: OrderFate) -> OrderReport:
    """Wait for a report of *fate* and return it."""
    return await eventually(lambda: next((one for one in desk.reports if one.fate is fate), None))


async def test_a_preview_says_margin_and_commission_and_makes_no_order(
    desk: Desk, aapl: Instrument, exchange: Exchange
) -> None:
    preview = await desk.orders.preview(aapl, NEAR, ACCOUNT)
    assert preview.initial_margin_change is not None
    assert preview.initial_margin_change > 0
    assert preview.maintenance_margin_change is not None
    assert preview.equity_with_loan_after is not None
    assert preview.commission == Decimal(1)
    assert preview.commission_currency == "USD"
    assert exchange.orders() == []
    assert desk.reports == []


async def test_a_preview_in_two_stages_waits_for_its_values(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.two_stage_previews = True
    preview = await desk.orders.preview(aapl, NEAR, ACCOUNT)
    assert preview.initial_margin_change is not None
    assert preview.warning


async def test_a_preset_notice_does_not_end_a_preview(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.answer_with("whatIf", 10349, count=1, proceed=True)
    preview = await desk.orders.preview(aapl, NEAR, ACCOUNT)
    assert preview.initial_margin_change is not None
    assert "preset" in preview.warning


@pytest.mark.parametrize("code", [201, 321, 110, 200, 434])
async def test_a_preview_that_is_refused_gives_ibkrs_words(
    desk: Desk, aapl: Instrument, server: TwsServer, code: int
) -> None:
    server.faults.answer_with("whatIf", code, "in IBKR's words", count=1)
    with pytest.raises(BrokerError) as caught:
        await desk.orders.preview(aapl, NEAR, ACCOUNT)
    assert (caught.value.code, caught.value.text) == (code, "in IBKR's words")


async def test_a_preview_that_is_not_answered_times_out(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.silent = True
    desk.orders._timeout_s = 0.1
    with pytest.raises(RequestTimeout):
        await desk.orders.preview(aapl, NEAR, ACCOUNT)


async def test_a_preview_under_way_fails_when_the_link_goes(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.silent = True
    asking = asyncio.ensure_future(desk.orders.preview(aapl, NEAR, ACCOUNT))
    await eventually(lambda: any(fields[0] == "3" for fields in server.requests))
    server.faults.drop()
    with pytest.raises(LinkDown):
        await asking


async def test_a_submitted_order_carries_all_that_was_asked_for(
    desk: Desk, aapl: Instrument, exchange: Exchange
) -> None:
    ticket = OrderTicket(
        Side.SELL, Decimal(7), "AAPL", OrderType.LIMIT, Decimal("399.55"), TimeInForce.GTC, outside_rth=True
    )
    order_id = await desk.orders.submit(entry(aapl, ticket), "sb-7-1")
    report = await told(desk, OrderFate.WORKING)
    [order] = exchange.orders()
    assert order["orderRef"] == "sb-7-1"
    assert order["account"] == ACCOUNT
    assert (order["action"], order["quantity"], order["orderType"]) == ("SELL", 7, "LMT")
    assert (order["limitPrice"], order["tif"], order["transmit"]) == (399.55, "GTC", True)
    assert order["orderId"] == order_id == report.order_id
    assert report.order_ref == "sb-7-1"
    assert report.perm_id == order["permId"] > 0
    assert report.client_id == 17
    assert report.ticket == ticket
    assert report.instrument == aapl
    assert (report.filled, report.remaining) == (0, 7)


async def test_a_filled_order_is_told_with_its_numbers_and_its_fill(
    desk: Desk, aapl: Instrument, exchange: Exchange
) -> None:
    await desk.orders.submit(entry(aapl, MARKET), "sb-8-1")
    report = await told(desk, OrderFate.FILLED)
    assert (report.filled, report.remaining, report.order_ref) == (5, 0, "sb-8-1")
    assert report.average_price is not None
    fill = await eventually(lambda: next((one for one in desk.fills if one.commission is not None), None))
    assert isinstance(fill, Fill)
    assert (fill.order_ref, fill.side, fill.quantity) == ("sb-8-1", Side.SELL, 5)
    assert fill.perm_id == report.perm_id
    assert fill.price == report.average_price == fill.average_price
    assert fill.commission == Decimal(1)
    assert fill.realized_pnl is not None
    assert fill.time.tzinfo is not None
    assert [one.exec_id for one in desk.fills] == [fill.exec_id] * 2
    assert desk.fills[0].commission is None


async def test_partial_fills_are_told_as_they_come(
    desk: Desk, aapl: Instrument, server: TwsServer, exchange: Exchange
) -> None:
    server.faults.partial([4])
    await desk.orders.submit(entry(aapl, NEAR), "sb-9-1")
    await eventually(lambda: any(one.filled == 4 and one.fate is OrderFate.WORKING for one in desk.reports))
    exchange.push("AAPL", 197.0)
    report = await told(desk, OrderFate.FILLED)
    assert report.filled == 10


async def test_who_expects_answers_hears_of_each_order_that_leaves_and_of_none_that_cannot(
    desk: Desk, aapl: Instrument, server: TwsServer
) -> None:
    left: list[str] = []
    desk.orders.connect(desk.reports.append, desk.fills.append, left.append)
    server.faults.hold_acks()
    await desk.orders.submit(entry(aapl, FAR), "sb-9-2")
    assert (left, desk.reports) == (["sb-9-2"], [])
    server.faults.heal()
    await told(desk, OrderFate.WORKING)
    server.faults.refuse()
    server.faults.drop()
    await eventually(lambda: not desk.session.status.is_usable)
    with pytest.raises(LinkDown):
        await desk.orders.submit(entry(aapl, FAR), "sb-9-3")
    assert left == ["sb-9-2"]


async def test_duplicate_frames_are_told_once(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.duplicates = True
    await desk.orders.submit(entry(aapl, MARKET), "sb-10-1")
    await told(desk, OrderFate.FILLED)
    await eventually(lambda: any(one.commission is not None for one in desk.fills))
    await desk.orders.open_orders()
    assert len([one for one in desk.reports if one.fate is OrderFate.FILLED]) == 1
    assert len(desk.fills) == 2


async def test_a_cancelled_order_is_told_and_gone(desk: Desk, aapl: Instrument) -> None:
    order_id = await desk.orders.submit(entry(aapl, FAR), "sb-11-1")
    await told(desk, OrderFate.WORKING)
    await desk.orders.cancel(order_id, "sb-11-1", 0)
    report = await told(desk, OrderFate.CANCELLED)
    assert report.order_ref == "sb-11-1"
    with pytest.raises(OrderGone) as caught:
        await desk.orders.cancel(order_id, "sb-11-1", report.perm_id)
    assert (caught.value.order_ref, caught.value.client_id) == ("sb-11-1", 0)


async def test_only_the_order_that_is_meant_is_cancelled(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    order_id = await desk.orders.submit(entry(aapl, FAR), "sb-11-2")
    perm_id = (await told(desk, OrderFate.WORKING)).perm_id
    for other in ((order_id, "sb-1-1", 0), (order_id, "sb-11-2", perm_id + 1), (999_999, "sb-11-2", perm_id)):
        with pytest.raises(OrderGone):
            await desk.orders.cancel(*other)
    assert not any(fields[0] == "4" for fields in server.requests)
    await desk.orders.cancel(order_id, "sb-11-2", perm_id)
    await told(desk, OrderFate.CANCELLED)


async def test_with_another_client_id_an_old_order_id_hits_no_other_order(
    desk: Desk, aapl: Instrument, server: TwsServer
) -> None:
    old = await desk.orders.submit(entry(aapl, FAR), "sb-11-3")
    perm_id = (await told(desk, OrderFate.WORKING)).perm_id
    async with running(desk_at(server.port, client_id=18)) as other:
        await other.up()
        sent = [await other.orders.submit(entry(aapl, FAR), f"sb-12-{number}") for number in range(1, old + 1)]
        assert old in sent
        await told(other, OrderFate.WORKING)
        await other.orders.open_orders()
        with pytest.raises(OrderGone) as caught:
            await other.orders.cancel(old, "sb-11-3", perm_id)
        assert caught.value.client_id == 17
        assert {one.fate for one in await other.orders.open_orders()} == {OrderFate.WORKING}
    assert not any(fields[0] == "4" for fields in server.requests)


async def test_an_order_that_was_not_shown_at_the_connect_is_looked_for_before_a_cancel(
    desk: Desk, aapl: Instrument
) -> None:
    order_id = await desk.orders.submit(entry(aapl, FAR), "sb-11-4")
    await told(desk, OrderFate.WORKING)
    desk.orders._records.clear()
    await desk.orders.cancel(order_id, "sb-11-4", 0)
    await told(desk, OrderFate.CANCELLED)


async def test_a_rejected_order_gives_ibkrs_words(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.answer_with("placeOrder", 201, "Order rejected - reason:No money.", count=1)
    await desk.orders.submit(entry(aapl, NEAR), "sb-12-1")
    report = await told(desk, OrderFate.REJECTED)
    assert report.order_ref == "sb-12-1"
    assert "No money" in report.message
    await desk.orders.open_orders()
    assert desk.reports[-1].fate is OrderFate.REJECTED


async def test_321_on_a_new_order_means_it_was_never_taken(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.answer_with("placeOrder", 321, count=1)
    await desk.orders.submit(entry(aapl, NEAR), "sb-13-1")
    report = await told(desk, OrderFate.REJECTED)
    assert report.order_ref == "sb-13-1"


@pytest.mark.parametrize("code", [10349, 399, 2109, 404])
async def test_a_notice_leaves_the_order_alive(desk: Desk, aapl: Instrument, server: TwsServer, code: int) -> None:
    # Both libraries mark the trade cancelled, or "ValidationError", on some of these.
    server.faults.answer_with("placeOrder", code, "a notice", count=1, proceed=True)
    order_id = await desk.orders.submit(entry(aapl, FAR), "sb-14-1")
    await told(desk, OrderFate.WORKING)
    [report] = await desk.orders.open_orders()
    assert report.fate is OrderFate.WORKING
    assert {one.fate for one in desk.reports} == {OrderFate.WORKING}
    assert "a notice" in {one.message for one in desk.reports}
    await desk.orders.cancel(order_id, "sb-14-1", report.perm_id)
    await told(desk, OrderFate.CANCELLED)


async def test_an_unknown_code_asks_for_a_look(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.answer_with("placeOrder", 10999, "who knows", count=1)
    await desk.orders.submit(entry(aapl, FAR), "sb-15-1")
    report = await told(desk, OrderFate.CHECK)
    assert (report.order_ref, report.message) == ("sb-15-1", "who knows")


async def test_open_orders_are_everybodys(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    async with running(desk_at(server.port, client_id=18)) as other:
        await other.up()
        await other.orders.submit(entry(aapl, FAR), "elsewhere")
        await told(other, OrderFate.WORKING)
        await desk.orders.submit(entry(aapl, FAR), "sb-16-1")
        await told(desk, OrderFate.WORKING)
        found = await desk.orders.open_orders()
    assert {(one.order_ref, one.client_id) for one in found} == {("elsewhere", 18), ("sb-16-1", 17)}
    assert all(one.perm_id and one.instrument == aapl and one.fate is OrderFate.WORKING for one in found)


async def test_completed_orders_have_reference_and_permanent_id(desk: Desk, aapl: Instrument) -> None:
    await desk.orders.submit(entry(aapl, MARKET), "sb-17-1")
    filled = await told(desk, OrderFate.FILLED)
    far = await desk.orders.submit(entry(aapl, FAR), "sb-17-2")
    await told(desk, OrderFate.WORKING)
    await desk.orders.cancel(far, "sb-17-2", 0)
    await told(desk, OrderFate.CANCELLED)
    found = {one.order_ref: one for one in await desk.orders.completed_orders()}
    assert found["sb-17-1"].fate is OrderFate.FILLED
    assert found["sb-17-1"].filled == 5
    assert found["sb-17-1"].perm_id == filled.perm_id
    assert found["sb-17-2"].fate is OrderFate.CANCELLED


async def test_executions_are_complete_with_commissions(
    desk: Desk, aapl: Instrument, server: TwsServer, exchange: Exchange
) -> None:
    server.faults.partial([2])
    await desk.orders.submit(entry(aapl, MARKET), "sb-18-1")
    await eventually(lambda: desk.fills)
    exchange.push("AAPL", 196.0)
    await told(desk, OrderFate.FILLED)
    await eventually(lambda: sum(one.commission is not None for one in desk.fills) == 2)
    fills = await desk.orders.executions()
    assert sum(fill.quantity for fill in fills) == 5
    assert all(fill.commission is not None and fill.order_ref == "sb-18-1" for fill in fills)


async def test_executions_without_their_end_message_are_taken_as_they_are(
    desk: Desk, aapl: Instrument, server: TwsServer
) -> None:
    assert await desk.orders.executions() == []
    await desk.orders.submit(entry(aapl, MARKET), "sb-19-1")
    await told(desk, OrderFate.FILLED)
    server.faults.swallowed.add(55)
    desk.orders._timeout_s = 0.2
    [fill] = await desk.orders.executions()
    assert fill.order_ref == "sb-19-1"
    server.faults.silent = True
    with pytest.raises(RequestTimeout):
        await desk.orders.executions()


async def test_open_orders_without_their_end_message_do_not_swallow_later_ones(
    desk: Desk, aapl: Instrument, server: TwsServer
) -> None:
    server.faults.swallowed.add(53)
    desk.orders._timeout_s = 0.2
    with pytest.raises(RequestTimeout):
        await desk.orders.open_orders()
    server.faults.heal()
    desk.orders._timeout_s = 3.0
    await desk.orders.submit(entry(aapl, FAR), "sb-20-1")
    await told(desk, OrderFate.WORKING)
    [report] = await desk.orders.open_orders()
    assert report.order_ref == "sb-20-1"


async def test_a_fill_in_a_zone_nobody_knows_is_not_lost(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.zone = "JST (made up)"
    await desk.orders.submit(entry(aapl, MARKET), "sb-21-1")
    fill = await eventually(lambda: next(iter(desk.fills), None))
    assert fill.order_ref == "sb-21-1"
    assert fill.time.utcoffset().total_seconds() == 0


async def test_what_was_filled_while_the_link_was_down_is_in_the_executions(
    desk: Desk, aapl: Instrument, server: TwsServer, exchange: Exchange
) -> None:
    await desk.orders.submit(entry(aapl, FAR), "sb-22-1")
    working = await told(desk, OrderFate.WORKING)
    server.faults.refuse()
    server.faults.drop()
    await eventually(lambda: desk.session.status.attempts > 0)
    exchange.push("AAPL", 119.0)
    server.faults.heal()
    await desk.up()
    [fill] = await desk.orders.executions()
    assert (fill.order_ref, fill.perm_id, fill.quantity) == ("sb-22-1", working.perm_id, 10)
    [done] = await desk.orders.completed_orders()
    assert done.fate is OrderFate.FILLED


async def test_an_open_order_is_known_again_after_a_reconnect(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    order_id = await desk.orders.submit(entry(aapl, FAR), "sb-23-1")
    await told(desk, OrderFate.WORKING)
    server.faults.drop()
    await eventually(lambda: not desk.session.status.is_usable)
    await desk.up()
    later = await desk.orders.submit(entry(aapl, FAR), "sb-23-2")
    assert later > order_id
    await eventually(lambda: desk.reports[-1].order_ref == "sb-23-2")
    await desk.orders.cancel(order_id, "sb-23-1", 0)
    report = await told(desk, OrderFate.CANCELLED)
    assert report.order_ref == "sb-23-1"


async def test_a_held_acknowledgement_leaves_no_report_and_one_order(
    desk: Desk, aapl: Instrument, server: TwsServer, exchange: Exchange
) -> None:
    server.faults.hold_acks()
    await desk.orders.submit(entry(aapl, FAR), "sb-24-1")
    await eventually(lambda: any(fields[0] == "3" for fields in server.requests))
    assert desk.reports == []
    server.faults.heal()
    await told(desk, OrderFate.WORKING)
    assert len(exchange.orders()) == 1


async def test_without_a_link_nothing_is_sent(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.refuse()
    server.faults.drop()
    await eventually(lambda: not desk.session.status.is_usable)
    for asked in (
        desk.orders.submit(entry(aapl, NEAR), "sb-25-1"),
        desk.orders.preview(aapl, NEAR, ACCOUNT),
        desk.orders.cancel(1, "sb-1-1", 0),
        desk.orders.open_orders(),
        desk.orders.executions(),
    ):
        with pytest.raises(LinkDown):
            await asked
    assert not any(fields[0] == "3" for fields in server.requests)


async def test_a_read_only_gateway_says_so(server: TwsServer) -> None:
    server.faults.read_only = True
    async with running(desk_at(server.port)) as desk:
        await desk.up()
        aapl = await desk.contracts.find("AAPL")
        with pytest.raises(ReadOnlyApi):
            await desk.orders.preview(aapl, NEAR, ACCOUNT)
        await desk.orders.submit(entry(aapl, NEAR), "sb-26-1")
        report = await told(desk, OrderFate.REJECTED)
        assert "Read-Only" in report.message


async def test_when_we_are_told_to_only_read_no_order_call_leaves_us(server: TwsServer) -> None:
    async with running(desk_at(server.port, readonly=True)) as desk:
        await desk.up()
        aapl = await desk.contracts.find("AAPL")
        with pytest.raises(ReadOnlyApi):
            await desk.orders.preview(aapl, NEAR, ACCOUNT)
        with pytest.raises(ReadOnlyApi):
            await desk.orders.submit(entry(aapl, NEAR), "sb-27-1")
        assert not any(fields[0] in {"3", "5"} for fields in server.requests)


async def test_a_ticket_without_a_type_is_not_sent(desk: Desk, aapl: Instrument, exchange: Exchange) -> None:
    with pytest.raises(ValueError, match="AAPL"):
        await desk.orders.submit(entry(aapl, OrderTicket(Side.BUY, Decimal(1), "AAPL")), "sb-28-1")
    assert exchange.orders() == []
