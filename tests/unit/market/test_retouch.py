"""One thing in an order changed: what goes with it stays, what cannot goes, what contradicts is refused."""

from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market import retouch
from market.errors import TicketContradiction, TicketSyntaxError
from market.order import TIMES, Algo, OrderTicket, OrderType, Side, TimeInForce
from market.ticket import format_ticket, parse
from tests.fakes.tickets import tickets

ZONE = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("buy 10 AAPL 199.5", lambda t: retouch.with_limit(t, Decimal(200)), "buy 10 AAPL 200"),
        ("buy 10 AAPL market", lambda t: retouch.with_limit(t, Decimal(200)), "buy 10 AAPL 200"),
        ("buy 10 AAPL moc", lambda t: retouch.with_limit(t, Decimal(200)), "buy 10 AAPL loc 200"),
        ("buy 10 AAPL mid", lambda t: retouch.with_limit(t, Decimal(200)), "buy 10 AAPL mid cap 200"),
        ("sell 10 AAPL stop 190", lambda t: retouch.with_limit(t, Decimal(189)), "sell 10 AAPL stop 190 limit 189"),
        ("sell 10 AAPL stop 190", lambda t: retouch.with_stop(t, Decimal(191)), "sell 10 AAPL stop 191"),
        (
            "sell 10 AAPL stop 190 limit 189.5",
            lambda t: retouch.with_stop(t, Decimal(192)),
            "sell 10 AAPL stop 192 limit 191.5",
        ),
        ("sell 10 AAPL 210 gtc", lambda t: retouch.with_trail(t, pct=Decimal(2)), "sell 10 AAPL trail 2% gtc"),
        ("buy 10 AAPL 199.5 ioc", lambda t: retouch.with_stop(t, Decimal(210)), "buy 10 AAPL stop 210"),
        (
            "buy 10 AAPL 199.5 gtc outside",
            lambda t: retouch.with_type(t, OrderType.MARKET_ON_CLOSE),
            "buy 10 AAPL moc",
        ),
        ("buy 10 AAPL market adaptive", lambda t: retouch.with_type(t, OrderType.MIDPRICE), "buy 10 AAPL mid"),
        ("buy 10 AAPL market adaptive", lambda t: retouch.with_time(t, TimeInForce.IOC), "buy 10 AAPL market ioc"),
        ("buy 10 AAPL market ioc", lambda t: retouch.with_algo(t, Algo.ADAPTIVE), "buy 10 AAPL market adaptive"),
        ("buy 10 AAPL 199.5 outside", lambda t: retouch.with_time(t, TimeInForce.OPG), "buy 10 AAPL 199.5 opg"),
        ("sell 10 AAPL 210 oco stop 190", lambda t: retouch.with_type(t, OrderType.MARKET), "sell 10 AAPL market"),
        (
            "buy 10 AAPL 199.5",
            lambda t: retouch.guarded(t, Decimal(190), Decimal(210)),
            "buy 10 AAPL 199.5 tp 210 sl 190",
        ),
    ],
)
def test_one_change_takes_along_what_it_must_and_no_more(before: str, change: object, after: str) -> None:
    assert callable(change)
    assert change(parse(before)) == parse(after)


@pytest.mark.parametrize(
    ("before", "what", "said", "after"),
    [
        ("buy 10 AAPL 199.5", "qty", "25", "buy 25 AAPL 199.5"),
        ("buy 10 AAPL 199.5", "qty", "$5000", "buy $5000 AAPL 199.5"),
        ("buy 10 AAPL 199.5 sl 190", "qty", "risk 0.5%", "buy AAPL 199.5 risk 0.5% sl 190"),
        ("sell 10 AAPL 199.5", "qty", "half", "sell half AAPL 199.5"),
        ("buy 10 AAPL 199.5 gtc", "price", "201", "buy 10 AAPL 201 gtc"),
        ("buy 10 AAPL 199.5 tp 210", "price", "market", "buy 10 AAPL market tp 210"),
        ("sell 10 AAPL 199.5", "price", "stop 190 limit 189", "sell 10 AAPL stop 190 limit 189"),
        ("buy 10 AAPL 199.5", "price", "201 tp 220 sl 190 ioc", "buy 10 AAPL 201 tp 220 sl 190 ioc"),
        ("buy 10 AAPL 199.5", "guard", "210 190", "buy 10 AAPL 199.5 tp 210 sl 190"),
        ("sell 10 AAPL 199.5", "guard", "190 210", "sell 10 AAPL 199.5 tp 190 sl 210"),
        ("buy 10 AAPL 199.5 tp 210 sl 190", "guard", "none", "buy 10 AAPL 199.5"),
        ("buy 10 AAPL 199.5 tp 210 sl 190", "guard", "sl 195", "buy 10 AAPL 199.5 sl 195"),
    ],
)
def test_typed_words_mean_what_they_mean_in_a_line(before: str, what: str, said: str, after: str) -> None:
    assert retouch.reworded(parse(before), what, said, ZONE) == parse(after)


@pytest.mark.parametrize(
    ("what", "said"), [("qty", "a lot"), ("price", ""), ("price", "soon"), ("guard", "x y"), ("qty", "risk 0.5%")]
)
def test_words_that_say_nothing_change_nothing(what: str, said: str) -> None:
    with pytest.raises((TicketSyntaxError, TicketContradiction)):
        retouch.reworded(parse("buy 10 AAPL 199.5"), what, said, ZONE)


def test_a_price_beyond_the_stop_is_refused() -> None:
    with pytest.raises(TicketContradiction):
        retouch.with_limit(parse("buy 10 AAPL 199.5 sl 190"), Decimal(189))


@given(tickets(), st.sampled_from(OrderType))
def test_whatever_the_type_the_ticket_can_be_written_and_read_back(ticket: OrderTicket, kind: OrderType) -> None:
    priced = replace(ticket, take_profit=None, stop_loss=None, oco_stop=None) if ticket.size is None else ticket
    try:
        changed = retouch.with_type(priced, kind, Decimal(100))
    except TicketContradiction:
        return
    assert changed.time_in_force in TIMES[kind]
    assert (changed.side, changed.quantity, changed.size) == (priced.side, priced.quantity, priced.size)
    assert parse(format_ticket(changed)) == changed


def test_a_sale_is_protected_above() -> None:
    assert retouch.guarded(parse("sell 10 AAPL 199.5"), Decimal(210), Decimal(190)).side is Side.SELL
