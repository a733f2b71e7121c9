"""
Keeps a bracket whole: an entry without the stop loss that was confirmed with it is not what anybody wanted.

TWS holds the entry until the last of its children has come, lists it nowhere, and says nothing of it. Where the
children did not come, or IBKR refused one, the entry is taken back.
"""

import logging
from dataclasses import replace

from market.errors import LinkDown, MarketError
from trading.errors import OrderGone
from trading.findings import Findings
from trading.plan import is_family
from trading.ports import OrderGateway
from trading.proposal import Leg, LegState, Proposal

INCOMPLETE = "never transmitted"
"""The message of an order that TWS held and that was taken back: it was never at the market."""
PARENT_OVER = "entry over"
"""The message of a child whose entry ended without having bought or sold anything."""

logger = logging.getLogger(__name__)

_SILENT = frozenset({LegState.UNSENT, LegState.SENT, LegState.UNKNOWN})


class Family:
    """Takes entries back, through the *gateway*; it can send nothing."""

    def __init__(self, gateway: OrderGateway) -> None:
        self._gateway = gateway
        self._asked: set[int] = set()
        self._given_up: set[int] = set()

    def link_is_new(self) -> None:
        """Forget what TWS was asked to take back: it may have been lost with the link."""
        self._asked.clear()
        self._given_up.clear()

    async def heed(self, proposal: Proposal, leg: Leg) -> None:
        """
        After *leg* was rejected, take the entry back that it was to protect; what of it is filled stays.

        Where IBKR has spoken of none that it took, the family was not transmitted, and TWS may hold all the others.
        """
        if leg.state is not LegState.REJECTED or not is_family(proposal):
            return
        parent = proposal.order_of(leg).parent
        came = any(one.perm_id and one.state is not LegState.REJECTED for one in proposal.legs)
        try:
            for one in proposal.legs:
                if one.number == parent or (_is_silent(one) and not came):
                    await self._take_back(one)
        except LinkDown:
            logger.warning("%s was rejected, and there is no link to take its family back yet", leg.order_ref)

    async def settle(self, proposal: Proposal, findings: Findings) -> None:
        """
        Take back what TWS may hold of *proposal*, where IBKR knows nothing of any of its orders or refused a child.

        TWS works its messages off in their order: a family of which it knows nothing after it was asked to take it back
        is at no market and never will be. Raises LinkDown.
        """
        if not is_family(proposal):
            return
        children = [leg for leg in proposal.legs if proposal.order_of(leg).parent]
        if self._is_silent(proposal, findings):
            if proposal.id in self._asked:
                self._given_up.add(proposal.id)
            if all([await self._take_back(leg) for leg in proposal.legs]):
                self._asked.add(proposal.id)
        elif any(leg.state is LegState.REJECTED for leg in children):
            await self._take_back(proposal.legs[0])

    def after_silence(self, proposal: Proposal, leg: Leg, findings: Findings) -> Leg:
        """Return *leg*, of which IBKR knows nothing, with what the others of its family say about its fate."""
        order = proposal.order_of(leg)
        if leg.state.is_final or leg.perm_id or not is_family(proposal) or not findings.are_complete:
            return leg
        parent = proposal.legs[order.parent - 1] if order.parent else None
        if parent is not None and parent.state.is_final and not parent.filled:
            return replace(leg, state=LegState.CANCELLED, message=PARENT_OVER)
        was_cut = any(one.state is LegState.NOT_SENT for one in proposal.legs)
        if (was_cut or proposal.id in self._given_up) and self._is_silent(proposal, findings):
            return replace(leg, state=LegState.CANCELLED, message=INCOMPLETE)
        return leg

    def _is_silent(self, proposal: Proposal, findings: Findings) -> bool:
        """Whether IBKR has never spoken of any order of the family, and does not now."""
        return findings.are_complete and all(
            leg.state is LegState.NOT_SENT or (_is_silent(leg) and not findings.knows(proposal, leg))
            for leg in proposal.legs
        )

    async def _take_back(self, leg: Leg) -> bool:
        """
        Have TWS give the order up, and return whether that is sure: what never had an id cannot be there.

        Raises LinkDown.
        """
        if leg.state.is_final or not leg.order_id:
            return True
        if leg.client_id != self._gateway.client_id:
            return False
        try:
            await self._gateway.discard(leg.order_id, leg.order_ref)
        except LinkDown:
            raise
        except (MarketError, OrderGone) as error:
            logger.warning("%s could not be taken back: %s", leg.order_ref, type(error).__name__)
            return False
        return True


def _is_silent(leg: Leg) -> bool:
    """Return whether IBKR has not spoken of the order yet."""
    return leg.state in _SILENT and not leg.perm_id
