"""
Asks IBKR to cancel orders that were sent; their end comes as news.

What is being sent just now is waited for: an order that has left, and whose id is not noted yet, is one that works.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from market.errors import LinkDown, MarketError, ReadOnlyApi
from trading.draft import reason
from trading.errors import OrderGone, ProposalGone
from trading.ports import OrderGateway, ProposalStore
from trading.proposal import Leg, LegRole, Proposal
from trading.turns import Turns

NO_NUMBER = "nobody knows whether it reached TWS"
"""Why an order cannot be cancelled of which no API order id was ever noted."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """What IBKR could not be asked to cancel, at least not all of it, and why: *reason* is IBKR's words, or ours."""

    proposal: Proposal
    reason: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What came of cancelling everything; a proposal of several orders may be in both."""

    asked: Sequence[Proposal] = ()
    kept: Sequence[Kept] = ()


_Failure = MarketError | OrderGone | None


class Withdrawal:
    """
    Cancels what works of a proposal, or of all.

    *turns* must be the object that the `OrderDesk` holds too.
    """

    def __init__(self, store: ProposalStore, gateway: OrderGateway, turns: Turns) -> None:
        self._store = store
        self._gateway = gateway
        self._turns = turns

    async def one(self, proposal_id: int, number: int, may_touch: Callable[[Proposal], bool]) -> Proposal:
        """
        Ask IBKR to cancel leg *number* (0: all that work) and return the proposal.

        Raises ProposalGone, OrderGone where nothing of it works, LinkDown, RequestTimeout, BrokerError.
        """
        proposal = await self._settled(proposal_id)
        if proposal is None or not may_touch(proposal):
            raise ProposalGone
        asked, failure = await self._ask(proposal, number)
        if not asked:
            raise failure or OrderGone(proposal.legs[0].order_ref if proposal.legs else proposal.reference)
        return proposal

    async def all(self, may_touch: Callable[[Proposal], bool]) -> Withdrawn:
        """
        Ask IBKR to cancel everything that works, and return what it was asked about and what it could not be.

        An order that cannot be cancelled does not keep the others from it; nor does a link that is lost meanwhile keep
        from being told what was asked before.
        """
        asked, kept = [], []
        for listed in await self._store.unsettled():
            if not may_touch(listed) or not _ordered(listed):
                continue
            proposal = await self._settled(listed.id)
            if proposal is None:
                continue
            was_asked, failure = await self._ask(proposal, 0)
            if was_asked:
                asked.append(proposal)
            if failure is not None or _unnumbered(proposal):
                kept.append(Kept(proposal, NO_NUMBER if failure is None else _words(failure)))
        return Withdrawn(asked, kept)

    async def _settled(self, proposal_id: int) -> Proposal | None:
        """Return the proposal once nobody is sending it or writing its events down."""
        async with self._turns.of(proposal_id):
            return await self._store.get(proposal_id)

    async def _ask(self, proposal: Proposal, number: int) -> tuple[bool, _Failure]:
        """
        Ask for one leg or all; return whether IBKR was asked for any, and why not for each.

        IBKR cancels what hangs on an order together with it; only where that is over already is each child asked for.
        """
        asked: set[int] = set()
        failure: _Failure = None
        for leg in _working(proposal, number):
            if proposal.order_of(leg).parent in asked:
                continue
            try:
                await self._gateway.cancel(leg.order_id, leg.order_ref, leg.perm_id)
            except (MarketError, OrderGone) as error:
                logger.warning("%s could not be cancelled: %s", leg.order_ref, type(error).__name__)
                failure = error
                if isinstance(error, LinkDown | ReadOnlyApi):
                    break
            else:
                asked.add(leg.number)
        return bool(asked), failure


def _ordered(proposal: Proposal) -> list[Leg]:
    """Return the legs that are not over and are orders of their own: a change is none."""
    standing = [leg for leg in proposal.legs if not leg.state.is_final]
    return [leg for leg in standing if proposal.order_of(leg).role is not LegRole.CHANGE]


def _working(proposal: Proposal, number: int) -> list[Leg]:
    """Return the legs to cancel: *number*, or for 0 all that work."""
    return [leg for leg in _ordered(proposal) if leg.order_id and number in {0, leg.number}]


def _unnumbered(proposal: Proposal) -> list[Leg]:
    """Return the legs that may be at IBKR, and of which we know no id to cancel them by."""
    return [leg for leg in _ordered(proposal) if not leg.order_id]


def _words(failure: MarketError | OrderGone) -> str:
    if isinstance(failure, OrderGone):
        return f"client id {failure.client_id} sent it" if failure.client_id else "TWS does not list it as open"
    return reason(failure)
