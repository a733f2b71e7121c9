"""
When a message may wait, and when many become one: quiet hours, digests, calm after a market-wide alert.

Only decisions about moments; who keeps the messages meanwhile is `bot/sieve.py`.
"""

import re
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

WINDOW = timedelta(seconds=30)
"""What happens within this time counts as one burst."""

ALONE = 4
"""So many events of a burst are told each on its own."""

LONGEST = timedelta(minutes=2)
"""A digest takes in no more after this: it grows without a sound, and a new one has one."""

NEWS_WINDOW = timedelta(minutes=10)
"""Headlines are counted over this time, and a digest of them takes in more for as long."""

NEWS_ALONE = 8
"""So many headlines of that time are told each on its own."""

STALE = timedelta(hours=12)
"""What is older when it is sent is told together."""

CALM = timedelta(minutes=15)
"""So long an alert that calms the others speaks for them."""

_DAY = timedelta(days=1)
_NOON = 12
_SPAN = re.compile(
    r"(?:from\s+)?(\d{1,2})(?::([0-5]\d))?\s*([ap]m)?\s*(?:-|\N{EN DASH}|\N{EM DASH}|to|until)\s*"
    r"(\d{1,2})(?::([0-5]\d))?\s*([ap]m)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From *begin* to *end* by a person's own clock, over midnight where *end* is the earlier."""

    begin: time
    end: time

    @classmethod
    def read(cls, text: str) -> "QuietHours | None":
        """Return what `22:00-07:00`, `22-7` or `10pm to 7am` means; None for anything else, and for no time at all."""
        found = _SPAN.fullmatch(text.strip())
        if found is None:
            return None
        begin, end = _time(*found.groups()[:3]), _time(*found.groups()[3:])
        return None if begin is None or end is None or begin == end else cls(begin, end)

    def __str__(self) -> str:
        """Return it as `read` takes it."""
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"

    def until(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """
        Return when the quiet that reigns *now* is over (UTC), or None outside it.

        An hour that the day has twice begins and ends it the first time, one that it has not an hour later.
        """
        today = now.astimezone(zone).date()
        length = _DAY if self.end <= self.begin else timedelta()
        for day in (today - _DAY, today):
            begin = datetime.combine(day, self.begin, zone).astimezone(UTC)
            end = datetime.combine(day + length, self.end, zone).astimezone(UTC)
            if begin <= now < end:
                return end
        return None


def _time(hours: str, minutes: str | None, half: str | None) -> time | None:
    hour = int(hours)
    if half is not None:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if half.lower() == "pm" else 0)
    return None if hour >= 24 else time(hour, int(minutes or 0))  # noqa: PLR2004  hours of a day


class Burst:
    """The events of one chat: the first few within the window are told each on its own, the others together."""

    __slots__ = ("_admitted", "_alone", "_events", "_window")

    def __init__(self, window: timedelta = WINDOW, alone: int = ALONE) -> None:
        self._window = window
        self._alone = alone
        self._events: deque[datetime] = deque()
        self._admitted: set[int] = set()

    def look(self, waiting: Collection[int]) -> None:
        """Forget those that are not *waiting* any more: what comes again later is another event."""
        if self._admitted:
            self._admitted.intersection_update(waiting)

    def admits(self, event: int, now: datetime) -> bool:
        """Return whether *event* is told on its own; one that was admitted stays so as long as it waits."""
        if event in self._admitted:
            return True
        while self._events and not timedelta() <= now - self._events[0] <= self._window:
            self._events.popleft()
        self._events.append(now)
        if len(self._events) > self._alone:
            return False
        self._admitted.add(event)
        return True


def is_open(opened: datetime, grown: datetime, now: datetime) -> bool:
    """Return whether a digest *opened* and last *grown* then takes in more *now*."""
    return timedelta() <= now - grown <= WINDOW and timedelta() <= now - opened <= LONGEST


def next_hour(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the beginning of the next hour of a person's own clock (UTC)."""
    own = now.astimezone(zone)
    # Over seconds that every clock has, whatever the hour is called then.
    past = timedelta(minutes=own.minute, seconds=own.second, microseconds=own.microsecond)
    return now.astimezone(UTC) - past + timedelta(hours=1)


def last_slot(now: datetime, zone: ZoneInfo, at: time, per_day: int) -> datetime:
    """
    Return the latest moment up to *now* (UTC) at which something is due *per_day* times a day, first *at*.

    By the person's own clock, so that a day of 23 or 25 hours changes nothing.
    """
    return max(moment for moment in _slots(now, zone, at, per_day) if moment <= now)


def next_slot(now: datetime, zone: ZoneInfo, at: time, per_day: int) -> datetime:
    """Return the first moment after *now* (UTC) at which it is due; see `last_slot`."""
    return min(moment for moment in _slots(now, zone, at, per_day) if moment > now)


def _slots(now: datetime, zone: ZoneInfo, at: time, per_day: int) -> Iterator[datetime]:
    today = now.astimezone(zone).date()
    for day in (today - _DAY, today, today + _DAY):
        for turn in range(per_day):
            hour = (at.hour + turn * 24 // per_day) % 24
            yield datetime.combine(day, at.replace(hour=hour), zone).astimezone(UTC)
