"""Groups that became supergroups: Telegram gives them a new id, here they keep the one they were set up with."""

import logging
from datetime import datetime
from typing import Protocol

from market.clock import Clock
from storage.errors import StorageError

_log = logging.getLogger(__name__)


class MoveStore(Protocol):
    """Where moves outlive the process; `storage/groups.py`."""

    async def moved(self, chat_id: int, new_chat_id: int, at: datetime) -> None:
        """Keep a move."""
        ...

    async def moves(self) -> dict[int, int]:
        """Return every move: first id -> the id that Telegram takes now."""
        ...


class Moves:
    """
    Both ids of every group that has moved.

    Alerts, settings, rows of the outbox and the list of allowed groups go on with the first id; only what goes out to
    Telegram and what comes in from it is translated (`out`, `home`).
    """

    def __init__(self, store: MoveStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._out: dict[int, int] = {}
        self._home: dict[int, int] = {}

    async def load(self) -> None:
        """Read the moves of earlier runs."""
        for chat_id, new_chat_id in (await self._store.moves()).items():
            self._note(chat_id, new_chat_id)

    def out(self, chat_id: int) -> int:
        """Return the id that Telegram takes for a chat."""
        return self._out.get(chat_id, chat_id)

    def home(self, chat_id: int) -> int:
        """Return the id that a chat had first."""
        return self._home.get(chat_id, chat_id)

    async def learned(self, chat_id: int, new_chat_id: int) -> None:
        """Note that Telegram now calls a group *new_chat_id*; where that cannot be stored, the next start learns it."""
        first = self.home(chat_id)
        if self._out.get(first) == new_chat_id:
            return
        _log.warning("group %s is a supergroup now, %s", first, new_chat_id)
        self._note(first, new_chat_id)
        try:
            await self._store.moved(first, new_chat_id, self._clock.now())
        except StorageError as error:
            _log.warning("the move of group %s could not be stored: %r", first, error)

    def _note(self, chat_id: int, new_chat_id: int) -> None:
        self._out[chat_id] = new_chat_id
        self._home[new_chat_id] = chat_id
