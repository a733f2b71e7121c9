"""
The heartbeat: now and then the bot says that it is well, so that its silence means something.

When one is due follows from the person's own clock. The slot is part of the message's unique key, so that each is told
once over any restart; one that was missed comes at the next look, and only the latest of several.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from alerts.silence import last_slot, next_slot
from bot.views.heartbeat import heartbeat_to_json
from bot.views.status import StatusReport, wrong
from market.clock import Clock
from storage.message import NewMessage, Priority
from storage.users import UserSettings

_MOMENT = timedelta(seconds=1)
_SETTLES = timedelta(minutes=2)


class Box(Protocol):
    """Where messages are put; `storage/outbox.py`."""

    async def put(self, message: NewMessage) -> bool:
        """Store *message*; False if its dedupe key is known."""
        ...


class Heartbeat:
    """
    Puts into the outbox each heartbeat that is due.

    *chats* gives the open private chats (their ids are their persons'), *fired* counts a person's firings since then.
    """

    def __init__(
        self,
        chats: Callable[[], Awaitable[tuple[int, ...]]],
        settings: Callable[[int], Awaitable[UserSettings]],
        zone: Callable[[int], ZoneInfo],
        report: Callable[[int], Awaitable[StatusReport]],
        fired: Callable[[int, datetime], Awaitable[int]],
        outbox: Box,
        clock: Clock,
    ) -> None:
        self._chats = chats
        self._settings = settings
        self._zone = zone
        self._report = report
        self._fired = fired
        self._outbox = outbox
        self._clock = clock
        self._told: dict[int, datetime] = {}

    async def look(self) -> None:
        """Tell everybody whose heartbeat is due."""
        for chat_id in await self._chats():
            settings = await self._settings(chat_id)
            if settings.heartbeat:
                await self._tell(chat_id, settings)

    async def _tell(self, chat_id: int, settings: UserSettings) -> None:
        now, zone, at = self._clock.now(), self._zone(chat_id), time.fromisoformat(settings.heartbeat_at)
        slot = last_slot(now, zone, at, settings.heartbeat)
        since = settings.heartbeat_since
        if self._told.get(chat_id) == slot or (since is not None and slot <= since <= now):
            return
        report = await self._report(chat_id)
        if wrong(report) and now - report.started < _SETTLES:
            # The link is being made: what is wrong so soon may be over in a moment.
            return
        before = last_slot(slot - _MOMENT, zone, at, settings.heartbeat)
        payload = heartbeat_to_json(
            report,
            at=now,
            following=next_slot(now, zone, at, settings.heartbeat),
            fired=await self._fired(chat_id, before if since is None else max(before, since)),
        )
        await self._outbox.put(
            NewMessage(
                chat_id,
                "heartbeat",
                f"heartbeat:{chat_id}:{slot.isoformat()}",
                payload,
                priority=Priority.REFRESH,
                silent=not payload["wrong"],
                happened=now,
            )
        )
        self._told[chat_id] = slot
