"""When scheduled scans are due: time alerts' own reading of a schedule, without an alert."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from alerts.condition import AtSession, AtTime, Draft, EveryTime, TradingTime
from alerts.errors import AlertSyntaxError
from alerts.session import Sessions
from alerts.timing import Course
from bot.scan_line import schedule_of
from market.clock import Clock
from market.hours import Hours
from storage.saved_scan import SavedScan

_VENUE = 0
_COUNTED = timedelta(days=7)
_COUNTED_OFTEN = timedelta(days=1)
_AHEAD = timedelta(days=8)
_HOURS_KEPT = timedelta(minutes=10)
_DAY = timedelta(days=1)

HoursSince = Callable[[date], Awaitable[Hours]]
"""Gives the sessions of the days after a date, and of those to come; `bot/calendar.py`."""


class ScanTimes:
    """Works out due moments; `learn` reads the sessions that some schedules go by (a US stock's)."""

    def __init__(self, hours: HoursSince, clock: Clock) -> None:
        self._hours = hours
        self._clock = clock
        self._sessions = Sessions()
        self._learnt: datetime | None = None

    async def learn(self) -> None:
        """Read the sessions, unless they were read a few minutes ago."""
        now = self._clock.now()
        if self._learnt is not None and timedelta() <= now - self._learnt < _HOURS_KEPT:
            return
        hours = await self._hours((now - _COUNTED).date() - _DAY)
        if hours.sessions:
            self._sessions.keep(_VENUE, hours)
            self._learnt = now

    def due(self, scan: SavedScan, zone: ZoneInfo) -> tuple[datetime, int] | None:
        """Return the latest moment that is due and not told, and how many were missed before it; None for none."""
        now = self._clock.now()
        course = self._course(scan, zone)
        if course is None or scan.due is None:
            return None
        counted = _COUNTED_OFTEN if isinstance(course.when, EveryTime) else _COUNTED
        moments = list(course.after(max(scan.due, now - counted), now, self._sessions))
        return (moments[-1], len(moments) - 1) if moments else None

    def following(self, scan: SavedScan, zone: ZoneInfo) -> datetime | None:
        """Return when the scan runs next, None where that is not known or it is paused."""
        course = None if scan.paused else self._course(scan, zone)
        if course is None:
            return None
        now = self._clock.now()
        return next(islice(course.after(now, now + _AHEAD, self._sessions), 1), None)

    def _course(self, scan: SavedScan, zone: ZoneInfo) -> Course | None:
        if not scan.schedule:
            return None
        try:
            draft = schedule_of(scan.schedule, self._clock.now(), zone)
        except AlertSyntaxError:
            # Written by a version that read more than this one.
            return None
        return _course(draft, zone, scan)


def _course(draft: Draft, zone: ZoneInfo, scan: SavedScan) -> Course | None:
    when = draft.condition
    if not isinstance(when, AtTime | EveryTime | AtSession):
        return None
    return Course(when, zone, scan.due or scan.touched, _VENUE, draft.options.hours is TradingTime.RTH)
