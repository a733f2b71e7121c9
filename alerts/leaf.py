"""What a condition is put together from: its single conditions, and the values that these compare."""

from collections.abc import Iterator

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
    NewsMatch,
    OrderMatch,
    PositionMove,
    ScanEntry,
    Stale,
    Trailing,
    Velocity,
)
from alerts.operand import Arithmetic, Operand

Single = (
    Comparison
    | Crossing
    | Channel
    | DayMove
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
"""A condition that is no `and`, `or` or `not` of others."""


def singles(condition: Condition) -> Iterator[Single]:
    """Yield the single conditions of *condition*, from left to right."""
    match condition:
        case Both(parts) | Either(parts):
            for part in parts:
                yield from singles(part)
        case Inverse(part):
            yield from singles(part)
        case _:
            yield condition


def leaves(operand: Operand) -> Iterator[Operand]:
    """Yield what *operand* is put together from, left to right."""
    if isinstance(operand, Arithmetic):
        yield from leaves(operand.left)
        yield from leaves(operand.right)
    else:
        yield operand


def operands_of(condition: Condition) -> Iterator[Operand]:
    """Yield the operands of *condition*, those within arithmetic too."""
    for single in singles(condition):
        match single:
            case Comparison(left, _, right) | Crossing(left, _, right):
                yield from leaves(left)
                yield from leaves(right)
            case Channel(value):
                yield from leaves(value)
