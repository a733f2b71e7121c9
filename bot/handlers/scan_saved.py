"""Saved scans: keeping, naming, scheduling, pausing and deleting them."""

from dataclasses import replace
from datetime import timedelta

from alerts.condition import EveryTime
from alerts.wording import format_draft
from bot.callback_data import BadCallback, Callback
from bot.handlers.place import show
from bot.handlers.ports import Reply, Zones
from bot.handlers.scan_shelf import SavedScans, ScanShelf, found_scan
from bot.request import Press, TextIn
from bot.scan_line import schedule_of
from bot.scan_times import ScanTimes
from bot.views import scan as scan_views
from bot.views import scan_saved as views
from bot.views.alerts import UNDO_S
from bot.views.message import Message
from market.clock import Clock
from storage.saved_scan import SavedScan

MOST_SAVED = 20
"""So many scans one person may save; each may have a schedule."""

_LEAST = timedelta(minutes=5)
_LEAST_SAID = "5m"
_LONGEST_NAME = 40
_UNDO = timedelta(seconds=UNDO_S)


class ScanSavedHandler:
    """Answers 💾, ⏰ and what follows them, and a scan's line with a schedule behind it."""

    def __init__(
        self, *, reply: Reply, scans: SavedScans, shelf: ScanShelf, times: ScanTimes, zones: Zones, clock: Clock
    ) -> None:
        self._reply = reply
        self._scans = scans
        self._shelf = shelf
        self._times = times
        self._zones = zones
        self._clock = clock

    async def show_all(self, request: TextIn) -> None:
        """Send the first page of the person's saved scans."""
        message = views.saved_list(await self._scans.of(request.user_id), 0, MOST_SAVED)
        await self._reply.send(request.chat_id, message, reply_to=request.message_id)

    async def timed(self, request: TextIn, bounds: str, schedule: str) -> None:
        """Save a typed scan and let it run by *schedule*. Raises AlertSyntaxError."""
        entry = await self._shelf.entry(f"scan {bounds}", request.user_id)
        scan = await self._shelf.keep(entry, request.user_id, request.chat_id)
        message = await self._scheduled(scan, schedule, request.chat_id)
        await self._reply.send(request.chat_id, message, reply_to=request.message_id)

    async def on_saved(self, press: Press, callback: Callback) -> None:
        """Show a page of the saved scans."""
        found = await self._scans.of(press.user_id)
        await self._reply.answer(press)
        await show(self._reply, press, callback, views.saved_list(found, callback.number(1), MOST_SAVED))

    async def on_save(self, press: Press, callback: Callback) -> None:
        """Save a scan under a name of its own, unless it is saved already."""
        scan = await self._found(press, callback)
        if scan is None:
            return
        is_new = not scan.is_saved
        named = await self._named(scan)
        await self._reply.answer(press, "Saved" if is_new and named is not None else "")
        message = views.too_many(MOST_SAVED) if named is None else await self._card(named, "saved" if is_new else "")
        await show(self._reply, press, callback, message)

    async def on_time(self, press: Press, callback: Callback) -> None:
        """Show when a scan may run by itself, or let it. Raises AlertSyntaxError."""
        scan, when = await self._found(press, callback), callback.args[2]
        if scan is None:
            return
        if when == "?":
            message = await self._card(scan) if scan.is_saved else views.schedule_first(scan)
        elif when == "never":
            await self._scans.schedule(scan.id, scan.owner_id, scan.chat_id, "", self._clock.now())
            message = await self._card(replace(scan, schedule="", paused=False), "runs no more by itself")
        else:
            message = await self._scheduled(scan, when, press.chat_id)
        await self._reply.answer(press)
        await show(self._reply, press, callback, message)

    async def on_pause(self, press: Press, callback: Callback) -> None:
        """Pause a schedule, or let it go on."""
        scan = await self._found(press, callback)
        if scan is None:
            return
        if callback.args[2] not in {"on", "off"}:
            raise BadCallback(press.data)
        paused = callback.args[2] == "on"
        await self._scans.pause(scan.id, scan.owner_id, self._clock.now(), paused=paused)
        await self._reply.answer(press, "Paused" if paused else "Goes on")
        card = await self._card(replace(scan, paused=paused), "paused" if paused else "goes on")
        await show(self._reply, press, callback, card)

    async def on_drop(self, press: Press, callback: Callback) -> None:
        """Delete a scan; for 30 s it can be brought back."""
        scan = await self._found(press, callback)
        if scan is not None:
            await self._scans.remove(scan.id, scan.owner_id, self._clock.now())
            await self._reply.answer(press, "Deleted")
            await show(self._reply, press, callback, views.deleted(scan))

    async def on_restore(self, press: Press, callback: Callback) -> None:
        """Bring a deleted scan back, within 30 s."""
        now, scan_id = self._clock.now(), callback.number(1)
        is_back = await self._scans.restore(scan_id, press.user_id, now - _UNDO, now)
        scan = await self._shelf.get(scan_id, press.user_id) if is_back else None
        if scan is None:
            await self._reply.answer(press, "Too late to undo; save the scan again.")
            return
        await self._reply.answer(press, "It is back")
        await show(self._reply, press, callback, await self._card(scan, "is back"))

    async def rename(self, scan: SavedScan, name: str, chat_id: int, message_id: int) -> None:
        """Call a scan as its owner typed, on its card in *message_id*."""
        named = await self._named(scan, name[:_LONGEST_NAME])
        message = views.too_many(MOST_SAVED) if named is None else await self._card(named, "renamed")
        await self._reply.edit(chat_id, message_id, message)

    async def schedule(self, scan: SavedScan, when: str, chat_id: int, message_id: int) -> None:
        """Let a scan run as its owner typed, told on its card in *message_id*. Raises AlertSyntaxError."""
        await self._reply.edit(chat_id, message_id, await self._scheduled(scan, when, chat_id))

    def asked_time(self, scan: SavedScan) -> Message:
        """Return the question when a scan is to run."""
        return views.asked_time(scan)

    async def _scheduled(self, scan: SavedScan, when: str, chat_id: int) -> Message:
        now, zone = self._clock.now(), await self._zones.zone_of(scan.owner_id)
        draft = schedule_of(when, now, zone)
        if isinstance(draft.condition, EveryTime) and draft.condition.period < _LEAST:
            return views.too_often(_LEAST_SAID)
        named = await self._named(scan)
        if named is None:
            return views.too_many(MOST_SAVED)
        said = format_draft(draft).replace("America/New_York", "ET")
        await self._scans.schedule(scan.id, scan.owner_id, chat_id, said, now)
        # A scan has one time: who gives it another hears what that ends.
        ends = f", no longer {scan.schedule}" if scan.schedule not in {"", said} else ""
        return await self._card(replace(named, schedule=said, due=now, paused=False), f"scheduled{ends}")

    async def _named(self, scan: SavedScan, name: str = "") -> SavedScan | None:
        """Save a scan under *name*, else under its own or one that is free; None where there are too many."""
        if scan.is_saved and not name:
            return scan
        if not name:
            entry = await self._shelf.entry(scan.line, scan.owner_id)
            name = _free(scan_views.name_of(entry.spec), {one.name for one in await self._scans.of(scan.owner_id)})
        is_kept = await self._scans.save(scan.id, scan.owner_id, name, MOST_SAVED)
        return replace(scan, name=name) if is_kept else None

    async def _card(self, scan: SavedScan, done: str = "") -> Message:
        zone = await self._zones.zone_of(scan.owner_id)
        if scan.schedule:
            await self._times.learn()
        following = self._times.following(scan, zone)
        return views.saved(scan, following, now=self._clock.now(), zone=zone, done=done)

    async def _found(self, press: Press, callback: Callback) -> SavedScan | None:
        return await found_scan(self._shelf, self._reply, press, callback.number(1))


def _free(name: str, taken: set[str]) -> str:
    """Return *name*, or with a number behind it where it is taken."""
    numbered = (f"{name} {number}" for number in range(2, len(taken) + 3))
    return next(one for one in (name, *numbered) if one not in taken)
