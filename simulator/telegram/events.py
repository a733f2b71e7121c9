"""What happens in the chats, told to every open page as server-sent events."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEEP_ALIVE_S = 15.0
MAX_BEHIND = 1000


class Events:
    """
    The stream of events; a listener that falls 1000 behind is let go (the page reconnects and reads anew).

    Kinds: message, edit, delete, answer, action, pin, commands.
    """

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[str | None]] = set()
        self._closed = False

    def publish(self, kind: str, chat_id: int | None, **fields: object) -> None:
        """Tell every listener of an event in *chat_id*."""
        line = json.dumps({"kind": kind, "chat_id": chat_id, **fields}, ensure_ascii=False)
        for listener in list(self._listeners):
            if listener.qsize() >= MAX_BEHIND:
                self._listeners.discard(listener)
                listener.put_nowait(None)
            else:
                listener.put_nowait(f"data: {line}\n\n")

    async def stream(self) -> AsyncIterator[str]:
        """Yield the event stream's text until the listener goes or `close` is called."""
        listener: asyncio.Queue[str | None] = asyncio.Queue()
        self._listeners.add(listener)
        try:
            yield ": welcome\n\n"
            while not self._closed:
                line = await _next(listener)
                if line is None:
                    return
                yield line
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End all streams at once."""
        self._closed = True
        for listener in self._listeners:
            listener.put_nowait(None)


async def _next(listener: asyncio.Queue[str | None]) -> str | None:
    try:
        async with asyncio.timeout(KEEP_ALIVE_S):
            return await listener.get()
    except TimeoutError:
        return ": keep-alive\n\n"
