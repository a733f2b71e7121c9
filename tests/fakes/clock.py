"""A clock that stands still until it is moved."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Stands at *start* (UTC) until `advance`."""

    def __init__(self, start: datetime = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._now = start

    def now(self) -> datetime:
        """Return the moment it stands at."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds it was advanced so far."""
        return (self._now - self._start).total_seconds()

    def advance(self, seconds: float) -> None:
        """Move on by *seconds*."""
        self._now += timedelta(seconds=seconds)
