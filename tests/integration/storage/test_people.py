"""Settings, chats, audit and daily marks on a real database."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import Delete, Update, delete, insert, update
from sqlalchemy.exc import IntegrityError

from storage.audit import SqlAuditLog
from storage.database import Database
from storage.jobs import SqlJobs
from storage.tables import audit, users
from storage.users import Chat, SqlUsers, UserSettings
from tests.fakes.clock import FakeClock

FRIDAY = date(2026, 11, 20)


async def test_settings_are_kept_and_changed(database: Database) -> None:
    store = SqlUsers(database)
    assert await store.settings(111) is None
    await store.save(UserSettings(111, "Europe/Berlin"))
    await store.save(UserSettings(222, "America/New_York"))
    await store.save(UserSettings(111, "Asia/Tokyo", summary=False))
    assert await store.settings(111) == UserSettings(111, "Asia/Tokyo", summary=False)
    assert await store.settings(222) == UserSettings(222, "America/New_York")


async def test_all_that_can_be_set_is_kept_and_what_an_older_version_did_not_know_is_as_it_was(
    database: Database, clock: FakeClock
) -> None:
    store = SqlUsers(database)
    everything = UserSettings(
        111,
        "Asia/Tokyo",
        quiet="22:00-07:00",
        heartbeat=2,
        heartbeat_at="06:30",
        heartbeat_since=clock.now(),
        calming=(3, 9),
        news="hourly",
    )
    await store.save(everything)
    assert await store.settings(111) == everything
    async with database.writing() as connection:
        await connection.execute(insert(users).values(user_id=222, settings={"zone": "UTC", "summary": False}))
    assert await store.settings(222) == UserSettings(222, "UTC", summary=False)


async def test_a_blocked_chat_is_told_of_once_and_opens_when_its_person_writes_again(
    database: Database, clock: FakeClock
) -> None:
    store = SqlUsers(database)
    start = clock.now()
    assert not await store.disable_chat(111, start, "blocked by the user")
    await store.saw_chat(111, 111, start)
    assert not await store.chat_disabled(111)
    assert await store.disable_chat(111, start, "blocked by the user")
    assert not await store.disable_chat(111, start, "blocked by the user")
    assert await store.chat_disabled(111)
    assert await store.chats() == [Chat(111, 111, start, start, "blocked by the user")]
    await store.saw_chat(111, 111, start + timedelta(hours=1))
    assert not await store.chat_disabled(111)
    assert await store.chats() == [Chat(111, 111, start)]


async def test_the_audit_is_read_newest_first(database: Database, clock: FakeClock) -> None:
    log = SqlAuditLog(database)
    for outcome in ("sent", "denied", "sent"):
        await log.write(clock.now(), 111, 111, "confirm", "#12", outcome, "detail")
        clock.advance(1)
    lines = await log.recent(2)
    assert [(line.id, line.outcome, line.subject) for line in lines] == [(3, "sent", "#12"), (2, "denied", "#12")]
    assert lines[0].at == clock.now() - timedelta(seconds=1)


@pytest.mark.parametrize("tamper", [delete(audit), update(audit).values(outcome="nothing happened")])
async def test_the_database_itself_refuses_to_change_the_audit(
    database: Database, clock: FakeClock, tamper: Delete | Update
) -> None:
    log = SqlAuditLog(database)
    await log.write(clock.now(), 111, 111, "confirm", "#12", "sent", "")
    with pytest.raises(IntegrityError, match="append-only"):
        await database.writer.run(lambda connection: connection.execute(tamper).rowcount)
    assert [line.outcome for line in await log.recent(10)] == ["sent"]


async def test_the_database_itself_refuses_to_replace_a_line_of_the_audit(database: Database, clock: FakeClock) -> None:
    log = SqlAuditLog(database)
    await log.write(clock.now(), 111, 111, "confirm", "#12", "sent", "")
    instead = (
        insert(audit)
        .prefix_with("OR REPLACE")
        .values(id=1, at=clock.now(), user_id=9, chat_id=9, action="nothing", subject="", outcome="", detail="")
    )
    with pytest.raises(IntegrityError, match="append-only"):
        await database.writer.run(lambda connection: connection.execute(instead).rowcount)
    await log.write(clock.now(), 111, 111, "confirm", "#13", "sent", "")
    assert [line.subject for line in await log.recent(10)] == ["#13", "#12"]


async def test_of_ten_who_mark_a_job_one_is_the_first(database: Database, clock: FakeClock) -> None:
    jobs = SqlJobs(database, clock)
    firsts = await asyncio.gather(*(jobs.mark("summary", FRIDAY) for _ in range(10)))
    assert sorted(firsts) == [False] * 9 + [True]
    assert await jobs.mark("summary", FRIDAY + timedelta(days=3))
    assert await jobs.mark("backup", FRIDAY)


async def test_the_last_day_of_a_job_is_known(database: Database, clock: FakeClock) -> None:
    jobs = SqlJobs(database, clock)
    assert await jobs.last("summary", FRIDAY) is None
    await jobs.mark("summary", FRIDAY)
    await jobs.mark("summary", FRIDAY - timedelta(days=1))
    assert await jobs.last("summary", FRIDAY + timedelta(days=9)) == FRIDAY
    assert await jobs.last("summary", FRIDAY - timedelta(days=1)) == FRIDAY - timedelta(days=1)
