"""From a ticket to its orders, and what a change makes of them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from market.ticket import OrderTicket, OrderType, Side, TimeInForce, parse
from tests.fakes.desk import DeskBench
from tests.fakes.trading import AAPL, ACCOUNT
from trading.plan import is_held, is_protective, orders_of, with_terms
from trading.proposal import LegOrder, LegRole, LegState, Proposal


def planned(line: str) -> tuple[LegOrder, ...]:
    return orders_of(parse(line), AAPL, ACCOUNT, "group")


def said(order: LegOrder) -> tuple[LegRole, str, str, Decimal | None, Decimal | None]:
    ticket = order.ticket
    return (
        order.role,
        ticket.side.value,
        (ticket.order_type or OrderType.MARKET).value,
        ticket.limit_price,
        (ticket.stop_price),
    )


def test_a_plain_order_is_one_order_and_all_of_its_ticket() -> None:
    ticket = parse("buy 10 AAPL 199.5 gtc outside")
    assert orders_of(ticket, AAPL, ACCOUNT, "group") == (LegOrder(LegRole.ENTRY, AAPL, ticket, ACCOUNT),)


def test_a_bracket_is_an_entry_without_the_prices_of_its_children_and_the_stop_comes_last() -> None:
    entry, profit, loss = planned("buy 10 AAPL 199.5 tp 210 sl 190")
    assert said(entry) == (LegRole.ENTRY, "BUY", "LMT", Decimal("199.5"), None)
    assert said(profit) == (LegRole.TAKE_PROFIT, "SELL", "LMT", Decimal(210), None)
    assert said(loss) == (LegRole.STOP_LOSS, "SELL", "STP", None, Decimal(190))
    assert (entry.ticket.take_profit, entry.ticket.stop_loss) == (None, None)
    assert [(one.parent, one.group) for one in (entry, profit, loss)] == [(0, ""), (1, "group"), (1, "group")]
    assert {one.ticket.quantity for one in (entry, profit, loss)} == {Decimal(10)}


def test_the_children_protect_for_as_long_as_the_position_is_there() -> None:
    entry, *children = planned("sell 10 AAPL market tp 180 sl 210")
    assert entry.ticket.time_in_force is TimeInForce.DAY
    assert [(one.ticket.side, one.ticket.time_in_force) for one in children] == [(Side.BUY, TimeInForce.GTC)] * 2
    _, loss = planned("buy 10 AAPL 199.5 sl 190 outside")
    assert loss.ticket.outside_rth
    assert loss.group == ""


def test_a_pair_is_two_orders_of_one_group_that_hang_on_none() -> None:
    limit, stop = planned("sell 10 AAPL 210 oco stop 190 gtc")
    assert said(limit) == (LegRole.ENTRY, "SELL", "LMT", Decimal(210), None)
    assert said(stop) == (LegRole.ALTERNATIVE, "SELL", "STP", None, Decimal(190))
    assert (limit.group, stop.group, limit.parent, stop.parent) == ("group", "group", 0, 0)
    assert {limit.ticket.time_in_force, stop.ticket.time_in_force} == {TimeInForce.GTC}


def test_the_stop_of_a_pair_for_this_moment_works_for_the_day() -> None:
    ticket = replace(parse("sell 10 AAPL 210 oco stop 190"), time_in_force=TimeInForce.IOC)
    assert orders_of(ticket, AAPL, ACCOUNT, "group")[1].ticket.time_in_force is TimeInForce.DAY


async def bracket(bench: DeskBench) -> Proposal:
    return await bench.propose("buy 10 AAPL 199.5 tp 210 sl 190")


async def test_tws_holds_all_of_a_family_but_the_last() -> None:
    shown = await bracket(DeskBench())
    assert [is_held(shown, leg) for leg in shown.legs] == [True, True, False]
    pair = await DeskBench().propose("sell 10 AAPL 210 oco stop 190")
    assert not any(is_held(pair, leg) for leg in pair.legs)


async def test_new_terms_of_a_leg_are_those_that_the_card_shows() -> None:
    shown = await bracket(DeskBench())
    profit = with_terms(shown, 2, replace(shown.orders[1].ticket, limit_price=Decimal(215)))
    assert profit.ticket.take_profit == profit.orders[1].ticket.limit_price == Decimal(215)
    entry = with_terms(profit, 1, replace(profit.orders[0].ticket, limit_price=Decimal(198)))
    assert (entry.ticket.limit_price, entry.ticket.take_profit, entry.ticket.stop_loss) == (
        Decimal(198),
        Decimal(215),
        Decimal(190),
    )


async def test_a_stop_moved_past_the_entry_locks_a_profit_in() -> None:
    shown = await bracket(DeskBench())
    moved = with_terms(shown, 3, replace(shown.orders[2].ticket, stop_price=Decimal(201)))
    assert moved.orders[2].ticket.stop_price == Decimal(201)


@pytest.mark.parametrize(
    ("line", "held", "filled", "number", "expected"),
    [
        ("buy 10 AAPL 199.5 tp 210 sl 190", 0, 0, 0, False),
        ("buy 10 AAPL 199.5 tp 210 sl 190", 0, 5, 0, True),
        ("buy 10 AAPL 199.5 tp 210 sl 190", 0, 10, 3, True),
        ("buy 10 AAPL 199.5 tp 210 sl 190", 0, 4, 1, True),
        ("buy 10 AAPL 199.5 tp 210 sl 190", 0, 0, 1, False),
        ("buy 10 AAPL 199.5 tp 210", 0, 4, 1, False),
        ("buy 10 AAPL 199.5 tp 210 sl 190", 0, 10, 2, True),
        ("sell 10 AAPL 210 oco stop 190", 10, 0, 2, True),
        ("sell 10 AAPL 210 oco stop 190", 10, 0, 1, True),
        ("sell 10 AAPL stop 190", 10, 0, 0, True),
        ("sell 10 AAPL trail 2%", 10, 0, 0, True),
        ("buy 10 AAPL stop 205", 0, 0, 0, False),
        ("buy 10 AAPL stop 205", -10, 0, 0, True),
        ("sell 10 AAPL 210", 10, 0, 0, False),
    ],
)
async def test_a_second_tap_is_due_where_a_stop_goes_that_protects_what_is_held(
    line: str, held: int, filled: int, number: int, *, expected: bool
) -> None:
    bench = DeskBench()
    shown = replace(await bench.propose(line), position_before=Decimal(held))
    first = replace(shown.legs[0], filled=Decimal(filled), state=LegState.FILLED if filled == 10 else LegState.WORKING)
    rest = tuple(replace(leg, state=LegState.WORKING) for leg in shown.legs[1:])
    assert is_protective(replace(shown, legs=(first, *rest)), number) is expected


def test_no_ticket_loses_its_quantity_on_the_way() -> None:
    with pytest.raises(ValueError, match="quantity"):
        OrderTicket(Side.BUY, Decimal(0), "AAPL")
