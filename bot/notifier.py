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
from datetime import datetime, timedelta
from typing import Protocol

from bot.ahead import WordsAhead
from bot.pace import Pace
from bot.sender import FIRST_PAUSE_S, NEWER, UNRENDERABLE, AfterDelivery, Phone, Sender
from bot.views.message import Message
from market.clock import Clock
from storage.errors import StorageError
from storage.message import OutboxMessage
from storage.outbox import SqlOutbox

_log = logging.getLogger(__name__)

_POLL_S = 2.0
# A clock that was set back, meanwhile or before the start, leaves rows waiting for a moment that is far off now.
_SET_BACK = timedelta(seconds=10)
_BATCH = 500
_Entry = tuple[int, int, OutboxMessage]


class Sieve(Protocol):
    """What comes between the outbox and a chat: quiet hours, digests; `bot/sieve.py`."""

    async def sift(self, chat_id: int, rows: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
        """
        Return those of *rows*, all that is queued for the chat, that go out now, in their order.

        What is not in the answer it has folded or held in the outbox itself. Asked before each send, so what it let
        pass comes again with the next question until it is sent; must not wait for anything where nothing is silenced.
        """
        ...


class Notifier:
    """
    Sends what the outbox holds.

    *render* makes a row's message, *probe* proves that Telegram answers (getMe) before anything doubtful is repeated.
    *is_welcome* says whether a chat is still that of a whitelisted person: to others nothing goes out any more.
    *chat_closed* learns of chats that take no messages, *failed* of rows that can never arrive; *after* holds work by
    row kind for after the send. *pace* gives the turns to send, *sieve* may keep rows back.
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
        pace: Pace,
        clock: Clock,
        nap: Callable[[float], Awaitable[None]] = asyncio.sleep,
        after: Mapping[str, AfterDelivery] | None = None,
        sieve: Sieve | None = None,
    ) -> None:
        words = WordsAhead(render, UNRENDERABLE, clock, phone.prepare)
        self._outbox = outbox
        self._sender = Sender(
            outbox,
            phone,
            words.of,
            probe=probe,
            chat_closed=chat_closed,
            failed=failed,
            is_welcome=is_welcome,
            clock=clock,
            nap=nap,
            after=after or {},
        )
        self._sieve = sieve
        self._pace = pace
        self._clock = clock
        self._nap = nap
        self._held: set[int] = set()
        self._finished: set[int] = set()
        self._earlier: set[int] = set()
        self._looked: datetime | None = None
        self._is_ending = False
        self._queues: dict[int, list[_Entry]] = {}
        self._workers: dict[int, asyncio.Task[None]] = {}
        outbox.on_coming(words.prepare)
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
        now = self._clock.now()
        try:
            if self._looked is None or self._looked - now > _SET_BACK:
                await self._outbox.wake()
            self._looked = now
            self._take(await self._outbox.due(now, _BATCH, self._held))
        except StorageError as error:
            _log.warning("the outbox cannot be read just now: %r", error)

    async def drain(self, timeout_s: float) -> None:
        """
        Wait until nothing is queued, *timeout_s* at most, then give back what was not sent.

        A send that is under way stays *sending*: the next boot takes it for unknown, and repeats it marked.
        """
        if self._workers:
            await asyncio.wait(tuple(self._workers.values()), timeout=timeout_s)
        begun = set(self._sender.begun)
        self._is_ending = True
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
        if chat_id not in self._workers and not self._is_ending:
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
            self._employ(chat_id, FIRST_PAUSE_S if error else 0.0)
        else:
            del self._queues[chat_id]

    async def _work(self, chat_id: int, pause_s: float) -> None:
        if pause_s:
            await self._nap(pause_s)
        queue = self._queues[chat_id]
        while queue:
            await self._pace.turn(chat_id, lambda: queue[0][0])
            row = await self._next(chat_id, queue)
            if row is None:
                self._pace.give_back(chat_id)
                continue
            wait = await self._try(queue, row)
            if wait is None:
                self._forget(row.id)
            else:
                # Whatever is more urgent by then goes first.
                await self._nap(wait)

    async def _try(self, queue: list[_Entry], row: OutboxMessage) -> float | None:
        """Send *row*; where it is not settled it stays in the queue."""
        settled = False
        try:
            wait = await self._sender.send(row)
            settled = wait is None
        finally:
            if not settled:
                heapq.heappush(queue, (row.priority, row.id, self._sender.again(row)))
        return wait

    async def _next(self, chat_id: int, queue: list[_Entry]) -> OutboxMessage | None:
        """Take the row to be sent next out of the chat's queue; None where the sieve left nothing just now."""
        if self._sieve is None:
            chosen = heapq.heappop(queue)[2]
        else:
            waiting = [row for _, _, row in sorted(queue)]
            passed = await self._sifted(self._sieve, chat_id, waiting)
            # What came while the sieve was at work stays for the next look.
            self._drop(queue, {row.id for row in waiting} - {row.id for row in passed})
            if not passed:
                return None
            chosen = passed[0]
            _remove(queue, {chosen.id})
        return chosen if chosen.edit_key is None else await self._newest(queue, chosen)

    async def _sifted(self, sieve: Sieve, chat_id: int, rows: list[OutboxMessage]) -> Sequence[OutboxMessage]:
        try:
            return await sieve.sift(chat_id, rows)
        except UNRENDERABLE:
            # Too many messages are better than none.
            _log.exception("chat %s: what is to be silenced cannot be told, so all of it is sent", chat_id)
            return rows

    async def _newest(self, queue: list[_Entry], edit: OutboxMessage) -> OutboxMessage:
        """Return the newest of the edits of *edit*'s message that wait; it tells the others."""
        edits = [edit, *(row for _, _, row in queue if row.edit_key == edit.edit_key)]
        newest = max(edits, key=lambda row: row.id)
        older = {row.id for row in edits} - {newest.id}
        if older:
            try:
                await self._outbox.fold(older, newest.id, NEWER)
            except BaseException:
                heapq.heappush(queue, (edit.priority, edit.id, edit))
                raise
            self._drop(queue, older)
            _remove(queue, {newest.id})
        return newest

    def _drop(self, queue: list[_Entry], row_ids: set[int]) -> None:
        """Forget rows that were folded or held."""
        _remove(queue, row_ids)
        for row_id in row_ids:
            self._forget(row_id)

    def _forget(self, row_id: int) -> None:
        self._held.discard(row_id)
        self._finished.add(row_id)

    async def _stop_workers(self) -> None:
        workers = tuple(self._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await self._sender.stop()


def _remove(queue: list[_Entry], row_ids: set[int]) -> None:
    if row_ids:
        queue[:] = [entry for entry in queue if entry[1] not in row_ids]
        heapq.heapify(queue)
