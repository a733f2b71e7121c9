"""Scans in memory: what IBKR shows and can do, and what people keep."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from market.hours import Hours
from market.scan import ScanRow, ScanSpec
from market.scan_catalogue import ScanCatalogue, ScanFilter, ScanLocation, ScanType, ScanUniverse
from storage.message import NewMessage
from storage.saved_scan import SavedScan

STOCKS = frozenset({"STK"})
CATALOGUE = ScanCatalogue(
    types=(
        *(
            ScanType(code, name, frozenset({"STK", "STOCK.EU"}))
            for code, name in (("TOP_PERC_GAIN", "Top % Gainers"), ("MOST_ACTIVE", "Most Active"))
        ),
        ScanType("HIGH_OPEN_GAP", "High Open Gap", STOCKS),
        ScanType("LOW_OPEN_GAP", "Low Open Gap", STOCKS),
        *(ScanType(f"CODE_{number}", f"Scan <{number}>", STOCKS) for number in range(9)),
    ),
    universes=(
        ScanUniverse("STK", "US Stocks", frozenset({"PRICE", "CAP", "SECTOR", "GAP"})),
        ScanUniverse("STOCK.EU", "European Stocks", frozenset({"PRICE"})),
    ),
    locations=(
        ScanLocation("STK.US", "US Stocks", STOCKS),
        ScanLocation("STK.US.MAJOR", "Listed/NASDAQ", STOCKS, "STK.US"),
        ScanLocation("STK.NASDAQ", "NASDAQ", STOCKS, "STK.US.MAJOR"),
        ScanLocation("STK.EU.IBIS", "Germany", frozenset({"STOCK.EU"})),
    ),
    filters=(
        ScanFilter("marketCapAbove1e6", "Market Cap Above", "number", "CAP"),
        ScanFilter("openGapPercAbove", "Open Gap % Above", "number", "GAP"),
        ScanFilter("sectorIs", "Sector", "choice", "SECTOR", choices=(("TECH", "Technology"), ("ENER", "Energy"))),
        ScanFilter("priceAbove", "Price Above", "number", "PRICE"),
    ),
)


class FakeScans:
    """Implements `ScanRunner`; *lists* has rows for scans by their codes, *rows* for all others."""

    def __init__(self) -> None:
        self.rows: list[ScanRow] = []
        self.lists: dict[str, list[ScanRow]] = {}
        self.asked: list[ScanSpec] = []
        self.error: Exception | None = None
        self.warnings = ""
        self.known: ScanCatalogue | None = None
        self.listed = CATALOGUE
        self.answers = asyncio.Event()
        """Cleared: IBKR lets wait for its answers."""
        self.answers.set()

    async def run_once(self, spec: ScanSpec) -> Sequence[ScanRow]:
        self.asked.append(spec)
        await self.answers.wait()
        if self.error is not None:
            raise self.error
        return self.lists.get(spec.code, self.rows)[: spec.rows]

    async def catalogue(self) -> ScanCatalogue:
        await self.answers.wait()
        if self.error is not None:
            raise self.error
        return self.listed

    def warning(self, spec: ScanSpec) -> str:
        return self.warnings


class FakeSavedScans:
    """Implements `bot.handlers.scan_shelf.SavedScans` and `bot.scan_schedule.ScheduledScans`."""

    def __init__(self) -> None:
        self.kept: dict[int, SavedScan] = {}
        self.deleted: dict[int, tuple[SavedScan, datetime]] = {}
        self.outbox: dict[str, NewMessage] = {}

    async def keep(self, owner_id: int, chat_id: int, line: str, at: datetime) -> SavedScan:
        known = [one for one in self.kept.values() if (one.owner_id, one.line) == (owner_id, line)]
        if not known:
            number = len(self.kept) + len(self.deleted) + 1
            self.kept[number] = SavedScan(number, owner_id, chat_id, line, "", "", False, at, None, None)
            known = [self.kept[number]]
        return known[0]

    async def get(self, scan_id: int, owner_id: int) -> SavedScan | None:
        scan = self.kept.get(scan_id)
        return scan if scan is not None and scan.owner_id == owner_id else None

    async def of(self, owner_id: int) -> Sequence[SavedScan]:
        return [one for one in self.kept.values() if one.owner_id == owner_id and one.is_saved]

    async def scheduled(self) -> Sequence[SavedScan]:
        return [one for one in self.kept.values() if one.schedule and one.is_saved and not one.paused]

    async def save(self, scan_id: int, owner_id: int, name: str, most: int) -> bool:
        if sum(one.id != scan_id for one in await self.of(owner_id)) >= most:
            return False
        self._change(scan_id, name=name)
        return True

    async def schedule(self, scan_id: int, owner_id: int, chat_id: int, schedule: str, at: datetime) -> None:
        self._change(scan_id, chat_id=chat_id, schedule=schedule, due=at, paused=False)

    async def pause(self, scan_id: int, owner_id: int, at: datetime, *, paused: bool) -> None:
        self._change(scan_id, paused=paused, due=at)

    async def tell(self, scan_id: int, due: datetime, rows: Sequence[ScanRow] | None, message: NewMessage) -> bool:
        is_new = message.dedupe_key not in self.outbox
        if is_new:
            # As the database keeps it.
            self.outbox[message.dedupe_key] = replace(message, payload=json.loads(json.dumps(message.payload)))
        if scan_id in self.kept:
            told = self.kept[scan_id].told if rows is None or not is_new else tuple(rows)
            self._change(scan_id, due=due, told=told)
        return is_new

    async def remove(self, scan_id: int, owner_id: int, at: datetime) -> None:
        self.deleted[scan_id] = (self.kept.pop(scan_id), at)

    async def restore(self, scan_id: int, owner_id: int, since: datetime, at: datetime) -> bool:
        scan, gone = self.deleted.get(scan_id, (None, since))
        if scan is None or scan.owner_id != owner_id or gone < since:
            return False
        self.kept[scan_id] = replace(scan, due=at)
        del self.deleted[scan_id]
        return True

    def _change(self, scan_id: int, **values: object) -> None:
        self.kept[scan_id] = replace(self.kept[scan_id], **values)  # type: ignore[arg-type]  # its own fields


async def no_sessions(_since: date) -> Hours:
    """Know of no sessions."""
    return Hours("America/New_York", ())
