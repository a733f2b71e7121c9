"""The allowed groups by the names that people call them: `to @desk`."""

from datetime import datetime

from sqlalchemy import select

from storage.database import Database
from storage.statement import upsert
from storage.tables import groups


class SqlGroups:
    """Keeps what each group is called. Which groups are allowed is the environment's say and not kept here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def saw(self, chat_id: int, name: str, at: datetime) -> None:
        """Note that a group is called *name* (lower case, no @)."""
        async with self._database.writing() as connection:
            statement = upsert(connection, groups, "chat_id")
            await connection.execute(statement, {"chat_id": chat_id, "name": name, "seen": at})

    async def called(self, name: str) -> int | None:
        """Return the id of the group called *name*, the one seen last of several; None where there is none."""
        statement = select(groups.c.chat_id).where(groups.c.name == name).order_by(groups.c.seen.desc()).limit(1)
        async with self._database.reading() as connection:
            return (await connection.execute(statement)).scalar_one_or_none()
