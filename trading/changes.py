"""Changes of working orders: they have legs of their own, but IBKR speaks only of the order that they change."""

from collections.abc import Sequence

from market.clock import Clock
from trading.ports import OrderReport, ProposalStore
from trading.proposal import Leg, LegOrder, LegRole, Proposal
from trading.recorder import Recorder
from trading.terms import after_change
from trading.transition import leg_of
from trading.turns import Turns


class Changes:
    """Settles CHANGE legs by what is told of the order they are about."""

    def __init__(self, store: ProposalStore, recorder: Recorder, turns: Turns, clock: Clock) -> None:
        self._store = store
        self._recorder = recorder
        self._turns = turns
        self._clock = clock

    async def heed(self, told: OrderReport) -> Sequence[str]:
        """Settle the changes that *told* is an answer to; return the references of those that are over now."""
        over = []
        for order_ref in await self.waiting_for(told.order_ref):
            proposal = await self._store.by_order_ref(order_ref)
            if proposal is not None and await self._settle(proposal.id, order_ref, told):
                over.append(order_ref)
        return over

    async def waiting_for(self, order_ref: str) -> Sequence[str]:
        """Return the references of the changes of the order *order_ref* that IBKR has not answered."""
        return [
            leg.order_ref
            for proposal in await self._store.unsettled()
            for leg, order in changes_of(proposal)
            if order.changes == order_ref and not leg.state.is_final
        ]

    async def _settle(self, proposal_id: int, order_ref: str, told: OrderReport) -> bool:
        async with self._turns.of(proposal_id):
            # Loaded in its turn: until now the desk may have been sending it.
            proposal = await self._store.get(proposal_id)
            leg = leg_of(proposal, order_ref) if proposal else None
            if proposal is None or leg is None:
                return False
            after = after_change(proposal, leg, told, is_asked=False)
            if after == leg:
                return False
            await self._recorder.store(proposal, leg, after, self._clock.now())
            return True


def changes_of(proposal: Proposal) -> list[tuple[Leg, LegOrder]]:
    """Return the legs of *proposal* that change a working order."""
    found = ((leg, proposal.order_of(leg)) for leg in proposal.legs)
    return [(leg, order) for leg, order in found if order.role is LegRole.CHANGE]
