"""The real library, ib_async or (in an environment of its own) ib_insync, against the simulated TWS over a socket."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from broker.catalogue import IbCatalogue
from broker.contracts import IbContracts
from broker.history import IbHistory
from broker.market_data import IbTickFeed
from broker.news import IbNewsFeed
from broker.options import IbOptions
from broker.orders import IbOrders
from broker.portfolio import IbPortfolio
from broker.scanner import IbScanFeed
from broker.session import IbAddress, IbSession
from broker.status import LinkState, LinkStatus
from market.account import Fill
from market.quote import Tick
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.fakes.clock import RunningClock
from tests.fakes.eventually import eventually
from trading.ports import OrderReport

CLOCK = RunningClock()
"""The time here, for both ends of the wire: a Wednesday, 11:00 in New York and after, whatever the machine's says."""


@dataclass
class Desk:
    """Everything that broker/ offers, on one session, with what it has told so far."""

    session: IbSession
    contracts: IbContracts
    feed: IbTickFeed
    history: IbHistory
    scans: IbScanFeed
    news: IbNewsFeed
    orders: IbOrders
    portfolio: IbPortfolio
    options: IbOptions
    statuses: list[LinkStatus] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    reports: list[OrderReport] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)

    async def up(self) -> None:
        """Wait until the link is up."""
        await eventually(lambda: self.session.status.state is LinkState.UP)

    async def state(self, state: LinkState) -> LinkStatus:
        """Wait until the link is in *state* and return its status."""
        await eventually(lambda: self.session.status.state is state)
        return self.session.status

    def prices(self) -> Sequence[float]:
        """Return the prices of all ticks so far."""
        return [tick.price for tick in self.ticks]


def desk_at(port: int, *, client_id: int = 17, readonly: bool = False, account: str = "", **pace: object) -> Desk:
    """Return a desk that is not connected yet; its timings are short, no test waits them out on a good day."""
    clock = CLOCK
    settings = IbAddress(port=port, client_id=client_id, readonly=readonly, account=account)
    timings = {"connect_timeout_s": 2.0, "backoff_s": (0.01, 0.05), "heartbeat_s": 30.0, "answer_s": 1.0} | pace
    session = IbSession(settings, clock, **timings)
    contracts = IbContracts(session, clock, timeout_s=10.0)
    feed = IbTickFeed(session, clock)
    desk = Desk(
        session,
        contracts,
        feed,
        IbHistory(session, clock, contracts, timeout_s=10.0),
        IbScanFeed(session, IbCatalogue(session, clock, timeout_s=10.0), timeout_s=10.0),
        IbNewsFeed(session, clock, reserve=feed.reserve, timeout_s=10.0),
        IbOrders(session, clock, timeout_s=10.0),
        IbPortfolio(session, contracts, clock=clock, timeout_s=10.0),
        IbOptions(session, feed, clock, timeout_s=10.0),
    )
    session.on_status(desk.statuses.append)
    desk.feed.connect(desk.ticks.extend)
    desk.orders.connect(desk.reports.append, desk.fills.append)
    return desk


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[Desk]:
    """Run the desk's session until the block ends."""
    task = asyncio.ensure_future(desk.session.run())
    try:
        yield desk
    finally:
        await desk.session.stop()
        await task


@pytest.fixture
def exchange() -> Exchange:
    return Exchange(clock=CLOCK, walk=False)


@pytest.fixture
async def server(exchange: Exchange) -> AsyncIterator[TwsServer]:
    server = TwsServer(exchange, sample_s=0.01)
    await server.start()
    yield server
    await server.stop()
    assert server.violations == []


@pytest.fixture
async def desk(server: TwsServer) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        desk = await stack.enter_async_context(running(desk_at(server.port)))
        await desk.up()
        yield desk
