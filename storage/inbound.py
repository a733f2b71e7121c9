"""What the inbound webhook took: known again for a while, and stored together with its message."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from storage.database import Database
from storage.message import NewMessage, OutboxMessage
from storage.outbox import SqlOutbox
from storage.statement import upsert
from storage.tables import inbound

_KEPT = timedelta(days=2)


class SqlInbound:
    """Implements `bot.inbound.InboundStore`."""

    def __init__(self, database: Database, outbox: SqlOutbox) -> None:
        self._database = database
        self._outbox = outbox

    async def put(self, key: str, message: NewMessage, at: datetime, holds: timedelta) -> bool:
        """
        Store *message* in one durable transaction; False, and nothing done, if one came under *key* within *holds*.

        What is older than two days is forgotten. Raises StorageUnavailable; then nothing was stored.
        """

        def unit(connection: Connection) -> OutboxMessage | None:
            connection.execute(delete(inbound).where(inbound.c.at < at - _KEPT))
            known = connection.execute(select(inbound.c.at).where(inbound.c.key == key)).scalar_one_or_none()
            # A clock that was set back makes no call a repeat of one in its future.
            if known is not None and at - holds < known <= at:
                return None
            connection.execute(upsert(connection, inbound, "key"), {"key": key, "at": at})
            return self._outbox.insert(connection, message)

        stored = await self._database.writer.run(unit)
        if stored is None:
            return False
        self._outbox.announce([stored])
        return True
