"""What a portfolio is to be made of, and how an order is shared out: what is read, and what is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import TicketSyntaxError
from trading.targets import Sharing, Target, Targets, Way, format_targets, parse_targets, split_sharing


def test_symbols_with_their_parts_and_cash() -> None:
    assert parse_targets("AAPL 40% MSFT 30% cash 30%") == Targets(
        (Target("AAPL", Decimal(40)), Target("MSFT", Decimal(30))), Decimal(30)
    )


def test_a_symbol_may_have_spaces_and_commas_may_part() -> None:
    read = parse_targets("SPY 20261218 C600 2.5%, BRK.B: 10 %; msft=0%")
    assert [one.symbol for one in read.parts] == ["SPY 20261218 C600", "BRK.B", "msft"]
    assert [one.percent for one in read.parts] == [Decimal("2.5"), Decimal(10), Decimal(0)]
    assert read.cash is None


def test_the_ticker_cash_is_written_with_a_dollar_sign() -> None:
    assert parse_targets("$CASH 10%").parts == (Target("$CASH", Decimal(10)),)


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("", 0, "symbols"),
        ("AAPL", 0, "percentage"),
        ("AAPL 40", 0, "percentage"),
        ("40%", 0, "a symbol"),
        ("AAPL 40% MSFT", 9, "percentage"),
        ("AAPL 40% aapl 10%", 9, "once"),
        ("cash 40% cash 10% AAPL 1%", 9, "once"),
        ("AAPL 101%", 5, "100%"),
        ("AAPL 60% MSFT 40.01%", 20, "100% together"),
        ("AAPL -5%", 0, "0 or more"),
        ("AAPL 5% MSFT +5%", 8, "0 or more"),
        ("cash 100%", 9, "symbols"),
    ],
)
def test_what_says_no_portfolio_is_refused_where_it_breaks(text: str, at: int, expected: str) -> None:
    with pytest.raises(TicketSyntaxError) as refused:
        parse_targets(text)
    assert expected in refused.value.expected
    assert refused.value.position == at
    assert len(refused.value.examples) == 2
    for example in refused.value.examples:
        parse_targets(example)


def test_exactly_a_hundred_percent_is_allowed() -> None:
    assert parse_targets("AAPL 60% MSFT 40%").cash is None


_SYMBOLS = st.sampled_from(["AAPL", "MSFT", "BRK.B", "$CASH", "ES 202612", "SPY 20261218 C600", "#265598", "EUR.USD"])


@given(st.lists(st.tuples(_SYMBOLS, st.integers(0, 125)), min_size=1, max_size=8, unique_by=lambda one: one[0]))
def test_what_is_written_is_read_as_the_same(parts: list[tuple[str, int]]) -> None:
    targets = Targets(tuple(Target(symbol, Decimal(part) / 10) for symbol, part in parts))
    assert parse_targets(format_targets(targets)) == targets


@pytest.mark.parametrize(
    ("line", "rest", "sharing"),
    [
        ("buy 10 AAPL 199.5", "buy 10 AAPL 199.5", None),
        ("buy 10 AAPL 199.5 accounts equal", "buy 10 AAPL 199.5", Sharing(Way.EQUAL)),
        ("buy 10 AAPL over accounts equally", "buy 10 AAPL", Sharing(Way.EQUAL)),
        ("buy 10 AAPL market accounts by nlv", "buy 10 AAPL market", Sharing(Way.NET_LIQUIDATION)),
        (
            "buy 10 AAPL 1 accounts U1=5, u2=5",
            "buy 10 AAPL 1",
            Sharing(Way.GIVEN, (("U1", Decimal(5)), ("U2", Decimal(5)))),
        ),
    ],
)
def test_the_end_of_a_line_says_over_which_accounts(line: str, rest: str, sharing: Sharing | None) -> None:
    assert split_sharing(line) == (rest, sharing)


@pytest.mark.parametrize("how", ["", " what", " U1", " U1=5,U1=5", " U1=5,x", " =5"])
def test_an_unclear_sharing_is_refused(how: str) -> None:
    with pytest.raises(TicketSyntaxError, match="nlv"):
        split_sharing(f"buy 10 AAPL 199.5 accounts{how}")
