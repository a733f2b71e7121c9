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
        await self._ask(proposal, number)
        return proposal

    async def all(self, may_touch: Callable[[Proposal], bool]) -> Sequence[Proposal]:
        """
        Ask IBKR to cancel everything that works and return the proposals it was asked about.

        An order that cannot be cancelled does not keep the others from it. Raises LinkDown, ReadOnlyApi.
        """
        mine = [proposal for proposal in await self._store.unsettled() if may_touch(proposal)]
        return [proposal for proposal in mine if await self._was_asked(proposal)]

    async def _was_asked(self, proposal: Proposal) -> bool:
        try:
            await self._ask(proposal, 0)
        except (LinkDown, ReadOnlyApi):
            raise
        except (MarketError, OrderGone):
            return False
        return True

    async def _ask(self, proposal: Proposal, number: int) -> None:
        """
        Ask for one leg or all. Raises OrderGone where nothing works, or why nothing could be asked for.

        IBKR cancels what hangs on an order together with it; only where that is over already is each child asked for.
        """
        asked: set[int] = set()
        failed: MarketError | OrderGone = OrderGone(proposal.legs[0].order_ref if proposal.legs else proposal.reference)
        for leg in _working(proposal, number):
            if proposal.order_of(leg).parent in asked:
                continue
            try:
                await self._gateway.cancel(leg.order_id, leg.order_ref, leg.perm_id)
            except (LinkDown, ReadOnlyApi):
                raise
            except (MarketError, OrderGone) as error:
                logger.warning("%s could not be cancelled: %s", leg.order_ref, type(error).__name__)
                failed = error
            else:
                asked.add(leg.number)
        if not asked:
            raise failed


def _working(proposal: Proposal, number: int) -> list[Leg]:
    """Return the legs to cancel: *number*, or for 0 all that work. A change is no order of its own."""
    works = [leg for leg in proposal.legs if leg.order_id and not leg.state.is_final and number in {0, leg.number}]
    return [leg for leg in works if proposal.order_of(leg).role is not LegRole.CHANGE]
