"""The updates that are in hand: read from Telegram, and not worked off yet."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from market.clock import Clock
from storage.errors import StorageError

_log = logging.getLogger(__name__)

_DONE = {"done": True}
# Most are worked off in this time, and cost the database nothing.
_GRACE_S = 0.05


class Journal(Protocol):
    """Where updates outlive the process; `storage/updates.py`."""

    async def keep(self, entries: Mapping[int, dict[str, Any]], at: datetime) -> None:
        """Store updates."""
        ...

    async def forget(self, update_id: int) -> None:
        """Remove one that was handled."""
        ...

    async def left(self) -> dict[int, dict[str, Any]]:
        """Return what an earlier process left."""
        ...


class Hand:
    """
    Knows what is in hand, and writes down what is there for long.

    Telegram forgets an update once a later one is asked for. What is still at work by then is in the journal, so that
    the next start knows what a crash interrupted; it is not done again, since it may be done. While Telegram cannot be
    asked, what was handled is written down as well: it would come once more.
    """

    def __init__(self, journal: Journal, clock: Clock, grace_s: float = _GRACE_S) -> None:
        self._journal = journal
        self._clock = clock
        self._grace_s = grace_s
        self._new: dict[int, dict[str, Any]] = {}
        self._kept: set[int] = set()
        self._unconfirmed: set[int] = set()
        self._owed: set[int] = set()
        self._empty = asyncio.Event()
        self._forgetting: set[asyncio.Task[None]] = set()

    def took(self, update_id: int, entry: dict[str, Any]) -> None:
        """Take an update into the hand."""
        self._new[update_id] = entry

    def worked_off(self, update_id: int) -> None:
        """Let go of it: it was handled."""
        self._new.pop(update_id, None)
        self._unconfirmed.add(update_id)
        if not self._new:
            self._empty.set()
        if update_id in self._kept:
            self._kept.discard(update_id)
            task = asyncio.ensure_future(self._forget(update_id))
            self._forgetting.add(task)
            task.add_done_callback(self._forgetting.discard)

    async def secure(self) -> None:
        """Return when every update is worked off or written down, so that it may be confirmed to Telegram."""
        if not self._new:
            return
        self._empty.clear()
        try:
            async with asyncio.timeout(self._grace_s):
                await self._empty.wait()
        except TimeoutError:
            await self._keep(dict(self._new))

    async def confirmed(self, offset: int) -> None:
        """Take in that Telegram has forgotten all updates below *offset*."""
        self._unconfirmed = {update_id for update_id in self._unconfirmed if update_id >= offset}
        for update_id in [one for one in self._owed if one < offset]:
            self._owed.discard(update_id)
            await self._forget(update_id)

    async def not_confirmed(self) -> None:
        """Write down what was handled and is not known to be forgotten by Telegram."""
        new = self._unconfirmed - self._owed
        if not new:
            return
        self._owed |= new
        try:
            await self._journal.keep(dict.fromkeys(new, _DONE), self._clock.now())
        except StorageError as error:
            _log.warning("updates that were handled could not be written down: %r", error)

    async def left(self) -> tuple[dict[int, dict[str, Any]], set[int]]:
        """
        Take what an earlier process had in hand when it ended into this hand, and return it.

        The second are those that were handled, and may come once more.
        """
        try:
            entries = await self._journal.left()
        except StorageError as error:
            _log.warning("what was interrupted cannot be read: %r", error)
            return {}, set(self._owed)
        self._owed |= {update_id for update_id, entry in entries.items() if entry == _DONE}
        # What this process holds is in the journal as well, after the reading of updates was started anew.
        known = self._kept | self._owed
        found = {update_id: entry for update_id, entry in entries.items() if update_id not in known}
        self._kept |= found.keys()
        return found, set(self._owed)

    async def _keep(self, entries: dict[int, dict[str, Any]]) -> None:
        # Before the write: one that is worked off meanwhile must be forgotten after it.
        self._kept |= entries.keys()
        try:
            await self._journal.keep(entries, self._clock.now())
        except StorageError as error:
            # With a full disk an answer is worth more than the promise to know of its end.
            _log.warning("updates in hand could not be written down: %r", error)
        for update_id in entries:
            if self._new.pop(update_id, None) is None:
                await self._forget(update_id)

    async def _forget(self, update_id: int) -> None:
        try:
            await self._journal.forget(update_id)
        except StorageError as error:
            _log.warning("update %s is done, which could not be written down: %r", update_id, error)
