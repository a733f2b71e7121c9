"""What IBKR takes of an instrument."""

from decimal import Decimal

import pytest

from market.order_rules import OrderRules
from market.ticket import OrderTicket, OrderType, Side, TimeInForce, parse
from tests.fakes.trading import SHARE_CODES

ALL = frozenset(SHARE_CODES)
CENTS = ((Decimal(0), Decimal("0.01")),)
SHARE = OrderRules(ALL, Decimal(1), Decimal(1), CENTS)
OPTION = OrderRules(ALL, Decimal(1), Decimal(1), ((Decimal(0), Decimal("0.01")), (Decimal(3), Decimal("0.05"))))


def without(code: str) -> OrderRules:
    """Return rules that know everything but *code*."""
    return OrderRules(ALL - {code}, Decimal(1), Decimal(1), CENTS)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("buy 10 AAPL market", "MKT"),
        ("buy 10 AAPL 199.5", "LMT"),
        ("sell 10 AAPL stop 190", "STP"),
        ("sell 10 AAPL stop 190 limit 189", "STPLMT"),
        ("sell 10 AAPL trail 5%", "TRAIL"),
        ("buy 10 AAPL moc", "MOC"),
        ("buy 10 AAPL loc 200", "LOC"),
        ("buy 10 AAPL mid", "MIDPX"),
        ("buy 10 AAPL 199.5 gtc", "GTC"),
        ("buy 10 AAPL 199.5 ioc", "IOC"),
        ("buy 10 AAPL 199.5 opg", "OPG"),
        ("buy 10 AAPL 199.5 gtd 2026-12-24", "GTD"),
        ("buy 10 AAPL 199.5 adaptive", "ALGO"),
        ("buy 10 AAPL market tp 210", "LMT"),
        ("buy 10 AAPL 199.5 sl 190", "STP"),
        ("sell 10 AAPL 210 oco stop 190", "OCA"),
    ],
)
def test_what_is_not_listed_is_lacking_and_what_is_listed_is_not(line: str, code: str) -> None:
    ticket = parse(line)
    assert without(code).lacking(ticket) == (code,)
    assert SHARE.lacking(ticket) == ()


def test_where_ibkr_lists_nothing_nothing_is_lacking() -> None:
    assert OrderRules(frozenset(), Decimal(1), Decimal(1), CENTS).lacking(parse("buy 10 AAPL moc")) == ()


def test_where_there_are_few_ways_only_those_are_taken() -> None:
    coins = OrderRules(
        frozenset(), Decimal(0), Decimal(0), CENTS, frozenset({(Side.SELL, OrderType.MARKET, TimeInForce.IOC)})
    )
    sale = OrderTicket(Side.SELL, Decimal(1), "BTC.USD", OrderType.MARKET, time_in_force=TimeInForce.IOC)
    assert coins.lacking(sale) == ()
    assert coins.lacking(parse("sell 1 BTC.USD market")) == ("SELL MKT DAY",)
    assert coins.lacking(parse("buy 1 BTC.USD market ioc")) == ("BUY MKT IOC",)
    assert coins.lacking(parse("buy 1 BTC.USD")) == ()


@pytest.mark.parametrize(
    ("price", "step", "below", "above"),
    [
        ("2.987", "0.01", "2.98", "2.99"),
        ("2.99", "0.01", "2.99", "2.99"),
        ("3", "0.05", "3", "3"),
        ("3.01", "0.05", "3.00", "3.05"),
        ("-3.01", "0.05", "-3.05", "-3.00"),
        ("-0.015", "0.01", "-0.02", "-0.01"),
    ],
)
def test_a_price_is_moved_to_the_grid_that_counts_there(price: str, step: str, below: str, above: str) -> None:
    value = Decimal(price)
    assert OPTION.step_at(value) == Decimal(step)
    assert OPTION.price_below(value) == Decimal(below)
    assert OPTION.price_above(value) == Decimal(above)
    assert OPTION.is_price(value) == (Decimal(below) == Decimal(above))


@pytest.mark.parametrize(
    ("quantity", "below"), [("0.99", "0"), ("1", "1"), ("1.5", "1"), ("1999.999", "1999"), ("0", "0")]
)
def test_a_size_is_rounded_down_to_one_that_is_taken(quantity: str, below: str) -> None:
    assert SHARE.size_below(Decimal(quantity)) == Decimal(below)
    assert SHARE.is_size(Decimal(quantity)) == (quantity == below != "0")


def test_a_coins_size_has_decimals_and_a_least() -> None:
    coin = OrderRules(frozenset(), Decimal("0.0001"), Decimal("0.00000001"), CENTS)
    assert coin.size_below(Decimal("0.123456789")) == Decimal("0.12345678")
    assert coin.size_below(Decimal("0.00009999")) == 0
    assert coin.is_size(Decimal("0.0001"))
    assert not coin.is_size(Decimal("0.00009999"))


def test_where_no_sizes_are_said_any_is_one() -> None:
    silent = OrderRules(frozenset(), Decimal(0), Decimal(0), CENTS)
    assert silent.size_below(Decimal("0.3")) == Decimal("0.3")
    assert silent.is_size(Decimal("0.3"))
