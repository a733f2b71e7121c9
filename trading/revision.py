"""
New terms for working orders: what they were when the card was made, and what else changes with them; pure.

IBKR counts what is filled into an order's quantity, and lessens an order by what another of its group has filled. So
what changes with an order changes by as much, not to as much.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from decimal import Decimal

from market.ticket import OrderTicket
from trading.errors import NothingToChange
from trading.plan import partners_of, rival_price
from trading.proposal import Leg, LegOrder, LegRole, Proposal


def revised(found: Proposal, leg: Leg, ticket: OrderTicket) -> tuple[LegOrder, ...]:
    """
    Return the orders that give *leg* of *found* the terms of *ticket*, and what goes with it as much more or less.

    A stop loss over more than was bought would sell what is not there. Raises NothingToChange where less than nothing
    would be left of one of them.
    """
    order = found.order_of(leg)
    more = ticket.quantity - order.ticket.quantity
    touched = [(leg, order, ticket)]
    for other, its in partners_of(found, leg) if more else ():
        if its.ticket.quantity + more <= other.filled:
            raise NothingToChange(other.order_ref)
        touched.append((other, its, replace(its.ticket, quantity=its.ticket.quantity + more)))
    return tuple(
        LegOrder(
            LegRole.CHANGE,
            its.instrument,
            terms,
            its.account,
            changes=one.order_ref,
            rival_price=rival_price(found, one),
        )
        for one, its, terms in touched
    )


def before_of(change: Proposal) -> Sequence[OrderTicket]:
    """Return the terms that each order of *change* leaves behind, as its card was made from them."""
    first, *others = change.orders
    old = change.changed_from or first.ticket
    more = _more(change)
    return [old, *(replace(one.ticket, quantity=one.ticket.quantity - more) for one in others)]


def is_overtaken(change: Proposal, found: Proposal | None) -> bool:
    """Return whether an order that *change* is about has other terms in *found* than its card was made from."""
    if found is None:
        return True
    now = {leg.order_ref: found.order_of(leg).ticket for leg in found.legs}
    expected = zip(change.orders, before_of(change), strict=True)
    return any(now.get(order.changes) != before for order, before in expected)


def falls(change: Proposal) -> bool:
    """Return whether *change* makes its orders smaller."""
    return bool(change.orders) and change.orders[0].role is LegRole.CHANGE and _more(change) < 0


def renewed(change: Proposal, now: OrderTicket) -> OrderTicket:
    """
    Return what *change* asked for, taken from the terms that its order has *now*: as much more or less of it.

    Raises TicketContradiction where that makes no order.
    """
    wanted, old = change.orders[0].ticket, change.changed_from or now
    asked = {one.name: getattr(wanted, one.name) for one in fields(OrderTicket)}
    changed = {name: value for name, value in asked.items() if value != getattr(old, name)}
    return replace(now, **changed | {"quantity": now.quantity + _more(change)})


def _more(change: Proposal) -> Decimal:
    """Return by how much the quantity grows."""
    old = change.changed_from
    return Decimal(0) if old is None else change.orders[0].ticket.quantity - old.quantity
