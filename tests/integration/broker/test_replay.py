"""Whatever is subscribed to speaks again after each way in which TWS loses streams, each of them once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from broker.status import LinkState
from market.instrument import Instrument
from market.news import Headline
from market.scan import ScanRow, ScanSpec
from market.ticket import OrderTicket, OrderType, Side
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.fakes.trading import entry
from tests.integration.broker.conftest import Desk

ACCOUNT = "DU1234567"
GAINERS = ScanSpec("TOP_PERC_GAIN")


@dataclass
class Subscribed:
    """A desk that listens to everything there is."""

    desk: Desk
    server: TwsServer
    exchange: Exchange
    aapl: Instrument
    headlines: list[Headline] = field(default_factory=list)
    lists: list[Sequence[ScanRow]] = field(default_factory=list)

    def streams(self) -> tuple[int, int, int, int]:
        """Return how many streams of each family TWS has for us."""
        families = ("quote", "news", "scan", "profit")
        return tuple(self.server.count(family) for family in families)  # type: ignore[return-value]  # four of them

    async def complete(self, streams: tuple[int, int, int, int]) -> None:
        """Wait until TWS has these streams and the link is up."""
        await eventually(lambda: self.desk.session.status.state is LinkState.UP and self.streams() == streams)

    async def all_speak(self, price: float, story: str, first: str) -> None:
        """Let something happen everywhere, and wait until all of it was heard."""
        self.headlines.clear()
        self.lists.clear()
        self.exchange.push("AAPL", price)
        self.exchange.publish("AAPL", story)
        self.exchange.publish(None, f"{story} on the tape", provider="FLY")
        self.exchange.rank("TOP_PERC_GAIN", [first])
        await eventually(lambda: price in self.desk.prices())
        await eventually(lambda: {story, f"{story} on the tape"} <= {one.text for one in self.headlines})
        await eventually(lambda: self.lists and self.lists[-1][0].instrument.symbol == first)
        assert [one.text for one in self.headlines].count(f"{story} on the tape") == 1


@pytest.fixture
async def subscribed(desk: Desk, server: TwsServer, exchange: Exchange) -> Subscribed:
    aapl = await desk.contracts.find("AAPL")
    all_of_it = Subscribed(desk, server, exchange, aapl)
    desk.news.connect(all_of_it.headlines.append)
    desk.scans.connect(lambda _spec, rows: all_of_it.lists.append(rows))
    await desk.feed.hold(aapl)
    await desk.news.hold(aapl)
    await desk.news.hold(None)
    await desk.scans.hold(GAINERS)
    await eventually(lambda: all_of_it.lists and desk.ticks and server.count("news") > 1)
    await all_of_it.all_speak(201.25, "Before", "T")
    return all_of_it


def _drop(server: TwsServer) -> None:
    server.faults.drop()


def _lose(server: TwsServer) -> None:
    server.faults.lose_connection()
    server.faults.regain_connection(data_lost=True)


def _flap(server: TwsServer) -> None:
    server.faults.notice(2103, "Market data farm connection is broken:usfarm")
    server.forget_streams()
    server.faults.notice(2104, "Market data farm connection is OK:usfarm")


def _inactive(server: TwsServer) -> None:
    server.faults.notice(2103, "Market data farm connection is broken:usfarm")
    server.forget_streams()
    server.faults.notice(2108, "Market data farm connection is inactive but should be available upon demand.:usfarm")


@pytest.mark.parametrize("loss", [_drop, _lose, _flap, _inactive])
async def test_all_that_was_subscribed_speaks_again(subscribed: Subscribed, loss: Callable[[TwsServer], None]) -> None:
    before = subscribed.streams()
    told = len(subscribed.desk.statuses)
    loss(subscribed.server)
    await eventually(lambda: len(subscribed.desk.statuses) > told)
    await subscribed.complete(before)
    await subscribed.all_speak(203.5, "After", "MSFT")
    await subscribed.complete(before)


@pytest.mark.parametrize("loss", [_drop, _lose])
async def test_the_account_and_its_profit_are_followed_again(
    subscribed: Subscribed, loss: Callable[[TwsServer], None]
) -> None:
    desk, before = subscribed.desk, subscribed.streams()
    told = len(desk.statuses)
    loss(subscribed.server)
    await eventually(lambda: len(desk.statuses) > told)
    await subscribed.complete(before)
    held = {one.instrument.symbol: one.quantity for one in desk.portfolio.positions(ACCOUNT)}
    profit = desk.portfolio.summary(ACCOUNT).daily_pnl
    ticket = OrderTicket(Side.BUY, Decimal(5), "AAPL", OrderType.MARKET)
    await desk.orders.submit(entry(subscribed.aapl, ticket), "sb-1-1")
    await eventually(
        lambda: (
            {one.instrument.symbol: one.quantity for one in desk.portfolio.positions(ACCOUNT)}.get("AAPL")
            == held["AAPL"] + 5
        )
    )
    subscribed.exchange.push("AAPL", 260.0)
    subscribed.exchange.push("TSLA", 100.0)
    await eventually(lambda: desk.portfolio.summary(ACCOUNT).daily_pnl != profit)
