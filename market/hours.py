"""Trading sessions, from the contract's own liquid hours."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

_LAST_SECOND = time(23, 59, 59)


@dataclass(frozen=True, slots=True)
class Session:
    """One stretch of trading, *start* to *end* in UTC; *day* is its close's date in the venue's own zone."""

    start: datetime
    end: datetime
    day: date


@dataclass(frozen=True, slots=True)
class Hours:
    """
    The sessions IBKR told of, in order of time; *zone* is the venue's IANA time zone.

    A contract with a lunch break has several sessions a day; their session date is the same. Where IBKR's own words
    cannot be read (a zone that nobody knows) they are not known (*is_known*), which is not the same as closed.
    """

    zone: str
    sessions: tuple[Session, ...]
    is_known: bool = True

    def is_open(self, at: datetime) -> bool:
        """Return whether *at* (aware) lies in a session; the end no longer does."""
        return any(session.start <= at < session.end for session in self.sessions)

    def last_close(self, at: datetime) -> Session | None:
        """Return the latest session that closed its day at or before *at*, or None if none is known."""
        closing = {session.day: session for session in sorted(self.sessions, key=lambda s: s.end)}
        ended = [session for session in closing.values() if session.end <= at]
        return max(ended, key=lambda s: s.end, default=None)

    def next_close(self, at: datetime) -> Session | None:
        """Return the session with which the current or next trading day closes after *at*, or None."""
        closing = {session.day: session for session in sorted(self.sessions, key=lambda s: s.end)}
        coming = [session for session in closing.values() if session.end > at]
        return min(coming, key=lambda s: s.end, default=None)

    def end_of(self, day: date) -> datetime:
        """Return the last second of *day* where the venue is."""
        return datetime.combine(day, _LAST_SECOND, ZoneInfo(self.zone)).astimezone(UTC)

    def next_open(self, at: datetime) -> datetime | None:
        """Return when trading next opens after *at*, or None where IBKR has not said."""
        return min((s.start for s in self.sessions if s.start > at), default=None)
