"""What an order works on, as IBKR says it, held against what was asked for; pure."""

from dataclasses import replace

from market.errors import TicketContradiction
from market.ticket import OrderTicket
from trading.ports import OrderFate, OrderReport
from trading.proposal import Leg, LegOrder, LegState

OLD_TERMS = "old terms"
"""The message of a change that IBKR knows nothing of."""
ORDER_OVER = "order over"
"""The message of a change that came too late."""

_PRICED = ("order_type", "limit_price", "stop_price", "trail_amount", "trail_pct", "time_in_force")
_TERMS = ("quantity", *_PRICED)
_ENDS = frozenset({OrderFate.FILLED, OrderFate.CANCELLED, OrderFate.REJECTED, OrderFate.EXPIRED})


def adopted(ticket: OrderTicket, told: OrderReport) -> OrderTicket:
    """
    Return *ticket* with the quantity and the prices that IBKR works on; as it is where IBKR does not say.

    They differ after a change, one made in TWS too, and where IBKR takes an order of a group back by what another of it
    has filled. What an order that is over had is of no use to anyone.
    """
    if told.ticket is None or told.fate is not OrderFate.WORKING or told.ticket.side is not ticket.side:
        return ticket
    try:
        return replace(ticket, **{name: getattr(told.ticket, name) for name in _TERMS})
    except TicketContradiction:
        return ticket


def has_terms(told: OrderReport, wanted: OrderTicket) -> bool:
    """Return whether IBKR says that the order has the terms of *wanted*; the quantity counts while it works only."""
    if told.ticket is None:
        return False
    names = _TERMS if told.fate is OrderFate.WORKING else _PRICED
    return all(getattr(told.ticket, name) == getattr(wanted, name) for name in names)


def after_change(leg: Leg, order: LegOrder, told: OrderReport, *, is_asked: bool) -> Leg:
    """
    Return the CHANGE *leg* after IBKR spoke of the order that it changes.

    An event may be older than the change; what it *is_asked* for and says now is not.
    """
    if leg.state.is_final:
        return leg
    if has_terms(told, order.ticket):
        return replace(leg, state=LegState.CHANGED)
    if told.refused_change:
        return replace(leg, state=LegState.REJECTED, message=told.refused_change)
    if told.fate in _ENDS:
        return replace(leg, state=LegState.CANCELLED, message=ORDER_OVER)
    if is_asked and told.fate is OrderFate.WORKING:
        return replace(leg, state=LegState.NOT_SENT, message=OLD_TERMS)
    return leg
