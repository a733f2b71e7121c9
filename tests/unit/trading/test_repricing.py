"""Where the price of a working order could go, and what protects a position."""

from decimal import Decimal

import pytest

from market.errors import TicketContradiction
from market.order_rules import OrderRules
from market.quote import Quote
from market.ticket import Side, format_ticket, parse
from tests.fakes.trading import AAPL, SHARE_RULES
from trading.repricing import choices, guard, moved, price_of, shifted, stops, targets

QUOTE = Quote(AAPL, last=200.0, bid=199.98, ask=200.02)
NICKELS = OrderRules(frozenset(), Decimal(1), Decimal(1), ((Decimal(0), Decimal("0.05")),))


@pytest.mark.parametrize(
    ("line", "price", "to", "after"),
    [
        ("buy 10 AAPL 199.5", "199.5", "200", "buy 10 AAPL 200"),
        ("sell 10 AAPL stop 190 gtc", "190", "191.5", "sell 10 AAPL stop 191.5 gtc"),
        ("sell 10 AAPL stop 190 limit 189", "190", "192", "sell 10 AAPL stop 192 limit 191"),
        ("sell 10 AAPL trail 2%", "2", "3", "sell 10 AAPL trail 3%"),
        ("sell 10 AAPL trail 4", "4", "5", "sell 10 AAPL trail 5"),
        ("sell 10 AAPL loc 199", "199", "198", "sell 10 AAPL loc 198"),
    ],
)
def test_the_price_that_moves_is_the_one_the_order_waits_for(line: str, price: str, to: str, after: str) -> None:
    ticket = parse(line)
    assert price_of(ticket) == Decimal(price)
    assert format_ticket(moved(ticket, Decimal(to))) == after


@pytest.mark.parametrize("line", ["buy 10 AAPL market", "sell 10 AAPL moc", "buy 10 AAPL mid"])
def test_an_order_without_a_price_has_nowhere_to_go(line: str) -> None:
    assert price_of(parse(line)) is None
    assert choices(parse(line), QUOTE, SHARE_RULES) == ()


def test_a_limit_can_go_a_tick_a_half_percent_or_to_the_market() -> None:
    found = [(one.words, str(one.price)) for one in choices(parse("buy 10 AAPL 199.50"), QUOTE, SHARE_RULES)]
    assert found == [
        ("\N{MINUS SIGN}1 tick", "199.49"),
        ("+1 tick", "199.51"),
        ("\N{MINUS SIGN}0.5%", "198.50"),
        ("+0.5%", "200.50"),
        ("at bid", "199.98"),
        ("at ask", "200.02"),
    ]


@pytest.mark.parametrize("line", ["sell 10 AAPL stop 190", "buy 10 AAPL stop 210 limit 211"])
def test_a_stop_is_not_offered_the_market_where_it_would_not_wait(line: str) -> None:
    words = [one.words for one in choices(parse(line), QUOTE, SHARE_RULES)]
    assert words == ["\N{MINUS SIGN}1 tick", "+1 tick", "\N{MINUS SIGN}0.5%", "+0.5%"]


def test_no_choice_is_where_the_order_is_or_off_the_price_steps() -> None:
    found = choices(parse("buy 10 AAPL 199.95"), Quote(AAPL, bid=199.95, ask=None), NICKELS)
    assert [str(one.price) for one in found] == ["199.90", "200.00", "198.95", "200.95"]
    assert all(one.price % Decimal("0.05") == 0 for one in found)
    assert "at bid" not in [one.words for one in found]


def test_a_cent_does_not_go_below_zero() -> None:
    assert all(one.price > 0 for one in choices(parse("buy 10 AAPL 0.01"), None, SHARE_RULES))


def test_a_trailing_stop_follows_closer_or_wider() -> None:
    found = [(one.words, one.price) for one in choices(parse("sell 10 AAPL trail 2%"), QUOTE, SHARE_RULES)]
    assert found == [("closer", 1), ("closer", Decimal("1.5")), ("wider", Decimal("2.5")), ("wider", 3)]


def test_a_percentage_moves_from_where_the_order_is() -> None:
    assert shifted(parse("buy 10 AAPL 200"), Decimal("-0.5"), SHARE_RULES).limit_price == 199
    assert shifted(parse("buy 10 AAPL 0.05"), Decimal(10), SHARE_RULES).limit_price == Decimal("0.05")


def test_a_bought_position_is_stopped_below_and_a_sold_one_above() -> None:
    last = Decimal(200)
    assert [one.price for one in stops(Side.BUY, last, SHARE_RULES)] == [198, 196, 190]
    assert [one.price for one in targets(Side.BUY, last, SHARE_RULES)] == [202, 204, 210]
    assert [one.price for one in stops(Side.SELL, last, SHARE_RULES)] == [202, 204, 210]
    assert [one.words for one in stops(Side.SELL, last, SHARE_RULES)] == ["+1%", "+2%", "+5%"]


def test_what_protects_a_position_lasts_and_both_cancel_each_other() -> None:
    assert format_ticket(guard(Side.BUY, Decimal(10), "AAPL", stop=Decimal(190))) == "sell 10 AAPL stop 190 gtc"
    assert format_ticket(guard(Side.BUY, Decimal(10), "AAPL", target=Decimal(210))) == "sell 10 AAPL 210 gtc"
    both = guard(Side.SELL, Decimal(10), "AAPL", stop=Decimal(210), target=Decimal(190))
    assert both == parse("buy 10 AAPL 190 oco stop 210 gtc")
    with pytest.raises(TicketContradiction):
        guard(Side.BUY, Decimal(10), "AAPL", stop=Decimal(210), target=Decimal(190))
