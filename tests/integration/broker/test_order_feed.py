"""What becomes of orders, here and elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal

import pytest

from alerts.condition import OrderEvent
from alerts.rule import OrderHappened
from broker.order_feed import IbOrderFeed
from market.clock import Clock
from market.ticket import OrderTicket, OrderType, Side
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.fakes.clock import FakeClock
from tests.fakes.eventually import eventually
from tests.fakes.trading import entry
from tests.integration.broker.conftest import CLOCK, Desk, desk_at, running

ACCOUNT = "DU1234567"
BUY = OrderTicket(Side.BUY, Decimal(10), "AAPL", OrderType.MARKET)
FAR = OrderTicket(Side.BUY, Decimal(10), "AAPL", OrderType.LIMIT, Decimal("120.5"))


class Listening:
    """A desk with an order feed that tells into a list."""

    def __init__(self, desk: Desk, clock: Clock | None = None) -> None:
        self.desk = desk
        self.told: list[OrderHappened] = []
        self.feed = IbOrderFeed(desk.session, desk.orders, clock or CLOCK, look_s=600.0)
        self.feed.connect(self.told.append)

    async def happened(self, event: OrderEvent) -> OrderHappened:
        """Wait for *event* and return it."""
        return await eventually(lambda: next((one for one in self.told if one.event is event), None))


@pytest.fixture
async def ours(server: TwsServer) -> AsyncIterator[Listening]:
    async with AsyncExitStack() as stack:
        listening = Listening(desk_at(server.port))
        await stack.enter_async_context(running(listening.desk))
        await listening.desk.up()
        loop = asyncio.ensure_future(listening.feed.run())
        yield listening
        loop.cancel()


async def test_an_order_of_ours_is_told_once_when_it_is_filled(ours: Listening) -> None:
    aapl = await ours.desk.contracts.find("AAPL")
    await ours.desk.orders.submit(entry(aapl, BUY), "sb-7-1")
    filled = await ours.happened(OrderEvent.FILLED)
    assert (filled.order, filled.instrument, filled.is_ours) == ("buy 10 AAPL market", aapl, True)
    assert filled.price == pytest.approx(196.46)
    # The completed orders have it too.
    await ours.feed.look()
    assert [one.key for one in ours.told] == ["sb-7-1:filled"]


async def test_a_cancelled_order_is_told(ours: Listening) -> None:
    aapl = await ours.desk.contracts.find("AAPL")
    order_id = await ours.desk.orders.submit(entry(aapl, FAR), "sb-8-1")
    await ours.desk.orders.cancel(order_id, "sb-8-1", 0)
    cancelled = await ours.happened(OrderEvent.CANCELLED)
    assert (cancelled.order, cancelled.price) == ("buy 10 AAPL 120.5", None)


async def test_a_rejected_order_is_told(ours: Listening, server: TwsServer) -> None:
    aapl = await ours.desk.contracts.find("AAPL")
    server.faults.answer_with("placeOrder", 201, "Order rejected - reason:No trading permissions.", count=1)
    await ours.desk.orders.submit(entry(aapl, BUY), "sb-9-1")
    rejected = await ours.happened(OrderEvent.REJECTED)
    assert rejected.key == "sb-9-1:rejected"


async def test_an_order_that_another_program_placed_is_told_when_its_fill_moves_the_position(
    ours: Listening, server: TwsServer
) -> None:
    async with running(desk_at(server.port, client_id=5)) as other:
        await other.up()
        aapl = await other.contracts.find("AAPL")
        await other.orders.submit(entry(aapl, BUY), "by hand")
        filled = await ours.happened(OrderEvent.FILLED)
    assert not filled.is_ours
    assert filled.instrument == aapl
    assert filled.price == pytest.approx(196.46)
    assert filled.order == "buy 10 AAPL market"
    assert abs((CLOCK.now() - filled.at).total_seconds()) < 60


async def test_an_order_made_in_tws_is_told(ours: Listening, exchange: Exchange) -> None:
    exchange.order("KO", "SELL", 40, limit=70.0)
    filled = await ours.happened(OrderEvent.FILLED)
    assert (filled.order, filled.is_ours) == ("sell 40 KO 70", False)
    exchange.order("KO", "BUY", 40)
    await eventually(lambda: len(ours.told) == 2)
    assert ours.told[1].order == "buy 40 KO market"
    assert ours.told[0].key != ours.told[1].key


async def test_what_happened_while_the_link_was_down_is_told_after_it(ours: Listening, server: TwsServer) -> None:
    server.faults.refuse()
    server.drop_all()
    await eventually(lambda: not ours.desk.session.status.is_usable)
    server.faults.heal()
    async with running(desk_at(server.port, client_id=5)) as other:
        await other.up()
        await other.orders.submit(entry(await other.contracts.find("MSFT"), BUY), "x")
        filled = await ours.happened(OrderEvent.FILLED)
    assert filled.instrument is not None
    assert filled.instrument.symbol == "MSFT"
    assert len({one.key for one in ours.told}) == len(ours.told) == 1


async def test_a_read_only_api_is_asked_once(server: TwsServer) -> None:
    server.faults.read_only = True
    listening = Listening(desk_at(server.port))
    async with running(listening.desk):
        await listening.desk.up()
        await listening.feed.look()
        await listening.feed.look()
    assert sum(fields[0] == "99" for fields in server.requests) <= 1
    assert listening.told == []


async def test_a_setting_that_is_changed_while_tws_runs_is_found_out(server: TwsServer) -> None:
    server.faults.read_only = True
    clock = FakeClock()
    listening = Listening(desk_at(server.port), clock)
    async with running(listening.desk):
        await listening.desk.up()
        assert listening.desk.orders.is_read_only
        server.faults.heal()
        await listening.feed.look()
        assert listening.desk.orders.is_read_only
        clock.advance(301)
        await listening.feed.look()
        assert not listening.desk.orders.is_read_only


async def test_a_setting_that_is_changed_over_a_reconnect_is_found_out(server: TwsServer) -> None:
    server.faults.read_only = True
    async with running(desk_at(server.port)) as desk:
        await desk.up()
        assert desk.orders.is_read_only
        server.faults.heal()
        server.faults.drop()
        await eventually(lambda: not desk.orders.is_read_only)


async def test_without_a_link_nothing_happens() -> None:
    listening = Listening(desk_at(1))
    await listening.feed.look()
    assert listening.told == []
