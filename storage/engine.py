"""
SQLAlchemy engines for one database file, and what SQLite must be told on every connection.

SQLite's own defaults are no foreign keys and a rollback journal, and Python's driver begins a transaction only at the
first write, so that read-modify-writes lose updates without an error (measured: of five, four). Here every transaction
begins when it says so: reads with BEGIN, writes with BEGIN IMMEDIATE, which takes the one write lock at once.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from threading import Thread
from typing import Any
from weakref import WeakSet

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from storage.errors import StorageUnavailable, UnsupportedDatabase

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

# Of 4 KiB: where nobody else writes for long, the log grows no further than this.
_MOST_PAGES = 8_000

WRITES = "storage_writes"
"""The execution option of connections whose transactions take the write lock when they begin."""


class Sync(StrEnum):
    """How far a commit goes: FULL survives a power cut, NORMAL may then lose the latest ones, but nothing else."""

    FULL = "FULL"
    NORMAL = "NORMAL"


def file_of(url: str) -> Path:
    """Return the file *url* (`sqlite:///path`) names. Raises UnsupportedDatabase for anything but a SQLite file."""
    try:
        parsed = make_url(url)
    except SQLAlchemyError as error:
        # The url may hold a password: neither it nor the library's words about it go on.
        raise UnsupportedDatabase(url.partition(":")[0]) from error
    if parsed.get_backend_name() != "sqlite":
        raise UnsupportedDatabase(parsed.get_backend_name())
    if not parsed.database or parsed.database.startswith(":memory:"):
        raise UnsupportedDatabase("sqlite in memory")
    return Path(parsed.database)


def pooled_engine(path: Path, busy_timeout_ms: int, threads: WeakSet[Thread]) -> AsyncEngine:
    """
    Return the engine for everything that is not a firing, a message or a claim (synchronous=NORMAL).

    *threads* gets those of its connections: one whose question was cancelled ends some time after the pool's disposal,
    and must not report to a loop that is closed by then.
    """
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", hide_parameters=True)
    _instruct(engine.sync_engine, Sync.NORMAL, busy_timeout_ms)

    def on_connect(_connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        driver: Any = entry.driver_connection
        threads.add(driver._thread)  # noqa: SLF001  aiosqlite has no way to wait for its end

    event.listen(engine.sync_engine, "connect", on_connect)
    return engine


def single_engine(path: Path, busy_timeout_ms: int, *, foreign_keys: bool = True) -> Engine:
    """Return an engine of durable connections (synchronous=FULL) whose transactions all take the write lock."""
    engine = create_engine(
        f"sqlite:///{path}", hide_parameters=True, poolclass=NullPool, execution_options={WRITES: True}
    )
    # The pool's connections copy what was committed into the database, each 1,000 pages: a firing does not wait for it.
    more = f"PRAGMA wal_autocheckpoint = {_MOST_PAGES:d}"
    _instruct(engine, Sync.FULL, busy_timeout_ms, more, foreign_keys=foreign_keys)
    return engine


def reading_engine(path: Path, busy_timeout_ms: int) -> Engine:
    """Return an engine of connections that cannot write."""
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True, poolclass=NullPool)
    _instruct(engine, Sync.NORMAL, busy_timeout_ms, "PRAGMA query_only = ON")
    return engine


def _instruct(engine: Engine, sync: Sync, busy_timeout_ms: int, *more: str, foreign_keys: bool = True) -> None:
    """Tell each new connection of *engine* its pragmas (*more*: the last ones), and each transaction how to begin."""
    pragmas = (
        # First, so that switching to WAL waits for another connection that is doing the same.
        f"PRAGMA busy_timeout = {busy_timeout_ms:d}",
        "PRAGMA journal_mode = WAL",
        f"PRAGMA synchronous = {sync}",
        f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}",
        *more,
    )

    def on_connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    def on_begin(connection: Connection) -> None:
        begin = "BEGIN IMMEDIATE" if connection.get_execution_options().get(WRITES, False) else "BEGIN"
        # Past SQLAlchemy, which takes longer over it than SQLite.
        cursor = connection.connection.cursor()
        try:
            cursor.execute(begin)
        except sqlite3.OperationalError as error:
            raise OperationalError(begin, None, error) from error
        finally:
            cursor.close()

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


@contextmanager
def own_errors() -> Iterator[None]:
    """
    Turn what the database's surroundings do to it into StorageUnavailable; bugs go through as they are.

    That is: locked, disk full, input/output error, and a file that is damaged or no database.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        # The pragmas of a new connection and prepared statements speak to the driver past SQLAlchemy.
        if isinstance(error, sqlite3.OperationalError) or _primary(error) in _DAMAGED:
            raise StorageUnavailable(str(error)) from error
        raise
    except DatabaseError as error:
        if isinstance(error, OperationalError) or _primary(error.orig) in _DAMAGED:
            raise StorageUnavailable(str(error.orig)) from error
        raise


def is_busy(error: DatabaseError) -> bool:
    """Return whether SQLite says that another connection holds the lock (SQLITE_BUSY, in all its extended forms)."""
    return _primary(error.orig) == sqlite3.SQLITE_BUSY


def _primary(error: BaseException | None) -> int:
    """Return SQLite's primary result code, or 0 where there is none."""
    extended: int = getattr(error, "sqlite_errorcode", 0)
    return extended & 0xFF
