"""What alerts need from other rooms."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from alerts.rule import Firing, Rule
from market.instrument import Instrument
from market.news import Headline
from market.quote import Bar, BarSize, Quote, Tick
from market.scan import ScanRow, ScanSpec


class RuleStore(Protocol):
    """Keeps rules; every method is one unit of work."""

    async def add(self, rule: Rule) -> Rule:
        """Store a new rule and return it with its id."""
        ...

    async def get(self, rule_id: int) -> Rule | None:
        """Return the rule, or None where it is gone."""
        ...

    async def owned_by(self, owner_id: int) -> Sequence[Rule]:
        """Return all rules of one user, by id."""
        ...

    async def watching(self) -> Sequence[Rule]:
        """Return every rule for which `Rule.is_watching` holds, by id."""
        ...

    async def save(self, rule: Rule) -> None:
        """Store the rule's new state, text and memory."""
        ...

    async def delete(self, rule_id: int) -> None:
        """Remove the rule; its firings stay."""
        ...


class FiringLog(Protocol):
    """Records firings durably, each with its message and its rule's new state, in one transaction."""

    async def record(self, firings: Sequence[Firing]) -> None:
        """
        Store *firings*; one that is stored already (same key) changes nothing.

        When this returns, a power cut loses nothing of them.
        """
        ...


class TickFeed(Protocol):
    """Market data lines; counts how many hold each instrument."""

    def connect(self, sink: Callable[[Sequence[Tick]], None]) -> None:
        """Hand every tick of each network read, in order, to *sink* (called on the event loop; it must not block)."""
        ...

    async def hold(self, instrument: Instrument) -> None:
        """Subscribe to *instrument*, or count one more holder. Never fails for lack of a link: it is replayed."""
        ...

    async def release(self, instrument: Instrument) -> None:
        """Count one holder less; the last one ends the subscription."""
        ...

    def quote(self, con_id: int) -> Quote | None:
        """Return the latest quote of a held instrument, or None."""
        ...


class BarSource(Protocol):
    """Historical bars."""

    async def bars(self, instrument: Instrument, size: BarSize, count: int) -> Sequence[Bar]:
        """
        Return the latest *count* closed bars, oldest first, regular and extended hours alike.

        Raises LinkDown, RequestTimeout, BrokerError.
        """
        ...


class InstrumentFinder(Protocol):
    """Turns a symbol as typed into an instrument."""

    async def find(self, symbol: str) -> Instrument:
        """
        Return the one instrument that *symbol* names (`AAPL`, `AAPL@NASDAQ`, `EUR.USD`, `BRK.B`, `#265598`).

        Raises UnknownSymbol (with IBKR's nearest matches), AmbiguousSymbol, LinkDown, RequestTimeout, BrokerError.
        """
        ...


class NewsFeed(Protocol):
    """Headlines as they come."""

    def connect(self, sink: Callable[[Headline], None]) -> None:
        """Hand every headline to *sink* (called on the event loop; it must not block)."""
        ...

    async def hold(self, instrument: Instrument | None) -> None:
        """Listen to *instrument*'s headlines (None: broad tape); counted as in `TickFeed`."""
        ...

    async def release(self, instrument: Instrument | None) -> None:
        """Count one listener less."""
        ...


class ScanFeed(Protocol):
    """Scan results as IBKR refreshes them."""

    def connect(self, sink: Callable[[ScanSpec, Sequence[ScanRow]], None]) -> None:
        """Hand every complete result list to *sink* (called on the event loop; it must not block)."""
        ...

    async def hold(self, spec: ScanSpec) -> None:
        """Subscribe to *spec*; counted as in `TickFeed`. Raises TooManyScans past IBKR's ten."""
        ...

    async def release(self, spec: ScanSpec) -> None:
        """Count one holder less."""
        ...


@dataclass(frozen=True, slots=True)
class Feeds:
    """Everything that comes from the market."""

    ticks: TickFeed
    news: NewsFeed
    scans: ScanFeed
    bars: BarSource


Nap = Callable[[float], Awaitable[None]]
"""Waits so many seconds; `asyncio.sleep`, or a test's own."""
