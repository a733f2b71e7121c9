"""More symbols with levels than there are market data lines: all fire (PRODUCT A2)."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import pytest

from alerts.condition import Comparison, Draft, Op
from alerts.engine import Engine
from alerts.linekeeper import LineKeeper
from alerts.operand import Number, Price
from alerts.ranges import AverageRanges
from alerts.rule import Firing, Rule
from broker.contracts import IbContracts
from broker.history import IbHistory
from broker.market_data import IbTickFeed
from broker.session import IbAddress, IbSession
from broker.status import LinkState
from market.instrument import Instrument
from market.quote import Tick
from simulator.tws.clock import ManualClock
from simulator.tws.exchange import Exchange
from simulator.tws.limits import MARKET_LINES
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.integration.broker.conftest import Desk, desk_at, running

MANY = 250
OURS = 90


class Dial:
    """The exchange's clock as the house reads it."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.time(), UTC)

    def monotonic(self) -> float:
        return self._clock.time()


class Floor:
    """An exchange with many shares, and a keeper with an engine that watches a level of each."""

    def __init__(self, many: int) -> None:
        self.time = ManualClock()
        self.exchange = Exchange(clock=self.time, walk=False, invented=many)
        self.server = TwsServer(self.exchange, sample_s=0.01)
        self.firings: list[Firing] = []

    def connect(self) -> IbSession:
        """Make everything that is on our side of the socket."""
        dial = Dial(self.time)
        session = IbSession(IbAddress(port=self.server.port), dial, connect_timeout_s=2.0, backoff_s=(0.01, 0.05))
        history = IbHistory(session, dial, IbContracts(session, dial), timeout_s=10.0, nap=self.time.advance)
        self.feed = IbTickFeed(session, dial, most=OURS)
        self.engine = Engine()
        self.keeper = LineKeeper(self.feed, history, self.engine, AverageRanges(history, dial), dial)
        self.keeper.connect(self._on_ticks)
        self.keeper.hand_to(self.firings.extend)
        return session

    async def watch(self) -> None:
        """Watch a level of each share, two to six percent above its price."""
        now = Dial(self.time).now()
        rules = []
        for number, listed in enumerate(self.invented()):
            share = Instrument(listed.con_id, listed.symbol, primary_exchange="NYSE")
            level = round(listed.price * (1.02 + number % 5 / 100), 2)
            draft = Draft(Comparison(Price(share.symbol), Op.GT, Number(level)))
            rules.append(Rule(number + 1, 7, 7, "", draft, {share.symbol: share}, now, now))
        self.engine.load(rules)
        for rule in rules:
            await self.keeper.hold(next(iter(rule.instruments.values())))

    def invented(self) -> Sequence[object]:
        return [one for one in self.exchange.catalogue.main() if one.con_id > 900_000_000]

    def rise(self, percent: float, symbols: Sequence[str] = ()) -> None:
        """Print every share (or those of *symbols*) so much above where it began, once, and let it fall back."""
        for listed in self.invented():
            if not symbols or listed.symbol in symbols:
                self.exchange.push(listed.symbol, round(listed.price * (1 + percent / 100), 2))

    async def minute(self) -> None:
        """Let a minute pass, and what closed in it be known."""
        await self.time.advance(65.0)
        await self.keeper.fetch()

    def on_bars(self) -> list[str]:
        return [one.symbol for one in self.invented() if self.keeper.is_on_bars(one.con_id)]

    def fired(self) -> list[str]:
        return [next(iter(firing.rule.instruments)) for firing in self.firings]

    def _on_ticks(self, ticks: Sequence[Tick]) -> None:
        self.firings.extend(self.engine.on_ticks(ticks))


@asynccontextmanager
async def opened(many: int) -> AsyncIterator[Floor]:
    """Open a floor with *many* shares, and the link to it."""
    floor = Floor(many)
    await floor.server.start()
    session = floor.connect()
    async with running(_Sessioned(session)):
        await eventually(lambda: session.status.state is LinkState.UP)
        yield floor
    await floor.server.stop()
    assert floor.server.violations == []


class _Sessioned(Desk):
    """What `running` wants of a desk."""

    def __init__(self, session: IbSession) -> None:
        self.session = session


@pytest.mark.parametrize("taken", [0, 60])
async def test_all_of_250_levels_fire_whoever_else_has_lines(taken: int) -> None:
    async with AsyncExitStack() as stack:
        floor = await stack.enter_async_context(opened(MANY))
        other = await stack.enter_async_context(running(desk_at(floor.server.port, client_id=5)))
        await other.up()
        for listed in floor.invented()[:taken]:
            await other.feed.hold(Instrument(listed.con_id, listed.symbol))
        await eventually(lambda: floor.server.lines_used() == taken)
        await floor.watch()
        ours = min(OURS, MARKET_LINES - taken)
        await eventually(lambda: floor.server.lines_used() == ours + taken, 15.0)
        # 101 for what was too much, if anything was.
        await eventually(lambda: floor.feed.cap == ours)
        await floor.keeper.share()
        assert len(floor.on_bars()) == MANY - ours
        assert floor.fired() == []
        floor.rise(7.0)
        await eventually(lambda: len(floor.firings) == ours, 10.0)
        await floor.minute()
        assert sorted(floor.fired()) == sorted(listed.symbol for listed in floor.invented())
        assert floor.server.lines_used() == ours + taken


async def test_what_comes_near_its_level_gets_a_line_and_fires_with_the_tick() -> None:
    async with opened(OURS + 10) as floor:
        await floor.watch()
        await eventually(lambda: floor.server.lines_used() == OURS, 15.0)
        await eventually(lambda: floor.feed.quote(floor.invented()[OURS - 1].con_id).last)
        await floor.keeper.fetch()
        await floor.keeper.share()
        # A share six percent away, and without a line.
        share = floor.invented()[-1]
        assert share.symbol in floor.on_bars()
        floor.rise(5.8, [share.symbol])
        await floor.minute()
        await floor.keeper.share()
        assert share.symbol not in floor.on_bars()
        assert len(floor.on_bars()) == 10
        await eventually(lambda: floor.feed.quote(share.con_id).last)
        assert floor.server.lines_used() == OURS
        floor.rise(6.2, [share.symbol])
        await eventually(floor.fired)
    assert floor.fired() == [share.symbol]
    assert not floor.firings[0].cause.from_minute
