from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from alerts.moment import days, time_of_day, until, zone_name
from alerts.number import Misread

NEW_YORK = ZoneInfo("America/New_York")
SUNDAY = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("friday", "2026-11-28T05:00"),
        ("Fri", "2026-11-28T05:00"),
        ("next friday", "2026-12-05T05:00"),
        ("sunday", "2026-11-23T05:00"),
        ("today", "2026-11-23T05:00"),
        ("tomorrow", "2026-11-24T05:00"),
        ("2026-12-24", "2026-12-25T05:00"),
        ("24 dec", "2026-12-25T05:00"),
        ("Dec 24, 2026", "2026-12-25T05:00"),
        ("1 march", "2027-03-02T05:00"),
        ("2026-12-24 15:30", "2026-12-24T20:30"),
        ("2026-12-24 15:30Z", "2026-12-24T15:30"),
        ("2026-12-24 15:30 UTC", "2026-12-24T15:30"),
        ("15:45", "2026-11-22T20:45"),
    ],
)
def test_an_end_is_absolute(text: str, end: str) -> None:
    assert until(text, SUNDAY, NEW_YORK) == datetime.fromisoformat(end).replace(tzinfo=UTC)


def test_a_day_on_which_clocks_change_ends_at_its_own_midnight() -> None:
    before = datetime(2026, 10, 31, 12, 0, tzinfo=UTC)
    assert until("sunday", before, NEW_YORK) == datetime(2026, 11, 2, 5, 0, tzinfo=UTC)
    assert until("saturday", before, NEW_YORK) == datetime(2026, 11, 1, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-11-21", "9:30", "2026-02-30", "30 feb", "12/24", "24.12.2026", "soon", "2036-01-01", "2026-12-24 25:00"],
)
def test_what_is_over_or_no_day_is_refused(text: str) -> None:
    with pytest.raises(Misread):
        until(text, SUNDAY, NEW_YORK)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("15:45", (15, 45)),
        ("3:45pm", (15, 45)),
        ("12am", (0, 0)),
        ("12 PM", (12, 0)),
        ("noon", (12, 0)),
        ("9:05", (9, 5)),
    ],
)
def test_times_of_day(text: str, time: tuple[int, int]) -> None:
    assert time_of_day(text) == time


@pytest.mark.parametrize("text", ["24:00", "13pm", "0am", "9:60", "9"[:0] + "x"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(Misread):
        time_of_day(text)


def test_zones_by_their_usual_and_their_full_names() -> None:
    assert zone_name("ET") == zone_name("edt") == "America/New_York"
    assert zone_name("europe/berlin") == "Europe/Berlin"
    with pytest.raises(Misread):
        zone_name("Moon/Base")


def test_days_by_name_and_range() -> None:
    assert days("weekdays") == days("on mon-fri") == (0, 1, 2, 3, 4)
    assert days("fri - mon") == (0, 4, 5, 6)
    assert days("Mon, Wednesdays") == (0, 2)
    assert days("daily") == days("mon-sun") == ()
