"""
The outbox: the only road to the phone for whatever was not asked for just now.

A row is committed as SENDING, under this process's boot id, in the transaction of what it tells of, and handed to the
listeners at once: start-up, retry and normal delivery are one path. Who has which row in hand is the sender's own
knowledge (`bot/notifier.py`); a row is not forgotten by being in hand, since `due` gives it again to whoever says that
it does not hold it.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, false, func, not_, or_, select, update

from market.clock import Clock
from storage import reopening
from storage.database import Database
from storage.message import MessageState, NewMessage, OutboxMessage, Priority, Told
from storage.prepared import Prepared
from storage.statement import insert_new
from storage.tables import outbox

__all__ = ["MessageState", "NewMessage", "OutboxMessage", "Priority", "SqlOutbox"]

# Keys have no index by their beginnings: at a start so many rows are looked at, and not all that ever were.
_LOOKED_BACK = 20_000
_OPEN = (MessageState.NEW, MessageState.SENDING, MessageState.UNKNOWN)
# Not IN, which SQLAlchemy expands anew at each call, and cannot for many rows at once.
_IS_OPEN = or_(*(outbox.c.state == state for state in _OPEN))


class SqlOutbox:
    """Keeps messages until Telegram has acknowledged them; every change is durable when its call returns."""

    def __init__(self, database: Database, clock: Clock, boot_id: str) -> None:
        self._database = database
        self._clock = clock
        self._boot_id = boot_id
        self._listeners: list[Callable[[Sequence[OutboxMessage]], None]] = []
        self._preparers: list[Callable[[Sequence[OutboxMessage]], None]] = []

    def on_new(self, callback: Callable[[Sequence[OutboxMessage]], None]) -> None:
        """Hand every new row to *callback*, on the event loop, right after its commit; it must not block."""
        self._listeners.append(callback)

    def on_coming(self, callback: Callable[[Sequence[OutboxMessage]], None]) -> None:
        """
        Hand new rows to *callback*, on the event loop, while they are committed, so that words are ready by then.

        They may never come: only what `on_new` hands over later, the same objects, is committed. It must not block.
        """
        self._preparers.append(callback)

    async def put(self, message: NewMessage) -> bool:
        """Store *message* in a transaction of its own; False, and nothing done, if its dedupe key is known."""
        stored = await self._database.writer.run(lambda connection: self.insert(connection, message))
        if stored is None:
            return False
        self.announce([stored])
        return True

    async def put_digest(
        self, message: NewMessage, ids: Collection[int], silence: str, told_by: int | None = None
    ) -> OutboxMessage:
        """
        Store *message* and fold the rows *ids* into it in one transaction; return its row.

        *told_by* is the row that tells them where *message* only edits that one. A message whose dedupe key is known is
        not stored again, and tells these too.
        """

        def unit(connection: Connection) -> tuple[OutboxMessage, bool]:
            new = self.insert(connection, message)
            row = new or _message(connection.execute(select(outbox).where(_has_key(message.dedupe_key))).one())
            self.fold_within(connection, ids, told_by or row.id, silence)
            return row, new is not None

        row, is_new = await self._database.writer.run(unit)
        if is_new:
            self.announce([row])
        return row

    async def fold(self, ids: Collection[int], told_by: int, silence: str) -> None:
        """Let the row *told_by* tell these rows: they are FOLDED, which is final, unless they were final before."""
        await self._database.writer.run(lambda connection: self.fold_within(connection, ids, told_by, silence))

    @staticmethod
    def fold_within(connection: Connection, ids: Collection[int], told_by: int, silence: str) -> None:
        """As `fold`, within another writer transaction."""
        folded = {"state": MessageState.FOLDED, "told_by": told_by, "silence": silence, "next_try": None}
        _change_open(connection, [row_id for row_id in ids if row_id != told_by], folded)

    async def hold(self, ids: Collection[int], until: datetime, silence: str) -> None:
        """Send these not before *until*: they are NEW again, and *silence* says why they wait."""
        held = {"state": MessageState.NEW, "next_try": until, "silence": silence}
        await self._database.writer.run(lambda connection: _change_open(connection, ids, held))

    async def wake(self) -> int:
        """Let all that waits for a moment be due now; return how many. For when the clock was set back meanwhile."""
        waits = outbox.c.state.in_([MessageState.NEW, MessageState.UNKNOWN]), outbox.c.next_try.is_not(None)
        statement = update(outbox).where(*waits).values(next_try=None)
        return await self._database.writer.run(lambda connection: connection.execute(statement).rowcount)

    async def let_go(self, chat_id: int, silence: str) -> None:
        """Send what is held in a chat because of *silence* at the next look."""
        held = outbox.c.chat_id == chat_id, outbox.c.state == MessageState.NEW, outbox.c.silence == silence
        statement = update(outbox).where(*held).values(next_try=None)
        await self._database.writer.run(lambda connection: connection.execute(statement).rowcount)

    async def fired_since(self, chat_id: int, since: datetime) -> Sequence[OutboxMessage]:
        """Return the chat's firings since then that no other row tells, in the order in which they were stored."""
        here = outbox.c.chat_id == chat_id, outbox.c.kind == "firing", outbox.c.happened >= since
        statement = select(outbox).where(*here, outbox.c.told_by.is_(None), outbox.c.target.is_(None))
        async with self._database.reading() as connection:
            return [_message(row) for row in await connection.execute(statement.order_by(outbox.c.id))]

    async def members(self, told_by: int) -> Sequence[OutboxMessage]:
        """Return the rows that the row *told_by* tells, in the order in which they were stored."""
        statement = select(outbox).where(outbox.c.told_by == told_by).order_by(outbox.c.id)
        async with self._database.reading() as connection:
            return [_message(row) for row in await connection.execute(statement)]

    async def told(self, told_by: int) -> Told | None:
        """Return how many rows the row *told_by* tells, and from when to when; None for none."""
        when = outbox.c.happened
        statement = select(func.count(), func.min(when), func.max(when)).where(outbox.c.told_by == told_by)
        async with self._database.reading() as connection:
            count, begin, end = (await connection.execute(statement)).one()
        return Told(count, begin, end) if count else None

    async def told_page(self, told_by: int, offset: int, limit: int) -> Sequence[OutboxMessage]:
        """Return *limit* of the rows that the row *told_by* tells, what happened last first, from *offset* on."""
        order = outbox.c.happened.desc(), outbox.c.id.desc()
        statement = select(outbox).where(outbox.c.told_by == told_by).order_by(*order)
        async with self._database.reading() as connection:
            return [_message(row) for row in await connection.execute(statement.offset(offset).limit(limit))]

    def insert(self, connection: Connection, message: NewMessage) -> OutboxMessage | None:
        """
        Store *message* within another repository's writer transaction; None if its dedupe key is known.

        After the commit, that repository hands what it got to `announce`.
        """
        now = self._clock.now()
        values: dict[str, Any] = {
            "chat_id": message.chat_id,
            "kind": message.kind,
            "payload": message.payload,
            "state": MessageState.SENDING,
            "priority": message.priority,
            "silent": message.silent,
            "created": now,
            "happened": message.happened or now,
            "dedupe_key": message.dedupe_key,
            "reply_to": message.reply_to,
            "edit_key": message.edit_key,
            "boot_id": self._boot_id,
            "attempts": 0,
            "error": "",
            "may_repeat": False,
            "target": message.target,
        }
        stored = _INSERT.run(connection, values)
        if stored is None:
            return None
        return OutboxMessage(id=stored[0], next_try=None, message_id=None, source=message.source, **values)

    @staticmethod
    def count(connection: Connection, dedupe_key: str) -> int:
        """Return how many rows have this key, alone or followed by a colon and more; 0 if none has it alone."""
        many = select(func.count()).select_from(outbox)
        alone = connection.execute(many.where(outbox.c.dedupe_key == dedupe_key)).scalar_one()
        # The first question has an index, the second has not, and is rarely asked.
        more = many.where(outbox.c.dedupe_key.startswith(f"{dedupe_key}:", autoescape=True))
        return alone and alone + connection.execute(more).scalar_one()

    def announce(self, messages: Sequence[OutboxMessage]) -> None:
        """Hand committed rows to the listeners; a row that misses them for any reason comes with `due`."""
        if messages:
            for callback in self._listeners:
                callback(messages)

    def foretell(self, messages: Sequence[OutboxMessage]) -> None:
        """Hand rows that are about to be committed to those who prepare for them."""
        for callback in self._preparers:
            callback(messages)

    async def recover(self) -> int:
        """
        Call at start: what an earlier boot left SENDING is UNKNOWN, and due at once. Return how many.

        Whether these arrived cannot be known: the Bot API has no idempotency key and no history for bots
        (tdlib/telegram-bot-api#126).
        """
        statement = (
            update(outbox)
            .where(outbox.c.state == MessageState.SENDING, outbox.c.boot_id != self._boot_id)
            .values(state=MessageState.UNKNOWN, next_try=self._clock.now(), may_repeat=True)
        )
        return await self._database.writer.run(lambda connection: connection.execute(statement).rowcount)

    async def due(
        self, now: datetime, limit: int, held: Collection[int] = frozenset(), *, to_web: bool = False
    ) -> Sequence[OutboxMessage]:
        """
        Return up to *limit* rows to be sent now, without those in *held*: by priority, then age.

        They are: NEW and UNKNOWN whose next try has come, and this boot's SENDING; those for phones, or *to_web* those
        with a target. Rows are as they stood when they were read: whoever has finished one meanwhile must know that.
        """
        came = or_(outbox.c.next_try.is_(None), outbox.c.next_try <= now)
        waiting = or_(
            and_(outbox.c.state.in_([MessageState.NEW, MessageState.UNKNOWN]), came),
            and_(outbox.c.state == MessageState.SENDING, outbox.c.boot_id == self._boot_id),
        )
        way = outbox.c.target.is_not(None) if to_web else outbox.c.target.is_(None)
        order = (outbox.c.priority, outbox.c.id)
        async with self._database.reading() as connection:
            # Held rows are left out here and not by the statement, which would outgrow SQLite's limit of variables.
            ids = (await connection.execute(select(outbox.c.id).where(waiting, way).order_by(*order))).scalars()
            free = [row_id for row_id in ids if row_id not in held][:limit]
            rows = await connection.execute(select(outbox).where(outbox.c.id.in_(free)).order_by(*order))
            return [_message(row) for row in rows]

    async def mark_sending(self, message_id: int) -> None:
        """Before a send: SENDING under this boot id."""
        await self._mark(message_id, state=MessageState.SENDING, boot_id=self._boot_id, next_try=None)

    async def mark_delivered(self, message_id: int, telegram_id: int | None) -> None:
        """Telegram has acknowledged it as its message *telegram_id* (None where it answers without one)."""
        await self._mark(message_id, state=MessageState.SENT, message_id=telegram_id, next_try=None, error="")

    async def mark_unknown(self, message_id: int, next_try: datetime, error: str, *, is_edit: bool = False) -> None:
        """It left, but no answer came: send again at *next_try*, marked unless it only changes what is there."""
        doubt: dict[str, bool] = {} if is_edit else {"may_repeat": True}
        tries = outbox.c.attempts + 1
        await self._mark(
            message_id, state=MessageState.UNKNOWN, next_try=next_try, error=error, attempts=tries, **doubt
        )

    async def mark_retry(self, message_id: int, next_try: datetime, error: str) -> None:
        """Surely not delivered this time (429, no connection): send at *next_try*."""
        tries = outbox.c.attempts + 1
        await self._mark(message_id, state=MessageState.NEW, next_try=next_try, error=error, attempts=tries)

    async def mark_failed(self, message_id: int, error: str) -> None:
        """It can never be delivered."""
        await self._mark(message_id, state=MessageState.FAILED, next_try=None, error=error)

    async def mark_closed(self, message_id: int, error: str) -> None:
        """Its chat takes no messages: FAILED, unless `reopen` brings it back."""
        await self.mark_failed(message_id, f"{reopening.CLOSED}{error}")

    async def reopen(self, chat_id: int, since: datetime) -> int:
        """
        The chat takes messages again: every alert that it missed is due at once, and the rest since then.

        Return how many rows that is; see `storage/reopening.py` for what digests told.
        """
        return await self._database.writer.run(lambda connection: reopening.reopen(connection, chat_id, since))

    async def release(self, message_ids: Collection[int]) -> None:
        """Shutdown: the send of these was never begun. Those that are this boot's SENDING are NEW again."""
        if not message_ids:
            return
        mine = and_(outbox.c.state == MessageState.SENDING, outbox.c.boot_id == self._boot_id)
        statement = update(outbox).where(outbox.c.id == bindparam("row_id"), mine)
        rows = [{"row_id": message_id} for message_id in message_ids]
        change = statement.values(state=MessageState.NEW, next_try=None)
        await self._database.writer.run(lambda connection: connection.execute(change, rows).rowcount)

    async def depth(self) -> int:
        """Return how many messages to phones are not delivered yet, without those that are held until their time."""
        is_held = and_(outbox.c.silence.is_not(None), outbox.c.next_try > self._clock.now())
        statement = (
            select(func.count())
            .select_from(outbox)
            .where(_IS_OPEN, outbox.c.target.is_(None), not_(func.coalesce(is_held, false())))
        )
        async with self._database.reading() as connection:
            return (await connection.execute(statement)).scalar_one()

    async def message_id_of(self, dedupe_key: str) -> int | None:
        """Return Telegram's id of a delivered message, or None."""
        statement = select(outbox.c.message_id).where(outbox.c.dedupe_key == dedupe_key)
        async with self._database.reading() as connection:
            return (await connection.execute(statement)).scalar_one_or_none()

    async def beginning(self, prefix: str) -> Sequence[OutboxMessage]:
        """Return the rows whose dedupe keys begin with *prefix*, as they were stored, out of the newest 20,000."""
        newest = select(func.coalesce(func.max(outbox.c.id), 0)).scalar_subquery()
        under = outbox.c.dedupe_key.startswith(prefix, autoescape=True), outbox.c.id > newest - _LOOKED_BACK
        async with self._database.reading() as connection:
            return [
                _message(row) for row in await connection.execute(select(outbox).where(*under).order_by(outbox.c.id))
            ]

    async def shown(self, edit_key: str) -> OutboxMessage | None:
        """
        Return the row whose Telegram message shows what *edit_key* names, or None where nothing of it has arrived.

        That is the newest delivered of the row with this dedupe key and its edits: where the first message was lost,
        or is gone, an edit was sent as a message of its own.
        """
        of_it = or_(_has_key(edit_key), outbox.c.edit_key == edit_key)
        arrived = outbox.c.state == MessageState.SENT, outbox.c.message_id.is_not(None)
        statement = select(outbox).where(of_it, *arrived).order_by(outbox.c.id.desc()).limit(1)
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else _message(row)

    async def is_doubtful(self, edit_key: str) -> bool:
        """Return whether a message of what *edit_key* names may stand in the chat that was never acknowledged."""
        of_it = or_(_has_key(edit_key), outbox.c.edit_key == edit_key)
        statement = select(outbox.c.id).where(of_it, outbox.c.may_repeat).limit(1)
        async with self._database.reading() as connection:
            return (await connection.execute(statement)).one_or_none() is not None

    async def get(self, row_id: int) -> OutboxMessage | None:
        """Return the row, or None."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(outbox).where(outbox.c.id == row_id))).one_or_none()
        return None if row is None else _message(row)

    async def _mark(self, row_id: int, **values: object) -> None:
        """Change a row that is not final: SENT stays SENT, whoever comes late."""
        statement = update(outbox).where(outbox.c.id == row_id, _IS_OPEN).values(**values)
        await self._database.writer.run(lambda connection: connection.execute(statement).rowcount)


_INSERT = Prepared(
    lambda connection: insert_new(connection, outbox, "dedupe_key").returning(outbox.c.id),
    (
        *("chat_id", "kind", "payload", "state", "priority", "silent", "created", "happened", "dedupe_key"),
        *("reply_to", "edit_key", "boot_id", "attempts", "error", "may_repeat", "target"),
    ),
)


def _has_key(dedupe_key: str) -> ColumnElement[bool]:
    return outbox.c.dedupe_key == dedupe_key


def _change_open(connection: Connection, ids: Collection[int], values: dict[str, Any]) -> None:
    """Give *values* to those of *ids* that are not final; one by one, since SQLite limits a statement's variables."""
    if ids:
        statement = update(outbox).where(outbox.c.id == bindparam("row_id"), _IS_OPEN).values(**values)
        connection.execute(statement, [{"row_id": row_id} for row_id in ids])


def _message(row: Row[Any]) -> OutboxMessage:
    fields = row._asdict()
    fields["state"] = MessageState(fields["state"])
    fields["priority"] = Priority(fields["priority"])
    return OutboxMessage(**fields)
