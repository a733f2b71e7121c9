"""
All bars of one instrument: what was before the exchange opened, and what its prints have made since.

An option's bars are its underlying's, each price put through the option model.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from simulator.tws.bars import DAY, Bar, grouped
from simulator.tws.book import Book
from simulator.tws.past import Past, first_day
from simulator.tws.plan import NEW_YORK, Segment, Timetable, day_of, moment

_MINUTE, _HOUR = 60, 3600
_WEEK, _MONTH = 7 * DAY, 30 * DAY


@dataclass(frozen=True, slots=True)
class Tape:
    """Bars of any size over any time."""

    past: Past
    book: Book
    timetable: Timetable

    def days(self, first: date, last: date, *, regular: bool) -> list[Bar]:
        """Return one bar for each day with trading from *first* to *last*, regular hours only if so asked."""
        found: list[Bar] = []
        day = max(first, first_day(day_of(self.book.opened)))
        while day <= last:
            found += self._day(day, regular=regular)
            day += timedelta(days=1)
        return found

    def bars(self, start: float, end: float, size: int, *, regular: bool) -> list[Bar]:
        """
        Return the bars of *size* seconds that begin from *start* up to *end*.

        Sizes of a day and more give calendar days, weeks (from Monday) and
        months in New York.
        """
        if size >= DAY:
            days = self.days(day_of(start), day_of(end), regular=regular)
            found = grouped(days, _period(size)) if size > DAY else days
            return [bar for bar in found if bar.start < end]
        first, last = day_of(start), day_of(end)
        minutes: list[Bar] = []
        day = max(first, first_day(day_of(self.book.opened)))
        while day <= last:
            live = self._live(day, regular=regular)
            # What is asked for by the hour, or more, needs no minute: a hundred days of them take half a second.
            past = self.past.hours(day, regular=regular) if size % _HOUR == 0 else self._past(day, regular=regular)
            minutes += [*past, *live]
            day += timedelta(days=1)
        if size < _MINUTE:
            wanted = [bar for bar in minutes if start - _MINUTE < bar.start < end]
            minutes = [second for bar in wanted for second in self._seconds(bar)]
        return [bar for bar in self._aligned(minutes, size) if start <= bar.start < end]

    def _aligned(self, bars: list[Bar], size: int) -> list[Bar]:
        """Join bars into *size* seconds, counted from the hour of New York's wall clock."""
        return grouped(bars, lambda bar: bar.start - _since_midnight(bar.start) % size)

    def _day(self, day: date, *, regular: bool) -> list[Bar]:
        live = self._live(day, regular=regular)
        spans = self.past.segments(day)
        known = [bar for span, bar in spans if span.regular or not regular]
        return grouped([*known, *live], lambda _: moment(day, 0))

    def _past(self, day: date, *, regular: bool) -> list[Bar]:
        past = self.past.minutes(day)
        if not regular:
            return past
        # Bells rung by command end the liquid hours of prints, not those of the made-up past.
        return _inside(past, [span for span, _ in self.past.segments(day) if span.regular])

    def _live(self, day: date, *, regular: bool) -> list[Bar]:
        begin, end = moment(day, 0), moment(day + timedelta(days=1), 0)
        live = self.book.minutes_of(begin, end)
        if not regular or not live:
            return live
        return _inside(live, [span for span in self.timetable.segments(day) if span.regular])

    def _seconds(self, minute: Bar) -> list[Bar]:
        if minute.start >= self.book.opened:
            kept = self.book.seconds
            if kept and kept[0].start <= minute.start:
                return [bar for bar in kept if minute.start <= bar.start < minute.start + _MINUTE]
        return self.past.seconds(minute)


def mapped(bars: Iterable[Bar], price_at: Callable[[float, float], float]) -> list[Bar]:
    """Return *bars* with every price put through *price_at(time, price)*, as those of a derivative: no volume."""
    made = []
    for bar in bars:
        prices = [price_at(bar.start, price) for price in (bar.open, bar.high, bar.low, bar.close)]
        made.append(Bar(bar.start, prices[0], max(prices), min(prices), prices[3], 0.0, 0.0, 0))
    return made


def _inside(bars: list[Bar], spans: list[Segment]) -> list[Bar]:
    return [bar for bar in bars if any(span.contains(bar.start) for span in spans)]


def _since_midnight(at: int) -> int:
    wall = datetime.fromtimestamp(at, NEW_YORK)
    return wall.hour * 3600 + wall.minute * 60 + wall.second


def _period(size: int) -> Callable[[Bar], int]:
    def start_of(bar: Bar) -> int:
        day = day_of(bar.start)
        first = day - timedelta(days=day.weekday()) if size == _WEEK else day.replace(day=1)
        return moment(first, 0)

    return start_of
