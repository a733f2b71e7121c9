"""A watcher over fakes, with a catch-up beside it: what the tests of gaps play on."""

from collections.abc import Sequence
from datetime import timedelta

from alerts.archive import Archive
from alerts.catchup import CatchUp, Unobserved
from alerts.engine import Engine
from alerts.operand import PriceField
from alerts.resumption import Resumption
from alerts.rule import Firing, Rule
from alerts.rulebook import Rulebook
from alerts.watcher import Watcher
from market.instrument import Instrument
from market.quote import Bar
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import FakeFinder, FakeHours, fake_feeds
from tests.fakes.past import FakeMoments, FakePast
from tests.fakes.rules import FakeFiringLog, FakeRuleStore
from tests.unit.alerts.drafts import AAPL, NOW, tick
from tests.unit.alerts.hours import ALWAYS, keep_open

MINUTE = timedelta(minutes=1)
LAST = PriceField.LAST


class Desk:
    """A watcher over fakes, with a catch-up beside it, at NOW; the link is up after `begin`."""

    def __init__(self, *rules: Rule, **kept: object) -> None:
        self.clock = FakeClock(NOW)
        self.past = FakePast(self.clock)
        self.moments = FakeMoments(**kept)  # type: ignore[arg-type]
        self.engine = keep_open(Engine())
        self.engine.load(rules)
        self.feeds = fake_feeds()
        self.fired: list[Firing] = []
        self.told: list[Unobserved] = []
        self.caught: list[Instrument] = []
        self.resumption = Resumption(self.engine.backlog.since)
        store = FakeRuleStore(*rules)
        feeds = self.feeds
        book = Rulebook(store, self.engine, FakeFinder(), feeds.ticks, feeds.news, feeds.scans, self.clock)
        log = FakeFiringLog(store)
        self.watcher = Watcher(self.engine, book, feeds, log, self.clock, resumption=self.resumption)
        self.catchup = CatchUp(
            self.engine,
            Archive(self.past, self.past, FakeHours(ALWAYS), self.clock, self.nap),
            self.moments,
            self.resumption,
            self.clock,
            take=self.take,
            settled=self.settled,
            tell=self.tell,
            heard=lambda: None,
            caught=lambda instrument, _until: self.caught.append(instrument),
            settle=self.settle,
            nap=self.nap,
        )

    def take(self, firings: Sequence[Firing]) -> None:
        self.fired += self.resumption.marked(firings)

    async def settled(self) -> None:
        """All is recorded at once here."""

    async def tell(self, found: Sequence[Unobserved]) -> None:
        self.told += found

    async def settle(self, instruments: Sequence[Instrument]) -> None:
        """Nobody knows of splits here."""

    async def nap(self, seconds: float) -> None:
        self.clock.advance(seconds)

    async def live(self) -> None:
        """Be up, and live from NOW on."""
        await self.catchup.begin()
        self.catchup.restored()
        await self.catchup.fill()
        self.fired.clear()
        self.past.asked.clear()
        self.caught.clear()

    def lose(self) -> None:
        self.catchup.lost(self.clock.now())

    async def regain(self, after: timedelta = timedelta()) -> None:
        self.clock.advance(after.total_seconds())
        self.catchup.restored()
        await self.catchup.fill()

    def print(self, price: float, instrument: Instrument = AAPL) -> None:
        after_s = (self.clock.now() - NOW).total_seconds()
        self.feeds.ticks.push(tick(price, after_s=after_s, instrument=instrument))  # type: ignore[attr-defined]

    def minutes(self, *prices: float, field: PriceField = LAST, instrument: Instrument = AAPL) -> None:
        self.past.made[instrument.con_id, field] += [
            Bar(NOW + n * MINUTE, price, price, price, price, 100.0) for n, price in enumerate(prices)
        ]

    def found(self) -> list[tuple[int, int]]:
        """Return the alert and the minute after NOW of each firing that is marked as found."""
        return [(one.rule.id, int((one.at - NOW) / MINUTE)) for one in self.fired if one.away is not None]


async def gone_for(desk: Desk, minutes: int) -> None:
    """Lose the link at NOW, and have it back so many minutes later."""
    await desk.live()
    desk.lose()
    await desk.regain(minutes * MINUTE)
