"""What covers options that are sold: calls by shares, each by options that are held; pure."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from market.account import Position
from market.instrument import Instrument, SecType
from market.ticket import Side
from trading.proposal import LegOrder

Trade = tuple[Instrument, Side, Decimal]
"""What an order at work may still trade, or has just traded: how much of what."""

_CALL = "C"
_USUAL = Decimal(100)
# What an option delivers, and what else is written on that.
_FAMILIES = (frozenset({SecType.STOCK, SecType.OPTION}), frozenset({SecType.FUTURE, SecType.FUTURE_OPTION}))
_DELIVERED = frozenset({SecType.STOCK, SecType.FUTURE})


def is_sold_call(order: LegOrder) -> bool:
    """Return whether the order sells calls on shares; not adjusted ones, which deliver something else."""
    one = order.instrument
    is_call = one.sec_type is SecType.OPTION and one.right == _CALL and one.trading_class in {"", one.symbol}
    return is_call and order.ticket.side is Side.SELL


def covered(call: LegOrder, positions: Iterable[Position], trades: Iterable[Trade]) -> Decimal:
    """
    Return how many contracts of a sold *call* the shares among *positions* cover, beside what *trades* take of them.

    Calls that were sold before have their shares already, whether or not another call covers them too.
    """
    if not is_sold_call(call):
        return Decimal(0)
    free = -sum((_taken(trade, call.instrument) for trade in trades), Decimal(0))
    for one in positions:
        if one.instrument.sec_type is SecType.STOCK and _is_of(one.instrument, call.instrument):
            free += one.quantity
        elif one.quantity < 0:
            free -= _taken((one.instrument, Side.SELL, -one.quantity), call.instrument)
    contracts = (free / _deliveries(call.instrument)).to_integral_value(ROUND_FLOOR)
    return min(max(contracts, Decimal(0)), call.ticket.quantity)


def pledged(held: Instrument, positions: Iterable[Position], trades: Iterable[Trade] = ()) -> Decimal:
    """
    Return how many units of an instrument that is *held* cover options that were sold: to sell those adds risk.

    Sold calls are covered by what they deliver and by calls that are held, sold puts by puts; which one covers which is
    nobody's to say, so all that are held are pledged but for those that are too many. What *trades* sell covers nothing
    any more, what they buy back is no longer sold.
    """
    right = _CALL if held.sec_type in _DELIVERED else held.right
    family = next((kinds for kinds in _FAMILIES if held.sec_type in kinds), frozenset[SecType]())
    others: dict[int, tuple[SecType, Decimal]] = {}
    uncovered = Decimal(0)
    for one, quantity in _moves(positions, trades):
        if not _is_of(one, held) or one.con_id == held.con_id:
            continue
        if one.sec_type is SecType.COMBO:
            uncovered += _sold_legs(one, quantity)
        elif one.sec_type in family and (one.right or _CALL) == right:
            before = others.get(one.con_id, (one.sec_type, Decimal(0)))[1]
            others[one.con_id] = (one.sec_type, before + quantity * _deliveries(one))
    # Shares sold short are no option that was sold.
    short = sum((-units for kind, units in others.values() if units < 0 and kind not in _DELIVERED), uncovered)
    cover = sum((units for _, units in others.values() if units > 0), Decimal(0))
    needed = max(short - cover, Decimal(0))
    return (needed / _deliveries(held)).to_integral_value(ROUND_CEILING)


def _moves(positions: Iterable[Position], trades: Iterable[Trade]) -> Iterable[tuple[Instrument, Decimal]]:
    """Yield what is held (short: negative) and what trades add to it; of a combo that is held IBKR shows the legs."""
    for position in positions:
        yield position.instrument, position.quantity
    for instrument, side, quantity in trades:
        yield instrument, quantity if side is Side.BUY else -quantity


def _sold_legs(combo: Instrument, quantity: Decimal) -> Decimal:
    """
    Return what the options may deliver that a combo sells, bought (or, *quantity* negative, sold) so often.

    A vertical spread buys one for each that it sells. Of any other nobody knows here which legs are options.
    """
    if combo.width:
        return Decimal(0)
    sold = Side.SELL if quantity > 0 else Side.BUY
    return abs(quantity) * sum(leg.ratio for leg in combo.legs if leg.side == sold.value) * _USUAL


def _taken(trade: Trade, call: Instrument) -> Decimal:
    """
    Return how many of the shares behind *call* a trade takes, or promises.

    Of a combo on the same shares nobody knows here which legs are calls: each of its options may be one that is sold.
    """
    traded, side, quantity = trade
    if not _is_of(traded, call):
        return Decimal(0)
    if traded.sec_type is SecType.COMBO:
        return quantity * sum(leg.ratio for leg in traded.legs) * _USUAL
    if side is Side.BUY:
        return Decimal(0)
    if traded.sec_type is SecType.OPTION and traded.right == _CALL:
        return quantity * _deliveries(traded)
    return quantity if traded.sec_type is SecType.STOCK else Decimal(0)


def _is_of(one: Instrument, other: Instrument) -> bool:
    return (one.symbol, one.currency) == (other.symbol, other.currency)


def _deliveries(one: Instrument) -> Decimal:
    """Return how much of what is delivered one unit stands for: of shares itself."""
    return Decimal(1) if one.sec_type is SecType.STOCK else Decimal(one.multiplier or _USUAL)
