"""
The past of an instrument, made up once and for all by the seed.

The close of each day follows from the day after it, back from the price at
which the exchange opened; a day's segments, minutes and seconds are split
from above (bars.split). Nothing is made before somebody asks for it.
"""

import math
import random
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import astuple
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from simulator.tws.bars import Bar, grouped, split
from simulator.tws.instrument import Instrument
from simulator.tws.plan import Plan, Segment, day_of, moment

_MINUTE = 60
_HOUR = 3600
_YEAR_OF_DAYS = 252
_DAYS_KEPT = 40
_HOURS_KEPT = 4096
# Early and late trading see little of a day's volume and movement.
_THIN = 0.04


class Past:
    """
    Bars of one instrument up to the minute in which the exchange opened.

    *opened* is that time and *price* the price at that moment. The planned
    hours decide which minutes exist; a bell rung later does not unmake them.
    """

    def __init__(self, instrument: Instrument, seed: int, plan: Plan, opened: float) -> None:
        self._instrument = instrument
        self._seed = seed
        self._plan = plan
        self._opened = int(opened) // _MINUTE * _MINUTE
        self._today = day_of(opened)
        # The close of the day before each day, made backwards from today.
        self._closes: dict[date, float] = {}
        self._minutes: OrderedDict[date, list[Bar]] = OrderedDict()
        self._reach = self._today
        self._scale = 1.0

    def rescale(self, factor: float) -> None:
        """Tell all prices *factor* times as high from now on, as IBKR adjusts old bars for a split."""
        self._scale *= factor
        self._minutes.clear()

    def close_before(self, day: date) -> float:
        """Return the last close before *day*, today or earlier."""
        while self._reach >= day or self._reach not in self._closes:
            self._reach_back()
        return self._closes[day]

    def _reach_back(self) -> None:
        if not self._closes:
            # Before the first bell of a day, and on a closed one, the last close is the price.
            begun = any(one.start < self._opened for one in self._plan.segments(self._today))
            price = self._instrument.price
            self._closes[self._today] = self._undone(price, self._today) if begun else price
            return
        earlier = self._reach - timedelta(days=1)
        price = self._closes[self._reach]
        self._closes[earlier] = self._undone(price, earlier) if self._plan.segments(earlier) else price
        self._reach = earlier

    def _undone(self, price: float, day: date) -> float:
        """Return the price before the move of *day*, which ended at *price*."""
        move = self._rng("move", day).gauss(0, self._instrument.volatility / math.sqrt(_YEAR_OF_DAYS))
        return self._instrument.on_grid(price / math.exp(move))

    def segments(self, day: date) -> list[tuple[Segment, Bar]]:
        """Return the segments of *day* that had begun when the exchange opened, each with its bar."""
        spans = [one for one in self._plan.segments(day) if one.start < self._opened]
        if not spans:
            return []
        rng = self._rng("day", day)
        price, final = self.close_before(day), self._final(day)
        made: list[tuple[Segment, Bar]] = []
        for number, span in enumerate(spans):
            if span.end > self._opened:
                span = Segment(span.start, self._opened, span.regular)  # noqa: PLW2901 - the rest is yet to come
            # The regular close is the day's; late trading comes back to it, so that closes and day bars agree.
            is_close = span.regular or number == len(spans) - 1
            close = final if is_close else self._between(price, final, span, rng)
            bar = self._segment_bar(span, price, close, rng)
            made.append((span, scaled(bar, self._scale, self._instrument.on_grid)))
            price = close
        return made

    def minutes(self, day: date) -> list[Bar]:
        """Return the one-minute bars of *day* before the exchange opened."""
        if day not in self._minutes:
            self._minutes[day] = _minutes(self._seed, self._instrument, day, self.segments(day))
            while len(self._minutes) > _DAYS_KEPT:
                self._minutes.popitem(last=False)
        return self._minutes[day]

    def hours(self, day: date, *, regular: bool) -> Sequence[Bar]:
        """Return a bar for each hour of *day*, regular hours only if so asked."""
        segments = self.segments(day)
        chosen = frozenset(span.start for span, _ in segments if span.regular or not regular)
        made = tuple((span, astuple(bar)) for span, bar in segments)
        return _hours(self._seed, self._instrument, day, made, chosen)

    def seconds(self, minute: Bar) -> list[Bar]:
        """Return the one-second bars of a minute."""
        rng = random.Random(f"{self._seed}:{self._instrument.con_id}:{minute.start}")  # noqa: S311 - no secret
        starts = range(minute.start, minute.start + _MINUTE)
        return split(minute, starts, rng, self._instrument.rounding())

    def _final(self, day: date) -> float:
        following = day + timedelta(days=1)
        return self._instrument.price if day >= self._today else self.close_before(following)

    def _between(self, price: float, final: float, span: Segment, rng: random.Random) -> float:
        wander = rng.gauss(0, self._daily(span) * 0.3)
        return self._instrument.on_grid((price + (final - price) * 0.2) * math.exp(wander))

    def _segment_bar(self, span: Segment, opening: float, close: float, rng: random.Random) -> Bar:
        grid, sigma = self._instrument.on_grid, self._daily(span)
        start = grid(opening * math.exp(rng.gauss(0, sigma * 0.25)))
        high = grid(max(start, close) * math.exp(abs(rng.gauss(0, sigma * 0.5))))
        low = grid(min(start, close) * math.exp(-abs(rng.gauss(0, sigma * 0.5))))
        volume = float(int(self._volume(span) * math.exp(rng.gauss(0, 0.25))))
        count = max(1, int(volume / 110)) if volume else 0
        return Bar(span.start, start, high, low, close, volume, (start + high + low + close) / 4 * volume, count)

    def _daily(self, span: Segment) -> float:
        sigma = self._instrument.volatility / math.sqrt(_YEAR_OF_DAYS)
        return sigma if span.regular else sigma * 0.3

    def _volume(self, span: Segment) -> float:
        if not self._instrument.trades:
            return 0.0
        planned = next(one for one in self._plan.segments(day_of(span.start)) if one.start == span.start)
        passed = (span.end - span.start) / (planned.end - planned.start)
        return self._instrument.daily_volume * passed * (1.0 if span.regular else _THIN)

    def _rng(self, purpose: str, day: date) -> random.Random:
        return _chance(self._seed, self._instrument, purpose, day)


def _chance(seed: int, instrument: Instrument, purpose: str, day: date) -> random.Random:
    return random.Random(f"{seed}:{instrument.con_id}:{purpose}:{day}")  # noqa: S311 - no secret


def _minutes(seed: int, instrument: Instrument, day: date, segments: Sequence[tuple[Segment, Bar]]) -> list[Bar]:
    made: list[Bar] = []
    grid = instrument.rounding()
    for span, bar in segments:
        rng = _chance(seed, instrument, f"minutes {span.start}", day)
        made += split(bar, range(span.start, span.end, _MINUTE), rng, grid)
    return made


# Not one exchange's alone: those of one process after another, as of tests, have the same past where they agree on it.
@lru_cache(_HOURS_KEPT)
def _hours(
    seed: int,
    instrument: Instrument,
    day: date,
    segments: tuple[tuple[Segment, tuple[Any, ...]], ...],
    chosen: frozenset[int],
) -> Sequence[Bar]:
    bars = [(span, Bar(*values)) for span, values in segments]
    spans = [span for span, _ in bars if span.start in chosen]
    minutes = [one for one in _minutes(seed, instrument, day, bars) if any(span.contains(one.start) for span in spans)]
    return grouped(minutes, lambda bar: bar.start - bar.start % _HOUR)


def scaled(bar: Bar, factor: float, on_grid: Callable[[float], float]) -> Bar:
    """Return *bar* with prices *factor* times as high, and as many fewer shares traded."""
    if factor == 1.0:
        return bar
    opening, high, low, close = (on_grid(price * factor) for price in (bar.open, bar.high, bar.low, bar.close))
    return Bar(bar.start, opening, high, low, close, float(round(bar.volume / factor)), bar.value, bar.count)


def first_day(today: date) -> date:
    """Return the first day for which there is history: two years back."""
    return today - timedelta(days=2 * 365)


def midnight(day: date) -> int:
    """Return the second in which *day* begins in New York."""
    return moment(day, 0)


def within(bars: Sequence[Bar], start: float, end: float) -> list[Bar]:
    """Return the bars that begin from *start* up to, not including, *end*."""
    return [bar for bar in bars if start <= bar.start < end]
