"""Feeds that bring what a test says, and count who holds what."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from alerts.errors import TooManyScans
from alerts.ports import Feeds
from alerts.rule import OrderHappened
from market.account import AccountSummary, Position
from market.errors import UnknownSymbol
from market.hours import Hours
from market.instrument import Instrument
from market.news import Headline, Provider
from market.quote import Bar, BarSize, Quote, Tick
from market.scan import ScanRow, ScanSpec
from market.scan_catalogue import ScanCatalogue


class _Held:
    def __init__(self) -> None:
        self.held: Counter[Any] = Counter()
        self.refusals: dict[Any, str] = {}
        self.sinks: list[Callable[..., None]] = []

    def connect(self, sink: Callable[..., None]) -> None:
        self.sinks.append(sink)

    async def hold(self, what: Any, **_wishes: bool) -> None:
        self.held[what] += 1

    async def release(self, what: Any, **_wishes: bool) -> None:
        self.held[what] -= 1
        if not self.held[what]:
            del self.held[what]

    def refused(self) -> dict[Any, str]:
        return self.refusals

    def send(self, *what: Any) -> None:
        for sink in self.sinks:
            sink(*what)


class FakeTickFeed(_Held):
    """Implements `alerts.ports.TickFeed`; `push` is one network read."""

    def __init__(self) -> None:
        super().__init__()
        self.quotes: dict[int, Quote] = {}

    def push(self, *ticks: Tick) -> None:
        for tick in ticks:
            self.quotes.setdefault(tick.instrument.con_id, Quote(tick.instrument)).applied(tick)
        self.send(ticks)

    def quote(self, con_id: int) -> Quote | None:
        return self.quotes.get(con_id)


class FakeLineFeed(FakeTickFeed):
    """Implements `alerts.ports.LineFeed` with *cap* lines; `wishes` is what was asked for with each instrument."""

    def __init__(self, cap: int = 90) -> None:
        super().__init__()
        self.cap = cap
        self.wishes: dict[Instrument, dict[str, bool]] = {}
        self.listeners: list[Callable[[Instrument], None]] = []

    @property
    def held_count(self) -> int:
        return len(self.held)

    def on_demoted(self, listener: Callable[[Instrument], None]) -> None:
        self.listeners.append(listener)

    async def hold(self, what: Instrument, **wishes: bool) -> None:
        await super().hold(what, **wishes)
        self.wishes[what] = wishes

    def demote(self, instrument: Instrument) -> None:
        """TWS says 101: there are as many lines as the others have."""
        self.cap = len(self.held) - 1
        for listener in self.listeners:
            listener(instrument)


class FakeNewsFeed(_Held):
    """Implements `alerts.ports.NewsFeed`."""

    known_providers: Sequence[Provider] = ()

    async def hold_bulletins(self) -> None:
        await self.hold("bulletins")

    async def release_bulletins(self) -> None:
        await self.release("bulletins")

    def push(self, headline: Headline) -> None:
        self.send(headline)


class FakeScanFeed(_Held):
    """Implements `alerts.ports.ScanFeed`, with room for *cap* scans and *known* ones."""

    def __init__(self, cap: int = 10, known: ScanCatalogue | None = None) -> None:
        super().__init__()
        self.cap = cap
        self.error: Exception | None = None
        self.known = known

    async def hold(self, what: ScanSpec, **_wishes: bool) -> None:
        if what not in self.held and len(self.held) >= self.cap:
            raise TooManyScans(self.cap)
        await super().hold(what)

    async def run_once(self, spec: ScanSpec) -> Sequence[ScanRow]:
        if self.error is not None:
            raise self.error
        await self.hold(spec)
        await self.release(spec)
        return ()

    def push(self, spec: ScanSpec, rows: Sequence[ScanRow]) -> None:
        self.send(spec, rows)


class FakeBarSource:
    """Implements `alerts.ports.BarSource`; an exception in *errors* is raised first, once each."""

    def __init__(self) -> None:
        self.history: dict[tuple[int, BarSize], list[Bar]] = defaultdict(list)
        self.errors: list[Exception] = []
        self.asked: list[tuple[str, BarSize, int]] = []
        self.hours: list[bool] = []

    async def minutes(self, instrument: Instrument, count: int) -> Sequence[Bar]:
        return await self.bars(instrument, BarSize.MIN_1, count)

    async def bars(self, instrument: Instrument, size: BarSize, count: int, *, regular: bool = False) -> Sequence[Bar]:
        self.asked.append((instrument.symbol, size, count))
        self.hours.append(regular)
        if self.errors:
            raise self.errors.pop(0)
        return self.history[instrument.con_id, size][-count:]


class FakeAccountFeed(_Held):
    """Implements `alerts.ports.AccountFeed`."""

    def push(self, summary: AccountSummary, *positions: Position) -> None:
        self.send(summary, positions)


class FakeOrderFeed(_Held):
    """Implements `alerts.ports.OrderFeed`."""

    def push(self, happened: OrderHappened) -> None:
        self.send(happened)


class FakeHours:
    """Implements `alerts.ports.HoursSource`: every instrument trades in *known*, by default never."""

    def __init__(self, known: Hours | None = None) -> None:
        self.known = known or Hours("UTC", ())

    async def hours(self, instrument: Instrument) -> Hours:
        return self.known


class FakeFinder:
    """Implements `alerts.ports.InstrumentFinder` over *instruments*."""

    def __init__(self, *instruments: Instrument) -> None:
        self._by_label = {instrument.label: instrument for instrument in instruments}

    async def find(self, symbol: str) -> Instrument:
        found = self._by_label.get(symbol)
        if found is None:
            raise UnknownSymbol(symbol)
        return found


def fake_feeds() -> Feeds:
    """Return fakes of all of them."""
    return Feeds(
        FakeTickFeed(),
        FakeNewsFeed(),
        FakeScanFeed(),
        FakeBarSource(),
        FakeAccountFeed(),
        FakeOrderFeed(),
        FakeHours(),
    )
