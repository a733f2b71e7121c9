"""Market scans: subscribed by reference count, replayed after each loss."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from alerts.errors import TooManyScans
from broker import convert, errors
from broker.call import guarded, link_of, tap
from broker.catalogue import IbCatalogue
from broker.library import IB, ContractDetails, ScannerSubscription, TagValue
from broker.session import IbSession
from market.errors import BrokerError, RequestTimeout
from market.scan import MOST_ROWS, ScanRow, ScanSpec, whole
from market.scan_catalogue import ScanCatalogue

_log = logging.getLogger(__name__)

# IBKR runs ten scans at once; the tenth is kept for those who want to see one now.
_HELD = 9
_WARNED = 100
# How long a held scan that was refused rests before it is asked for again: at first, and at most.
_AGAIN_S = (120.0, 3600.0)
_MOST_DOUBLED = 10


@dataclass(slots=True, eq=False)
class _Scan:
    """
    One subscription of all rows. *holders* are the specs held, *guests* those who wait for one list only.

    *rows* is the latest complete list, None before the first; *refused* is why none comes. *is_passing*: it uses the
    tenth place, since nobody holds it. *again* waits to ask anew, where the refusal may pass; *tries* in vain so far;
    *is_hurried*: it was asked for because the farm is back, which counts once until then.
    """

    spec: ScanSpec
    is_passing: bool
    holders: Counter[ScanSpec] = field(default_factory=Counter)
    guests: int = 0
    request_id: int = 0
    coming: list[ScanRow] = field(default_factory=list)
    rows: tuple[ScanRow, ...] | None = None
    refused: str = ""
    waiting: list[asyncio.Future[tuple[ScanRow, ...]]] = field(default_factory=list)
    again: asyncio.TimerHandle | None = None
    tries: int = 0
    is_hurried: bool = False

    def rest(self) -> None:
        """Wait no longer to ask anew."""
        if self.again is not None:
            self.again.cancel()
            self.again = None


class IbScanFeed:
    """
    The scan feed.

    Specs that differ in their number of rows alone share one subscription. Rows are read from the frames: the
    library's list keeps its old rows when a scan comes back empty. A held scan that IBKR's service refused for a reason
    that may pass is asked for again: when its farm is back, and after *again_s* (first and longest pause, doubling).
    """

    def __init__(
        self,
        session: IbSession,
        catalogue: IbCatalogue,
        *,
        timeout_s: float = 15.0,
        again_s: tuple[float, float] = _AGAIN_S,
    ) -> None:
        self._link = link_of(session)
        self._catalogue = catalogue
        self._timeout_s = timeout_s
        self._again_s = again_s
        self._scans: dict[ScanSpec, _Scan] = {}
        self._by_request: dict[int, _Scan] = {}
        self._warned: dict[ScanSpec, str] = {}
        self._passing = asyncio.Semaphore(1)
        self._sink: Callable[[ScanSpec, Sequence[ScanRow]], None] | None = None
        self._link.on_open(self._attach)
        self._link.on_sync(self._replay, after_farm=True)

    @property
    def known(self) -> ScanCatalogue | None:
        """What scans there are as far as known without asking; None before IBKR has told for the first time."""
        return self._catalogue.known

    async def catalogue(self) -> ScanCatalogue:
        """
        Return what scans there are, at once where it is known.

        Raises LinkDown, RequestTimeout, BrokerError.
        """
        return await self._catalogue.get()

    async def renew(self) -> None:
        """See to it, in the background, that what scans there are is known and not old."""
        self._catalogue.renew()

    def connect(self, sink: Callable[[ScanSpec, Sequence[ScanRow]], None]) -> None:
        """Hand every complete result list to *sink*: for each spec held its own first rows."""
        self._sink = sink

    async def hold(self, spec: ScanSpec) -> None:
        """Subscribe to *spec*, or count one more holder. Raises TooManyScans past the nine that may be held."""
        scan = self._scans.get(whole(spec))
        if scan is None or scan.is_passing:
            if sum(not one.is_passing for one in self._scans.values()) >= _HELD:
                raise TooManyScans(_HELD)
            scan = scan or self._open(spec, is_passing=False)
            self._give_back(scan)
        scan.holders[spec] += 1
        if not scan.request_id and self._link.is_open:
            self._request(scan)

    async def release(self, spec: ScanSpec) -> None:
        """Count one holder less; the last one ends the subscription."""
        scan = self._scans.get(whole(spec))
        if scan is None or spec not in scan.holders:
            return
        scan.holders[spec] -= 1
        # Also of a count that is zero a Counter keeps the key.
        scan.holders += Counter()
        self._close_unused(scan)

    def refused(self) -> Mapping[ScanSpec, str]:
        """Return the held specs that TWS refuses, with why."""
        return {spec: scan.refused for scan in self._scans.values() if scan.refused for spec in scan.holders}

    def warning(self, spec: ScanSpec) -> str:
        """Return what IBKR warned of when it last ran *spec* (it lacks data, so ranks are not exact: 492), or ""."""
        return self._warned.get(whole(spec), "")

    async def run_once(self, spec: ScanSpec) -> Sequence[ScanRow]:
        """
        Return the scan's rows now; a scan that runs already answers with its latest.

        Else it takes the place that is kept for this, after those who came before, all within the one timeout.
        Raises LinkDown, RequestTimeout, BrokerError (no permission, unknown code).
        """
        self._link.ib()
        try:
            async with asyncio.timeout(self._timeout_s):
                scan = self._scans.get(whole(spec)) or await self._place(spec)
                rows = await self._list_of(scan)
        except TimeoutError:
            raise RequestTimeout("scan", self._timeout_s) from None
        return rows[: spec.rows]

    async def _place(self, spec: ScanSpec) -> _Scan:
        await self._passing.acquire()
        # Somebody may have begun it meanwhile.
        scan = self._scans.get(whole(spec))
        if scan is not None:
            self._passing.release()
            return scan
        return self._open(spec, is_passing=True)

    async def _list_of(self, scan: _Scan) -> tuple[ScanRow, ...]:
        scan.guests += 1
        answer = self._link.expect()
        scan.waiting.append(answer)
        try:
            if scan.rows is not None:
                return scan.rows
            if not scan.request_id:
                self._request(scan)
            rows: tuple[ScanRow, ...] = await answer
            return rows
        finally:
            scan.waiting.remove(answer)
            answer.cancel()
            scan.guests -= 1
            self._close_unused(scan)

    def _open(self, spec: ScanSpec, *, is_passing: bool) -> _Scan:
        key = whole(spec)
        scan = self._scans[key] = _Scan(key, is_passing)
        return scan

    def _close_unused(self, scan: _Scan) -> None:
        if not scan.holders and not scan.guests:
            del self._scans[scan.spec]
            scan.rest()
            self._cancel(scan)
            self._give_back(scan)

    def _give_back(self, scan: _Scan) -> None:
        if scan.is_passing:
            scan.is_passing = False
            self._passing.release()

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
        client = self._link.ib().client
        scan.rest()
        scan.request_id = client.getReqId()
        # What was seen before the link was lost is no answer any more.
        scan.coming, scan.rows = [], None
        self._warned.pop(scan.spec, None)
        self._by_request[scan.request_id] = scan
        filters = [TagValue(code, value) for code, value in scan.spec.filters]
        client.reqScannerSubscription(scan.request_id, _subscription(scan.spec), [], filters)

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
            self._settle(scan, tuple(sorted(rows, key=lambda row: row.rank)[:MOST_ROWS]))

    def _on_error(self, request_id: int, code: int, text: str, _contract: object) -> None:
        # What answers a cancel finds no scan any more.
        scan = self._by_request.get(request_id)
        if scan is None:
            self._on_notice(code)
            return
        # "No items retrieved" comes as 165, or as 162 with the same words.
        if code == errors.SCAN_EMPTY or (code == errors.HISTORY and "no items" in text.lower()):
            self._settle(scan, ())
        elif code == errors.SCAN_IMPRECISE:
            self._warn(scan, errors.scan_words(code, text))
        elif errors.kind_of(code) is errors.Kind.FATAL:
            self._by_request.pop(request_id)
            scan.request_id = 0
            words = errors.scan_words(code, text)
            _log.info("scan %s does not run any more: IBKR %s: %s", scan.spec.code, code, words)
            scan.rows, scan.refused = None, f"IBKR {code}: {words}"
            if scan.holders and errors.may_pass(code, text):
                self._wait(scan)
            _fail(scan, errors.failure(code, words))

    def _on_notice(self, code: int) -> None:
        if code == errors.HISTORY_FARM_BROKEN:
            for scan in self._scans.values():
                scan.is_hurried = False
        elif code in errors.HISTORY_FARM_OK and self._link.is_open:
            for scan in list(self._scans.values()):
                # Once: the question itself can wake a farm that then fails it.
                if scan.again is not None and not scan.is_hurried:
                    scan.is_hurried = True
                    self._request(scan)

    def _wait(self, scan: _Scan) -> None:
        first_s, longest_s = self._again_s
        pause_s = min(first_s * 2 ** min(scan.tries, _MOST_DOUBLED), longest_s)
        scan.tries += 1
        scan.rest()
        scan.again = asyncio.get_running_loop().call_later(pause_s, self._ask_again, scan)

    def _ask_again(self, scan: _Scan) -> None:
        scan.again, scan.is_hurried = None, False
        # Without a link the next one asks for all.
        if not scan.request_id and self._link.is_open:
            self._request(scan)

    def _warn(self, scan: _Scan, words: str) -> None:
        self._warned[scan.spec] = words
        if len(self._warned) > _WARNED:
            del self._warned[next(iter(self._warned))]

    def _settle(self, scan: _Scan, rows: tuple[ScanRow, ...]) -> None:
        scan.rows, scan.refused = rows, ""
        scan.tries, scan.is_hurried = 0, False
        for answer in scan.waiting:
            if not answer.done():
                answer.set_result(rows)
        if self._sink is not None:
            for spec in list(scan.holders):
                self._sink(spec, rows[: spec.rows])


def _subscription(spec: ScanSpec) -> ScannerSubscription:
    subscription = ScannerSubscription(
        numberOfRows=MOST_ROWS, instrument=spec.instrument, locationCode=spec.location, scanCode=spec.code
    )
    if spec.above_price is not None:
        subscription.abovePrice = spec.above_price
    if spec.below_price is not None:
        subscription.belowPrice = spec.below_price
    if spec.above_volume is not None:
        subscription.aboveVolume = spec.above_volume
    return subscription


def _fail(scan: _Scan, error: BrokerError) -> None:
    for answer in scan.waiting:
        if not answer.done():
            answer.set_exception(error)
