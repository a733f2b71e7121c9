"""A chat's turn: its updates are worked off one after the other, and who has to wait long lets the next ones pass."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

_mine: ContextVar["_Turn | None"] = ContextVar("chat_turn", default=None)


class _Turn:
    def __init__(self, chat: asyncio.Lock, places: asyncio.Semaphore) -> None:
        self._chat = chat
        self._places = places
        self._task = asyncio.current_task()
        self._is_held = False

    @property
    def is_ours(self) -> bool:
        """Whether the running task holds it: tasks that it started see it too, and must not give it away."""
        return self._is_held and self._task is asyncio.current_task()

    async def take(self) -> None:
        await self._chat.acquire()
        try:
            await self._places.acquire()
        except BaseException:
            self._chat.release()
            raise
        self._is_held = True

    def leave(self) -> None:
        if self._is_held:
            self._is_held = False
            self._places.release()
            self._chat.release()


@asynccontextmanager
async def taken(chat: asyncio.Lock, places: asyncio.Semaphore) -> AsyncIterator[None]:
    """Hold the turn of a chat, and one of the *places* that all chats share."""
    turn = _Turn(chat, places)
    await turn.take()
    token = _mine.set(turn)
    try:
        yield
    finally:
        _mine.reset(token)
        turn.leave()


@asynccontextmanager
async def stepped_aside() -> AsyncIterator[None]:
    """Let the chat's next updates pass, if a turn is held here; then wait for it again."""
    turn = _mine.get()
    if turn is None or not turn.is_ours:
        yield
        return
    turn.leave()
    try:
        yield
    finally:
        await turn.take()
