"""What orders that were placed elsewhere, in TWS or on a phone, may still make of a position."""

from collections.abc import Sequence

from trading.exposure import STOPS, Flight
from trading.overlap import overlap
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
        if one.account == order.account and one.instrument is not None and one.ticket is not None:
            place = (one.group, one.instrument.con_id, one.ticket.side) if one.group else number
            families.setdefault(place, []).append(one)
    flight = Flight()
    for family in families.values():
        stops = any(one.ticket is not None and one.ticket.order_type in STOPS for one in family)
        most = max(family, key=lambda one: one.remaining)
        if most.ticket is not None and most.instrument is not None:
            for side, units in overlap(order.instrument, most.instrument, most.ticket.side).items():
                flight = flight.plus(side, most.remaining * units, stops=stops)
    return flight
