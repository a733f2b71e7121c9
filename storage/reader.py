"""The quick reader: a thread of its own with a connection of its own, for what a person waits for."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from storage.engine import own_errors

T = TypeVar("T")


class Reader:
    """
    Answers short questions one after another, in one hop to its thread and back.

    SQLAlchemy's asyncio layer makes about five hops of each question, which twenty rows are not worth (measured: 3.3 ms
    there). What is long goes through the pool: here it would hold up the others.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="storage-reader")
        self._connection: Connection | None = None

    async def run(self, unit: Callable[[Connection], T]) -> T:
        """
        Return what *unit* reads, which changes nothing.

        All that it asks SQLAlchemy for is of one consistent state. Raises StorageUnavailable.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, unit)

    async def close(self) -> None:
        """Answer what was asked, and close the connection."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown(wait=False)

    def _read(self, unit: Callable[[Connection], T]) -> T:
        with own_errors():
            if self._connection is None:
                self._connection = self._engine.connect()
            try:
                return self._asked(unit, self._connection)
            except (OperationalError, sqlite3.OperationalError):
                # After an input/output error the connection is not to be trusted.
                self._disconnect()
                raise

    @staticmethod
    def _asked(unit: Callable[[Connection], T], connection: Connection) -> T:
        try:
            return unit(connection)
        finally:
            # SQLAlchemy begins at the first question; a prepared statement needs no transaction, and makes none.
            if connection.in_transaction():
                connection.rollback()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
