"""A clock that stands still until it is moved, and one that begins when it is told to."""

import asyncio
import time
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


class RunningClock:
    """
    Begins at *start* and goes on with the seconds that pass, whatever the machine's own clock says.

    Ours and the simulator's at once: what is between them is at one moment.
    """

    def __init__(self, start: datetime = datetime(2026, 11, 18, 16, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._begun = time.monotonic()

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return self._start + timedelta(seconds=time.monotonic() - self._begun)

    def monotonic(self) -> float:
        """Return the seconds of a clock that never jumps."""
        return time.monotonic()

    def time(self) -> float:
        """Return the seconds since 1970, as the simulators ask for them."""
        return self.now().timestamp()

    async def sleep(self, seconds: float) -> None:
        """Return *seconds* later."""
        await asyncio.sleep(seconds)
