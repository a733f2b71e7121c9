"""Moments that must be known after a restart, by key: until when all was live, when a heartbeat was sent."""

from datetime import datetime

from sqlalchemy import delete, select

from storage.database import Database
from storage.statement import upsert
from storage.tables import moments


class SqlMoments:
    """Keeps one moment a key; keys are 64 characters at most."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, key: str) -> datetime | None:
        """Return the moment kept under *key*, or None."""
        async with self._database.reading() as connection:
            found: datetime | None = await connection.scalar(select(moments.c.at).where(moments.c.key == key))
        return found

    async def all(self, prefix: str) -> dict[str, datetime]:
        """Return the moments whose keys begin with *prefix*, by key."""
        like = moments.c.key.startswith(prefix, autoescape=True)
        async with self._database.reading() as connection:
            rows = await connection.execute(select(moments.c.key, moments.c.at).where(like))
            return {row.key: row.at for row in rows}

    async def put(self, key: str, at: datetime) -> None:
        """Keep *at* under *key*, in the place of what was kept there."""
        async with self._database.writing() as connection:
            await connection.execute(upsert(connection, moments, "key"), {"key": key, "at": at})

    async def drop(self, prefix: str) -> None:
        """Forget the moments whose keys begin with *prefix*."""
        like = moments.c.key.startswith(prefix, autoescape=True)
        async with self._database.writing() as connection:
            await connection.execute(delete(moments).where(like))
