"""How far back a historical request reaches."""

from datetime import UTC, date, datetime, timedelta

import pytest

from broker.history import duration
from market.hours import Hours, Session
from market.quote import BarSize

NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)


def hours(*spans: tuple[datetime, datetime]) -> Hours:
    """Return hours of these sessions."""
    return Hours("UTC", tuple(Session(start, end, end.date()) for start, end in spans))


US = hours((NOW.replace(hour=14, minute=30), NOW.replace(hour=21)))
ALWAYS = hours((NOW - timedelta(days=1), NOW + timedelta(days=1)))


@pytest.mark.parametrize(
    ("size", "count", "when", "length"),
    [
        (BarSize.MIN_1, 10, US, "720 S"),
        (BarSize.MIN_1, 300, US, "3 D"),
        (BarSize.MIN_1, 1000, US, "5 D"),
        (BarSize.HOUR_1, 14, US, "5 D"),
        (BarSize.HOUR_1, 20, ALWAYS, "79200 S"),
        (BarSize.HOUR_1, 100, ALWAYS, "5 D"),
        (BarSize.DAY_1, 50, US, "77 D"),
        (BarSize.DAY_1, 200, US, "296 D"),
        (BarSize.DAY_1, 500, US, "3 Y"),
        (BarSize.MIN_15, 100, Hours("UTC", ()), "6 D"),
    ],
)
def test_the_duration_reaches_over_nights_and_weekends(size: BarSize, count: int, when: Hours, length: str) -> None:
    assert duration(size, count, when, NOW) == length


def test_a_half_day_in_sight_makes_it_reach_further() -> None:
    half = (NOW.replace(day=27, hour=14, minute=30), NOW.replace(day=27, hour=18))
    whole = (NOW.replace(hour=14, minute=30), NOW.replace(hour=21))
    days = int(duration(BarSize.MIN_1, 1000, hours(whole, half), NOW).split()[0])
    assert days > int(duration(BarSize.MIN_1, 1000, hours(whole), NOW).split()[0])
    assert half[0].date() > date(2026, 11, 24)
