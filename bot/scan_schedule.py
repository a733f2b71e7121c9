"""
Scheduled scans: each due moment is told once, by one message of the outbox.

The timer only says "look now". A message and the note of what it told are stored together, and the moment is part of
the message's unique key, so that a timer that rings twice, or a process that died at any point, sends it once. What was
missed comes as one message, marked late; without a link it waits until that is back. A scan is run once and given up
again: it holds none of IBKR's ten subscriptions between its times.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from alerts.condition import ScanEntry
from alerts.errors import AlertSyntaxError, NoSuchScan, TooManyScans
from bot.handlers.ports import ScanRunner
from bot.handlers.scan_shelf import best
from bot.scan_line import as_listed, entry_of
from bot.scan_times import ScanTimes
from bot.views.scan_news import failed_to_json, told_to_json
from market.clock import Clock
from market.errors import BrokerError, LinkDown, MarketError, RequestTimeout
from market.scan import ScanRow
from storage.message import NewMessage, Priority
from storage.saved_scan import SavedScan

_log = logging.getLogger(__name__)

_AT_ONCE = 3
_AGAIN = timedelta(seconds=30)
_GIVE_UP = timedelta(minutes=5)


class ScheduledScans(Protocol):
    """Everybody's scheduled scans; `storage/saved_scans.py`."""

    async def scheduled(self) -> Sequence[SavedScan]:
        """Return the scans that run by themselves just now."""
        ...

    async def tell(self, scan_id: int, due: datetime, rows: Sequence[ScanRow] | None, message: NewMessage) -> bool:
        """Put *message* into the outbox and note what was told when, both or neither; False if it was told already."""
        ...


class ScanSchedule:
    """
    Runs what is due.

    *is_linked* tells whether IBKR can be asked, *is_known* whether a person is still let in. A scan that IBKR is slow
    or too busy to answer is tried again for some minutes; one that it refuses is told as refused, and goes on.
    """

    def __init__(
        self,
        scans: ScheduledScans,
        runner: ScanRunner,
        times: ScanTimes,
        zone_of: Callable[[int], ZoneInfo],
        is_known: Callable[[int], bool],
        is_linked: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._scans = scans
        self._runner = runner
        self._times = times
        self._zone_of = zone_of
        self._is_known = is_known
        self._is_linked = is_linked
        self._clock = clock
        # Of scans that IBKR did not answer: since when, and when to try again.
        self._tried: dict[int, tuple[datetime, datetime]] = {}

    async def look(self) -> None:
        """Run every scan that is due, a few at once, and put what it shows into the outbox."""
        if not self._is_linked():
            return
        scheduled = [scan for scan in await self._scans.scheduled() if self._is_known(scan.owner_id)]
        if not scheduled:
            return
        await self._times.learn()
        turn = asyncio.Semaphore(_AT_ONCE)

        async def run(scan: SavedScan, due: datetime, missed: int) -> None:
            async with turn:
                await self._run(scan, due, missed)

        due = [(scan, self._times.due(scan, self._zone_of(scan.owner_id))) for scan in scheduled]
        async with asyncio.TaskGroup() as group:
            for scan, moment in due:
                if moment is not None and self._may_try(scan):
                    group.create_task(run(scan, *moment))

    def _may_try(self, scan: SavedScan) -> bool:
        tried = self._tried.get(scan.id)
        return tried is None or self._clock.now() >= tried[1]

    async def _run(self, scan: SavedScan, due: datetime, missed: int) -> None:
        now, zone = self._clock.now(), self._zone_of(scan.owner_id)
        try:
            entry = as_listed(entry_of(scan.line, now, zone), self._runner.known)
            found = best(await self._runner.run_once(entry.spec), entry.spec)
        except LinkDown:
            return
        except (RequestTimeout, TooManyScans) as error:
            await self._postponed(scan, due, missed, error)
        except (AlertSyntaxError, NoSuchScan, BrokerError) as error:
            await self._failed(scan, due, missed, error)
        else:
            await self._told(scan, due, missed, entry, found)

    async def _told(
        self, scan: SavedScan, due: datetime, missed: int, entry: ScanEntry, found: Sequence[ScanRow]
    ) -> None:
        payload = told_to_json(
            scan,
            entry,
            found,
            due=due,
            missed=missed,
            at=self._clock.now(),
            following=self._times.following(scan, self._zone_of(scan.owner_id)),
        )
        # An empty list may be IBKR's trouble (165): nobody is told as dropped by it, and the next is compared with the
        # last that had somebody.
        rows = None if scan.told and not found else found
        await self._tell(scan, due, rows, payload)

    async def _postponed(self, scan: SavedScan, due: datetime, missed: int, error: MarketError | TooManyScans) -> None:
        now = self._clock.now()
        since, _ = self._tried.get(scan.id, (now, now))
        self._tried[scan.id] = since, now + _AGAIN
        _log.info("scheduled scan %s was not answered: %r", scan.id, error)
        if now - since >= _GIVE_UP:
            await self._failed(scan, due, missed, error)

    async def _failed(self, scan: SavedScan, due: datetime, missed: int, error: Exception) -> None:
        following = self._times.following(scan, self._zone_of(scan.owner_id))
        payload = failed_to_json(scan, error, due=due, missed=missed, at=self._clock.now(), following=following)
        await self._tell(scan, due, None, payload)

    async def _tell(
        self, scan: SavedScan, due: datetime, rows: Sequence[ScanRow] | None, payload: dict[str, object]
    ) -> None:
        message = NewMessage(
            scan.chat_id,
            "scan",
            f"scan:{scan.id}:{due.isoformat()}",
            payload,
            priority=Priority.NEWS,
            silent=True,
            happened=due,
        )
        if not await self._scans.tell(scan.id, due, rows, message):
            _log.info("scheduled scan %s of %s was told already", scan.id, due)
        self._tried.pop(scan.id, None)
