from datetime import UTC, date, datetime

from market.hours import Hours, Session


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


THURSDAY = Session(at(19, 14, 30), at(19, 21), date(2026, 11, 19))
FRIDAY = Session(at(20, 14, 30), at(20, 21), date(2026, 11, 20))
MONDAY = Session(at(23, 14, 30), at(23, 21), date(2026, 11, 23))
NEW_YORK = Hours("America/New_York", (THURSDAY, FRIDAY, MONDAY))

MORNING = Session(at(20, 1, 30), at(20, 4), date(2026, 11, 20))
AFTERNOON = Session(at(20, 5), at(20, 8), date(2026, 11, 20))
HONG_KONG = Hours("Asia/Hong_Kong", (MORNING, AFTERNOON))


def test_a_session_is_open_from_its_start_until_just_before_its_end() -> None:
    assert not NEW_YORK.is_open(at(20, 14, 29))
    assert NEW_YORK.is_open(at(20, 14, 30))
    assert NEW_YORK.is_open(at(20, 20, 59))
    assert not NEW_YORK.is_open(at(20, 21))
    assert not NEW_YORK.is_open(at(21, 15))


def test_the_lunch_break_is_closed_but_closes_no_day() -> None:
    assert not HONG_KONG.is_open(at(20, 4, 30))
    assert HONG_KONG.last_close(at(20, 4, 30)) is None
    assert HONG_KONG.next_close(at(20, 2)) == AFTERNOON
    assert HONG_KONG.last_close(at(20, 8)) == AFTERNOON
    assert HONG_KONG.next_open(at(20, 4, 30)) == AFTERNOON.start


def test_the_last_close_is_that_of_the_latest_day_that_ended() -> None:
    assert NEW_YORK.last_close(at(20, 20, 59)) == THURSDAY
    assert NEW_YORK.last_close(at(20, 21)) == FRIDAY
    assert NEW_YORK.last_close(at(22, 12)) == FRIDAY
    assert NEW_YORK.last_close(at(19, 12)) is None


def test_the_next_close_skips_the_weekend() -> None:
    assert NEW_YORK.next_close(at(20, 20, 59)) == FRIDAY
    assert NEW_YORK.next_close(at(20, 21)) == MONDAY
    assert NEW_YORK.next_close(at(23, 21)) is None


def test_the_next_opening_is_known_only_as_far_as_ibkr_told() -> None:
    assert NEW_YORK.next_open(at(20, 14, 30)) == MONDAY.start
    assert NEW_YORK.next_open(at(23, 15)) is None
    assert Hours("UTC", ()).next_open(at(20, 12)) is None


def test_sessions_in_any_order_are_told_in_order() -> None:
    shuffled = Hours("America/New_York", (MONDAY, THURSDAY, FRIDAY))
    assert shuffled.next_close(at(19, 22)) == FRIDAY
    assert shuffled.last_close(at(22, 12)) == FRIDAY
