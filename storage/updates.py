"""Telegram's updates that are in hand: what a crash interrupted is known at the next start."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from storage.database import Database
from storage.statement import insert_new
from storage.tables import updates


class SqlUpdates:
    """Keeps updates as Telegram sent them, from before they are confirmed to it until they were handled."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, entries: Mapping[int, dict[str, Any]], at: datetime) -> None:
        """Store updates by their ids; one that is stored already stays as it is. A kill of the process loses none."""
        rows = [{"update_id": update_id, "data": data, "at": at} for update_id, data in entries.items()]
        if rows:
            async with self._database.writing() as connection:
                await connection.execute(insert_new(connection, updates, "update_id"), rows)

    async def forget(self, update_id: int) -> None:
        """Remove an update that was handled."""
        async with self._database.writing() as connection:
            await connection.execute(delete(updates).where(updates.c.update_id == update_id))

    async def left(self) -> dict[int, dict[str, Any]]:
        """Return what an earlier process had in hand when it ended, by id."""
        statement = select(updates.c.update_id, updates.c.data).order_by(updates.c.update_id)
        async with self._database.reading() as connection:
            return {row.update_id: row.data for row in await connection.execute(statement)}
