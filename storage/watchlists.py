"""Watchlists: the instruments that a person looks at, one list each."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from market.codec import instrument_from_json, instrument_to_json
from market.instrument import Instrument
from storage.database import Database
from storage.statement import insert_new
from storage.tables import watchlist


class SqlWatchlists:
    """Keeps each person's watchlist, in the order in which its instruments were added."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, user_id: int) -> Sequence[Instrument]:
        """Return the person's instruments, oldest entry first."""
        statement = select(watchlist.c.instrument).where(watchlist.c.user_id == user_id)
        async with self._database.reading() as connection:
            rows = await connection.execute(statement.order_by(watchlist.c.added, watchlist.c.con_id))
            return [instrument_from_json(data) for data in rows.scalars()]

    async def add(self, user_id: int, instrument: Instrument, at: datetime) -> bool:
        """Put *instrument* on the person's list; False if it is there already."""
        async with self._database.writing() as connection:
            statement = insert_new(connection, watchlist, "user_id", "con_id").returning(watchlist.c.con_id)
            values = {
                "user_id": user_id,
                "con_id": instrument.con_id,
                "added": at,
                "instrument": instrument_to_json(instrument),
            }
            return (await connection.execute(statement, values)).one_or_none() is not None

    async def remove(self, user_id: int, con_id: int) -> bool:
        """Take an instrument off the person's list; False if it was not there."""
        mine = watchlist.c.user_id == user_id, watchlist.c.con_id == con_id
        async with self._database.writing() as connection:
            return (await connection.execute(delete(watchlist).where(*mine))).rowcount == 1
