"""
Whether an order that IBKR took off the market has come to the end of its own time; pure.

IBKR reports an order of the day at the close, one that is good till a date at that date, and what an immediate order
did not get just as it reports one that somebody cancelled: `Cancelled`, and 202 without a reason. Its clock and the
order's terms tell them apart.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from market.ticket import TimeInForce
from trading.proposal import Leg, LegState, Proposal

# IBKR's clock and ours need not agree to the second.
_CLOCKS_DIFFER = timedelta(seconds=5)
_UNEXPLAINED = ("order canceled - reason", "cancelled by system")


def by_time(proposal: Proposal, before: Leg, after: Leg, at: datetime | None) -> Leg:
    """
    Return *after*, EXPIRED in place of CANCELLED where the order of *proposal* that was *before* ended by its time.

    *at* is when IBKR took it off. Where that is not known it stays cancelled; so does an order of the day that works
    outside regular hours, whose end is not known here, and one for which IBKR gives a reason.
    """
    is_told = after.state is LegState.CANCELLED and not before.state.is_final
    if at is None or not is_told or not _is_unexplained(after.message):
        return after
    return replace(after, state=LegState.EXPIRED) if _is_up(proposal, after, at + _CLOCKS_DIFFER) else after


def _is_unexplained(message: str) -> bool:
    said = message.lower()
    for words in _UNEXPLAINED:
        said = said.removeprefix(words)
    return not said.strip(": ")


def _is_up(proposal: Proposal, leg: Leg, at: datetime) -> bool:
    order = proposal.order_of(leg)
    ticket = order.ticket
    match ticket.time_in_force:
        case TimeInForce.IOC:
            return True
        case TimeInForce.GTD:
            return ticket.good_till is not None and ticket.good_till <= at
        case TimeInForce.DAY if not ticket.outside_rth and order.instrument == proposal.instrument:
            return proposal.closes is not None and proposal.closes <= at
        case _:
            return False
