"""Scans that people ran, saved and scheduled: their lines, when they are due, and what was last told of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from market.codec import row_from_json, row_to_json
from market.scan import ScanRow
from storage.database import Database
from storage.message import NewMessage, OutboxMessage
from storage.outbox import SqlOutbox
from storage.saved_scan import SavedScan
from storage.tables import scans

_MOST_UNNAMED = 60
"""So many scans that were only run are kept for a person's buttons; older ones are forgotten."""


class SqlSavedScans:
    """Keeps scans. An id is never used twice: it lives on in buttons."""

    def __init__(self, database: Database, outbox: SqlOutbox) -> None:
        self._database = database
        self._outbox = outbox

    async def keep(self, owner_id: int, chat_id: int, line: str, at: datetime) -> SavedScan:
        """Return the person's scan of this *line*, a new one if need be; their oldest unnamed ones are forgotten."""
        same = scans.c.owner_id == owner_id, scans.c.line == line, scans.c.deleted.is_(None)
        async with self._database.writing() as connection:
            known = select(scans.c.id).where(*same).order_by(scans.c.name.desc(), scans.c.id).limit(1)
            scan_id = (await connection.execute(known)).scalar_one_or_none()
            if scan_id is None:
                values = {"owner_id": owner_id, "chat_id": chat_id, "line": line, "touched": at}
                blank = {"name": "", "schedule": "", "paused": False}
                made = insert(scans).values(**values, **blank).returning(scans.c.id)
                scan_id = (await connection.execute(made)).scalar_one()
            else:
                await connection.execute(update(scans).where(scans.c.id == scan_id).values(touched=at))
            unnamed = scans.c.owner_id == owner_id, scans.c.name == ""
            newest = select(scans.c.id).where(*unnamed).order_by(scans.c.touched.desc(), scans.c.id.desc())
            await connection.execute(
                delete(scans).where(*unnamed, scans.c.id.not_in(newest.limit(_MOST_UNNAMED).scalar_subquery()))
            )
            row = (await connection.execute(select(scans).where(scans.c.id == scan_id))).one()
        return _scan(row)

    async def get(self, scan_id: int, owner_id: int) -> SavedScan | None:
        """Return a person's scan, or None where it is forgotten, deleted or someone else's."""
        found = await self._all(scans.c.id == scan_id, scans.c.owner_id == owner_id)
        return found[0] if found else None

    async def of(self, owner_id: int) -> Sequence[SavedScan]:
        """Return a person's saved scans, oldest first."""
        return await self._all(scans.c.owner_id == owner_id, scans.c.name != "")

    async def scheduled(self) -> Sequence[SavedScan]:
        """Return everybody's scans that run by themselves just now."""
        return await self._all(scans.c.schedule != "", scans.c.name != "", scans.c.paused.is_(False))

    async def save(self, scan_id: int, owner_id: int, name: str, most: int) -> bool:
        """Give a scan its *name*; False, and nothing done, where the person would have more than *most* saved ones."""
        others = scans.c.owner_id == owner_id, scans.c.name != "", scans.c.deleted.is_(None), scans.c.id != scan_id
        async with self._database.writing() as connection:
            count = await connection.scalar(select(func.count()).select_from(scans).where(*others))
            if (count or 0) >= most:
                return False
            await connection.execute(update(scans).where(*_mine(scan_id, owner_id)).values(name=name))
        return True

    async def schedule(self, scan_id: int, owner_id: int, chat_id: int, schedule: str, at: datetime) -> None:
        """Let a scan run by *schedule* from *at* on, told in *chat_id*, instead of an earlier one; "" for never."""
        await self._change(scan_id, owner_id, chat_id=chat_id, schedule=schedule, due=at, paused=False)

    async def pause(self, scan_id: int, owner_id: int, at: datetime, *, paused: bool) -> None:
        """Pause a scan's schedule, or let it go on from *at*: what was due meanwhile is not told."""
        await self._change(scan_id, owner_id, paused=paused, due=at)

    async def tell(self, scan_id: int, due: datetime, rows: Sequence[ScanRow] | None, message: NewMessage) -> bool:
        """
        Store the *message* that tells what was *due*, and note that it is told, both or neither.

        *rows* are what the next time is compared with, None: those of before. False where that moment was told already:
        then the rows stay those of before, since nobody has read of these.
        """
        noted = {"due": due} if rows is None else {"due": due, "told": [row_to_json(row) for row in rows]}

        def unit(connection: Connection) -> OutboxMessage | None:
            stored = self._outbox.insert(connection, message)
            values = {"due": due} if stored is None else noted
            connection.execute(update(scans).where(scans.c.id == scan_id).values(**values))
            return stored

        stored = await self._database.writer.run(unit)
        if stored is None:
            return False
        self._outbox.announce([stored])
        return True

    async def remove(self, scan_id: int, owner_id: int, at: datetime) -> None:
        """Delete a scan, so that it can still be brought back; those deleted before are gone for good."""
        async with self._database.writing() as connection:
            await connection.execute(delete(scans).where(scans.c.owner_id == owner_id, scans.c.deleted.is_not(None)))
            await connection.execute(update(scans).where(*_mine(scan_id, owner_id)).values(deleted=at))

    async def restore(self, scan_id: int, owner_id: int, since: datetime, at: datetime) -> bool:
        """Bring back what was deleted at or after *since*; its schedule goes on from *at*. False where it is gone."""
        lately = scans.c.id == scan_id, scans.c.owner_id == owner_id, scans.c.deleted >= since
        async with self._database.writing() as connection:
            return (await connection.execute(update(scans).where(*lately).values(deleted=None, due=at))).rowcount == 1

    async def _all(self, *conditions: ColumnElement[bool]) -> list[SavedScan]:
        statement = select(scans).where(*conditions, scans.c.deleted.is_(None)).order_by(scans.c.id)
        async with self._database.reading() as connection:
            return [_scan(row) for row in await connection.execute(statement)]

    async def _change(self, scan_id: int, owner_id: int, **values: object) -> None:
        async with self._database.writing() as connection:
            await connection.execute(update(scans).where(*_mine(scan_id, owner_id)).values(**values))


def _mine(scan_id: int, owner_id: int) -> tuple[ColumnElement[bool], ...]:
    return scans.c.id == scan_id, scans.c.owner_id == owner_id


def _scan(row: Row[Any]) -> SavedScan:
    fields = row._asdict()
    del fields["deleted"]
    told = fields["told"]
    fields["told"] = None if told is None else tuple(row_from_json(one) for one in told)
    return SavedScan(**fields)
