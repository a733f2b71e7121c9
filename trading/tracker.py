"""
Follows each order that was sent, from IBKR's events to the message its owner gets.

Every change is stored together with its message, once. A complete fill waits a moment for its commission, which
IBKR sends last; one that comes later is stored but no longer told. What a crash or a lost link left open is settled
by `OrderTracker.reconcile`, an order that IBKR does not answer is looked into; nothing in this module can send one.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from market.account import Fill
from market.clock import Clock
from market.errors import LinkDown
from trading.checks import Checks
from trading.fees import Fees
from trading.findings import Findings, ask
from trading.ports import OrderFate, OrderGateway, OrderReport, ProposalStore
from trading.proposal import Leg, LegState, OrderNews, Proposal, ProposalState
from trading.transition import after_fill, after_findings, after_report, is_news, is_same_order, leg_of
from trading.turns import Turns

OURS = "sb-"
"""How our order references begin."""

_PATIENCE = 3
"""How often an event is worked on in vain before it is set aside."""
_UNANSWERED = frozenset({LegState.UNSENT, LegState.SENT, LegState.UNKNOWN})

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Held:
    """A complete fill that waits for its commission until *deadline* (monotonic seconds)."""

    proposal_id: int
    leg: Leg
    at: datetime
    deadline: float


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
        self._fee_wait_s = fee_wait_s
        self._check_wait_s = check_wait_s
        self._answer_wait_s = answer_wait_s
        self._retry_s = retry_s
        self._mailbox: deque[OrderReport | Fill] = deque()
        self._arrived = asyncio.Event()
        self._fees = Fees()
        self._held: dict[str, _Held] = {}
        self._checks = Checks(retry_s)
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
        await self._tell_held(self._clock.monotonic())
        await self._reconcile_if_owed()
        await self._check_due()

    async def flush(self) -> None:
        """Tell at once whatever still waits for its commission; for a shutdown."""
        await self._tell_held(float("inf"))

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
        await self._reconcile(None)
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
        due = [held.deadline for held in self._held.values()] + self._checks.times + list(self._sent.values())
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

    async def _apply(self, proposal: Proposal, leg: Leg, told: OrderReport | Fill) -> None:
        self._remember(leg.order_ref, told.perm_id)
        held, now = self._held.get(leg.order_ref), self._clock.now()
        base = held.leg if held else leg
        if isinstance(told, Fill):
            await self._store.record_fill(proposal.id, told)
            self._fees.note(leg.order_ref, told)
            after, at = after_fill(base, told, proposal.ticket.quantity), min(told.time, now)
        else:
            after, at = after_report(base, told), now
            if told.fate is not OrderFate.CHECK:
                self._checks.settle(leg.order_ref)
            elif not after.state.is_final:
                self._checks.ask(leg.order_ref, self._clock.monotonic() + self._check_wait_s)
        if after.state is LegState.FILLED and leg.state is not LegState.FILLED and not self._fees.are_complete(after):
            deadline = held.deadline if held else self._clock.monotonic() + self._fee_wait_s
            self._held[leg.order_ref] = _Held(proposal.id, after, held.at if held else at, deadline)
            return
        await self._store_change(proposal, leg, after, held.at if held else at)

    async def _store_change(
        self, proposal: Proposal, before: Leg, after: Leg, at: datetime, *, found: bool = False
    ) -> None:
        """Store the leg, and tell its owner if that is news."""
        after = self._fees.added_to(after)
        if proposal.state is ProposalState.CONFIRMED and after.state not in {LegState.UNSENT, LegState.UNKNOWN}:
            await self._store.settle(proposal.id, ProposalState.SUBMITTED)
            proposal = proposal.with_state(ProposalState.SUBMITTED)
        if is_news(before, after):
            news = OrderNews(proposal.with_leg(after), after, before.state, at, found_at_reconcile=found)
            await self._store.record(news)
        elif after != before:
            await self._store.save_leg(proposal.id, after)
        self._held.pop(after.order_ref, None)

    async def _tell_held(self, until: float) -> None:
        """Tell the complete fills whose time to wait is over at *until*, without the commission that did not come."""
        for order_ref, held in list(self._held.items()):
            if held.deadline > until:
                continue
            async with self._turns.of(held.proposal_id):
                proposal = await self._store.get(held.proposal_id)
                leg = leg_of(proposal, order_ref) if proposal else None
                if proposal is not None and leg is not None and self._held.get(order_ref) == held:
                    await self._store_change(proposal, leg, held.leg, held.at)

    async def _reconcile_if_owed(self) -> None:
        now = self._clock.monotonic()
        if self._owed is None or self._owed > now:
            return
        self._owed = now + self._retry_s
        try:
            await self._reconcile(None)
        except LinkDown:
            logger.info("no link to settle the open orders; the next connect does")
        self._owed = None

    async def _check_due(self) -> None:
        now = self._clock.monotonic()
        for order_ref in [order_ref for order_ref, at in self._sent.items() if at <= now]:
            if await self._is_unanswered(order_ref):
                self._checks.ask(order_ref, now)
            del self._sent[order_ref]
        due = self._checks.take(now)
        if not due:
            return
        try:
            await self._reconcile(due)
        except LinkDown:
            logger.info("no link to look into %s; the next connect does", ", ".join(sorted(due)))

    async def _is_unanswered(self, order_ref: str) -> bool:
        proposal = await self._store.by_order_ref(order_ref)
        leg = leg_of(proposal, order_ref) if proposal else None
        return leg is not None and leg.state in _UNANSWERED

    async def _reconcile(self, only: set[str] | None) -> None:
        open_legs = await self._open_legs(only)
        for order_ref in (only or set()) - {leg.order_ref for _, leg in open_legs}:
            self._checks.settle(order_ref)
        if not open_legs:
            return
        findings = await ask(self._gateway)
        for proposal_id, leg in open_legs:
            async with self._turns.of(proposal_id):
                await self._adopt(proposal_id, leg, findings, at_connect=only is None)

    async def _open_legs(self, only: set[str] | None) -> Sequence[tuple[int, Leg]]:
        """
        Return the legs that are not final, each looked at in its turn.

        The turn lets a Confirm that is just sending finish first: otherwise IBKR would be asked too early, and a good
        order be told as unknown.
        """
        legs: list[tuple[int, Leg]] = []
        for listed in await self._store.unsettled():
            async with self._turns.of(listed.id):
                proposal = await self._store.get(listed.id)
            legs += [(listed.id, leg) for leg in (proposal.legs if proposal else ()) if not leg.state.is_final]
        return [(number, leg) for number, leg in legs if only is None or leg.order_ref in only]

    async def _adopt(self, proposal_id: int, asked_for: Leg, findings: Findings, *, at_connect: bool) -> None:
        proposal = await self._store.get(proposal_id)
        leg = leg_of(proposal, asked_for.order_ref) if proposal else None
        if proposal is None or leg is None or leg != asked_for or leg.order_ref in self._held:
            # It moved while IBKR was being asked, so its own events tell about it.
            return
        after, at = leg, self._clock.now()
        for fill in findings.fills_of(proposal, leg):
            await self._store.record_fill(proposal_id, fill)
            self._fees.note(leg.order_ref, fill)
            after, at = after_fill(after, fill, proposal.ticket.quantity), min(fill.time, at)
        report = findings.report_of(proposal, leg)
        if report is not None:
            self._remember(leg.order_ref, report.perm_id)
        after = after_findings(after, report, are_complete=findings.are_complete, is_patient=at_connect)
        if after.state.is_final or (report is not None and report.fate is OrderFate.WORKING):
            self._checks.settle(leg.order_ref)
        else:
            self._checks.keep(leg.order_ref, self._clock.monotonic())
            self._arrived.set()
        await self._store_change(proposal, leg, after, at, found=at_connect)

    def _remember(self, order_ref: str, perm_id: int) -> None:
        if perm_id:
            self._refs[perm_id] = order_ref
