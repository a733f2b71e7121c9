"""What the price did after a firing: 1 hour and 1 day later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from alerts.aftermath import DAY, HOUR, Aftermath, instrument_of
from alerts.codec import firing_from_json
from alerts.rule import Firing
from market.codec import instrument_from_json, instrument_to_json
from market.instrument import Instrument
from storage.database import Database
from storage.prepared import Prepared
from storage.tables import aftermath, firings

_AGAIN = timedelta(minutes=15)
_MOST_TRIES = 400


@dataclass(frozen=True, slots=True)
class Followed:
    """A firing whose price is wanted: *due* is the moment (1 h or 1 d after *at*), *is_hour* which of the two."""

    firing_id: int
    instrument: Instrument
    at: datetime
    is_hour: bool

    @property
    def due(self) -> datetime:
        """The moment whose price is wanted."""
        return self.at + (HOUR if self.is_hour else DAY)


class SqlAftermath:
    """Keeps the prices after firings; rows are made with the firings themselves (`storage/firings.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, now: datetime, limit: int) -> Sequence[Followed]:
        """Return the firings whose price of 1 h or 1 d after is to be looked up now, the longest due first."""
        statement = select(aftermath).where(aftermath.c.due <= now).order_by(aftermath.c.due).limit(limit)
        async with self._database.reading() as connection:
            return [_followed(row) for row in await connection.execute(statement)]

    async def note(self, followed: Followed, price: float) -> None:
        """Store the *price* at its due moment."""
        if followed.is_hour:
            values = {"after_hour": price, "due": followed.at + DAY, "tries": 0}
        else:
            values = {"after_day": price, "due": None}
        await self._change(followed.firing_id, values)

    async def postpone(self, followed: Followed, now: datetime) -> None:
        """Look again in a quarter of an hour: nothing was traded since, or IBKR did not say. Four days are enough."""
        async with self._database.reading() as connection:
            tries = await connection.scalar(
                select(aftermath.c.tries).where(aftermath.c.firing_id == followed.firing_id)
            )
        given_up = (tries or 0) >= _MOST_TRIES
        later = now + _AGAIN
        if given_up and followed.is_hour:
            later = max(later, followed.at + DAY)
        due = None if given_up and not followed.is_hour else later
        await self._change(followed.firing_id, {"due": due, "tries": 0 if given_up else (tries or 0) + 1})

    async def of_rule(self, rule_id: int, limit: int) -> Sequence[Aftermath]:
        """Return the rule's latest firings with what came after, newest first; also those of a deleted rule."""
        statement = (
            select(firings.c.data, aftermath.c.after_hour, aftermath.c.after_day)
            .join(aftermath, aftermath.c.firing_id == firings.c.id, isouter=True)
            .where(firings.c.rule_id == rule_id)
            .order_by(firings.c.at.desc(), firings.c.id.desc())
            .limit(limit)
        )
        async with self._database.reading() as connection:
            rows = await connection.execute(statement)
            return [Aftermath(firing_from_json(data), hour, day) for data, hour, day in rows]

    async def _change(self, firing_id: int, values: dict[str, Any]) -> None:
        async with self._database.writing() as connection:
            await connection.execute(update(aftermath).where(aftermath.c.firing_id == firing_id).values(**values))


def follow(connection: Connection, firing_id: int, firing: Firing) -> None:
    """Make the row of a new firing that is about an instrument, within its transaction; of others nothing is kept."""
    instrument = instrument_of(firing)
    if instrument is None:
        return
    values = {
        "firing_id": firing_id,
        "at": firing.at,
        "instrument": instrument_to_json(instrument),
        "due": firing.at + HOUR,
        "tries": 0,
    }
    _FOLLOW.run(connection, values)


_FOLLOW = Prepared(lambda _connection: aftermath.insert(), ("firing_id", "at", "instrument", "due", "tries"))


def _followed(row: Row[Any]) -> Followed:
    return Followed(row.firing_id, instrument_from_json(row.instrument), row.at, row.after_hour is None and _early(row))


def _early(row: Row[Any]) -> bool:
    """Return whether the hour's price is still wanted: after giving up on it, the day's is due next."""
    return bool(row.due < row.at + DAY)
