"""
People who are not in and write to the bot in a private chat.

They meet silence, except for one who sends a pairing code. The admins hear of each once, when the setting PAIRING is
on, and not of many in a short time: anyone can write to a bot.
"""

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from bot import pairing
from bot.errors import DeliveryError
from bot.views import members as views
from bot.views.message import Message
from market.clock import Clock
from storage.errors import StorageError
from trading.access import Role

_log = logging.getLogger(__name__)

_MOST_NOTICES = 5
_NOTICES_S = 3600.0
_MOST_TRIES = 10
_TRIES_S = 60.0
_NAME = 60


@dataclass(frozen=True, slots=True)
class Stranger:
    """Who writes, as Telegram tells it: names are chosen by the person, and untrusted."""

    user_id: int
    name: str


class Door(Protocol):
    """Who is in and who is out; `bot/membership.py`."""

    @property
    def is_open(self) -> bool:
        """Whether anyone beside the environment's people may come in."""
        ...

    def is_blocked(self, user_id: int) -> bool:
        """Return whether an admin has put this person out."""
        ...

    async def pair(self, user_id: int, name: str, letters: str) -> Role | None:
        """Use a pairing code up; return the role it gives, or None."""
        ...


class Phone(Protocol):
    """The way out; `bot/reply.py`."""

    async def send(self, chat_id: int, message: Message) -> int:
        """Send; return the message's id. Raises DeliveryError."""
        ...


class Strangers:
    """Meets strangers; *tell_admins* hears of each, and of each who was let in by a code (then with the role)."""

    def __init__(
        self,
        door: Door,
        phone: Phone,
        tell_admins: Callable[[Stranger, Role | None], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self._door = door
        self._phone = phone
        self._tell_admins = tell_admins
        self._clock = clock
        self._told: set[int] = set()
        self._notices: deque[float] = deque()
        self._tries: deque[float] = deque()

    async def met(self, stranger: Stranger, said: str) -> None:
        """Do what is to be done about a message from someone who is not in; what cannot be stored is only logged."""
        if not self._door.is_open or self._door.is_blocked(stranger.user_id):
            return
        try:
            letters = pairing.code_in(said)
            if letters is None or not await self._paired(stranger, letters):
                await self._notice(stranger)
        except StorageError as error:
            _log.warning("stranger %s was met, which cannot be stored: %r", stranger.user_id, error)

    async def raised(self, person: Stranger, said: str) -> bool:
        """Take a pairing code of someone who is in already; False where the text is none."""
        letters = pairing.code_in(said)
        if letters is None or not self._door.is_open:
            return False
        try:
            if not await self._paired(person, letters):
                await self._say(person.user_id, views.not_paired())
        except StorageError as error:
            _log.warning("a code of user %s could not be used up: %r", person.user_id, error)
        return True

    async def _paired(self, stranger: Stranger, letters: str) -> bool:
        # All strangers together: one who guesses can have many accounts.
        if not self._has_room(self._tries, _MOST_TRIES, _TRIES_S):
            return False
        role = await self._door.pair(stranger.user_id, stranger.name, letters)
        if role is None:
            return False
        _log.info("user %s has paired as %s", stranger.user_id, role.name.lower())
        await self._say(stranger.user_id, views.paired(role))
        await self._tell_admins(stranger, role)
        return True

    async def _say(self, user_id: int, message: Message) -> None:
        try:
            await self._phone.send(user_id, message)
        except DeliveryError as error:
            _log.warning("what came of user %s's code was not told: %s", user_id, type(error).__name__)

    async def _notice(self, stranger: Stranger) -> None:
        if stranger.user_id in self._told or not self._has_room(self._notices, _MOST_NOTICES, _NOTICES_S):
            return
        await self._tell_admins(stranger, None)
        self._told.add(stranger.user_id)

    def _has_room(self, times: deque[float], most: int, within_s: float) -> bool:
        now = self._clock.monotonic()
        while times and now - times[0] >= within_s:
            times.popleft()
        if len(times) >= most:
            return False
        times.append(now)
        return True


def shown_name(first: str, last: str | None, username: str | None) -> str:
    """Return what Telegram calls a person, on one line and short."""
    full = " ".join(f"{first} {last or ''}".split())[:_NAME]
    return f"{full} (@{username})" if username else full
