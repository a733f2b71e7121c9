"""Two bots at one TWS, each with a database of its own: both call their first order sb-1-1."""

from dataclasses import replace

import pytest

from market.ticket import parse
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.fakes.clock import FakeClock
from tests.fakes.desk import DeskBench
from tests.fakes.eventually import eventually
from tests.fakes.trading import entry
from tests.integration.broker.conftest import Desk, desk_at, running
from trading.proposal import LegState
from trading.tracker import OrderTracker
from trading.turns import Turns


class Beside:
    """A bot that died with its first order claimed, on a database in memory and on the link of *desk*."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.bench = DeskBench()
        self.tracker = OrderTracker(self.bench.store, desk.orders, FakeClock(), turns=Turns())
        self.tracker.connect()

    async def died(self, *, is_numbered: bool) -> None:
        """Claim the first order, and note its id if it came as far; it does not leave."""
        shown = await self.bench.propose("buy 10 AAPL 150")
        row = await self.bench.store.claim(
            shown.token,
            user_id=shown.user_id,
            chat_id=shown.chat_id,
            message_id=shown.message_id or 0,
            digest=shown.digest,
            now=self.bench.clock.now(),
        )
        assert row is not None
        if is_numbered:
            named = replace(row.legs[0], order_id=self.desk.orders.reserve(), client_id=self.desk.orders.client_id)
            await self.bench.store.save_leg(row.id, named)

    async def settled(self) -> LegState:
        """Ask TWS, and return what the first order is told as."""
        await self.tracker.step()
        await self.tracker.reconcile()
        return self.bench.store.rows[1].legs[0].state


@pytest.mark.parametrize("is_numbered", [False, True])
@pytest.mark.parametrize("fate", ["Submitted", "Filled", "Cancelled"])
async def test_an_order_that_never_left_is_not_told_as_the_one_of_another_bot(
    server: TwsServer, exchange: Exchange, desk: Desk, fate: str, *, is_numbered: bool
) -> None:
    ours = Beside(desk)
    await ours.died(is_numbered=is_numbered)
    async with running(desk_at(server.port, client_id=99)) as other:
        await other.up()
        aapl = await other.contracts.find("AAPL")
        line = "buy 50 AAPL 250 gtc" if fate == "Filled" else "buy 50 AAPL 151 gtc"
        order_id = await other.orders.submit(entry(aapl, parse(line)), "sb-1-1")
        await eventually(lambda: other.reports)
        if fate == "Cancelled":
            await other.orders.cancel(order_id, "sb-1-1", 0)
        await eventually(lambda: exchange.orders()[0]["status"] == fate)
        assert await ours.settled() is LegState.UNKNOWN
    assert ours.bench.store.rows[1].ticket.quantity == 10


async def test_an_order_that_left_is_found_beside_the_one_of_another_bot(
    server: TwsServer, exchange: Exchange, desk: Desk
) -> None:
    ours = Beside(desk)
    await ours.died(is_numbered=True)
    async with running(desk_at(server.port, client_id=99)) as other:
        await other.up()
        aapl = await other.contracts.find("AAPL")
        await other.orders.submit(entry(aapl, parse("buy 50 AAPL 151 gtc")), "sb-1-1")
        await eventually(lambda: other.reports)
        leg = ours.bench.store.rows[1].legs[0]
        await desk.orders.submit(entry(aapl, parse("buy 10 AAPL 150")), "sb-1-1", order_id=leg.order_id)
        await eventually(lambda: [one["status"] for one in exchange.orders()] == ["Submitted", "Submitted"])
        assert await ours.settled() is LegState.WORKING
    row = ours.bench.store.rows[1]
    assert (row.legs[0].client_id, row.ticket.quantity) == (17, 10)
