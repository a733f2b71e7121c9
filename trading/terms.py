"""What an order works on, as IBKR says it, held against what was asked for; pure."""

from dataclasses import replace
from decimal import Decimal

from market.errors import TicketContradiction
from market.ticket import OrderTicket
from trading.ports import OrderFate, OrderReport
from trading.proposal import Leg, LegState, Proposal
from trading.revision import before_of

OLD_TERMS = "old terms"
"""The message of a change that IBKR knows nothing of."""
ORDER_OVER = "order over"
"""The message of a change that came too late."""

_TERMS = (
    "quantity",
    *("order_type", "limit_price", "stop_price", "trail_amount", "trail_pct"),
    *("time_in_force", "good_till", "outside_rth"),
    *("algo", "urgency", "algo_start", "algo_end"),
)
_ENDS = frozenset({OrderFate.FILLED, OrderFate.CANCELLED, OrderFate.REJECTED, OrderFate.EXPIRED})


def adopted(ticket: OrderTicket, told: OrderReport) -> OrderTicket:
    """
    Return *ticket* with the quantity, the prices and the times that IBKR works on; as it is where IBKR does not say.

    They differ after a change, one made in TWS too, and where IBKR takes an order of a group back by what another of it
    has filled. What an order that is over had is of no use to anyone.
    """
    if told.ticket is None or told.fate is not OrderFate.WORKING or told.ticket.side is not ticket.side:
        return ticket
    try:
        return replace(ticket, **{name: getattr(told.ticket, name) for name in _TERMS})
    except TicketContradiction:
        return ticket


def is_taken(told: OrderReport, wanted: OrderTicket, before: OrderTicket) -> bool:
    """
    Return whether IBKR says that the order, which had the terms *before*, has those that *wanted* changes.

    What IBKR tells of the quantity of an order that is over is no more than what is filled. An order of a group may be
    lessened again by the time that it has its new quantity.
    """
    ticket = told.ticket
    if ticket is None:
        return False
    changed = [name for name in _TERMS if getattr(wanted, name) != getattr(before, name)]
    if "quantity" in changed and not _is_size(told, ticket.quantity, wanted.quantity, before.quantity):
        return False
    return all(getattr(ticket, name) == getattr(wanted, name) for name in changed if name != "quantity")


def _is_size(told: OrderReport, now: Decimal, wanted: Decimal, before: Decimal) -> bool:
    if told.fate in _ENDS:
        return told.fate is OrderFate.FILLED and told.filled == wanted
    return now == wanted or (bool(told.group) and before < now < wanted)


def after_change(change: Proposal, leg: Leg, told: OrderReport, *, is_asked: bool) -> Leg:
    """
    Return *leg* of *change* after IBKR spoke of the order that it changes.

    An event may be older than the change; what it *is_asked* for and says now is not.
    """
    if leg.state.is_final:
        return leg
    if told.refused_change:
        return replace(leg, state=LegState.REJECTED, message=told.refused_change)
    at = leg.number - 1
    if is_taken(told, change.orders[at].ticket, before_of(change)[at]):
        return replace(leg, state=LegState.CHANGED)
    if told.fate in _ENDS:
        return replace(leg, state=LegState.CANCELLED, message=ORDER_OVER)
    if is_asked and told.fate is OrderFate.WORKING:
        return replace(leg, state=LegState.NOT_SENT, message=OLD_TERMS)
    return leg
