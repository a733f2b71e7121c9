"""Scans as the handlers of /scan share them: lines kept under short ids, and what they last found."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from alerts.condition import ScanEntry
from bot.handlers.ports import Reply, ScanRunner, Zones
from bot.request import Press
from bot.scan_line import as_listed, entry_of, line_of
from bot.views.scan import Result
from market.clock import Clock
from market.scan import ScanRow, ScanSpec
from market.scan_catalogue import ScanCatalogue
from storage.saved_scan import SavedScan

NOT_YOURS = "This scan is someone else's, or not kept any more. Nothing was done; /scan begins your own."

_KEPT = 100


class SavedScans(Protocol):
    """Everybody's scans; `storage/saved_scans.py`."""

    async def keep(self, owner_id: int, chat_id: int, line: str, at: datetime) -> SavedScan:
        """Return the person's scan of this *line*, a new one if need be."""
        ...

    async def get(self, scan_id: int, owner_id: int) -> SavedScan | None:
        """Return a person's scan, or None where it is forgotten, deleted or someone else's."""
        ...

    async def of(self, owner_id: int) -> Sequence[SavedScan]:
        """Return a person's saved scans, oldest first."""
        ...

    async def save(self, scan_id: int, owner_id: int, name: str, most: int) -> bool:
        """Give a scan its *name*; False where the person would have more than *most* saved ones."""
        ...

    async def schedule(self, scan_id: int, owner_id: int, chat_id: int, schedule: str, at: datetime) -> None:
        """Let a scan run by *schedule* from *at* on, told in *chat_id*; "" for never."""
        ...

    async def pause(self, scan_id: int, owner_id: int, at: datetime, *, paused: bool) -> None:
        """Pause a scan's schedule, or let it go on from *at*."""
        ...

    async def remove(self, scan_id: int, owner_id: int, at: datetime) -> None:
        """Delete a scan, so that it can still be brought back."""
        ...

    async def restore(self, scan_id: int, owner_id: int, since: datetime, at: datetime) -> bool:
        """Bring back what was deleted at or after *since*; False where it is gone."""
        ...


class ScanShelf:
    """Keeps what people run; the latest results stay in memory, so that turning a page asks IBKR nothing."""

    def __init__(self, scans: SavedScans, runner: ScanRunner, zones: Zones, clock: Clock) -> None:
        self._scans = scans
        self._runner = runner
        self._zones = zones
        self._clock = clock
        self._results: OrderedDict[int, Result] = OrderedDict()

    async def entry(self, line: str, user_id: int) -> ScanEntry:
        """Return the scan that *line* asks for, as IBKR lists it. Raises AlertSyntaxError, NoSuchScan."""
        entry = entry_of(line, self._clock.now(), await self._zones.zone_of(user_id))
        return as_listed(entry, self._runner.known)

    async def keep(self, entry: ScanEntry, user_id: int, chat_id: int) -> SavedScan:
        """Keep a scan under a short id, and return it."""
        return await self._scans.keep(user_id, chat_id, line_of(entry), self._clock.now())

    async def get(self, scan_id: int, user_id: int) -> SavedScan | None:
        """Return a person's scan, or None where it is not kept any more."""
        return await self._scans.get(scan_id, user_id)

    async def run(self, scan: SavedScan) -> Result:
        """Run a scan now. Raises AlertSyntaxError, NoSuchScan, TooManyScans, MarketError."""
        entry = await self.entry(scan.line, scan.owner_id)
        found = await self._runner.run_once(entry.spec)
        result = Result(
            scan.id, scan.name, entry.spec, best(found, entry.spec), self._clock.now(), self._runner.warning(entry.spec)
        )
        self._results[scan.id] = result
        self._results.move_to_end(scan.id)
        if len(self._results) > _KEPT:
            self._results.popitem(last=False)
        return result

    def latest(self, scan: SavedScan) -> Result | None:
        """Return what a scan last found, as far as that is still known."""
        result = self._results.get(scan.id)
        return None if result is None else replace(result, name=scan.name)

    @property
    def known(self) -> ScanCatalogue | None:
        """What scans there are as far as known without asking."""
        return self._runner.known

    async def catalogue(self) -> ScanCatalogue:
        """Return what scans there are. Raises LinkDown, RequestTimeout, BrokerError."""
        return await self._runner.catalogue()


async def found_scan(shelf: ScanShelf, reply: Reply, press: Press, scan_id: int) -> SavedScan | None:
    """
    Return a button's scan; where it is not kept any more, or someone else's, the press is answered with that.

    The message stays as it is: in a group it may be its owner's.
    """
    scan = await shelf.get(scan_id, press.user_id)
    if scan is None:
        await reply.answer(press, NOT_YOURS)
    return scan


def best(rows: Sequence[ScanRow], spec: ScanSpec) -> tuple[ScanRow, ...]:
    """Return as many of the first *rows* as *spec* wants, in order of rank."""
    return tuple(row for row in sorted(rows, key=lambda row: row.rank) if row.rank <= spec.rows)
