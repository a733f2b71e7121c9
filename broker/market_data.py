"""Ticks, read frame by frame, and the quotes they add up to; which lines there are is `broker/lines.py`'s."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from broker import convert, errors
from broker.call import guarded, link_of, supplant, tap
from broker.library import IB
from broker.lines import Line, Lines
from broker.questions import Questions
from broker.session import IbSession
from broker.tick_type import is_documented
from market.clock import Clock
from market.instrument import Instrument
from market.quote import DataKind, Quote, Tick, TickField

# TWS counts messages by the second; after so long it takes some again.
_CALM_S = 1.5

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
# Half the time of Tick's own constructor, and there are thousands a second.
_new = tuple.__new__


class IbTickFeed:
    """
    The tick feed and the quotes it adds up to.

    Ticks are taken from the wrapper's own methods, frame by frame, and handed on when the library has worked through
    its network read. Its tickers are not used: ib_async writes -1 for sides without size and 0 for halted -1, shares
    one ticker between all requests of a contract and logs an error for each unknown tick type; ib_insync drops
    repeated quotes and does not know tick 45; both end only the last request of a contract. Generic tick 233 is never
    asked for. A bid or ask that goes away (-1, or size 0) clears the quote's side and is a tick of its own, once.
    """

    def __init__(self, session: IbSession, clock: Clock, *, most: int = 100) -> None:
        self._link = link_of(session)
        self._session = session
        self._clock = clock
        self._lines = Lines(self._link, clock, most)
        self._questions = Questions(self._link, self._lines, session, clock)
        self._by_request = self._lines.by_request
        self._sink: Callable[[Sequence[Tick]], None] | None = None
        self._ticks: list[Tick] = []
        # Where in them each line's latest trade is whose time is still to come.
        self._prints: dict[Line, int] = {}
        self._has_close = False
        self._now = clock.now()
        self._repetition: asyncio.TimerHandle | None = None
        self._link.on_open(self._attach)
        self._link.on_sync(self._lines.replay, after_farm=True)

    def connect(self, sink: Callable[[Sequence[Tick]], None]) -> None:
        """
        Hand every tick of each network read, in order for each instrument, to *sink*; prior closes before the others.

        TWS tells them last, and a price may mean something else beside another prior close (a split).
        """
        self._sink = sink

    @property
    def cap(self) -> int:
        """How many instruments may have a line at once: *most*, or fewer where TWS said so (error 101)."""
        return self._lines.cap

    def reserve(self, count: int) -> None:
        """Leave so many of the lines to others: headlines take one for each instrument."""
        self._lines.reserve(count)

    @property
    def held_count(self) -> int:
        """How many instruments are held, with a line or waiting for one."""
        return self._lines.held_count

    def on_demoted(self, listener: Callable[[Instrument], None]) -> None:
        """Call *listener* with each held instrument that is left without a line: none is free, or error 101."""
        self._lines.on_demoted(listener)

    async def hold(self, instrument: Instrument, *, wants_greeks: bool = False, is_fast: bool = False) -> None:  # noqa: ARG002  for who shares lines out
        """
        Subscribe to *instrument*, or count one more holder; without a link or a line it is done once there is one.

        *wants_greeks*: an option's model values and open interest are ticks too.
        """
        self._lines.hold(instrument, wants_greeks=wants_greeks)

    async def release(self, instrument: Instrument, *, is_fast: bool = False) -> None:  # noqa: ARG002  as in `hold`
        """Count one holder less; the last one ends the subscription."""
        self._lines.release(instrument)

    def quote(self, con_id: int) -> Quote | None:
        """Return the latest quote of a held instrument, or None."""
        line = self._lines.of(con_id)
        return None if line is None else line.quote

    def trouble(self, con_id: int) -> str:
        """Return IBKR's own words about why this instrument has no (or only delayed) data, or ""."""
        line = self._lines.of(con_id)
        return "" if line is None else line.trouble

    def refused(self) -> Mapping[int, str]:
        """Return what TWS refuses and did not send since, by contract id, with IBKR's own words."""
        return self._lines.refused()

    def rivalled(self) -> Sequence[Instrument]:
        """Return what is held and not sent because another session of the same IBKR user has it (10197)."""
        lines = self._lines.asked_for()
        return [line.instrument for line in lines if line.refused and line.refused_code == errors.COMPETING_SESSION]

    def not_live(self) -> Mapping[Instrument, DataKind]:
        """Return which held instruments come delayed or frozen."""
        lines = self._lines.asked_for()
        return {line.instrument: line.quote.kind for line in lines if line.quote.kind is not DataKind.LIVE}

    def asked_for(self) -> Sequence[Line]:
        """Return the lines that TWS owes us, as they stand now."""
        return self._lines.asked_for()

    def renew(self, line: Line) -> None:
        """Ask for a line anew."""
        self._lines.renew(line)

    @property
    def lines(self) -> int:
        """How many of IBKR's market data lines are in use."""
        return len(self._by_request)

    async def fresh(self, instrument: Instrument, timeout_s: float = 3.0) -> Quote:
        """
        Return a copy of the quote as TWS has just sent it, complete as far as it came within *timeout_s*.

        A streaming line says nothing while nothing changes, so a quiet one is asked for anew: TWS answers a request
        with all that it has. Raises LinkDown (also where IBKR is not behind TWS), RequestTimeout (nothing came),
        NoMarketData, BrokerError.
        """
        return await self._questions.fresh(instrument, timeout_s)

    async def model(self, option: Instrument, timeout_s: float = 3.0) -> Mapping[TickField, float]:
        """
        Return what IBKR's model says of an option (greeks, implied volatility), as far as it came within *timeout_s*.

        Raises LinkDown.
        """
        return await self._questions.model(option, timeout_s)

    def _attach(self, ib: IB) -> None:
        supplant(ib, "priceSizeTick", self._on_price)
        supplant(ib, "tickSize", self._on_size)
        supplant(ib, "tickGeneric", self._on_generic)
        supplant(ib, "tickString", self._on_text)
        supplant(ib, "tickOptionComputation", self._on_greeks)
        tap(ib, "marketDataType", self._on_kind)
        ib.updateEvent += guarded(self._flush)
        ib.errorEvent += guarded(self._on_error)
        self._lines.attach()

    def _on_price(self, request_id: int, code: int, price: float, size: float) -> None:
        line = self._by_request.get(request_id)
        if line is None:
            return
        what = _HOT.get(code)
        if what is None or size <= 0 or not 0.0 < price < _ABSURD:
            self._on_odd(line, what or _rare(code), price, size)
            return
        if not self._ticks:
            self._now = self._clock.now()
        quote = line.quote
        if what is _LAST:
            quote.last, line.last_size, quote.last_time = price, size, self._now
            self._prints[line] = len(self._ticks)
        elif what is _BID:
            quote.bid, quote.bid_size = price, size
        else:
            quote.ask, quote.ask_size = price, size
        quote.received = now = self._now
        self._ticks.append(_new(Tick, (line.instrument, what, price, size, now, None, quote.kind)))
        if line.is_watched:
            _wake(line, what)

    def _on_odd(self, line: Line, what: TickField | None, price: float, size: float) -> None:
        """Take a price that is of a rare kind, comes without a size, or is none."""
        if what is None:
            return
        gone = what in {_BID, _ASK} and size <= 0
        value = None if gone else convert.price(price, size, negative=line.negative)
        if value is not None:
            self._take(line, what, value, size)
        elif what is _BID and line.quote.bid is not None:
            line.quote.bid = line.quote.bid_size = None
            self._take(line, TickField.NO_BID, 0.0, 0.0)
        elif what is _ASK and line.quote.ask is not None:
            line.quote.ask = line.quote.ask_size = None
            self._take(line, TickField.NO_ASK, 0.0, 0.0)

    def _on_size(self, request_id: int, code: int, size: float) -> None:
        line = self._by_request.get(request_id)
        what = convert.SIZES.get(code)
        if what is None:
            is_documented(code)
            return
        if line is None or not 0 <= size < _ABSURD:
            return
        quote = line.quote
        if what in convert.COUNTS:
            self._on_count(line, what, code, size)
        elif what is _LAST:
            # TWS repeats the size that came with the price; one more of the same is a trade of its own.
            repeated, line.last_size = size == line.last_size, None
            if quote.last is not None and not repeated:
                self._take(line, what, quote.last, size)
        elif (price := quote.bid if what is _BID else quote.ask) is not None:
            self._on_side(line, what, price, size)

    def _on_count(self, line: Line, what: TickField, code: int, size: float) -> None:
        """Take a size that is of no price: the session's volume, or the open interest."""
        if what is TickField.OPEN_INTEREST:
            # Of an option TWS sends both sides' counts; the other side's is 0.
            if code == convert.OPEN_INTEREST.get(line.instrument.right, code):
                self._on_value(line, what, size)
        elif size > 0:
            self._take(line, what, size, size)

    def _on_side(self, line: Line, what: TickField, price: float, size: float) -> None:
        """Take a side's new size; TWS also repeats the one that came with the price."""
        if size <= 0:
            self._on_odd(line, what, price, size)
        elif size != (line.quote.bid_size if what is _BID else line.quote.ask_size):
            self._take(line, what, price, size)

    def _on_generic(self, request_id: int, code: int, value: float) -> None:
        line = self._by_request.get(request_id)
        if code not in convert.HALTED:
            is_documented(code)
        # 0 trading, 1 and 2 halted, -1 not known.
        elif line is not None and value >= 0:
            line.quote.halted = value > 0
            self._take(line, TickField.HALTED, float(value > 0), 0.0)

    def _on_text(self, request_id: int, code: int, value: str) -> None:
        """
        Take the exchange's time of a trade: it comes after its price, in whole seconds, and not with each trade.

        A tick whose time does not follow within the same network read has none: it would be another trade's. The
        quote has the time of the latest trade, also of one whose price TWS did not repeat.
        """
        line = self._by_request.get(request_id)
        if code not in convert.LAST_TIMES:
            is_documented(code)
            return
        if line is None or not value.isdigit():
            return
        at = line.quote.last_time = convert.epoch(float(value))
        index = self._prints.pop(line, None)
        if index is not None:
            self._ticks[index] = self._ticks[index]._replace(exchange_time=at)

    def _on_greeks(self, request_id: int, code: int, _attribute: int, *model: float) -> None:
        """Take the values of IBKR's own model; those of bid, ask and last computations jump with each quote."""
        line = self._by_request.get(request_id)
        if line is None or code not in convert.MODELS:
            is_documented(code)
            return
        for what, value in convert.greeks(*model):
            self._on_value(line, what, value)

    def _on_value(self, line: Line, what: TickField, value: float) -> None:
        """Tell an option's value where it has changed, if anybody asked for them."""
        if line.wants_greeks and line.values.get(what) != value:
            line.values[what] = value
            self._take(line, what, value, 0.0)

    def _on_kind(self, request_id: int, kind: int) -> None:
        line = self._by_request.get(request_id)
        # It comes before the first tick of each request.
        self._lines.answered(request_id)
        if line is not None:
            line.quote.kind = convert.DATA_KINDS.get(kind, DataKind.LIVE)

    def _on_error(self, request_id: int, code: int, text: str, _contract: object) -> None:
        if code == errors.TOO_MANY_MESSAGES:
            self._lines.doubt()
            self._repeat_soon()
        self._lines.answered(request_id)
        line = self._by_request.get(request_id)
        if line is None:
            return
        if code == errors.TOO_MANY_LINES:
            self._lines.demote(request_id, text)
            return
        kind = errors.kind_of(code)
        if kind is errors.Kind.INFORMATIONAL and code != errors.SHOWING_DELAYED:
            return
        line.trouble = text
        if kind in {errors.Kind.FATAL, errors.Kind.WARNING}:
            # Until something comes after all: of what is "partly subscribed" that may be at once.
            line.refused, line.refused_code = f"IBKR {code}: {text}", code
            line.is_watched = True
        if kind is errors.Kind.FATAL:
            line.refusal = errors.failure(code, text)
            for burst in line.waiting:
                burst.begun.set()

    def _repeat_soon(self) -> None:
        if self._repetition is None:
            self._repetition = asyncio.get_running_loop().call_later(_CALM_S, self._repeat)

    def _repeat(self) -> None:
        self._repetition = None
        if self._lines.repeat():
            self._repeat_soon()

    def _take(self, line: Line, what: TickField, price: float, size: float) -> None:
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
        if what is _LAST:
            quote.last_time = self._now
            self._prints[line] = len(self._ticks)
        self._has_close |= what is TickField.CLOSE
        self._ticks.append(Tick(line.instrument, what, price, size, self._now, None, quote.kind))
        if line.is_watched:
            _wake(line, what)

    def _flush(self) -> None:
        """Hand the ticks of one network read on; the library says so once it has worked through it."""
        ticks, self._ticks = self._ticks, []
        self._prints.clear()
        if self._has_close:
            ticks.sort(key=lambda tick: tick.field is not TickField.CLOSE)
            self._has_close = False
        if ticks and self._sink is not None:
            self._sink(ticks)


def _rare(code: int) -> TickField | None:
    """Return what a price of a rare kind is of; None for one that is of no use, or that nobody knows."""
    what = _RARE.get(code)
    if what is None:
        is_documented(code)
    return what


def _wake(line: Line, what: TickField) -> None:
    """Tell those who wait that *what* has come; data that comes after a refusal ends that."""
    if line.refusal is not None:
        line.trouble, line.refusal = "", None
    line.refused = ""
    for burst in line.waiting:
        burst.take(what)
    line.is_watched = bool(line.waiting)
