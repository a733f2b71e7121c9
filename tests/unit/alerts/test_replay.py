from datetime import UTC, date, datetime, timedelta

from alerts.replay import closes_of, days_of, past_hours, ticks_of
from market.hours import Hours, Session
from market.quote import Bar, BarSize, TickField
from tests.unit.alerts.drafts import AAPL

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
# Friday; New York is five hours behind.
OPEN = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
CLOSE = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
HOURS = Hours("America/New_York", (Session(OPEN, CLOSE, date(2026, 11, 20)),))
RISING, FALLING = (10.0, 12.0, 9.0, 11.0), (11.0, 12.0, 9.0, 10.0)


def bar(start: datetime, prices: tuple[float, float, float, float] = RISING, volume: float = 100.0) -> Bar:
    return Bar(start, *prices, volume)


def told(
    bars: list[Bar],
    field: TickField,
    size: BarSize = BarSize.MIN_15,
    hours: Hours = HOURS,
    *,
    closes_only: bool = False,
) -> list[tuple[datetime, float]]:
    events = list(ticks_of(AAPL, size, bars, hours, closes_only=closes_only))
    assert [event.at for event in events] == sorted(event.at for event in events)
    return [(tick.received, tick.price) for event in events for tick in event.ticks if tick.field is field]


def test_a_bar_that_rose_went_down_first_and_one_that_fell_up() -> None:
    prices = told([bar(OPEN), bar(OPEN + 15 * MINUTE, FALLING)], TickField.LAST)
    assert [price for _, price in prices] == [10.0, 9.0, 12.0, 11.0, 11.0, 12.0, 9.0, 10.0]
    assert (prices[0][0], prices[3][0]) == (OPEN, OPEN + 15 * MINUTE - SECOND)


def test_of_several_instruments_only_the_closes_are_told() -> None:
    assert told([bar(OPEN)], TickField.LAST, closes_only=True) == [(OPEN + 15 * MINUTE - SECOND, 11.0)]


def test_bid_and_ask_are_taken_as_the_trades() -> None:
    for field in (TickField.BID, TickField.ASK):
        assert told([bar(OPEN)], field) == told([bar(OPEN)], TickField.LAST)


def test_a_session_opens_with_its_first_trade_and_the_close_before_it_is_the_last_one_in_hours() -> None:
    before = bar(CLOSE - 15 * MINUTE, FALLING)
    after_hours = bar(CLOSE, (50.0,) * 4)
    early = bar(OPEN + 66 * HOUR, (60.0,) * 4)
    monday = bar(OPEN + 72 * HOUR, (70.0, 71.0, 69.0, 70.0))
    hours = past_hours(HOURS, {date(2026, 11, 20), date(2026, 11, 23)})
    bars = [before, after_hours, early, monday]
    assert told(bars, TickField.CLOSE, hours=hours) == [(early.start, 10.0)]
    assert told(bars, TickField.OPEN, hours=hours) == [(before.start, 11.0), (monday.start, 70.0)]


def test_an_hour_that_begins_before_the_session_opens_it_at_the_sessions_begin() -> None:
    first = bar(OPEN - 30 * MINUTE)
    assert told([first], TickField.OPEN, BarSize.HOUR_1) == [(OPEN, 10.0)]


def test_the_volume_is_that_of_the_day_so_far() -> None:
    bars = [bar(OPEN), bar(OPEN + 15 * MINUTE), bar(OPEN + 24 * HOUR)]
    assert [volume for _, volume in told(bars, TickField.VOLUME)] == [100.0, 200.0, 100.0]


def test_a_daily_bar_is_there_at_its_sessions_close_and_others_at_their_end() -> None:
    day = bar(datetime(2026, 11, 20, tzinfo=UTC))
    unknown = bar(datetime(2026, 11, 19, tzinfo=UTC))
    assert [event.at for event in closes_of(AAPL, BarSize.DAY_1, [unknown, day], HOURS)] == [day.start, CLOSE]
    assert [event.at for event in closes_of(AAPL, BarSize.HOUR_1, [bar(OPEN)], HOURS)] == [OPEN + HOUR]


def test_past_sessions_keep_to_the_clock_on_the_wall() -> None:
    # New York's clocks went back on 1 November 2026.
    hours = past_hours(HOURS, {date(2026, 10, 30), date(2026, 11, 20)})
    begin = datetime(2026, 10, 30, 13, 30, tzinfo=UTC)
    assert hours.sessions == (Session(begin, begin + timedelta(hours=6.5), date(2026, 10, 30)), *HOURS.sessions)


def test_a_session_that_begins_the_evening_before_does_so_in_the_past_too() -> None:
    session = Session(
        datetime(2026, 11, 19, 23, tzinfo=UTC), datetime(2026, 11, 20, 22, tzinfo=UTC), date(2026, 11, 20)
    )
    hours = past_hours(Hours("America/Chicago", (session,)), {date(2026, 11, 18)})
    assert hours.sessions[0] == Session(session.start - 48 * HOUR, session.end - 48 * HOUR, date(2026, 11, 18))


def test_lunch_breaks_are_kept_and_a_half_day_is_not_taken_for_the_usual() -> None:
    def at(day: int, hour: int) -> datetime:
        return datetime(2026, 11, day, hour, tzinfo=UTC)

    half = Session(at(24, 1), at(24, 3), date(2026, 11, 24))
    whole = [
        Session(at(day, begin), at(day, end), date(2026, 11, day))
        for day in (25, 26)
        for begin, end in ((1, 3), (4, 7))
    ]
    hours = past_hours(Hours("UTC", (half, *whole)), {date(2026, 11, 20)})
    assert hours.sessions[:2] == (
        Session(at(20, 1), at(20, 3), date(2026, 11, 20)),
        Session(at(20, 4), at(20, 7), date(2026, 11, 20)),
    )


def test_days_are_those_of_the_venue() -> None:
    late = bar(datetime(2026, 11, 20, 0, 30, tzinfo=UTC))
    assert days_of([late], "America/New_York") == {date(2026, 11, 19)}


def test_without_any_known_session_there_is_none_in_the_past() -> None:
    nothing = Hours("UTC", ())
    assert past_hours(nothing, {date(2026, 11, 20)}) == nothing
