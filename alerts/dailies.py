"""
Closed daily bars for what looks back over days (`high(52w)`, `avgvolume(20)`): at first, and after each close.

They are asked for anew as a whole, because IBKR adjusts old ones for splits.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from alerts.ports import BarSource, HoursSource, Nap
from alerts.rule import Firing
from market.clock import Clock
from market.errors import MarketError
from market.instrument import Instrument
from market.quote import Bar, BarSize

_log = logging.getLogger(__name__)
_LOOK_EVERY_S = 1.0
_AT_ONCE = 8
_AFTER_CLOSE = timedelta(minutes=1)
# IBKR has a session's bar some time after its close; a session that had none has none for ever.
_LATE_BAR = timedelta(minutes=15)
_LATE_FOR = timedelta(hours=3)
_UNKNOWN_HOURS = timedelta(hours=1)
_LONGEST_WAIT = timedelta(hours=12)
_LONGEST_BACKOFF = timedelta(minutes=5)


class DailyReader(Protocol):
    """Who wants daily bars: the engine."""

    def dailies(self) -> Sequence[tuple[Instrument, int]]:
        """Return each instrument whose daily bars are wanted, and how many of them."""
        ...

    def on_daily(self, instrument: Instrument, bars: Sequence[Bar], at: datetime) -> list[Firing]:
        """Take in all closed daily bars of *instrument* that were asked for, oldest first."""
        ...


@dataclass(slots=True)
class _Course:
    """When an instrument's bars are *due*, how many were asked for last, and how often that *failed* in a row."""

    due: datetime
    count: int
    failed: int = 0


class Dailies:
    """Keeps *reader* supplied; firings go to *sink*. Without *hours*, when sessions end, it looks every hour."""

    def __init__(
        self,
        reader: DailyReader,
        bars: BarSource,
        clock: Clock,
        sink: Callable[[Sequence[Firing]], None],
        hours: HoursSource | None = None,
        nap: Nap = asyncio.sleep,
    ) -> None:
        self._reader = reader
        self._bars = bars
        self._clock = clock
        self._sink = sink
        self._hours = hours
        self._nap = nap
        self._courses: dict[int, _Course] = {}

    async def run(self) -> None:
        """Look once a second for what is due, for ever."""
        while True:
            await self.round()
            await self._nap(_LOOK_EVERY_S)

    async def round(self) -> None:
        """Fetch what is due now, a few at a time; a link that is down puts it off, a little longer each time."""
        wanted = self._reader.dailies()
        now = self._clock.now()
        old, self._courses = self._courses, {}
        due: list[tuple[Instrument, _Course]] = []
        for instrument, count in wanted:
            course = old.get(instrument.con_id)
            if course is None or course.count < count:
                course = _Course(now, count)
            self._courses[instrument.con_id] = course
            if course.due <= now:
                due.append((instrument, course))
        for begin in range(0, len(due), _AT_ONCE):
            await asyncio.gather(*(self._fetched(*one) for one in due[begin : begin + _AT_ONCE]))

    async def _fetched(self, instrument: Instrument, course: _Course) -> None:
        try:
            bars = await self._bars.bars(instrument, BarSize.DAY_1, course.count)
            course.due = await self._next(instrument, bars)
        except MarketError as error:
            course.failed += 1
            pause = min(timedelta(seconds=5 * 2 ** min(course.failed - 1, 10)), _LONGEST_BACKOFF)
            course.due = self._clock.now() + pause
            _log.warning("no daily bars of %s (%r), again in %s", instrument.label, error, pause)
            return
        course.failed = 0
        if bars:
            self._sink(self._reader.on_daily(instrument, bars, self._clock.now()))

    async def _next(self, instrument: Instrument, bars: Sequence[Bar]) -> datetime:
        """Return when to look for the next daily bar: after the next close, or soon if the last one's is late."""
        now = self._clock.now()
        if self._hours is None:
            return now + _UNKNOWN_HOURS
        hours = await self._hours.hours(instrument)
        closed, coming = hours.last_close(now), hours.next_close(now)
        is_late = closed is not None and (not bars or bars[-1].start.date() < closed.day)
        if is_late and closed is not None and now - closed.end < _LATE_FOR:
            return now + _LATE_BAR
        # Hours are known for some days only: they are asked for again before the last of them is over.
        return now + _LONGEST_WAIT if coming is None else min(coming.end + _AFTER_CLOSE, now + _LONGEST_WAIT)
