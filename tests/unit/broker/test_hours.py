"""Hours and times as TWS writes them."""

from datetime import UTC, date, datetime

import pytest

from broker import hours


def test_liquid_hours_become_sessions_in_order() -> None:
    text = ";20261124:0930-20261124:1600;20261123:0930-20261123:1600;20261122:CLOSED"
    found = hours.hours(text, "US/Eastern")
    assert found.zone == "US/Eastern"
    assert [(one.start, one.end, one.day) for one in found.sessions] == [
        (datetime(2026, 11, 23, 14, 30, tzinfo=UTC), datetime(2026, 11, 23, 21, 0, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 24, 14, 30, tzinfo=UTC), datetime(2026, 11, 24, 21, 0, tzinfo=UTC), date(2026, 11, 24)),
    ]


def test_a_lunch_break_makes_two_sessions_of_one_day() -> None:
    found = hours.hours("20261124:0930-20261124:1200;20261124:1300-20261124:1600", "Hongkong")
    assert {one.day for one in found.sessions} == {date(2026, 11, 24)}
    assert len(found.sessions) == 2


def test_a_night_session_bears_the_date_of_its_close() -> None:
    [session] = hours.hours("20261122:1700-20261123:1600", "US/Central").sessions
    assert session.day == date(2026, 11, 23)
    assert session.start == datetime(2026, 11, 22, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["20261122:0000-20261123:0000", "20261122:0000-20261122:2400"])
def test_midnight_ends_the_day_before(text: str) -> None:
    [session] = hours.hours(text, "US/Eastern").sessions
    assert session.day == date(2026, 11, 22)
    assert session.end == datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def test_summer_time_moves_the_bell() -> None:
    summer, winter = hours.hours("20261030:0930-20261030:1600;20261102:0930-20261102:1600", "US/Eastern").sessions
    assert (summer.start.hour, winter.start.hour) == (13, 14)


@pytest.mark.parametrize("text", ["", ";", "nonsense", "20261301:0930-20261301:1600", "20261124:1600-20261124:0930"])
def test_what_cannot_be_read_has_no_session(text: str) -> None:
    assert hours.hours(text, "US/Eastern").sessions == ()


@pytest.mark.parametrize("name", ["US/Eastern", "US/Central", "MET", "GB-Eire", "JST", "CTT", "Greenwich Mean Time"])
def test_the_zones_that_tws_was_seen_to_send_are_known(name: str, caplog: pytest.LogCaptureFixture) -> None:
    assert hours.zone(name) is not None
    assert caplog.records == []


def test_every_other_name_of_a_zone_leads_to_one() -> None:
    assert all(hours.zone(name) is not None for name in hours._ALIASES)


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "/etc/passwd", "a\x00b"])
def test_an_unknown_zone_is_told_once(name: str, caplog: pytest.LogCaptureFixture) -> None:
    hours.zone.cache_clear()
    assert hours.zone(name) is None
    assert hours.zone(name) is None
    assert len(caplog.records) == 1


@pytest.mark.parametrize("name", ["Mars/Olympus", ""])
def test_hours_in_a_zone_that_nobody_knows_are_unknown_and_not_closed(name: str) -> None:
    found = hours.hours("20261124:0930-20261124:1600", name)
    assert (found.sessions, found.is_known) == ((), False)


def test_no_hours_at_all_are_unknown_and_a_closed_week_is_known() -> None:
    assert not hours.hours("", "US/Eastern").is_known
    assert hours.hours("20261122:CLOSED;20261123:CLOSED", "US/Eastern").is_known


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("20231203 20:15:20 US/Eastern", "20231204-01:15:20"),
        ("20231116-12:15:35", "20231116-12:15:35"),
        ("20230224  12:04:56", "20230224-12:04:56"),
        ("20230224 12:04:56 JST", "20230224-03:04:56"),
        ("20230224 12:04:56 Mars/Olympus", "20230224-12:04:56"),
        ("20239924 12:04:56", "20239924 12:04:56"),
        ("whenever", "whenever"),
    ],
)
def test_an_executions_time_is_utc_however_it_was_written(text: str, stamp: str) -> None:
    assert hours.utc_stamp(text) == stamp


def test_a_completed_orders_time_is_a_moment_or_nothing() -> None:
    assert hours.stamp("20230306 12:28:30 America/Los_Angeles") == datetime(2023, 3, 6, 20, 28, 30, tzinfo=UTC)
    assert hours.stamp("") is None
    assert hours.stamp("whenever") is None


def test_the_end_of_an_order_is_not_guessed() -> None:
    assert hours.stamp("20261120 16:00:00 Mars/Olympus") is None
    assert hours.stamp("20261120 16:00:00 CTT") == datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    assert hours.stamp("20261120-16:00:00") == datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
