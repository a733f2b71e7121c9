"""Official closes as IBKR told them on the day: what it tells of the same day later shows a split."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select

from storage.database import Database
from storage.statement import upsert
from storage.tables import closes


class SqlCloses:
    """Keeps the latest close of each instrument, by contract id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Mapping[int, tuple[date, float]]:
        """Return every close that is kept, with its day."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(closes))
            return {row.con_id: (row.day, row.close) for row in rows}

    async def put(self, con_id: int, day: date, close: float) -> None:
        """Keep the close of *day*, in the place of what was kept of the instrument."""
        async with self._database.writing() as connection:
            values = {"con_id": con_id, "day": day, "close": close}
            await connection.execute(upsert(connection, closes, "con_id"), values)
