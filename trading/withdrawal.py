"""Asks IBKR to cancel orders that were sent; their end comes as news."""

import logging
from collections.abc import Callable, Sequence

from market.errors import LinkDown, MarketError, ReadOnlyApi
from trading.errors import OrderGone, ProposalGone
from trading.ports import OrderGateway, ProposalStore
from trading.proposal import Leg, LegRole, Proposal

logger = logging.getLogger(__name__)


class Withdrawal:
    """Cancels what works of a proposal, or of all."""

    def __init__(self, store: ProposalStore, gateway: OrderGateway) -> None:
        self._store = store
        self._gateway = gateway

    async def one(self, proposal_id: int, number: int, may_touch: Callable[[Proposal], bool]) -> Proposal:
        """
        Ask IBKR to cancel leg *number* (0: all that work) and return the proposal.

        Raises ProposalGone, OrderGone where nothing of it works, LinkDown, RequestTimeout, BrokerError.
        """
        proposal = await self._store.get(proposal_id)
        if proposal is None or not may_touch(proposal):
            raise ProposalGone
        working = working_of(proposal, number)
        if not working:
            raise OrderGone(proposal.legs[0].order_ref if proposal.legs else proposal.reference)
        for leg in working:
            await self._gateway.cancel(leg.order_id, leg.order_ref, leg.perm_id)
        return proposal

    async def all(self, may_touch: Callable[[Proposal], bool]) -> Sequence[Proposal]:
        """
        Ask IBKR to cancel everything that works and return the proposals it was asked about.

        An order that cannot be cancelled does not keep the others from it. Raises LinkDown, ReadOnlyApi.
        """
        mine = [proposal for proposal in await self._store.unsettled() if may_touch(proposal)]
        return [proposal for proposal in mine if await self._all_of(proposal)]

    async def _all_of(self, proposal: Proposal) -> bool:
        """Return whether IBKR was asked to cancel any order of *proposal*."""
        was_asked = False
        for leg in working_of(proposal):
            try:
                await self._gateway.cancel(leg.order_id, leg.order_ref, leg.perm_id)
            except (LinkDown, ReadOnlyApi):
                raise
            except (MarketError, OrderGone) as error:
                logger.warning("%s could not be cancelled: %s", leg.order_ref, type(error).__name__)
            else:
                was_asked = True
        return was_asked


def working_of(proposal: Proposal, number: int = 0) -> list[Leg]:
    """
    Return the legs to cancel: *number*, or for 0 all that work.

    IBKR cancels what hangs on an order together with it, so that of a bracket whose entry works only that is asked.
    """
    works = [leg for leg in proposal.legs if leg.order_id and not leg.state.is_final and number in {0, leg.number}]
    numbers = {leg.number for leg in works}
    orders = ((leg, proposal.order_of(leg)) for leg in works)
    return [leg for leg, order in orders if order.role is not LegRole.CHANGE and order.parent not in numbers]
