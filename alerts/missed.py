"""What is missed of a gap: which bars and headlines of an instrument its rules want, and how coarsely."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from alerts.book import FRESH
from alerts.operand import PriceField
from alerts.studio import Study
from market.hours import Hours
from market.instrument import Instrument
from market.news import Headline
from market.quote import Bar, BarSize

FURTHEST = timedelta(days=30)
"""What is longer ago is not fetched any more, and said to be unobserved."""

MOST_HEADLINES = 300
"""IBKR tells of no more at once, the latest ones."""

# IBKR's largest durations: a day of 1-minute bars, a week of 5-minute ones, a month of hours.
_SIZES = ((timedelta(days=1), BarSize.MIN_1), (timedelta(days=7), BarSize.MIN_5), (FURTHEST, BarSize.HOUR_1))
_UNKNOWN = Hours("UTC", ())


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What the rules about *instrument* want of a gap that began at *begin*.

    *fields* are the prices they look at, *studies* the bars of their indicators, *reach* how far before the gap their
    windows look. *is_daily*: the closes of the days before; *has_volume*: the session's volume from its beginning on.
    """

    instrument: Instrument
    begin: datetime
    fields: frozenset[PriceField] = frozenset()
    studies: tuple[Study, ...] = ()
    reach: timedelta = timedelta()
    is_daily: bool = False
    has_volume: bool = False
    has_news: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is to be fetched."""
        return not (self.fields or self.studies or self.has_news)

    @property
    def run_up(self) -> datetime:
        """From when on bars are wanted: where nothing trades at first, the price from before still stands."""
        return self.begin - max(self.reach, FRESH)

    def since(self, hours: Hours) -> datetime:
        """Return from when on bars are wanted: with the run-up, at most those of the session that ran."""
        begin = self.run_up
        if not self.has_volume:
            return begin
        running = [one.start for one in hours.sessions if one.start <= self.begin]
        return min(begin, max(running, default=self.begin - timedelta(days=1)))


@dataclass(frozen=True, slots=True)
class Missed:
    """
    What was fetched of it: *bars* by field, oldest first; those of *studies* (with what seeds them); *headlines*.

    *hours* has the sessions of the gap too, without any where they were not asked for. *closes* are the official closes
    by the day of their session. *answered* says up to when the bars of a field tell: when they came.
    """

    wanted: Wanted
    hours: Hours = _UNKNOWN
    bars: Mapping[PriceField, Sequence[Bar]] = field(default_factory=dict)
    studies: Mapping[Study, Sequence[Bar]] = field(default_factory=dict)
    headlines: Sequence[Headline] = ()
    closes: Mapping[date, float] = field(default_factory=dict)
    answered: Mapping[PriceField, datetime] = field(default_factory=dict)

    def close_before(self, day: date) -> float | None:
        """Return the official close before *day*, or None where it is not known."""
        earlier = [one for one in self.closes if one < day]
        return self.closes[max(earlier)] if earlier else None


def size_for(gap: timedelta) -> BarSize:
    """Return the finest bars that IBKR gives for a gap of this length, its run-up included."""
    return next((size for longest, size in _SIZES if gap <= longest), BarSize.HOUR_1)
