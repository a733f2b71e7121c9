"""Work that goes on after the answer is out: it must never hold up the chat."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from alerts.errors import AlertError
from bot.errors import DeliveryError
from market.errors import MarketError
from storage.errors import StorageError

_log = logging.getLogger(__name__)

_EXPECTED = (MarketError, AlertError, DeliveryError, StorageError)


class Chores:
    """Keeps tasks until they are done; what fails is logged and concerns nobody else."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Start *work*; nobody waits for it."""
        task = asyncio.create_task(_logged(work, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def stop(self) -> None:
        """End what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("%s failed", task.get_name(), exc_info=task.exception())


async def _logged(work: Coroutine[Any, Any, None], name: str) -> None:
    try:
        await work
    except _EXPECTED as error:
        _log.info("%s was of no use: %s", name, type(error).__name__)
