"""
Drafts as text: the one spelling from which `alerts.language.parse` makes the same draft again.

Numbers are written in full, symbols in upper case, moments in UTC, options in a fixed order. A symbol that is also a
word of the language gets its `$`.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from alerts.condition import (
    AllOf,
    AnyOf,
    AtSession,
    AtTime,
    Both,
    Channel,
    Comparison,
    Condition,
    Crossing,
    DayMove,
    Direction,
    Draft,
    Either,
    EveryTime,
    Inverse,
    NewsMatch,
    Options,
    OrderMatch,
    Pattern,
    Phrase,
    PositionMove,
    ScanEntry,
    Stale,
    Trailing,
    Unit,
    Velocity,
    Way,
    Words,
)
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
from market.scan import ScanSpec

MOST_ROWS = 50
"""IBKR sends at most so many rows of a scan."""

# fmt: off
RESERVED = frozenset({
    "NEWS", "SCAN", "WHEN", "IF", "TELL", "ALERT", "NOTIFY", "PING", "WARN", "PLEASE", "NOT", "AND", "OR", "POSITION",
    "POSITIONS", "ACCOUNT", "MY", "ORDER", "ORDERS", "AT", "EVERY", "SMA", "EMA", "RSI", "MACD", "BBANDS", "ATR",
    "VWAP", "ADX", "STOCH", "HIGH", "LOW", "AVGVOLUME", "LAST", "BID", "ASK", "MID", "IV", "DELTA", "GAMMA", "THETA",
    "VEGA", "OPENINTEREST", "DTE", "VOLUME", "AVGCOST", "AVG", "AVERAGE", "ABOVE", "OVER", "BELOW", "UNDER", "UP",
    "DOWN", "ANY", "PORTFOLIO", "WATCHLIST", "OPEN", "CLOSE", "ONCE", "FILLED", "REJECTED", "CANCELLED", "CANCELED",
})
# fmt: on
"""Words that mean something where a symbol may stand, too."""

_QUOTES = re.compile(r'(["“”„«»\\])')
_UNITS = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOVES = {Way.UP: "rises", Way.DOWN: "drops", Way.EITHER: "moves"}
_SIGNS = {Way.UP: "+", Way.DOWN: "-", Way.EITHER: "±"}
_SHARES = frozenset({"cushion", "margin", "pnl%", "day%"})
_USUAL_LINES = frozenset({("macd", "macd"), ("stoch", "k")})
_LARGEST_FRACTION = 5


def format_draft(draft: Draft) -> str:
    """Return *draft* as a line of the alert language: `parse(format_draft(draft)) == draft`."""
    return " ".join([condition_text(draft.condition), *_options(draft.options)])


def condition_text(condition: Condition) -> str:
    """Return *condition* as the alert language writes it."""
    match condition:
        case Comparison(left, op, right):
            return f"{_side(left, right)} {op} {_side(right, left, _subject(left))}"
        case Crossing(left, direction, right):
            way = "" if direction is Direction.EITHER else f" {direction}"
            return f"{_side(left, right)} crosses{way} {_side(right, left, _subject(left))}"
        case Channel(value, enters, low, high):
            word = "enters" if enters else "leaves"
            return f"{operand_text(value)} {word} {number_text(low)}..{number_text(high)}"
        case Both(parts):
            # `or` binds weaker than `and`, so only it needs parentheses here.
            return " and ".join(
                f"({condition_text(part)})" if isinstance(part, Either) else condition_text(part) for part in parts
            )
        case Either(parts):
            return " or ".join(condition_text(part) for part in parts)
        case Inverse(part):
            text = condition_text(part)
            return f"not ({text})" if isinstance(part, Both | Either) else f"not {text}"
        case DayMove() | Velocity() | Trailing():
            return _move(condition)
        case _:
            return _event(condition)


def operand_text(operand: Operand) -> str:
    """Return *operand* by itself: `AAPL`, `AAPL bid`, `AAPL rsi(14, 1h)`, `200`."""
    match operand:
        case Number(value):
            return number_text(value)
        case Price(symbol, field):
            return _symbol(symbol) if field is PriceField.LAST else f"{_symbol(symbol)} {field}"
        case Volume(symbol):
            return f"{_symbol(symbol)} volume"
        case OptionValue(symbol, name):
            return f"{_symbol(symbol)} {name}"
        case PositionValue(symbol, name):
            return f"position {_holding(symbol)} {name}"
        case AccountValue(name):
            return f"account {name}"
        case AverageCost(symbol):
            return f"avgcost of {_symbol(symbol)}"
        case Indicator(symbol) | AverageVolume(symbol) | Extreme(symbol):
            return f"{_symbol(symbol)} {_study(operand)}"
        case Arithmetic(left, sign, right):
            return f"{_term(left, sign)} {sign} {_term(right, sign, is_right=True)}"


def number_text(value: float) -> str:
    """Return *value* in full, without exponent or separators: `200`, `199.5`, `0.00001`."""
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


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


def words_text(words: Words) -> str:
    """Return a news pattern: `"guidance" or /downgrad/i`."""
    match words:
        case Phrase(text):
            return _quoted(text)
        case Pattern(text, ignore_case):
            escaped = re.sub(r"(?<!\\)((?:\\\\)*)/", r"\1\\/", text)
            return f"/{escaped}/{'i' if ignore_case else ''}"
        case AllOf(parts):
            return " and ".join(
                f"({words_text(part)})" if isinstance(part, AnyOf) else words_text(part) for part in parts
            )
        case AnyOf(parts):
            return " or ".join(words_text(part) for part in parts)


def days_text(days: tuple[int, ...]) -> str:
    """Return *days* (0 Monday): `weekdays`, `mon,wed`, '' for every day."""
    known = {(): "", (0, 1, 2, 3, 4): "weekdays", (5, 6): "weekends"}
    return known[days] if days in known else ",".join(_DAYS[day] for day in days)


def _symbol(symbol: str) -> str:
    return f"${symbol}" if symbol in RESERVED else symbol


def _holding(symbol: str) -> str:
    return symbol if symbol == "any" else _symbol(symbol)


def _subject(operand: Operand) -> str:
    """Return the symbol that a bare study on the other side of *operand* speaks of, or ''."""
    match operand:
        case Arithmetic(left, _, right):
            return _subject(left) or _subject(right)
        case Number() | AccountValue() | PositionValue("any"):
            return ""
        case _:
            return operand.symbol


def _side(operand: Operand, other: Operand, subject: str = "") -> str:
    """Return one side of a comparison; on the right, *subject* need not be said again."""
    match operand:
        case Number(value):
            return _value(value, other)
        case Indicator(symbol) | AverageVolume(symbol) | Extreme(symbol) if subject:
            return _study(operand) if symbol == subject else f"{_study(operand)} of {_symbol(symbol)}"
        case AverageCost(symbol) if symbol == subject:
            return "avgcost"
        case Arithmetic(left, sign, right) if subject:
            return f"{_term(left, sign, subject)} {sign} {_term(right, sign, subject, is_right=True)}"
        case Price(symbol, PriceField.LAST):
            # A lone word after a comparison may be misread, a ticker with its $ may not.
            return _symbol(symbol)
        case _:
            return operand_text(operand)


def _value(value: float, beside: Operand) -> str:
    match beside:
        case AccountValue(name) | PositionValue(_, name) if name in _SHARES:
            return f"{number_text(value)}%"
        case OptionValue(_, "iv") if abs(value) > _LARGEST_FRACTION:
            return f"{number_text(float(Decimal(repr(value)) * 100))}%"
        case _:
            return number_text(value)


def _term(operand: Operand, sign: Sign, subject: str = "", *, is_right: bool = False) -> str:
    text = _side(operand, operand, subject)
    if not isinstance(operand, Arithmetic):
        return text
    weak = operand.sign in {Sign.PLUS, Sign.MINUS}
    # Signs of one strength are read from the left; a right part keeps its parentheses.
    return f"({text})" if is_right or (weak and sign in {Sign.TIMES, Sign.OVER}) else text


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


def _move(move: DayMove | Velocity | Trailing) -> str:
    symbol = _symbol(move.symbol)
    match move:
        case DayMove(_, percent, way, _, True):
            side = {Way.UP: "up ", Way.DOWN: "down ", Way.EITHER: ""}[way]
            return f"{symbol} gaps {side}{number_text(percent)}%"
        case DayMove(_, percent, way, base):
            since = "" if base is None else f" from {number_text(base)}"
            return f"{symbol} {_SIGNS[way]}{number_text(percent)}%{since}"
        case Velocity(_, amount, unit, way, window):
            return f"{symbol} {_MOVES[way]} {size_text(amount, unit)} in {duration_text(window)}"
        case Trailing(_, amount, unit, from_low, atr):
            return f"{symbol} trails {size_text(amount, unit, atr)}{' up' if from_low else ''}"


_Event = NewsMatch | ScanEntry | PositionMove | OrderMatch | AtTime | EveryTime | AtSession | Stale


def _event(condition: _Event) -> str:
    match condition:
        case NewsMatch():
            return _news(condition)
        case ScanEntry(spec):
            return _scan(spec)
        case PositionMove(symbol, percent):
            return f"position {_holding(symbol)} {'+' if percent > 0 else '-'}{number_text(abs(percent))}%"
        case OrderMatch(event, symbol):
            return f"orders {_symbol(symbol)} {event}" if symbol else f"orders {event}"
        case AtTime(hour, minute, zone, days, message):
            words = [f"at {hour:02}:{minute:02}", zone, days_text(days)]
            return " ".join(word for word in (*words, message and _quoted(message)) if word)
        case EveryTime(period, message):
            return f"every {duration_text(period)}{_tail(message)}"
        case AtSession(is_open, offset, message):
            sign = "-" if offset < timedelta() else "+"
            shift = f" {sign} {duration_text(abs(offset))}" if offset else ""
            return f"at {'open' if is_open else 'close'}{shift}{_tail(message)}"
        case Stale(symbol, age):
            return f"{_symbol(symbol)} stale {duration_text(age)}"


def _tail(message: str) -> str:
    return f" {_quoted(message)}" if message else ""


def _quoted(text: str) -> str:
    return '"' + _QUOTES.sub(r"\\\1", text) + '"'


def _news(match: NewsMatch) -> str:
    subject = match.symbol if match.symbol in {"*", "portfolio", "watchlist"} else _symbol(match.symbol)
    phrases = " or ".join(_quoted(phrase) for phrase in match.phrases)
    words = phrases if match.words is None else words_text(match.words)
    gate = ""
    if match.gate is not None:
        moves = f"{_MOVES[match.gate.way]} {size_text(match.gate.amount, match.gate.unit)}"
        gate = f"if {moves} in {duration_text(match.gate.window)}"
    return " ".join(part for part in ("news", subject, words, gate) if part)


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
    valued = (
        ("cooldown", options.cooldown and duration_text(options.cooldown)),
        ("max", options.most and str(options.most)),
        ("for", options.hold and duration_text(options.hold)),
        ("", options.hours and str(options.hours)),
        ("until", options.until and moment_text(options.until)),
        ("hysteresis", options.hysteresis_pct and f"{number_text(options.hysteresis_pct)}%"),
        ("", "silent" if options.silent else ""),
        ("", "critical" if options.critical else ""),
        ("tag", options.tag),
        ("note", options.note and _quoted(options.note)),
        ("then", options.then),
        ("to", options.to and f"@{options.to}"),
    )
    words = [] if options.repeat is None else [str(options.repeat)]
    return words + [f"{word} {value}".strip() for word, value in valued if value]
