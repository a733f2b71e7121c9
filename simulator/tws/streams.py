"""
What a client has subscribed to: quotes, bars, ticks, news, profit, scans.

A stream sends what happens to its client until it is closed. Quotes and bars
are sampled as real TWS samples them: between two samples only the last print
is told, while high, low, volume and bars have seen all.
"""

import asyncio
from collections.abc import Callable

from simulator.tws import replies
from simulator.tws.bars import Bar, joined
from simulator.tws.book import Book, Print
from simulator.tws.clock import Clock
from simulator.tws.instrument import Instrument
from simulator.tws.newsroom import NewsItem, live_headline
from simulator.tws.replies import Fields

Send = Callable[[Fields], None]


class Stream:
    """A subscription; each kind overrides what it cares for."""

    # Whether the stream is gone after 1101, and whether it uses a market data line.
    is_market_data = True
    uses_line = False

    def printed(self, book: Book, trade: Print) -> None:
        """A book saw a print."""

    def published(self, item: NewsItem) -> None:
        """A headline came out."""

    def reranked(self, scan_code: str) -> None:
        """The ranks of a scan were changed."""

    def pulse(self, now: float) -> None:
        """About a second has passed."""

    def close(self) -> None:
        """The subscription ends."""


class Sampler:
    """Runs *action* at most once in *interval* seconds, never losing the last call."""

    def __init__(self, clock: Clock, interval: float, action: Callable[[], None]) -> None:
        self._clock = clock
        self._interval = interval
        self._action = action
        self._last = float("-inf")
        self._later: asyncio.Task[None] | None = None

    def poke(self) -> None:
        """Run the action now, or when the interval has passed."""
        left = self._last + self._interval - self._clock.time()
        if left <= 0:
            self._run()
        elif self._later is None:
            self._later = asyncio.get_running_loop().create_task(self._wait(left))

    async def _wait(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._later = None
        self._run()

    def _run(self) -> None:
        self._last = self._clock.time()
        self._action()

    def close(self) -> None:
        """Forget what was still to come."""
        if self._later is not None:
            self._later.cancel()
            self._later = None


class NewsStream(Stream):
    """
    Headlines of *providers* on an instrument, or of a provider's broad tape.

    Without prices beside it (*is_alone*) it takes a market data line of its own.
    """

    def __init__(
        self, send: Send, seed: int, req_id: int, instrument: Instrument, providers: set[str], *, is_alone: bool
    ) -> None:
        self._send = send
        self._seed = seed
        self._req_id = req_id
        self._instrument = instrument
        self._providers = providers
        self.uses_line = is_alone

    def published(self, item: NewsItem) -> None:
        """Pass a headline on if it is one of ours."""
        if item.is_about(self._instrument) and item.provider in self._providers:
            told = live_headline(item, self._seed)
            self._send(replies.tick_news(self._req_id, item.time, item.provider, item.article_id, *told))


class BarStream(Stream):
    """The current bar of a historical request that is kept up to date."""

    def __init__(self, sampler: Sampler, instrument: Instrument) -> None:
        self._sampler = sampler
        self._con_id = instrument.con_id

    def printed(self, book: Book, trade: Print) -> None:  # noqa: ARG002 - the bar has seen the print already
        """Tell the current bar, soon."""
        if book.instrument.con_id == self._con_id:
            self._sampler.poke()

    def close(self) -> None:
        """Forget what was still to come."""
        self._sampler.close()


class RealTimeBarStream(Stream):
    """Five-second bars; without prints a bar stands at the last price."""

    uses_line = True

    def __init__(self, send: Send, req_id: int, book: Book, now: float, shift: Callable[[Bar], Bar]) -> None:
        self._send = send
        self._req_id = req_id
        self._book = book
        self._shift = shift
        self._next = int(now) // 5 * 5 + 5

    def pulse(self, now: float) -> None:
        """Send every bar that has ended."""
        while self._next <= now:
            start = self._next - 5
            inside = [bar for bar in self._book.seconds if start <= bar.start < self._next]
            last = self._book.last
            bar = joined(inside, start) if inside else Bar(start, last, last, last, last, 0.0, 0.0, 0)
            self._send(replies.real_time_bar(self._req_id, self._shift(bar), traded=self._book.instrument.trades))
            self._next += 5


class TickByTickStream(Stream):
    """Every single print or quote, unsampled."""

    uses_line = True

    def __init__(self, send: Send, req_id: int, instrument: Instrument, kind: str) -> None:
        self._send = send
        self._req_id = req_id
        self._con_id = instrument.con_id
        self._kind = kind

    def printed(self, book: Book, trade: Print) -> None:
        """Send the print as the subscription's kind sees it."""
        if book.instrument.con_id != self._con_id:
            return
        if self._kind == "BidAsk":
            self._send(replies.tick_by_tick_quote(self._req_id, trade.time, book))
        elif self._kind == "MidPoint":
            self._send(replies.tick_by_tick_middle(self._req_id, trade.time, book.middle))
        else:
            kind = 1 if self._kind == "Last" else 2
            last = (trade.price, trade.size, trade.exchange)
            self._send(replies.tick_by_tick_last(self._req_id, kind, trade.time, *last))


class PeriodicStream(Stream):
    """Something sent every *period* seconds, and at once when poked: profit, account values, scans."""

    def __init__(self, period: float, now: float, action: Callable[[], None], *, is_market_data: bool) -> None:
        self._period = period
        self._action = action
        self._due = now + period
        self.is_market_data = is_market_data

    def pulse(self, now: float) -> None:
        """Send if it is due."""
        if now >= self._due:
            self.poke(now)

    def poke(self, now: float) -> None:
        """Send now; the next time is a period later."""
        self._due = now + self._period
        self._action()


class ScanStream(PeriodicStream):
    """A scanner subscription."""

    def __init__(self, scan_code: str, clock: Clock, period: float, action: Callable[[], None]) -> None:
        super().__init__(period, clock.time(), action, is_market_data=True)
        self._scan_code = scan_code
        self._clock = clock

    def reranked(self, scan_code: str) -> None:
        """Send the new list at once if it is ours."""
        if scan_code == self._scan_code:
            self.poke(self._clock.time())


class Subscriptions:
    """The streams of one client, by family ("quote", "bars", ...) and request id."""

    def __init__(self) -> None:
        self._streams: dict[tuple[str, int], Stream] = {}

    def open(self, family: str, req_id: int, stream: Stream) -> None:
        """Keep a stream, in place of one of the same family and request id."""
        self.close(family, req_id)
        self._streams[family, req_id] = stream

    def close(self, family: str, req_id: int) -> bool:
        """End a stream; return whether there was one."""
        stream = self._streams.pop((family, req_id), None)
        if stream is not None:
            stream.close()
        return stream is not None

    def get(self, family: str, req_id: int) -> Stream | None:
        """Return a stream, None where there is none."""
        return self._streams.get((family, req_id))

    def has(self, family: str, req_id: int) -> bool:
        """Whether there is such a stream."""
        return (family, req_id) in self._streams

    def of(self, *families: str) -> list[Stream]:
        """Return the streams of these families."""
        return [stream for (family, _), stream in self._streams.items() if family in families]

    def all(self) -> list[Stream]:
        """Return all streams."""
        return list(self._streams.values())

    def forget(self, *, market_data_only: bool = False) -> None:
        """End all streams, or those that 1101 ends."""
        for key, stream in list(self._streams.items()):
            if stream.is_market_data or not market_data_only:
                stream.close()
                del self._streams[key]
