"""
Matching: when an order fills, at what price and in which slices.

A marketable order takes the displayed size first and then deeper levels, one
tick apart and ever larger. A resting limit order fills whole at its limit
when the market trades or is quoted through it, and up to the size of a print
that just touches it.
"""

from dataclasses import dataclass

from simulator.tws.book import Book, Print
from simulator.tws.instrument import Instrument
from simulator.tws.order import LIMITED_TYPES, TRIGGERED_TYPES, Order

_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of an order that fills: how much, and at what price."""

    quantity: float
    price: float


def slices(order: Order, book: Book, trade: Print | None) -> list[Slice]:
    """
    Return what of *order* fills now; *trade* is the print that caused the question, if any.

    The order is at the exchange already: its trigger, parent and session are
    not looked at here.
    """
    limit = order.limit if order.order_type in LIMITED_TYPES or order.order_type == "MIDPRICE" else None
    if order.order_type == "MIDPRICE":
        middle = order.instrument.on_grid(book.middle)
        reachable = limit is None or (middle - limit) * order.sign <= 0
        return [Slice(order.remaining, middle)] if reachable else []
    if order.status == "Submitted" and limit is not None:
        return _resting(order, book, limit, trade)
    return _marketable(order, book, limit)


def _resting(order: Order, book: Book, limit: float, trade: Print | None) -> list[Slice]:
    side = book.ask if order.sign > 0 else book.bid
    if side > 0 and (side - limit) * order.sign <= 0:
        return [Slice(order.remaining, limit)]
    if trade is None or not order.instrument.trades:
        return []
    through = (limit - trade.price) * order.sign
    if through > 0:
        return [Slice(order.remaining, limit)]
    return [Slice(min(order.remaining, trade.size), limit)] if through == 0 else []


def _marketable(order: Order, book: Book, limit: float | None) -> list[Slice]:
    price = book.ask if order.sign > 0 else book.bid
    size = book.ask_size if order.sign > 0 else book.bid_size
    if price <= 0 or size <= 0:
        return []
    tick = order.instrument.min_tick * order.sign
    taken: list[Slice] = []
    left = order.remaining
    for level in range(_DEEPEST):
        at = round(price + level * tick, order.instrument.decimals + 2)
        if limit is not None and (at - limit) * order.sign > 0:
            break
        # The last level takes whatever is left, so that a market order always ends.
        deep = level == _DEEPEST - 1 and limit is None
        quantity = left if deep else min(left, size * (1 + 2 * level))
        taken.append(Slice(quantity, at))
        left = round(left - quantity, 8)
        if not left:
            break
    return taken


def is_triggered(order: Order, book: Book) -> bool:
    """Move a trailing stop with the market, and tell whether a triggered order's price is reached."""
    if order.order_type not in TRIGGERED_TYPES or order.triggered:
        return True
    price = book.last if order.instrument.trades else book.middle
    if order.trailing or order.trailing_percent:
        _trail(order, price)
    stop = order.stop or 0.0
    # A stop buys above the market, an if-touched order below it.
    direction = order.sign if order.order_type not in {"MIT", "LIT"} else -order.sign
    order.triggered = (price - stop) * direction >= 0
    return order.triggered


def _trail(order: Order, price: float) -> None:
    better = min if order.sign > 0 else max
    distance = order.trailing or price * (order.trailing_percent or 0.0) / 100
    candidate = order.instrument.on_grid(price + distance * order.sign)
    if order.stop is None:
        order.stop = candidate
    moved = better(order.stop, candidate)
    if order.limit is not None:
        order.limit = order.instrument.on_grid(order.limit + moved - order.stop)
    order.stop = moved


def quote_size(instrument: Instrument) -> float:
    """Return the size that is usually displayed on a side."""
    return {"CASH": 1_000_000.0, "FUT": 30.0, "OPT": 25.0}.get(instrument.sec_type, 300.0)


def commission(instrument: Instrument, quantity: float, price: float) -> float:
    """
    Return the commission of a whole order of *quantity* at *price*.

    US stocks 0.005 a share, at least 1.00 and at most 1 % of the trade;
    futures 2.25 and options 0.65 a contract (at least 1.00); currencies 0.2
    basis points, at least 2.00.
    """
    value = quantity * price * instrument.factor
    if instrument.sec_type == "FUT":
        return round(2.25 * quantity, 4)
    if instrument.sec_type == "OPT":
        return round(max(1.0, 0.65 * quantity), 4)
    if instrument.sec_type == "CASH":
        return round(max(2.0, value * 0.00002), 4)
    return round(max(min(1.0, value * 0.01), min(0.005 * quantity, value * 0.01)), 4)
