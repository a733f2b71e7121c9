"""The one durable writer: a thread of its own with a connection of its own."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from storage.engine import is_busy, own_errors

T = TypeVar("T")

_ATTEMPTS = 4


class Writer:
    """
    Runs short transactions one after another, each durable (synchronous=FULL) when `run` returns.

    The event loop never waits for the disk; a dedicated connection saves the pool's checkout and keeps the order of
    commits the order of calls.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="storage-writer")
        self._connection: Connection | None = None

    async def run(self, unit: Callable[[Connection], T]) -> T:
        """
        Run *unit* in one transaction, begun under the write lock, and return its result once that is committed.

        Whatever *unit* raises takes the transaction back. It may run again if the database was locked, so it must do
        nothing but talk to its connection. Raises StorageUnavailable; then nothing was changed. A caller cancelled
        while it waits does not learn whether the commit happened.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._attempt, unit)

    async def close(self) -> None:
        """Finish what was handed over and close the connection."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown(wait=False)

    def _attempt(self, unit: Callable[[Connection], T]) -> T:
        with own_errors():
            for _ in range(_ATTEMPTS - 1):
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
        try:
            with self._connection.begin():
                return unit(self._connection)
        except (OperationalError, sqlite3.OperationalError):
            # After a full disk or an I/O error the connection is not to be trusted; a fresh one costs a millisecond.
            self._disconnect()
            raise

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
