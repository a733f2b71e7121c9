"""What is written is read back, whatever the ticket; what is no ticket is refused with lines that work."""

import random
from contextlib import suppress
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.errors import TicketSyntaxError
from market.ticket import KEYWORDS, OrderTicket, OrderType, SizeUnit, format_ticket, parse
from tests.fakes.tickets import SYMBOLS, WORD_TICKERS, tickets

SHAPES = (
    "buy 10 {} 199.5",
    "buy 10 {}",
    "sell 5 {} market gtc outside",
    "sell half {}",
    "sell all {} market",
    "sell 25% {} gtc",
    "sell 25% ${} day",
    "sell 25% {}",
    "sell 25% {} 199.5",
    "buy $5000 {} mid",
    "buy 5% nlv {} market",
    "buy {} risk 0.5% sl 182",
    "buy 0.5% risk {} 199.5 sl 182",
    "buy 10 {} stop 200 limit 201 sl 190",
    "sell 10 {} trail 2% day",
    "sell 10 {} 210 oco stop 190",
    "sell 10 {} moc",
    "sell 10 {} loc 199",
    "buy 10 {} mid cap 200",
    "buy 100 {} 199.5 tp 210 sl 190 gtd 2026-12-24 adaptive urgent",
    "buy 100 {} market twap from 10:00 till 15:30",
)
# A percentage before a word that says of what, and an option where the symbol would be: read as that word.
UNITS = {"NLV", "POSITION", "RISK"}
MANY = [
    *KEYWORDS,
    *SYMBOLS,
    *WORD_TICKERS,
    *(
        "buy",
        "sell",
        "10",
        "0",
        "-5",
        "1.000",
        "1,000",
        "199,5",
        "199,500",
        "199.5",
        "5%",
        "0.5%",
        "200%",
        "$5000",
        "$",
    ),
    *("@", "@5", "half", "all", "nlv", "position", "cap", "from", "till", "10:00", "25:00", "2026-12-24", "2026-13-45"),
    *(
        "9999-12-31",
        "0000-00-00",
        "C600",
        "c600/610",
        "600",
        "C",
        "/",
        "20261318",
        "1e5",
        "1k",
        "99999999b",
        "tral",
        "٣",
    ),
]


@settings(deadline=None, max_examples=300)
@given(tickets())
def test_what_is_written_is_read_back(ticket: OrderTicket) -> None:
    line = format_ticket(ticket)
    assert parse(line) == ticket
    assert format_ticket(parse(line)) == line


@settings(deadline=None)
@given(tickets(), st.data())
def test_case_and_blanks_do_not_matter(ticket: OrderTicket, data: st.DataObject) -> None:
    line = format_ticket(ticket)
    turned = data.draw(st.sampled_from([line.upper(), line.lower(), f"  {line} ".replace(" ", "\t ")]))
    assert len(turned) > 300 or parse(turned) == ticket


@pytest.mark.parametrize("symbol", WORD_TICKERS)
def test_a_ticker_that_is_a_word_is_the_symbol_in_every_shape(symbol: str) -> None:
    for shape in SHAPES:
        if symbol in UNITS and shape == "sell 25% {} gtc":
            continue
        ticket = parse(shape.format(symbol))
        assert ticket.symbol == symbol, shape
        assert parse(format_ticket(ticket)) == ticket
        # As quietly as any other ticker.
        plain = parse(shape.format("AAPL"))
        assert (ticket.order_type, ticket.size, ticket.limit_price) == (plain.order_type, plain.size, plain.limit_price)


@pytest.mark.parametrize("symbol", sorted(UNITS))
def test_of_what_a_percentage_is_can_be_traded_too(symbol: str) -> None:
    ticket = parse(f"sell 25% ${symbol} gtc")
    assert ticket.symbol == symbol
    assert ticket.size is not None
    assert ticket.size.unit is SizeUnit.POSITION_PCT


@settings(deadline=None)
@given(st.text(max_size=80).map(lambda text: f"buy {text}"))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with suppress(TicketSyntaxError):
        ticket = parse(text)
        assert parse(format_ticket(ticket)) == ticket


def mutated(dice: random.Random) -> str:
    """Return a line of known words, or a good one with something wrong in it."""
    if dice.random() < 0.5:
        return " ".join([dice.choice(("buy", "sell")), *dice.choices(MANY, k=dice.randint(0, 12))])
    words = dice.choice(SHAPES).format(dice.choice(SYMBOLS + WORD_TICKERS)).split()
    for _ in range(dice.randint(0, 2)):
        place = dice.randrange(len(words))
        match dice.randrange(4):
            case 0:
                words.insert(place, dice.choice(MANY))
            case 1:
                words[place] = dice.choice(MANY)
            case 2:
                words.append(words[place])
            case _:
                words[place] = words[place][:-1] + dice.choice("x%,.-/0é")
    return " ".join(words)


def test_of_ten_thousand_odd_lines_each_is_an_order_or_a_refusal_with_lines_that_work() -> None:
    dice = random.Random(5)  # noqa: S311  the same lines each time
    read = 0
    begun = perf_counter()
    for _ in range(10_000):
        line = mutated(dice)
        ticket, error = read_or_refused(line)
        if ticket is not None:
            read += 1
            assert parse(format_ticket(ticket)) == ticket, line
            assert ticket.order_type is not OrderType.MARKET or {"market", "mkt"} & set(line.lower().split()), line
        if error is not None:
            assert 0 <= error.position <= len(line), line
            assert error.expected, line
            assert len(set(error.examples)) == 2, line
            assert all(parse(example) for example in error.examples)
    assert 500 < read < 9500
    assert perf_counter() - begun < 60, "it takes about two seconds; a slow line would hold up everybody's"


def read_or_refused(line: str) -> tuple[OrderTicket | None, TicketSyntaxError | None]:
    """Return the ticket that *line* is, or why it is none."""
    try:
        return parse(line), None
    except TicketSyntaxError as error:
        return None, error


def test_words_that_nearly_are_some_do_not_make_a_line_slow() -> None:
    line = "buy 10 AAPL " + "tral " * 57
    begun = perf_counter()
    with pytest.raises(TicketSyntaxError):
        parse(line)
    assert perf_counter() - begun < 1
