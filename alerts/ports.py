"""What alerts need from other rooms."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from alerts.operand import PriceField
from alerts.rule import Firing, OrderHappened, Rule
from market.account import AccountSummary, Position
from market.hours import Hours
from market.instrument import Instrument
from market.news import Headline, Provider
from market.quote import Bar, BarSize, Quote, Tick
from market.scan import ScanRow, ScanSpec
from market.scan_catalogue import ScanCatalogue


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
        """Store the rule's new state, text and memory, unless it has fired since: then nothing is changed."""
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

    async def hold(self, instrument: Instrument, *, wants_greeks: bool = False, is_fast: bool = False) -> None:
        """
        Subscribe to *instrument*, or count one more holder. Never fails for lack of a link or a line: it is replayed.

        *wants_greeks*: an option's model values and open interest too. *is_fast*: its rules live on every tick
        (velocity, trailing, two instruments, options), so it comes before levels where lines are shared out.
        """
        ...

    async def release(self, instrument: Instrument, *, is_fast: bool = False) -> None:
        """Count one holder (that held it with this *is_fast*) less; the last one ends the subscription."""
        ...

    def quote(self, con_id: int) -> Quote | None:
        """Return the latest quote of a held instrument, or None."""
        ...

    def refused(self) -> Mapping[int, str]:
        """Return what IBKR refuses and did not send since, by contract id, with its words."""
        ...


class LineFeed(TickFeed, Protocol):
    """A tick feed that says how many lines there are, for the one who shares them out."""

    @property
    def cap(self) -> int:
        """How many instruments may have a line at once: as configured, or fewer where IBKR said so (error 101)."""
        ...

    @property
    def held_count(self) -> int:
        """How many instruments are held, with a line or waiting for one."""
        ...

    def on_demoted(self, listener: Callable[[Instrument], None]) -> None:
        """Call *listener* with each held instrument that is left without a line: none is free, or error 101."""
        ...


class BarSource(Protocol):
    """Historical bars."""

    async def bars(self, instrument: Instrument, size: BarSize, count: int, *, regular: bool = False) -> Sequence[Bar]:
        """
        Return the latest *count* closed bars, oldest first; *regular*: of regular hours, else of extended ones too.

        Raises LinkDown, RequestTimeout, BrokerError.
        """
        ...

    async def minutes(self, instrument: Instrument, count: int) -> Sequence[Bar]:
        """
        Return what closed in the last *count* minutes (up to a day) as 1-minute bars, oldest first.

        A minute without trades has none. Raises as `bars`, and PacingViolation.
        """
        ...


class MissedBars(Protocol):
    """The bars of a gap."""

    async def since(self, instrument: Instrument, field: PriceField, size: BarSize, begin: datetime) -> Sequence[Bar]:
        """
        Return the bars of *size* (not days) of *field* that ended after *begin*, oldest first, the running one last.

        They are of all hours; of what has no trades, LAST means midpoints. Raises LinkDown, RequestTimeout,
        PacingViolation, BrokerError.
        """
        ...

    async def bars(self, instrument: Instrument, size: BarSize, count: int, *, regular: bool = False) -> Sequence[Bar]:
        """Return the latest *count* closed bars: as `BarSource.bars`."""
        ...


class MissedNews(Protocol):
    """The headlines of a gap."""

    async def headlines_since(self, instrument: Instrument, begin: datetime) -> Sequence[Headline]:
        """Return the headlines from *begin* on, oldest first. Raises LinkDown, RequestTimeout, BrokerError."""
        ...


class Moments(Protocol):
    """Moments that must be known after a restart, by key."""

    async def get(self, key: str) -> datetime | None:
        """Return the moment kept under *key*, or None."""
        ...

    async def all(self, prefix: str) -> Mapping[str, datetime]:
        """Return the moments whose keys begin with *prefix*, by key."""
        ...

    async def put(self, key: str, at: datetime) -> None:
        """Keep *at* under *key*."""
        ...

    async def drop(self, prefix: str) -> None:
        """Forget the moments whose keys begin with *prefix*."""
        ...


class AccountFeed(Protocol):
    """The default account as it changes."""

    def connect(self, sink: Callable[[AccountSummary, Sequence[Position]], None]) -> None:
        """Hand the account's state and all its holdings to *sink*, once for each network read that spoke of it."""
        ...


class OrderFeed(Protocol):
    """What happens to orders, also to those placed in TWS, on the phone or by other programs."""

    def connect(self, sink: Callable[[OrderHappened], None]) -> None:
        """Hand everything that becomes of an order to *sink*; after a restart what became of today's comes again."""
        ...


class HoursSource(Protocol):
    """When instruments trade."""

    async def hours(self, instrument: Instrument) -> Hours:
        """Return the instrument's liquid hours. Raises UnknownSymbol, LinkDown, RequestTimeout, BrokerError."""
        ...


class InstrumentFinder(Protocol):
    """Turns a symbol as typed into an instrument."""

    async def find(self, symbol: str) -> Instrument:
        """
        Return the one instrument that *symbol* names (`AAPL`, `AAPL@NASDAQ`, `EUR.USD`, `BRK.B`, `#265598`).

        Raises UnknownSymbol (with IBKR's nearest matches), AmbiguousSymbol, LinkDown, RequestTimeout, BrokerError.
        """
        ...


class CloseStore(Protocol):
    """Keeps the last official close of instruments, as it was told on its day."""

    async def all(self) -> Mapping[int, tuple[date, float]]:
        """Return every close that is kept, with its day, by contract id."""
        ...

    async def put(self, con_id: int, day: date, close: float) -> None:
        """Keep the close of *day*, in the place of what was kept of the instrument."""
        ...


class NewsFeed(Protocol):
    """Headlines as they come."""

    @property
    def known_providers(self) -> Sequence[Provider]:
        """The account's news providers, as far as they are known without asking; empty before that."""
        ...

    def connect(self, sink: Callable[[Headline], None]) -> None:
        """Hand every headline to *sink* (called on the event loop; it must not block)."""
        ...

    async def hold(self, instrument: Instrument | None) -> None:
        """Listen to *instrument*'s headlines (None: broad tape); counted as in `TickFeed`."""
        ...

    async def release(self, instrument: Instrument | None) -> None:
        """Count one listener less."""
        ...

    async def hold_bulletins(self) -> None:
        """Listen to IBKR's own bulletins, which come as headlines with the contract id BULLETINS; counted likewise."""
        ...

    async def release_bulletins(self) -> None:
        """Count one listener of the bulletins less."""
        ...

    def refused(self) -> Mapping[int, str]:
        """Return whose headlines IBKR refuses, by contract id (0: the broad tape), with its words."""
        ...


class ScanFeed(Protocol):
    """Scan results as IBKR refreshes them."""

    @property
    def known(self) -> ScanCatalogue | None:
        """What scans there are, as far as that is known without asking."""
        ...

    def connect(self, sink: Callable[[ScanSpec, Sequence[ScanRow]], None]) -> None:
        """Hand every complete result list to *sink* (called on the event loop; it must not block)."""
        ...

    async def hold(self, spec: ScanSpec) -> None:
        """Subscribe to *spec*; counted as in `TickFeed`. Raises TooManyScans past IBKR's ten."""
        ...

    async def release(self, spec: ScanSpec) -> None:
        """Count one holder less."""
        ...

    async def run_once(self, spec: ScanSpec) -> Sequence[ScanRow]:
        """
        Return the scan's rows now.

        Raises TooManyScans, LinkDown, RequestTimeout, BrokerError (no permission, unknown code).
        """
        ...

    def refused(self) -> Mapping[ScanSpec, str]:
        """Return the scans that IBKR refuses, with its words."""
        ...


@dataclass(frozen=True, slots=True)
class Feeds:
    """Everything that comes from the market."""

    ticks: TickFeed
    news: NewsFeed
    scans: ScanFeed
    bars: BarSource
    accounts: AccountFeed
    orders: OrderFeed
    hours: HoursSource


Nap = Callable[[float], Awaitable[None]]
"""Waits so many seconds; `asyncio.sleep`, or a test's own."""
