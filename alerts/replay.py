"""
Bars as a market: what the engine would have been told while they came about.

A bar tells four prices, not their order. Its path is taken as open, low, high, close where it rose and open, high,
low, close where it fell; of several instruments only the closes are told, because their highs were not at the same
moment. A session's opening price, the close before it and its volume are made of the same bars.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from market.hours import Hours, Session
from market.instrument import Instrument
from market.quote import Bar, BarSize, Tick, TickField

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Told:
    """What the engine is told at one moment: *ticks*, and then perhaps that a *bar* of *size* closed."""

    at: datetime
    instrument: Instrument
    ticks: tuple[Tick, ...] = ()
    bar: Bar | None = None
    size: BarSize = BarSize.MIN_1


def ticks_of(
    instrument: Instrument, size: BarSize, bars: Iterable[Bar], hours: Hours, *, closes_only: bool
) -> Iterator[Told]:
    """
    Yield what a market data line would have said during *bars* (oldest first), each before its bar's end.

    *hours* are those of the days that *bars* lie in.
    """
    zone = ZoneInfo(hours.zone)
    day: date | None = None
    opened: Session | None = None
    volume, close = 0.0, None
    for bar in bars:
        session = _session_at(hours, bar, size)
        today = bar.start.astimezone(zone).date()
        told: list[Told] = []
        if today != day:
            day, volume = today, 0.0
            if close is not None:
                told.append(_told(instrument, TickField.CLOSE, close, bar.start))
        if session is not None and session != opened:
            opened = session
            told.append(_told(instrument, TickField.OPEN, bar.open, max(bar.start, session.start)))
        volume += bar.volume
        if session is not None or close is None:
            close = bar.close
        told += _path(instrument, size, bar, volume, closes_only=closes_only)
        yield from sorted(told, key=lambda one: one.at)


def closes_of(instrument: Instrument, size: BarSize, bars: Iterable[Bar], hours: Hours) -> Iterator[Told]:
    """Yield each of *bars* at the moment at which it was there: a daily one after its session's close."""
    ends = {session.day: session.end for session in hours.sessions}
    for bar in bars:
        closed = bar.start + size.duration
        if size is BarSize.DAY_1:
            closed = ends.get(bar.start.date(), closed)
        yield Told(closed, instrument, bar=bar, size=size)


def past_hours(hours: Hours, days: Iterable[date]) -> Hours:
    """
    Return the sessions that *days* (those with trade, by the venue's date) will have had, going by *hours*.

    IBKR tells of the coming days only. Half days of the past look like whole ones.
    """
    zone = ZoneInfo(hours.zone)
    by_day: dict[date, list[tuple[timedelta, timedelta]]] = {}
    for session in hours.sessions:
        midnight = datetime.combine(session.day, time(), zone).replace(tzinfo=None)
        # By the wall clock: over a change of clocks, sessions keep to it.
        begin, end = (
            moment.astimezone(zone).replace(tzinfo=None) - midnight for moment in (session.start, session.end)
        )
        by_day.setdefault(session.day, []).append((begin, end))
    if not by_day:
        return hours
    usual, _ = Counter(tuple(spans) for spans in by_day.values()).most_common(1)[0]
    known = set(by_day)
    sessions = [
        Session(_moment(day, begin, zone), _moment(day, end, zone), day)
        for day in sorted(set(days) - known)
        for begin, end in usual
    ]
    return Hours(hours.zone, tuple(sorted((*sessions, *hours.sessions), key=lambda session: session.start)))


def days_of(bars: Iterable[Bar], zone: str) -> set[date]:
    """Return the dates in *zone* on which *bars* began."""
    there = ZoneInfo(zone)
    return {bar.start.astimezone(there).date() for bar in bars}


def _path(instrument: Instrument, size: BarSize, bar: Bar, volume: float, *, closes_only: bool) -> Iterator[Told]:
    last = bar.start + size.duration - _SECOND
    third = (size.duration - _SECOND) / 3
    inner = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
    steps = [(last, bar.close)]
    if not closes_only:
        steps = [(bar.start + n * third, price) for n, price in enumerate((bar.open, *inner))] + steps
    for at, price in steps:
        ticks = [_tick(instrument, field, price, at) for field in (TickField.BID, TickField.ASK, TickField.LAST)]
        if at is last:
            ticks.insert(0, _tick(instrument, TickField.VOLUME, volume, at))
        yield Told(at, instrument, tuple(ticks))


def _session_at(hours: Hours, bar: Bar, size: BarSize) -> Session | None:
    """Return the session that *bar* lies in, at least with its end."""
    end = bar.start + size.duration - _SECOND
    return next((session for session in hours.sessions if session.start <= end < session.end), None)


def _moment(day: date, since: timedelta, zone: ZoneInfo) -> datetime:
    """Return the moment at which the clocks in *zone* show *since* after the beginning of *day*."""
    return (datetime.combine(day, time()) + since).replace(tzinfo=zone).astimezone(UTC)


def _told(instrument: Instrument, field: TickField, price: float, at: datetime) -> Told:
    return Told(at, instrument, (_tick(instrument, field, price, at),))


def _tick(instrument: Instrument, field: TickField, price: float, at: datetime) -> Tick:
    return Tick(instrument, field, price, 0.0, at)
