"""Quiet hours, bursts, and what is due at a time of day, over every change of the clocks."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.silence import ALONE, LONGEST, WINDOW, Burst, QuietHours, is_open, last_slot

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
NIGHT = QuietHours(time(22), time(7))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("22:00-07:00", QuietHours(time(22), time(7))),
        (" 22-7 ", QuietHours(time(22), time(7))),
        ("22:30 \N{EN DASH} 6:15", QuietHours(time(22, 30), time(6, 15))),
        ("from 10pm to 7am", QuietHours(time(22), time(7))),
        ("12am-12pm", QuietHours(time(0), time(12))),
        ("0-23:59", QuietHours(time(0), time(23, 59))),
    ],
)
def test_quiet_hours_are_read_as_people_write_them(said: str, meant: QuietHours) -> None:
    assert QuietHours.read(said) == meant
    assert QuietHours.read(str(meant)) == meant


@pytest.mark.parametrize("said", ["", "22", "22:00", "22-22", "24-7", "22:60-7", "13pm-7am", "0am-7", "soon", "22-7-8"])
def test_what_is_no_span_of_time_is_refused(said: str) -> None:
    assert QuietHours.read(said) is None


def test_quiet_reigns_over_midnight_by_the_persons_own_clock() -> None:
    at_eleven = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
    assert NIGHT.until(at_eleven, BERLIN) == datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
    assert NIGHT.until(at_eleven, NEW_YORK) is None
    at_five = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
    assert NIGHT.until(at_five, BERLIN) == datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
    assert NIGHT.until(datetime(2026, 11, 21, 6, 0, tzinfo=UTC), BERLIN) is None


def test_the_night_in_which_the_clocks_change_ends_at_seven_all_the_same() -> None:
    before_spring = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
    assert NIGHT.until(before_spring, BERLIN) == datetime(2026, 3, 29, 5, 0, tzinfo=UTC)
    before_autumn = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert NIGHT.until(before_autumn, BERLIN) == datetime(2026, 10, 25, 6, 0, tzinfo=UTC)


def test_an_hour_that_comes_twice_does_not_bring_the_quiet_back() -> None:
    short = QuietHours(time(1), time(2, 30))
    first = datetime(2026, 10, 25, 0, 15, tzinfo=UTC)
    assert short.until(first, BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert short.until(datetime(2026, 10, 25, 1, 15, tzinfo=UTC), BERLIN) is None


@given(
    begin=st.integers(0, 1439),
    length=st.integers(1, 20 * 60),
    now=st.integers(0, 366 * 1440).map(lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)),
    zone=st.sampled_from([BERLIN, NEW_YORK, UTC_ZONE, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kolkata")]),
)
def test_quiet_ends_in_the_future_within_a_day_and_is_over_then(
    begin: int, length: int, now: datetime, zone: ZoneInfo
) -> None:
    end = (begin + length) % 1440
    quiet = QuietHours(time(*divmod(begin, 60)), time(*divmod(end, 60)))
    over = quiet.until(now, zone)
    if over is not None:
        assert now < over <= now + timedelta(hours=22)
        assert quiet.until(over, zone) is None


def test_four_events_are_told_each_on_its_own_and_the_fifth_is_not() -> None:
    burst = Burst()
    assert [burst.admits(event, NOW + timedelta(seconds=event)) for event in range(6)] == [True] * ALONE + [False] * 2
    assert burst.admits(2, NOW + timedelta(seconds=9)), "what was admitted and still waits stays admitted"


def test_half_a_minute_later_events_are_told_on_their_own_again() -> None:
    burst = Burst()
    for event in range(6):
        burst.admits(event, NOW)
    assert burst.admits(7, NOW + WINDOW + timedelta(seconds=1))


def test_a_steady_stream_stays_together() -> None:
    burst = Burst()
    told = [burst.admits(event, NOW + timedelta(seconds=3 * event)) for event in range(40)]
    assert told[:ALONE] == [True] * ALONE
    assert not any(told[ALONE:])


def test_a_clock_that_was_set_back_counts_anew() -> None:
    burst = Burst()
    for event in range(6):
        burst.admits(event, NOW)
    assert burst.admits(9, NOW - timedelta(hours=1))


def test_what_comes_again_after_it_was_gone_is_another_event() -> None:
    burst = Burst()
    assert all(burst.admits(event, NOW) for event in range(ALONE))
    burst.look([])
    assert not burst.admits(0, NOW)


def test_a_digest_closes_when_it_was_quiet_and_at_last_after_two_minutes() -> None:
    assert is_open(NOW, NOW, NOW + WINDOW)
    assert not is_open(NOW, NOW, NOW + WINDOW + timedelta(seconds=1))
    late = NOW + LONGEST + timedelta(seconds=1)
    assert not is_open(NOW, late, late)
    assert not is_open(NOW, NOW, NOW - timedelta(hours=1))


def test_what_is_due_at_eight_is_due_at_eight_on_every_day() -> None:
    due = {
        last_slot(datetime(2026, 3, 27, tzinfo=UTC) + timedelta(minutes=17 * step), BERLIN, time(8), 1)
        for step in range(300)
    }
    local = sorted(moment.astimezone(BERLIN) for moment in due)
    assert {(moment.hour, moment.minute) for moment in local} == {(8, 0)}
    assert len({moment.date() for moment in local}) == len(local) == 5


def test_twice_a_day_is_twelve_hours_apart_by_the_clock_on_the_wall() -> None:
    assert last_slot(datetime(2026, 11, 20, 15, 0, tzinfo=UTC), UTC_ZONE, time(20, 30), 2) == datetime(
        2026, 11, 20, 8, 30, tzinfo=UTC
    )
    assert last_slot(datetime(2026, 11, 20, 6, 0, tzinfo=UTC), UTC_ZONE, time(8), 2) == datetime(
        2026, 11, 19, 20, 0, tzinfo=UTC
    )
