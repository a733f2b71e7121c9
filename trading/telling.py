"""Which news of an order a person is called for, and which only change the message that shows how it stands; pure."""

from trading.proposal import Leg, LegRole, LegState, OrderNews, Proposal

_LOUD = frozenset(
    {LegState.FILLED, LegState.REJECTED, LegState.CANCELLED, LegState.EXPIRED, LegState.UNKNOWN, LegState.NOT_SENT}
)
_TAKEN_OFF = frozenset({LegState.CANCELLED, LegState.EXPIRED})


def rings(news: OrderNews) -> bool:
    """
    Return whether *news* is a message of its own, with a sound.

    An order's end is, and that nobody knows what became of it. Not so what only follows from another end: a stop that
    is taken off because the target was filled, or with the order that it hung on. Of a list, a fill is told when it is
    the last thing to happen; what went wrong at once.
    """
    leg, proposal = news.leg, news.proposal
    if leg.state not in _LOUD:
        return False
    role = proposal.order_of(leg).role
    if role is LegRole.PART and len(proposal.legs) > 1 and leg.state is LegState.FILLED:
        return proposal.is_over
    return not (leg.state in _TAKEN_OFF and _follows(leg, proposal))


def clears_up(news: OrderNews) -> bool:
    """Return whether *news* answers a doubt: a person who was told that nobody knows must hear what was found."""
    return news.previous is LegState.UNKNOWN or news.found_at_reconcile


def _follows(leg: Leg, proposal: Proposal) -> bool:
    """Return whether another order's end explains this one's: of its partner, or of the entry that it hung on."""
    order = proposal.order_of(leg)
    others = [(other, proposal.order_of(other)) for other in proposal.legs if other.number != leg.number]
    partners = [other for other, its in others if order.group and its.group == order.group]
    parents = [other for other, _ in others if other.number == order.parent]
    return any(other.filled > 0 or other.state is LegState.FILLED for other in partners) or any(
        other.state.is_final and other.state is not LegState.FILLED for other in parents
    )
