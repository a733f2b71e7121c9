"""The pages of digests, read from the outbox: they work as long as the rows are kept, over any restart."""

from collections.abc import Sequence
from typing import Protocol

from bot.callback_data import Callback
from bot.handlers.place import show
from bot.handlers.ports import LiveQuotes, Reply, Zones
from bot.request import Press
from bot.views import digest as views
from bot.views.gathered import PAGE, Gathered, Reason, entries_of
from bot.views.keyboard import clamped
from market.clock import Clock
from storage.message import OutboxMessage, Told


class Digests(Protocol):
    """What the outbox knows of digests; `storage/outbox.py`."""

    async def get(self, row_id: int) -> OutboxMessage | None:
        """Return the row, or None."""
        ...

    async def told(self, told_by: int) -> Told | None:
        """Return how many rows the row *told_by* tells, and from when to when; None for none."""
        ...

    async def told_page(self, told_by: int, offset: int, limit: int) -> Sequence[OutboxMessage]:
        """Return *limit* of the rows that *told_by* tells, newest first, from *offset* on."""
        ...


class DigestHandler:
    """Answers the buttons of digests."""

    def __init__(self, reply: Reply, digests: Digests, live: LiveQuotes, zones: Zones, clock: Clock) -> None:
        self._reply = reply
        self._digests = digests
        self._live = live
        self._zones = zones
        self._clock = clock

    async def on_page(self, press: Press, callback: Callback) -> None:
        """Show a page of what a digest of this chat tells."""
        root = callback.number(2)
        row = await self._digests.get(root)
        told = None if row is None or row.chat_id != press.chat_id else await self._digests.told(root)
        await self._reply.answer(press)
        if row is None or told is None:
            await show(self._reply, press, callback, views.gone())
            return
        number = clamped(callback.number(1), told.count, PAGE)
        members = await self._digests.told_page(root, number * PAGE, PAGE)
        entries = entries_of((one.payload, one.may_repeat) for one in members)
        reason = Reason(row.payload["reason"]) if row.kind == "digest" else Reason.CALM
        shown = Gathered(reason, told.count, told.begin, told.end, (), tuple(entries))
        zone = await self._zones.zone_of(press.user_id)
        repeats = row.may_repeat and row.kind == "digest"
        now, quotes = self._clock.now(), self._live.quote
        message = views.page(shown, root, number, now=now, zone=zone, quotes=quotes, may_repeat=repeats)
        await show(self._reply, press, callback, message)
