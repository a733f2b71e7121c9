"""The trading state as it was set in the chat, and the limits that were tightened there."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select

from storage.database import Database
from storage.statement import upsert
from storage.tables import tightened, trading_states
from trading.limit_book import Tightening
from trading.state import StateChange, TradingState


class SqlTradingState:
    """Implements `trading.state.StateStore`; what is added is durable when the call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def latest(self) -> StateChange | None:
        """Return the last change, or None where there was none yet."""
        statement = select(trading_states).order_by(trading_states.c.id.desc()).limit(1)
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else StateChange(TradingState(row.state), row.user_id, row.at)

    async def add(self, change: StateChange) -> None:
        """Keep *change*."""
        statement = insert(trading_states).values(state=change.state, user_id=change.user_id, at=change.at)
        await self._database.writer.run(lambda connection: connection.execute(statement))


class SqlTightenings:
    """Implements `trading.limit_book.TighteningStore`; what is kept is durable when the call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[Tightening]:
        """Return every limit that was tightened."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(tightened).order_by(tightened.c.user_id, tightened.c.name))
            return [Tightening(**row._asdict()) for row in rows]

    async def put(self, one: Tightening) -> None:
        """Keep it in the place of what was kept of the same limit for the same person."""
        values = {"user_id": one.user_id, "name": one.name, "value": one.value, "by": one.by, "at": one.at}
        await self._database.writer.run(
            lambda connection: connection.execute(upsert(connection, tightened, "user_id", "name"), values)
        )

    async def drop(self, user_id: int, name: str) -> None:
        """Forget it."""
        where = tightened.c.user_id == user_id, tightened.c.name == name
        await self._database.writer.run(lambda connection: connection.execute(delete(tightened).where(*where)))
