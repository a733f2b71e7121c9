"""Market scans: subscribed by reference count, replayed after each loss."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from alerts.errors import TooManyScans
from broker import convert, errors
from broker.call import guarded, link_of, tap
from broker.library import IB, ContractDetails, ScannerSubscription
from broker.session import IbSession
from market.errors import BrokerError, RequestTimeout
from market.scan import ScanRow, ScanSpec

# IBKR's limits: active scans, and rows of each.
_CAP = 10
_ROWS = 50


@dataclass(slots=True, eq=False)
class _Scan:
    """One subscription; *rows* is the latest complete list, None before the first; *refused* is why none comes."""

    spec: ScanSpec
    holders: int = 0
    request_id: int = 0
    coming: list[ScanRow] = field(default_factory=list)
    rows: tuple[ScanRow, ...] | None = None
    refused: str = ""
    waiting: list[asyncio.Future[tuple[ScanRow, ...]]] = field(default_factory=list)


class IbScanFeed:
    """
    The scan feed.

    Rows are read from the frames: the library's list keeps its old rows when a scan comes back empty.
    """

    def __init__(self, session: IbSession, *, timeout_s: float = 15.0) -> None:
        self._link = link_of(session)
        self._timeout_s = timeout_s
        self._scans: dict[ScanSpec, _Scan] = {}
        self._by_request: dict[int, _Scan] = {}
        self._sink: Callable[[ScanSpec, Sequence[ScanRow]], None] | None = None
        self._link.on_open(self._attach)
        self._link.on_sync(self._replay, after_farm=True)

    def connect(self, sink: Callable[[ScanSpec, Sequence[ScanRow]], None]) -> None:
        """Hand every complete result list to *sink*."""
        self._sink = sink

    async def hold(self, spec: ScanSpec) -> None:
        """Subscribe to *spec*, or count one more holder. Raises TooManyScans past IBKR's ten."""
        scan = self._scans.get(spec)
        if scan is None:
            if len(self._scans) >= _CAP:
                raise TooManyScans(_CAP)
            scan = self._scans[spec] = _Scan(spec)
        scan.holders += 1
        if not scan.request_id and self._link.is_open:
            self._request(scan)

    async def release(self, spec: ScanSpec) -> None:
        """Count one holder less; the last one ends the subscription."""
        scan = self._scans.get(spec)
        if scan is None:
            return
        scan.holders -= 1
        if scan.holders <= 0:
            del self._scans[spec]
            self._cancel(scan)

    def refused(self) -> Mapping[ScanSpec, str]:
        """Return the held scans that TWS refuses, with IBKR's own words."""
        return {spec: scan.refused for spec, scan in self._scans.items() if scan.refused}

    async def run_once(self, spec: ScanSpec) -> Sequence[ScanRow]:
        """
        Return the scan's rows now; a scan that is held already answers with its latest.

        Raises TooManyScans, LinkDown, RequestTimeout, BrokerError (no permission, unknown code).
        """
        self._link.ib()
        await self.hold(spec)
        scan = self._scans[spec]
        answer = self._link.expect()
        scan.waiting.append(answer)
        try:
            if scan.rows is not None:
                return scan.rows
            async with asyncio.timeout(self._timeout_s):
                rows: tuple[ScanRow, ...] = await answer
                return rows
        except TimeoutError:
            raise RequestTimeout("scan", self._timeout_s) from None
        finally:
            scan.waiting.remove(answer)
            answer.cancel()
            await self.release(spec)

    def _attach(self, ib: IB) -> None:
        tap(ib, "scannerData", self._on_row)
        tap(ib, "scannerDataEnd", self._on_end)
        ib.errorEvent += guarded(self._on_error)
        self._by_request.clear()
        for scan in self._scans.values():
            scan.request_id = 0

    async def _replay(self) -> None:
        for scan in list(self._scans.values()):
            self._cancel(scan)
            self._request(scan)

    def _request(self, scan: _Scan) -> None:
        spec, client = scan.spec, self._link.ib().client
        subscription = ScannerSubscription(
            numberOfRows=min(spec.rows, _ROWS),
            instrument=spec.instrument,
            locationCode=spec.location,
            scanCode=spec.code,
        )
        if spec.above_price is not None:
            subscription.abovePrice = spec.above_price
        if spec.below_price is not None:
            subscription.belowPrice = spec.below_price
        if spec.above_volume is not None:
            subscription.aboveVolume = spec.above_volume
        scan.request_id = client.getReqId()
        # What was seen before the link was lost is no answer any more.
        scan.coming, scan.rows = [], None
        self._by_request[scan.request_id] = scan
        client.reqScannerSubscription(scan.request_id, subscription, [], [])

    def _cancel(self, scan: _Scan) -> None:
        request_id, scan.request_id = scan.request_id, 0
        if self._by_request.pop(request_id, None) is not None and self._link.is_open:
            self._link.ib().client.cancelScannerSubscription(request_id)

    def _on_row(self, request_id: int, rank: int, details: ContractDetails, *_rest: str) -> None:
        scan = self._by_request.get(request_id)
        if scan is None or details.contract is None:
            return
        instrument = convert.instrument(details.contract, smart=True)
        if instrument is not None:
            # IBKR counts from 0.
            scan.coming.append(ScanRow(rank + 1, instrument))

    def _on_end(self, request_id: int) -> None:
        scan = self._by_request.get(request_id)
        if scan is not None:
            rows, scan.coming = scan.coming, []
            self._settle(scan, tuple(sorted(rows, key=lambda row: row.rank)[: scan.spec.rows]))

    def _on_error(self, request_id: int, code: int, text: str, _contract: object) -> None:
        scan = self._by_request.get(request_id)
        if scan is None:
            return
        # "No items retrieved" comes as 165, or as 162 with the same words.
        if code == errors.SCAN_EMPTY or (code == errors.HISTORY and "no items" in text.lower()):
            self._settle(scan, ())
        elif errors.kind_of(code) is errors.Kind.FATAL:
            self._by_request.pop(request_id)
            scan.request_id = 0
            scan.refused = f"IBKR {code}: {text}"
            _fail(scan, errors.failure(code, text))

    def _settle(self, scan: _Scan, rows: tuple[ScanRow, ...]) -> None:
        scan.rows, scan.refused = rows, ""
        for answer in scan.waiting:
            if not answer.done():
                answer.set_result(rows)
        if self._sink is not None:
            self._sink(scan.spec, rows)


def _fail(scan: _Scan, error: BrokerError) -> None:
    for answer in scan.waiting:
        if not answer.done():
            answer.set_exception(error)
