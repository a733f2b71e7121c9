"""
The number that an alert speaks about, in words and with its unit: as it stands, or stood when the alert fired.

Of `AAPL / MSFT > 0.5` that is the ratio, of `AAPL rsi(14, 1h) < 30` the indicator, of `AAPL drops $3 in 5m` the drop.
Plain text: whoever inserts it escapes it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from math import floor, log10

from alerts.condition import (
    Both,
    Channel,
    Comparison,
    Condition,
    Crossing,
    DayMove,
    Direction,
    Either,
    Inverse,
    Op,
    PositionMove,
    Trailing,
    Unit,
    Velocity,
    Way,
)
from alerts.leaf import Single, leaves, singles
from alerts.needs import ANY
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
    Volume,
)
from alerts.rule import AccountCause, Firing, PriceCause, Rule
from alerts.wording import duration_text, operand_text
from bot.views.numbers import fixed, money, percent, price
from bot.views.operand import BOUNDED, IN_SHARES, Instruments, label, operand

Values = Mapping[str, float]
"""The values of a condition as they stand, by their text (`alerts/truth.py`, `Atom.numbers`)."""

_UPWARD = frozenset({Op.GT, Op.GE, Direction.ABOVE})
_TURNED = {"▲": "▼", "▼": "▲"}
_DIGITS = 4
_MOST_DECIMALS = 8

_Move = DayMove | Velocity | Trailing
_Leaf = Comparison | Crossing | Channel | PositionMove | _Move


@dataclass(frozen=True, slots=True)
class Gauge:
    """
    *name* says what is measured, *told* what it comes to, *way* where it went (▲, ▼ or nothing), *after* how far.

    *is_price*: it is the price of one instrument, *is_composed*: it is made of several values. *keys* are the texts of
    the values that it tells of.
    """

    name: str
    told: str
    way: str = ""
    after: str = ""
    is_price: bool = False
    is_composed: bool = False
    keys: frozenset[str] = frozenset()

    @property
    def line(self) -> str:
        """All of it and how far it went: `AAPL ▼ 195.90 −2.05% within 15m`."""  # noqa: RUF002  as people write it
        return f"{self} {self.after}".rstrip()

    def __str__(self) -> str:
        """Return all of it: `AAPL / MSFT ▲ 0.4659`."""
        return " ".join(filter(None, (self.name, self.way, self.told)))


def gauge_of(fired: Firing) -> Gauge | None:
    """Return what *fired* tells of; None where it is no firing of values, or they are not known."""
    rule, cause = fired.rule, fired.cause
    if isinstance(cause, PriceCause):
        return gauge(rule, cause.values, cause.instrument.con_id)
    if not isinstance(cause, AccountCause):
        return None
    if cause.instrument is None:
        return gauge(rule, cause.values, currency=cause.currency)
    return gauge(rule, cause.values, cause.instrument.con_id, {**rule.instruments, ANY: cause.instrument})


def gauge(
    rule: Rule, values: Values, con_id: int = 0, instruments: Instruments | None = None, *, currency: str = ""
) -> Gauge | None:
    """
    Return the number that *rule* speaks about by these *values*; None where they do not tell it.

    Of several conditions together it is that of the first which is about the instrument *con_id*; of alternatives, of
    the first which is true. *currency* is the account's.
    """
    known = rule.instruments if instruments is None else instruments
    found = _leaf(rule.draft.condition, values, con_id, known)
    if found is None:
        return None
    leaf, is_turned = found
    made = _gauge(leaf, values, known, currency)
    return made if made is None or not is_turned else _turned(made)


def speaks_of_price(rule: Rule) -> bool:
    """Return whether the number that *rule* speaks about is what an instrument's quote shows as its price."""
    found = _leaf(rule.draft.condition, {}, 0, rule.instruments)
    usual = {PriceField.LAST, PriceField.MID}
    return found is not None and any(isinstance(one, Price) and one.field in usual for one in _operands(found[0]))


def reading(  # noqa: C901, PLR0911  one case for each kind
    value: float, measured: Operand, instruments: Instruments, currency: str = ""
) -> str:
    """
    Return *value*, as *measured* has it, with its unit: a price in steps of its contract, money, a share.

    *currency* is that of the account's values.
    """
    match measured:
        case Price(symbol) | Extreme(symbol) | AverageCost(symbol):
            return _priced(value, symbol, instruments)
        case Indicator(symbol, name):
            return fixed(value, 2) if name in BOUNDED else _priced(value, symbol, instruments)
        case Volume() | AverageVolume():
            return fixed(value, 0)
        case AccountValue(name) if name in IN_SHARES:
            return f"{fixed(value, 2)}%"
        case PositionValue(_, name) if name in IN_SHARES:
            return percent(value)
        case PositionValue(symbol, name):
            held = instruments.get(symbol)
            return money(Decimal(repr(value)), held.currency if held else "", signed=name == "pnl")
        case AccountValue(name):
            return money(Decimal(repr(value)), currency, signed=name == "dailypnl")
        case OptionValue(_, "openinterest" | "dte"):
            return fixed(value, 0)
        case _:
            return plain(value)


def plain(value: float) -> str:
    """Return a number that has no unit with four digits at least, and two decimals."""
    whole = floor(log10(abs(value))) + 1 if value else 1
    return fixed(value, min(max(2, _DIGITS - whole), _MOST_DECIMALS))


def beneath(rule: Rule, values: Values, shown: Gauge | None) -> list[tuple[str, str]]:
    """Return what else there is to tell of *values*, each as its name and its value: what *shown* does not tell."""
    keys = frozenset() if shown is None else shown.keys
    told: dict[str, tuple[str, str]] = {}
    for key, name, value in _measured(rule.draft.condition, values, rule.instruments):
        if key not in keys:
            told.setdefault(key, (name, value))
    return list(told.values())


def _measured(condition: Condition, values: Values, instruments: Instruments) -> Iterator[tuple[str, str, str]]:
    for leaf in singles(condition):
        for one in _operands(leaf):
            # The whole first, then what it is made of.
            for each in (one, *leaves(one)) if isinstance(one, Arithmetic) else (one,):
                key = operand_text(each)
                if key in values and not isinstance(each, Number):
                    yield key, _named(each, instruments), reading(values[key], each, instruments)
        if isinstance(leaf, DayMove | Velocity | Trailing):
            for key, name in ((f"{leaf.symbol} close", "prior close"), ("low", "low"), ("high", "high")):
                if key in values:
                    of = label(leaf.symbol, instruments)
                    yield key, f"{of} {name}", _priced(values[key], leaf.symbol, instruments)


def _operands(leaf: Single) -> tuple[Operand, ...]:
    match leaf:
        case Comparison(left, _, right) | Crossing(left, _, right):
            return left, right
        case Channel(value):
            return (value,)
        case PositionMove(symbol):
            return (PositionValue(symbol, "day%"),)
        case Trailing(symbol, atr=Indicator() as atr):
            return Price(symbol), atr
        case DayMove(symbol) | Velocity(symbol) | Trailing(symbol):
            return (Price(symbol),)
        case _:
            return ()


def _leaf(condition: Condition, values: Values, con_id: int, instruments: Instruments) -> tuple[_Leaf, bool] | None:
    """Return the single condition whose number is told, and whether it stands under a `not`."""
    match condition:
        case Either(parts):
            found = [one for part in parts if (one := _leaf(part, values, con_id, instruments))]
            return next((one for one in found if _is_true(*one, values)), next(iter(found), None))
        case Both(parts):
            found = [one for part in parts if (one := _leaf(part, values, con_id, instruments))]
            # What is excluded did not do it; what is about the instrument whose tick it was probably did.
            found.sort(key=lambda one: (one[1], con_id not in _con_ids(one[0], instruments)))
            return next(iter(found), None)
        case Inverse(part):
            inner = _leaf(part, values, con_id, instruments)
            return None if inner is None else (inner[0], not inner[1])
        case Comparison() | Crossing() | Channel() | PositionMove() | DayMove() | Velocity() | Trailing():
            return condition, False
        case _:
            return None


def _is_true(leaf: _Leaf, is_turned: bool, values: Values) -> bool:  # noqa: FBT001  the other half of a pair
    """Return whether *leaf* is a comparison that *values* make true; a crossing is taken by where it came out."""
    if not isinstance(leaf, Comparison | Crossing):
        return False
    left, right = (one.value if isinstance(one, Number) else values.get(operand_text(one)) for one in _operands(leaf))
    way = leaf.op if isinstance(leaf, Comparison) else leaf.direction
    if left is None or right is None or way is Direction.EITHER:
        return False
    return ((left >= right) if way in _UPWARD else (left <= right)) is not is_turned


def _con_ids(leaf: _Leaf, instruments: Instruments) -> set[int]:
    symbols = (getattr(each, "symbol", "") for one in _operands(leaf) for each in leaves(one))
    return {instruments[symbol].con_id for symbol in symbols if symbol in instruments}


def _turned(made: Gauge) -> Gauge:
    return replace(made, way=_TURNED.get(made.way, made.way))


def _gauge(leaf: _Leaf, values: Values, instruments: Instruments, currency: str) -> Gauge | None:
    if isinstance(leaf, DayMove | Velocity | Trailing):
        return _moved(leaf, values, instruments)
    measured, *others = _operands(leaf)
    is_mirrored = isinstance(measured, Number)
    if is_mirrored and others:
        measured = others[0]
    key = operand_text(measured)
    value = values.get(key)
    if value is None:
        return None
    way = _way(leaf, value, values)
    return Gauge(
        _named(measured, instruments),
        reading(value, measured, instruments, currency),
        _TURNED.get(way, way) if is_mirrored else way,
        is_price=isinstance(measured, Price),
        is_composed=isinstance(measured, Arithmetic),
        keys=frozenset({key}),
    )


def _way(leaf: Comparison | Crossing | Channel | PositionMove, value: float, values: Values) -> str:
    match leaf:
        case Comparison(op=way) | Crossing(direction=way) if way is not Direction.EITHER:
            return "▲" if way in _UPWARD else "▼"
        case Crossing(_, _, right):
            level = right.value if isinstance(right, Number) else values.get(operand_text(right))
            return "" if level is None else "▲" if value >= level else "▼"
        case PositionMove(_, amount):
            return "▲" if amount > 0 else "▼"
        case _:
            return ""


def _moved(leaf: _Move, values: Values, instruments: Instruments) -> Gauge | None:
    is_gap = isinstance(leaf, DayMove) and leaf.is_gap
    key = f"{leaf.symbol} open" if is_gap else operand_text(Price(leaf.symbol))
    now = values.get(key)
    if now is None:
        return None
    base, since = _base(leaf, values, now, instruments)
    name, told = label(leaf.symbol, instruments), _priced(now, leaf.symbol, instruments)
    if base is None:
        return Gauge(name, told, is_price=True, keys=frozenset({key}))
    in_money = isinstance(leaf, Velocity | Trailing) and leaf.unit is not Unit.PERCENT
    if in_money:
        instrument = instruments.get(leaf.symbol)
        # What is quoted in pence moves by pence.
        currency = instrument.currency if instrument is not None and instrument.magnifier == 1 else ""
        size = money(Decimal(repr(round(now - base, 8))), currency, signed=True)
    else:
        size = percent((now / base - 1) * 100 if base else None)
    way = "▲" if now >= base else "▼"
    return Gauge(name, told, way, f"{size} {since}", is_price=True, keys=frozenset({key}))


def _base(leaf: _Move, values: Values, now: float, instruments: Instruments) -> tuple[float | None, str]:
    """Return from which price the move is told, and in words since when; None where it is not known."""
    match leaf:
        case DayMove(symbol, base=None, is_gap=is_gap):
            return values.get(f"{symbol} close"), "at the open" if is_gap else "today"
        case DayMove(symbol, base=float(base)):
            return base, f"from {_priced(base, symbol, instruments)}"
        case Velocity(way=way, window=window):
            low, high = values.get("low"), values.get("high")
            if low is None or high is None:
                return None, ""
            is_up = way is Way.UP or (way is Way.EITHER and now - low >= high - now)
            return (low if is_up else high), f"within {duration_text(window)}"
        case Trailing(symbol, from_low=from_low):
            best = values.get("low" if from_low else "high")
            end = "low" if from_low else "high"
            return best, "" if best is None else f"from its {end} {_priced(best, symbol, instruments)}"
        case _:
            return None, ""


def _named(measured: Operand, instruments: Instruments) -> str:
    # Its value bears the unit.
    words = operand(measured, measured, instruments).replace(" in %", "")
    return words[:1].upper() + words[1:] if isinstance(measured, AccountValue | PositionValue) else words


def _priced(value: float, symbol: str, instruments: Instruments) -> str:
    instrument = instruments.get(symbol)
    return price(value, 2 if instrument is None else instrument.decimals)
