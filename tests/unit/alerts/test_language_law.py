"""Laws of the alert language: what is written reads the same, and no text whatever does worse than a refusal."""

import json
import random
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from alerts.bearing import bears_hold, bears_hysteresis
from alerts.codec import draft_from_json, draft_to_json
from alerts.condition import Draft
from alerts.errors import AlertSyntaxError
from alerts.example import OPTIONS, SYMBOLS, TOPICS
from alerts.language import DEEPEST, LONGEST_LINE, looks_like_alert, parse
from alerts.wording import format_draft
from tests.unit.alerts.lines import COMPOUNDS, DRAFTS, NOW, SINGLES, WHOLE_LINES

NEW_YORK = ZoneInfo("America/New_York")
LINES = [line for topic in TOPICS for line in topic.lines]
# fmt: off
WORD_TICKERS = (
    "ALL", "ON", "IT", "A", "T", "OR", "NOW", "LOW", "OPEN", "DAY", "FOR", "UP", "ANY", "RSI", "EMA", "SMA", "AND",
    "NEWS", "SCAN", "TELL", "BID", "ASK", "OF", "NOTE", "AT", "EVERY", "TAG", "TO", "MAX", "HIGH", "CLOSE", "MID",
    "LAST", "TOP", "GAP", "ONCE", "THEN", "DOWN", "IN", "IV", "DTE", "CASH", "LIVE", "K", "D", "VWAP", "PRICE", "MY",
    "RTH", "ETH", "FROM", "TODAY", "WHEN", "IF", "NOT",
)
# fmt: on
SLOTS = (
    "{} > 5",
    "when {} > 5",
    "tell me when {} drops below 5",
    "AAPL > 1 and {} > 5",
    "not {} > 5",
    "({} > 5 or {} < 3) and {} > 1",
    "{} above 5",
    "{} crosses 5",
    "{} hits 5",
    "{} crosses above sma(50, 1d)",
    "AAPL crosses above {} * 2",
    "{} enters 1..2",
    "{} +5%",
    "{} -3% today",
    "{}+5%",
    "{} ±4% from 187.20",
    "{} up 5%",
    "{} moves 2% in 15m",
    "{} drops $3 in 5m",
    "{} trails 5%",
    "{} trails 2 atr(14, 1d)",
    "{} rsi(14, 1h) < 30",
    "rsi(14, 1h) of {} < 30",
    "{} > high(52w)",
    "{} gaps 3%",
    "{} / MSFT > 0.45",
    "MSFT / {} > 0.45",
    "MSFT - 2*{} > 3",
    "MSFT > 2 * {} once",
    "{} > avgcost * 1.1",
    "position {} pnl > 5",
    "position {} -5%",
    "orders {} filled",
    "news {}",
    'news {} "x"',
    "news {} if moves 1% in 5m",
    "{} stale 5m",
    "MSFT > 1 and not {} -1%",
    "{} 20261218 C600 iv > 0.25",
    "{} 202612 > 5",
    "{}@NASDAQ > 5",
    '{} > 5 for 2m note "{}" tag x',
)


def read(text: str) -> Draft:
    return parse(text, NOW, NEW_YORK)


def holds(draft: Draft) -> None:
    text = format_draft(draft)
    if len(text) <= LONGEST_LINE and signs_in(text) <= DEEPEST:
        assert read(text) == draft
        assert looks_like_alert(text)
    assert draft_from_json(json.loads(json.dumps(draft_to_json(draft), allow_nan=False))) == draft


def signs_in(text: str) -> int:
    """Return how many signs of arithmetic a line has; of more than `DEEPEST` the language asks for two alerts."""
    return len(re.findall(r"(?<!\S)[-+*/](?!\S)|[*/]", re.sub(r'"(?:\\.|[^"])*"', "", text)))


@given(DRAFTS)
@settings(max_examples=200, deadline=None)
def test_what_is_written_reads_the_same(draft: Draft) -> None:
    holds(draft)


@pytest.mark.parametrize("conditions", [SINGLES, COMPOUNDS, WHOLE_LINES], ids=["singles", "compounds", "whole lines"])
def test_every_construct_reads_back(conditions: st.SearchStrategy) -> None:  # type: ignore[type-arg]  # of Condition
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.builds(Draft, conditions))
    def law(draft: Draft) -> None:
        holds(draft)

    law()


@pytest.mark.parametrize("slot", SLOTS)
def test_word_tickers_work_in_every_slot(slot: str) -> None:
    meant = repr(read(slot.replace("{}", "XYZQ")))
    for word in WORD_TICKERS:
        assert repr(read(slot.replace("{}", word))) == meant.replace("XYZQ", word), word
        assert repr(read(slot.replace('"{}"', f'"{word}"').replace("{}", f"${word}"))) == meant.replace("XYZQ", word)


@pytest.mark.parametrize("line", LINES)
def test_every_example_parses_and_reads_back(line: str) -> None:
    holds(read(line))
    assert looks_like_alert(line)


@pytest.mark.parametrize("option", [option for option, _ in OPTIONS])
def test_every_option_follows_every_kind_that_can_bear_it(option: str) -> None:
    word = option.split(maxsplit=1)[0]
    bears = {"for": bears_hold, "hysteresis": bears_hysteresis}.get(word, lambda _condition: True)
    for topic in TOPICS:
        line = f"{topic.lines[0]} {option.replace('buy 10', 'buy 10 SPY')}"
        if not bears(read(topic.lines[0]).condition):
            with pytest.raises(AlertSyntaxError) as refused:
                read(line)
            assert len({format_draft(read(example)) for example in refused.value.examples}) == 2
        elif "rth" not in topic.lines[0] or "rth" not in option:
            holds(read(line))


@pytest.mark.parametrize("symbol", [symbol for symbol, _ in SYMBOLS])
def test_every_way_to_name_an_instrument_is_a_symbol(symbol: str) -> None:
    holds(read(f"{symbol} > 5"))
    holds(read(f"AAPL / {symbol} crosses 5"))


@given(st.text(max_size=520) | st.text("AaPpLl >=<()\"'andor19,.$%#*/-+:news\n", max_size=80))
@example("\x00")
@example('AAPL > 5 note "\\')
@example("news * " + "/(a+)+/ and " * 40)
@settings(max_examples=300, deadline=None)
def test_no_text_does_worse_than_a_refusal(text: str) -> None:
    looks_like_alert(text)
    survives(text)


@pytest.mark.timeout(110)
def test_ten_thousand_random_and_mutated_lines_neither_crash_nor_hang() -> None:
    taken = 0
    for text in mutated(random.Random(1), 10_000):  # noqa: S311  the same lines each time
        taken += survives(text)
    # Many a mutation leaves a good line good: then it must read back, too.
    assert 1_000 < taken < 9_000


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "text",
    [
        "(" * 400 + "AAPL > 5",
        "not " * 120 + "AAPL > 5",
        "AAPL > " + "1 + " * 120 + "1",
        "AAPL > " + "(" * 30 + "1" + ")" * 30,
        " and ".join(["A > 5"] * 60),
        "AAPL > " + "9" * 480,
        "AAPL" + " " * 490 + "> 5",
        "news * " + '"a" or ' * 60 + '"b"',
        "a-" * 250,
        "1" * 499 + "x",
        "AAPL enters " + "1" * 480,
        "AAPL enters " + "1." * 240,
    ],
)
def test_long_and_deep_lines_are_settled_quickly(text: str) -> None:
    looks_like_alert(text)
    survives(text)


def survives(text: str) -> bool:
    """Return whether *text* is a line; it reads back then. A refusal is in order, and its examples parse."""
    refusal = refused(text)
    if refusal is None:
        holds(read(text))
        return True
    assert 0 <= refusal.position <= len(text)
    assert refusal.expected
    assert len(refusal.examples) == 2
    for line in refusal.examples:
        read(line)
    return False


def refused(text: str) -> AlertSyntaxError | None:
    try:
        read(text)
    except AlertSyntaxError as error:
        return error
    return None


def mutated(rng: random.Random, count: int) -> Iterator[str]:
    """Yield lines: one in ten of random words, the others good ones with up to three things changed."""
    options = [option for option, _ in OPTIONS]
    odd = [
        "\x00",
        "é",
        "²",
        "٣",
        "1e999",
        "9" * 40,
        "..",
        "/a",
        "(",
        ")",
        '"',
        "“",
        "not",
        "$",
        "%",
        "@",
        "-",
        "*",
        "/",
    ]
    words = sorted({word for line in LINES + options for word in line.split()}) + odd
    for number in range(count):
        if number % 10 == 0:
            yield " ".join(rng.choice(words) for _ in range(rng.randrange(1, 60)))
            continue
        line = rng.choice(LINES) + (f" {rng.choice(options)}" if rng.random() < 0.4 else "")
        for _ in range(rng.choice([0, 1, 1, 2, 3])):
            line = _mutated(rng, line, words)
        yield line


def _mutated(rng: random.Random, line: str, words: list[str]) -> str:
    parts, at = line.split(" "), rng.randrange(len(line))
    which = rng.randrange(len(parts))
    match rng.randrange(6):
        case 0:
            parts[which] = rng.choice(words)
        case 1:
            parts.insert(which, rng.choice(words))
        case 2:
            del parts[which]
        case 3:
            return (line[:at] + line[at + 1 :]) or "x"
        case 4:
            return line[:at] + chr(rng.choice([rng.randrange(32, 127), rng.randrange(0x250)])) + line[at:]
        case _:
            return line[:at] + line[rng.randrange(len(line)) :]
    return " ".join(parts) or "x"
