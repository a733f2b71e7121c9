"""
Triggers: when a stop, a trailing stop or an if-touched order is set off.

Which price counts follows the order's trigger method, by default the instrument's: the last trade of shares, futures
and the rest, the double bid/ask of US options, bid/ask of currencies (IBKR's pages "Trigger Methods" and "Modify the
Stop Trigger Method": a buy watches the bid, a sale the ask).
"""

from simulator.tws.book import Book
from simulator.tws.order import TRIGGERED_TYPES, Order

DEFAULT, DOUBLE_BID_ASK, LAST, DOUBLE_LAST, BID_ASK, LAST_OR_BID_ASK, MIDDLE = 0, 1, 2, 3, 4, 7, 8
_DOUBLE = {DOUBLE_BID_ASK, DOUBLE_LAST}


def method_of(order: Order) -> int:
    """Return the trigger method in force."""
    if order.trigger_method != DEFAULT:
        return order.trigger_method
    return {"OPT": DOUBLE_BID_ASK, "CASH": BID_ASK}.get(order.instrument.sec_type, LAST)


def is_triggered(order: Order, book: Book, *, is_news: bool) -> bool:
    """
    Move a trailing stop with the market, and tell whether a triggered order's price is reached.

    *is_news* is whether the market has moved since the last question; the double methods want two moves in a row.
    """
    if order.order_type not in TRIGGERED_TYPES or order.triggered:
        return True
    method = method_of(order)
    if order.order_type.startswith("TRAIL"):
        _trail(order, _seen(order, book, method)[0])
    # A stop buys above the market, an if-touched order below it.
    direction = order.sign if order.order_type not in {"MIT", "LIT"} else -order.sign
    reached = any((price - (order.stop or 0.0)) * direction >= 0 for price in _seen(order, book, method))
    if not reached:
        order.touches = 0
    elif is_news or method not in _DOUBLE:
        order.touches += 1
    order.triggered = order.touches >= (2 if method in _DOUBLE else 1)
    return order.triggered


def _seen(order: Order, book: Book, method: int) -> list[float]:
    """Return the prices that the method looks at, the one that a trail follows first."""
    side = book.bid if order.sign > 0 else book.ask
    quoted = side if side > 0 else book.last
    if method == MIDDLE:
        return [book.middle]
    if method in {DOUBLE_BID_ASK, BID_ASK}:
        return [quoted]
    return [book.last, quoted] if method == LAST_OR_BID_ASK else [book.last]


def _trail(order: Order, price: float) -> None:
    distance = order.trailing or price * (order.trailing_percent or 0.0) / 100
    candidate = order.instrument.on_grid(price + distance * order.sign)
    if order.stop is None:
        order.stop = candidate
    better = min if order.sign > 0 else max
    moved = better(order.stop, candidate)
    if order.limit_offset is not None:
        # A sale's limit stands below its stop, a purchase's above.
        order.limit = order.instrument.on_grid(moved + order.limit_offset * order.sign)
    elif order.limit is not None:
        order.limit = order.instrument.on_grid(order.limit + moved - order.stop)
    order.stop = moved
