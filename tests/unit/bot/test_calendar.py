"""When sessions end."""

from datetime import UTC, date, datetime

import pytest

from bot.calendar import SessionCalendar, merged
from market.errors import LinkDown
from market.hours import Hours, Session
from market.instrument import Instrument
from tests.fakes.clock import FakeClock

SPY = Instrument(756733, "SPY")


def session(day: date, end_hour: int = 21) -> Session:
    start = datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC)
    return Session(start, start.replace(hour=end_hour, minute=0), day)


class FakeBook:
    """Knows *hours*, or has no link."""

    def __init__(self, hours: Hours | None) -> None:
        self.answer = hours

    async def find(self, symbol: str) -> Instrument:
        return SPY

    async def hours(self, instrument: Instrument) -> Hours:
        if self.answer is None:
            raise LinkDown("refused")
        return self.answer


def test_ibkr_has_the_word_for_every_day_it_speaks_of() -> None:
    friday, monday = date(2026, 11, 20), date(2026, 11, 23)
    early = Hours("US/Eastern", (session(monday, end_hour=18),))
    both = merged(early, (session(friday), session(monday)))
    assert [(s.day, s.end.hour) for s in both.sessions] == [(friday, 21), (monday, 18)]


@pytest.mark.parametrize(
    ("now", "day", "close"),
    [
        (datetime(2026, 11, 23, 12, 0, tzinfo=UTC), date(2026, 11, 20), 21),
        (datetime(2026, 11, 28, 12, 0, tzinfo=UTC), date(2026, 11, 27), 18),
        (datetime(2026, 11, 27, 12, 0, tzinfo=UTC), date(2026, 11, 25), 21),
    ],
    ids=["Monday morning: Friday", "the day after Thanksgiving closes at 13:00 ET", "Thanksgiving has no session"],
)
async def test_without_a_link_the_exchange_calendar_tells(now: datetime, day: date, close: int) -> None:
    calendar = SessionCalendar(FakeBook(None), "SPY", FakeClock(now))
    last = (await calendar.hours(date(2026, 11, 10))).last_close(now)
    assert last is not None
    assert (last.day, last.end.hour) == (day, close)


async def test_what_ibkr_said_stays_true_while_the_link_is_down() -> None:
    monday = date(2026, 11, 23)
    book = FakeBook(Hours("US/Eastern", (session(monday, end_hour=18),)))
    calendar = SessionCalendar(book, "SPY", FakeClock(datetime(2026, 11, 23, 19, 0, tzinfo=UTC)))
    await calendar.hours(date(2026, 11, 22))
    book.answer = None
    last = (await calendar.hours(date(2026, 11, 10))).last_close(datetime(2026, 11, 23, 19, 0, tzinfo=UTC))
    assert last is not None
    assert last.end.hour == 18


async def test_the_exchange_calendar_is_left_alone_when_ibkr_says_all() -> None:
    monday = date(2026, 11, 23)
    clock = FakeClock(datetime(2026, 11, 23, 22, 0, tzinfo=UTC))
    calendar = SessionCalendar(FakeBook(Hours("US/Eastern", (session(monday),))), "SPY", clock)
    assert (await calendar.hours(date(2026, 11, 22))).sessions == (session(monday),)
    assert len((await calendar.hours(date(2026, 11, 18))).sessions) > 1


@pytest.mark.parametrize(
    ("told", "day"),
    [
        (None, date(2026, 11, 18)),
        (Hours("US/Eastern", (session(date(2026, 11, 18)),)), date(2026, 11, 18)),
        (Hours("Asia/Tokyo", (session(date(2026, 11, 19)),)), date(2026, 11, 19)),
        (Hours("UTC", ()), date(2026, 11, 18)),
    ],
    ids=["no link", "New York", "Tokyo", "a zone that nobody knows has no sessions"],
)
async def test_the_day_is_the_venues(told: Hours | None, day: date) -> None:
    # 19:04 in New York.
    calendar = SessionCalendar(FakeBook(told), "SPY", FakeClock(datetime(2026, 11, 19, 0, 4, tzinfo=UTC)))
    assert await calendar.today() == day
