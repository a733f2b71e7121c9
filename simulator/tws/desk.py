"""
The order desk of the exchange: takes orders, changes and cancels, and hands what is accepted to the floor.

TWS itself refuses what makes no sense (order_checks) and keeps what is not to be transmitted yet; IBKR's servers
refuse what the account does not carry, and only then is an order at an exchange.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from simulator.tws.account import Account
from simulator.tws.blotter import Blotter
from simulator.tws.book import Book, Print
from simulator.tws.clearing import Clearing
from simulator.tws.clock import Clock
from simulator.tws.floor import Floor, market_of, waits_for_trigger
from simulator.tws.instrument import Instrument
from simulator.tws.order import CLOSING_TYPES, Margins, Order, OrderEvent, OrderRefused
from simulator.tws.order_checks import check
from simulator.tws.plan import Timetable
from simulator.tws.reports import Reports

# Above this share of the account TWS warns before it previews.
LARGE_SHARE = 0.25
# How long an order of cryptocurrencies that is good for minutes works.
_MINUTES_S = 300
_TERMS = (
    "quantity", "limit", "stop", "trailing", "trailing_percent", "limit_offset", "order_type", "tif", "outside_rth",
    "good_till", "good_after", "trigger_method", "request", "order_ref",
)  # fmt: skip


class OrderDesk:
    """All orders of all clients; *book_of* finds an instrument's book, *listen* names who is told every event."""

    def __init__(
        self, clock: Clock, timetable: Timetable, accounts: dict[str, Account], book_of: Callable[[Instrument], Book]
    ) -> None:
        self._clock = clock
        self._timetable = timetable
        self._accounts = accounts
        self._book_of = book_of
        self._reports = Reports(clock)
        self._clearing = Clearing(clock, accounts, book_of, self._reports)
        self.blotter = Blotter()
        self.floor = Floor(clock, timetable, book_of, self.blotter, self._clearing, self._reports)
        self.holds_acks = False
        self.holds_cancels = False

    def listen(self, tell: Callable[[OrderEvent], None]) -> None:
        """Tell every event to *tell*."""
        self._reports.tell = tell

    def until(self, instrument: Instrument) -> int:
        """Return the close of the session that an order for *instrument* would be for."""
        return self._timetable.of(market_of(instrument)).close_after(self._clock.time())

    def on_market(self, book: Book, trade: Print | None) -> None:
        """Match everything that waits for *book*'s instrument."""
        self.floor.on_market(book, trade)

    # Taking orders

    def preview(self, order: Order) -> Margins:
        """Return what *order* would do to its account; raises OrderRefused where it is not taken."""
        check(order, self._clock.time())
        self._count_cash(order)
        return self._carried(order)

    def _carried(self, order: Order) -> Margins:
        """Return what *order* would do to its account; raises OrderRefused where that does not carry it."""
        book = self._book_of(order.instrument)
        price = order.limit or (book.ask if order.sign > 0 else book.bid) or book.last
        account = self._accounts[order.account]
        margins = account.would_be(self._clearing.changes(order, price))
        if margins.initial[1] > margins.initial[0] and margins.initial[1] > margins.equity[1]:
            raise OrderRefused(
                201,
                "Order rejected - reason:We are unable to accept your order. Your Available Funds are in sufficient "
                f"to cover the change in margin. Equity with Loan Value [{margins.equity[1]:.2f} USD] must exceed the "
                f"Initial Margin [{margins.initial[1]:.2f} USD].",
            )
        self._refuse_short_coins(order, account)
        return margins

    @staticmethod
    def _refuse_short_coins(order: Order, account: Account) -> None:
        held = account.positions.get(order.instrument.con_id)
        owned = held.quantity if held else 0.0
        if order.instrument.sec_type == "CRYPTO" and order.sign < 0 and order.remaining > owned:
            raise OrderRefused(201, "Order rejected - reason:Short sale of cryptocurrencies is not allowed.")

    def _count_cash(self, order: Order) -> None:
        """Turn an order in money into units, at the side of the market that it would meet."""
        if order.cash is None:
            return
        book = self._book_of(order.instrument)
        price = order.limit or (book.ask if order.sign > 0 else book.bid) or book.last
        step = order.instrument.min_size
        order.quantity = round(order.cash / price // step * step, 8)

    def place(self, order: Order) -> None:
        """
        Take a new order or a change of a known one.

        Raises OrderRefused where TWS refuses it at sight; what IBKR's servers reject is told as an event.
        """
        known = self.blotter.find(order.client_id, order.order_id)
        if known is not None:
            self._change(known, order)
            return
        check(order, self._clock.time())
        self._count_cash(order)
        parent = self._open_parent(order)
        if parent is not None:
            # TWS makes a group of its own of all that hangs on one parent, whatever the client called it.
            order.oca_group = str(parent.perm_id)
        self.blotter.add(order)
        if order.tif == "Minutes":
            order.good_till = self._clock.time() + _MINUTES_S
        if order.transmit:
            self._transmit(order)

    def _open_parent(self, order: Order) -> Order | None:
        """Return the parent that *order* names; raises OrderRefused where there is none (10006) or it is over (135)."""
        if not order.parent_id:
            return None
        parent = self.blotter.parent_of(order)
        if parent is None:
            raise OrderRefused(10006, "Missing parent order.")
        if parent.done:
            raise OrderRefused(135, f"Can't find order with id = {order.parent_id}")
        return parent

    def list_as_rejected(self, order: Order, message: str) -> None:
        """List *order* as one that was not accepted; nothing is told."""
        self.blotter.add(order)
        order.status, order.reason, order.completed_at = "Inactive", message, self._clock.time()

    def _transmit(self, order: Order) -> None:
        """Send an order; one that hangs on a parent sends it and its siblings too."""
        parent = self.blotter.parent_of(order)
        family = [order] if parent is None else [parent, *self.blotter.children_of(parent)]
        fresh = [one for one in family if one is order or not one.transmit]
        for one in fresh:
            one.transmit = True
        for one in fresh:
            if not one.done:
                self._accept(one)

    def _accept(self, order: Order) -> None:
        if self.holds_acks:
            return
        try:
            if not order.parent_id:
                self._carried(order)
        except OrderRefused as refusal:
            self.floor.reject(order, refusal.code, refusal.message)
            return
        self._reports.status(order, "PreSubmitted")
        in_auction = order.order_type in CLOSING_TYPES or order.tif == "OPG"
        if order.outside_rth and in_auction:
            self._reports.error(order, 2109, _LATE_IGNORED)
        elif not in_auction and not order.parent_id and not self.floor.is_open_for(order):
            self._reports.error(order, 399, self._late_text(order))
        self.floor.work(order)

    # Changing orders

    def _change(self, known: Order, wish: Order) -> None:
        self._refuse_change(known, wish)
        check(wish, self._clock.time())
        self._count_cash(wish)
        if wish.quantity <= known.filled:
            raise OrderRefused(201, "Order rejected - reason:The quantity is filled already.")
        if known.transmit and not known.parent_id and wish.quantity > known.quantity:
            wish.filled = known.filled
            self._carried(wish)
        is_first = wish.transmit and not known.transmit
        for name in _TERMS:
            setattr(known, name, getattr(wish, name))
        known.triggered, known.touches, known.is_working = False, 0, False
        if is_first:
            self._transmit(known)
        elif known.transmit:
            if waits_for_trigger(known) and not known.filled:
                known.status = "PreSubmitted"
            self._reports.announce(known)
            self.floor.work(known)

    def _refuse_change(self, known: Order, wish: Order) -> None:
        """Raise OrderRefused where TWS does not let *known* be changed into *wish*; the old terms stand."""
        if known.status == "Filled":
            raise OrderRefused(104, "Cannot modify a filled order.")
        if known.done:
            raise OrderRefused(103, "Duplicate order id")
        if known.transmit and known.status == "PendingSubmit":
            raise OrderRefused(2102, "Unable to modify this order as it is still being processed.")
        if (known.instrument, known.action, known.account) != (wish.instrument, wish.action, wish.account):
            raise OrderRefused(105, "Order being modified does not match original order")
        self._refuse_new_ties(known, wish)
        if (wish.algo.strategy if wish.algo else "") != (known.algo.strategy if known.algo else ""):
            raise OrderRefused(440, "Order modify failed. Algorithm cannot be modified.")

    def _refuse_new_ties(self, known: Order, wish: Order) -> None:
        if wish.parent_id and wish.parent_id != known.parent_id:
            raise OrderRefused(10341, "Parent order id cannot be modified")
        self._open_parent(wish)
        # A group is fixed when an order is placed; a change that leaves it out keeps it, one that names it must
        # name it as TWS does.
        if wish.asked_group and wish.asked_group != known.oca_group:
            raise OrderRefused(10326, "OCA group revision is not allowed.")
        if wish.asked_group and wish.oca_type != known.oca_type:
            raise OrderRefused(10327, "OCA group type revision is not allowed.")

    # Ending orders

    def cancel(self, client_id: int, order_id: int) -> None:
        """
        Cancel a client's order.

        One that was never transmitted is taken away without a word. Raises OrderRefused where it is unknown (10147),
        done (10148) or being cancelled already (161).
        """
        order = self.blotter.find(client_id, order_id)
        if order is None or (order.done and not order.transmit):
            raise OrderRefused(10147, f"OrderId {order_id} that needs to be cancelled is not found.")
        if order.done:
            raise OrderRefused(
                10148, f"OrderId {order_id} that needs to be cancelled cannot be cancelled, state: {order.status}."
            )
        if order.status == "PendingCancel":
            raise OrderRefused(
                161, f"Cancel attempted when order is not in a cancellable state. Order permId = {order.perm_id}"
            )
        self.withdraw(order)

    def withdraw(self, order: Order) -> None:
        """Cancel an order that is not done, its children, and the rest of its group, as IBKR documents it."""
        if order.transmit:
            self._reports.status(order, "PendingCancel", announce=False)
        if not self.holds_cancels:
            self._withdrawn(order)

    def _withdrawn(self, order: Order) -> None:
        group = self.blotter.group_of(order)
        self.floor.end(order, "Cancelled by Trader")
        for other in group:
            self.floor.end(other, "Cancelled by System:OCA group")

    # What faults hold back

    def release_acks(self) -> None:
        """Acknowledge what was held back."""
        self.holds_acks = False
        for order in self.blotter.waiting():
            if order.status == "PendingSubmit":
                self._accept(order)

    def release_fills(self) -> None:
        """Match again what was held back."""
        self.floor.holds_fills = False
        for order in self.blotter.waiting():
            self.floor.work(order)

    def release_cancels(self) -> None:
        """Cancel what was held back, unless it has filled meanwhile."""
        self.holds_cancels = False
        for order in self.blotter.waiting():
            if order.status == "PendingCancel":
                self._withdrawn(order)

    def _late_text(self, order: Order) -> str:
        now = self._clock.time()
        opening = datetime.fromtimestamp(self.floor.hours_of(order).next_regular(now), UTC)
        return (
            f"Order Message:\n{order.action} {order.quantity:g} {order.instrument.symbol}\nWarning: your order "
            f"will not be placed at the exchange until {opening:%Y-%m-%d %H:%M:%S} UTC"
        )


_LATE_IGNORED = (
    'Order Event Warning:Attribute "Outside Regular Trading Hours" is ignored based on the order type and '
    "destination. PlaceOrder is now processed."
)
