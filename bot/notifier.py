"""
Outbox -> phone: the only road for whatever was not asked for just now.

Rows come two ways: straight from the transaction that recorded them, already committed as *sending* under this
process's boot id, and from the database (left over from before, or due again). Each chat has a worker of its own that
takes its rows by priority, then age; a chat that must wait holds up no other. After the send the row is marked
delivered: a crash in between repeats the message, marked, rather than losing it.
"""

import asyncio
import functools
import heapq
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from bot.ahead import WordsAhead
from bot.errors import ChatClosed, ChatMoved, DeliveryUnknown, MessageRefused, RetryLater
from bot.views.message import Message
from market.clock import Clock
from storage.errors import StorageError
from storage.message import MessageState, OutboxMessage
from storage.outbox import SqlOutbox

_log = logging.getLogger(__name__)

_POLL_S = 2.0
_BATCH = 500
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
# A row whose payload is not what its view expects fails alone, whatever is wrong with it.
_UNRENDERABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError)


class Phone(Protocol):
    """The way out; `bot/reply.py`."""

    async def deliver(self, chat_id: int, message: Message, *, reply_to: int | None = None) -> int:
        """Try once; return Telegram's message id."""
        ...

    async def edit(self, chat_id: int, message_id: int, message: Message) -> None:
        """Change a message in place."""
        ...


class Sieve(Protocol):
    """What comes between the outbox and a chat: quiet hours, digests; `bot/sieve.py`."""

    async def sift(self, chat_id: int, rows: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
        """
        Return those of *rows*, all that is queued for the chat, that go out now, in their order.

        What is not in the answer it has folded or held in the outbox itself. Asked before each send, so what it let
        pass comes again with the next question until it is sent; must not wait for anything where nothing is silenced.
        """
        ...


AfterDelivery = Callable[[OutboxMessage, int], Awaitable[None]]


class Notifier:
    """
    Sends what the outbox holds.

    *render* makes a row's message, *probe* proves that Telegram answers (getMe) before anything doubtful is repeated.
    *is_welcome* says whether a chat is still that of a whitelisted person: to others nothing goes out any more.
    *chat_closed* learns of chats that take no messages, *failed* of rows that can never arrive; *after* holds work by
    row kind for after the send. *sieve* may keep rows back.
    """

    def __init__(  # noqa: PLR0913  the two roads, the words, and what surrounds a send
        self,
        outbox: SqlOutbox,
        phone: Phone,
        render: Callable[[OutboxMessage], Message],
        *,
        probe: Callable[[], Awaitable[None]],
        chat_closed: Callable[[int, str], Awaitable[None]],
        failed: Callable[[OutboxMessage, str], Awaitable[None]],
        is_welcome: Callable[[int], bool] = lambda _chat_id: True,
        clock: Clock,
        nap: Callable[[float], Awaitable[None]] = asyncio.sleep,
        after: Mapping[str, AfterDelivery] | None = None,
        sieve: Sieve | None = None,
    ) -> None:
        self._outbox = outbox
        self._phone = phone
        self._words = WordsAhead(render, _UNRENDERABLE, clock)
        self._probe = probe
        self._chat_closed = chat_closed
        self._failed = failed
        self._is_welcome = is_welcome
        self._moved: dict[int, int] = {}
        self._clock = clock
        self._nap = nap
        self._after = after or {}
        self._sieve = sieve
        self._held: set[int] = set()
        self._in_flight: set[int] = set()
        self._finished: set[int] = set()
        self._earlier: set[int] = set()
        self._queues: dict[int, list[tuple[int, int, OutboxMessage]]] = {}
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._following: set[asyncio.Future[None]] = set()
        outbox.on_coming(self._words.prepare)
        outbox.on_new(self._take)

    async def run(self) -> None:
        """Send for ever; rows recorded meanwhile do not wait for the next look into the database."""
        try:
            for chat_id in tuple(self._queues):
                # Left by an earlier run of this loop that ended: nobody else would send them.
                self._employ(chat_id)
            while True:
                await self._look()
                await self._nap(_POLL_S)
        finally:
            await self._stop_workers()

    async def _look(self) -> None:
        self._earlier, self._finished = self._finished, set()
        try:
            self._take(await self._outbox.due(self._clock.now(), _BATCH, self._held))
        except StorageError as error:
            _log.warning("the outbox cannot be read just now: %r", error)

    async def drain(self, timeout_s: float) -> None:
        """
        Wait until nothing is queued, *timeout_s* at most, then give back what was not sent.

        A send that is under way stays *sending*: the next boot takes it for unknown, and repeats it marked.
        """
        if self._workers:
            await asyncio.wait(tuple(self._workers.values()), timeout=timeout_s)
        begun = set(self._in_flight)
        await self._stop_workers()
        await self._outbox.release(sorted(self._held - begun))
        self._held.clear()

    @property
    def waiting(self) -> int:
        """How many rows are on their way or queued in memory."""
        return len(self._held)

    def _take(self, rows: Sequence[OutboxMessage]) -> None:
        for row in rows:
            if row.target is not None:
                continue
            # A row finished while the database was read is in what was read as it stood before.
            if row.id in self._held or row.id in self._finished or row.id in self._earlier:
                continue
            self._held.add(row.id)
            heapq.heappush(self._queues.setdefault(row.chat_id, []), (row.priority, row.id, row))
            self._employ(row.chat_id)

    def _employ(self, chat_id: int, pause_s: float = 0.0) -> None:
        if chat_id not in self._workers:
            worker = asyncio.create_task(self._work(chat_id, pause_s), name=f"notify {chat_id}")
            self._workers[chat_id] = worker
            worker.add_done_callback(functools.partial(self._ended, chat_id))

    def _ended(self, chat_id: int, worker: asyncio.Task[None]) -> None:
        del self._workers[chat_id]
        if worker.cancelled():
            return
        error = worker.exception()
        if error is not None:
            _log.error("the worker of chat %s died; its rows stay queued", chat_id, exc_info=error)
        if self._queues[chat_id]:
            # What came between the worker's last look and its end, or what its death left behind.
            self._employ(chat_id, _FIRST_PAUSE_S if error else 0.0)
        else:
            del self._queues[chat_id]

    async def _work(self, chat_id: int, pause_s: float) -> None:
        if pause_s:
            await self._nap(pause_s)
        queue = self._queues[chat_id]
        while queue:
            entry = await self._next(chat_id)
            if entry is None:
                continue
            try:
                await self._send(entry[2])
            except BaseException:
                # What may have left is a repeat from now on, whether or not that could be stored.
                row = replace(entry[2], may_repeat=True) if entry[1] in self._in_flight else entry[2]
                heapq.heappush(queue, (entry[0], entry[1], row))
                raise
            self._forget(entry[1])

    async def _next(self, chat_id: int) -> tuple[int, int, OutboxMessage] | None:
        """Take the entry to be sent next out of the chat's queue; None where the sieve left nothing just now."""
        queue = self._queues[chat_id]
        if self._sieve is None:
            return heapq.heappop(queue)
        waiting = [row for _, _, row in sorted(queue)]
        passed = await self._sieve.sift(chat_id, waiting)
        # What came while the sieve was at work stays for the next look.
        dropped = {row.id for row in waiting} - {row.id for row in passed}
        for row_id in dropped:
            self._forget(row_id)
        chosen = passed[0] if passed else None
        gone = dropped if chosen is None else dropped | {chosen.id}
        queue[:] = [entry for entry in queue if entry[1] not in gone]
        heapq.heapify(queue)
        return None if chosen is None else (chosen.priority, chosen.id, chosen)

    def _forget(self, row_id: int) -> None:
        self._held.discard(row_id)
        self._in_flight.discard(row_id)
        self._finished.add(row_id)

    async def _send(self, row: OutboxMessage) -> None:
        if not self._is_welcome(row.chat_id):
            await self._outbox.mark_failed(row.id, "not on the list any more")
            return
        try:
            message = self._words.of(row)
        except _UNRENDERABLE as error:
            _log.exception("outbox row %s (%s) cannot be rendered", row.id, row.kind)
            reason = f"cannot be rendered: {type(error).__name__}"
            await self._outbox.mark_failed(row.id, reason)
            await self._failed(row, reason)
            return
        pause = _FIRST_PAUSE_S
        is_marked = row.state is MessageState.SENDING
        while True:
            if not is_marked:
                await self._outbox.mark_sending(row.id)
            is_marked = False
            self._in_flight.add(row.id)
            try:
                delivered = await self._once(row, message)
            except RetryLater as later:
                wait = later.after_s if later.limited else pause
                pause = min(pause * 2, _LONGEST_PAUSE_S)
                self._in_flight.discard(row.id)
                await self._outbox.mark_retry(row.id, self._clock.now() + timedelta(seconds=wait), later.reason)
                await self._nap(wait)
            except (DeliveryUnknown, ChatClosed, MessageRefused) as end:
                await self._gave_up(row, end)
                return
            else:
                # A crash right here repeats the message: at the next start its row, still "sending" under an old boot
                # id, goes out again, marked.
                await self._acknowledged(row, delivered)
                break
        self._follow_up(row, delivered)

    async def _acknowledged(self, row: OutboxMessage, delivered: int) -> None:
        """Commit that the row arrived; while the disk is full or locked, try again rather than send again."""
        pause = _FIRST_PAUSE_S
        while True:
            try:
                await self._outbox.mark_delivered(row.id, delivered)
            except StorageError as error:
                _log.warning("row %s arrived, which cannot be stored: %r", row.id, error)
                await self._nap(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
            else:
                return

    def _follow_up(self, row: OutboxMessage, delivered: int) -> None:
        """Begin what follows a delivery, such as its picture; no later message waits for that."""
        work = self._after.get(row.kind)
        if work is None:
            return
        task = asyncio.ensure_future(work(row, delivered))
        self._following.add(task)
        task.add_done_callback(self._followed)

    def _followed(self, task: asyncio.Future[None]) -> None:
        self._following.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("what follows a delivery failed", exc_info=error)

    async def _gave_up(self, row: OutboxMessage, end: DeliveryUnknown | ChatClosed | MessageRefused) -> None:
        if isinstance(end, DeliveryUnknown):
            wait = min(_FIRST_PAUSE_S * 2 ** min(row.attempts, 6), _LONGEST_PAUSE_S)
            await self._outbox.mark_unknown(row.id, self._clock.now() + timedelta(seconds=wait), end.reason)
            return
        _log.error("outbox row %s (%s) cannot be delivered: %s", row.id, row.kind, end.reason)
        await self._outbox.mark_failed(row.id, end.reason)
        if isinstance(end, ChatClosed):
            await self._chat_closed(row.chat_id, end.reason)
        else:
            await self._failed(row, end.reason)

    async def _once(self, row: OutboxMessage, message: Message) -> int:
        if row.may_repeat:
            await self._probe()
        chat_id = self._moved.get(row.chat_id, row.chat_id)
        if row.edit_key is not None:
            earlier = await self._outbox.message_id_of(row.edit_key)
            if earlier is not None:
                await self._phone.edit(chat_id, earlier, message)
                return earlier
        try:
            return await self._phone.deliver(chat_id, message, reply_to=row.reply_to)
        except ChatMoved as moved:
            self._moved[row.chat_id] = moved.new_chat_id
            return await self._phone.deliver(moved.new_chat_id, message)

    async def _stop_workers(self) -> None:
        workers = (*self._workers.values(), *self._following)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
