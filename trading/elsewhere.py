"""What orders that were placed elsewhere, in TWS or on a phone, may still make of a position."""

from collections.abc import Sequence

from trading.exposure import STOPS, Flight
from trading.ports import OrderReport
from trading.proposal import LegOrder


def elsewhere(reports: Sequence[OrderReport], order: LegOrder) -> Flight:
    """
    Return what *reports* of open orders may trade on the instrument and account of *order*.

    Of several that cancel each other the largest counts, and as a stop where one of them is: whoever closes what they
    guard is not held up by them.
    """
    families: dict[object, list[OrderReport]] = {}
    for number, one in enumerate(reports):
        is_same = one.account == order.account and one.instrument == order.instrument
        if is_same and one.ticket is not None:
            families.setdefault((one.group, one.ticket.side) if one.group else number, []).append(one)
    flight = Flight()
    for family in families.values():
        tickets = [one.ticket for one in family if one.ticket is not None]
        stops = any(ticket.order_type in STOPS for ticket in tickets)
        flight = flight.plus(tickets[0].side, max(one.remaining for one in family), stops=stops)
    return flight
