"""A condition of the alert language as a person would say it. Plain text: whoever inserts it escapes it."""

from dataclasses import replace
from decimal import Decimal

from alerts.condition import (
    USUAL_JUMP,
    AtSession,
    AtTime,
    Both,
    Channel,
    Comparison,
    Condition,
    Crossing,
    DayMove,
    Direction,
    Either,
    EveryTime,
    Inverse,
    NewsMatch,
    Op,
    OrderMatch,
    PositionMove,
    ScanChange,
    ScanEntry,
    Stale,
    Trailing,
    Velocity,
    Way,
)
from alerts.leaf import leaves, singles
from alerts.operand import AccountValue, Number, Operand, Price
from alerts.rule import Rule
from alerts.scan_filters import bound_of
from alerts.wording import days_text, duration_text, format_draft, words_text
from bot.views.numbers import exact
from bot.views.operand import Instruments, first_symbol, label, number, operand, size
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
_MOVES = {Way.UP: "rises", Way.DOWN: "drops", Way.EITHER: "moves"}
_NEWS = {
    "*": "any news",
    "portfolio": "news on your positions",
    "watchlist": "news on your watchlist",
    "bulletins": "IBKR's bulletins",
}
_SIDES = {Way.UP: "up", Way.DOWN: "down", Way.EITHER: "up or down"}
_US = ScanSpec("").location
_BOUNDS = {"marketcap": "market cap", "avgvolume": "average volume", "change": "change"}
_ABOUT = {
    "*": "Any news",
    "portfolio": "Portfolio",
    "watchlist": "Watchlist",
    "bulletins": "IBKR bulletins",
    "any": "Any position",
    "": "Orders",
}


def describe(rule: Rule) -> str:
    """Return the rule's condition in words, symbols by their instruments' names."""
    return _phrase(rule.draft.condition, rule.instruments)


def subject(rule: Rule) -> str:
    """Return what the rule is about, briefly: its first instrument, the scan's code, `Any news`, `Account`."""
    match next(singles(rule.draft.condition)):
        case ScanEntry(spec):
            return spec.code
        case NewsMatch(symbol) | PositionMove(symbol) | OrderMatch(_, symbol) if symbol in _ABOUT:
            return _ABOUT[symbol]
        case AtTime() | EveryTime() | AtSession():
            return "Time"
        case Comparison(left, _, right) | Crossing(left, _, right):
            return _compared(left, right, rule)
        case Channel(value):
            return label(first_symbol(value), rule.instruments)
        case leaf:
            return label(leaf.symbol, rule.instruments)


def instrument_of(rule: Rule) -> Instrument | None:
    """Return the first instrument that the rule speaks of, or None (scans, broad news, which may keep SPY's hours)."""
    condition = rule.draft.condition
    if isinstance(condition, ScanEntry | NewsMatch):
        return rule.instruments.get(condition.symbol) if isinstance(condition, NewsMatch) else None
    return next(iter(rule.instruments.values()), None)


def looks_at_prices(rule: Rule) -> bool:
    """Return whether any part of the rule looks at prices of an instrument: those of news and scans need none."""
    kinds = Comparison | Crossing | Channel | DayMove | Velocity | Trailing
    return bool(rule.instruments) and any(isinstance(leaf, kinds) for leaf in singles(rule.draft.condition))


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
    """Return the scan's bounds in words: `top 10 · on STK.NASDAQ · price above 5 · volume above 1,000,000`."""
    parts = [f"top {spec.rows}"]
    if spec.location != _US:
        parts.append(f"on {spec.location}")
    if spec.above_price is not None:
        parts.append(f"price above {exact(spec.above_price)}")
    if spec.below_price is not None:
        parts.append(f"price below {exact(spec.below_price)}")
    if spec.above_volume is not None:
        parts.append(f"volume above {exact(spec.above_volume)}")
    parts += [_bound(code, value) for code, value in spec.filters]
    return " · ".join(parts)


def _bound(code: str, value: str) -> str:
    """Return one of IBKR's filters in words: `market cap above 1,000,000,000`, or its code and value as they are."""
    known = bound_of(code)
    if known is None:
        return f"{code} {value}"
    bound, is_lower = known
    size = exact(float(Decimal(value) * bound.scale))
    return f"{_BOUNDS[bound.word]} {'above' if is_lower else 'below'} {size}{'%' if bound.is_percent else ''}"


def _changes(entry: ScanEntry) -> str:
    jumped = "jumped" if entry.jump == USUAL_JUMP else f"jumped {entry.jump} ranks"
    words = {ScanChange.NEW: "new", ScanChange.DROPPED: "dropped", ScanChange.JUMPED: jumped}
    *others, last = (words[change] for change in entry.changes)
    return f"{', '.join(others)} or {last}" if others else last


def _compared(left: Operand, right: Operand, rule: Rule) -> str:
    symbol = first_symbol(left) or first_symbol(right)
    if symbol:
        return "Any position" if symbol == "any" else label(symbol, rule.instruments)
    of_account = any(isinstance(leaf, AccountValue) for side in (left, right) for leaf in leaves(side))
    return "Account" if of_account else rule.text


def _phrase(condition: Condition, instruments: Instruments) -> str:  # noqa: PLR0911  one for each kind
    match condition:
        case Both(parts):
            return " and ".join(_nested(part, instruments, Either) for part in parts)
        case Either(parts):
            return " or ".join(_nested(part, instruments, Both) for part in parts)
        case Inverse(part):
            return f"not {_nested(part, instruments, Both | Either)}"
        case Comparison(left, op, right):
            return _relation(left, _WORDS[op], right, instruments)
        case Crossing(left, direction, right):
            return _relation(left, _CROSSES[direction], right, instruments)
        case Channel(value, enters, low, high):
            bounds = f"{number(low, value, instruments)} to {number(high, value, instruments)}"
            return f"{operand(value, value, instruments)} {'enters' if enters else 'leaves'} {bounds}"
        case _:
            return _moving(condition, instruments)


def _nested(condition: Condition, instruments: Instruments, looser: object) -> str:
    phrase = _phrase(condition, instruments)
    return f"({phrase})" if isinstance(condition, looser) else phrase  # type: ignore[arg-type]  # a class or a union


def _relation(left: Operand, words: str, right: Operand, instruments: Instruments) -> str:
    return f"{operand(left, right, instruments)} {words} {operand(right, left, instruments)}"


_Rest = (
    DayMove
    | Velocity
    | Trailing
    | PositionMove
    | OrderMatch
    | AtTime
    | EveryTime
    | AtSession
    | Stale
    | NewsMatch
    | ScanEntry
)


def _moving(condition: _Rest, instruments: Instruments) -> str:
    match condition:
        case DayMove(symbol, percent, way, _, True):
            side = "" if way is Way.EITHER else f" {_SIDES[way]}"
            return f"{label(symbol, instruments)} gaps{side} {exact(percent)}% at the open"
        case DayMove(symbol, percent, way, base):
            instrument = instruments.get(symbol)
            decimals = 2 if instrument is None else instrument.decimals
            since = "today" if base is None else f"from {exact(base, decimals)}"
            return f"{label(symbol, instruments)} {_SIDES[way]} {exact(percent)}% {since}"
        case Velocity(symbol):
            return f"{label(symbol, instruments)} {_velocity(condition)}"
        case Trailing(symbol, amount, unit, from_low, atr):
            best = "above its low" if from_low else "below its high"
            return f"{label(symbol, instruments)} {size(amount, unit, atr)} {best} since set"
        case PositionMove(symbol, percent):
            whose = "any position" if symbol == "any" else f"your {label(symbol, instruments)}"
            return f"{whose} {'up' if percent > 0 else 'down'} {exact(abs(percent))}% today"
        case _:
            return _happening(condition, instruments)


def _happening(
    condition: OrderMatch | AtTime | EveryTime | AtSession | Stale | NewsMatch | ScanEntry, instruments: Instruments
) -> str:
    match condition:
        case OrderMatch(event, symbol):
            return f"an order{f' in {label(symbol, instruments)}' if symbol else ''} is {event.value}"
        case AtTime() | EveryTime() | AtSession():
            return _time(condition)
        case Stale(symbol, age):
            return f"nothing heard of {label(symbol, instruments)} for {duration_text(age)}"
        case NewsMatch():
            return _news(condition, instruments)
        case ScanEntry(spec):
            return f"{_changes(condition)} in scan {spec.code} ({scan_phrase(spec).replace(' · ', ', ')})"


def _time(condition: AtTime | EveryTime | AtSession) -> str:
    said = f": {condition.message}" if condition.message else ""
    match condition:
        case AtTime(hour, minute, zone, days):
            words = [f"at {hour:02}:{minute:02}", f"{_city(zone)} time" if zone else ""]
            when = days_text(days).replace(",", ", ")
            return " ".join(word for word in (*words, f"on {when}" if when else "every day") if word) + said
        case EveryTime(period):
            return f"every {duration_text(period)}{said}"
        case AtSession(is_open, offset):
            event = "open" if is_open else "close"
            if not offset:
                return f"at the {event}{said}"
            return f"{duration_text(abs(offset))} {'before' if offset.days < 0 else 'after'} the {event}{said}"


def _city(zone: str) -> str:
    return zone.rpartition("/")[2].replace("_", " ")


def _velocity(move: Velocity) -> str:
    return f"{_MOVES[move.way]} {size(move.amount, move.unit)} within {duration_text(move.window)}"


def _news(match: NewsMatch, instruments: Instruments) -> str:
    about = _NEWS.get(match.symbol) or f"news on {label(match.symbol, instruments)}"
    if match.words is not None:
        about += f" with {words_text(match.words)}"
    elif match.phrases:
        about += " with " + " or ".join(f"“{phrase}”" for phrase in match.phrases)
    if match.providers:
        about += f" from {', '.join(match.providers)}"
    if match.languages:
        about += f" in {', '.join(match.languages)}"
    return about if match.gate is None else f"{about}, if it {_velocity(match.gate)}"
