"""The daily summary: once for each session, an hour after its close, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bot.schedule import DailySummaries
from market.hours import Hours, Session
from storage.message import NewMessage
from tests.fakes.clock import FakeClock
from trading.summary import DailySummary, Snapshot

NEW_YORK = ZoneInfo("America/New_York")
DELAY = timedelta(hours=1)


def session(day: date) -> Session:
    """Return New York's session of *day*, by the venue's own clock."""
    begin, end = (datetime.combine(day, clock, NEW_YORK).astimezone(UTC) for clock in (time(9, 30), time(16)))
    return Session(begin, end, day)


class Office:
    """Everything around the summaries: sessions of all weekdays, one account, one person, one outbox."""

    def __init__(self, now: datetime) -> None:
        self.clock = FakeClock(now)
        self.marks: set[date] = set()
        self.sent: dict[str, datetime] = {}
        self.summaries = DailySummaries(
            self,  # type: ignore[arg-type]  it plays all of them
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            self.clock,
            DELAY,
            lambda: True,
        )

    async def hours(self, since: date) -> Hours:
        days = [since + timedelta(days=n) for n in range(-2, 14)]
        return Hours("America/New_York", tuple(session(day) for day in days if day.weekday() < 5))

    async def last(self, _key: str, until: date) -> date | None:
        return max((day for day in self.marks if day <= until), default=None)

    async def mark(self, _key: str, day: date) -> bool:
        self.marks.add(day)
        return True

    def snapshot(self, day: date) -> Snapshot:
        return Snapshot("DU1", day, self.clock.now(), "USD", Decimal(1))

    async def keep(self, snapshot: Snapshot) -> Snapshot:
        return snapshot

    async def of(self, snapshot: Snapshot, *_: object) -> DailySummary:
        return DailySummary("DU1", snapshot.day, snapshot.at, "USD", Decimal(1))

    async def chats(self) -> tuple[int, ...]:
        return (111,)

    async def settings(self, _user_id: int) -> None:
        return None

    async def put(self, message: NewMessage) -> bool:
        assert message.happened is not None
        is_new = message.dedupe_key not in self.sent
        if is_new:
            self.sent[message.dedupe_key] = self.clock.now()
        return is_new

    async def passes(self, length: timedelta) -> list[str]:
        """Let time pass with a look every five minutes; return what was sent meanwhile: session and local time."""
        known = set(self.sent)
        for _ in range(length // timedelta(minutes=5)):
            self.clock.advance(300)
            await self.summaries.look()
        return [
            f"{key.split(':')[2]} {at.astimezone(NEW_YORK):%d %H:%M}"
            for key, at in self.sent.items()
            if key not in known
        ]


@pytest.mark.parametrize("friday", [date(2026, 3, 6), date(2026, 10, 30), date(2026, 3, 27), date(2026, 10, 23)])
async def test_the_summary_comes_an_hour_after_the_close_on_both_sides_of_a_change_of_clocks(friday: date) -> None:
    office = Office(datetime.combine(friday, time(9), NEW_YORK).astimezone(UTC))
    monday = friday + timedelta(days=3)
    told = await office.passes(timedelta(days=4))
    assert told == [f"{day} {day:%d} 17:00" for day in (friday, monday)]


async def test_a_clock_that_jumps_ahead_and_is_put_right_costs_no_later_summary_and_repeats_none() -> None:
    office = Office(datetime(2026, 11, 17, 20, 0, tzinfo=UTC))
    assert await office.passes(timedelta(hours=3)) == ["2026-11-17 17 17:00"]
    office.clock.advance(9 * 86_400)
    assert len(await office.passes(timedelta(minutes=10))) == 1
    office.clock.advance(-9 * 86_400)
    assert await office.passes(timedelta(days=2)) == ["2026-11-18 18 17:00", "2026-11-19 19 17:00"]


async def test_a_clock_that_is_set_back_a_day_repeats_nothing() -> None:
    office = Office(datetime(2026, 11, 17, 20, 0, tzinfo=UTC))
    await office.passes(timedelta(hours=3))
    office.clock.advance(-86_400)
    assert await office.passes(timedelta(days=1)) == []
    assert await office.passes(timedelta(days=1)) == ["2026-11-18 18 17:00"]
