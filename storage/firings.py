"""Firings: that it happened, what the rule became, and the message about it, in one durable transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from alerts.codec import firing_from_json, firing_to_json
from alerts.rule import Firing, NewsCause, ScanCause
from storage.aftermath import follow
from storage.database import Database
from storage.outbox import NewMessage, OutboxMessage, Priority, SqlOutbox
from storage.rules import rule_columns
from storage.statement import insert_new
from storage.tables import firings, rules


class SqlFiringLog:
    """Implements `alerts.ports.FiringLog`."""

    def __init__(self, database: Database, outbox: SqlOutbox) -> None:
        self._database = database
        self._outbox = outbox

    async def record(self, news: Sequence[Firing]) -> None:
        """
        Store *news*, each with its rule's new state and its message; one that is stored already changes nothing.

        When this returns, a power cut loses nothing of them. Raises StorageUnavailable; then none was stored.
        """
        messages = await self._database.writer.run(lambda connection: self._store(connection, news))
        self._outbox.announce(messages)

    async def of_rule(self, rule_id: int, limit: int) -> Sequence[Firing]:
        """Return the rule's latest firings, newest first; also those of a deleted rule."""
        newest = firings.c.at.desc(), firings.c.id.desc()
        statement = select(firings.c.data).where(firings.c.rule_id == rule_id).order_by(*newest).limit(limit)
        async with self._database.reading() as connection:
            return [firing_from_json(data) for data in (await connection.execute(statement)).scalars()]

    async def count_since(self, owner_id: int, since: datetime) -> int:
        """Return how often a user's rules fired at or after *since*."""
        mine = firings.c.owner_id == owner_id, firings.c.at >= since
        async with self._database.reading() as connection:
            return (await connection.execute(select(func.count()).select_from(firings).where(*mine))).scalar_one()

    def _store(self, connection: Connection, news: Sequence[Firing]) -> list[OutboxMessage]:
        messages = []
        for firing in news:
            payload = firing_to_json(firing)
            statement = insert_new(connection, firings, "key").returning(firings.c.id)
            values = {
                "key": firing.key,
                "rule_id": firing.rule.id,
                "owner_id": firing.rule.owner_id,
                "chat_id": firing.rule.chat_id,
                "at": firing.at,
                "data": payload,
            }
            firing_id = connection.execute(statement, values).scalar_one_or_none()
            if firing_id is None:
                continue
            _advance_rule(connection, firing)
            follow(connection, firing_id, firing)
            message = self._outbox.insert(connection, message_of(firing, payload | {"firing_id": firing_id}))
            if message is not None:
                messages.append(message)
        return messages


def message_of(firing: Firing, payload: dict[str, object]) -> NewMessage:
    """Return the message about *firing*: news and scans come last and without a sound, unless they are critical."""
    options = firing.rule.draft.options
    is_quiet_kind = isinstance(firing.cause, NewsCause | ScanCause)
    priority = Priority.NEWS if is_quiet_kind else Priority.ALERT
    return NewMessage(
        chat_id=firing.rule.chat_id,
        kind="firing",
        dedupe_key=f"firing:{firing.key}",
        payload=payload,
        priority=Priority.CRITICAL if options.critical else priority,
        silent=not options.critical and (options.silent or is_quiet_kind),
        happened=firing.at,
    )


def _advance_rule(connection: Connection, firing: Firing) -> None:
    """
    Store what the rule became by *firing*.

    Firings are recorded a moment after they happened: a rule that was paused or re-armed meanwhile was saved with
    this firing already counted, and that later state stays. A deleted rule stays deleted.
    """
    rule = firing.rule
    behind = rules.c.id == rule.id, rules.c.fired_count < rule.fired_count
    connection.execute(update(rules).where(*behind).values(**rule_columns(rule)))
