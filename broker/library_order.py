"""
An order of ours as the library's, and the library's as ours: `ticket_of(contract, order_of(ticket)) == ticket`.

Facts: IBKR's pages of order types, of algorithms and of messages. Times go out in UTC with a dash, or with their zone:
TWS takes one without for its own zone's. `trailStopPrice` is left out, IBKR works it out from the market.
"""

from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal

from broker import convert, hours
from broker.library import Contract, Order, TagValue
from market.instrument import Instrument
from market.order import Algo, OrderTicket, OrderType, Side, TimeInForce, Urgency

_LIMITED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_ON_CLOSE})
_STOPPED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
_ZONE = "US/Eastern"
_NO_ADJUSTMENT = frozenset({"", "None"})


def order_of(ticket: OrderTicket, account: str, order_ref: str) -> Order:
    """
    Return the library's order; it is transmitted, and hangs on nothing.

    Raises ValueError for a ticket that is not one order: its type, quantity or end is still to be worked out, or it has
    children or an alternative, which are orders of their own. No part of a ticket is ever left out.
    """
    is_open = ticket.size is not None or ticket.last_day is not None
    if ticket.order_type is None or is_open or alone(ticket) != ticket:
        raise ValueError(ticket)
    order = Order(
        action=ticket.side.value,
        totalQuantity=convert.number(ticket.quantity),
        orderType=ticket.order_type.value,
        tif=ticket.time_in_force.value,
        outsideRth=ticket.outside_rth,
        account=account,
        orderRef=order_ref,
        transmit=True,
    )
    if ticket.limit_price is not None:
        order.lmtPrice = float(ticket.limit_price)
    distance = ticket.trail_amount if ticket.order_type is OrderType.TRAIL else ticket.stop_price
    if distance is not None:
        order.auxPrice = float(distance)
    if ticket.trail_pct is not None:
        order.trailingPercent = float(ticket.trail_pct)
    if ticket.good_till is not None:
        order.goodTillDate = ticket.good_till.astimezone(UTC).strftime("%Y%m%d-%H:%M:%S")
    if ticket.algo is not None:
        order.algoStrategy = ticket.algo.value
        order.algoParams = [TagValue(tag, value) for tag, value in _algo_terms(ticket).items()]
    return order


def alone(ticket: OrderTicket) -> OrderTicket:
    """Return *ticket* without its children and its alternative."""
    return replace(ticket, take_profit=None, stop_loss=None, oco_stop=None)


def ticket_of(contract: Contract, order: Order, known: Instrument | None = None) -> OrderTicket | None:
    """
    Return the order as a person would have asked for it, or None for a kind that our tickets have no words for.

    *known* is the instrument where more is known of it than *contract* says.
    """
    asset = known or convert.instrument(contract, smart=True)
    good_till = hours.stamp(order.goodTillDate) if order.tif == TimeInForce.GTD else None
    if not _is_plain(order) or (order.tif == TimeInForce.GTD and good_till is None):
        return None
    try:
        kind = OrderType(order.orderType)
        trail_pct = _above_zero(order.trailingPercent) if kind is OrderType.TRAIL else None
        algo, urgency, start, end = _algo(order)
        return OrderTicket(
            side=Side(order.action),
            quantity=convert.quantity(order.totalQuantity) or convert.quantity(order.filledQuantity),
            symbol=asset.label if asset else contract.symbol,
            order_type=kind,
            limit_price=_limit(kind, order),
            time_in_force=TimeInForce(order.tif or "DAY"),
            outside_rth=order.outsideRth,
            stop_price=convert.quantity(order.auxPrice) if kind in _STOPPED else None,
            trail_amount=_above_zero(order.auxPrice) if kind is OrderType.TRAIL and trail_pct is None else None,
            trail_pct=trail_pct,
            good_till=good_till,
            algo=algo,
            urgency=urgency,
            algo_start=start,
            algo_end=end,
        )
    except ValueError:
        return None


def words_of(contract: Contract, order: Order) -> str:
    """Return in one line, by IBKR's own codes, an order of a kind that our tickets have no words for."""
    asset = convert.instrument(contract, smart=True)
    cash = _above_zero(order.cashQty)
    quantity = convert.quantity(order.totalQuantity) or convert.quantity(order.filledQuantity)
    parts = [
        order.action.lower(),
        f"{cash:f} {contract.currency} of" if cash and not quantity else f"{quantity:f}",
        asset.label if asset else contract.symbol,
        order.orderType,
        _numbered("limit", order.lmtPrice if order.orderType != OrderType.MARKET else None),
        _numbered("aux", order.auxPrice),
        _numbered("trail %", order.trailingPercent),
        order.algoStrategy,
        "on conditions" if order.conditions else "",
        order.tif.lower() if order.tif not in {"", "DAY"} else "",
    ]
    return " ".join(part for part in parts if part)


def _algo_terms(ticket: OrderTicket) -> dict[str, str]:
    """Return the algorithm's parameters by IBKR's tags; who names an end does not want to be filled after it."""
    if ticket.algo is Algo.ADAPTIVE:
        return {"adaptivePriority": (ticket.urgency or Urgency.NORMAL).value}
    terms = {"strategyType": "Marketable"} if ticket.algo is Algo.TWAP else {}
    if ticket.algo_start is not None:
        terms["startTime"] = f"{ticket.algo_start:%H:%M:%S} {_ZONE}"
    if ticket.algo_end is not None:
        terms |= {"endTime": f"{ticket.algo_end:%H:%M:%S} {_ZONE}", "allowPastEndTime": "0"}
    return terms


def _algo(order: Order) -> tuple[Algo | None, Urgency | None, time | None, time | None]:
    """Return algorithm, urgency, start and end of a ticket. Raises ValueError for one that tickets do not know."""
    if not order.algoStrategy:
        return None, None, None, None
    terms = {term.tag: term.value for term in order.algoParams or []}
    algo = Algo(order.algoStrategy)
    if algo is Algo.ADAPTIVE:
        return algo, Urgency(terms.get("adaptivePriority", Urgency.NORMAL.value)), None, None
    return algo, None, _wall(terms.get("startTime")), _wall(terms.get("endTime"))


def _wall(text: str | None) -> time | None:
    """Return a wall time in New York. Raises ValueError for one of another zone or day."""
    return datetime.strptime(text, f"%H:%M:%S {_ZONE}").time() if text else None  # noqa: DTZ007  a wall time


def _limit(kind: OrderType, order: Order) -> Decimal | None:
    if kind in _LIMITED:
        return convert.quantity(order.lmtPrice)
    # A market order may echo a reference price.
    return _above_zero(order.lmtPrice) if kind is OrderType.MIDPRICE else None


def _is_plain(order: Order) -> bool:
    """Return whether the order has none of the terms that tickets do not carry, and that a ticket would hide."""
    shown = convert.quantity(order.displaySize)
    return not (
        order.conditions
        or order.allOrNone
        or order.hidden
        or order.goodAfterTime
        or order.hedgeType
        or shown
        or order.adjustedOrderType not in _NO_ADJUSTMENT
        or _above_zero(order.discretionaryAmt)
        or _above_zero(order.scalePriceIncrement)
        or _above_zero(order.cashQty)
    )


def _above_zero(value: float | Decimal | None) -> Decimal | None:
    amount = convert.quantity(value)
    return amount if amount > 0 else None


def _numbered(word: str, value: float | Decimal | None) -> str:
    amount = convert.quantity(value)
    return f"{word} {amount:f}" if amount else ""
