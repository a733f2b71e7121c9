"""What is read as an order, and what is asked back."""

from decimal import Decimal

import pytest

from market.errors import TicketSyntaxError
from market.ticket import UNDERSTOOD, OrderTicket, OrderType, Side, TimeInForce, looks_like_ticket, parse


def limit(quantity: str, symbol: str, price: str, **more: object) -> OrderTicket:
    return OrderTicket(Side.BUY, Decimal(quantity), symbol, OrderType.LIMIT, Decimal(price), **more)  # type: ignore[arg-type]


def refused(text: str) -> TicketSyntaxError:
    with pytest.raises(TicketSyntaxError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "buy 10 AAPL 199.5",
        "BUY 10 aapl 199.50",
        "buy 10 AAPL limit 199.5",
        "buy 10 AAPL lmt 199.5",
        "buy 10 AAPL @ 199.5",
        "buy 10 AAPL @199.5",
        "buy 10 AAPL $199.5",
        "buy 10 $AAPL day 199.5",
        "  buy\t10  AAPL\n199.5 ",
    ],
)
def test_a_limit_order_is_read_however_it_is_spelt(text: str) -> None:
    assert parse(text) == limit("10", "AAPL", "199.5")


@pytest.mark.parametrize("word", ["market", "mkt", "MARKET"])
def test_a_market_order_must_say_so(word: str) -> None:
    assert parse(f"sell 5 MSFT {word}") == OrderTicket(Side.SELL, Decimal(5), "MSFT", OrderType.MARKET)


def test_without_a_price_the_type_is_left_open() -> None:
    assert parse("buy 10 AAPL").order_type is None
    assert parse("buy 10 AAPL gtc").order_type is None


@pytest.mark.parametrize("text", ["buy 10 AAPL 199.5 gtc outside", "buy 10 AAPL eth 199.5 GTC"])
def test_options_stand_in_any_order(text: str) -> None:
    assert parse(text) == limit("10", "AAPL", "199.5", time_in_force=TimeInForce.GTC, outside_rth=True)


@pytest.mark.parametrize("symbol", ["ALL", "DAY", "GTC", "ON", "MKT", "LIMIT", "BUY", "ETH", "A", "T"])
def test_the_third_word_is_the_symbol_whatever_it_spells(symbol: str) -> None:
    assert parse(f"buy 10 {symbol} 5") == limit("10", symbol, "5")


@pytest.mark.parametrize("symbol", ["AAPL@NASDAQ", "BMW@IBIS/EUR", "BRK.B", "#265598", "700@SEHK", "EUR.USD"])
def test_symbols_come_in_all_the_forms_the_book_knows(symbol: str) -> None:
    assert parse(f"buy 10 {symbol} 5").symbol == symbol


@pytest.mark.parametrize(
    ("typed", "meant"), [("1,000", "1000"), ("1k", "1000"), ("1.5K", "1500"), ("2m", "2000000"), ("0.5", "0.5")]
)
def test_quantities_take_groups_of_three_and_k_m_b(typed: str, meant: str) -> None:
    assert parse(f"buy {typed} AAPL").quantity == Decimal(meant)


@pytest.mark.parametrize(("typed", "meant"), [("1,234.50", "1234.5"), ("1,234,567", "1234567"), (".5", "0.5")])
def test_prices_take_groups_of_three_where_they_can_mean_one_thing_only(typed: str, meant: str) -> None:
    assert parse(f"buy 1 BRK.A {typed}").limit_price == Decimal(meant)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("buy 10 AAPL 199,5", ("buy 10 AAPL 199.5", "buy 10 AAPL 1995")),
        ("buy 10 AAPL 199,500 gtc", ("buy 10 AAPL 199.5 gtc", "buy 10 AAPL 199500 gtc")),
        ("buy 10 AAPL limit 1,00", ("buy 10 AAPL limit 1", "buy 10 AAPL limit 100")),
        ("buy 10,5 AAPL 199", ("buy 10.5 AAPL 199", "buy 105 AAPL 199")),
        ("buy 1 BRK.A 1,2345.5", ("buy 1 BRK.A 12345.5",)),
    ],
)
def test_an_unclear_comma_is_refused_with_its_readings(text: str, lines: tuple[str, ...]) -> None:
    error = refused(text)
    assert error.examples[: len(lines)] == lines
    assert "," in text[error.position :].split(maxsplit=1)[0]
    assert "written" in error.expected


def test_the_readings_of_a_comma_are_lines_that_work() -> None:
    first, second = refused("buy 10 AAPL 199,500").examples
    assert parse(first).limit_price == Decimal("199.5")
    assert parse(second).limit_price == Decimal(199500)


@pytest.mark.parametrize(
    ("text", "turned"), [("buy AAPL 10", "buy 10 AAPL"), ("SELL aapl 10 199.5 gtc", "sell 10 AAPL 199.5 gtc")]
)
def test_symbol_before_quantity_is_asked_back(text: str, turned: str) -> None:
    error = refused(text)
    assert error.examples[0] == turned
    assert error.position == text.lower().index("aapl")
    parse(turned)


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 0, "`buy` or `sell`"),
        ("hold 10 AAPL", 0, "`buy` or `sell`"),
        ("buy", 3, "a number of shares, or a size like `$5000`, `half` or `5% nlv`"),
        ("buy 0 AAPL", 4, "a number of shares above zero, and one that exists"),
        ("buy 99999999999b AAPL", 4, "a number of shares above zero, and one that exists"),
        ("buy 10000000000000000 AAPL", 4, "a number of shares"),
        ("buy -5 AAPL", 4, "a number of shares"),
        ("buy 1e5 AAPL", 4, "a number of shares"),
        ("buy \u0661\u0660 AAPL", 4, "a number of shares"),
        ("buy 1.000 F 10", 4, "a number of shares, written `1` or `1000`"),
        ("buy 10", 6, "a symbol"),
        ("buy 10 $5", 7, "a symbol"),
        ("buy 10 @ 5", 7, "a symbol"),
        ("buy 10 AAPL limit", 17, "a price"),
        ("buy 10 AAPL limit market", 18, "a price"),
        ("buy 10 AAPL 0", 12, "a price above zero"),
        ("buy 10 AAPL 199.5 200", 18, "one price only"),
        ("buy 10 AAPL market 200", 19, "one price only"),
        ("buy 10 AAPL day gtc", 16, "one of `day`, `gtc`, `ioc`, `opg` and `gtd`, once"),
    ],
)
def test_a_bad_line_is_told_where_it_broke(text: str, position: int, expected: str) -> None:
    error = refused(text)
    assert (error.position, error.expected) == (position, expected)
    assert error.examples


@pytest.mark.parametrize("word", ["please", "yesterday", "fok", "🙂"])
def test_what_is_not_understood_is_answered_with_what_is(word: str) -> None:
    error = refused(f"buy 10 AAPL 199.5 {word} 190")
    assert (error.position, error.expected) == (18, UNDERSTOOD)
    for example in error.examples:
        parse(example)


def test_a_line_without_end_is_refused() -> None:
    assert refused("buy 10 AAPL " + "x" * 10_000).expected == "at most 300 characters"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("buy 10 AAPL", "order"), ("Sell", "order"), ("buyer beware", "none"), ("AAPL > 200", "none"), ("", "none")],
)
def test_an_order_is_known_by_its_first_word(text: str, verdict: str) -> None:
    assert looks_like_ticket(text) is (verdict == "order")


@pytest.mark.parametrize(
    "fields",
    [
        {"quantity": Decimal(0)},
        {"quantity": Decimal("NaN")},
        {"order_type": OrderType.LIMIT},
        {"order_type": OrderType.MARKET, "limit_price": Decimal(5)},
        {"limit_price": Decimal(5)},
        {"order_type": OrderType.LIMIT, "limit_price": Decimal("Infinity")},
    ],
)
def test_a_ticket_that_contradicts_itself_cannot_be_made(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the ticket carries no words
        OrderTicket(**{"side": Side.BUY, "quantity": Decimal(1), "symbol": "AAPL", **fields})  # type: ignore[arg-type]
