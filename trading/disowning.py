"""
Gives an order up that nobody knows of, on the word of the person who looked for it in TWS.

IBKR is asked once more before. Where the order turns up all the same, what IBKR says of it counts again.
"""

from collections.abc import Callable
from dataclasses import replace

from market.clock import Clock
from market.errors import RequestTimeout
from trading.errors import OrderGone, ProposalGone
from trading.findings import ask
from trading.ports import OrderGateway, ProposalStore
from trading.proposal import DISOWNED, Leg, LegRole, LegState, OrderNews, Proposal, ProposalState
from trading.turns import Turns

_QUESTIONS_S = 10.0


class Disowning:
    """*turns* must be the object that the `OrderDesk` holds too."""

    def __init__(self, store: ProposalStore, gateway: OrderGateway, turns: Turns, clock: Clock) -> None:
        self._store = store
        self._gateway = gateway
        self._turns = turns
        self._clock = clock

    async def one(self, proposal_id: int, may_touch: Callable[[Proposal], bool]) -> Proposal:
        """
        End the orders of the proposal of which IBKR has never spoken, and return it.

        Raises ProposalGone, OrderGone where there is none (any more), LinkDown, RequestTimeout where IBKR did not
        answer in full.
        """
        findings = await ask(self._gateway)
        async with self._turns.of(proposal_id):
            proposal = await self._store.get(proposal_id)
            if proposal is None or not may_touch(proposal):
                raise ProposalGone
            lost = [leg for leg in unheard_of(proposal) if not findings.knows(proposal, leg)]
            if not lost:
                raise OrderGone(proposal.reference)
            if not findings.are_complete:
                raise RequestTimeout("orders", _QUESTIONS_S)
            await self._store.settle(proposal.id, ProposalState.SUBMITTED)
            for leg in lost:
                ended = replace(leg, state=LegState.NOT_SENT, message=DISOWNED)
                proposal = proposal.with_leg(ended)
                await self._store.record(OrderNews(proposal, ended, leg.state, self._clock.now()))
        return proposal


def unheard_of(proposal: Proposal) -> list[Leg]:
    """Return the orders of which nobody knows what became and IBKR has never spoken; changes are none."""
    return [
        leg
        for leg in proposal.legs
        if leg.state is LegState.UNKNOWN
        and not (leg.perm_id or leg.filled)
        and proposal.order_of(leg).role is not LegRole.CHANGE
    ]
