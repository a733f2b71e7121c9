"""Opening, locking, reading and writing a real SQLite file."""

import asyncio
import signal
import sqlite3
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.engine import single_engine
from storage.errors import StorageBusy, StorageUnavailable, UnsupportedDatabase
from storage.tables import jobs, legs, users
from storage.writer import Writer
from tests.fakes.clock import FakeClock

HOLDER = """
import sys
from pathlib import Path
from storage.lock import FileLock

lock = FileLock(Path(sys.argv[1]), "the other")
print("held", flush=True)
sys.stdin.read()
"""

STORY = """
import asyncio, os, signal, sys
from sqlalchemy import insert
from market.clock import SystemClock
from storage.database import Database
from storage.tables import users

async def main():
    database = await Database.open(sys.argv[1], clock=SystemClock(), boot_id="boot-1")
    row = insert(users).values(user_id=5, settings={})
    await database.writer.run(lambda connection: connection.execute(row).rowcount)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""

ANN = {"user_id": 111, "settings": {"taps": 0}}
BIG = {"notes": "x" * 100_000}


def add_ann(connection: Connection) -> None:
    connection.execute(insert(users), ANN)


async def open_at(path: Path, busy_timeout_ms: int = 5_000, boot_id: str = "boot-1") -> Database:
    return await Database.open(f"sqlite:///{path}", clock=FakeClock(), boot_id=boot_id, busy_timeout_ms=busy_timeout_ms)


async def test_opening_makes_the_folder_the_file_and_every_table(database: Database, path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    async with database.reading() as connection:
        names = set((await connection.execute(text("SELECT name FROM sqlite_master WHERE type='table'"))).scalars())
    assert {"rules", "firings", "outbox", "proposals", "legs", "fills", "snapshots", "audit", "jobs"} <= names


PRAGMAS = ("journal_mode", "foreign_keys", "synchronous")


def pragmas(connection: Connection) -> list[object]:
    return [connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in PRAGMAS]


async def test_every_connection_is_told_what_sqlite_forgets(database: Database) -> None:
    async with database.reading() as connection:
        assert await connection.run_sync(pragmas) == ["wal", 1, 1]
    async with database.writing() as connection:
        assert await connection.run_sync(pragmas) == ["wal", 1, 1]
    assert await database.writer.run(pragmas) == ["wal", 1, 2]
    assert await database.reader.run(pragmas) == ["wal", 1, 1]


async def test_the_quick_reader_sees_what_is_committed_and_changes_nothing(database: Database) -> None:
    def people(connection: Connection) -> list[int]:
        return list(connection.execute(select(users.c.user_id)).scalars())

    assert await database.reader.run(people) == []
    await database.writer.run(add_ann)
    assert await database.reader.run(people) == [111]
    with pytest.raises(StorageUnavailable, match="readonly"):
        await database.reader.run(add_ann)
    assert await database.reader.run(people) == [111]


async def test_of_a_question_that_fails_the_quick_reader_is_none_the_worse(database: Database) -> None:
    def wrong(connection: Connection) -> None:
        connection.execute(select(users))
        raise LookupError

    with pytest.raises(LookupError):
        await database.reader.run(wrong)
    assert await database.reader.run(lambda connection: connection.execute(select(users)).all()) == []


async def test_a_row_that_points_nowhere_is_refused(database: Database) -> None:
    columns = {"proposal_id": 7, "number": 1, "order_ref": "sb-7-1", "state": "sent", "order_id": 0, "perm_id": 0}
    orphan = insert(legs).values(**columns, filled=Decimal(0), message="")
    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        await database.writer.run(lambda connection: connection.execute(orphan).rowcount)
    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        async with database.writing() as connection:
            await connection.execute(orphan)


async def test_an_error_does_not_show_the_values_it_was_about(database: Database) -> None:
    def unit(connection: Connection) -> None:
        connection.execute(insert(jobs), {"key": "secret-token", "day": None, "marked": None})

    with pytest.raises(IntegrityError) as caught:
        await database.writer.run(unit)
    assert "secret-token" not in str(caught.value)


async def test_what_the_writer_returned_from_is_seen_by_another_program_at_once(database: Database, path: Path) -> None:
    await database.writer.run(add_ann)
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT user_id FROM users").fetchall() == [(111,)]


async def test_a_unit_that_raises_leaves_nothing_and_the_writer_goes_on(database: Database) -> None:
    def half(connection: Connection) -> None:
        connection.execute(insert(users), ANN)
        raise LookupError

    with pytest.raises(LookupError):
        await database.writer.run(half)
    await database.writer.run(add_ann)
    async with database.reading() as connection:
        assert len((await connection.execute(select(users))).all()) == 1


async def test_a_pooled_unit_that_raises_leaves_nothing(database: Database) -> None:
    async def half() -> None:
        async with database.writing() as connection:
            await connection.execute(insert(users), ANN)
            raise LookupError

    with pytest.raises(LookupError):
        await half()
    async with database.reading() as connection:
        assert (await connection.execute(select(users))).all() == []


async def test_of_twenty_concurrent_read_modify_writes_none_is_lost(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(insert(users), ANN)

    async def pooled() -> None:
        async with database.writing() as connection:
            seen = (await connection.execute(select(users.c.settings))).scalar_one()
            await connection.execute(update(users).values(settings={"taps": seen["taps"] + 1}))

    def unit(connection: Connection) -> None:
        seen = connection.execute(select(users.c.settings)).scalar_one()
        connection.execute(update(users).values(settings={"taps": seen["taps"] + 1}))

    await asyncio.gather(*(pooled() for _ in range(10)), *(database.writer.run(unit) for _ in range(10)))
    async with database.reading() as connection:
        assert (await connection.execute(select(users.c.settings))).scalar_one() == {"taps": 20}


async def test_reading_goes_on_while_someone_writes(database: Database) -> None:
    async with database.writing() as writing, database.reading() as reading:
        await writing.execute(insert(users), ANN)
        assert (await reading.execute(select(users))).all() == []


async def test_a_locked_database_is_tried_again(path: Path) -> None:
    await (await open_at(path)).close()
    engine = single_engine(path, busy_timeout_ms=1)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    attempts: list[str] = []

    def free_at_the_second(*_connection: object) -> None:
        attempts.append("connect")
        if len(attempts) == 2:
            other.execute("ROLLBACK")

    event.listen(engine, "connect", free_at_the_second)
    writer = Writer(engine)
    await writer.run(add_ann)
    assert attempts == ["connect", "connect"]
    await writer.close()
    assert other.execute("SELECT user_id FROM users").fetchall() == [(111,)]
    other.close()


async def test_a_database_that_stays_locked_is_given_up_and_nothing_is_changed(path: Path) -> None:
    database = await open_at(path, busy_timeout_ms=1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable, match="locked"):
            await database.writer.run(add_ann)
        with pytest.raises(StorageUnavailable, match="locked"):
            async with database.writing():
                pass
        other.execute("ROLLBACK")
    await database.writer.run(add_ann)
    await database.close()


async def test_a_full_disk_is_told_and_when_there_is_room_again_the_writer_goes_on(database: Database) -> None:
    def flood(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.execute(insert(users), {"user_id": 1, "settings": "x" * 1_000_000})

    with pytest.raises(StorageUnavailable, match="full"):
        await database.writer.run(flood)
    await database.writer.run(add_ann)
    async with database.reading() as connection:
        assert (await connection.execute(select(users.c.user_id))).scalars().all() == [111]


async def test_a_file_that_is_no_database_is_told(path: Path) -> None:
    await asyncio.to_thread(path.parent.mkdir)
    await asyncio.to_thread(path.write_bytes, b"not a database, but long enough to be taken for one" * 99)
    with pytest.raises(StorageUnavailable, match="not a database"):
        await open_at(path)
    await asyncio.to_thread(path.unlink)
    await (await open_at(path)).close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file modes")
async def test_the_files_are_for_their_owner_only(database: Database, path: Path) -> None:
    await database.writer.run(add_ann)
    modes = {found.name: found.stat().st_mode & 0o777 for found in await asyncio.to_thread(list, path.parent.iterdir())}
    assert {"squawkbot.db", "squawkbot.db-wal", "squawkbot.db.lock"} <= set(modes)
    assert set(modes.values()) == {0o600}


async def test_a_second_bot_on_the_same_database_is_refused_and_may_start_when_the_first_has_stopped(
    path: Path,
) -> None:
    first = await open_at(path)
    with pytest.raises(StorageBusy) as caught:
        await open_at(path, boot_id="boot-2")
    assert "boot-1" in caught.value.holder
    await first.close()
    await (await open_at(path, boot_id="boot-2")).close()


async def test_a_second_process_is_refused_until_the_first_dies(path: Path) -> None:
    await asyncio.to_thread(path.parent.mkdir)
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(path), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert other.stdout is not None
        assert await other.stdout.readline() == b"held\n"
        with pytest.raises(StorageBusy) as caught:
            await open_at(path)
        assert caught.value.holder == "the other"
    finally:
        other.kill()
        await other.communicate()
    await (await open_at(path)).close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://u:secret@host/db", "no url: secret"])
async def test_a_url_that_is_not_spoken_is_named_without_its_password(url: str) -> None:
    with pytest.raises(UnsupportedDatabase) as caught:
        await Database.open(url, clock=FakeClock(), boot_id="boot-1")
    assert "secret" not in str(caught.value)


async def test_a_killed_bot_loses_nothing_it_was_told_is_stored(path: Path) -> None:
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", STORY, f"sqlite:///{path}")
    assert await other.wait() == -signal.SIGKILL
    database = await open_at(path)
    async with database.reading() as connection:
        assert (await connection.execute(select(users.c.user_id))).scalar_one() == 5
    await database.close()


async def test_a_lock_is_waited_for_once_and_then_told_fast_until_it_is_gone(path: Path) -> None:
    database = await open_at(path, busy_timeout_ms=2_000)
    try:
        await database.writer.run(add_ann)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageUnavailable, match="locked"):
                await database.writer.run(pragmas)
            assert "locked" in database.trouble
            # All of these together within less than the one wait before.
            async with asyncio.timeout(2.0):
                for _ in range(3):
                    assert not await database.probe()
        assert await database.probe()
        assert database.trouble == ""
        async with database.reading() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM updates"))).scalar_one() == 0
        waits = text("PRAGMA busy_timeout")
        assert await database.writer.run(lambda connection: connection.execute(waits).scalar()) == 2_000
    finally:
        await database.close()


async def test_a_disk_with_room_for_no_page_is_in_trouble_until_there_is_room(database: Database) -> None:
    full = True

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {1 if full else 1_000_000}")

    event.listen(Engine, "begin", on_begin, insert=True)
    try:
        assert not await database.probe()
        assert "full" in database.trouble
        with pytest.raises(StorageUnavailable):
            await database.writer.run(lambda connection: connection.execute(insert(users), {**ANN, "settings": BIG}))
        full = False
        assert await database.probe()
        assert database.trouble == ""
    finally:
        event.remove(Engine, "begin", on_begin)


async def test_a_pooled_write_that_fails_is_a_trouble_too(path: Path) -> None:
    database = await open_at(path, busy_timeout_ms=50)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageUnavailable):
                async with database.writing():
                    pass
            assert "locked" in database.trouble
    finally:
        await database.close()
