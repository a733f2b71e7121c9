"""Share splits: which one two prices tell of, and what becomes of the levels of an alert. Pure."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from alerts.condition import (
    Both,
    Channel,
    Comparison,
    Condition,
    Crossing,
    DayMove,
    Draft,
    Either,
    Inverse,
    Trailing,
    Unit,
    Velocity,
)
from alerts.leaf import leaves
from alerts.operand import Arithmetic, AverageCost, Extreme, Indicator, Number, Operand, Price
from alerts.rule import Rule
from market.instrument import Instrument

_USUAL = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100)
_TOLERANCE = 0.02
_IN_MONEY = frozenset({"sma", "ema", "bbands", "vwap", "atr", "macd"})
_REASON = re.compile(r"split (\d+):(\d+) of (.+)\?")


@dataclass(frozen=True, slots=True)
class Split:
    """*new* shares stand for *old* ones: 2:1 halves the price, 1:20 makes it twenty times as high."""

    new: int
    old: int

    @property
    def factor(self) -> float:
        """What a price from before is multiplied by."""
        return self.old / self.new

    def __str__(self) -> str:
        """How people write it: `2:1`."""
        return f"{self.new}:{self.old}"

    def reason(self, symbol: str) -> str:
        """Return why an alert about *symbol* is held."""
        return f"split {self} of {symbol}?"


_SPLITS = tuple(
    [Split(number, 1) for number in _USUAL]
    + [Split(1, number) for number in _USUAL]
    + [Split(3, 2), Split(2, 3), Split(4, 3), Split(3, 4), Split(5, 2), Split(2, 5), Split(5, 4), Split(4, 5)]
)


def split_between(before: float, after: float) -> Split | None:
    """Return the usual split, within 2 %, that makes *after* of *before*, the same day's close; None for no such."""
    if before <= 0 or after <= 0:
        return None
    moved = after / before
    best = min(_SPLITS, key=lambda one: abs(moved / one.factor - 1))
    return best if abs(moved / best.factor - 1) <= _TOLERANCE else None


def split_of(reason: str) -> tuple[Split, str] | None:
    """Return the split, and the symbol as typed, of which a held alert's *reason* speaks; None for any other reason."""
    found = _REASON.fullmatch(reason)
    return None if found is None else (Split(int(found[1]), int(found[2])), found[3])


def symbol_of(rule: Rule, instrument: Instrument) -> str:
    """Return how *rule* writes *instrument*. Raises StopIteration where it does not speak of it."""
    return next(symbol for symbol, one in rule.instruments.items() if one == instrument)


def is_in_money(rule: Rule, instrument: Instrument) -> bool:
    """Return whether *rule* looks at prices of *instrument* in money: a split would make it speak falsely."""
    return _touched(rule.draft.condition, _symbols(rule, instrument))


def adjusted(rule: Rule, instrument: Instrument, split: Split) -> Draft | None:
    """
    Return *rule*'s draft with the levels of *instrument* after *split*, in whole steps of its price.

    None where there is no such number to be changed (`trails 5%`), or more than that would be (`A - 2 * B > 5`).
    """
    symbols = _symbols(rule, instrument)
    condition = rule.draft.condition
    if _is_mixed(condition, symbols):
        return None
    changed = _scaled(condition, symbols, split.factor, instrument)
    return None if changed == condition else replace(rule.draft, condition=changed)


def _symbols(rule: Rule, instrument: Instrument) -> Collection[str]:
    return {symbol for symbol, one in rule.instruments.items() if one == instrument}


def _touched(condition: Condition, symbols: Collection[str]) -> bool:  # noqa: PLR0911  one case for each kind
    match condition:
        case Comparison(left, _, right) | Crossing(left, _, right):
            return _is_price_of((left, right), symbols) and not _are_both_of(left, right, symbols)
        case Channel(value):
            return _is_price_of((value,), symbols)
        case DayMove(symbol, base=base):
            return symbol in symbols and base is not None
        case Velocity(symbol) | Trailing(symbol):
            return symbol in symbols
        case Both(parts) | Either(parts):
            return any(_touched(part, symbols) for part in parts)
        case Inverse(part):
            return _touched(part, symbols)
        case _:
            return False


def _is_mixed(condition: Condition, symbols: Collection[str]) -> bool:
    """Return whether a number is compared with arithmetic over these symbols: what it becomes nobody can say."""
    match condition:
        case Comparison(left, _, right) | Crossing(left, _, right):
            is_alone = not _are_both_of(left, right, symbols)
            sums = [one for one in (left, right) if isinstance(one, Arithmetic)]
            return is_alone and _is_price_of(sums, symbols)
        case Channel(value):
            return isinstance(value, Arithmetic) and _is_price_of((value,), symbols)
        case Both(parts) | Either(parts):
            return any(_is_mixed(part, symbols) for part in parts)
        case Inverse(part):
            return _is_mixed(part, symbols)
        case _:
            return False


def _scaled(  # noqa: C901, PLR0911  one case for each kind
    condition: Condition, symbols: Collection[str], factor: float, of: Instrument
) -> Condition:
    def step(value: float) -> float:
        return round(round(value * factor / of.min_tick) * of.min_tick, 8)

    match condition:
        case Comparison(left, _, Number(level)) | Crossing(left, _, Number(level)) if _is_price_of((left,), symbols):
            return replace(condition, right=Number(step(level)))
        case Comparison(Number(level), _, right) | Crossing(Number(level), _, right) if _is_price_of((right,), symbols):
            return replace(condition, left=Number(step(level)))
        case Channel(value) if _is_price_of((value,), symbols):
            return replace(condition, low=step(condition.low), high=step(condition.high))
        case DayMove(symbol, base=float(base)) if symbol in symbols:
            return replace(condition, base=step(base))
        case Velocity(symbol, amount, Unit.MONEY) | Trailing(symbol, amount, Unit.MONEY) if symbol in symbols:
            return replace(condition, amount=step(amount))
        case Both(parts) | Either(parts):
            return type(condition)(tuple(_scaled(part, symbols, factor, of) for part in parts))
        case Inverse(part):
            return Inverse(_scaled(part, symbols, factor, of))
        case _:
            return condition


def _is_price_of(operands: Iterable[Operand], symbols: Collection[str]) -> bool:
    return any(_priced(leaf) in symbols for one in operands for leaf in leaves(one))


def _are_both_of(left: Operand, right: Operand, symbols: Collection[str]) -> bool:
    """Return whether both sides are prices of these symbols: they move together, once their bars are of one scale."""
    return _is_price_of((left,), symbols) and _is_price_of((right,), symbols)


def _priced(leaf: Operand) -> str:
    """Return whose price *leaf* is, in money, or ""."""
    match leaf:
        case Indicator(symbol, name):
            return symbol if name in _IN_MONEY else ""
        case Price(symbol) | Extreme(symbol) | AverageCost(symbol):
            return symbol
        case _:
            return ""
