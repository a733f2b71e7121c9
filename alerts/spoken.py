"""
Of which symbol a line speaks where it says only `rsi(14, 1h)`, `avgcost` or `volume`.

* Nameless          there is none before it
"""

from collections.abc import Iterator
from dataclasses import replace

from alerts.condition import (
    AtSession,
    AtTime,
    Both,
    Channel,
    Comparison,
    Condition,
    Crossing,
    DayMove,
    Either,
    EveryTime,
    Inverse,
    ScanEntry,
    Trailing,
    Velocity,
)
from alerts.leaf import leaves
from alerts.operand import AccountValue, Arithmetic, Number, Operand, PositionValue


class Nameless(Exception):
    """A bare study stands where no symbol was spoken of before."""


def named(condition: Condition, before: str = "") -> tuple[Condition, str]:
    """
    Return *condition* with a symbol for every bare study, and the symbol last spoken of (*before* at first).

    A bare study speaks of the first symbol of its own comparison's left side, else of the one before. Raises Nameless.
    """
    match condition:
        case Comparison(left, _, right) | Crossing(left, _, right):
            subject = first_symbol(left) or before or first_symbol(right)
            both = replace(condition, left=_of(left, subject), right=_of(right, subject))
            return both, subject
        case Channel(value):
            subject = first_symbol(value) or before
            return replace(condition, value=_of(value, subject)), subject
        case DayMove(symbol) | Velocity(symbol) | Trailing(symbol):
            return condition, symbol
        case Inverse(part):
            inner, symbol = named(part, before)
            return Inverse(inner), symbol
        case Both(parts) | Either(parts):
            done = []
            for part in parts:
                inner, before = named(part, before)
                done.append(inner)
            return type(condition)(tuple(done)), before
        case _:
            return condition, before


def first_symbol(operand: Operand) -> str:
    """Return the first symbol that *operand* names, or ''."""
    return next((symbol for leaf in leaves(operand) if (symbol := symbol_of(leaf))), "")


def symbol_of(leaf: Operand) -> str:
    """Return the instrument's symbol that *leaf* names, or '' ("any" position is none)."""
    match leaf:
        case Number() | AccountValue() | Arithmetic() | PositionValue("any"):
            return ""
        case _:
            return leaf.symbol


def _of(operand: Operand, subject: str) -> Operand:
    match operand:
        case Arithmetic(left, _, right):
            return replace(operand, left=_of(left, subject), right=_of(right, subject))
        case Number() | AccountValue():
            return operand
        case _ if operand.symbol:
            return operand
        case _ if not subject:
            raise Nameless
        case _:
            return replace(operand, symbol=subject)


def symbols_in(condition: Condition) -> Iterator[str]:
    """Yield the instruments' symbols that *condition* names, in order ("any", `*` and collections are none)."""
    match condition:
        case Comparison(left, _, right) | Crossing(left, _, right):
            yield from (symbol for side in (left, right) for leaf in leaves(side) if (symbol := symbol_of(leaf)))
        case Channel(value):
            yield from (symbol for leaf in leaves(value) if (symbol := symbol_of(leaf)))
        case Inverse(part):
            yield from symbols_in(part)
        case Both(parts) | Either(parts):
            for part in parts:
                yield from symbols_in(part)
        case ScanEntry() | AtTime() | AtSession() | EveryTime():
            return
        case _:
            if condition.symbol and condition.symbol not in NO_SYMBOLS:
                yield condition.symbol


NO_SYMBOLS = frozenset({"*", "any", "portfolio", "watchlist", "bulletins"})
"""What stands where a symbol may and is none."""
