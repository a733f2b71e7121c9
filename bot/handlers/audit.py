"""/audit: who did what, for admins."""

from collections.abc import Sequence
from typing import Protocol

from bot.callback_data import Callback
from bot.handlers.place import show
from bot.handlers.ports import Reply, Zones
from bot.request import Press, TextIn
from bot.views import audit as views
from bot.views.keyboard import clamped
from bot.views.message import Message
from storage.audit_line import AuditLine
from trading.ports import AuditLog


class AuditBook(Protocol):
    """The audit log, to be read."""

    async def recent(self, limit: int, offset: int = 0) -> Sequence[AuditLine]:
        """Return the latest lines, newest first, but for the *offset* newest."""
        ...

    async def count(self) -> int:
        """Return how many lines there are."""
        ...


class AuditTrail(AuditLog, AuditBook, Protocol):
    """The audit log, to be added to and read."""


class AuditHandler:
    """Shows the audit log page by page; it can only be read."""

    def __init__(self, reply: Reply, book: AuditBook, zones: Zones) -> None:
        self._reply = reply
        self._book = book
        self._zones = zones

    async def audit(self, request: TextIn) -> None:
        """Send the latest page."""
        await self._reply.send(request.chat_id, await self._page(request.user_id, 0), reply_to=request.message_id)

    async def on_page(self, press: Press, callback: Callback) -> None:
        """Show another page."""
        message = await self._page(press.user_id, callback.number(1))
        await self._reply.answer(press)
        await show(self._reply, press, callback, message)

    async def _page(self, user_id: int, number: int) -> Message:
        count = await self._book.count()
        number = clamped(number, count, views.SIZE)
        lines = await self._book.recent(views.SIZE, number * views.SIZE)
        return views.page(lines, number=number, count=count, zone=await self._zones.zone_of(user_id))
