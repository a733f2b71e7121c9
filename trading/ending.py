"""Working orders that end a position: whoever closes it by another order would trade more than is held."""

from collections.abc import Iterable

from market.instrument import Instrument
from market.ticket import Side
from trading.proposal import LegOrder, LegRole, LegState, Proposal

AT_WORK = frozenset({LegState.SENT, LegState.WORKING, LegState.PARTIAL, LegState.UNKNOWN})
"""States of an order that may be at IBKR now."""


def enders(
    proposals: Iterable[Proposal], instrument: Instrument, account: str, side: Side
) -> list[tuple[Proposal, LegOrder]]:
    """
    Return the orders on *side* of *instrument* for *account* that work, each with its proposal.

    A child whose entry has filled nothing yet ends nothing.
    """
    found = []
    for proposal in proposals:
        for leg in proposal.legs:
            order = proposal.order_of(leg)
            sleeps = order.parent and not any(one.filled for one in proposal.legs if one.number == order.parent)
            is_same = (order.instrument, order.account, order.ticket.side) == (instrument, account, side)
            works = leg.state in AT_WORK and leg.order_id and not sleeps
            if is_same and works and order.role is not LegRole.CHANGE:
                found.append((proposal, order))
    return found
