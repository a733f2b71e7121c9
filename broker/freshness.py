"""
Lines that say nothing though they should, and lines that were refused: asked for anew, ever more rarely.

A stream can die without a word: after a farm's flap (nautechsystems/nautilus_trader PR #3968), after a resubscription
that TWS lost. Nobody can tell a dead line from a quiet market, so that only lines whose venue is open are judged, by
how long they are silent while others talk. TWS answers a request with all that it has: that first burst is no sign of
life, what comes after it is.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.ports import Nap
from broker.call import guarded
from broker.contracts import IbContracts
from broker.lines import Line
from broker.market_data import IbTickFeed
from broker.session import IbSession
from market.clock import Clock
from market.hours import Session
from market.instrument import Instrument

_log = logging.getLogger(__name__)

_LOOK_EVERY_S = 5.0
_TALKING = timedelta(seconds=30)
# How long a line may be silent while others talk, and while none does.
_QUIET = timedelta(minutes=2)
_ALL_QUIET = timedelta(minutes=5)
# IBKR may give tomorrow, or in a minute, what it refuses now: the other session of the user has ended.
_REFUSED = timedelta(minutes=1)
_LONGEST = timedelta(minutes=30)
_BURST = timedelta(seconds=10)
_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Stale:
    """A held instrument that was asked for again and still says nothing, and since when."""

    instrument: Instrument
    since: datetime


@dataclass(slots=True)
class _Course:
    """How often a line was asked for anew in a row, when it was last heard of by itself, and whether it was refused."""

    tries: int
    heard: datetime
    is_refused: bool = False


class Freshness:
    """
    Looks after the lines of *feed*; `run` is its loop.

    A silent line is asked for anew after two minutes (five where all are silent), then after twice as long each
    time, up to half an hour; a refused one likewise from one minute on. A line that speaks begins from the start, and
    what it did not tell meanwhile is a gap (`on_heard`).
    """

    def __init__(
        self, session: IbSession, feed: IbTickFeed, contracts: IbContracts, clock: Clock, *, nap: Nap = asyncio.sleep
    ) -> None:
        self._link = session
        self._feed = feed
        self._contracts = contracts
        self._clock = clock
        self._nap = nap
        self._courses: dict[int, _Course] = {}
        self._listeners: list[Callable[[Instrument, datetime], None]] = []

    def on_heard(self, listener: Callable[[Instrument, datetime], None]) -> None:
        """Call *listener* with what speaks again after it was asked for anew, and since when it did not."""
        self._listeners.append(guarded(listener))

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await self._nap(_LOOK_EVERY_S)

    def stale(self) -> Sequence[Stale]:
        """Return the lines that stay silent though they were asked for anew, by symbol."""
        now = self._clock.now()
        found = [
            Stale(line.instrument, course.heard)
            for line in self._feed.asked_for()
            if (course := self._courses.get(line.instrument.con_id)) is not None
            and not line.refused
            and self._running(line, now) is not None
        ]
        return sorted(found, key=lambda one: one.instrument.label)

    def look(self) -> None:
        """Ask anew for what is due, a few at a time; while TWS itself hears nothing of IBKR nothing is."""
        if not self._link.status.is_usable:
            return
        now = self._clock.now()
        lines = self._feed.asked_for()
        held = {line.instrument.con_id for line in lines}
        self._courses = {con_id: course for con_id, course in self._courses.items() if con_id in held}
        for line in lines:
            self._hear(line)
        talk = any(now - line.quote.received < _TALKING for line in lines if line.quote.received is not None)
        due = [line for line in lines if self._is_due(line, now, _QUIET if talk else _ALL_QUIET)]
        for line in due[:_AT_ONCE]:
            self._renew(line, now)

    def _hear(self, line: Line) -> None:
        """Forget the course of a line that has spoken by itself, or is not refused any more."""
        course, received, asked = self._courses.get(line.instrument.con_id), line.quote.received, line.asked
        if course is None or received is None or asked is None or line.refused:
            return
        if course.is_refused or received - asked > _BURST:
            del self._courses[line.instrument.con_id]
            for listener in self._listeners:
                listener(line.instrument, course.heard)

    def _is_due(self, line: Line, now: datetime, quiet: timedelta) -> bool:
        if line.asked is None:
            return False
        course = self._courses.get(line.instrument.con_id)
        factor = 2 ** min(course.tries, 10) if course is not None else 1
        if line.refused:
            return now - line.asked >= min(_REFUSED * factor, _LONGEST)
        session = self._running(line, now)
        if session is None or line.quote.halted:
            return False
        heard = max(line.asked, line.quote.received or line.asked, session.start)
        return now - heard >= min(quiet * factor, _LONGEST)

    def _running(self, line: Line, now: datetime) -> Session | None:
        """Return the session that runs at the line's venue; None where it is closed, or nobody has asked for hours."""
        return self._contracts.session(line.instrument.con_id, now)

    def _renew(self, line: Line, now: datetime) -> None:
        con_id = line.instrument.con_id
        course = self._courses.setdefault(con_id, _Course(0, line.quote.received or line.asked or now))
        course.tries, course.is_refused = course.tries + 1, bool(line.refused)
        why = line.refused or f"nothing since {course.heard:%H:%M:%S} UTC"
        _log.info("%s is asked for anew (%s), try %s", line.instrument.label, why, course.tries)
        self._feed.renew(line)
