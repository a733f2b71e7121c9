"""Market data lines: subscribed by reference count, subscribed anew after each loss, read tick by tick."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from broker import convert, errors
from broker.call import guarded, link_of, supplant, tap
from broker.library import IB
from broker.session import IbSession
from market.clock import Clock
from market.errors import BrokerError, LinkDown, RequestTimeout
from market.instrument import Instrument
from market.quote import DataKind, Quote, Tick, TickField

_DELAYED_IF_NOT_LIVE = 3
# A quote this young answers `fresh` as it is.
_YOUNG_S = 1.0
# After the first price of a burst the others are there or do not exist (an index has no bid).
_REST_OF_BURST_S = 0.25

_LAST, _BID, _ASK = TickField.LAST, TickField.BID, TickField.ASK
_HOT, _RARE, _ABSURD = convert.HOT_FIELDS, convert.RARE_FIELDS, convert.ABSURD
_NAMES = {
    TickField.LAST: "last",
    TickField.BID: "bid",
    TickField.ASK: "ask",
    TickField.HIGH: "high",
    TickField.LOW: "low",
    TickField.OPEN: "open",
    TickField.CLOSE: "close",
    TickField.VOLUME: "volume",
}
_WHOLE = frozenset({_LAST, _BID, _ASK})
# Half the time of Tick's own constructor, and there are thousands a second.
_new = tuple.__new__


@dataclass(slots=True, eq=False)
class _Line:
    """
    One instrument's subscription. *requests* are its live request ids: one, and one more while `fresh` asks.

    *last_size* is the latest trade's size until TWS has sent it again by itself; *is_watched* that the next tick
    matters to somebody who waits, or ends a refusal.
    """

    instrument: Instrument
    negative: bool
    quote: Quote
    holders: int = 0
    requests: set[int] = field(default_factory=set)
    exchange_time: datetime | None = None
    last_size: float | None = None
    trouble: str = ""
    refusal: BrokerError | None = None
    waiting: list["_Burst"] = field(default_factory=list)
    is_watched: bool = False


@dataclass(slots=True, eq=False)
class _Burst:
    """Somebody waits for new prices; *begun* after the first, *done* when last, bid and ask are there."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    seen: set[TickField] = field(default_factory=set)


class IbTickFeed:
    """
    The tick feed and the quotes it adds up to.

    Ticks are taken from the wrapper's own methods, frame by frame, and handed on when the library has worked through
    its network read. Its tickers are not used: ib_async writes -1 for sides without size and 0 for halted -1, shares
    one ticker between all requests of a contract and logs an error for each unknown tick type; ib_insync drops
    repeated quotes and does not know tick 45; both end only the last request of a contract. Generic tick 233 is never
    asked for. A bid or ask that goes away (-1, or size 0) clears the quote's side and is no tick.
    """

    def __init__(self, session: IbSession, clock: Clock) -> None:
        self._link = link_of(session)
        self._clock = clock
        self._lines: dict[int, _Line] = {}
        self._by_request: dict[int, _Line] = {}
        self._sink: Callable[[Sequence[Tick]], None] | None = None
        self._ticks: list[Tick] = []
        self._now = clock.now()
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
        line.is_watched = True
        # A line that was subscribed a moment ago answers by itself.
        extra = [] if line.quote.received is None else [self._request(line)]
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
        supplant(ib, "priceSizeTick", self._on_price)
        supplant(ib, "tickSize", self._on_size)
        supplant(ib, "tickGeneric", self._on_generic)
        supplant(ib, "tickString", self._on_text)
        supplant(ib, "tickOptionComputation", self._on_greeks)
        tap(ib, "marketDataType", self._on_kind)
        ib.updateEvent += guarded(self._flush)
        ib.errorEvent += guarded(self._on_error)
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

    def _request(self, line: _Line) -> int:
        client = self._link.ib().client
        request_id: int = client.getReqId()
        client.reqMktData(request_id, convert.contract(line.instrument), "", False, False, [])
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

    def _on_price(self, request_id: int, code: int, price: float, size: float) -> None:
        line = self._by_request.get(request_id)
        if line is None:
            return
        what = _HOT.get(code)
        if what is None or size <= 0 or not 0.0 < price < _ABSURD:
            self._on_odd(line, what or _RARE.get(code), price, size)
            return
        quote, at = line.quote, None
        if what is _LAST:
            quote.last, line.last_size, at = price, size, line.exchange_time
        elif what is _BID:
            quote.bid, quote.bid_size = price, size
        else:
            quote.ask, quote.ask_size = price, size
        if not self._ticks:
            self._now = self._clock.now()
        quote.received = now = self._now
        self._ticks.append(_new(Tick, (line.instrument, what, price, size, now, at, quote.kind)))
        if line.is_watched:
            _wake(line, what)

    def _on_odd(self, line: _Line, what: TickField | None, price: float, size: float) -> None:
        """Take a price that is of a rare kind, comes without a size, or is none."""
        if what is None:
            return
        gone = what in {_BID, _ASK} and size <= 0
        value = None if gone else convert.price(price, size, negative=line.negative)
        if value is not None:
            self._take(line, what, value, size)
        elif what is _BID:
            line.quote.bid = line.quote.bid_size = None
        elif what is _ASK:
            line.quote.ask = line.quote.ask_size = None

    def _on_size(self, request_id: int, code: int, size: float) -> None:
        line = self._by_request.get(request_id)
        what = convert.SIZES.get(code)
        if line is None or what is None or not 0 <= size < _ABSURD:
            return
        quote = line.quote
        if what is TickField.VOLUME:
            if size > 0:
                self._take(line, what, size, size)
        elif what is _LAST:
            # TWS repeats the size that came with the price; one more of the same is a trade of its own.
            repeated, line.last_size = size == line.last_size, None
            if quote.last is not None and not repeated:
                self._take(line, what, quote.last, size)
        elif (price := quote.bid if what is _BID else quote.ask) is not None:
            self._on_side(line, what, price, size)

    def _on_side(self, line: _Line, what: TickField, price: float, size: float) -> None:
        """Take a side's new size; TWS also repeats the one that came with the price."""
        if size <= 0:
            self._on_odd(line, what, price, size)
        elif size != (line.quote.bid_size if what is _BID else line.quote.ask_size):
            self._take(line, what, price, size)

    def _on_generic(self, request_id: int, code: int, value: float) -> None:
        line = self._by_request.get(request_id)
        # 0 trading, 1 and 2 halted, -1 not known.
        if line is not None and code in convert.HALTED and value >= 0:
            line.quote.halted = value > 0
            self._take(line, TickField.HALTED, float(value > 0), 0.0)

    def _on_text(self, request_id: int, code: int, value: str) -> None:
        line = self._by_request.get(request_id)
        if line is not None and code in convert.LAST_TIMES and value.isdigit():
            line.exchange_time = convert.epoch(float(value))

    def _on_greeks(self, *_values: float) -> None:
        """Let an option's model values go: nothing asks for them yet, and the library logs an error for each."""

    def _on_kind(self, request_id: int, kind: int) -> None:
        line = self._by_request.get(request_id)
        if line is not None:
            line.quote.kind = convert.DATA_KINDS.get(kind, DataKind.LIVE)

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
            line.is_watched = True
            for burst in line.waiting:
                burst.begun.set()

    def _take(self, line: _Line, what: TickField, price: float, size: float) -> None:
        quote = line.quote
        name = _NAMES.get(what)
        if name is not None:
            setattr(quote, name, price)
        if what is _BID:
            quote.bid_size = size
        elif what is _ASK:
            quote.ask_size = size
        if not self._ticks:
            self._now = self._clock.now()
        quote.received = self._now
        at = line.exchange_time if what is _LAST else None
        self._ticks.append(Tick(line.instrument, what, price, size, self._now, at, quote.kind))
        if line.is_watched:
            _wake(line, what)

    def _flush(self) -> None:
        """Hand the ticks of one network read on; the library says so once it has worked through it."""
        ticks, self._ticks = self._ticks, []
        if ticks and self._sink is not None:
            self._sink(ticks)


def _wake(line: _Line, what: TickField) -> None:
    """Tell those who wait that *what* has come; data that comes after a refusal ends that."""
    if line.refusal is not None:
        line.trouble, line.refusal = "", None
    for burst in line.waiting:
        burst.seen.add(what)
        burst.begun.set()
        if burst.seen >= _WHOLE:
            burst.done.set()
    line.is_watched = bool(line.waiting)
