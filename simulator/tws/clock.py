"""
The simulator's clocks: everything in simulator.tws that needs the time asks one of these.

Times are seconds since 1970 in UTC, as on the wire.
"""

import asyncio
import heapq
import itertools
import time
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """What the simulator needs of a clock."""

    def time(self) -> float:
        """Return the seconds since 1970 in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Return *seconds* later by this clock."""


class SystemClock:
    """The machine's clock."""

    def time(self) -> float:
        """Return the seconds since 1970 in UTC."""
        return time.time()  # noqa: TID251 - the simulator knows no room of the house, so it has its own clock

    async def sleep(self, seconds: float) -> None:
        """Return *seconds* later."""
        await asyncio.sleep(seconds)


class ManualClock:
    """
    A clock that stands still until it is told to advance.

    Starts at *start*, an aware datetime or seconds since 1970; by default on
    Thursday 2024-03-28 at 14:00 in New York.
    """

    def __init__(self, start: datetime | float = 1711648800.0) -> None:
        self._now = start.timestamp() if isinstance(start, datetime) else float(start)
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def time(self) -> float:
        """Return the seconds since 1970 in UTC."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Return when *advance* has moved the clock by *seconds* or more."""
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Move the clock by *seconds*, waking each sleeper at its own time, in order."""
        target = self._now + seconds
        while self._sleepers and self._sleepers[0][0] <= target:
            due, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            if not future.done():
                future.set_result(None)
            await _settle()
        self._now = target
        await _settle()

    async def skip(self, seconds: float) -> None:
        """Move the clock by *seconds* at once: each sleeper that is due wakes once, and finds it that late."""
        self._now += seconds
        due = [one for one in self._sleepers if one[0] <= self._now]
        self._sleepers = [one for one in self._sleepers if one[0] > self._now]
        heapq.heapify(self._sleepers)
        for _, _, future in sorted(due, key=lambda one: one[:2]):
            if not future.done():
                future.set_result(None)
        await _settle()


async def _settle() -> None:
    # A woken task needs a turn to run and another to fall asleep again.
    for _ in range(4):
        await asyncio.sleep(0)
