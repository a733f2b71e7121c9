"""
Outbox -> the web: what alerts send to their webhooks.

Rows come as the notifier's do, straight from the transaction that recorded the firing and from the database. Each host
has a worker of its own that takes its rows in order: a slow or dead host holds up nothing else. What was not accepted
is tried again, ever more rarely, for a day; the body and the idempotency key of a repeat are those of the first try.
"""

import asyncio
import functools
import hashlib
import heapq
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.safe_web import Answer, Unanswered, WebError
from bot.views.envelope import body_of, is_test, key_of, rule_of
from market.clock import Clock
from storage.errors import StorageError
from storage.hook import Hook
from storage.message import MessageState, OutboxMessage
from storage.outbox import SqlOutbox

_log = logging.getLogger(__name__)

KIND = "webhook"
"""The kind of a webhook's row."""
GIVEN_UP = timedelta(days=1)
_POLL_S = 2.0
_BATCH = 500
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_LONGEST_WAIT_S = 600.0
_MOST_RETRY_AFTER_S = 3600.0
_DEATH_PAUSE_S = 10.0
_ACCEPTED = range(200, 300)
_UNRENDERABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError)


class Web(Protocol):
    """The way out; `bot/safe_web.py`."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post once. Raises WebError."""
        ...


class Hooks(Protocol):
    """Which alert has which webhook; `storage/hooks.py`."""

    def get(self, rule_id: int) -> Hook | None:
        """Return the rule's webhook, or None."""
        ...

    def target_of(self, rule_id: int) -> str | None:
        """Return where the rule's firings go; None where its host is not allowed."""
        ...


Told = Callable[[Hook, OutboxMessage, str], Awaitable[None]]
"""Hears of a webhook, one of its rows, and what became of it in a few plain words ("" for well)."""


class Courier:
    """
    Posts what the outbox holds for the web.

    *may_send* says whether a person is still on the list. *gave_up* hears of each row that was not accepted within a
    day, *tested* of each test, *failed* of rows that cannot be made into a request.
    """

    def __init__(  # noqa: PLR0913  the two roads, and who hears of what
        self,
        outbox: SqlOutbox,
        hooks: Hooks,
        web: Web,
        *,
        may_send: Callable[[int], bool],
        gave_up: Told,
        tested: Told,
        failed: Callable[[OutboxMessage, str], Awaitable[None]],
        clock: Clock,
        nap: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._outbox = outbox
        self._hooks = hooks
        self._web = web
        self._may_send = may_send
        self._gave_up = gave_up
        self._tested = tested
        self._failed = failed
        self._clock = clock
        self._nap = nap
        self._held: set[int] = set()
        self._in_flight: set[int] = set()
        self._finished: set[int] = set()
        self._earlier: set[int] = set()
        self._queues: dict[str, list[tuple[int, OutboxMessage]]] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._is_ending = False
        outbox.on_new(self._take)

    async def run(self) -> None:
        """Send for ever."""
        try:
            for host in tuple(self._queues):
                self._employ(host)
            while True:
                await self._look()
                await self._nap(_POLL_S)
        finally:
            await self._dismiss()

    async def drain(self) -> None:
        """End, and give back what was not begun; what is under way is repeated at the next start."""
        self._is_ending = True
        begun = set(self._in_flight)
        await self._dismiss()
        await self._outbox.release(sorted(self._held - begun))
        self._held.clear()

    async def _look(self) -> None:
        self._earlier, self._finished = self._finished, set()
        try:
            self._take(await self._outbox.due(self._clock.now(), _BATCH, self._held, to_web=True))
        except StorageError as error:
            _log.warning("the outbox cannot be read just now: %r", error)

    def _take(self, rows: Sequence[OutboxMessage]) -> None:
        for row in () if self._is_ending else rows:
            # As in the notifier: one finished while the database was read is in what was read as it stood before.
            if row.target is None or row.id in self._held or row.id in self._finished or row.id in self._earlier:
                continue
            self._held.add(row.id)
            host = self._host_of(row)
            heapq.heappush(self._queues.setdefault(host, []), (row.id, row))
            self._employ(host)

    def _host_of(self, row: OutboxMessage) -> str:
        """Return the host whose worker takes *row*; those without a webhook any more share one, which ends them."""
        try:
            hook = self._hooks.get(rule_of(row.payload))
        except _UNRENDERABLE:
            return ""
        return "" if hook is None else hook.host

    def _employ(self, host: str, pause_s: float = 0.0) -> None:
        if host not in self._workers:
            worker = asyncio.create_task(self._work(host, pause_s), name=f"webhooks to {host}")
            self._workers[host] = worker
            worker.add_done_callback(functools.partial(self._ended, host))

    def _ended(self, host: str, worker: asyncio.Task[None]) -> None:
        del self._workers[host]
        if worker.cancelled():
            return
        error = worker.exception()
        if error is not None:
            _log.error("the webhook worker of %s died; its rows stay queued", host, exc_info=error)
        if self._queues[host]:
            self._employ(host, _DEATH_PAUSE_S if error else 0.0)
        else:
            del self._queues[host]

    async def _work(self, host: str, pause_s: float) -> None:
        if pause_s:
            await self._nap(pause_s)
        queue, pause = self._queues[host], _FIRST_PAUSE_S
        while queue:
            row_id, row = heapq.heappop(queue)
            try:
                answers = await self._send(row)
            except BaseException:
                heapq.heappush(queue, (row_id, row))
                raise
            self._held.discard(row_id)
            self._in_flight.discard(row_id)
            self._finished.add(row_id)
            pause = _FIRST_PAUSE_S if answers else min(pause * 2, _LONGEST_PAUSE_S)
            if queue and not answers:
                await self._nap(pause)

    async def _send(self, row: OutboxMessage) -> bool:
        """Try *row* once and store what became of it; return whether its host answers. Raises StorageError."""
        try:
            hook, body, key = self._hooks.get(rule_of(row.payload)), body_of(row.payload), key_of(row.payload)
        except _UNRENDERABLE as error:
            _log.exception("webhook row %s cannot be made into a request", row.id)
            reason = f"cannot be rendered: {type(error).__name__}"
            await self._outbox.mark_failed(row.id, reason)
            await self._failed(row, reason)
            return True
        if hook is None or self._hooks.target_of(hook.rule_id) is None or not self._may_send(hook.owner_id):
            await self._outbox.mark_failed(row.id, "its webhook is not there any more")
            return True
        if row.state is not MessageState.SENDING:
            await self._outbox.mark_sending(row.id)
        self._in_flight.add(row.id)
        event = "test" if is_test(row.payload) else "alert.fired"
        return await self._post(row, hook, body, _headers(body, key, hook.secret, self._clock.now(), event))

    async def _post(self, row: OutboxMessage, hook: Hook, body: bytes, headers: Mapping[str, str]) -> bool:
        try:
            answer = await self._web.post(hook.url, body, headers)
        except WebError as error:
            await self._not_accepted(row, hook, error.reason, is_unknown=isinstance(error, Unanswered))
            return False
        if answer.status in _ACCEPTED:
            if is_test(row.payload):
                await self._tested(hook, row, "")
            await self._outbox.mark_delivered(row.id, None)
        else:
            reason = f"it answered with status {answer.status}"
            await self._not_accepted(row, hook, reason, wait_s=answer.retry_after_s or 0.0)
        return True

    async def _not_accepted(
        self, row: OutboxMessage, hook: Hook, reason: str, *, is_unknown: bool = False, wait_s: float = 0.0
    ) -> None:
        """Try again later, or give up, told before it is stored: a test at once, a firing after a day."""
        now = self._clock.now()
        _log.warning("a webhook of alert %s to %s: %s", hook.rule_id, hook.host, reason)
        if is_test(row.payload):
            await self._tested(hook, row, reason)
            await self._outbox.mark_failed(row.id, reason)
        elif now - row.created >= GIVEN_UP:
            await self._gave_up(hook, row, reason)
            await self._outbox.mark_failed(row.id, reason)
        else:
            backoff = min(_FIRST_PAUSE_S * 2.0 ** min(row.attempts, 20), _LONGEST_WAIT_S)
            mark = self._outbox.mark_unknown if is_unknown else self._outbox.mark_retry
            await mark(row.id, now + timedelta(seconds=max(backoff, min(wait_s, _MOST_RETRY_AFTER_S))), reason)

    async def _dismiss(self) -> None:
        workers = tuple(self._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


def signature(secret: str, at: datetime, body: bytes) -> str:
    """Return what `X-Squawkbot-Signature` says: HMAC-SHA256 over the timestamp, a point and the body."""
    stamp = int(at.timestamp())
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
    return f"t={stamp},v1={mac.hexdigest()}"


def _headers(body: bytes, key: str, secret: str, at: datetime, event: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "squawkbot",
        "Idempotency-Key": key,
        "X-Squawkbot-Event": event,
        "X-Squawkbot-Signature": signature(secret, at, body),
    }
