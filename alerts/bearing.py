"""Which options a condition can bear: what happens in a moment holds for no while, what has no level no hysteresis."""

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
)

_MOMENTARY = NewsMatch | ScanEntry | OrderMatch | AtTime | EveryTime | AtSession
_LEVELLED = Comparison | Crossing | Channel | DayMove | PositionMove


def bears_hold(condition: Condition) -> bool:
    """Return whether *condition* can be true for a while (`for 2m`)."""
    return not isinstance(condition, _MOMENTARY)


def bears_hysteresis(condition: Condition) -> bool:
    """Return whether any part of *condition* has a level to go back from: a gap, a trail, a velocity have none."""
    return any(isinstance(leaf, _LEVELLED) and not _is_gap(leaf) for leaf in _leaves(condition))


def _is_gap(leaf: Condition) -> bool:
    return isinstance(leaf, DayMove) and leaf.is_gap


def _leaves(condition: Condition) -> Iterator[Condition]:
    match condition:
        case Both(parts) | Either(parts):
            for part in parts:
                yield from _leaves(part)
        case Inverse(part):
            yield from _leaves(part)
        case _:
            yield condition
