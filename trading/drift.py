"""How far the market has moved from what a card showed, before its Confirm is sent; pure."""

from collections.abc import Sequence
from decimal import Decimal

from market.ticket import OrderTicket, OrderType, Side
from trading.appraisal import Appraisal
from trading.exposure import market_price
from trading.proposal import LegOrder, LegRole, Proposal

GONE = Decimal("Infinity")
"""The drift of a price that there is none of any more, and of one from nothing to something."""

_Shown = tuple[Decimal | None, Decimal | None, Decimal | None]
_CENT = Decimal("0.01")


def drift_pct(proposal: Proposal, seen: Sequence[Appraisal]) -> Decimal:
    """Return by how many percent the market has moved, either way, from what the card showed; of a list the most."""
    if proposal.orders and proposal.orders[0].role is LegRole.PART:
        parts = zip(proposal.orders, seen, strict=True)
        return max(_drift_pct(order.ticket, _of_part(order), one) for order, one in parts)
    return _drift_pct(proposal.ticket, (proposal.reference_price, proposal.bid, proposal.ask), seen[0])


def _of_part(order: LegOrder) -> _Shown:
    return order.reference_price, order.bid, order.ask


def _drift_pct(ticket: OrderTicket, shown: _Shown, seen: Appraisal) -> Decimal:
    """
    Return the larger move of two: that of the last price, and that of the price which the order would meet.

    The latter (ask for a buy, bid for a sell) moves without any trade. A market order for which nobody stands there any
    more, where somebody did, would be filled at any price. 0 where neither is known on both sides.
    """
    reference, bid, ask = shown
    is_buy = ticket.side is Side.BUY
    touch, now = (ask, seen.quote.ask) if is_buy else (bid, seen.quote.bid)
    if ticket.order_type is OrderType.MARKET and touch is not None and now is None:
        return GONE
    met = touch if touch is not None else reference
    moves = (reference, seen.price), (met, market_price(ticket.side, seen.quote))
    return max(_moved_pct(before, after, seen) for before, after in moves)


def _moved_pct(before: Decimal | None, now: Decimal | None, seen: Appraisal) -> Decimal:
    """Return the move in percent; from 0, as a combination may cost, anything above one step is too far."""
    if before is None or now is None:
        return Decimal(0)
    if before:
        return abs(now - before) * 100 / abs(before)
    step = seen.rules.step_at(now) if seen.rules is not None else _CENT
    return GONE if abs(now) > step else Decimal(0)
