"""Firings: that it happened, what the rule became, and the message about it, in one durable transaction."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, func, select, update

from alerts.codec import firing_from_json, firing_to_json
from alerts.rule import Firing, NewsCause, ScanCause
from storage.aftermath import follow
from storage.database import Database
from storage.outbox import NewMessage, OutboxMessage, Priority, SqlOutbox
from storage.prepared import Prepared
from storage.rules import rule_columns
from storage.statement import insert_new
from storage.tables import firings, rules


class SqlFiringLog:
    """
    Implements `alerts.ports.FiringLog`.

    *web_target* gives the address that a rule's firings go to beside the chat; it is asked in the writer's thread.
    """

    def __init__(
        self,
        database: Database,
        outbox: SqlOutbox,
        web_target: Callable[[int], str | None] = lambda _rule_id: None,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._web_target = web_target

    async def record(self, news: Sequence[Firing]) -> None:
        """
        Store *news*, each with its rule's new state and its message; one that is stored already changes nothing.

        When this returns, a power cut loses nothing of them. Raises StorageUnavailable; then none was stored.
        """
        loop = asyncio.get_running_loop()

        def unit(connection: Connection) -> list[OutboxMessage]:
            messages = self._store(connection, news)
            # While the disk is waited for, the loop may already put them into words.
            loop.call_soon_threadsafe(self._outbox.foretell, messages)
            return messages

        self._outbox.announce(await self._database.writer.run(unit))

    async def of_rule(self, rule_id: int, limit: int) -> Sequence[Firing]:
        """Return the rule's latest firings, newest first; also those of a deleted rule."""
        newest = firings.c.at.desc(), firings.c.id.desc()
        statement = select(firings.c.data).where(firings.c.rule_id == rule_id).order_by(*newest).limit(limit)
        async with self._database.reading() as connection:
            return [firing_from_json(data) for data in (await connection.execute(statement)).scalars()]

    async def nth(self, rule_id: int, number: int) -> Firing | None:
        """Return a rule's firing by its number, or None; also that of a deleted rule."""
        this = firings.c.rule_id == rule_id, firings.c.key.startswith(f"{rule_id}:{number}:", autoescape=True)
        statement = select(firings.c.data).where(*this).order_by(firings.c.id.desc()).limit(1)
        async with self._database.reading() as connection:
            data = (await connection.execute(statement)).scalar_one_or_none()
        return None if data is None else firing_from_json(data)

    async def count_since(self, owner_id: int, since: datetime) -> int:
        """Return how often a user's rules fired at or after *since*."""
        mine = firings.c.owner_id == owner_id, firings.c.at >= since
        async with self._database.reading() as connection:
            return (await connection.execute(select(func.count()).select_from(firings).where(*mine))).scalar_one()

    def _store(self, connection: Connection, news: Sequence[Firing]) -> list[OutboxMessage]:
        messages = []
        for firing in news:
            payload = firing_to_json(firing)
            values = {
                "key": firing.key,
                "rule_id": firing.rule.id,
                "owner_id": firing.rule.owner_id,
                "chat_id": firing.rule.chat_id,
                "at": firing.at,
                "data": payload,
            }
            new = _INSERT.run(connection, values)
            if new is None:
                continue
            firing_id = new[0]
            _advance_rule(connection, firing, payload["rule"])
            follow(connection, firing_id, firing)
            told = [message_of(firing, payload | {"firing_id": firing_id})]
            if (target := self._web_target(firing.rule.id)) is not None:
                told.append(webhook_of(firing, payload, target))
            inserted = (self._outbox.insert(connection, message) for message in told)
            messages += [message for message in inserted if message is not None]
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
        source=firing,
    )


def webhook_of(firing: Firing, payload: dict[str, object], target: str) -> NewMessage:
    """Return what goes to *firing*'s webhook."""
    return NewMessage(
        chat_id=firing.rule.chat_id,
        kind="webhook",
        dedupe_key=f"webhook:{firing.key}",
        payload=payload,
        happened=firing.at,
        target=target,
    )


def _advance_rule(connection: Connection, firing: Firing, data: dict[str, Any]) -> None:
    """
    Store what the rule became by *firing*; *data* is the rule as JSON.

    Firings are recorded a moment after they happened: a rule that was paused or re-armed meanwhile was saved with
    this firing already counted, and that later state stays. A deleted rule stays deleted.
    """
    rule = firing.rule
    _ADVANCE.run(connection, rule_columns(rule, data) | {"rule": rule.id, "count": rule.fired_count})


_INSERT = Prepared(
    lambda connection: insert_new(connection, firings, "key").returning(firings.c.id),
    ("key", "rule_id", "owner_id", "chat_id", "at", "data"),
)
_ADVANCE = Prepared(
    lambda _connection: update(rules).where(
        rules.c.id == bindparam("rule"), rules.c.fired_count < bindparam("count", type_=Integer)
    ),
    # Not its owner, chat and text, which no firing changes: an index of what is set is written anew.
    ("state", "fired_count", "since", "data"),
)
