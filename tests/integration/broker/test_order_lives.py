"""Every type of order and time in force, sent by the gateway, taken by TWS, and filled when its market comes."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from market.instrument import Instrument, SecType
from market.ticket import Side, parse
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.fakes.trading import entry
from tests.integration.broker.conftest import Desk
from trading.ports import OrderFate, OrderReport
from trading.proposal import LegOrder, LegRole

ACCOUNT = "DU1234567"
Move = Callable[[Exchange], object]


def prints(*prices: float) -> Move:
    """Return what prints AAPL at *prices*, one after the other."""

    def move(exchange: Exchange) -> None:
        for price in prices:
            exchange.push("AAPL", price)

    return move


def at_close(exchange: Exchange) -> None:
    """Ring the closing bell."""
    exchange.close_session()


def at_open(exchange: Exchange) -> None:
    """Open the session after it was closed."""
    exchange.open_session()


def nothing(_exchange: Exchange) -> None:
    """Leave the market alone."""


@pytest.fixture
async def aapl(desk: Desk) -> Instrument:
    return await desk.contracts.find("AAPL")


async def last(desk: Desk, order_ref: str, *fates: OrderFate) -> OrderReport:
    """Wait for the order's report of one of *fates*."""
    return await eventually(
        lambda: next((one for one in desk.reports if one.order_ref == order_ref and one.fate in fates), None)
    )


@pytest.mark.parametrize(
    ("line", "move"),
    [
        ("buy 5 AAPL market", nothing),
        ("buy 5 AAPL market ioc", nothing),
        ("buy 5 AAPL market gtc", nothing),
        ("buy 5 AAPL 250", nothing),
        ("buy 5 AAPL 250 ioc", nothing),
        ("buy 5 AAPL 150 gtc", prints(149.5)),
        ("buy 5 AAPL 150 gtd 2032-12-24 16:00", prints(149.5)),
        ("buy 5 AAPL 150 outside", prints(149.5)),
        ("sell 5 AAPL stop 190", prints(189.5)),
        ("sell 5 AAPL stop 190 gtc", prints(189.5)),
        ("sell 5 AAPL stop 190 limit 180", prints(189.5)),
        ("buy 5 AAPL stop 210 limit 215 gtc", prints(211.0)),
        ("sell 5 AAPL trail 2", prints(210.0, 207.5)),
        ("sell 5 AAPL trail 5%", prints(210.0, 199.0)),
        ("buy 5 AAPL trail 2 gtc", prints(190.0, 192.5)),
        ("buy 5 AAPL mid", prints(196.0)),
        ("buy 5 AAPL mid cap 250", prints(196.0)),
        ("buy 5 AAPL moc", at_close),
        ("buy 5 AAPL loc 250", at_close),
        ("buy 5 AAPL market adaptive urgent", nothing),
        ("buy 5 AAPL 250 adaptive urgent", nothing),
    ],
)
async def test_an_order_of_each_kind_is_taken_and_filled(
    desk: Desk, aapl: Instrument, exchange: Exchange, line: str, move: Move
) -> None:
    ticket = parse(line)
    await desk.orders.submit(entry(aapl, ticket), "sb-1-1")
    taken = await last(desk, "sb-1-1", OrderFate.WORKING, OrderFate.FILLED)
    assert taken.ticket == ticket
    move(exchange)
    filled = await last(desk, "sb-1-1", OrderFate.FILLED)
    assert (filled.filled, filled.remaining) == (5, 0)
    fill = await eventually(lambda: next((one for one in desk.fills if one.commission is not None), None))
    assert (fill.order_ref, fill.side, fill.perm_id) == ("sb-1-1", ticket.side, filled.perm_id)
    assert sum(one.quantity for one in {one.exec_id: one for one in desk.fills}.values()) == 5


@pytest.mark.parametrize("line", ["buy 5 AAPL market opg", "buy 5 AAPL 250 opg"])
async def test_an_order_for_the_opening_waits_for_it(
    desk: Desk, aapl: Instrument, exchange: Exchange, line: str
) -> None:
    exchange.close_session()
    await desk.orders.submit(entry(aapl, parse(line)), "sb-1-1")
    await last(desk, "sb-1-1", OrderFate.WORKING)
    exchange.open_session()
    assert (await last(desk, "sb-1-1", OrderFate.FILLED)).filled == 5


async def test_what_cannot_be_filled_at_once_is_cancelled(desk: Desk, aapl: Instrument) -> None:
    await desk.orders.submit(entry(aapl, parse("buy 5 AAPL 150 ioc")), "sb-1-1")
    report = await last(desk, "sb-1-1", OrderFate.CANCELLED, OrderFate.EXPIRED)
    assert report.filled == 0


async def test_an_order_that_the_contract_does_not_allow_is_rejected_in_ibkrs_words(
    desk: Desk, exchange: Exchange
) -> None:
    option = await desk.contracts.find(f"#{exchange.catalogue.options(265598)[0].con_id}")
    await desk.orders.submit(entry(option, parse(f"buy 1 {option.label} moc")), "sb-1-1")
    report = await last(desk, "sb-1-1", OrderFate.REJECTED)
    assert report.message


async def bracket(desk: Desk, aapl: Instrument) -> list[int]:
    """Send a bracket of three and return their order ids."""
    ids = [desk.orders.reserve() for _ in range(3)]
    lines = ("buy 10 AAPL 150 gtc", "sell 10 AAPL 160 gtc", "sell 10 AAPL stop 140 gtc")
    roles = (LegRole.ENTRY, LegRole.TAKE_PROFIT, LegRole.STOP_LOSS)
    for number in range(3):
        is_child = number > 0
        order = LegOrder(roles[number], aapl, parse(lines[number]), ACCOUNT, 1 if is_child else 0, "sb-1" * is_child)
        await desk.orders.submit(
            order,
            f"sb-1-{number + 1}",
            order_id=ids[number],
            parent_id=ids[0] if is_child else 0,
            is_held=number < 2,
        )
    return ids


async def test_a_bracket_waits_for_its_entry_and_one_exit_ends_the_other(
    desk: Desk, aapl: Instrument, exchange: Exchange
) -> None:
    await bracket(desk, aapl)
    await last(desk, "sb-1-3", OrderFate.WORKING)
    exchange.push("AAPL", 149.5)
    await last(desk, "sb-1-1", OrderFate.FILLED)
    exchange.push("AAPL", 161.0)
    await last(desk, "sb-1-2", OrderFate.FILLED)
    stop = await last(desk, "sb-1-3", OrderFate.CANCELLED)
    assert stop.filled == 0


async def test_a_target_that_is_half_filled_leaves_a_stop_for_the_other_half(
    desk: Desk, aapl: Instrument, exchange: Exchange, server: TwsServer
) -> None:
    await bracket(desk, aapl)
    await last(desk, "sb-1-3", OrderFate.WORKING)
    exchange.push("AAPL", 149.5)
    await last(desk, "sb-1-1", OrderFate.FILLED)
    server.faults.partial([4])
    exchange.push("AAPL", 161.0)
    await eventually(lambda: any(one.order_ref == "sb-1-2" and one.filled == 4 for one in desk.reports))
    stop = await eventually(
        lambda: next((one for one in desk.reports if one.order_ref == "sb-1-3" and one.remaining == 6), None)
    )
    assert stop.fate is OrderFate.WORKING
    assert stop.ticket is not None
    assert stop.ticket.quantity == 6


async def test_a_child_s_price_is_changed_before_and_after_its_entry_is_filled(
    desk: Desk, aapl: Instrument, exchange: Exchange
) -> None:
    ids = await bracket(desk, aapl)
    stop = await last(desk, "sb-1-3", OrderFate.WORKING)
    for line in ("sell 10 AAPL stop 141 gtc", "sell 10 AAPL stop 142 gtc"):
        order = LegOrder(LegRole.CHANGE, aapl, parse(line), ACCOUNT, changes="sb-1-3")
        await desk.orders.change(order, ids[2], "sb-1-3", stop.perm_id)
        await eventually(lambda line=line: desk.reports[-1].ticket == parse(line))
        assert not any(one.refused_change for one in desk.reports)
        exchange.push("AAPL", 149.5)
        await last(desk, "sb-1-1", OrderFate.FILLED)
    exchange.push("AAPL", 141.5)
    assert (await last(desk, "sb-1-3", OrderFate.FILLED)).filled == 10


async def test_an_entry_that_is_cancelled_takes_its_children_with_it(desk: Desk, aapl: Instrument) -> None:
    ids = await bracket(desk, aapl)
    await last(desk, "sb-1-3", OrderFate.WORKING)
    await desk.orders.cancel(ids[0], "sb-1-1", 0)
    for number in (1, 2, 3):
        await last(desk, f"sb-1-{number}", OrderFate.CANCELLED)


async def test_of_two_orders_of_a_group_one_fill_ends_the_other(
    desk: Desk, aapl: Instrument, exchange: Exchange
) -> None:
    for number, line in enumerate(("sell 5 AAPL 260 gtc", "sell 5 AAPL stop 140 gtc")):
        order = LegOrder(LegRole.ENTRY, aapl, parse(line), ACCOUNT, group="sb-1")
        await desk.orders.submit(order, f"sb-1-{number + 1}")
    await last(desk, "sb-1-2", OrderFate.WORKING)
    exchange.push("AAPL", 139.0)
    await last(desk, "sb-1-2", OrderFate.FILLED)
    assert (await last(desk, "sb-1-1", OrderFate.CANCELLED)).filled == 0


@pytest.fixture
async def spread(desk: Desk, exchange: Exchange) -> Instrument:
    found = {(one.strike, one.right): one for one in reversed(exchange.catalogue.options(265598))}
    return await desk.contracts.find(f"AAPL {found[195.0, 'C'].expiry} C195/C200")


async def test_a_spread_has_a_quote_of_its_own(desk: Desk, spread: Instrument, exchange: Exchange) -> None:
    quote = await desk.feed.fresh(spread)
    first, second = (exchange.book(exchange.catalogue.with_id(leg.con_id)) for leg in spread.legs)
    assert quote.bid == pytest.approx(first.bid - second.ask)
    assert quote.ask == pytest.approx(first.ask - second.bid)


async def test_a_spread_the_other_way_round_has_a_price_below_zero(desk: Desk, spread: Instrument) -> None:
    turned = await desk.contracts.find(f"AAPL {spread.expiry} C200/C195")
    quote = await desk.feed.fresh(turned)
    assert quote.bid is not None
    assert quote.bid < 0
    assert quote.ask is not None
    assert quote.ask < 0


async def test_a_spread_is_filled_as_a_whole_and_told_leg_by_leg(desk: Desk, spread: Instrument) -> None:
    ticket = parse(f"buy 2 {spread.label} 4.9")
    preview = await desk.orders.preview(spread, ticket, ACCOUNT)
    assert preview.initial_margin_change is not None
    await desk.orders.submit(entry(spread, ticket), "sb-1-1")
    report = await last(desk, "sb-1-1", OrderFate.FILLED)
    assert (report.filled, report.instrument, report.ticket) == (2, spread, ticket)
    assert report.words == f"buy 2 {spread.label} 4.9"
    await eventually(lambda: sum(one.commission is not None for one in desk.fills) == 2)
    [whole] = [fill for fill in desk.fills if fill.instrument.sec_type is SecType.COMBO]
    assert (whole.instrument, whole.side, whole.quantity) == (spread, Side.BUY, 2)
    assert (whole.price, whole.commission) == (report.average_price, None)
    assert {fill.order_ref for fill in desk.fills} == {"sb-1-1"}
    listed = await desk.orders.executions()
    assert [fill.instrument == spread for fill in listed].count(True) == 1
    assert len(listed) == 3


async def test_a_spread_made_elsewhere_is_told_by_what_it_is(desk: Desk, spread: Instrument) -> None:
    await desk.orders.submit(entry(spread, parse(f"buy 1 {spread.label} 0.5")), "sb-1-1")
    await last(desk, "sb-1-1", OrderFate.WORKING)
    desk.orders._records.clear()
    [found] = await desk.orders.open_orders()
    assert found.instrument is not None
    assert (found.instrument.con_id, found.instrument.legs) == (spread.con_id, spread.legs)
    assert (found.words, found.remaining) == ("buy 1 AAPL combo 0.5", Decimal(1))
