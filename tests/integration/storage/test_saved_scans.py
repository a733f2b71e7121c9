"""Scans that are run, saved and scheduled, on a real database."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from market.instrument import Instrument
from market.scan import ScanRow
from storage.database import Database
from storage.message import NewMessage, OutboxMessage
from storage.outbox import SqlOutbox
from storage.saved_scans import SqlSavedScans
from tests.fakes.clock import FakeClock

LINE = "scan TOP_PERC_GAIN price > 5 top 10"
ROWS = (ScanRow(1, Instrument(265598, "AAPL")), ScanRow(2, Instrument(272093, "MSFT")))
MOST = 3


@pytest.fixture
def outbox(database: Database, clock: FakeClock) -> SqlOutbox:
    return SqlOutbox(database, clock, "boot")


@pytest.fixture
def scans(database: Database, outbox: SqlOutbox) -> SqlSavedScans:
    return SqlSavedScans(database, outbox)


def told(scan_id: int, due: datetime) -> NewMessage:
    return NewMessage(111, "scan", f"scan:{scan_id}:{due.isoformat()}", {"count": 2})


async def test_the_same_line_of_the_same_person_is_one_scan(scans: SqlSavedScans, clock: FakeClock) -> None:
    first = await scans.keep(111, 111, LINE, clock.now())
    assert (first.line, first.name, first.told) == (LINE, "", None)
    assert (await scans.keep(111, 111, LINE, clock.now())).id == first.id
    assert (await scans.keep(222, 222, LINE, clock.now())).id != first.id
    assert await scans.get(first.id, 222) is None


async def test_only_the_oldest_unnamed_ones_are_forgotten(scans: SqlSavedScans, clock: FakeClock) -> None:
    saved = await scans.keep(111, 111, "scan HALTED", clock.now())
    assert await scans.save(saved.id, 111, "Halted", MOST)
    kept = []
    for number in range(62):
        clock.advance(1)
        kept.append(await scans.keep(111, 111, f"scan MOST_ACTIVE top {number + 1}", clock.now()))
    known = [one.id for one in kept if await scans.get(one.id, 111) is not None]
    assert known == [one.id for one in kept[2:]]
    assert await scans.get(saved.id, 111) is not None


async def test_nobody_saves_more_than_they_may(scans: SqlSavedScans, clock: FakeClock) -> None:
    made = [await scans.keep(111, 111, f"scan HALTED top {number}", clock.now()) for number in range(1, 5)]
    done = [await scans.save(one.id, 111, f"Halted {one.id}", MOST) for one in made]
    assert done == [True, True, True, False]
    assert [one.id for one in await scans.of(111)] == [one.id for one in made[:3]]
    assert await scans.save(made[0].id, 111, "Renamed", MOST)
    other = await scans.keep(222, 222, LINE, clock.now())
    assert await scans.save(other.id, 222, "Mine", MOST)


async def test_a_schedule_knows_what_it_told_and_is_silent_while_paused(scans: SqlSavedScans, clock: FakeClock) -> None:
    scan = await scans.keep(111, -5, LINE, clock.now())
    assert await scans.save(scan.id, 111, "Gainers", MOST)
    await scans.schedule(scan.id, 111, -5, "at 09:35 weekdays", clock.now())
    (due,) = await scans.scheduled()
    assert (due.id, due.chat_id, due.schedule, due.due) == (scan.id, -5, "at 09:35 weekdays", clock.now())
    later = clock.now() + timedelta(hours=1)
    assert await scans.tell(scan.id, later, ROWS, told(scan.id, later))
    (noted,) = await scans.scheduled()
    assert (noted.due, noted.told) == (later, ROWS)
    latest = later + timedelta(hours=1)
    assert await scans.tell(scan.id, latest, None, told(scan.id, latest))
    (failed,) = await scans.scheduled()
    assert failed.told == ROWS
    await scans.pause(scan.id, 111, clock.now(), paused=True)
    assert not await scans.scheduled()
    await scans.pause(scan.id, 111, clock.now(), paused=False)
    assert [one.due for one in await scans.scheduled()] == [clock.now()]


async def test_what_is_told_goes_out_and_is_noted_together_and_once(
    scans: SqlSavedScans, outbox: SqlOutbox, clock: FakeClock
) -> None:
    scan = await scans.keep(111, 111, LINE, clock.now())
    await scans.save(scan.id, 111, "Gainers", MOST)
    await scans.schedule(scan.id, 111, 111, "every 30m", clock.now())
    heard: list[OutboxMessage] = []
    outbox.on_new(heard.extend)
    due = clock.now()
    assert await scans.tell(scan.id, due, ROWS[:1], told(scan.id, due))
    assert [one.payload for one in heard] == [{"count": 2}]
    # The same moment again, as a process finds it that an older version left behind: nobody reads of these rows.
    assert not await scans.tell(scan.id, due, ROWS, told(scan.id, due))
    (noted,) = await scans.scheduled()
    assert (noted.due, noted.told, len(heard)) == (due, ROWS[:1], 1)


async def test_a_note_that_fails_leaves_no_message(
    database: Database, scans: SqlSavedScans, outbox: SqlOutbox, clock: FakeClock
) -> None:
    scan = await scans.keep(111, 111, LINE, clock.now())
    async with database.writing() as connection:
        await connection.execute(
            text("CREATE TRIGGER full BEFORE UPDATE ON scans BEGIN SELECT RAISE(ABORT, 'no room'); END")
        )
    with pytest.raises(Exception, match="no room"):
        await scans.tell(scan.id, clock.now(), ROWS, told(scan.id, clock.now()))
    assert await outbox.depth() == 0


async def test_a_scan_is_told_where_its_time_was_last_set(scans: SqlSavedScans, clock: FakeClock) -> None:
    ran = await scans.keep(111, -5, LINE, clock.now())
    scan = await scans.keep(111, 111, LINE, clock.now())
    assert scan.id == ran.id
    await scans.save(scan.id, 111, "Gainers", MOST)
    await scans.schedule(scan.id, 111, 111, "at 09:35 weekdays", clock.now())
    # Run in the group again: that moves nothing.
    await scans.keep(111, -5, LINE, clock.now())
    assert [one.chat_id for one in await scans.scheduled()] == [111]


async def test_a_deleted_scan_comes_back_only_for_its_owner_and_for_a_while(
    scans: SqlSavedScans, clock: FakeClock
) -> None:
    scan = await scans.keep(111, 111, LINE, clock.now())
    await scans.save(scan.id, 111, "Gainers", MOST)
    await scans.schedule(scan.id, 111, 111, "every 30m rth", clock.now())
    deleted = clock.now()
    await scans.remove(scan.id, 111, deleted)
    assert await scans.get(scan.id, 111) is None
    assert not await scans.of(111)
    assert not await scans.scheduled()
    clock.advance(20)
    assert not await scans.restore(scan.id, 222, deleted, clock.now())
    assert not await scans.restore(scan.id, 111, deleted + timedelta(seconds=1), clock.now())
    assert await scans.restore(scan.id, 111, deleted, clock.now())
    (back,) = await scans.scheduled()
    assert (back.name, back.due) == ("Gainers", clock.now())


async def test_nobody_changes_another_ones_scan(scans: SqlSavedScans, clock: FakeClock) -> None:
    scan = await scans.keep(111, 111, LINE, clock.now())
    await scans.save(scan.id, 222, "Theirs", MOST)
    await scans.schedule(scan.id, 222, 222, "every 30m", clock.now())
    await scans.remove(scan.id, 222, clock.now())
    found = await scans.get(scan.id, 111)
    assert found is not None
    assert (found.name, found.schedule) == ("", "")
