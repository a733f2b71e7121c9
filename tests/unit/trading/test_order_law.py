"""
Random taps, texts, edits, fills, rejections, lost links, kills and restarts over the desk, the tracker and a TWS.

Never more than one order for a leg, never one without a valid Confirm, never one beyond a limit; and in the end what
the bot says of each order is what TWS knows of it, and TWS holds nothing back.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.errors import MarketError
from market.ticket import Side, parse
from tests.fakes.desk import CARD, CHAT, OTHER, TRADER, VIEWER, DeskBench
from tests.fakes.trading import AAPL, ACCOUNT
from tests.fakes.tws import FakeTws, Killed, Mishap, TwsLine, TwsOrder
from trading.errors import TradingError
from trading.limits import Limits, TradingState
from trading.plan import with_terms
from trading.ports import OrderFate
from trading.proposal import LegOrder, LegRole, LegState, Proposal, ProposalState
from trading.tracker import OrderTracker
from trading.turns import Turns

LINES = (
    "buy 10 AAPL 199.5",
    "sell 10 AAPL market",
    "buy $3000 AAPL market",
    "buy 10 AAPL 199.5 tp 210 sl 190",
    "sell 4 AAPL market tp 180 sl 210",
    "buy 10 AAPL market sl 190",
    "sell 10 AAPL 210 oco stop 190",
    "sell 5 AAPL trail 2%",
    "buy 20 AAPL 199.5",
)
MOST_VALUE, MOST_A_MINUTE = Decimal(3000), 4
LIMITS = Limits(order_value=MOST_VALUE, orders_per_minute=MOST_A_MINUTE)

ORDER = st.tuples(st.just("order"), st.sampled_from(LINES))
MISHAP = st.tuples(st.just("mishap"), st.tuples(st.integers(0, 3), st.sampled_from(Mishap)))
FILL = st.tuples(st.just("fill"), st.tuples(st.integers(0, 9), st.sampled_from([3, 10, 20])))
CHANGE = st.tuples(st.just("change"), st.sampled_from(["199", "198", "8 199.5", "12 199.5"]))
STEPS = st.one_of(
    ORDER,
    ORDER,
    ORDER,
    ORDER,
    FILL,
    FILL,
    MISHAP,
    MISHAP,
    st.tuples(st.just("propose"), st.sampled_from(LINES)),
    st.tuples(st.just("propose_list"), st.lists(st.sampled_from(LINES[:2]), min_size=1, max_size=3)),
    st.tuples(st.just("confirm"), st.lists(st.sampled_from([TRADER, TRADER, OTHER, VIEWER]), min_size=1, max_size=4)),
    st.tuples(st.just("amend"), st.sampled_from(LINES)),
    CHANGE,
    CHANGE,
    st.tuples(st.just("withdraw"), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.sampled_from([1, 11, 61])),
    st.tuples(st.just("price"), st.sampled_from([200.0, 200.2, 205.0])),
    st.tuples(st.just("state"), st.sampled_from([TradingState.ACTIVE, *TradingState])),
    st.tuples(st.just("rejects"), st.integers(0, 2)),
    st.tuples(st.just("cancel_in_tws"), st.integers(0, 9)),
    st.tuples(st.just("tws_restarts"), st.none()),
    st.tuples(st.just("link"), st.none()),
    st.tuples(st.just("link"), st.none()),
    st.tuples(st.just("restart"), st.none()),
)

FATES = {
    OrderFate.FILLED: LegState.FILLED,
    OrderFate.CANCELLED: LegState.CANCELLED,
    OrderFate.REJECTED: LegState.REJECTED,
}


class Play:
    """Plays the steps; every tap goes to all cards there have ever been."""

    def __init__(self) -> None:
        self.bench = DeskBench(LIMITS)
        self.bench.market.held = Decimal(40)
        self.tws = FakeTws(self.bench.clock, on_new=self._judge)
        self._pressed: dict[int, bool] = {}
        self._sent_at: list[datetime] = []
        self._start()

    def _start(self) -> None:
        bench = self.bench
        bench.gateway = TwsLine(self.tws)  # type: ignore[assignment]  it speaks the same port
        bench.turns = Turns()
        bench.desk = bench.open_desk(LIMITS)
        bench.tracker = OrderTracker(bench.store, bench.gateway, bench.clock, turns=bench.turns)
        bench.tracker.connect()

    def _judge(self, coming: TwsOrder) -> None:
        """Hold each order that arrives at TWS to what its person confirmed."""
        proposal = self._of(coming.ref)
        assert self._pressed.get(proposal.id), f"{coming.ref} was never confirmed"
        assert proposal.state is ProposalState.CONFIRMED
        assert self.bench.clock.now() < proposal.expires
        assert self.bench.state is not TradingState.HALTED
        number = int(coming.ref.rpartition("-")[2])
        assert coming.order == proposal.order_of(proposal.legs[number - 1])
        if coming.order.role in {LegRole.ENTRY, LegRole.PART}:
            price = coming.order.ticket.limit_price or Decimal(205)
            assert coming.order.ticket.quantity * price <= MOST_VALUE + Decimal(100)
            minute = self.bench.clock.now() - timedelta(minutes=1)
            self._sent_at = [at for at in self._sent_at if at > minute] + [self.bench.clock.now()]
            # What makes the position smaller is counted, but never held up by how much was traded before.
            assert coming.order.ticket.side is Side.SELL or len(self._sent_at) <= MOST_A_MINUTE

    def _of(self, ref: str) -> Proposal:
        return next(row for row in self.bench.store.rows.values() for leg in row.legs if leg.order_ref == ref)

    async def play(self, step: str, value: object) -> None:
        try:
            with suppress(TradingError, MarketError):
                await getattr(self, step)(value)
            if self.tws.is_up:
                await self.bench.tracker.step()
        except Killed:
            await self.restart(None)
        assert not [ref for ref, count in self.tws.arrived.items() if count > 1], "an order was sent twice"

    async def order(self, line: str) -> None:
        """Let the link be there, propose and confirm."""
        await self.link(None)
        await self.propose(line)
        await self.confirm([TRADER])

    async def propose(self, line: str) -> None:
        proposal = await self.bench.desk.propose(parse(line), user_id=TRADER, chat_id=CHAT)
        await self.bench.desk.shown(proposal.id, CARD)

    async def propose_list(self, lines: list[str]) -> None:
        orders = [LegOrder(LegRole.PART, AAPL, parse(line), ACCOUNT) for line in lines]
        proposal = await self.bench.desk.propose_list(orders[0].ticket, orders, user_id=TRADER, chat_id=CHAT)
        await self.bench.desk.shown(proposal.id, CARD)

    async def confirm(self, users: list[int]) -> None:
        for card in list(self.bench.store.rows.values()):
            for user in users:
                if user == TRADER and card.state is ProposalState.PROPOSED:
                    self._pressed[card.id] = True
                with suppress(TradingError):
                    answer = await self.bench.confirm(card, user_id=user)
                    if answer.replacement is not None:
                        await self.bench.desk.shown(answer.replacement.id, CARD)

    async def amend(self, line: str) -> None:
        for card in list(self.bench.store.rows.values())[-1:]:
            proposal = await self.bench.desk.amend(card.token, parse(line), user_id=TRADER, chat_id=CHAT)
            await self.bench.desk.shown(proposal.id, CARD)

    async def change(self, terms: str) -> None:
        quantity, price = terms.split() if " " in terms else ("", terms)
        for ref, one in list(self.tws.orders.items()):
            if one.is_alive and one.order.role in {LegRole.ENTRY, LegRole.PART} and one.order.ticket.limit_price:
                known = self._of(ref)
                ticket = known.order_of(next(leg for leg in known.legs if leg.order_ref == ref)).ticket
                wanted = replace(ticket, limit_price=Decimal(price), quantity=Decimal(quantity or ticket.quantity))
                proposal = await self.bench.desk.propose_change(ref, wanted, user_id=TRADER, chat_id=CHAT)
                await self.bench.desk.shown(proposal.id, CARD)
                await self.confirm([TRADER])

    async def withdraw(self, number: int) -> None:
        for row in list(self.bench.store.rows.values())[-2:]:
            with suppress(TradingError):
                await self.bench.desk.cancel_order(row.id, min(number, len(row.legs)), user_id=TRADER, chat_id=CHAT)

    async def wait(self, seconds: int) -> None:
        self.bench.clock.advance(seconds)
        await self.bench.desk.expire_due()

    async def price(self, last: float) -> None:
        self.bench.move_to(last)

    async def state(self, state: TradingState) -> None:
        self.bench.state = state

    async def mishap(self, due: tuple[int, Mishap]) -> None:
        self.tws.due = due

    async def rejects(self, after: int) -> None:
        self.tws.rejects = after

    async def fill(self, which: tuple[int, int]) -> None:
        alive = [ref for ref, one in self.tws.orders.items() if one.is_alive]
        if alive:
            self.tws.fill(alive[which[0] % len(alive)], Decimal(which[1]))

    async def cancel_in_tws(self, which: int) -> None:
        alive = [one for one in self.tws.orders.values() if one.is_alive]
        if alive:
            self.tws.cancel(alive[which % len(alive)].order_id)

    async def tws_restarts(self, _: object) -> None:
        self.tws.restart()

    async def link(self, _: object) -> None:
        """Let the link come back."""
        if not self.tws.is_up:
            self.tws.is_up = True
            await self.bench.tracker.reconcile()

    async def restart(self, _: object) -> None:
        """Let a new process take over."""
        self.tws.due = None
        self._start()
        await self.bench.desk.void_unshown()
        if self.tws.is_up:
            await self.bench.tracker.reconcile()

    async def end(self) -> None:
        """Let everything become well, and look at what is left."""
        self.tws.due = None
        self.tws.is_up = True
        self.bench.state = TradingState.HALTED
        await self.bench.tracker.reconcile()
        for _ in range(3):
            self.bench.clock.advance(1000)
            await self.bench.tracker.step()
        await self.bench.tracker.reconcile()
        await self.bench.tracker.step()

    def compare(self) -> None:
        """Hold what the bot says of each order against what TWS knows of it."""
        held = [one.ref for one in self.tws.orders.values() if one.is_held and one.fate is OrderFate.WORKING]
        assert not held, "TWS still holds an order back"
        for row in self.bench.store.rows.values():
            if row.state in {ProposalState.CONFIRMED, ProposalState.SUBMITTED}:
                for leg in row.legs:
                    self._compare_leg(row, leg.number)

    def _compare_leg(self, row: Proposal, number: int) -> None:
        leg = row.legs[number - 1]
        order = row.order_of(leg)
        if order.role is LegRole.CHANGE:
            assert leg.state.is_final, leg
            return
        one = self.tws.orders.get(leg.order_ref)
        was_alone = one is None or (one.is_held and not one.filled)
        if was_alone:
            assert leg.state in {LegState.UNKNOWN, LegState.NOT_SENT, LegState.CANCELLED, LegState.REJECTED}, leg
            return
        assert one is not None
        assert leg.filled == one.filled, (leg, one)
        if one.fate is OrderFate.WORKING:
            assert leg.state is (LegState.PARTIAL if one.filled else LegState.WORKING), (leg, one)
            assert order.ticket.quantity == one.order.ticket.quantity
            assert order.ticket.limit_price == one.order.ticket.limit_price
            assert with_terms(row, number, one.order.ticket).orders == row.orders
        else:
            assert leg.state is FATES[one.fate], (leg, one)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, min_size=12, max_size=40))
async def test_whatever_happens_each_order_is_sent_once_as_confirmed_and_known_in_the_end(
    steps: list[tuple[str, object]],
) -> None:
    play = Play()
    for step, value in steps:
        await play.play(step, value)
    await play.end()
    play.compare()
