"""What is added to every answer while it matters: that the link is down, and whether money is real."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.handlers.ports import Reply
from bot.request import Press
from bot.views.message import Message, Rows
from bot.views.numbers import span
from bot.views.order_words import venue
from market.clock import Clock

_SAYS_SO = "🔌"


class NotedReply:
    """
    Sends and edits like *reply*, with a last line about the link while that is down (*down_since* is not None).

    Without it a screen of old values would look like one of now. *was_up* tells whether there are any old values: right
    after the start the link is not lost, it is being made.
    """

    def __init__(
        self,
        reply: Reply,
        down_since: Callable[[], datetime | None],
        clock: Clock,
        was_up: Callable[[], bool] = lambda: True,
    ) -> None:
        self._reply = reply
        self._down_since = down_since
        self._was_up = was_up
        self._clock = clock

    async def send(self, chat_id: int, message: Message, *, reply_to: int | None = None) -> int:
        """As `Reply.send`."""
        return await self._reply.send(chat_id, self._noted(message), reply_to=reply_to)

    async def edit(self, chat_id: int, message_id: int, message: Message) -> int:
        """As `Reply.edit`."""
        return await self._reply.edit(chat_id, message_id, self._noted(message))

    async def amend(self, chat_id: int, message_id: int, message: Message) -> None:
        """As `Reply.amend`."""
        await self._reply.amend(chat_id, message_id, self._noted(message))

    async def attach(self, chat_id: int, message_id: int, message: Message) -> None:
        """As `Reply.attach`."""
        await self._reply.attach(chat_id, message_id, self._noted(message))

    async def rekey(self, chat_id: int, message_id: int, buttons: Rows) -> None:
        """As `Reply.rekey`."""
        await self._reply.rekey(chat_id, message_id, buttons)

    async def delete(self, chat_id: int, *message_ids: int) -> None:
        """As `Reply.delete`."""
        await self._reply.delete(chat_id, *message_ids)

    async def answer(self, press: Press, text: str = "", *, alert: bool = False) -> None:
        """As `Reply.answer`."""
        await self._reply.answer(press, text, alert=alert)

    def _noted(self, message: Message) -> Message:
        since = self._down_since()
        if since is None or _SAYS_SO in message.html:
            return message
        lasting = span(self._clock.now() - since)
        note = (
            f"{_SAYS_SO} <i>IBKR link down for {lasting}: what you see is as last received, and alerts are not watched "
            "until it is back.</i>"
            if self._was_up()
            else f"{_SAYS_SO} <i>The IBKR link is not up yet: I have been connecting for {lasting}. Until it is up "
            "there are no prices, and alerts are not watched.</i>"
        )
        return replace(message, html=f"{message.html}\n{note}")


def branded(message: Message, account: str) -> Message:
    """Return *message* with PAPER or LIVE at the end of its first line, unless it is there already or not known yet."""
    first, newline, rest = message.html.partition("\n")
    if not account or "PAPER" in first or "LIVE" in first:
        return message
    return replace(message, html=f"{first} · {venue(account)}{newline}{rest}")
