"""When time rules are due: at a time of day, every so often, around a session. Moments are told in UTC."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.condition import AtSession, AtTime, EveryTime
from alerts.session import Sessions

_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Course:
    """
    The moments of one time rule.

    *anchor* is when it was created: periods of several days count from that day's midnight. *venue* is the contract
    id of the market that is meant; with *is_rth* only moments within its sessions count. What goes by the session
    itself (`at open - 10m`) keeps to it anyhow.
    """

    when: AtTime | EveryTime | AtSession
    zone: ZoneInfo
    anchor: datetime
    venue: int
    is_rth: bool

    def after(self, moment: datetime, until: datetime, sessions: Sessions) -> Iterator[datetime]:
        """Yield the moments after *moment*, up to and including *until*, oldest first."""
        match self.when:
            case AtTime():
                found = self._times(self.when, moment, until)
            case EveryTime(period):
                found = self._steps(period, moment, until)
            case AtSession():
                found = self._edges(self.when, sessions)
        for due in found:
            if moment < due <= until and (not self.is_rth or self._is_within(due, sessions)):
                yield due

    def is_vain(self, sessions: Sessions) -> bool:
        """Return whether none of its moments is in any session that is known, whatever days are asked for."""
        hours = sessions.hours(self.venue)
        if not self.is_rth or hours is None or not hours.sessions or isinstance(self.when, AtSession):
            return False
        daily: AtTime | EveryTime
        if isinstance(self.when, EveryTime):
            daily = EveryTime(min(self.when.period, _DAY))
        else:
            daily = replace(self.when, days=())
        begin, end = hours.sessions[0].start - _MOMENT, hours.sessions[-1].end
        return next(replace(self, when=daily).after(begin, end, sessions), None) is None

    def _is_within(self, due: datetime, sessions: Sessions) -> bool:
        if isinstance(self.when, AtSession):
            return True
        # A session's end is a time that one may ask for; what comes every so often ends before.
        meant = (due, due - _MOMENT) if isinstance(self.when, AtTime) else (due,)
        return any(sessions.is_open(self.venue, each) is True for each in meant)

    def _times(self, when: AtTime, moment: datetime, until: datetime) -> Iterator[datetime]:
        zone = ZoneInfo(when.zone) if when.zone else self.zone
        for day in _days(moment, until, zone):
            if not when.days or day.weekday() in when.days:
                # A time that the day has not is an hour later in UTC's count, one it has twice is the first.
                yield datetime.combine(day, time(when.hour, when.minute), zone).astimezone(UTC)

    def _steps(self, period: timedelta, moment: datetime, until: datetime) -> Iterator[datetime]:
        if period % _DAY == timedelta():
            first = self.anchor.astimezone(self.zone).date()
            for day in _days(moment, until, self.zone):
                if day > first and (day - first) % period == timedelta():
                    yield _midnight(day, self.zone)
            return
        if period > _DAY:
            start = _midnight(self.anchor.astimezone(self.zone).date(), self.zone)
            yield from _stepped(start, until, period, moment)
            return
        for day in _days(moment, until, self.zone):
            end = min(until, _midnight(day + _DAY, self.zone) - timedelta(microseconds=1))
            yield from _stepped(_midnight(day, self.zone), end, period, moment)

    def _edges(self, when: AtSession, sessions: Sessions) -> Iterator[datetime]:
        hours = sessions.hours(self.venue)
        edges: dict[date, datetime] = {}
        for session in () if hours is None else hours.sessions:
            # With a lunch break a day has several sessions: it opens with the first and closes with the last.
            if when.is_open:
                edges.setdefault(session.day, session.start)
            else:
                edges[session.day] = session.end
        return iter(sorted(edge + when.offset for edge in edges.values()))


def _stepped(start: datetime, end: datetime, period: timedelta, moment: datetime) -> Iterator[datetime]:
    step = max(0, (moment - start) // period)
    due = start + step * period
    while due <= end:
        yield due
        due += period


def _days(moment: datetime, until: datetime, zone: ZoneInfo) -> Iterator[date]:
    day = moment.astimezone(zone).date() - _DAY
    last = until.astimezone(zone).date()
    while day <= last:
        yield day
        day += _DAY


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
