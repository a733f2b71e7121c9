"""Lines that die without a word, and lines that are refused: asked for anew, ever more rarely."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from broker.contracts import IbContracts
from broker.freshness import Freshness
from broker.market_data import IbTickFeed
from broker.session import IbAddress, IbSession
from broker.status import LinkState
from market.instrument import Instrument
from simulator.tws.clock import SystemClock as WallClock
from simulator.tws.exchange import Exchange
from simulator.tws.plan import RegularUS
from simulator.tws.server import TwsServer
from tests.fakes.clock import FakeClock
from tests.fakes.eventually import eventually
from tests.integration.broker.test_session import REQ_MARKET_DATA, sent


class _Shared(FakeClock):
    """One clock for the bot and the exchange: a Friday's morning in New York that stands still until it is moved."""

    def time(self) -> float:
        return self.now().timestamp()

    async def sleep(self, seconds: float) -> None:
        await WallClock().sleep(seconds)


@dataclass
class Scene:
    """A feed with two symbols, and who looks after it."""

    clock: _Shared
    exchange: Exchange
    server: TwsServer
    feed: IbTickFeed
    freshness: Freshness
    aapl: Instrument
    msft: Instrument

    async def prints(self, symbol: str, price: float) -> None:
        """Print a price and wait until it was heard."""
        con_id = {"AAPL": self.aapl, "MSFT": self.msft}[symbol].con_id
        self.exchange.push(symbol, price)
        await eventually(lambda: (quote := self.feed.quote(con_id)) is not None and quote.last == price)

    async def asks(self, times: int) -> None:
        """Look, and wait until TWS was asked for so many lines in all, and has answered."""
        self.freshness.look()
        await eventually(lambda: sent(self.server, REQ_MARKET_DATA) >= times)
        assert sent(self.server, REQ_MARKET_DATA) == times

    async def later(self, minutes: float, price: float) -> None:
        """Let time pass in which AAPL is silent and MSFT talks."""
        self.clock.advance(minutes * 60)
        await self.prints("MSFT", price)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    clock = _Shared()
    exchange = Exchange(walk=False, clock=clock, plan=RegularUS())
    server = TwsServer(exchange, sample_s=0.0)
    await server.start()
    session = IbSession(IbAddress(port=server.port), clock, backoff_s=(0.01, 0.05))
    contracts = IbContracts(session, clock)
    feed = IbTickFeed(session, clock)
    running = asyncio.ensure_future(session.run())
    await eventually(lambda: session.status.state is LinkState.UP)
    aapl, msft = [await contracts.find(symbol) for symbol in ("AAPL", "MSFT")]
    scene = Scene(clock, exchange, server, feed, Freshness(session, feed, contracts, clock), aapl, msft)
    for one in (aapl, msft):
        await feed.hold(one)
    await eventually(lambda: all(feed.quote(one.con_id).last for one in (aapl, msft)))
    clock.advance(20)
    await scene.prints("AAPL", 199.0)
    yield scene
    await session.stop()
    await running
    await server.stop()
    assert server.violations == []


async def test_a_line_that_dies_without_a_word_is_asked_for_anew_and_speaks_again(scene: Scene) -> None:
    assert scene.server.faults.deafen("AAPL") == 1
    gaps: list[tuple[Instrument, datetime]] = []
    scene.freshness.on_heard(lambda instrument, since: gaps.append((instrument, since)))
    heard = scene.feed.quote(scene.aapl.con_id).received
    await scene.later(1.5, 401.0)
    await scene.asks(2)
    await scene.later(1, 402.0)
    await scene.asks(3)
    assert [(one.instrument.symbol, one.since) for one in scene.freshness.stale()] == [("AAPL", heard)]
    scene.clock.advance(20)
    assert gaps == []
    await scene.prints("AAPL", 205.0)
    scene.freshness.look()
    assert scene.freshness.stale() == []
    assert gaps == [(scene.aapl, heard)]


async def test_a_market_that_is_merely_quiet_is_asked_ever_more_rarely(scene: Scene) -> None:
    asked = 2
    for pause in (2.0, 4.0, 8.0, 16.0, 30.0, 30.0):
        await scene.later(pause - 0.5, 400 + asked / 100)
        await scene.asks(asked)
        await scene.later(0.7, 401 + asked / 100)
        asked += 1
        await scene.asks(asked)
        # What TWS answers with is no sign of life.
        await eventually(lambda: scene.feed.quote(scene.aapl.con_id).received == scene.clock.now())
        assert [one.instrument.symbol for one in scene.freshness.stale()] == ["AAPL"]


async def test_where_nobody_talks_it_takes_longer(scene: Scene) -> None:
    scene.clock.advance(4 * 60)
    await scene.asks(2)
    scene.clock.advance(61)
    await scene.asks(4)


async def test_a_closed_venue_may_be_silent(scene: Scene) -> None:
    # From 10:00 to 15:50 both talk; from 16:00 on the venue is closed.
    scene.clock.advance(timedelta(hours=5, minutes=50).total_seconds())
    await scene.prints("AAPL", 201.0)
    await scene.prints("MSFT", 401.0)
    scene.clock.advance(timedelta(minutes=40).total_seconds())
    await scene.asks(2)
    assert scene.freshness.stale() == []


async def test_a_halted_share_may_be_silent(scene: Scene) -> None:
    scene.server.inject("AAPL", lambda request: (45, 6, request, 49, "1"))
    await eventually(lambda: scene.feed.quote(scene.aapl.con_id).halted)
    await scene.later(10, 401.0)
    await scene.asks(2)


async def test_a_refused_line_is_asked_for_until_it_comes(scene: Scene) -> None:
    scene.server.faults.answer_with("reqMktData", 10197, symbol="AAPL")
    scene.server.faults.deafen("AAPL")
    await scene.later(2.1, 401.0)
    await scene.asks(3)
    await eventually(lambda: scene.feed.rivalled() == [scene.aapl])
    await scene.later(1.5, 402.0)
    await scene.asks(3)
    await scene.later(1, 403.0)
    await scene.asks(4)
    scene.server.faults.heal()
    scene.exchange.push("AAPL", 207.0)
    await scene.later(4.1, 404.0)
    await scene.asks(5)
    await eventually(lambda: scene.feed.rivalled() == [])
    assert scene.feed.quote(scene.aapl.con_id).last == 207.0
    scene.clock.advance(1)
    scene.freshness.look()
    assert scene.freshness.stale() == []


async def test_while_tws_has_lost_ibkr_nothing_is_asked(scene: Scene) -> None:
    scene.server.faults.lose_connection()
    await eventually(lambda: not scene.freshness._link.status.is_usable)
    scene.clock.advance(20 * 60)
    await scene.asks(2)
