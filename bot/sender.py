"""One try of one row of the outbox: to the phone, and what became of it back into the outbox."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from bot.errors import ChatClosed, DeliveryUnknown, EditUnknown, MessageRefused, RetryLater
from bot.reply import Progress
from bot.views.message import Message
from market.clock import Clock
from storage.errors import StorageError
from storage.message import MessageState, OutboxMessage
from storage.outbox import SqlOutbox

_log = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
# What nobody foresaw is tried so often.
_PATIENCE = 3
# The later ones of a chat wait for so many repeats of one, a few seconds.
_IN_PLACE = 2
# Telegram answers, so what is doubtful may be repeated: that holds for a while, or each repeat would cost two requests.
_PROBE_HOLDS_S = 5.0
NEWER = "newer"
"""Why an edit is folded: a newer one of the same message tells it."""

# A row whose payload is not what its view expects fails alone, whatever is wrong with it.
UNRENDERABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError)


class Phone(Protocol):
    """The way out; `bot/reply.py`."""

    async def deliver(
        self, chat_id: int, message: Message, *, reply_to: int | None = None, progress: Progress | None = None
    ) -> int:
        """Try once; return Telegram's message id. *progress* keeps which parts of a long message have arrived."""
        ...

    def prepare(self, message: Message) -> None:
        """Work out ahead what `deliver` needs."""
        ...

    async def revise(self, chat_id: int, message_id: int, message: Message) -> int:
        """Try once to change a message in place; return its id, a new one where it is gone."""
        ...


AfterDelivery = Callable[[OutboxMessage, int], Awaitable[None]]


class Sender:
    """
    Sends rows; see `bot.notifier.Notifier` for what it is made of.

    *begun* are the rows whose send has begun and whose fate is not stored yet.
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
        is_welcome: Callable[[int], bool],
        clock: Clock,
        nap: Callable[[float], Awaitable[None]],
        after: Mapping[str, AfterDelivery],
    ) -> None:
        self._outbox = outbox
        self._phone = phone
        self._render = render
        self._probe = probe
        self._chat_closed = chat_closed
        self._failed = failed
        self._is_welcome = is_welcome
        self._clock = clock
        self._nap = nap
        self._after = after
        self._progress: dict[int, Progress] = {}
        self._pauses: dict[int, float] = {}
        self._probed = float("-inf")
        self._probing = asyncio.Lock()
        self._deaths: Counter[int] = Counter()
        self._following: set[asyncio.Future[None]] = set()
        self.begun: set[int] = set()

    async def send(self, row: OutboxMessage) -> float | None:
        """
        Try once to send *row*; return None when that is settled, else in how many seconds the chat may be tried again.

        Settled are the delivered and the failed, and those that the outbox gives again in its own time (unknown for
        long: at first such a row keeps its place before the later ones). Raises StorageError where that cannot be
        stored; a row that is in *begun* then may have arrived. One that fails three times for a reason that nobody
        foresaw is given up, so that the others of its chat get through.
        """
        try:
            return await self._send(row)
        except StorageError:
            raise
        except Exception as error:
            self._deaths[row.id] += 1
            if self._deaths[row.id] < _PATIENCE:
                raise
            _log.exception("outbox row %s (%s) is given up", row.id, row.kind)
            reason = f"cannot be sent: {type(error).__name__}"
        await self._outbox.mark_failed(row.id, reason)
        await self._failed(row, reason)
        self._let_go(row)
        return None

    async def _send(self, row: OutboxMessage) -> float | None:
        row = await self._doubted(row)
        message = await self._welcome(row)
        if message is None:
            return None
        if row.state is not MessageState.SENDING:
            await self._outbox.mark_sending(row.id)
        self.begun.add(row.id)
        try:
            delivered = await self._once(row, message)
        except RetryLater as later:
            return await self._postponed(row, later)
        except DeliveryUnknown as unknown:
            return await self._unknown(row, unknown)
        except (ChatClosed, MessageRefused) as end:
            await self._gave_up(row, end)
        else:
            # A crash right here repeats the message: at the next start its row, still "sending" under an old boot
            # id, goes out again, marked.
            if delivered is not None:
                await self._acknowledged(row, delivered)
                self._follow_up(row, delivered)
            self._pauses.pop(row.chat_id, None)
        self._let_go(row)
        return None

    def _let_go(self, row: OutboxMessage) -> None:
        self._progress.pop(row.id, None)
        self._deaths.pop(row.id, None)
        self.begun.discard(row.id)

    def again(self, row: OutboxMessage) -> OutboxMessage:
        """Return *row* as it is to be tried again: what may have left is a repeat from now on, stored or not."""
        if row.id in self.begun:
            return replace(row, may_repeat=True, attempts=row.attempts + 1)
        return replace(row, state=MessageState.NEW)

    async def stop(self) -> None:
        """End what follows deliveries."""
        following = tuple(self._following)
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)

    async def _doubted(self, row: OutboxMessage) -> OutboxMessage:
        """Return an edit as a repeat where another message may stand there too that tells the same."""
        if row.edit_key is None or row.may_repeat or not await self._outbox.is_doubtful(row.edit_key):
            return row
        return replace(row, may_repeat=True)

    async def _welcome(self, row: OutboxMessage) -> Message | None:
        """Return the row's message; None where nobody may get it, or it cannot be made: then it has failed."""
        if not self._is_welcome(row.chat_id):
            await self._outbox.mark_failed(row.id, "not on the list any more")
            return None
        return await self._rendered(row)

    async def _rendered(self, row: OutboxMessage) -> Message | None:
        try:
            return self._render(row)
        except UNRENDERABLE as error:
            _log.exception("outbox row %s (%s) cannot be rendered", row.id, row.kind)
            reason = f"cannot be rendered: {type(error).__name__}"
        await self._outbox.mark_failed(row.id, reason)
        await self._failed(row, reason)
        return None

    async def _once(self, row: OutboxMessage, message: Message) -> int | None:
        """Send or edit; None where a newer edit of the same message was delivered before, which tells this one."""
        if row.may_repeat or row.state is MessageState.UNKNOWN:
            await self._reach()
        shown = await self._shown(row)
        if shown is not None and shown.id > row.id:
            if row.edit_key is None:
                await self._acknowledged(row, shown.message_id)
            else:
                await self._outbox.fold([row.id], shown.id, NEWER)
            return None
        if shown is None and await self._is_over(row):
            return None
        if shown is not None and shown.message_id is not None:
            return await self._phone.revise(row.chat_id, shown.message_id, message)
        progress = self._progress.setdefault(row.id, Progress(is_paced=True))
        return await self._phone.deliver(row.chat_id, message, reply_to=row.reply_to, progress=progress)

    async def _shown(self, row: OutboxMessage) -> OutboxMessage | None:
        """Return the row whose message shows what *row* edits; at a second try, one that tells it by now; else None."""
        if row.edit_key is not None:
            return await self._outbox.shown(row.edit_key)
        return await self._outbox.shown(row.dedupe_key) if row.may_repeat or row.attempts else None

    async def _is_over(self, row: OutboxMessage) -> bool:
        """Return whether an edit that would be a message of its own was ended meanwhile: what it tells is told anew."""
        if row.edit_key is None:
            return False
        now = await self._outbox.get(row.id)
        return now is not None and now.state is MessageState.FAILED

    async def _reach(self) -> None:
        """Return when Telegram answers; raises what the probe raises."""
        async with self._probing:
            if self._clock.monotonic() - self._probed > _PROBE_HOLDS_S:
                await self._probe()
                self._probed = self._clock.monotonic()

    async def _postponed(self, row: OutboxMessage, later: RetryLater) -> float:
        pause = self._pauses.get(row.chat_id, FIRST_PAUSE_S)
        self._pauses[row.chat_id] = min(pause * 2, LONGEST_PAUSE_S)
        wait = later.after_s if later.limited else pause
        progress = self._progress.get(row.id)
        if progress is not None and progress.sent:
            # This process goes on with the next part; another one would begin again, and has to say so.
            await self._outbox.mark_unknown(row.id, self._clock.now() + timedelta(seconds=wait), later.reason)
        else:
            await self._outbox.mark_retry(row.id, self._clock.now() + timedelta(seconds=wait), later.reason)
        self.begun.discard(row.id)
        return wait

    async def _acknowledged(self, row: OutboxMessage, delivered: int | None) -> None:
        """Commit that the row arrived; while the disk is full or locked, try again rather than send again."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                await self._outbox.mark_delivered(row.id, delivered)
            except StorageError as error:
                _log.warning("row %s arrived, which cannot be stored: %r", row.id, error)
                await self._nap(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
            else:
                return

    async def _unknown(self, row: OutboxMessage, unknown: DeliveryUnknown) -> float | None:
        wait: float = min(FIRST_PAUSE_S * 2 ** min(row.attempts, 6), LONGEST_PAUSE_S)
        again = self._clock.now() + timedelta(seconds=wait)
        await self._outbox.mark_unknown(row.id, again, unknown.reason, is_edit=isinstance(unknown, EditUnknown))
        if row.attempts < _IN_PLACE and row.edit_key is None:
            return wait
        self.begun.discard(row.id)
        return None

    async def _gave_up(self, row: OutboxMessage, end: ChatClosed | MessageRefused) -> None:
        _log.error("outbox row %s (%s) cannot be delivered: %s", row.id, row.kind, end.reason)
        if isinstance(end, ChatClosed):
            await self._outbox.mark_closed(row.id, end.reason)
            await self._chat_closed(row.chat_id, end.reason)
        else:
            await self._outbox.mark_failed(row.id, end.reason)
            await self._failed(row, end.reason)

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
