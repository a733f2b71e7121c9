"""The daily summary: once for each session, an hour after its close, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bot.calendar import SessionCalendar
from bot.schedule import DailySummaries, Timers
from market.hours import Hours, Session
from market.instrument import Instrument
from storage.message import NewMessage
from tests.fakes.clock import FakeClock
from tests.fakes.eventually import eventually
from trading.summary import DailySummary, Snapshot

NEW_YORK = ZoneInfo("America/New_York")
TOKYO = ZoneInfo("Asia/Tokyo")
DELAY = timedelta(hours=1)
# As TWS tells them: from today on.
DAYS_TOLD = 6


def session(day: date, zone: ZoneInfo = NEW_YORK) -> Session:
    """Return the session of *day*, by the venue's own clock."""
    begin, end = (datetime.combine(day, clock, zone).astimezone(UTC) for clock in (time(9, 30), time(16)))
    return Session(begin, end, day)


class Office:
    """Everything around the summaries: sessions of all weekdays, one account, one person, one outbox."""

    def __init__(self, now: datetime, zone: ZoneInfo = NEW_YORK) -> None:
        self.clock = FakeClock(now)
        self.zone = zone
        self.is_linked = True
        self.marks: set[date] = set()
        self.sent: dict[str, datetime] = {}
        self.summaries = DailySummaries(
            SessionCalendar(self, "SPY", self.clock),  # type: ignore[arg-type]  it plays all of them
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            self.clock,
            DELAY,
            lambda: self.is_linked,
        )

    async def find(self, symbol: str) -> Instrument:
        return Instrument(756733, symbol)

    async def hours(self, _instrument: Instrument) -> Hours:
        today = self.clock.now().astimezone(self.zone).date()
        days = [today + timedelta(days=n) for n in range(DAYS_TOLD)]
        return Hours(self.zone.key, tuple(session(day, self.zone) for day in days if day.weekday() < 5))

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
            f"{key.split(':')[2]} {at.astimezone(self.zone):%d %H:%M}"
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


@pytest.mark.parametrize("first_start", [time(16, 30), time(19, 5), time(23, 30)])
async def test_a_bot_that_is_first_started_after_the_close_tells_of_that_day_though_greenwich_has_the_next(
    first_start: time,
) -> None:
    wednesday = date(2026, 11, 18)
    office = Office(datetime.combine(wednesday, first_start, NEW_YORK).astimezone(UTC))
    assert [told.split()[0] for told in await office.passes(timedelta(hours=2))] == ["2026-11-18"]
    assert await office.passes(timedelta(days=1)) == ["2026-11-19 19 17:00"]


@pytest.mark.parametrize("first_start", [time(0, 5), time(9), time(16, 55)])
async def test_the_session_before_the_day_of_the_first_start_is_passed_over(first_start: time) -> None:
    office = Office(datetime.combine(date(2026, 11, 18), first_start, NEW_YORK).astimezone(UTC))
    assert await office.passes(timedelta(days=1)) == ["2026-11-18 18 17:00"]


@pytest.mark.parametrize(
    ("first_start", "told"),
    [
        (time(0, 5), ["2026-11-18 18 17:00"]),
        (time(8), ["2026-11-18 18 17:00"]),
        (time(16, 30), ["2026-11-18 18 17:00"]),
        (time(23, 30), ["2026-11-18 18 23:35", "2026-11-19 19 17:00"]),
    ],
)
async def test_east_of_greenwich_the_day_is_the_venues_too(first_start: time, told: list[str]) -> None:
    office = Office(datetime.combine(date(2026, 11, 18), first_start, TOKYO), TOKYO)
    assert await office.passes(timedelta(days=1)) == told


async def test_in_the_evening_a_mark_of_a_clock_that_was_wrong_does_not_count() -> None:
    office = Office(datetime(2026, 11, 20, 0, 30, tzinfo=UTC))
    # Thursday evening in New York: no clock that is right has told of Saturday.
    office.marks = {date(2026, 11, 18), date(2026, 11, 21)}
    assert [told.split()[0] for told in await office.passes(timedelta(minutes=10))] == ["2026-11-19"]


async def test_the_next_summary_is_known_from_the_first_look_on_and_is_never_one_that_was_due_before() -> None:
    office = Office(datetime(2026, 11, 18, 15, 0, tzinfo=UTC))
    office.is_linked = False
    await office.summaries.look()
    assert office.summaries.next is None
    office.is_linked = True
    await office.summaries.look()
    assert office.summaries.next == datetime(2026, 11, 18, 22, 0, tzinfo=UTC)
    office.is_linked = False
    await office.passes(timedelta(days=1))
    assert office.summaries.next == datetime(2026, 11, 19, 22, 0, tzinfo=UTC)


async def test_a_timer_that_is_rung_does_its_work_before_its_turn() -> None:
    done: list[str] = []

    async def work() -> None:
        done.append("done")

    timers = Timers()
    timers.every(86_400, "work", work)
    timers.start()
    try:
        await eventually(lambda: done == ["done"])
        timers.ring("work")
        await eventually(lambda: done == ["done", "done"])
    finally:
        timers.stop()
