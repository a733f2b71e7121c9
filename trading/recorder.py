"""
Stores what became of an order together with the news of it, in one transaction.

A complete fill waits a moment for its commission, which IBKR sends last; one that comes later goes into the messages
that told the fill, without a sound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from market.account import Fill
from market.instrument import SecType
from trading.fees import Fees
from trading.plan import with_terms
from trading.ports import OrderReport, ProposalStore
from trading.proposal import Leg, LegState, OrderNews, Proposal, ProposalState
from trading.terms import adopted
from trading.transition import is_news, is_part, leg_of
from trading.turns import Turns

_AT_WORK = frozenset({LegState.SENT, LegState.WORKING, LegState.PARTIAL})


@dataclass(frozen=True, slots=True)
class Held:
    """A complete fill that waits for its commission until *deadline* (monotonic seconds)."""

    proposal_id: int
    leg: Leg
    at: datetime
    deadline: float


class Recorder:
    """Writes down and tells; every method but `tell_held` is called in the proposal's turn."""

    def __init__(self, store: ProposalStore, turns: Turns, fee_wait_s: float) -> None:
        self._store = store
        self._turns = turns
        self._fee_wait_s = fee_wait_s
        self._held: dict[str, Held] = {}
        self.fees = Fees()

    @property
    def times(self) -> Sequence[float]:
        """When a fill has waited long enough."""
        return [held.deadline for held in self._held.values()]

    def held(self, order_ref: str) -> Held | None:
        """Return the complete fill of the order that waits for its commission, or None."""
        return self._held.get(order_ref)

    def latest(self, proposal: Proposal) -> Proposal:
        """Return *proposal* with the fills that are not stored yet, since they wait for their commission."""
        for leg in proposal.legs:
            held = self._held.get(leg.order_ref)
            proposal = proposal if held is None else proposal.with_leg(held.leg)
        return proposal

    async def take_fill(self, proposal: Proposal, leg: Leg, fill: Fill) -> None:
        """Keep an execution and its commission."""
        await self._store.record_fill(proposal.id, fill)
        order = proposal.order_of(leg)
        if order.instrument.sec_type is not SecType.COMBO or is_part(order, fill):
            self.fees.note(leg.order_ref, fill)

    async def take_terms(self, proposal: Proposal, leg: Leg, told: OrderReport) -> Proposal:
        """Return *proposal* with the terms that *told* says leg works on; new ones are stored."""
        ticket = proposal.order_of(leg).ticket
        now = adopted(ticket, told)
        if now == ticket:
            return proposal
        await self._store.save_terms(proposal.id, leg.number, now)
        return with_terms(proposal, leg.number, now)

    async def take(self, proposal: Proposal, before: Leg, after: Leg, at: datetime, now_s: float) -> None:
        """Store *after* and tell of it, or let a complete fill wait for its commission first."""
        held = self._held.get(before.order_ref)
        is_done = after.state is LegState.FILLED and before.state is not LegState.FILLED
        if is_done and not self.fees.are_complete(after, _units(proposal, after)):
            deadline = held.deadline if held else now_s + self._fee_wait_s
            self._held[before.order_ref] = Held(proposal.id, after, held.at if held else at, deadline)
            return
        await self.store(proposal, before, after, held.at if held else at)

    async def store(self, proposal: Proposal, before: Leg, after: Leg, at: datetime, *, found: bool = False) -> None:
        """Store *after*, and tell its owner if that is news."""
        units = _units(proposal, after)
        after = self.fees.added_to(after if units > 1 else self.fees.corrected(after), units)
        if proposal.state is ProposalState.CONFIRMED and after.state not in {LegState.UNSENT, LegState.UNKNOWN}:
            await self._store.settle(proposal.id, ProposalState.SUBMITTED)
            proposal = proposal.with_state(ProposalState.SUBMITTED)
        if is_news(before, after):
            news = OrderNews(proposal.with_leg(after), after, before.state, at, found_at_reconcile=found)
            await self._store.record(news)
        elif self._is_late_cost(before, after, _units(proposal, after)) or _is_word(before, after):
            await self._store.save_anew(proposal.id, after)
        elif after != before:
            await self._store.save_leg(proposal.id, after)
        self._held.pop(after.order_ref, None)

    def _is_late_cost(self, before: Leg, after: Leg, per_unit: int) -> bool:
        """Return whether all that an order which is over cost is known only now."""
        is_corrected = before.average_price not in {None, after.average_price}
        is_new = (before.commission, before.realized_pnl) != (after.commission, after.realized_pnl)
        is_told = is_corrected or (is_new and self.fees.are_complete(after, per_unit))
        return is_told and after.state.is_final

    async def tell_held(self, until: float) -> None:
        """Tell the complete fills whose time to wait is over at *until*, without the commission that did not come."""
        for order_ref, held in list(self._held.items()):
            if held.deadline > until:
                continue
            async with self._turns.of(held.proposal_id):
                proposal = await self._store.get(held.proposal_id)
                leg = leg_of(proposal, order_ref) if proposal else None
                if proposal is not None and leg is not None and self._held.get(order_ref) == held:
                    await self.store(proposal, leg, held.leg, held.at)


def _is_word(before: Leg, after: Leg) -> bool:
    """Return whether IBKR says something new of an order that goes on: what shows it shows that."""
    return after.state in _AT_WORK and before.message != after.message


def _units(proposal: Proposal, leg: Leg) -> int:
    """Return how many units are executed for each that was ordered: more than one for a combination."""
    return sum(part.ratio for part in proposal.order_of(leg).instrument.legs) or 1
