"""The database: one file, one lock, one durable writer, one quick reader, and a pool for the rest."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Self
from weakref import WeakSet

from sqlalchemy import Connection, delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from market.clock import Clock
from storage.engine import WRITES, file_of, own_errors, pooled_engine, reading_engine, single_engine
from storage.errors import StorageUnavailable
from storage.lock import FileLock
from storage.migrate import migrate
from storage.reader import Reader
from storage.tables import updates
from storage.writer import Writer

_BUSY_TIMEOUT_MS = 5_000
_JOIN_S = 2.0
# Telegram's updates have positive numbers.
_PROBE_ID = -1
_PROBE_BYTES = 16_384
_PROBE_AT = datetime(2026, 1, 1, tzinfo=UTC)


class Database:
    """
    An open, migrated database; made by `open`, which is the only way to one.

    *writer* is for firings, messages and claims: durable when it returns. *reader* is for short questions that a
    person waits for. `writing` and `reading` are for everything else; a unit of work there is one `async with`, and
    nothing but the database is awaited inside.
    """

    def __init__(self, pool: AsyncEngine, writer: Writer, reader: Reader, stack: AsyncExitStack) -> None:
        self._reads = pool
        self._writes = pool.execution_options(**{WRITES: True})
        self._stack = stack
        self.trouble = ""
        """Why the database could not be written to, until `probe` has seen that it can; "" for nothing."""
        writer.on_failure(self._failed)
        self.writer = writer
        self.reader = reader

    @classmethod
    async def open(cls, url: str, *, clock: Clock, boot_id: str, busy_timeout_ms: int = _BUSY_TIMEOUT_MS) -> Self:
        """
        Open the database that *url* (`sqlite:///path`) names, making it and its folder if need be, and migrate it.

        *busy_timeout_ms* is how long a write waits for another connection's lock. Raises StorageBusy (another process
        has it open), NewerDatabase, BrokenReferences, UnsupportedDatabase, StorageUnavailable, and OSError for a folder
        that cannot be made.
        """
        path = file_of(url)
        async with AsyncExitStack() as stack:
            lock = await asyncio.to_thread(_claim, path, f"process {os.getpid()}, boot {boot_id}")
            stack.callback(lock.release)
            await asyncio.to_thread(migrate, path, clock, busy_timeout_ms)
            durable = single_engine(path, busy_timeout_ms)
            stack.callback(durable.dispose)
            writer = Writer(durable)
            stack.push_async_callback(writer.close)
            quick = reading_engine(path, busy_timeout_ms)
            stack.callback(quick.dispose)
            reader = Reader(quick)
            stack.push_async_callback(reader.close)
            threads: WeakSet[Thread] = WeakSet()
            stack.push_async_callback(_ended, threads)
            pool = pooled_engine(path, busy_timeout_ms, threads)
            stack.push_async_callback(pool.dispose)
            opened = stack.pop_all()
        return cls(pool, writer, reader, opened)

    async def close(self) -> None:
        """Finish the writes handed over, close every connection, and let another process have the file."""
        await self._stack.aclose()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection that sees one consistent state and takes no lock. Raises StorageUnavailable."""
        with own_errors():
            async with self._reads.begin() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """
        Give a connection in a transaction that holds the write lock from the start and commits at the end.

        A power cut may lose the latest of these commits (synchronous=NORMAL). Raises StorageUnavailable.
        """
        try:
            with own_errors():
                async with self._writes.begin() as connection:
                    yield connection
        except StorageUnavailable as error:
            self._failed(error.reason)
            raise

    async def probe(self) -> bool:
        """Return whether a durable write of a few pages succeeds, so that a disk with room for none is found out."""
        try:
            await self.writer.run(_write_some)
        except StorageUnavailable:
            return False
        self.trouble = ""
        return True

    def _failed(self, reason: str) -> None:
        self.trouble = reason


def _write_some(connection: Connection) -> None:
    row = {"update_id": _PROBE_ID, "data": {"filling": "x" * _PROBE_BYTES}, "at": _PROBE_AT}
    connection.execute(insert(updates).values(row))
    connection.execute(delete(updates).where(updates.c.update_id == _PROBE_ID))


async def _ended(threads: WeakSet[Thread]) -> None:
    """Wait until the pool's threads have ended; each has its last word to say to this loop."""
    for thread in list(threads):
        await asyncio.to_thread(thread.join, _JOIN_S)


def _claim(path: Path, holder: str) -> FileLock:
    """Make the folder of *path* and the file, for its owner's eyes only, and take its lock. Blocks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # SQLite would make it readable for everyone; its -wal and -shm files get the database's own mode.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return FileLock(path, holder)
