"""When the venues of the watched instruments are open: the engine's view of their liquid hours."""

from bisect import bisect_right
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from market.hours import Hours, Session

# IBKR tells of the coming days only; further back than this before its first session nothing is known.
_REACH = timedelta(days=4)
_KEPT = 60


class Sessions:
    """Liquid hours by contract id; what IBKR told of earlier days is kept for a while."""

    def __init__(self) -> None:
        self._of: dict[int, Hours] = {}
        self._starts: dict[int, list[datetime]] = {}

    def keep(self, con_id: int, hours: Hours) -> None:
        """Take in what IBKR says now; it stands in for what it said of the same days before."""
        known = self._of.get(con_id)
        new = tuple(sorted(hours.sessions, key=lambda session: session.start))
        if known is not None and new:
            new = (*(session for session in known.sessions if session.end <= new[0].start), *new)[-_KEPT:]
        self._of[con_id] = Hours(hours.zone, new)
        self._starts[con_id] = [session.start for session in new]

    def hours(self, con_id: int) -> Hours | None:
        """Return the hours, or None where they were never told."""
        return self._of.get(con_id)

    def zone(self, con_id: int) -> ZoneInfo | None:
        """Return the venue's zone, or None where it is not known."""
        hours = self._of.get(con_id)
        return None if hours is None else ZoneInfo(hours.zone)

    def is_open(self, con_id: int, at: datetime) -> bool | None:
        """Return whether *at* lies in a session; None where nothing is known about that time."""
        if not self._covers(con_id, at):
            return None
        return self.running(con_id, at) is not None

    def running(self, con_id: int, at: datetime) -> Session | None:
        """Return the session *at* lies in, or None."""
        starts = self._starts.get(con_id)
        if not starts:
            return None
        index = bisect_right(starts, at) - 1
        session = self._of[con_id].sessions[index] if index >= 0 else None
        return session if session is not None and at < session.end else None

    def day(self, con_id: int, at: datetime) -> date | None:
        """Return the date of the session that runs or comes next; None where nothing is known about that time."""
        hours = self._of.get(con_id)
        if hours is None or not self._covers(con_id, at):
            return None
        return next((session.day for session in hours.sessions if session.end > at), None)

    def trading_day(self, con_id: int, at: datetime) -> date | None:
        """
        Return the date of the session that *at* belongs to, extended hours too; None where the hours are not known.

        Out of sessions that is the venue's own date: what comes before the open and after the close of a day is its
        own. A day without a session belongs to the next one.
        """
        running, hours = self.running(con_id, at), self._of.get(con_id)
        if running is not None or hours is None:
            return None if running is None else running.day
        today = at.astimezone(ZoneInfo(hours.zone)).date()
        return today if self.of_day(con_id, today) is not None else self.day(con_id, at) or today

    def of_day(self, con_id: int, day: date) -> Session | None:
        """Return the first session of *day*, or None where it has none, or it is not known."""
        hours = self._of.get(con_id)
        return None if hours is None else next((each for each in hours.sessions if each.day == day), None)

    def next_open(self, con_id: int, at: datetime) -> datetime | None:
        """Return when the next session begins after *at*, or None where that is not known."""
        hours = self._of.get(con_id)
        return None if hours is None else hours.next_open(at)

    def _covers(self, con_id: int, at: datetime) -> bool:
        starts = self._starts.get(con_id)
        if not starts:
            return False
        return starts[0] - _REACH <= at < self._of[con_id].sessions[-1].end
