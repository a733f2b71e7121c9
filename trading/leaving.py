"""
Which orders of a claimed proposal may be at IBKR although nobody noted that they left: after a crash, or just now.

Pure. What must be noted before what leaves, and so what cannot have left, is said in `trading/sending.py`.
"""

from trading.plan import is_family
from trading.proposal import Leg, LegRole, LegState, Proposal, ProposalState

_CLAIMED = frozenset({ProposalState.CONFIRMED, ProposalState.SUBMITTED})


def may_have_left(proposal: Proposal, leg: Leg) -> bool:
    """
    Return whether *leg*, UNSENT, may have been sent all the same; False for a leg in any other state.

    All orders of a bracket have ids before the first leaves; those of a list leave one by one, each noted before the
    next. All else leaves in one go.
    """
    if leg.state is not LegState.UNSENT or proposal.state not in _CLAIMED:
        return False
    if is_family(proposal):
        return all(one.order_id for one in proposal.legs)
    if proposal.order_of(leg).role is not LegRole.PART:
        return True
    return leg.number == min(one.number for one in proposal.legs if one.state is LegState.UNSENT)
