"""
Bars for the indicators, and for what looks back over days: many to begin with, then each just after it closes.

Daily ones are asked for anew as a whole after each session's close, because IBKR adjusts old ones for splits.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from alerts.engine import Engine
from alerts.ports import BarSource, HoursSource, Nap
from alerts.refusal import why_refused
from alerts.rule import Firing
from alerts.studio import Study
from alerts.value import Study as Key
from market.clock import Clock
from market.errors import MarketError
from market.quote import Bar, BarSize

_log = logging.getLogger(__name__)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOK_EVERY_S = 1.0
_AFTER_CLOSE = timedelta(seconds=2)
# IBKR answers the same request within 15 s with what it said before.
_LATE_BAR = timedelta(seconds=16)
_LATE_TRIES = 2
_LONGEST_BACKOFF = timedelta(minutes=5)
_AT_ONCE = 16
# How often a day's bar is looked for: after the session's close until it is late for good, or all day where nobody
# knows when that is. Hours are known for some days ahead only, so they are asked for again before long.
_DAY_STEP = timedelta(minutes=15)
_AFTER_SESSION = timedelta(minutes=1)
_DAY_LATE_FOR = timedelta(hours=3)
_LONGEST_WAIT = timedelta(hours=12)


@dataclass(slots=True)
class _Course:
    """How far one study has come: its *latest* bar, when it is *due* next, how often it *failed* or was *late*."""

    due: datetime
    latest: datetime | None = None
    failed: int = 0
    late: int = 0
    refused: str = ""
    is_asked: bool = False


class BarLoop:
    """Keeps the engine's series fed; firings go to *sink*. *hours* say when sessions end, for the daily bars."""

    def __init__(
        self,
        engine: Engine,
        bars: BarSource,
        clock: Clock,
        nap: Nap,
        sink: Callable[[Sequence[Firing]], None],
        hours: HoursSource | None = None,
    ) -> None:
        self._engine = engine
        self._bars = bars
        self._clock = clock
        self._nap = nap
        self._sink = sink
        self._hours = hours
        self._courses: dict[Key, _Course] = {}
        self._places = asyncio.Semaphore(_AT_ONCE)

    @property
    def refused(self) -> Mapping[Key, str]:
        """The bars that cannot be had, with the reason; a link that is down is none."""
        return {key: course.refused for key, course in self._courses.items() if course.refused}

    async def run(self) -> None:
        """Look once a second for what is due, for ever: one that IBKR is slow to answer holds up no other."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                for study, course in self._due():
                    course.is_asked = True
                    tasks.create_task(self._fetched(study, course))
                await self._nap(_LOOK_EVERY_S)

    async def round(self) -> None:
        """Fetch what is due now, a few at a time; a link that is down puts it off, a little longer each time."""
        await asyncio.gather(*(self._fetched(*one) for one in self._due()))

    def _due(self) -> list[tuple[Study, _Course]]:
        studies = self._engine.studies()
        wanted = {_key(study) for study in studies}
        self._courses = {key: course for key, course in self._courses.items() if key in wanted}
        due: list[tuple[Study, _Course]] = []
        for study in studies:
            key = _key(study)
            course = self._courses.get(key)
            is_joined = course is not None and not study.is_seeded and course.latest is not None
            if course is None or is_joined:
                # New, or joined by another indicator that must be seeded too.
                course = self._courses[key] = _Course(self._clock.now())
            if course.due <= self._clock.now() and not course.is_asked:
                due.append((study, course))
        return due

    async def _fetched(self, study: Study, course: _Course) -> None:
        try:
            async with self._places:
                await self._fetch(study, course)
        finally:
            course.is_asked = False

    async def _fetch(self, study: Study, course: _Course) -> None:
        try:
            count = _count(study, course, self._clock.now())
            bars = await self._bars.bars(study.instrument, study.size, count, regular=study.is_regular)
            next_look = await self._next_look(study, bars)
        except MarketError as error:
            course.failed += 1
            course.refused = why_refused(error, course.failed) or course.refused
            pause = min(timedelta(seconds=5 * 2 ** min(course.failed - 1, 10)), _LONGEST_BACKOFF)
            course.due = self._clock.now() + pause
            _log.warning("no %s bars of %s (%r), again in %s", study.size, study.instrument.label, error, pause)
            return
        if self._courses.get(_key(study)) is not course or self._engine.is_behind(study.instrument.con_id):
            # Begun anew meanwhile: another indicator wants more bars.
            return
        course.failed, course.refused = 0, ""
        self._sink(self._taken(study, course, bars, next_look))

    def _taken(self, study: Study, course: _Course, bars: Sequence[Bar], next_look: datetime) -> list[Firing]:
        """Hand *bars* to the engine and say when to look again: at *next_look*, or sooner."""
        now = self._clock.now()
        seed = partial(self._engine.seed, study.instrument, study.size, bars, now, regular=study.is_regular)
        before, newest = course.latest, bars[-1].start if bars else course.latest
        course.latest = newest
        if before is None:
            course.due = next_look
            return seed()
        if newest == before:
            is_late = course.late < _LATE_TRIES and _is_trading(study.size, before, now)
            course.late = course.late + 1 if is_late else 0
            course.due = now + _LATE_BAR if is_late else next_look
            return []
        course.late = 0
        course.due = next_look
        if bars[0].start > before:
            # There is a hole between what is known and what came: seeded anew at the next look.
            course.latest, course.due = None, now
            return []
        new = [bar for bar in bars if bar.start > before]
        if study.size is BarSize.DAY_1 and len(new) == 1:
            return seed()
        firings: list[Firing] = []
        for bar in new:
            at = _moment(bar, study.size, now)
            firings += self._engine.on_bar(study.instrument, study.size, bar, at, regular=study.is_regular)
        return firings

    async def _next_look(self, study: Study, bars: Sequence[Bar]) -> datetime:
        """Return when the next bar will be there; of a day, that is after the session's close. Raises MarketError."""
        now = self._clock.now()
        if study.size is not BarSize.DAY_1 or self._hours is None:
            return _next_close(study.size, now)
        hours = await self._hours.hours(study.instrument)
        closed, coming = hours.last_close(now), hours.next_close(now)
        is_there = closed is None or (bars and bars[-1].start.date() >= closed.day)
        if closed is not None and not is_there and now - closed.end < _DAY_LATE_FOR:
            return now + _DAY_STEP
        return now + _LONGEST_WAIT if coming is None else min(coming.end + _AFTER_SESSION, now + _LONGEST_WAIT)


def _key(study: Study) -> Key:
    return study.instrument.con_id, study.size, study.is_regular


def _is_trading(size: BarSize, latest: datetime, now: datetime) -> bool:
    """Return whether a bar is just late at *now*; where none closed for long there is no trading."""
    return size is not BarSize.DAY_1 and now - latest < 3 * size.duration


def _moment(bar: Bar, size: BarSize, now: datetime) -> datetime:
    """Return when *bar* counts: now, or as it closed where that is longer ago than a bar (the link was down)."""
    closed = bar.start + size.duration
    return closed if now - closed > size.duration else now


def _count(study: Study, course: _Course, now: datetime) -> int:
    """Return how many bars to ask for: all to begin with, then what may have closed since, and one known one."""
    if course.latest is None or study.size is BarSize.DAY_1:
        return study.count
    return min(study.count, (now - course.latest) // study.size.duration + 2)


def _next_close(size: BarSize, now: datetime) -> datetime:
    """Return when the bar that is running at *now* will be there."""
    step = _DAY_STEP if size is BarSize.DAY_1 else size.duration
    return _EPOCH + ((now - _EPOCH) // step + 1) * step + _AFTER_CLOSE
