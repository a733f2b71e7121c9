"""What scans ask IBKR for: it may take its time, and the chat goes on meanwhile."""

from collections.abc import Coroutine
from itertools import count
from typing import Any

from alerts.errors import AlertError
from bot.callback_data import Callback, Place
from bot.handlers.chores import Chores
from bot.handlers.place import show
from bot.handlers.ports import Reply
from bot.request import Press, TextIn
from bot.views.errors import explain
from bot.views.message import Message
from market.errors import MarketError
from storage.errors import StorageUnavailable

_TOLD = (MarketError, AlertError, StorageUnavailable)


class ScanErrands:
    """
    Makes messages aside, after the press is answered, and shows each when it is ready; what is refused is told.

    What a message is to become is what was pressed on it last: whatever an earlier press asked for comes too late.
    """

    def __init__(self, reply: Reply, chores: Chores) -> None:
        self._reply = reply
        self._chores = chores
        self._turns = count(1)
        self._awaited: dict[tuple[int, int], int] = {}

    def begin(self, asked: Press | TextIn, work: Coroutine[Any, Any, None], name: str) -> None:
        """Do *work* aside; what is refused is told to who *asked*."""

        async def told() -> None:
            try:
                await work
            except _TOLD as error:
                await self._reply.send(asked.chat_id, explain(error), reply_to=asked.message_id)

        self._chores.begin(told(), name)

    def send(self, request: TextIn, made: Coroutine[Any, Any, Message], name: str) -> None:
        """Answer a text with the message that is *made*."""

        async def sent() -> None:
            await self._reply.send(request.chat_id, await made, reply_to=request.message_id)

        self.begin(request, sent(), name)

    def show(self, press: Press, callback: Callback, made: Coroutine[Any, Any, Message], name: str) -> None:
        """Show where the press wants it the message that is *made*."""
        if callback.place is not Place.HERE:
            self.begin(press, self._below(press, callback, made), name)
            return
        turn = self._awaited[_key(press)] = next(self._turns)
        self.begin(press, self._here(press, callback, made, turn), name)

    async def put(self, press: Press, callback: Callback, message: Message) -> None:
        """Show a message that is ready."""
        if callback.place is Place.HERE:
            self._awaited.pop(_key(press), None)
        await show(self._reply, press, callback, message)

    async def _below(self, press: Press, callback: Callback, made: Coroutine[Any, Any, Message]) -> None:
        await show(self._reply, press, callback, await made)

    async def _here(self, press: Press, callback: Callback, made: Coroutine[Any, Any, Message], turn: int) -> None:
        try:
            message = await made
            is_awaited = self._awaited.get(_key(press)) == turn
        finally:
            if self._awaited.get(_key(press)) == turn:
                del self._awaited[_key(press)]
        if is_awaited:
            await show(self._reply, press, callback, message)


def _key(press: Press) -> tuple[int, int]:
    return press.chat_id, press.message_id
