"""People who are in by a pairing code or an admin's word, and people who are out by one."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, select

from storage.database import Database
from storage.statement import upsert
from storage.tables import blocked, members
from trading.access import Role


@dataclass(frozen=True, slots=True)
class Member:
    """
    Someone who is in beside those of the environment.

    *name* is what Telegram called them (their own choice, untrusted), *added_by* the admin who let them in, or 0 for a
    pairing code from the host.
    """

    user_id: int
    role: Role
    name: str
    added_by: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Blocked:
    """Someone who is not let in, and of whom no admin hears again: by the word of the admin *by*."""

    user_id: int
    name: str
    by: int
    at: datetime


class SqlMembers:
    """Keeps both lists; a power cut must not let anyone in again, so that each change is durable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[Member]:
        """Return everyone who is in, by id."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(members).order_by(members.c.user_id))
            return [Member(row.user_id, Role[row.role], row.name, row.added_by, row.at) for row in rows]

    async def all_blocked(self) -> Sequence[Blocked]:
        """Return everyone who is out, by id."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(blocked).order_by(blocked.c.user_id))
            return [Blocked(**row._asdict()) for row in rows]

    async def save(self, member: Member) -> None:
        """Let someone in, or change their role."""
        values = {**asdict(member), "role": member.role.name}
        await self._database.writer.run(
            lambda connection: connection.execute(upsert(connection, members, "user_id"), values)
        )

    async def remove(self, user_ids: Collection[int]) -> None:
        """Let people in no more, as far as this list goes."""
        statement = delete(members).where(members.c.user_id.in_(user_ids))
        await self._database.writer.run(lambda connection: connection.execute(statement))

    async def block(self, entry: Blocked) -> None:
        """Put someone on the list of those who are out."""
        await self._database.writer.run(
            lambda connection: connection.execute(upsert(connection, blocked, "user_id"), asdict(entry))
        )

    async def unblock(self, user_id: int) -> bool:
        """Take someone off that list; False if they were not on it."""
        statement = delete(blocked).where(blocked.c.user_id == user_id)
        return await self._database.writer.run(lambda connection: connection.execute(statement).rowcount == 1)
