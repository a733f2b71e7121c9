"""
The order desk of the exchange: takes orders, changes, cancels and fills them, and tells what happens.

The sequences of events are those of real gateways: a market fill is told as
PreSubmitted, an execution, Filled, Filled again with the commission, and the
commission report.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from simulator.tws.account import Account
from simulator.tws.book import Book, Print
from simulator.tws.clearing import Clearing
from simulator.tws.clock import Clock
from simulator.tws.instrument import Instrument
from simulator.tws.matching import Slice, commission, is_triggered, slices
from simulator.tws.order import CLOSING_TYPES, Margins, Order, OrderEvent, OrderRefused
from simulator.tws.plan import Timetable, day_of

_FIRST_PERM_ID = 1_948_210_300
# Above this share of the account TWS warns before it previews.
LARGE_SHARE = 0.25


class OrderDesk:
    """All orders of all clients; *book_of* finds an instrument's book, *listen* names who is told every event."""

    def __init__(
        self, clock: Clock, timetable: Timetable, accounts: dict[str, Account], book_of: Callable[[Instrument], Book]
    ) -> None:
        self._clock = clock
        self._timetable = timetable
        self._accounts = accounts
        self._book_of = book_of
        self._orders: dict[tuple[int, int], Order] = {}
        self._live: list[Order] = []
        self._perm_id = _FIRST_PERM_ID
        self._clearing = Clearing(clock, accounts)
        self.holds_acks = False
        self.holds_fills = False
        self.partial_sizes: list[float] = []

    def listen(self, tell: Callable[[OrderEvent], None]) -> None:
        """Tell every event to *tell*."""
        self._clearing.tell = tell

    def all(self) -> list[Order]:
        """Return every order in the order of arrival."""
        return list(self._orders.values())

    def find(self, client_id: int, order_id: int) -> Order | None:
        """Return a client's order, None where it has none of that id."""
        return self._orders.get((client_id, order_id))

    def next_perm_id(self) -> int:
        """Return a new permanent id."""
        self._perm_id += 1
        return self._perm_id

    def next_order_id(self, client_id: int) -> int:
        """Return the lowest order id that *client_id* may use."""
        return max((order_id for client, order_id in self._orders if client == client_id), default=0) + 1

    def next_hand_id(self) -> int:
        """Return the id of the next order made by hand: below zero."""
        return min((order_id for client, order_id in self._orders if client == 0), default=0) - 1

    def preview(self, order: Order) -> Margins:
        """Return what *order* would do to its account; raises OrderRefused where it does not carry it."""
        book = self._book_of(order.instrument)
        price = order.limit or (book.ask if order.sign > 0 else book.bid) or book.last
        cost = commission(order.instrument, order.quantity, price)
        margins = self._accounts[order.account].would_be(order.instrument, order.sign * order.quantity, price, cost)
        grows = margins.initial[1] > margins.initial[0]
        if grows and margins.initial[1] > margins.equity[1]:
            raise OrderRefused(
                201,
                "Order rejected - reason:We are unable to accept your order. Your Available Funds are in sufficient "
                f"to cover the change in margin. Equity with Loan Value [{margins.equity[1]:.2f} USD] must exceed the "
                f"Initial Margin [{margins.initial[1]:.2f} USD].",
                listed=True,
            )
        return margins

    def place(self, order: Order) -> None:
        """Take a new order or a change of a known one; raises OrderRefused."""
        known = self.find(order.client_id, order.order_id)
        if known is not None:
            self._change(known, order)
            return
        self._orders[order.client_id, order.order_id] = order
        self._live.append(order)
        order.placed_at = self._clock.time()
        try:
            self.preview(order)
        except OrderRefused as refusal:
            self.reject(order, refusal)
            raise
        if order.transmit:
            self._transmit_family(order)

    def reject(self, order: Order, refusal: OrderRefused) -> None:
        """List *order* as one that was not accepted."""
        self._orders.setdefault((order.client_id, order.order_id), order)
        order.status, order.reason = "Inactive", refusal.message
        order.completed_at = self._clock.time()

    def _change(self, known: Order, wish: Order) -> None:
        if known.done:
            code, text = (
                (104, "Cannot modify a filled order.") if known.status == "Filled" else (103, "Duplicate order id")
            )
            raise OrderRefused(code, text)
        if wish.quantity <= known.filled:
            raise OrderRefused(201, "Order rejected - reason:The quantity is filled already.")
        if (known.instrument, known.action, known.account) != (wish.instrument, wish.action, wish.account):
            raise OrderRefused(105, "Order being modified does not match original order")
        first_sent = wish.transmit and not known.transmit
        for name in ("quantity", "limit", "stop", "trailing", "trailing_percent", "order_type", "tif", "outside_rth"):
            setattr(known, name, getattr(wish, name))
        known.request, known.order_ref, known.transmit = wish.request, wish.order_ref, known.transmit or wish.transmit
        known.triggered = False
        if first_sent:
            self._transmit_family(known)
        elif known.transmit:
            self._announce(known)
            self._work(known, None)

    def _transmit_family(self, order: Order) -> None:
        """Send an order; the last of a bracket sends its parent and siblings too."""
        parent = self.find(order.client_id, order.parent_id) if order.parent_id else None
        family = [order]
        if parent is not None:
            siblings = [one for one in self.all() if self._is_child(one, parent)]
            family = [parent, *siblings]
        for one in family:
            if one is order or not one.transmit:
                one.transmit = True
                self._accept(one)

    @staticmethod
    def _is_child(order: Order, parent: Order) -> bool:
        return order.parent_id == parent.order_id and order.client_id == parent.client_id and not order.done

    def _accept(self, order: Order) -> None:
        if self.holds_acks:
            return
        order.status = "PreSubmitted"
        self._announce(order)
        session_ok = self._timetable.is_regular(self._clock.time()) or self._may_trade_late(order)
        if not session_ok and not order.parent_id:
            self._tell_error(order, 399, self._late_text(order))
        self._work(order, None)

    def release_acks(self) -> None:
        """Acknowledge what was held back."""
        self.holds_acks = False
        for order in self._waiting():
            if order.status == "PendingSubmit":
                self._accept(order)

    def release_fills(self) -> None:
        """Match again what was held back."""
        self.holds_fills = False
        for order in self._waiting():
            self._work(order, None)

    def on_market(self, book: Book, trade: Print | None) -> None:
        """Match everything that waits for *book*'s instrument."""
        for order in self._waiting():
            if order.instrument.con_id == book.instrument.con_id:
                self._work(order, trade)

    def _waiting(self) -> list[Order]:
        """Return the orders that are not done, those that have become so forgotten for good."""
        self._live = [order for order in self._live if not order.done]
        return [order for order in self._live if order.transmit]

    def on_session(self, *, closing: bool) -> None:
        """Fill what waits for the closing bell, or release what waits for the opening one."""
        for order in self._waiting():
            if order.status == "PendingSubmit":
                continue
            if closing and order.order_type in CLOSING_TYPES:
                book = self._book_of(order.instrument)
                if order.limit is None or (book.last - order.limit) * order.sign <= 0:
                    self._fill(order, Slice(order.remaining, book.last))
            elif not closing:
                self._work(order, None)

    def expire(self) -> None:
        """Cancel what was good for an earlier day only."""
        today = day_of(self._clock.time())
        for order in self._waiting():
            # An order of the evening is for the next session.
            if order.tif == "DAY" and day_of(self._timetable.next_regular(order.placed_at)) < today:
                self._finish(order, "Cancelled", "Cancelled by System:Order expired at the end of the day")

    def _work(self, order: Order, trade: Print | None) -> None:
        """Take an accepted order as far as the market lets it go."""
        if not order.alive or order.status == "PendingSubmit" or self.holds_fills or not self._is_free(order):
            return
        book = self._book_of(order.instrument)
        if not is_triggered(order, book):
            return
        parts = slices(order, book, trade)
        if order.tif == "FOK" and sum(part.quantity for part in parts) < order.remaining:
            self._finish(order, "Inactive", "")
            return
        for part in self._limited(parts):
            self._fill(order, part)
        if order.done:
            return
        if order.tif == "IOC":
            self._tell_status(order, "PendingCancel", announce=False)
            self._finish(order, "Cancelled", "Cancelled by System:")
        elif order.status == "PreSubmitted":
            self._tell_status(order, "Submitted")

    def _is_free(self, order: Order) -> bool:
        parent = self.find(order.client_id, order.parent_id) if order.parent_id else None
        if parent is not None and parent.status != "Filled":
            return False
        if order.order_type in CLOSING_TYPES:
            return False
        return self._timetable.is_regular(self._clock.time()) or self._may_trade_late(order)

    def _may_trade_late(self, order: Order) -> bool:
        always = order.instrument.sec_type in {"CASH", "FUT"}
        return always or (order.outside_rth and self._timetable.is_trading(self._clock.time()))

    def _limited(self, parts: list[Slice]) -> Iterator[Slice]:
        """Cut fills down to the sizes that a test asked for; what is cut off waits for the next print."""
        for part in parts:
            if not self.partial_sizes:
                yield part
                continue
            yield Slice(min(part.quantity, self.partial_sizes.pop(0)), part.price)
            return

    def _fill(self, order: Order, part: Slice) -> None:
        self._clearing.fill(order, part)
        if order.done:
            self._after_fill(order)

    def _after_fill(self, order: Order) -> None:
        for other in self._waiting():
            if other.done or other is order:
                continue
            sibling = (
                bool(order.parent_id) and other.parent_id == order.parent_id and other.client_id == order.client_id
            )
            if sibling or (order.oca_group and other.oca_group == order.oca_group):
                self._finish(other, "Cancelled", "Cancelled by System:OCA group")
            elif other.parent_id == order.order_id and other.client_id == order.client_id:
                self._work(other, None)

    def cancel(self, client_id: int, order_id: int) -> None:
        """Cancel a client's order; raises OrderRefused where it is unknown (10147) or done (10148)."""
        order = self.find(client_id, order_id)
        if order is None:
            raise OrderRefused(10147, f"OrderId {order_id} that needs to be cancelled is not found.")
        if order.done:
            raise OrderRefused(
                10148, f"OrderId {order_id} that needs to be cancelled cannot be cancelled, state: {order.status}."
            )
        self.withdraw(order)

    def withdraw(self, order: Order) -> None:
        """Cancel an order that is not done, and its children."""
        if order.transmit:
            self._tell_status(order, "PendingCancel", announce=False)
        self._finish(order, "Cancelled", "Cancelled by Trader")
        for child in self.all():
            if self._is_child(child, order):
                self.withdraw(child)

    def _finish(self, order: Order, status: str, completed: str) -> None:
        order.status, order.completed_status = status, completed
        order.completed_at = self._clock.time()
        self._clearing.tell(OrderEvent("status", order))
        if status == "Cancelled":
            self._tell_error(order, 202, "Order Canceled - reason:")

    def _announce(self, order: Order) -> None:
        self._clearing.announce(order)

    def _tell_status(self, order: Order, status: str, *, announce: bool = True) -> None:
        order.status = status
        if announce:
            self._announce(order)
        else:
            self._clearing.tell(OrderEvent("status", order))

    def _tell_error(self, order: Order, code: int, message: str) -> None:
        self._clearing.tell(OrderEvent("error", order, code=code, message=message))

    def _late_text(self, order: Order) -> str:
        opening = datetime.fromtimestamp(self._timetable.next_regular(self._clock.time()), UTC)
        return (
            f"Order Message:\n{order.action} {order.quantity:g} {order.instrument.symbol}\nWarning: your order "
            f"will not be placed at the exchange until {opening:%Y-%m-%d %H:%M:%S} UTC"
        )
