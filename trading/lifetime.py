"""
Whether an order has come to the end of its own time; pure.

IBKR reports an order of the day at the close, one that is good till a date at that date, and what an immediate order
did not get just as it reports one that somebody cancelled: `Cancelled`, and 202 without a reason. Its clock and the
order's terms tell them apart.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from market.hours import Hours
from market.ticket import OrderTicket, TimeInForce
from trading.errors import TimeUp
from trading.proposal import Leg, LegOrder, LegState, Proposal

# IBKR's clock and ours need not agree to the second.
_CLOCKS_DIFFER = timedelta(seconds=5)
# Hours before and after the session are over long before that.
_AFTER_HOURS = timedelta(hours=12)
# Longer than any market is closed.
_LONGEST_PAUSE = timedelta(days=10)
_USUAL = Hours("America/New_York", ())
_UNEXPLAINED = ("order canceled - reason", "cancelled by system")


def ending(ticket: OrderTicket, hours: Hours | None, now: datetime) -> OrderTicket:
    """
    Return *ticket* with its last day as the moment when that ends at the exchange, by *hours*.

    Where those are not known it is New York's day. Raises TimeUp where it would be over *now*.
    """
    if ticket.last_day is not None:
        ticket = ticket.dated((hours or _USUAL).end_of(ticket.last_day))
    if ticket.good_till is not None and ticket.good_till <= now:
        raise TimeUp(ticket.good_till)
    return ticket


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


def is_past(proposal: Proposal, leg: Leg, now: datetime) -> bool:
    """
    Return whether the order of *leg*, did it ever reach IBKR, cannot work any more at *now* by its own terms.

    One that is good till cancelled always may. What became of the order is another question.
    """
    order = proposal.order_of(leg)
    match order.ticket.time_in_force:
        case TimeInForce.GTC:
            return False
        case TimeInForce.GTD:
            until = order.ticket.good_till
            return until is not None and until + _AFTER_HOURS <= now
        case _:
            return _day_end(proposal, order) <= now


def _day_end(proposal: Proposal, order: LegOrder) -> datetime:
    """Return when the order's day is over for sure; one that was confirmed after the close works on the next."""
    closes = proposal.closes
    if closes is None or order.instrument != proposal.instrument or proposal.expires >= closes:
        return proposal.expires + _LONGEST_PAUSE
    return closes + _AFTER_HOURS


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
