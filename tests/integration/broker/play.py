"""
Random plays over the real desk, tracker, database and library, against the simulated TWS on a socket.

A process that dies is played by a message to TWS that raises, and by nothing of the old process being asked again: its
socket is cut, and another desk begins on the same database.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from broker.library import library
from market.errors import MarketError
from market.ticket import parse
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from storage.database import Database
from storage.outbox import SqlOutbox
from storage.proposals import SqlProposalStore
from tests.fakes.desk import CARD, CHAT, OTHER, TRADER
from tests.fakes.trading import MemoryAudit
from tests.fakes.tws import Killed, Mishap
from tests.integration.broker.conftest import CLOCK, Desk, desk_at, running
from trading.access import Role, Roster
from trading.desk import OrderDesk
from trading.errors import TradingError
from trading.guards import Guards, limits_for_all
from trading.limits import Limits, TradingState
from trading.proposal import LegOrder, LegRole, LegState, Proposal, ProposalState
from trading.tracker import OrderTracker
from trading.turns import Turns

LIMITS = Limits(order_value=Decimal(3000), orders_per_minute=None)
_ORDERS = frozenset({"3", "4"})
_ENDS = {
    "Filled": {LegState.FILLED},
    "Cancelled": {LegState.CANCELLED, LegState.REJECTED},
    "ApiCancelled": {LegState.CANCELLED},
    "Inactive": {LegState.REJECTED, LegState.UNKNOWN, LegState.CANCELLED},
}
_NOWHERE = {LegState.UNKNOWN, LegState.NOT_SENT, LegState.CANCELLED, LegState.REJECTED}


class Wire:
    """The library's way to its socket: something happens to the message about an order that is *due*."""

    def __init__(self) -> None:
        self.due: tuple[int, Mishap] | None = None
        self.cut: Callable[[], None] = lambda: None

    @asynccontextmanager
    async def tapped(self) -> AsyncIterator[None]:
        """Stand between the library and its socket until the block ends."""
        connection = library.connection.Connection
        send = connection.sendMsg

        def sent(one: Any, message: bytes) -> None:
            self._pass(message, lambda: send(one, message))

        connection.sendMsg = sent
        try:
            yield
        finally:
            connection.sendMsg = send

    def _pass(self, message: bytes, deliver: Callable[[], None]) -> None:
        mishap = self._mishap() if message[4:].partition(b"\0")[0].decode() in _ORDERS else None
        if mishap in {Mishap.CUT_BEFORE, Mishap.DIES_BEFORE, Mishap.LOST}:
            self.cut()
        if mishap is Mishap.CUT_BEFORE:
            raise ConnectionError("cut")
        if mishap is Mishap.DIES_BEFORE:
            raise Killed
        if mishap is not Mishap.LOST:
            deliver()
        if mishap is Mishap.CUT_AFTER:
            self.cut()
        if mishap is Mishap.DIES_AFTER:
            raise Killed

    def _mishap(self) -> Mishap | None:
        if self.due is None:
            return None
        left, mishap = self.due
        self.due = (left - 1, mishap) if left else None
        return None if left else mishap


@dataclass
class Process:
    """One life of the bot: its link, its desk, its tracker."""

    link: Desk
    desk: OrderDesk
    tracker: OrderTracker
    store: SqlProposalStore
    stack: AsyncExitStack


class WirePlay:
    """Plays the steps; every tap goes to all cards there have ever been."""

    def __init__(self, folder: Path, wire: Wire) -> None:
        self._folder = folder
        self._wire = wire
        self._tokens = count(1)
        self._pressed: set[int] = set()
        self._state = TradingState.ACTIVE
        self._world = AsyncExitStack()
        self.exchange = Exchange(clock=CLOCK, walk=False)
        self.server = TwsServer(self.exchange, sample_s=0.01)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["WirePlay"]:
        """Run the world and the first process until the block ends."""
        async with self._world:
            self.exchange.push("AAPL", 200.0, bid=199.98, ask=200.02)
            await self.server.start()
            self._world.push_async_callback(self.server.stop)
            await self._world.enter_async_context(self._wire.tapped())
            await self._start()
            try:
                yield self
            finally:
                await self.now.stack.aclose()

    async def _start(self) -> None:
        stack, clock = AsyncExitStack(), CLOCK
        path = self._folder / "squawkbot.db"
        database = await Database.open(f"sqlite:///{path}", clock=clock, boot_id="boot")
        stack.push_async_callback(database.close)
        store = SqlProposalStore(database, SqlOutbox(database, clock, "boot"))
        link = desk_at(self.server.port)
        turns = Turns()
        tracker = OrderTracker(
            store,
            link.orders,
            clock,
            turns=turns,
            fee_wait_s=0.2,
            check_wait_s=0.1,
            answer_wait_s=0.5,
            retry_s=0.3,
        )
        tracker.connect()
        link.session.on_up(tracker.reconcile)
        desk = OrderDesk(
            store=store,
            gateway=link.orders,
            quotes=link.feed,
            symbols=link.contracts,
            holdings=link.portfolio,
            roster=Roster({TRADER: Role.TRADER, OTHER: Role.TRADER}),
            guards=Guards(
                limits=limits_for_all(LIMITS),
                state=lambda: self._state,
                history=store,
                clock=clock,
                zone=ZoneInfo("America/New_York"),
                holdings=link.portfolio,
            ),
            clock=clock,
            audit=MemoryAudit(),
            turns=turns,
            new_token=lambda: f"token-{next(self._tokens)}",
        )
        self.now = Process(link, desk, tracker, store, stack)
        await stack.enter_async_context(running(link))
        await link.up()
        await desk.void_unshown()
        task = asyncio.ensure_future(tracker.run())
        stack.push_async_callback(_ended, task)
        self._wire.cut = self.server.drop_all

    async def play(self, step: str, value: object) -> None:
        """Play one step; a process that dies in it is followed by another."""
        try:
            with suppress(TradingError, MarketError):
                await getattr(self, step)(value)
        except Killed:
            await self.restart(None)

    async def order(self, line: str) -> None:
        """Let the link be there, propose and confirm, ten times at once."""
        await self.now.link.up()
        await self.propose(line)
        await self.confirm(None)

    async def propose(self, line: str) -> None:
        proposal = await self.now.desk.propose(parse(line), user_id=TRADER, chat_id=CHAT)
        await self.now.desk.shown(proposal.id, CARD)

    async def order_list(self, lines: list[str]) -> None:
        await self.now.link.up()
        aapl = await self.now.link.contracts.find("AAPL")
        orders = [LegOrder(LegRole.PART, aapl, parse(line), "DU1234567") for line in lines]
        proposal = await self.now.desk.propose_list(orders[0].ticket, orders, user_id=TRADER, chat_id=CHAT)
        await self.now.desk.shown(proposal.id, CARD)
        await self.confirm(None)

    async def confirm(self, _: object) -> None:
        for card in reversed(await self.now.store.recent(TRADER, 100)):
            if card.state is ProposalState.PROPOSED:
                self._pressed.add(card.id)
            taps = [self._tap(card, user) for user in (TRADER, OTHER, TRADER)]
            answers = await asyncio.gather(*taps, return_exceptions=True)
            for answer in answers:
                if isinstance(answer, Killed):
                    raise answer
                assert not isinstance(answer, BaseException) or isinstance(answer, TradingError), repr(answer)

    async def _tap(self, card: Proposal, user: int) -> None:
        answer = await self.now.desk.confirm(card.token, user_id=user, chat_id=CHAT, message_id=CARD)
        if answer.replacement is not None:
            await self.now.desk.shown(answer.replacement.id, CARD)

    async def change(self, price: str) -> None:
        await self.now.link.up()
        for row in await self.now.store.unsettled():
            for leg in row.legs:
                order = row.order_of(leg)
                if order.role is LegRole.ENTRY and order.ticket.limit_price and leg.state is LegState.WORKING:
                    wanted = replace(order.ticket, limit_price=Decimal(price))
                    with suppress(TradingError):
                        proposal = await self.now.desk.propose_change(
                            leg.order_ref, wanted, user_id=TRADER, chat_id=CHAT
                        )
                        await self.now.desk.shown(proposal.id, CARD)
        await self.confirm(None)

    async def withdraw(self, number: int) -> None:
        for row in await self.now.store.recent(TRADER, 2):
            with suppress(TradingError):
                await self.now.desk.cancel_order(row.id, min(number, len(row.legs)), user_id=TRADER, chat_id=CHAT)

    async def price(self, last: float) -> None:
        self.exchange.push("AAPL", last, bid=round(last - 0.02, 2), ask=round(last + 0.02, 2))

    async def partly(self, size: int) -> None:
        self.server.faults.partial([float(size)])

    async def state(self, state: TradingState) -> None:
        self._state = state

    async def mishap(self, due: tuple[int, Mishap]) -> None:
        self._wire.due = due

    async def rejects(self, code: int) -> None:
        self.server.faults.answer_with("placeOrder", code, count=1)

    async def cancel_in_tws(self, which: int) -> None:
        working = self.exchange.desk.blotter.waiting()
        if working:
            self.exchange.cancel_by_hand(working[which % len(working)].perm_id)

    async def tws_restarts(self, _: object) -> None:
        self.server.faults.restart()

    async def drop(self, _: object) -> None:
        self.server.drop_all()

    async def restart(self, _: object) -> None:
        """Cut the old process off and let another one begin."""
        self._wire.due = None
        self.server.drop_all()
        await self.now.stack.aclose()
        await self._start()

    async def end(self, within_s: float) -> None:
        """Let everything become well, and wait until the bot knows what TWS knows."""
        self._wire.due = None
        self._state = TradingState.HALTED
        self.server.faults.rules.clear()
        self.server.drop_all()
        deadline = asyncio.get_running_loop().time() + within_s
        while True:
            with suppress(MarketError):
                await self.now.link.up()
                await self.now.tracker.reconcile()
            try:
                await self.compare()
            except AssertionError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            else:
                return

    async def compare(self) -> None:
        """Hold what the bot says of each order against what TWS knows of it."""
        orders = {one["orderRef"]: one for one in self.exchange.orders()}
        counted = Counter(one["orderRef"] for one in self.exchange.orders())
        assert not [ref for ref, times in counted.items() if times > 1], "an order was sent twice"
        held = [ref for ref, one in orders.items() if not one["transmit"] and one["status"] == "PendingSubmit"]
        assert not held, f"TWS still holds {held}"
        for row in await self.now.store.recent(TRADER, 100):
            sent = row.state in {ProposalState.CONFIRMED, ProposalState.SUBMITTED}
            assert not sent or row.id in self._pressed
            for leg in row.legs:
                one = orders.get(leg.order_ref)
                assert one is None or sent, (row.state, one)
                if sent:
                    _compare_leg(row, leg.number, one)


def _compare_leg(row: Proposal, number: int, one: dict[str, Any] | None) -> None:
    leg = row.legs[number - 1]
    order = row.order_of(leg)
    if order.role is LegRole.CHANGE:
        assert leg.state.is_final, leg
    elif one is None or not one["transmit"]:
        # What TWS never transmitted it never spoke of.
        assert leg.state in _NOWHERE, leg
    elif one["status"] in _ENDS:
        assert leg.state in _ENDS[one["status"]], (leg, one)
        assert leg.filled == Decimal(str(one["filled"])), (leg, one)
    else:
        assert leg.state is (LegState.PARTIAL if one["filled"] else LegState.WORKING), (leg, one)
        assert float(order.ticket.quantity) == one["quantity"], (order, one)
        assert (order.ticket.limit_price and float(order.ticket.limit_price)) == one["limitPrice"], (order, one)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
