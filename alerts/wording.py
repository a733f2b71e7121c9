"""
Drafts as text: the one spelling from which `alerts.language.parse` makes the same draft again.

Moments are in UTC, options in a fixed order; values are spelled by `alerts/spelling.py`.
"""

import re
from datetime import timedelta
from decimal import Decimal

from alerts.condition import (
    EVERY_CHANGE,
    USUAL_JUMP,
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
    ScanChange,
    ScanEntry,
    Stale,
    Trailing,
    Velocity,
    Way,
    Words,
)
from alerts.scan_filters import bound_of, universe_of
from alerts.spelling import (
    duration_text,
    holding_text,
    moment_text,
    number_text,
    operand_text,
    quoted,
    side_text,
    size_text,
    subject_of,
    symbol_text,
)
from market.scan import MOST_ROWS

__all__ = [
    "condition_text",
    "days_text",
    "duration_text",
    "format_draft",
    "number_text",
    "operand_text",
    "size_text",
    "words_text",
]

_US = "STK.US.MAJOR"
_SUBJECTS = frozenset({"*", "portfolio", "watchlist", "bulletins"})

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOVES = {Way.UP: "rises", Way.DOWN: "drops", Way.EITHER: "moves"}
_SIGNS = {Way.UP: "+", Way.DOWN: "-", Way.EITHER: "±"}


def format_draft(draft: Draft) -> str:
    """Return *draft* as a line of the alert language: `parse(format_draft(draft)) == draft`."""
    return " ".join([condition_text(draft.condition), *_options(draft.options)])


def condition_text(condition: Condition) -> str:
    """Return *condition* as the alert language writes it."""
    match condition:
        case Comparison(left, op, right):
            return f"{side_text(left, right)} {op} {side_text(right, left, subject_of(left))}"
        case Crossing(left, direction, right):
            way = "" if direction is Direction.EITHER else f" {direction}"
            return f"{side_text(left, right)} crosses{way} {side_text(right, left, subject_of(left))}"
        case Channel(value, enters, low, high):
            word = "enters" if enters else "leaves"
            return f"{operand_text(value)} {word} {number_text(low)}..{number_text(high)}"
        case Both() | Either() | Inverse():
            return _joined(condition)
        case DayMove() | Velocity() | Trailing():
            return _move(condition)
        case _:
            return _event(condition)


def _joined(condition: Both | Either | Inverse) -> str:
    match condition:
        case Both(parts):
            # `or` binds weaker than `and`, so only it needs parentheses here.
            return " and ".join(
                f"({condition_text(part)})" if isinstance(part, Either) else condition_text(part) for part in parts
            )
        case Either(parts):
            return " or ".join(condition_text(part) for part in parts)
        case Inverse(part):
            text = condition_text(part)
            # After `not`, a minus would make a ticker of it: NOT -1%.
            needs = isinstance(part, Both | Either) or text.startswith("-")
            return f"not ({text})" if needs else f"not {text}"


def words_text(words: Words) -> str:
    """Return a news pattern: `"guidance" or /downgrad/i`."""
    match words:
        case Phrase(text):
            return quoted(text)
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


def _move(move: DayMove | Velocity | Trailing) -> str:
    symbol = symbol_text(move.symbol)
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
    """Return a line that stands by itself."""
    match condition:
        case NewsMatch():
            return _news(condition)
        case ScanEntry():
            return _scan(condition)
        case PositionMove(symbol, percent):
            return f"position {holding_text(symbol)} {'+' if percent > 0 else '-'}{number_text(abs(percent))}%"
        case OrderMatch(event, symbol):
            return f"orders {symbol_text(symbol)} {event}" if symbol else f"orders {event}"
        case Stale(symbol, age):
            return f"{symbol_text(symbol)} stale {duration_text(age)}"
        case _:
            return _time(condition)


def _time(condition: AtTime | EveryTime | AtSession) -> str:
    match condition:
        case AtTime(hour, minute, zone, days, message):
            words = [f"at {hour:02}:{minute:02}", zone, days_text(days)]
            return " ".join(word for word in (*words, message and quoted(message)) if word)
        case EveryTime(period, message):
            return f"every {duration_text(period)}{_tail(message)}"
        case AtSession(is_open, offset, message):
            sign = "-" if offset < timedelta() else "+"
            shift = f" {sign} {duration_text(abs(offset))}" if offset else ""
            return f"at {'open' if is_open else 'close'}{shift}{_tail(message)}"


def _tail(message: str) -> str:
    return f" {quoted(message)}" if message else ""


def _news(match: NewsMatch) -> str:
    subject = match.symbol if match.symbol in _SUBJECTS else symbol_text(match.symbol)
    phrases = " or ".join(quoted(phrase) for phrase in match.phrases)
    words = phrases if match.words is None else words_text(match.words)
    gate = ""
    if match.gate is not None:
        moves = f"{_MOVES[match.gate.way]} {size_text(match.gate.amount, match.gate.unit)}"
        gate = f"if {moves} in {duration_text(match.gate.window)}"
    told_by = f"from {', '.join(match.providers)}" if match.providers else ""
    told_in = f"in {', '.join(match.languages)}" if match.languages else ""
    return " ".join(part for part in ("news", subject, words, told_by, told_in, gate) if part)


def _scan(entry: ScanEntry) -> str:
    spec = entry.spec
    words = ["scan", spec.code]
    if (spec.location, spec.instrument) != (_US, universe_of(_US)):
        words.append(f"on {spec.location}")
    if spec.above_price is not None:
        words.append(f"price > {number_text(spec.above_price)}")
    if spec.below_price is not None:
        words.append(f"price < {number_text(spec.below_price)}")
    if spec.above_volume is not None:
        words.append(f"volume > {spec.above_volume}")
    words += [_bound(code, value) for code, value in spec.filters]
    if spec.rows != MOST_ROWS:
        words.append(f"top {spec.rows}")
    if entry.changes != EVERY_CHANGE or entry.jump != USUAL_JUMP:
        told = [f"{change} {entry.jump}" if change is ScanChange.JUMPED else str(change) for change in entry.changes]
        words.append(f"only {', '.join(told)}")
    return " ".join(words)


def _bound(code: str, value: str) -> str:
    known = bound_of(code)
    if known is None:
        return f"where {code} = {value}"
    bound, is_lower = known
    size = number_text(float(Decimal(value) * bound.scale))
    return f"{bound.word} {'>' if is_lower else '<'} {size}{'%' if bound.is_percent else ''}"


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
        ("note", options.note and quoted(options.note)),
        ("then", options.then),
        ("to", options.to and f"@{options.to}"),
    )
    words = [] if options.repeat is None else [str(options.repeat)]
    return words + [f"{word} {value}".strip() for word, value in valued if value]
