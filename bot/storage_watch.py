"""
A database that takes nothing: told past the outbox, which is a part of it; its message edited when that is over.

What cannot be stored is not forgotten: firings wait in memory (`alerts/watcher.py`), and every order needs its row
first. This only says so.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from alerts.ports import Nap
from bot.errors import DeliveryError, RetryLater
from bot.views import storage as views
from bot.views.message import Message
from market.clock import Clock
from storage.errors import StorageError

_log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
# A lock of seconds is no news; what is over stays over for as long before that is said.
_GRACE = timedelta(seconds=5)
_EDIT_EVERY = timedelta(seconds=30)


class Store(Protocol):
    """What may be in trouble; `storage/database.py`."""

    @property
    def trouble(self) -> str:
        """Why nothing could be written, until `probe` has seen that it can; "" for nothing."""
        ...

    async def probe(self) -> bool:
        """Return whether a durable write succeeds."""
        ...


class Phone(Protocol):
    """The way out; `bot/reply.py`."""

    async def send(self, chat_id: int, message: Message) -> int:
        """Send; return the message's id. Raises DeliveryError."""
        ...

    async def edit(self, chat_id: int, message_id: int, message: Message) -> int:
        """Make the message show another. Raises DeliveryError."""
        ...


class StorageWatch:
    """
    Looks whether *store* takes writes, and tells the people.

    *chats* gives their open chats, *people* is told where that cannot be read; *waiting* counts the firings that are
    not stored yet. The messages' ids are forgotten by a restart, which such a trouble rarely outlives.
    """

    def __init__(
        self,
        store: Store,
        phone: Phone,
        chats: Callable[[], Awaitable[Collection[int]]],
        people: Collection[int],
        waiting: Callable[[], int],
        zone: Callable[[int], ZoneInfo],
        clock: Clock,
        *,
        nap: Nap = asyncio.sleep,
    ) -> None:
        self._store = store
        self._phone = phone
        self._chats = chats
        self._people = people
        self._waiting = waiting
        self._zone = zone
        self._clock = clock
        self._nap = nap
        self._since: datetime | None = None
        self._over: datetime | None = None
        self._most = 0
        self._shown: dict[int, int | None] = {}
        self._said: tuple[str, int] = ("", 0)
        self._said_at: datetime | None = None

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.step()
            await self._nap(_LOOK_EVERY_S)

    async def step(self) -> None:
        """Look once, and tell what is to be told."""
        reason = self._store.trouble
        if reason and await self._store.probe():
            reason = ""
        now = self._clock.now()
        if reason:
            self._since, self._over = self._since or now, None
            self._most = max(self._most, self._waiting())
            if now - self._since >= _GRACE:
                await self._tell(reason, self._since, now)
        elif self._since is not None:
            self._over = self._over or now
            if not self._shown or now - self._over >= _GRACE:
                await self._end(self._since, now)

    async def _tell(self, reason: str, since: datetime, now: datetime) -> None:
        """Say it in each chat that has not heard, and edit what was said where that has changed."""
        saying = reason, self._waiting()
        if self._said_at is not None and now - self._said_at < _EDIT_EVERY:
            return
        chats = await self._everybody()
        if saying == self._said and self._shown.keys() >= set(chats):
            return
        for chat_id in chats:
            message = views.lost(*saying, since=since, now=now, zone=self._zone(chat_id))
            if chat_id not in self._shown:
                await self._send(chat_id, message)
            elif saying != self._said:
                await self._edit(chat_id, message)
        self._said, self._said_at = saying, now

    async def _end(self, since: datetime, now: datetime) -> None:
        for chat_id in self._shown:
            await self._edit(chat_id, views.back(self._most, since=since, now=now, zone=self._zone(chat_id)))
        self._shown.clear()
        self._since, self._over, self._most = None, None, 0
        self._said, self._said_at = ("", 0), None

    async def _everybody(self) -> Collection[int]:
        try:
            return await self._chats()
        except StorageError:
            # A private chat has its person's id.
            return self._people

    async def _send(self, chat_id: int, message: Message) -> None:
        try:
            self._shown[chat_id] = await self._phone.send(chat_id, message)
        except RetryLater as later:
            _log.warning("chat %s is not told yet that nothing can be stored: %s", chat_id, later.reason)
        except DeliveryError as error:
            # It may have arrived, or never will.
            _log.warning("chat %s may not know that nothing can be stored: %r", chat_id, error)
            self._shown[chat_id] = None

    async def _edit(self, chat_id: int, message: Message) -> None:
        message_id = self._shown[chat_id]
        if message_id is None:
            return
        try:
            await self._phone.edit(chat_id, message_id, message)
        except DeliveryError as error:
            _log.warning("what chat %s reads of the storage is not what holds: %r", chat_id, error)
