"""The allowed groups: by the names that people call them (`to @desk`), and by the ids they have moved to."""

from datetime import datetime

from sqlalchemy import select, update

from storage.database import Database
from storage.statement import upsert
from storage.tables import groups, moved_chats, outbox


class SqlGroups:
    """
    Keeps what each group is called, and where it has moved.

    Which groups are allowed is the environment's say and not kept here.
    """

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

    async def moved(self, chat_id: int, new_chat_id: int, at: datetime) -> None:
        """
        Note that a group became a supergroup, with a new id.

        A supergroup counts its messages anew: the ids of those before the move name others there, and are forgotten.
        """
        async with self._database.writing() as connection:
            statement = upsert(connection, moved_chats, "chat_id")
            await connection.execute(statement, {"chat_id": chat_id, "new_chat_id": new_chat_id, "at": at})
            mine = outbox.c.chat_id == chat_id
            await connection.execute(update(outbox).where(mine).values(message_id=None, reply_to=None))

    async def moves(self) -> dict[int, int]:
        """Return every move: first id -> new id."""
        statement = select(moved_chats.c.chat_id, moved_chats.c.new_chat_id)
        async with self._database.reading() as connection:
            return {row.chat_id: row.new_chat_id for row in await connection.execute(statement)}
