"""What closed daily bars say: the extremes of so many days, and the usual volume. Bars are oldest first."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from market.quote import Bar


def highest(bars: Sequence[Bar], days: int, today: date) -> float | None:
    """
    Return the highest high of the *days* days before *today* (the venue's date); None without any bar of them.

    Days are the calendar's: 52 weeks are 364. What began to trade later is taken from there on.
    """
    return max((bar.high for bar in _of_last(bars, days, today)), default=None)


def lowest(bars: Sequence[Bar], days: int, today: date) -> float | None:
    """Return the lowest low of the *days* days before *today*, as `highest`."""
    return min((bar.low for bar in _of_last(bars, days, today)), default=None)


def average_volume(bars: Sequence[Bar], days: int) -> float | None:
    """Return the mean volume of the last *days* bars; None where there are fewer, or none of them traded."""
    last = bars[-days:]
    volume = sum(bar.volume for bar in last)
    return volume / days if len(last) == days and volume else None


def average_range(bars: Sequence[Bar], length: int = 14) -> float | None:
    """
    Return the average true range of the bars (Wilder's, over *length*), to measure distances in; None with too few.

    In the money of a price.
    """
    ranges = [max(bar.high, before.close) - min(bar.low, before.close) for before, bar in pairwise(bars)]
    if len(ranges) < length:
        return None
    average = sum(ranges[:length]) / length
    for one in ranges[length:]:
        average += (one - average) / length
    return average


def _of_last(bars: Sequence[Bar], days: int, today: date) -> list[Bar]:
    first = today - timedelta(days=days)
    # A daily bar's start is midnight UTC of its session's date.
    return [bar for bar in bars if first <= bar.start.date() < today]
