"""Market data lines: subscribed by reference count, subscribed anew after each loss, read tick by tick."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from broker import convert, errors
from broker.call import guarded, tap
from broker.library import IB, Contract, Ticker
from broker.session import IbSession, link_of
from market.clock import Clock
from market.errors import BrokerError, LinkDown, RequestTimeout
from market.instrument import Instrument
from market.quote import DataKind, Quote, Tick, TickField

_DELAYED_IF_NOT_LIVE = 3
_LAST_TIMES = frozenset({45, 88})
# A quote this young answers `fresh` as it is.
_YOUNG_S = 1.0
# After the first price of a burst the others are there or do not exist (an index has no bid).
_REST_OF_BURST_S = 0.25

_LAST, _BID, _ASK = TickField.LAST, TickField.BID, TickField.ASK
_VOLUME, _HALTED = TickField.VOLUME, TickField.HALTED
_FIELDS = convert.FIELDS
_SIDES = frozenset({_BID, _ASK})
_PLAIN = {
    TickField.LAST: "last",
    TickField.HIGH: "high",
    TickField.LOW: "low",
    TickField.OPEN: "open",
    TickField.CLOSE: "close",
    TickField.VOLUME: "volume",
}


@dataclass(slots=True, eq=False)
class _Line:
    """One instrument's subscription. *requests* are its live request ids: one, and one more while `fresh` asks."""

    instrument: Instrument
    contract: Contract
    negative: bool
    quote: Quote
    holders: int = 0
    requests: set[int] = field(default_factory=set)
    exchange_time: datetime | None = None
    trouble: str = ""
    refusal: BrokerError | None = None
    waiting: list["_Burst"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Burst:
    """Somebody waits for new prices; *begun* after the first, *done* when last, bid and ask are there."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    seen: set[TickField] = field(default_factory=set)


class IbTickFeed:
    """
    The tick feed and the quotes it adds up to.

    The library's `cancelMktData` ends the last request of a contract only, and ib_async shares one ticker between
    all requests of a contract: request ids are kept here. Generic tick 233 is never asked for (its `0.00;0;…` reads
    as a price in ib_async). A bid or ask that goes away (-1, or size 0) clears the quote's side and is no tick.
    """

    def __init__(self, session: IbSession, clock: Clock) -> None:
        self._link = link_of(session)
        self._clock = clock
        self._lines: dict[int, _Line] = {}
        self._by_request: dict[int, _Line] = {}
        self._sink: Callable[[Sequence[Tick]], None] | None = None
        self._link.on_open(self._attach)
        self._link.on_sync(self._replay, after_farm=True)

    def connect(self, sink: Callable[[Sequence[Tick]], None]) -> None:
        """Hand every tick of each network read, in order for each instrument, to *sink*."""
        self._sink = sink

    async def hold(self, instrument: Instrument) -> None:
        """Subscribe to *instrument*, or count one more holder; without a link it is subscribed when there is one."""
        line = self._lines.get(instrument.con_id)
        if line is None:
            line = self._lines[instrument.con_id] = _Line(
                instrument,
                convert.contract(instrument),
                convert.may_be_negative(instrument.sec_type),
                Quote(instrument),
            )
        line.holders += 1
        if self._link.is_open and (line.refusal is not None or not line.requests):
            self._cancel(line, list(line.requests))
            self._request(line)

    async def release(self, instrument: Instrument) -> None:
        """Count one holder less; the last one ends the subscription."""
        line = self._lines.get(instrument.con_id)
        if line is None:
            return
        line.holders -= 1
        if line.holders <= 0:
            del self._lines[instrument.con_id]
            self._cancel(line, list(line.requests))

    def quote(self, con_id: int) -> Quote | None:
        """Return the latest quote of a held instrument, or None."""
        line = self._lines.get(con_id)
        return None if line is None else line.quote

    def trouble(self, con_id: int) -> str:
        """Return IBKR's own words about why this instrument has no (or only delayed) data, or ""."""
        line = self._lines.get(con_id)
        return "" if line is None else line.trouble

    @property
    def lines(self) -> int:
        """How many of IBKR's market data lines are in use."""
        return len(self._by_request)

    async def fresh(self, instrument: Instrument, timeout_s: float = 3.0) -> Quote:
        """
        Return a copy of the quote as TWS has just sent it, complete as far as it came within *timeout_s*.

        A streaming line says nothing while nothing changes, so a quiet one is asked for anew: TWS answers a request
        with all that it has. Raises LinkDown, RequestTimeout (nothing came), NoMarketData, BrokerError.
        """
        self._link.ib()
        await self.hold(instrument)
        line = self._lines[instrument.con_id]
        try:
            age = line.quote.age(self._clock.now())
            if line.quote.price is None or age is None or age.total_seconds() > _YOUNG_S:
                await self._burst(line, timeout_s)
            return replace(line.quote)
        finally:
            await self.release(instrument)

    async def _burst(self, line: _Line, timeout_s: float) -> None:
        burst = _Burst()
        line.waiting.append(burst)
        # A line that was subscribed a moment ago answers by itself.
        extra = [] if line.quote.received is None else [self._request(line, anew=True)]
        try:
            async with asyncio.timeout(timeout_s):
                await burst.begun.wait()
            if line.refusal is not None:
                raise line.refusal
            with suppress(TimeoutError):
                async with asyncio.timeout(_REST_OF_BURST_S):
                    await burst.done.wait()
        except TimeoutError:
            self._link.ib()
            raise RequestTimeout("quote", timeout_s) from None
        finally:
            line.waiting.remove(burst)
            self._cancel(line, extra)

    def _attach(self, ib: IB) -> None:
        ib.pendingTickersEvent += guarded(self._on_tickers)
        ib.errorEvent += guarded(self._on_error)
        # ib_insync does not know tick 45; both hand the text through here.
        tap(ib, "tickString", self._on_text)
        # What was asked of the connection before is gone with it.
        self._by_request.clear()
        for line in self._lines.values():
            line.requests.clear()

    async def _replay(self) -> None:
        try:
            self._link.ib().reqMarketDataType(_DELAYED_IF_NOT_LIVE)
            for line in list(self._lines.values()):
                self._cancel(line, list(line.requests))
                self._request(line)
        except ConnectionError:
            raise LinkDown from None

    def _request(self, line: _Line, *, anew: bool = False) -> int:
        ib = self._link.ib()
        # ib_insync tells tickers apart by the contract object and drops what its ticker has seen; a new object for
        # a question asked anew makes it tell everything again.
        contract = convert.contract(line.instrument) if anew else line.contract
        request_id: int = ib.client.getReqId()
        ib.wrapper.startTicker(request_id, contract, "mktData")
        ib.client.reqMktData(request_id, contract, "", False, False, [])
        line.trouble, line.refusal = "", None
        line.requests.add(request_id)
        self._by_request[request_id] = line
        return request_id

    def _cancel(self, line: _Line, requests: list[int]) -> None:
        for request_id in requests:
            line.requests.discard(request_id)
            self._by_request.pop(request_id, None)
            if self._link.is_open:
                self._link.ib().client.cancelMktData(request_id)

    def _on_text(self, request_id: int, tick_type: int, value: str) -> None:
        if tick_type in _LAST_TIMES:
            line = self._by_request.get(request_id)
            if line is not None and value:
                line.exchange_time = convert.epoch(float(value))

    def _on_error(self, request_id: int, code: int, text: str, _contract: object) -> None:
        line = self._by_request.get(request_id)
        if line is None:
            return
        kind = errors.kind_of(code)
        if kind is errors.Kind.INFORMATIONAL and code != errors.SHOWING_DELAYED:
            return
        line.trouble = text
        if kind is errors.Kind.FATAL:
            line.refusal = errors.failure(code, text)
            for burst in line.waiting:
                burst.begun.set()

    def _on_tickers(self, tickers: set[Ticker]) -> None:
        now = self._clock.now()
        ticks: list[Tick] = []
        for ticker in tickers:
            contract = ticker.contract
            line = self._lines.get(contract.conId) if contract is not None else None
            if line is not None:
                before = len(ticks)
                _read(line, ticker, now, ticks)
                if line.refusal is not None and len(ticks) > before:
                    # The competing session is over.
                    line.trouble, line.refusal = "", None
                if line.waiting:
                    _wake(line, ticks[before:])
        if ticks and self._sink is not None:
            self._sink(ticks)


def _read(line: _Line, ticker: Ticker, now: datetime, out: list[Tick]) -> None:
    """Append the ticks of one ticker's network read to *out* and bring the line's quote up to date."""
    quote, instrument = line.quote, line.instrument
    quote.received = now
    quote.kind = kind = convert.DATA_KINDS.get(ticker.marketDataType, DataKind.LIVE)
    at = line.exchange_time
    for _, code, price, size in ticker.ticks:
        what = _FIELDS.get(code) or _traded_again(line, code, price, size, out)
        if what is None:
            continue
        if size <= 0 or not 0.0 < price < convert.ABSURD:
            odd = _odd(line, what, price, size)
            if odd is None:
                continue
            price = odd  # noqa: PLW2901  what the library had no price for
        if what is _BID:
            quote.bid, quote.bid_size = price, size
        elif what is _ASK:
            quote.ask, quote.ask_size = price, size
        elif what in _PLAIN:
            setattr(quote, _PLAIN[what], price)
        out.append(Tick(instrument, what, price, size, now, at if what is _LAST else None, kind))


def _odd(line: _Line, what: TickField, price: float, size: float) -> float | None:
    """Return the price of a tick that has no size or no plain price, or None if there is none; clears gone sides."""
    if what is _VOLUME:
        return size if 0 < size < convert.ABSURD else None
    if what is _HALTED:
        # 0 trading, 1 and 2 halted, -1 not known (which ib_async has made 0).
        line.quote.halted = price > 0
        return None if price < 0 else float(price > 0)
    gone = what in _SIDES and size <= 0
    value = None if gone else convert.price(price, size, negative=line.negative)
    if value is None and what is _BID:
        line.quote.bid = line.quote.bid_size = None
    elif value is None and what is _ASK:
        line.quote.ask = line.quote.ask_size = None
    return value


def _traded_again(line: _Line, code: int, price: float, size: float, out: list[Tick]) -> TickField | None:
    """Return LAST for a last size that is a trade of its own, not the size of the tick just before."""
    if code not in convert.LAST_SIZES or (price == line.quote.last and _is_told(out, line.instrument, size)):
        return None
    return _LAST


def _is_told(out: list[Tick], instrument: Instrument, size: float) -> bool:
    """Whether the trade that this last size speaks of is the tick just before."""
    for tick in reversed(out):
        if tick.instrument is not instrument:
            return False
        if tick.field is _LAST:
            return tick.size == size
    return False


def _wake(line: _Line, ticks: list[Tick]) -> None:
    for burst in line.waiting:
        if ticks:
            burst.seen.update(tick.field for tick in ticks)
            burst.begun.set()
        if {_LAST, _BID, _ASK} <= burst.seen:
            burst.done.set()
