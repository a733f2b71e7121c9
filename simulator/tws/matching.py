"""
Matching: what of an order fills, at what price and in which slices.

A marketable order takes the displayed size first and then deeper levels, one
tick apart and ever larger. A resting limit order fills whole at its limit
when the market trades or is quoted through it, and up to the size of a print
that just touches it.
"""

from dataclasses import dataclass

from simulator.tws.book import Book, Print
from simulator.tws.order import LIMITED_TYPES, Order

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
    if order.is_working and limit is not None and order.algo is None:
        return _resting(order, book, limit, trade)
    return _marketable(order, book, limit)


def _resting(order: Order, book: Book, limit: float, trade: Print | None) -> list[Slice]:
    side, size = (book.ask, book.ask_size) if order.sign > 0 else (book.bid, book.bid_size)
    if size > 0 and (side - limit) * order.sign <= 0:
        return [Slice(order.remaining, limit)]
    if trade is None or not order.instrument.trades or order.instrument.parts:
        return []
    through = (limit - trade.price) * order.sign
    if through > 0:
        return [Slice(order.remaining, limit)]
    return [Slice(min(order.remaining, trade.size), limit)] if through == 0 else []


def _marketable(order: Order, book: Book, limit: float | None) -> list[Slice]:
    price, size = (book.ask, book.ask_size) if order.sign > 0 else (book.bid, book.bid_size)
    if size <= 0:
        return []
    taken: list[Slice] = []
    left = order.remaining
    for level in range(_DEEPEST):
        at = round(price + level * order.instrument.tick(price) * order.sign, order.instrument.decimals + 2)
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


def capped(parts: list[Slice], most: float) -> list[Slice]:
    """Return *parts* up to *most* in all."""
    kept: list[Slice] = []
    for part in parts:
        quantity = min(part.quantity, round(most, 8))
        if quantity <= 0:
            break
        kept.append(Slice(quantity, part.price))
        most -= quantity
    return kept
