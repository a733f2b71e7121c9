"""Scheduled scans: each moment once, what was missed together, nothing without a link."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.scan_schedule import ScanSchedule
from bot.scan_times import ScanTimes
from bot.views.message import Message
from bot.views.outbox import render
from market.errors import BrokerError, LinkDown, RequestTimeout
from market.hours import Hours, Session
from market.scan import ScanRow
from storage.message import NewMessage
from storage.saved_scan import SavedScan
from tests.fakes.chat import AAPL, BMW, MSFT, NEW_YORK, TRADER
from tests.fakes.clock import FakeClock
from tests.fakes.reply import check_message
from tests.fakes.scans import FakeSavedScans, FakeScans
from tests.unit.bot.samples import EURUSD

# A Friday, 09:30 in New York.
OPEN = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
LINE = "scan TOP_PERC_GAIN top 10"


async def friday(_since: date) -> Hours:
    """Know of one session, and of the next Monday's."""
    days = (OPEN, OPEN + timedelta(days=3))
    return Hours("America/New_York", tuple(Session(at, at + timedelta(hours=6.5), at.date()) for at in days))


class Desk:
    """A schedule over fakes; *linked* and *known* are what it is told."""

    def __init__(self) -> None:
        self.clock = FakeClock(OPEN)
        self.scans, self.runner = FakeSavedScans(), FakeScans()
        self.runner.rows = [ScanRow(1, AAPL), ScanRow(2, MSFT)]
        self.linked, self.known = True, {TRADER}
        self.times = ScanTimes(friday, self.clock)
        self.schedule = self.made()

    def made(self) -> ScanSchedule:
        """Return the schedule as a process makes it at its start."""
        return ScanSchedule(
            self.scans,
            self.runner,
            self.times,
            lambda _user: NEW_YORK,
            lambda user_id: user_id in self.known,
            lambda: self.linked,
            self.clock,
        )

    async def timed(self, schedule: str, line: str = LINE) -> SavedScan:
        scan = await self.scans.keep(TRADER, TRADER, line, self.clock.now())
        await self.scans.save(scan.id, TRADER, "Gainers", 20)
        await self.scans.schedule(scan.id, TRADER, TRADER, schedule, self.clock.now())
        return scan

    def messages(self) -> list[NewMessage]:
        return list(self.scans.outbox.values())

    def told(self) -> list[Message]:
        now = self.clock.now()
        return [render(row.kind, row.payload, now=now, zone=NEW_YORK) for row in self.messages()]


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_moment_is_told_once_however_often_it_is_looked_at(desk: Desk) -> None:
    await desk.timed("at 09:35 ET weekdays")
    await desk.schedule.look()
    assert not desk.messages()
    desk.clock.advance(5 * 60)
    await desk.schedule.look()
    await desk.schedule.look()
    (row,) = desk.messages()
    assert row.silent
    (message,) = desk.told()
    plain = check_message(message)
    assert plain.startswith("🛰 Gainers · 2 found\n")
    assert "next run Mon 23 Nov 09:35 ET" in plain
    assert "Late" not in plain
    assert len(desk.runner.asked) == 1


async def test_what_was_told_before_the_note_of_it_was_lost_is_told_no_second_time(desk: Desk) -> None:
    scan = await desk.timed("at 09:35 ET weekdays")
    before = desk.scans.kept[scan.id]
    desk.clock.advance(5 * 60)
    await desk.schedule.look()
    desk.scans.kept[scan.id] = before
    await desk.made().look()
    assert len(desk.messages()) == 1


async def test_one_empty_list_says_that_nobody_meets_it_and_drops_nobody(desk: Desk) -> None:
    await desk.timed("every 30m rth")
    lists = ([ScanRow(1, AAPL), ScanRow(2, MSFT)], [], [], [ScanRow(1, AAPL), ScanRow(2, BMW)])
    for found in lists:
        desk.runner.rows = list(found)
        desk.clock.advance(30 * 60)
        await desk.schedule.look()
    _, empty, again, last = map(check_message, desk.told())
    for plain in (empty, again):
        assert plain.startswith("🛰 Gainers · 0 found\n")
        assert "Nothing meets it just now." in plain
        assert "ropped" not in plain
    assert last.startswith("🛰 Gainers · 2 found · 1 new, 1 dropped\n")


async def test_who_is_first_on_a_list_that_was_empty_from_the_start_is_new(desk: Desk) -> None:
    await desk.timed("every 30m rth")
    for found in ([], [ScanRow(1, AAPL)]):
        desk.runner.rows = list(found)
        desk.clock.advance(30 * 60)
        await desk.schedule.look()
    first, second = map(check_message, desk.told())
    assert first.startswith("🛰 Gainers · 0 found\n")
    assert second.startswith("🛰 Gainers · 1 found · 1 new, 0 dropped\n")


async def test_the_next_time_says_who_is_new_dropped_or_jumped(desk: Desk) -> None:
    await desk.timed("every 30m rth", "scan TOP_PERC_GAIN top 10 only new, dropped, jumps 3")
    desk.runner.rows = [ScanRow(1, AAPL), ScanRow(2, MSFT), ScanRow(5, BMW)]
    desk.clock.advance(30 * 60)
    await desk.schedule.look()
    desk.runner.rows = [ScanRow(1, BMW), ScanRow(2, AAPL), ScanRow(3, EURUSD)]
    desk.clock.advance(30 * 60)
    await desk.schedule.look()
    _, message = desk.told()
    plain = check_message(message)
    assert plain.startswith("🛰 Gainers · 3 found · 1 new, 1 dropped\n")
    assert "▲  3  EUR.USD" in plain
    assert "Dropped: MSFT" in plain
    assert "Jumped: BMW 5 → 1" in plain


async def test_what_was_missed_comes_as_one_marked_late(desk: Desk) -> None:
    await desk.timed("every 30m rth")
    desk.clock.advance(125 * 60)
    await desk.made().look()
    (message,) = desk.told()
    assert "Late: due 11:30 ET, run 5 min after, 3 earlier missed" in check_message(message)


async def test_out_of_regular_hours_nothing_runs_that_keeps_to_them(desk: Desk) -> None:
    await desk.timed("every 30m rth")
    desk.clock.advance(6.4 * 3600)
    await desk.schedule.look()
    before = len(desk.messages())
    desk.clock.advance(10 * 3600)
    await desk.schedule.look()
    assert len(desk.messages()) == before


async def test_without_a_link_it_waits_until_it_is_back(desk: Desk) -> None:
    await desk.timed("at 09:35 ET weekdays")
    desk.clock.advance(5 * 60)
    desk.linked = False
    await desk.schedule.look()
    desk.linked, desk.runner.error = True, LinkDown()
    await desk.schedule.look()
    assert not desk.messages()
    desk.clock.advance(20 * 60)
    desk.runner.error = None
    await desk.schedule.look()
    (message,) = desk.told()
    assert "Late: due 09:35 ET, run 20 min after" in check_message(message)


async def test_what_ibkr_refuses_is_told_and_what_it_is_slow_with_is_tried_again(desk: Desk) -> None:
    await desk.timed("every 30m")
    desk.runner.error = BrokerError(162, "there is no scan TOP_PERC_GAIN for this account")
    desk.clock.advance(30 * 60)
    await desk.schedule.look()
    (message,) = desk.told()
    assert check_message(message).startswith("⚠️ Scan Gainers: not run\n🛰 IBKR did not run this scan")
    desk.runner.error, desk.runner.asked = RequestTimeout("scan", 15.0), []
    desk.clock.advance(30 * 60)
    await desk.schedule.look()
    await desk.schedule.look()
    assert len(desk.runner.asked) == 1
    desk.clock.advance(60)
    desk.runner.error = None
    await desk.schedule.look()
    assert "2 found" in check_message(desk.told()[-1])


async def test_what_is_never_answered_is_told_after_some_minutes(desk: Desk) -> None:
    await desk.timed("at 09:35 ET weekdays")
    desk.runner.error = RequestTimeout("scan", 15.0)
    for _ in range(8):
        desk.clock.advance(60)
        await desk.schedule.look()
    assert not desk.messages()
    for _ in range(4):
        desk.clock.advance(60)
        await desk.schedule.look()
    (message,) = desk.told()
    assert "not run" in check_message(message)


async def test_who_is_out_is_told_nothing(desk: Desk) -> None:
    await desk.timed("at 09:35 ET weekdays")
    desk.known = set()
    desk.clock.advance(5 * 60)
    await desk.schedule.look()
    assert not desk.messages()
    assert not desk.runner.asked


async def test_a_paused_schedule_tells_nothing_of_what_was_due_meanwhile(desk: Desk) -> None:
    scan = await desk.timed("every 30m")
    await desk.scans.pause(scan.id, TRADER, desk.clock.now(), paused=True)
    desk.clock.advance(61 * 60)
    await desk.schedule.look()
    await desk.scans.pause(scan.id, TRADER, desk.clock.now(), paused=False)
    await desk.schedule.look()
    assert not desk.messages()
