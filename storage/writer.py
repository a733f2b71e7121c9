"""The one durable writer: a thread of its own with a connection of its own."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from storage.engine import is_busy, own_errors
from storage.errors import StorageUnavailable

T = TypeVar("T")

_ATTEMPTS = 2
# Once another program is known to hold the lock, nobody waits long behind everybody else to hear the same.
_HURRIED_MS = 250


class Writer:
    """
    Runs short transactions one after another, each durable (synchronous=FULL) when `run` returns.

    The event loop never waits for the disk; a dedicated connection saves the pool's checkout and keeps the order of
    commits the order of calls.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._failed: Callable[[str], None] = lambda _reason: None
        self._is_locked = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="storage-writer")
        self._connection: Connection | None = None

    def on_failure(self, callback: Callable[[str], None]) -> None:
        """Call *callback* with the reason each time that the database cannot be used, on the event loop."""
        self._failed = callback

    async def run(self, unit: Callable[[Connection], T]) -> T:
        """
        Run *unit* in one transaction, begun under the write lock, and return its result once that is committed.

        Whatever *unit* raises takes the transaction back. It may run again if the database was locked, so it must do
        nothing but talk to its connection. Raises StorageUnavailable; then nothing was changed. A caller cancelled
        while it waits does not learn whether the commit happened.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._attempt, unit)
        except StorageUnavailable as error:
            self._failed(error.reason)
            raise

    async def close(self) -> None:
        """Finish what was handed over and close the connection."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown(wait=False)

    def _attempt(self, unit: Callable[[Connection], T]) -> T:
        with own_errors():
            for _ in range(0 if self._is_locked else _ATTEMPTS - 1):
                try:
                    return self._transact(unit)
                except OperationalError as error:
                    # Each attempt has waited for SQLite's busy timeout; no further wait is needed.
                    if not is_busy(error):
                        raise
            return self._transact(unit)

    def _transact(self, unit: Callable[[Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._engine.connect()
            if self._is_locked:
                self._hurry(self._connection)
        try:
            with self._connection.begin():
                result = unit(self._connection)
        except (OperationalError, sqlite3.OperationalError) as error:
            # After a full disk or an I/O error the connection is not to be trusted; a fresh one costs a millisecond.
            self._disconnect()
            self._is_locked = isinstance(error, OperationalError) and is_busy(error)
            raise
        if self._is_locked:
            self._is_locked = False
            self._disconnect()
        return result

    @staticmethod
    def _hurry(connection: Connection) -> None:
        cursor = connection.connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_HURRIED_MS:d}")
        cursor.close()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
