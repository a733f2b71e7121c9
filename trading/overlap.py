"""What orders of one instrument mean for another: a combo trades the very options that are traded by themselves."""

from collections.abc import Iterable
from decimal import Decimal

from market.instrument import Instrument, SecType
from market.ticket import Side


def overlap(wanted: Instrument, other: Instrument, side: Side) -> dict[Side, Decimal]:
    """
    Return how many units of *wanted* one unit of *other*, traded on *side*, trades too; empty where they share nothing.

    Of a combo's legs the one that is traded most counts.
    """
    if wanted == other:
        return {side: Decimal(1)}
    found: dict[Side, Decimal] = {}
    theirs = {con_id: (ratio, is_bought) for con_id, ratio, is_bought in _legs(other)}
    for con_id, ratio, is_bought in _legs(wanted):
        if con_id in theirs:
            traded, is_bought_there = theirs[con_id]
            way = side if is_bought is is_bought_there else side.opposite
            found[way] = max(found.get(way, Decimal(0)), Decimal(traded) / ratio)
    return found


def _legs(instrument: Instrument) -> Iterable[tuple[int, int, bool]]:
    """Yield what a purchase of the instrument trades: each con id, how often, and whether it is bought."""
    if instrument.sec_type is not SecType.COMBO:
        yield instrument.con_id, 1, True
    for leg in instrument.legs:
        yield leg.con_id, leg.ratio, leg.side == Side.BUY.value
