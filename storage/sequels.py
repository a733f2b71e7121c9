"""The purchases of a rebalance that wait for the money of its sales."""

from dataclasses import replace

from sqlalchemy import Row, delete, insert, select, update

from storage.database import Database
from storage.tables import sequels
from trading.sequel import Sequel, waiting_from_json, waiting_to_json


class SqlSequels:
    """Keeps sequels. An id is never used twice: it lives on in buttons."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, sequel: Sequel) -> Sequel:
        """Store a new one in the place of what waits for the same orders; return it with its id."""
        mine = sequels.c.user_id == sequel.user_id, sequels.c.digest == sequel.digest
        values = {
            "user_id": sequel.user_id,
            "chat_id": sequel.chat_id,
            "account": sequel.account,
            "digest": sequel.digest,
            "cash": sequel.cash,
            "waiting": waiting_to_json(sequel.waiting),
            "created": sequel.created,
            "offered": sequel.offered,
            "reminded": sequel.reminded,
        }
        async with self._database.writing() as connection:
            await connection.execute(delete(sequels).where(*mine))
            added = await connection.execute(insert(sequels).values(**values).returning(sequels.c.id))
            return replace(sequel, id=added.scalar_one())

    async def get(self, sequel_id: int) -> Sequel | None:
        """Return it, or None where it is over."""
        async with self._database.reading() as connection:
            found = (await connection.execute(select(sequels).where(sequels.c.id == sequel_id))).one_or_none()
        return None if found is None else _sequel(found)

    async def all(self) -> tuple[Sequel, ...]:
        """Return all that wait, oldest first."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(sequels).order_by(sequels.c.id))
            return tuple(_sequel(row) for row in rows)

    async def offered(self, sequel_id: int, proposal_id: int) -> None:
        """Note the proposal that asks for it now."""
        await self._change(sequel_id, offered=proposal_id, reminded=False)

    async def reminded(self, sequel_id: int) -> None:
        """Note that the person was told that it still waits."""
        await self._change(sequel_id, reminded=True)

    async def drop(self, sequel_id: int) -> None:
        """Forget it."""
        async with self._database.writing() as connection:
            await connection.execute(delete(sequels).where(sequels.c.id == sequel_id))

    async def _change(self, sequel_id: int, **values: object) -> None:
        async with self._database.writing() as connection:
            await connection.execute(update(sequels).where(sequels.c.id == sequel_id).values(**values))


def _sequel(row: Row[tuple[object, ...]]) -> Sequel:
    fields = row._asdict()
    return Sequel(**{**fields, "waiting": waiting_from_json(fields["waiting"])})
