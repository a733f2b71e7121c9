"""How a rule behaves where nothing was typed (PRODUCT A1, the table of defaults)."""

from datetime import timedelta

from alerts.condition import Both, Comparison, Condition, Crossing, Draft, Either, NewsMatch, Repeat, ScanEntry
from alerts.operand import Indicator


def repeat_of(draft: Draft) -> Repeat:
    """
    Return how often *draft* fires: as typed, else as its kind does.

    Levels and crossings fire once, indicators, news and scans every time; a compound as its first once-kind does.
    A cooldown alone says `every`.
    """
    if draft.options.repeat is not None:
        return draft.options.repeat
    if draft.options.cooldown is not None:
        return Repeat.EVERY
    return Repeat.ONCE if _is_once(draft.condition) else Repeat.EVERY


def cooldown_of(draft: Draft) -> timedelta:
    """Return how long a repeating *draft* keeps silent after it fired: as typed, else one bar of its indicators."""
    if draft.options.cooldown is not None:
        return draft.options.cooldown
    return _longest_bar(draft.condition)


def _is_once(condition: Condition) -> bool:
    match condition:
        case Comparison(left, _, right):
            return not (isinstance(left, Indicator) or isinstance(right, Indicator))
        case Crossing():
            return True
        case NewsMatch() | ScanEntry():
            return False
        case Both(parts) | Either(parts):
            return any(_is_once(part) for part in parts)


def _longest_bar(condition: Condition) -> timedelta:
    match condition:
        case Comparison(left, _, right) | Crossing(left, _, right):
            bars = [operand.bar.duration for operand in (left, right) if isinstance(operand, Indicator)]
            return max(bars, default=timedelta())
        case Both(parts) | Either(parts):
            return max((_longest_bar(part) for part in parts), default=timedelta())
        case _:
            return timedelta()
