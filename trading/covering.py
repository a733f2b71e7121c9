"""Calls that are sold on shares: who holds what would have to be delivered loses nothing beyond it; pure."""

from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal

from market.account import Position
from market.instrument import Instrument, SecType
from market.ticket import Side
from trading.proposal import LegOrder

_CALL = "C"
_USUAL = Decimal(100)


def is_sold_call(order: LegOrder) -> bool:
    """Return whether the order sells calls on shares; not adjusted ones, which deliver something else."""
    one = order.instrument
    is_call = one.sec_type is SecType.OPTION and one.right == _CALL and one.trading_class in {"", one.symbol}
    return is_call and order.ticket.side is Side.SELL


def covered(call: LegOrder, positions: Iterable[Position], promised: Decimal) -> Decimal:
    """
    Return how many contracts of a sold *call* the shares among *positions* cover, beside what is *promised* of them.

    Calls that were sold before have their shares already, whether or not another call covers them too.
    """
    if not is_sold_call(call):
        return Decimal(0)
    free = -promised
    for one in positions:
        if one.instrument.sec_type is SecType.STOCK and _is_of(one.instrument, call.instrument):
            free += one.quantity
        elif one.quantity < 0:
            free -= taken(one.instrument, Side.SELL, -one.quantity, call.instrument)
    contracts = (free / _multiplier(call.instrument)).to_integral_value(ROUND_FLOOR)
    return min(max(contracts, Decimal(0)), call.ticket.quantity)


def taken(traded: Instrument, side: Side, quantity: Decimal, call: Instrument) -> Decimal:
    """
    Return how many of the shares behind *call* a trade takes, or promises.

    Of a combo on the same shares nobody knows here which legs are calls: each of its options may be one that is sold.
    """
    if not _is_of(traded, call):
        return Decimal(0)
    if traded.sec_type is SecType.COMBO:
        return quantity * sum(leg.ratio for leg in traded.legs) * _USUAL
    if side is Side.BUY:
        return Decimal(0)
    if traded.sec_type is SecType.OPTION and traded.right == _CALL:
        return quantity * _multiplier(traded)
    return quantity if traded.sec_type is SecType.STOCK else Decimal(0)


def _is_of(one: Instrument, call: Instrument) -> bool:
    return (one.symbol, one.currency) == (call.symbol, call.currency)


def _multiplier(option: Instrument) -> Decimal:
    return Decimal(option.multiplier or "100")
