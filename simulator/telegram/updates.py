"""
The queue of updates and the long poll, as the official server runs them.

Facts (tdlib/telegram-bot-api, Client.cpp): limit 1 to 100, timeout 0 to 50 s;
a negative offset counts from the end; the same offset again within 3 s with a
timeout below 3 waits 3 s, within 0.5 s brings one update at most; of two polls
at once the older gets the 409, repeated conflicts are answered 3 s late;
updates expire by kind; kinds not asked for are never queued.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.telegram.clock import unix
from simulator.telegram.errors import ApiError

if TYPE_CHECKING:
    from simulator.telegram.clock import Clock

MAX_BATCH = 100
MAX_TIMEOUT_S = 50
FORCED_TIMEOUT_S = 3.0
FORCED_LIMIT_S = 0.5
CONFLICT_DELAY_S = 3.0
FUTURE_IDS = 10
RETENTION_S = {
    "callback_query": 150,
    "inline_query": 30,
    "chosen_inline_result": 600,
    "pre_checkout_query": 150,
    "shipping_query": 150,
}
MESSAGE_RETENTION_S = 86_400
ON_REQUEST_ONLY = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
OTHER_POLL = "terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_POLL = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


@dataclass(frozen=True, slots=True)
class Update:
    """One update waiting; *expires* in Unix seconds."""

    update_id: int
    kind: str
    payload: Any
    expires: int

    def json(self) -> dict[str, Any]:
        """Return the Bot API's Update object."""
        return {"update_id": self.update_id, self.kind: self.payload}


class UpdateQueue:
    """
    Updates in the order of their ids.

    Ids only grow, also from one simulator to the next (they begin at the
    clock's Unix time). *forced_waits* False leaves out the 3 s, 0.5 s and
    409-delay rules, so that tests need not wait. `polled` is set from the
    first getUpdates on.
    """

    def __init__(self, clock: Clock, *, forced_waits: bool = True) -> None:
        self.forced_waits = forced_waits
        self.polled = asyncio.Event()
        self.webhook_url = ""
        self._clock = clock
        self._next_id = unix(clock)
        self._waiting: deque[Update] = deque()
        self._allowed: frozenset[str] | None = None
        self._poll: asyncio.Future[None] | None = None
        self._closing = asyncio.Event()
        self._last_offset: int | None = None
        self._last_start = self._last_finish = self._next_conflict = float("-inf")

    def __len__(self) -> int:
        self._expire()
        return len(self._waiting)

    @property
    def allowed(self) -> list[str]:
        """The kinds last asked for; empty means the default, all but three."""
        return sorted(self._allowed or ())

    def allow(self, kinds: list[Any] | None) -> None:
        """Remember allowed_updates: None keeps what was said before, an empty list is the default."""
        if kinds is not None:
            self._allowed = frozenset(str(kind) for kind in kinds) or None

    def push(self, kind: str, payload: dict[str, Any], *, since: int | None = None) -> int | None:
        """
        Queue an update; return its id, or None where this kind was not asked for.

        *since* (Unix seconds, default now) is when its retention begins: for
        messages, their date or edit date.
        """
        wanted = kind in self._allowed if self._allowed else kind not in ON_REQUEST_ONLY
        if not wanted:
            return None
        begin = unix(self._clock) if since is None else since
        return self._append(kind, payload, begin + RETENTION_S.get(kind, MESSAGE_RETENTION_S))

    def push_unreadable(self) -> int:
        """Queue a message update without its required fields: no client library can parse it."""
        return self._append("message", {"message_id": 1}, unix(self._clock) + MESSAGE_RETENTION_S)

    def push_raw(self, fields: dict[str, Any]) -> int:
        """Queue an update of *fields* as they stand, whatever they are; only its id is a real one."""
        kind, payload = next(iter(fields.items()), ("message", {}))
        return self._append(kind, payload, unix(self._clock) + MESSAGE_RETENTION_S)

    def clear(self) -> None:
        """Forget what is waiting (drop_pending_updates); ids go on growing."""
        self._waiting.clear()

    async def poll(self, offset: int, limit: int, timeout_s: int) -> list[dict[str, Any]]:
        """Return the next batch as getUpdates does; raises the 409s."""
        self.polled.set()
        if self.webhook_url:
            await self._conflict(WEBHOOK_POLL)
        limit = min(max(limit, 1), MAX_BATCH)
        limit, timeout = self._forced(offset, limit, float(min(max(timeout_s, 0), MAX_TIMEOUT_S)))
        batch = self._take(offset, limit)
        if not batch and timeout:
            if not await self._wait(timeout):
                await self._conflict(OTHER_POLL)
            batch = self._take(offset, limit)
        self._last_finish = asyncio.get_running_loop().time()
        return [update.json() for update in batch]

    def set_webhook(self, url: str) -> None:
        """Set or, with "", delete the webhook; a waiting poll is ended by it. Nothing is delivered to it."""
        self.webhook_url = url
        if url:
            self._end_poll(won=False)

    def close(self) -> None:
        """End waiting polls at once, for shutdown."""
        self._closing.set()
        self._end_poll(won=True)

    def _append(self, kind: str, payload: dict[str, Any], expires: int) -> int:
        update = Update(self._next_id, kind, payload, expires)
        self._next_id += 1
        self._waiting.append(update)
        self._end_poll(won=True)
        return update.update_id

    def _forced(self, offset: int, limit: int, timeout: float) -> tuple[int, float]:
        now = asyncio.get_running_loop().time()
        if self.forced_waits and offset == self._last_offset:
            if timeout < FORCED_TIMEOUT_S and now < self._last_start + FORCED_TIMEOUT_S:
                timeout = FORCED_TIMEOUT_S
            if now < self._last_finish + FORCED_LIMIT_S:
                limit = 1
        self._last_offset, self._last_start = offset, now
        return limit, timeout

    def _take(self, offset: int, limit: int) -> list[Update]:
        """Return up to *limit* updates from *offset* on, and forget those before it."""
        self._expire()
        if offset < 0 and self._waiting:
            offset = max(self._waiting[-1].update_id + 1 + offset, self._waiting[0].update_id)
        elif offset > self._next_id + FUTURE_IDS:
            # An id of the future (from another simulator) means the queue's head, as in TDLib's TQueue.
            offset = 0
        while offset > 0 and self._waiting and self._waiting[0].update_id < offset:
            self._waiting.popleft()
        return list(self._waiting)[:limit]

    def _expire(self) -> None:
        now = unix(self._clock)
        if any(update.expires <= now for update in self._waiting):
            self._waiting = deque(update for update in self._waiting if update.expires > now)

    async def _wait(self, seconds: float) -> bool:
        """Wait for an update, or *seconds*; False where another poll took over."""
        self._end_poll(won=False)
        if self._closing.is_set():
            return True
        poll = self._poll = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await poll
        except TimeoutError:
            return True
        except _Superseded:
            return False
        finally:
            if self._poll is poll:
                self._poll = None
        return True

    def _end_poll(self, *, won: bool) -> None:
        poll, self._poll = self._poll, None
        if poll is None or poll.done():
            return
        if won:
            poll.set_result(None)
        else:
            poll.set_exception(_Superseded())

    async def _conflict(self, reason: str) -> None:
        now = asyncio.get_running_loop().time()
        if self.webhook_url and reason == OTHER_POLL:
            reason = "terminated by setWebhook request"
        if self.forced_waits and now < self._next_conflict:
            try:
                async with asyncio.timeout(CONFLICT_DELAY_S):
                    await self._closing.wait()
            except TimeoutError:
                pass
        else:
            self._next_conflict = now + CONFLICT_DELAY_S
        raise ApiError(409, reason)


class _Superseded(Exception):
    """A newer poll, or a webhook, has ended this one."""
