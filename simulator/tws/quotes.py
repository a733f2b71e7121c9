"""Quote streams: the ticks of a market data request, live or delayed, once or until cancelled."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulator.tws import replies
from simulator.tws.book import Book, Print
from simulator.tws.exchange import Exchange
from simulator.tws.instrument import Instrument
from simulator.tws.replies import Fields
from simulator.tws.streams import Sampler, Send, Stream

LIVE, DELAYED = 1, 3


@dataclass(frozen=True, slots=True)
class TickKinds:
    """The tick types of one data type."""

    bid: int
    ask: int
    last: int
    bid_size: int
    ask_size: int
    last_size: int
    high: int
    low: int
    volume: int
    close: int
    open: int
    stamp: int
    model: int


_LIVE_KINDS = TickKinds(1, 2, 4, 0, 3, 5, 6, 7, 8, 9, 14, 45, 13)
_DELAYED_KINDS = TickKinds(66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 88, 83)


class QuoteStream(Stream):
    """Ticks of one instrument; sends only what changed since the last sample."""

    uses_line = True

    def __init__(
        self,
        exchange: Exchange,
        send: Send,
        req_id: int,
        book: Book,
        generics: set[str],
        data_type: int,
        sample_s: float,
    ) -> None:
        self.req_id = req_id
        self.book = book
        self._exchange = exchange
        self._send = send
        self._generics = generics
        self._kinds = _DELAYED_KINDS if data_type == DELAYED else _LIVE_KINDS
        self._data_type = data_type
        self._sent: dict[int, tuple[float, float]] = {}
        self._trade: Print | None = None
        self._sampler = Sampler(exchange.clock, sample_s, self._flush)

    def begin(self) -> None:
        """Send data type, tick parameters and everything known."""
        self._send((58, 1, self.req_id, self._data_type))
        self._send(replies.tick_parameters(self.req_id, self.book.instrument))
        for fields in self.everything():
            self._send(fields)
        for fields in self._extras():
            self._send(fields)

    def printed(self, book: Book, trade: Print) -> None:
        """Remember a print of ours, and tell it with the next sample."""
        if book is self.book:
            self._trade = trade
            self._sampler.poke()

    def close(self) -> None:
        """Forget what was still to come."""
        self._sampler.close()

    def everything(self) -> Iterator[Fields]:
        """Yield all ticks, changed or not."""
        self._sent.clear()
        yield from self._changes(printed=self.book.count > 0)

    def late(self) -> Fields:
        """Return a tick such as may still come after the cancel."""
        return replies.tick_size(self.req_id, self._kinds.volume, self.book.volume)

    def _flush(self) -> None:
        trade, self._trade = self._trade, None
        for fields in self._changes(printed=trade is not None):
            self._send(fields)
        if trade is not None and "233" in self._generics and self.book.instrument.trades:
            self._send(replies.tick_string(self.req_id, 48, _rt_volume(self.book, trade)))

    def _changes(self, *, printed: bool) -> Iterator[Fields]:
        book, kinds = self.book, self._kinds
        yield from self._side(kinds.bid, kinds.bid_size, book.bid, book.bid_size)
        yield from self._side(kinds.ask, kinds.ask_size, book.ask, book.ask_size)
        if book.instrument.sec_type != "CASH":
            size = book.last_size if book.instrument.trades else 0.0
            yield from self._last(size, printed=printed)
            yield from self._number(kinds.open, book.open)
        yield from self._number(kinds.high, book.high)
        yield from self._number(kinds.low, book.low)
        yield from self._number(kinds.close, book.previous_close)
        if book.instrument.trades and self._sent.get(kinds.volume) != (book.volume, 0):
            self._sent[kinds.volume] = (book.volume, 0)
            yield replies.tick_size(self.req_id, kinds.volume, book.volume)
        if book.instrument.under_key:
            yield from self._model()

    def _side(self, kind: int, size_kind: int, value: float, size: float) -> Iterator[Fields]:
        known = self._sent.get(kind)
        if book_has_no_side(self.book):
            return
        if known is None or known[0] != value:
            # A side that is gone is told as -1 with size 0; a combination's price may be below zero itself.
            yield replies.tick_price(self.req_id, kind, value if size > 0 else -1.0, size)
            yield replies.tick_size(self.req_id, size_kind, size)
        elif known[1] != size:
            yield replies.tick_size(self.req_id, size_kind, size)
        self._sent[kind] = (value, size)

    def _last(self, size: float, *, printed: bool) -> Iterator[Fields]:
        kinds, value = self._kinds, self.book.last
        known = self._sent.get(kinds.last)
        self._sent[kinds.last] = (value, size)
        if known is None or known[0] != value:
            yield replies.tick_price(self.req_id, kinds.last, value, size)
        elif not printed:
            return
        if self.book.instrument.trades:
            yield replies.tick_size(self.req_id, kinds.last_size, size)
            if self._data_type == LIVE:
                yield replies.tick_string(self.req_id, 84, self.book.exchange)
        yield replies.tick_string(self.req_id, kinds.stamp, str(int(self.book.last_time)))

    def _number(self, kind: int, value: float) -> Iterator[Fields]:
        if self._sent.get(kind) != (value, 0):
            self._sent[kind] = (value, 0)
            yield replies.tick_price(self.req_id, kind, value, 0)

    def _model(self) -> Iterator[Fields]:
        one = self.book.instrument
        under = self._exchange.book(self._exchange.catalogue.named(one.under_key)).last
        if self._sent.get(self._kinds.model) != (under, 0):
            self._sent[self._kinds.model] = (under, 0)
            model = self._exchange.greeks(one, under)
            yield replies.tick_option(self.req_id, self._kinds.model, one.volatility, model, under)

    def _extras(self) -> Iterator[Fields]:
        for number in sorted(self._generics & _EXTRAS.keys()):
            yield from _EXTRAS[number](self._exchange, self.req_id, self.book)
        if self.book.instrument.sec_type == "STK":
            yield replies.tick_generic(self.req_id, 49, 0)


def book_has_no_side(book: Book) -> bool:
    """Whether the instrument has no quotes at all, as an index."""
    return book.instrument.sec_type == "IND"


def _rt_volume(book: Book, trade: Print) -> str:
    average = book.value / book.volume if book.volume else trade.price
    return f"{trade.price:.2f};{trade.size:g};{int(trade.time * 1000)};{book.volume:.0f};{average:.8f};true"


def _ranges(exchange: Exchange, req_id: int, book: Book) -> Iterator[Fields]:
    """165: lows and highs of 13, 26 and 52 weeks, and the average volume."""
    now = exchange.clock.time()
    for number, weeks in enumerate((13, 26, 52)):
        days = exchange.bars(book.instrument, now - weeks * 7 * 86400, now + 1, 86400, regular=True)
        if days:
            yield replies.tick_price(req_id, 15 + 2 * number, min(bar.low for bar in days), 0)
            yield replies.tick_price(req_id, 16 + 2 * number, max(bar.high for bar in days), 0)
    yield replies.tick_size(req_id, 21, book.instrument.daily_volume)


def _open_interest(_: Exchange, req_id: int, book: Book) -> Iterator[Fields]:
    """101: of an option its own count on its own side and 0 on the other; of a share all its options'."""
    one = book.instrument
    if one.is_option:
        count = open_interest(one)
        for kind, right in ((27, "C"), (28, "P")):
            yield replies.tick_size(req_id, kind, count if one.right == right else 0)
    elif "OPT" in one.derivatives:
        yield replies.tick_size(req_id, 27, 1_250_000)
        yield replies.tick_size(req_id, 28, 980_000)


def _futures_open_interest(_: Exchange, req_id: int, book: Book) -> Iterator[Fields]:
    if book.instrument.sec_type == "FUT":
        yield replies.tick_size(req_id, 86, 2_045_118)


def open_interest(option: Instrument) -> int:
    """Return how many contracts of an option are open: a number of its own that stays."""
    return 500 + option.con_id % 7919


def _historical_volatility(_: Exchange, req_id: int, book: Book) -> Iterator[Fields]:
    yield replies.tick_generic(req_id, 23, book.instrument.volatility)


def _implied_volatility(_: Exchange, req_id: int, book: Book) -> Iterator[Fields]:
    yield replies.tick_generic(req_id, 24, book.instrument.volatility)


def _mark(_: Exchange, req_id: int, book: Book) -> Iterator[Fields]:
    yield replies.tick_price(req_id, 37, book.last, 0)


def _shortable(_: Exchange, req_id: int, book: Book) -> Iterator[Fields]:
    if book.instrument.sec_type == "STK":
        yield replies.tick_generic(req_id, 46, 3.0)
        yield replies.tick_size(req_id, 89, 1_250_000)


def _trade_count(_: Exchange, req_id: int, book: Book) -> Iterator[Fields]:
    yield replies.tick_generic(req_id, 54, book.count)


def _last_regular(_: Exchange, req_id: int, book: Book) -> Iterator[Fields]:
    yield replies.tick_price(req_id, 57, book.last, 0)


def _dividends(_: Exchange, req_id: int, book: Book) -> Iterator[Fields]:
    if book.instrument.sec_type == "STK":
        yield replies.tick_string(req_id, 59, "0.96,1.00,20240510,0.25")


_EXTRAS: dict[str, Callable[[Exchange, int, Book], Iterator[Fields]]] = {
    "101": _open_interest,
    "104": _historical_volatility,
    "106": _implied_volatility,
    "165": _ranges,
    "221": _mark,
    "232": _mark,
    "236": _shortable,
    "293": _trade_count,
    "318": _last_regular,
    "456": _dividends,
    "588": _futures_open_interest,
}
KNOWN_GENERICS = frozenset(_EXTRAS) | {
    "100", "105", "225", "233", "256", "258", "292", "294", "295", "375", "411", "460", "576", "577", "578",
    "586", "595", "619", "623", "mdoff",
}  # fmt: skip
