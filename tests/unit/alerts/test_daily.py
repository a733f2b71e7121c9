from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.daily import average_range, average_volume, highest, lowest
from alerts.indicators import Series
from alerts.operand import Indicator
from market.quote import Bar, BarSize

DAY = timedelta(days=1)
TODAY = date(2026, 11, 20)


def day(n: int, high: float = 10.0, low: float = 9.0, volume: float = 100.0) -> Bar:
    """Return the daily bar of *n* days before today."""
    start = datetime(2026, 11, 20, tzinfo=UTC) - n * DAY
    return Bar(start, low, high, low, (high + low) / 2, volume)


def test_the_extremes_are_those_of_the_days_before_today() -> None:
    bars = [day(21, high=99.0, low=1.0), day(20, high=30.0), day(3, low=5.0), day(1), day(0, high=50.0, low=2.0)]
    assert (highest(bars, 20, TODAY), lowest(bars, 20, TODAY)) == (30.0, 5.0)
    assert (highest(bars, 21, TODAY), lowest(bars, 21, TODAY)) == (99.0, 1.0)


def test_without_a_bar_of_those_days_there_is_no_extreme() -> None:
    assert highest([day(0), day(30)], 20, TODAY) is None
    assert lowest([], 20, TODAY) is None


def test_the_usual_volume_needs_all_its_bars_and_some_trade() -> None:
    bars = [day(n, volume=n * 100.0) for n in range(5, 0, -1)]
    assert average_volume(bars, 2) == 150.0
    assert average_volume(bars, 5) == 300.0
    assert average_volume(bars, 6) is None
    assert average_volume([day(1, volume=0.0)], 1) is None


def test_the_average_range_is_the_indicators() -> None:
    bars = [day(40 - n, high=10.0 + n % 5, low=8.0 - n % 3) for n in range(40)]
    series = Series(Indicator("AAPL", "atr", 14, BarSize.DAY_1))
    series.seed(bars)
    assert average_range(bars) == pytest.approx(series.value)
    assert average_range(bars[:14]) is None
