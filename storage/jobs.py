"""What is to be done once a day, by key: a mark that only one can set."""

from datetime import date

from sqlalchemy import func, select

from market.clock import Clock
from storage.database import Database
from storage.statement import insert_new
from storage.tables import jobs


class SqlJobs:
    """Keeps the marks; "once per session date" is this unique key and not a timer's promise."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def mark(self, key: str, day: date) -> bool:
        """Mark job *key* as done for *day*; True for the first who does, False for everyone after."""
        async with self._database.writing() as connection:
            statement = insert_new(connection, jobs, "key", "day").returning(jobs.c.key)
            values = {"key": key, "day": day, "marked": self._clock.now()}
            return (await connection.execute(statement, values)).one_or_none() is not None

    async def last(self, key: str, until: date) -> date | None:
        """Return the latest day up to *until* for which the job is marked, or None."""
        of_it = jobs.c.key == key, jobs.c.day <= until
        async with self._database.reading() as connection:
            newest: date | None = await connection.scalar(select(func.max(jobs.c.day)).where(*of_it))
        return newest
