"""One at a time for each proposal: the desk that sends and the tracker that listens must not overwrite each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Turns:
    """
    A lock for each proposal id, kept while anyone holds or awaits it.

    IBKR may report a fill before `OrderDesk` has noted that it sent the order; without turns its late note would
    overwrite the fill. The desk and the tracker must be handed the same object.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, proposal_id: int) -> AsyncIterator[None]:
        """Hold the proposal's turn; not reentrant."""
        lock = self._locks.get(proposal_id)
        if lock is None:
            lock = self._locks[proposal_id] = asyncio.Lock()
        async with lock:
            yield
