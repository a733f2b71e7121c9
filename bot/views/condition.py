"""A condition of the alert language as a person would say it. Plain text: whoever inserts it escapes it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from alerts.condition import Both, Comparison, Condition, Crossing, Direction, Either, NewsMatch, Op, ScanEntry
from alerts.operand import Indicator, Number, Operand, Price, PriceField
from alerts.rule import Rule
from alerts.wording import format_draft
from bot.views.numbers import exact
from market.instrument import Instrument
from market.scan import ScanSpec

_WORDS = {Op.GT: "above", Op.GE: "at or above", Op.LT: "below", Op.LE: "at or below"}
_CROSSES = {
    Direction.ABOVE: "crosses above",
    Direction.BELOW: "crosses below",
    Direction.EITHER: "crosses",
}
_UPWARD = {Op.GT, Op.GE, Direction.ABOVE}
_DOWNWARD = {Op.LT, Op.LE, Direction.BELOW}

Instruments = Mapping[str, Instrument]


def describe(rule: Rule) -> str:
    """Return the rule's condition in words, symbols by their instruments' names."""
    return _phrase(rule.draft.condition, rule.instruments)


def subject(rule: Rule) -> str:
    """Return what the rule is about, briefly: its first instrument, the scan's code, or `Any news`."""
    condition = next(_leaves(rule.draft.condition))
    match condition:
        case ScanEntry(spec):
            return spec.code
        case NewsMatch("*"):
            return "Any news"
        case NewsMatch(symbol):
            return _label(symbol, rule.instruments)
        case Comparison(left, _, right) | Crossing(left, _, right):
            priced = next((side for side in (left, right) if not isinstance(side, Number)), None)
            return _label(priced.symbol, rule.instruments) if priced else rule.text


def instrument_of(rule: Rule) -> Instrument | None:
    """Return the first instrument that the rule speaks of, or None (scans, broad news)."""
    return next(iter(rule.instruments.values()), None)


def looks_at_prices(rule: Rule) -> bool:
    """Return whether any part of the rule compares or crosses: those of news and scans need no price."""
    return any(isinstance(leaf, Comparison | Crossing) for leaf in _leaves(rule.draft.condition))


def level_of(rule: Rule) -> float | None:
    """Return the fixed price that a plain level or crossing alert waits for, or None for every other kind."""
    condition = rule.draft.condition
    if isinstance(condition, Comparison | Crossing):
        match condition.left, condition.right:
            case (Price(), Number(value)) | (Number(value), Price()):
                return value
    return None


def direction_of(rule: Rule) -> str:
    """Return ▲, ▼ or ↕ for the way a plain level or crossing looks, nothing for every other kind."""
    condition = rule.draft.condition
    if level_of(rule) is None or not isinstance(condition, Comparison | Crossing):
        return ""
    way = condition.op if isinstance(condition, Comparison) else condition.direction
    turned = isinstance(condition.left, Number)
    if way in (_DOWNWARD if turned else _UPWARD):
        return "▲"
    return "▼" if way in (_UPWARD if turned else _DOWNWARD) else "↕"


def crossing_line(rule: Rule) -> str:
    """Return the line that would wait for the next crossing where *rule* waits for a level, "" for other kinds."""
    condition = rule.draft.condition
    if level_of(rule) is None or not isinstance(condition, Comparison):
        return ""
    way = Direction.ABOVE if condition.op in _UPWARD else Direction.BELOW
    return format_draft(replace(rule.draft, condition=Crossing(condition.left, way, condition.right)))


def scan_phrase(spec: ScanSpec) -> str:
    """Return the scan's bounds in words: `top 10 · price above 5 · volume above 1,000,000`."""
    parts = [f"top {spec.rows}"]
    if spec.above_price is not None:
        parts.append(f"price above {exact(spec.above_price)}")
    if spec.below_price is not None:
        parts.append(f"price below {exact(spec.below_price)}")
    if spec.above_volume is not None:
        parts.append(f"volume above {exact(spec.above_volume)}")
    return " · ".join(parts)


def _leaves(condition: Condition) -> Iterator[Comparison | Crossing | NewsMatch | ScanEntry]:
    if isinstance(condition, Both | Either):
        for part in condition.parts:
            yield from _leaves(part)
    else:
        yield condition


def _phrase(condition: Condition, instruments: Instruments) -> str:
    match condition:
        case Comparison(left, op, right):
            return _relation(left, _WORDS[op], right, instruments)
        case Crossing(left, direction, right):
            return _relation(left, _CROSSES[direction], right, instruments)
        case NewsMatch():
            return _news(condition, instruments)
        case ScanEntry(spec):
            return f"new in scan {spec.code} ({scan_phrase(spec).replace(' · ', ', ')})"
        case Both(parts):
            return " and ".join(_nested(part, instruments) for part in parts)
        case Either(parts):
            return " or ".join(_phrase(part, instruments) for part in parts)


def _nested(condition: Condition, instruments: Instruments) -> str:
    phrase = _phrase(condition, instruments)
    return f"({phrase})" if isinstance(condition, Either) else phrase


def _relation(left: Operand, words: str, right: Operand, instruments: Instruments) -> str:
    return f"{_operand(left, right, instruments)} {words} {_operand(right, left, instruments)}"


def _operand(operand: Operand, other: Operand, instruments: Instruments) -> str:
    match operand:
        case Number(value):
            return exact(value, _decimals(other, instruments))
        case Price(symbol, field):
            label = _label(symbol, instruments)
            return label if field is PriceField.LAST else f"{label} {field.value}"
        case Indicator(symbol, name, length, bar):
            return f"{_label(symbol, instruments)} {name.upper()}({length}, {bar.value})"


def _decimals(beside: Operand, instruments: Instruments) -> int:
    """How a fixed number beside *beside* is written: as a price, or bare beside an index such as RSI."""
    if isinstance(beside, Number) or (isinstance(beside, Indicator) and beside.name == "rsi"):
        return 0
    instrument = instruments.get(beside.symbol)
    return 2 if instrument is None else instrument.decimals


def _news(match: NewsMatch, instruments: Instruments) -> str:
    about = "any news" if match.symbol == "*" else f"news on {_label(match.symbol, instruments)}"
    if not match.phrases:
        return about
    return f"{about} with " + " or ".join(f"“{phrase}”" for phrase in match.phrases)


def _label(symbol: str, instruments: Instruments) -> str:
    instrument = instruments.get(symbol)
    return symbol if instrument is None else instrument.label
