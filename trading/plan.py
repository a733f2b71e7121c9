"""
From one ticket to the orders that it takes: a bracket is an entry with children, an OCO pair two that work together.

The children of a bracket protect the position for as long as it is there: they are good till cancelled, whatever the
entry's own time is, and IBKR cancels them with an entry that ends unfilled. They work outside regular hours where the
entry does. TWS holds a family back until its last order has come (`transmit`).
"""

from dataclasses import replace
from decimal import Decimal

from market.errors import TicketContradiction
from market.instrument import Instrument
from market.ticket import TIMES, OrderTicket, OrderType, TimeInForce
from trading.proposal import Leg, LegOrder, LegRole, LegState, Proposal

_STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL})
_CHILD = frozenset({LegRole.TAKE_PROFIT, LegRole.STOP_LOSS})


def orders_of(ticket: OrderTicket, instrument: Instrument, account: str, group: str) -> tuple[LegOrder, ...]:
    """
    Return what *ticket* sends, in the order of sending; *group* is a name that no other order has.

    The ticket must have its quantity.
    """
    entry = replace(ticket, take_profit=None, stop_loss=None, oco_stop=None)
    orders = [LegOrder(LegRole.ENTRY, instrument, entry, account)]
    if ticket.oco_stop is not None:
        # A stop cannot wait and be for this moment only: then it works for the day.
        lasting = ticket.time_in_force if ticket.time_in_force in TIMES[OrderType.STOP] else TimeInForce.DAY
        stop = replace(
            entry,
            order_type=OrderType.STOP,
            limit_price=None,
            stop_price=ticket.oco_stop,
            time_in_force=lasting,
        )
        orders.append(LegOrder(LegRole.ALTERNATIVE, instrument, stop, account))
        return tuple(replace(order, group=group) for order in orders)
    children = _children(ticket)
    shared = group if len(children) > 1 else ""
    orders += [LegOrder(role, instrument, child, account, parent=1, group=shared) for role, child in children]
    return tuple(orders)


def _children(ticket: OrderTicket) -> list[tuple[LegRole, OrderTicket]]:
    """Return the take profit and the stop loss; the stop comes last, and with it the family is complete."""

    def child(kind: OrderType, limit: Decimal | None, stop: Decimal | None) -> OrderTicket:
        return OrderTicket(
            side=ticket.side.opposite,
            quantity=ticket.quantity,
            symbol=ticket.symbol,
            order_type=kind,
            limit_price=limit,
            stop_price=stop,
            time_in_force=TimeInForce.GTC,
            outside_rth=ticket.outside_rth,
        )

    found: list[tuple[LegRole, OrderTicket]] = []
    if ticket.take_profit is not None:
        found.append((LegRole.TAKE_PROFIT, child(OrderType.LIMIT, ticket.take_profit, None)))
    if ticket.stop_loss is not None:
        found.append((LegRole.STOP_LOSS, child(OrderType.STOP, None, ticket.stop_loss)))
    return found


def partners_of(proposal: Proposal, leg: Leg) -> list[tuple[Leg, LegOrder]]:
    """Return the orders that must be over as much as that of *leg*: its children, or the other half of an OCO pair."""
    mine = proposal.order_of(leg)
    found = [(one, proposal.order_of(one)) for one in proposal.legs if one != leg and not one.state.is_final]
    hang = [(one, its) for one, its in found if its.parent == leg.number]
    beside = [(one, its) for one, its in found if mine.group and its.group == mine.group]
    return hang or beside


def rival_price(proposal: Proposal, leg: Leg) -> Decimal | None:
    """Return the highest price of the other half of the OCO pair that *leg* belongs to; None where there is none."""
    mine = proposal.order_of(leg)
    beside = [proposal.order_of(one) for one in proposal.legs if one != leg and not one.state.is_final]
    # A bracket's children end what it opened: which of them does is no matter.
    rivals = [its.ticket for its in beside if mine.group and its.group == mine.group and not mine.parent]
    prices = [price for one in rivals for price in (one.limit_price, one.stop_price) if price is not None]
    return max(prices, default=None)


def is_family(proposal: Proposal) -> bool:
    """Return whether the orders hang together, so that TWS has to hold them until the last has come."""
    return any(order.parent for order in proposal.orders)


def is_burst(proposal: Proposal) -> bool:
    """Return whether the orders leave together, with nothing in between: all but the orders of a list."""
    return len(proposal.legs) == 1 or proposal.order_of(proposal.legs[0]).role is not LegRole.PART


def is_held(proposal: Proposal, leg: Leg) -> bool:
    """Return whether TWS is to hold the order of *leg*: one of its family comes after it."""
    return is_family(proposal) and leg.number < len(proposal.legs)


def is_protective(proposal: Proposal, number: int = 0) -> bool:
    """
    Return whether to cancel leg *number* (0: all that work) takes away a stop that protects what is held.

    That is a stop loss whose entry has been filled at least partly, the stop of an OCO pair, and a stop on its own that
    makes the position smaller; also where it only ends with that leg.
    """
    working = [leg for leg in proposal.legs if not leg.state.is_final and number in {0, leg.number}]
    ends = [one for leg in working for one in (leg, *ending_with(proposal, leg))]
    return any(_protects(proposal, leg) for leg in ends)


def ending_with(proposal: Proposal, leg: Leg) -> list[Leg]:
    """Return the legs that IBKR takes off with that of *leg*: what hangs on it, and what is of one group with it."""
    return [one for one, _ in partners_of(proposal, leg)]


def _protects(proposal: Proposal, leg: Leg) -> bool:
    order = proposal.order_of(leg)
    if order.role in _CHILD:
        parent = proposal.legs[order.parent - 1]
        return order.role is LegRole.STOP_LOSS and (parent.filled > 0 or parent.state is LegState.FILLED)
    if order.ticket.order_type not in _STOPS:
        return False
    held = proposal.position_before if order.ticket.side.value == "SELL" else -proposal.position_before
    return order.role is LegRole.ALTERNATIVE or held > 0


def with_terms(proposal: Proposal, number: int, ticket: OrderTicket) -> Proposal:
    """Return *proposal* as it stands after leg *number* got the terms of *ticket*: what its card shows follows."""
    order = proposal.order_of(Leg(number, ""))
    new = replace(order, ticket=replace(ticket, symbol=order.ticket.symbol))
    orders = tuple(new if at == number else old for at, old in enumerate(proposal.orders, start=1))
    try:
        whole = _whole(proposal.ticket, new, is_first=number == 1)
    except TicketContradiction:
        # A stop that was moved past the entry's price locks a profit in; no single ticket can say that.
        whole = proposal.ticket
    return replace(proposal, orders=orders, ticket=whole)


def _whole(whole: OrderTicket, order: LegOrder, *, is_first: bool) -> OrderTicket:
    """Return the ticket that the card shows, with the price or the terms that *order* has now."""
    ticket = order.ticket
    match order.role:
        case LegRole.TAKE_PROFIT:
            return replace(whole, take_profit=ticket.limit_price)
        case LegRole.STOP_LOSS if ticket.order_type is OrderType.STOP:
            return replace(whole, stop_loss=ticket.stop_price)
        case LegRole.ALTERNATIVE if ticket.order_type is OrderType.STOP:
            return replace(whole, oco_stop=ticket.stop_price)
        case _ if is_first:
            kept = {name: getattr(whole, name) for name in ("take_profit", "stop_loss", "oco_stop")}
            return replace(ticket, **kept)
        case _:
            return whole
