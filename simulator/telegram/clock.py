"""The simulator's own clocks: it may not borrow the house's, since it knows no room of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Whatever tells the time of day as an aware datetime."""

    def now(self) -> datetime:
        """Return the present moment, aware."""
        ...


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the simulator's one reader of the machine's clock


class ManualClock:
    """A clock that stands still until it is told otherwise; tests hold it."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the moment last set."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the hands by *seconds* (which may be negative: clocks do jump)."""
        self._now += timedelta(seconds=seconds)


def unix(clock: Clock) -> int:
    """Return *clock*'s time as the whole Unix seconds in which the Bot API gives every date."""
    return int(clock.now().timestamp())
