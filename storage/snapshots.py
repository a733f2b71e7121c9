"""Daily snapshots of accounts: what the equity curve and "since yesterday" are made of."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from storage.database import Database
from storage.statement import insert_new
from storage.tables import snapshots
from trading.codec import position_from_json, position_to_json
from trading.summary import Snapshot

_PLAIN = tuple(column.name for column in snapshots.c if column.name not in {"id", "positions"})


class SqlSnapshots:
    """Keeps one snapshot per account and session date."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, snapshot: Snapshot) -> bool:
        """Keep the snapshot; False, and nothing done, where the day has one: it is what people were told."""
        values = {name: getattr(snapshot, name) for name in _PLAIN}
        values["positions"] = [position_to_json(position) for position in snapshot.positions]
        async with self._database.writing() as connection:
            statement = insert_new(connection, snapshots, "account", "day").returning(snapshots.c.id)
            return (await connection.execute(statement, values)).one_or_none() is not None

    async def series(self, account: str, since: date) -> Sequence[Snapshot]:
        """Return the account's snapshots of *since* and later, by day."""
        where = snapshots.c.account == account, snapshots.c.day >= since
        async with self._database.reading() as connection:
            rows = await connection.execute(select(snapshots).where(*where).order_by(snapshots.c.day))
            return [_snapshot(row) for row in rows]

    async def latest(self, account: str, before: date) -> Snapshot | None:
        """Return the account's last snapshot of a day before *before*, or None."""
        where = snapshots.c.account == account, snapshots.c.day < before
        newest = select(snapshots).where(*where).order_by(snapshots.c.day.desc()).limit(1)
        async with self._database.reading() as connection:
            row = (await connection.execute(newest)).one_or_none()
        return None if row is None else _snapshot(row)


def _snapshot(row: Row[Any]) -> Snapshot:
    fields = {name: getattr(row, name) for name in _PLAIN}
    return Snapshot(**fields, positions=tuple(position_from_json(position) for position in row.positions))
