"""
What becomes of an order when one thing in it is changed; pure.

Every function returns a new ticket, and raises TicketContradiction where that would contradict itself. What the new
type cannot have (a time, an algorithm) is let go; what a person chose to protect the order is not.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import tzinfo
from decimal import Decimal

from market.errors import TicketSyntaxError
from market.order import TIMES, Algo, OrderTicket, OrderType, Side, Size, TimeInForce, Urgency
from market.ticket import parse
from market.ticket_line import EXAMPLES

_AT_CLOSE = frozenset({OrderType.MARKET_ON_CLOSE, OrderType.LIMIT_ON_CLOSE})
_INSTANT = frozenset({TimeInForce.IOC, TimeInForce.OPG})
_WORKED_OFF = frozenset({OrderType.MARKET, OrderType.LIMIT})
_LIMITED: Mapping[OrderType | None, OrderType] = {
    OrderType.STOP: OrderType.STOP_LIMIT,
    OrderType.STOP_LIMIT: OrderType.STOP_LIMIT,
    OrderType.MARKET_ON_CLOSE: OrderType.LIMIT_ON_CLOSE,
    OrderType.LIMIT_ON_CLOSE: OrderType.LIMIT_ON_CLOSE,
    OrderType.MIDPRICE: OrderType.MIDPRICE,
}


def with_amount(ticket: OrderTicket, quantity: Decimal, size: Size | None = None) -> OrderTicket:
    """Return the ticket for *quantity* units, or (0) for a *size* that is to be worked out."""
    return replace(ticket, quantity=quantity, size=size)


def with_limit(ticket: OrderTicket, price: Decimal) -> OrderTicket:
    """Return the ticket with its limit price at *price*; what had none becomes the limit order of its kind."""
    return _fitted(ticket, _LIMITED.get(ticket.order_type, OrderType.LIMIT), limit_price=price)


def with_stop(ticket: OrderTicket, price: Decimal) -> OrderTicket:
    """Return the stop order at *price*; a stop-limit order keeps the distance between its prices."""
    if ticket.order_type is OrderType.STOP_LIMIT and ticket.limit_price is not None and ticket.stop_price is not None:
        return replace(ticket, stop_price=price, limit_price=ticket.limit_price + price - ticket.stop_price)
    return _fitted(ticket, OrderType.STOP, stop_price=price)


def with_trail(ticket: OrderTicket, *, pct: Decimal | None = None, amount: Decimal | None = None) -> OrderTicket:
    """Return the trailing stop that follows by *pct* percent or by *amount* of money."""
    return _fitted(ticket, OrderType.TRAIL, trail_pct=pct, trail_amount=amount)


def with_type(ticket: OrderTicket, order_type: OrderType, price: Decimal | None = None) -> OrderTicket:
    """Return the ticket as a type that needs no trigger; *price* is the limit of one that needs a limit."""
    needs = order_type in {OrderType.LIMIT, OrderType.LIMIT_ON_CLOSE}
    return _fitted(ticket, order_type, limit_price=price if needs else None)


def with_algo(ticket: OrderTicket, algo: Algo | None) -> OrderTicket:
    """Return the ticket worked off by *algo*, or by none."""
    urgency = Urgency.NORMAL if algo is Algo.ADAPTIVE else None
    force = TimeInForce.DAY if algo is not None and ticket.time_in_force in _INSTANT else ticket.time_in_force
    return replace(ticket, algo=algo, urgency=urgency, algo_start=None, algo_end=None, time_in_force=force)


def with_time(ticket: OrderTicket, time_in_force: TimeInForce) -> OrderTicket:
    """Return the ticket that works so long."""
    if ticket.algo is not None and time_in_force in _INSTANT:
        ticket = with_algo(ticket, None)
    outside = ticket.outside_rth and time_in_force is not TimeInForce.OPG
    return replace(ticket, time_in_force=time_in_force, good_till=None, last_day=None, outside_rth=outside)


def guarded(ticket: OrderTicket, stop_loss: Decimal | None, take_profit: Decimal | None) -> OrderTicket:
    """Return the ticket as a bracket with these children, or without any."""
    return replace(ticket, stop_loss=stop_loss, take_profit=take_profit)


def reworded(ticket: OrderTicket, what: str, said: str, zone: tzinfo) -> OrderTicket:
    """
    Return the ticket with what a person typed as its new `qty`, `price` or `guard`, in the words of an order line.

    Raises TicketSyntaxError, about the line that was understood so far, and KeyError for another *what*.
    """
    return _READERS[what](ticket, " ".join(said.split()), zone)


def _read_amount(ticket: OrderTicket, said: str, zone: tzinfo) -> OrderTicket:
    side = ticket.side.value.lower()
    if said.lower().startswith("risk"):
        stop = "" if ticket.stop_loss is None else f" sl {ticket.stop_loss:f}"
        read = parse(f"{side} {ticket.symbol} {said}{stop}", zone)
    else:
        read = parse(f"{side} {said} {ticket.symbol}", zone)
    return with_amount(ticket, read.quantity, read.size)


def _read_price(ticket: OrderTicket, said: str, zone: tzinfo) -> OrderTicket:
    line = f"{ticket.side.value.lower()} 1 {ticket.symbol} {said}"
    read = parse(line, zone)
    if read.order_type is None:
        raise TicketSyntaxError(line, len(line), "a price, or `market`", EXAMPLES)
    priced = _fitted(
        ticket,
        read.order_type,
        limit_price=read.limit_price,
        stop_price=read.stop_price,
        trail_amount=read.trail_amount,
        trail_pct=read.trail_pct,
        take_profit=read.take_profit,
        stop_loss=read.stop_loss,
    )
    if read.time_in_force is TimeInForce.DAY:
        return priced
    return replace(priced, time_in_force=read.time_in_force, good_till=read.good_till, last_day=read.last_day)


def _read_guard(ticket: OrderTicket, said: str, zone: tzinfo) -> OrderTicket:
    if said.lower() in {"none", "off", "-"}:
        return guarded(ticket, None, None)
    words = said if any(word in said.lower().split() for word in ("sl", "tp")) else _two_prices(ticket.side, said)
    read = parse(f"{ticket.side.value.lower()} 1 {ticket.symbol} market {words}", zone)
    return guarded(ticket, read.stop_loss, read.take_profit)


def _two_prices(side: Side, said: str) -> str:
    """Read `190 210` as a person means it: whichever protects a purchase is the lower one, a sale the higher."""
    prices = sorted(said.split(), key=_sortable, reverse=side is Side.SELL)
    return " ".join(f"{word} {price}" for word, price in zip(("sl", "tp"), prices, strict=False))


def _sortable(word: str) -> float:
    try:
        return float(word.replace(",", ""))
    except ValueError:
        return float("inf")


_READERS: Mapping[str, Callable[[OrderTicket, str, tzinfo], OrderTicket]] = {
    "qty": _read_amount,
    "price": _read_price,
    "guard": _read_guard,
}


def _fitted(
    ticket: OrderTicket,
    order_type: OrderType,
    *,
    limit_price: Decimal | None = None,
    stop_price: Decimal | None = None,
    trail_amount: Decimal | None = None,
    trail_pct: Decimal | None = None,
    take_profit: Decimal | None = None,
    stop_loss: Decimal | None = None,
) -> OrderTicket:
    """Return *ticket* as *order_type* with these prices and no others, and with what that type can have."""
    fits = ticket.time_in_force in TIMES[order_type]
    is_worked = order_type in _WORKED_OFF
    return replace(
        ticket,
        order_type=order_type,
        limit_price=limit_price,
        stop_price=ticket.stop_price if order_type is OrderType.STOP_LIMIT and stop_price is None else stop_price,
        trail_amount=trail_amount,
        trail_pct=trail_pct,
        take_profit=ticket.take_profit if take_profit is None else take_profit,
        stop_loss=ticket.stop_loss if stop_loss is None else stop_loss,
        time_in_force=ticket.time_in_force if fits else TimeInForce.DAY,
        good_till=ticket.good_till if fits else None,
        last_day=ticket.last_day if fits else None,
        outside_rth=ticket.outside_rth and order_type not in _AT_CLOSE,
        oco_stop=ticket.oco_stop if order_type is OrderType.LIMIT else None,
        algo=ticket.algo if is_worked else None,
        urgency=ticket.urgency if is_worked else None,
        algo_start=ticket.algo_start if is_worked else None,
        algo_end=ticket.algo_end if is_worked else None,
    )
