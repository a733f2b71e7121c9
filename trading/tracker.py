"""
Follows each order that was sent, from IBKR's events to the message its owner gets.

Every change is stored together with its message, once (`trading/recorder.py`). What a crash or a lost link left open is
settled by `OrderTracker.reconcile`, an order that IBKR does not answer is looked into; nothing in here can send one.
"""

import asyncio
import logging
from collections import deque

from market.account import Fill
from market.clock import Clock
from market.errors import LinkDown
from trading.changes import Changes
from trading.checks import Checks
from trading.family import Family
from trading.lifetime import by_time
from trading.ports import OrderFate, OrderGateway, OrderReport, ProposalStore
from trading.proposal import Leg, LegState, Proposal
from trading.reconciler import Reconciler
from trading.recorder import Recorder
from trading.terms import adopted
from trading.transition import after_fill, after_report, is_part, is_same_order, leg_of
from trading.turns import Turns

OURS = "sb-"
"""How our order references begin."""

_PATIENCE = 3
"""How often an event is worked on in vain before it is set aside."""
_UNANSWERED = frozenset({LegState.UNSENT, LegState.SENT, LegState.UNKNOWN})

logger = logging.getLogger(__name__)


class OrderTracker:
    """
    Turns what IBKR says about our orders into news.

    *turns* must be the object that the `OrderDesk` holds too. A fill waits *fee_wait_s* for its commission, an unclear
    word of IBKR's is looked into after *check_wait_s*, an order that was sent and not answered after *answer_wait_s*.
    While that does not help, IBKR is asked again after *retry_s*, and then ever more rarely.
    """

    def __init__(
        self,
        store: ProposalStore,
        gateway: OrderGateway,
        clock: Clock,
        *,
        turns: Turns,
        fee_wait_s: float = 2.0,
        check_wait_s: float = 1.0,
        answer_wait_s: float = 10.0,
        retry_s: float = 15.0,
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._clock = clock
        self._turns = turns
        self._check_wait_s = check_wait_s
        self._answer_wait_s = answer_wait_s
        self._retry_s = retry_s
        self._mailbox: deque[OrderReport | Fill] = deque()
        self._arrived = asyncio.Event()
        self._checks = Checks(retry_s)
        self._recorder = Recorder(store, turns, fee_wait_s)
        self._changes = Changes(store, self._recorder, turns, clock)
        self._family = Family(gateway)
        self._reconciler = Reconciler(
            store, gateway, clock, turns=turns, recorder=self._recorder, checks=self._checks, family=self._family
        )
        self._sent: dict[str, float] = {}
        self._owed: float | None = None
        self._vain = 0
        self._refs: dict[int, str] = {}

    def connect(self) -> None:
        """Start to listen; what comes before `run` does is kept."""
        self._gateway.connect(self._put, self._put, self._expect)

    async def run(self) -> None:
        """Work for ever. After an error it may be started again: the event at hand is not lost."""
        while True:
            await self._wait()
            await self.step()

    async def step(self) -> None:
        """Do all that is due now: events, fills that waited long enough, orders to look into."""
        while self._mailbox:
            # Removed only when it is stored: an error here must not swallow a fill.
            self._vain += 1
            if self._vain > _PATIENCE:
                self._set_aside(self._mailbox[0])
            else:
                await self._heed(self._mailbox[0])
            self._mailbox.popleft()
            self._vain = 0
        self._arrived.clear()
        await self._recorder.tell_held(self._clock.monotonic())
        await self._reconcile_if_owed()
        await self._check_due()

    async def flush(self) -> None:
        """Tell at once whatever still waits for its commission; for a shutdown."""
        await self._recorder.tell_held(float("inf"))

    async def reconcile(self) -> None:
        """
        Settle every open order with what IBKR knows of it; to be called at each connect.

        Found: its state is adopted and told as found now. Nowhere: UNKNOWN, told once, never sent again; an order that
        was not sent before a crash is not sent after it. Where IBKR did not answer in full, what was not found stays
        as it is and is asked for again. Who gives up waiting for it (the session has only seconds) loses nothing: what
        is not settled then is settled by `run`. Raises LinkDown.
        """
        self._owed = self._clock.monotonic() + self._retry_s
        self._arrived.set()
        await self._settle(None)
        self._owed = None

    def _put(self, told: OrderReport | Fill) -> None:
        self._mailbox.append(told)
        self._arrived.set()

    def _expect(self, order_ref: str) -> None:
        """Expect IBKR's answer to an order that is leaving now."""
        self._sent[order_ref] = self._clock.monotonic() + self._answer_wait_s
        self._arrived.set()

    def _set_aside(self, told: OrderReport | Fill) -> None:
        """Give an event up that cannot be worked on, so that the others can: IBKR is asked for what it said."""
        logger.error("%s about %s is set aside", type(told).__name__, told.order_ref or told.perm_id)
        order_ref = told.order_ref or self._refs.get(told.perm_id, "")
        if order_ref.startswith(OURS):
            self._checks.ask(order_ref, self._clock.monotonic() + self._retry_s)

    async def _wait(self) -> None:
        """Wait for an event, or for the next thing that is due."""
        due = [*self._recorder.times, *self._checks.times, *self._sent.values()]
        due += [] if self._owed is None else [self._owed]
        timeout = max(0.0, min(due) - self._clock.monotonic()) if due else None
        try:
            await asyncio.wait_for(self._arrived.wait(), timeout)
        except TimeoutError:
            return

    async def _heed(self, told: OrderReport | Fill) -> None:
        """Apply one event to its order; events of orders that are not ours are for others."""
        order_ref = told.order_ref or self._refs.get(told.perm_id, "")
        if not order_ref.startswith(OURS):
            return
        proposal = await self._store.by_order_ref(order_ref)
        if proposal is None:
            logger.warning("IBKR knows an order %s that is not in this database", order_ref)
            return
        async with self._turns.of(proposal.id):
            # Loaded again: while we waited for our turn, the desk may have noted that it sent the order.
            proposal = await self._store.get(proposal.id)
            leg = leg_of(proposal, order_ref) if proposal else None
            if proposal is None or leg is None or not is_same_order(proposal, leg, told):
                logger.warning("IBKR speaks of an order %s that this database's one cannot be", order_ref)
                return
            await self._apply(proposal, leg, told)
        if isinstance(told, OrderReport) and self._may_answer_change(proposal, leg, told):
            for settled in await self._changes.heed(told):
                self._checks.settle(settled)

    async def _apply(self, proposal: Proposal, leg: Leg, told: OrderReport | Fill) -> None:
        self._remember(leg.order_ref, told.perm_id)
        now, now_s = self._clock.now(), self._clock.monotonic()
        held = self._recorder.held(leg.order_ref)
        base = held.leg if held else leg
        if isinstance(told, Fill):
            await self._recorder.take_fill(proposal, leg, told)
            order = proposal.order_of(leg)
            after = base if is_part(order, told) else after_fill(base, told, order.ticket.quantity)
            await self._recorder.take(proposal, leg, after, min(told.time, now), now_s)
            return
        proposal = await self._recorder.take_terms(proposal, leg, told)
        after = by_time(proposal, base, after_report(base, told), now)
        if told.fate not in {OrderFate.CHECK, OrderFate.PENDING} or after.state.is_final:
            self._checks.settle(leg.order_ref)
        elif told.fate is OrderFate.CHECK:
            self._checks.ask(leg.order_ref, now_s + self._check_wait_s)
        await self._recorder.take(proposal, leg, after, now, now_s)
        await self._family.heed(self._recorder.latest(proposal.with_leg(after)), after)

    def _may_answer_change(self, proposal: Proposal, leg: Leg, told: OrderReport) -> bool:
        """Return whether *told* may be about new terms for the order: others, refused ones, or its end."""
        ticket = proposal.order_of(leg).ticket
        is_over = told.fate not in {OrderFate.PENDING, OrderFate.WORKING, OrderFate.CHECK}
        return bool(told.refused_change) or is_over or adopted(ticket, told) != ticket

    async def _reconcile_if_owed(self) -> None:
        now = self._clock.monotonic()
        if self._owed is None or self._owed > now:
            return
        self._owed = now + self._retry_s
        try:
            await self._settle(None)
        except LinkDown:
            logger.info("no link to settle the open orders; the next connect does")
        self._owed = None

    async def _check_due(self) -> None:
        now = self._clock.monotonic()
        for order_ref in [order_ref for order_ref, at in self._sent.items() if at <= now]:
            if await self._is_unanswered(order_ref):
                self._checks.ask(order_ref, now)
            for change in await self._changes.waiting_for(order_ref):
                self._checks.ask(change, now)
            del self._sent[order_ref]
        due = self._checks.take(now)
        if not due:
            return
        try:
            await self._settle(due)
        except LinkDown:
            logger.info("no link to look into %s; the next connect does", ", ".join(sorted(due)))

    async def _is_unanswered(self, order_ref: str) -> bool:
        proposal = await self._store.by_order_ref(order_ref)
        leg = leg_of(proposal, order_ref) if proposal else None
        return leg is not None and leg.state in _UNANSWERED

    async def _settle(self, only: set[str] | None) -> None:
        for order_ref, perm_id in (await self._reconciler.settle(only)).items():
            self._remember(order_ref, perm_id)
        # What is not settled yet is due some time: the wait begins anew.
        self._arrived.set()

    def _remember(self, order_ref: str, perm_id: int) -> None:
        if perm_id:
            self._refs[perm_id] = order_ref
