"""
When the simulated exchange is open: session plans, and the closing bell by command.

All days are calendar days in New York. A plan names the segments of a day;
a segment is regular (liquid hours) or not (the rest of the trading hours).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
_MINUTE = 60
_LAST_WEEKDAY = 4
# TWS describes the hours of about a week ahead.
_DAYS_TOLD = 6


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of trading, from *start* up to *end* (seconds since 1970)."""

    start: int
    end: int
    regular: bool

    def contains(self, at: float) -> bool:
        """Whether *at* lies in the segment."""
        return self.start <= at < self.end


class Plan(Protocol):
    """Which segments a day has."""

    def segments(self, day: date) -> list[Segment]:
        """Return the segments of *day* in order, none on a closed day."""


class AlwaysOpen:
    """Each calendar day is one regular session from midnight to midnight, so that a demo works at any hour."""

    def segments(self, day: date) -> list[Segment]:
        """Return the one segment of *day*."""
        return [Segment(moment(day, 0), moment(day + timedelta(days=1), 0), regular=True)]


class RegularUS:
    """Monday to Friday 09:30 to 16:00, with early trading from 04:00 and late trading up to 20:00."""

    def segments(self, day: date) -> list[Segment]:
        """Return the three segments of *day*, none at a weekend."""
        if day.weekday() > _LAST_WEEKDAY:
            return []
        early, opening, closing, late = (moment(day, minute) for minute in (240, 570, 960, 1200))
        return [
            Segment(early, opening, regular=False),
            Segment(opening, closing, regular=True),
            Segment(closing, late, regular=False),
        ]


class RoundTheClock:
    """
    Currencies and futures of the regular week: from Sunday evening to Friday 17:00, with a daily break.

    Futures rest from 17:00 to 18:00, currencies for a quarter of an hour (both as IBKR's contract details tell them).
    """

    def __init__(self, reopening: int) -> None:
        self._reopening = reopening

    def segments(self, day: date) -> list[Segment]:
        """Return the segments of *day*, all of them regular."""
        spans = {_LAST_WEEKDAY: [(0, 1020)], _LAST_WEEKDAY + 1: [], _LAST_WEEKDAY + 2: [(self._reopening, 1440)]}
        usual = [(0, 1020), (self._reopening, 1440)]
        return [
            Segment(moment(day + timedelta(days=start // 1440), start % 1440), _end(day, end), regular=True)
            for start, end in spans.get(day.weekday(), usual)
        ]


def _end(day: date, minute: int) -> int:
    return moment(day + timedelta(days=minute // 1440), minute % 1440)


@dataclass(frozen=True, slots=True)
class Phase:
    """Where a market stands; *day* tells sessions apart that follow each other without a break at midnight."""

    is_trading: bool
    is_regular: bool
    day: date | None


class Timetable:
    """A plan, and the closing bells that were rung by command."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._bells: dict[date, int] = {}
        self._markets: dict[str, Timetable] = {}
        if isinstance(plan, RegularUS):
            futures = Timetable(RoundTheClock(1080))
            self._markets = {
                "CASH": Timetable(RoundTheClock(1035)),
                "FUT": futures,
                "FOP": futures,
                "CRYPTO": Timetable(AlwaysOpen()),
            }

    def of(self, sec_type: str) -> "Timetable":
        """Return the timetable of a kind of instrument: this one, unless its market keeps its own hours."""
        return self._markets.get(sec_type, self)

    def phase(self, now: float) -> Phase:
        """Return where the market stands."""
        today = day_of(now)
        spans = _joined([(one.start, one.end) for one in self.segments(today)])
        whole = spans == [(moment(today, 0), moment(today + timedelta(days=1), 0))]
        return Phase(self.is_trading(now), self.is_regular(now), today if whole else None)

    def segments(self, day: date) -> list[Segment]:
        """Return the segments of *day*; what follows a bell is no longer regular."""
        bell = self._bells.get(day)
        planned = self._plan.segments(day)
        if bell is None:
            return planned
        rung: list[Segment] = []
        for one in planned:
            if not one.regular or one.end <= bell:
                rung.append(one)
                continue
            if one.start < bell:
                rung.append(Segment(one.start, bell, regular=True))
            rung.append(Segment(max(one.start, bell), one.end, regular=False))
        return rung

    def ring(self, now: float) -> None:
        """End today's liquid hours at the current minute; trading hours stay as they are."""
        self._bells[day_of(now)] = int(now) // _MINUTE * _MINUTE

    def reopen(self, now: float) -> None:
        """Take back today's bell."""
        self._bells.pop(day_of(now), None)

    def rung(self, now: float) -> bool:
        """Whether today's liquid hours were ended by command."""
        return day_of(now) in self._bells

    def is_regular(self, now: float) -> bool:
        """Whether liquid hours run."""
        return any(one.regular and one.contains(now) for one in self.segments(day_of(now)))

    def is_trading(self, now: float) -> bool:
        """Whether trading hours run."""
        return any(one.contains(now) for one in self.segments(day_of(now)))

    def next_regular(self, now: float) -> int:
        """Return the second at which liquid hours begin next, or now if they run."""
        for ahead in range(8):
            for one in self.segments(day_of(now) + timedelta(days=ahead)):
                if one.regular and one.end > now:
                    return max(one.start, int(now))
        return int(now)

    def close_after(self, now: float) -> int:
        """Return the second at which the liquid hours end that run now or begin next."""
        opening = self.next_regular(now)
        ends = [one.end for one in self.segments(day_of(opening)) if one.regular and one.end > opening]
        return ends[0] if ends else moment(day_of(opening) + timedelta(days=1), 0)

    def hours(self, now: float, zone: str, *, liquid: bool) -> str:
        """
        Return the hours as contract details show them, from today on, in *zone*.

        `20260406:0400-20260406:2000;20260407:CLOSED;...`, as in real frames.
        """
        told: list[str] = []
        for ahead in range(_DAYS_TOLD):
            day = day_of(now) + timedelta(days=ahead)
            spans = [(one.start, one.end) for one in self.segments(day) if one.regular or not liquid]
            joined = _joined(spans)
            told.extend(_span(start, end, zone) for start, end in joined)
            if not joined:
                told.append(f"{day:%Y%m%d}:CLOSED")
        return ";".join(told)


def day_of(at: float) -> date:
    """Return the calendar day in New York."""
    return datetime.fromtimestamp(at, NEW_YORK).date()


def moment(day: date, minute: int) -> int:
    """Return the seconds since 1970 at *minute* of *day* on New York's wall clock."""
    wall = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=NEW_YORK)
    return int(wall.timestamp())


def zone_of(name: str) -> ZoneInfo:
    """Return the zone that TWS calls *name*, New York where Python knows no such zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError):
        return NEW_YORK


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        elif start < end:
            joined.append((start, end))
    return joined


def _span(start: int, end: int, zone: str) -> str:
    info = zone_of(zone)
    first, last = datetime.fromtimestamp(start, info), datetime.fromtimestamp(end, info)
    return f"{first:%Y%m%d:%H%M}-{last:%Y%m%d:%H%M}"
