"""
Drafts as text: the one spelling from which `alerts.language.parse` makes the same draft again.

Numbers are written in full, symbols in upper case, options in a fixed order.
"""

import re
from datetime import timedelta
from decimal import Decimal

from alerts.condition import (
    Both,
    Comparison,
    Condition,
    Crossing,
    Direction,
    Draft,
    Either,
    NewsMatch,
    Options,
    ScanEntry,
)
from alerts.operand import Indicator, Number, Operand, Price, PriceField
from market.scan import ScanSpec

MOST_ROWS = 50
"""IBKR sends at most so many rows of a scan."""

_LEADING_WORDS = frozenset({"NEWS", "SCAN", "WHEN", "IF", "TELL", "ALERT", "NOTIFY", "PING", "WARN", "PLEASE"})
_QUOTES = re.compile(r'(["“”„«»\\])')
_UNITS = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def format_draft(draft: Draft) -> str:
    """Return *draft* as a line of the alert language: `parse(format_draft(draft)) == draft`."""
    return " ".join([condition_text(draft.condition), *_options(draft.options)])


def condition_text(condition: Condition) -> str:
    """Return *condition* as the alert language writes it."""
    match condition:
        case Comparison(left, op, right):
            return f"{_left(left)} {op} {_right(right, left)}"
        case Crossing(left, direction, right):
            way = "" if direction is Direction.EITHER else f" {direction}"
            return f"{_left(left)} crosses{way} {_right(right, left)}"
        case NewsMatch(symbol, phrases):
            return " ".join(["news", symbol, " or ".join(_quoted(phrase) for phrase in phrases)]).rstrip()
        case ScanEntry(spec):
            return _scan(spec)
        case Both(parts):
            # `or` binds weaker than `and`, so only it needs parentheses here.
            return " and ".join(
                f"({condition_text(part)})" if isinstance(part, Either) else condition_text(part) for part in parts
            )
        case Either(parts):
            return " or ".join(condition_text(part) for part in parts)


def operand_text(operand: Operand) -> str:
    """Return *operand* by itself: `AAPL`, `AAPL bid`, `AAPL rsi(14, 1h)`, `200`."""
    match operand:
        case Number(value):
            return number_text(value)
        case Price(symbol, field):
            return symbol if field is PriceField.LAST else f"{symbol} {field}"
        case Indicator(symbol, name, length, bar):
            return f"{symbol} {name}({length}, {bar})"


def number_text(value: float) -> str:
    """Return *value* in full, without exponent or separators: `200`, `199.5`, `0.00001`."""
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration_text(duration: timedelta) -> str:
    """Return *duration* (whole seconds) in the largest unit that divides it: `30m`, `36h`, `1w`."""
    seconds = int(duration.total_seconds())
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


def _left(operand: Operand) -> str:
    text = operand_text(operand)
    # A line may begin with these words: there, `$` says that the ticker is meant.
    return f"${text}" if text.split()[0] in _LEADING_WORDS else text


def _right(operand: Operand, left: Operand) -> str:
    if not isinstance(operand, Indicator):
        return operand_text(operand)
    study = f"{operand.name}({operand.length}, {operand.bar})"
    is_same = not isinstance(left, Number) and left.symbol == operand.symbol
    return study if is_same else f"{study} of {operand.symbol}"


def _quoted(text: str) -> str:
    return '"' + _QUOTES.sub(r"\\\1", text) + '"'


def _scan(spec: ScanSpec) -> str:
    words = ["scan", spec.code]
    if spec.above_price is not None:
        words.append(f"price > {number_text(spec.above_price)}")
    if spec.below_price is not None:
        words.append(f"price < {number_text(spec.below_price)}")
    if spec.above_volume is not None:
        words.append(f"volume > {spec.above_volume}")
    if spec.rows != MOST_ROWS:
        words.append(f"top {spec.rows}")
    return " ".join(words)


def _options(options: Options) -> list[str]:
    words = []
    if options.repeat is not None:
        words.append(str(options.repeat))
    if options.cooldown is not None:
        words.append(f"cooldown {duration_text(options.cooldown)}")
    if options.silent:
        words.append("silent")
    if options.critical:
        words.append("critical")
    if options.note:
        words.append(f"note {_quoted(options.note)}")
    return words
