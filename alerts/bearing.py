"""Which options a condition can bear: what happens in a moment holds for no while, what has no level no hysteresis."""

from alerts.condition import (
    AtSession,
    AtTime,
    Channel,
    Comparison,
    Condition,
    Crossing,
    DayMove,
    EveryTime,
    NewsMatch,
    OrderMatch,
    PositionMove,
    ScanEntry,
)
from alerts.leaf import singles

_MOMENTARY = NewsMatch | ScanEntry | OrderMatch | AtTime | EveryTime | AtSession
_LEVELLED = Comparison | Crossing | Channel | DayMove | PositionMove


def bears_hold(condition: Condition) -> bool:
    """Return whether *condition* can be true for a while (`for 2m`)."""
    return not isinstance(condition, _MOMENTARY)


def bears_hysteresis(condition: Condition) -> bool:
    """Return whether any part of *condition* has a level to go back from: a gap, a trail, a velocity have none."""
    return any(isinstance(leaf, _LEVELLED) and not _is_gap(leaf) for leaf in singles(condition))


def _is_gap(leaf: Condition) -> bool:
    return isinstance(leaf, DayMove) and leaf.is_gap
