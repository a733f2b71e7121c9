"""
Values of the alert language as text: numbers in full, symbols in upper case, studies with all they were given.

A symbol that is also a word of the language gets its `$`.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from alerts.condition import Unit
from alerts.operand import (
    AccountValue,
    Arithmetic,
    AverageCost,
    AverageVolume,
    Extreme,
    Indicator,
    Number,
    Operand,
    OptionValue,
    PositionValue,
    Price,
    PriceField,
    Sign,
    Volume,
)

# fmt: off
RESERVED = frozenset({
    "NEWS", "SCAN", "WHEN", "IF", "TELL", "ALERT", "NOTIFY", "PING", "WARN", "PLEASE", "NOT", "AND", "OR", "POSITION",
    "POSITIONS", "ACCOUNT", "MY", "ORDER", "ORDERS", "AT", "EVERY", "SMA", "EMA", "RSI", "MACD", "BBANDS", "ATR",
    "VWAP", "ADX", "STOCH", "HIGH", "LOW", "AVGVOLUME", "LAST", "BID", "ASK", "MID", "IV", "DELTA", "GAMMA", "THETA",
    "VEGA", "OPENINTEREST", "DTE", "VOLUME", "AVGCOST", "AVG", "AVERAGE", "ABOVE", "OVER", "BELOW", "UNDER", "UP",
    "DOWN", "ANY", "PORTFOLIO", "WATCHLIST", "OPEN", "CLOSE", "ONCE", "FILLED", "REJECTED", "CANCELLED", "CANCELED",
    "SILENT", "CRITICAL", "RTH", "ETH", "COOLDOWN", "MAX", "FOR", "UNTIL", "EXPIRES", "HYSTERESIS", "TAG", "NOTE", "TO",
    "THEN",
})
# fmt: on
"""Words that mean something where a symbol may stand, too."""

_QUOTES = re.compile(r'(["“”„«»\\])')
_UNITS = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
_SHARES = frozenset({"cushion", "margin", "pnl%", "day%"})
_USUAL_LINES = frozenset({("macd", "macd"), ("stoch", "k")})
_LARGEST_FRACTION = 5
_WEAK = frozenset({Sign.PLUS, Sign.MINUS})


def operand_text(operand: Operand) -> str:
    """Return *operand* by itself: `AAPL`, `AAPL bid`, `AAPL rsi(14, 1h)`, `200`."""
    match operand:
        case Number(value):
            return number_text(value)
        case PositionValue(symbol, name):
            return f"position {holding_text(symbol)} {name}"
        case AccountValue(name):
            return f"account {name}"
        case AverageCost(symbol):
            return f"avgcost of {symbol_text(symbol)}"
        case Arithmetic(left, sign, right):
            return f"{_term(left, sign)} {sign} {_term(right, sign, is_right=True)}"
        case _:
            return f"{symbol_text(operand.symbol)} {_of_symbol(operand)}".rstrip()


def _of_symbol(operand: Price | Volume | OptionValue | Indicator | AverageVolume | Extreme) -> str:
    """Return what of its symbol *operand* is; nothing for the last price."""
    match operand:
        case Price(_, field):
            return "" if field is PriceField.LAST else str(field)
        case Volume():
            return "volume"
        case OptionValue(_, name):
            return name
        case _:
            return _study(operand)


def number_text(value: float) -> str:
    """Return *value* in full, without exponent or separators: `200`, `199.5`, `0.00001`."""
    return _digits(Decimal(repr(value)))


def duration_text(duration: timedelta) -> str:
    """Return *duration* (whole seconds) in the largest unit that divides it: `30m`, `36h`, `1w`."""
    seconds = int(duration.total_seconds())
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


def moment_text(moment: datetime) -> str:
    """Return *moment* in UTC as `until` takes it: `2026-12-24 21:00Z`."""
    utc = moment.astimezone(UTC)
    return utc.strftime("%Y-%m-%d %H:%M:%SZ" if utc.second else "%Y-%m-%d %H:%MZ")


def size_text(amount: float, unit: Unit, atr: Indicator | None = None) -> str:
    """Return how far a price moves: `2%`, `$3`, `2 atr(14, 1d)`."""
    if unit is Unit.ATR and atr is not None:
        return f"{number_text(amount)} {_study(atr)}"
    return f"{number_text(amount)}%" if unit is Unit.PERCENT else f"${number_text(amount)}"


def symbol_text(symbol: str) -> str:
    """Return *symbol*, with a `$` where it is a word of the language, too."""
    return f"${symbol}" if symbol in RESERVED else symbol


def holding_text(symbol: str) -> str:
    """Return whose position is meant: a symbol's, or of `any`."""
    return symbol if symbol == "any" else symbol_text(symbol)


def quoted(text: str) -> str:
    """Return *text* in quotes, those within it escaped."""
    return '"' + _QUOTES.sub(r"\\\1", text) + '"'


def subject_of(operand: Operand) -> str:
    """Return the symbol that a bare study on the other side of *operand* speaks of, or ''."""
    match operand:
        case Arithmetic(left, _, right):
            return subject_of(left) or subject_of(right)
        case Number() | AccountValue() | PositionValue("any"):
            return ""
        case _:
            return operand.symbol


def side_text(operand: Operand, other: Operand, subject: str = "") -> str:
    """Return one side of a comparison; on the right, *subject* need not be said again."""
    match operand:
        case Number(value):
            return _value(value, other)
        case Indicator(symbol) | AverageVolume(symbol) | Extreme(symbol) if subject:
            return _study(operand) if symbol == subject else f"{_study(operand)} of {symbol_text(symbol)}"
        case AverageCost(symbol) if symbol == subject:
            return "avgcost"
        case Arithmetic(left, sign, right) if subject:
            return f"{_term(left, sign, subject)} {sign} {_term(right, sign, subject, is_right=True)}"
        case Price(symbol, PriceField.LAST):
            # A lone word after a comparison may be misread, a ticker with its $ may not.
            return symbol_text(symbol)
        case _:
            return operand_text(operand)


def _value(value: float, beside: Operand) -> str:
    match beside:
        case AccountValue(name) | PositionValue(_, name) if name in _SHARES:
            return f"{number_text(value)}%"
        case OptionValue(_, "iv") if abs(value) > _LARGEST_FRACTION:
            return f"{_digits(Decimal(repr(value)) * 100)}%"
        case _:
            return number_text(value)


def _term(operand: Operand, sign: Sign, subject: str = "", *, is_right: bool = False) -> str:
    text = side_text(operand, operand, subject)
    if not isinstance(operand, Arithmetic):
        return text
    return f"({text})" if needs_parentheses(operand.sign, sign, is_right=is_right) else text


def needs_parentheses(inner: Sign, outer: Sign, *, is_right: bool) -> bool:
    """Return whether a part joined by *inner* keeps its parentheses beside *outer*: signs are read from the left."""
    is_weak, is_outer_weak = inner in _WEAK, outer in _WEAK
    return is_weak >= is_outer_weak if is_right else is_weak and not is_outer_weak


def _study(study: Indicator | AverageVolume | Extreme) -> str:
    match study:
        case AverageVolume(_, days):
            return f"avgvolume({days})"
        case Extreme(_, is_high, days):
            return f"{'high' if is_high else 'low'}({duration_text(timedelta(days=days))})"
        case Indicator(_, name, length, bar, more, part, live):
            values = [number_text(value) for value in ((length, *more) if length else more)]
            line = f" {part}" if part and (name, part) not in _USUAL_LINES else ""
            return f"{name}({', '.join([*values, bar])}){line}{' live' if live else ''}"


def _digits(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
