"""
A TWS in memory, and the way to it: orders that hang together, a link that is cut, and a process that dies.

It does what IBKR's pages say: an order that is not transmitted is listed nowhere, children wait for their parent and
end with it, of a group the rest is cancelled, a change keeps the order's names, and events that nobody listens to are
lost.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from market.account import Fill
from market.errors import LinkDown
from market.ticket import OrderTicket, Side
from tests.fakes.clock import FakeClock
from trading.errors import OrderGone
from trading.ports import OrderFate, OrderReport
from trading.proposal import LegOrder, Preview


class Killed(BaseException):
    """The process died here."""


class Mishap(StrEnum):
    """What happens at a message to TWS: it is cut off before it, after it, it is lost on the way, or the bot dies."""

    CUT_BEFORE = "cut before"
    CUT_AFTER = "cut after"
    LOST = "lost"
    DIES_BEFORE = "dies before"
    DIES_AFTER = "dies after"


@dataclass
class TwsOrder:
    """One order as TWS has it; *is_held* until it is transmitted."""

    ref: str
    order_id: int
    perm_id: int
    client_id: int
    order: LegOrder
    parent_id: int
    is_held: bool
    fate: OrderFate = OrderFate.WORKING
    filled: Decimal = Decimal(0)

    @property
    def is_alive(self) -> bool:
        return self.fate is OrderFate.WORKING and not self.is_held

    @property
    def remaining(self) -> Decimal:
        return self.order.ticket.quantity - self.filled


@dataclass
class FakeTws:
    """
    All orders by their reference, and how often each arrived as a new one.

    *on_new* is called for each new order as it arrives. The mishap that *due* names happens at the message after that
    many; with *rejects* the next order but so many is refused.
    """

    clock: FakeClock
    orders: dict[str, TwsOrder] = field(default_factory=dict)
    arrived: Counter[str] = field(default_factory=Counter)
    fills: list[Fill] = field(default_factory=list)
    on_new: Callable[[TwsOrder], None] | None = None
    due: tuple[int, Mishap] | None = None
    rejects: int | None = None
    is_up: bool = True
    line: "TwsLine | None" = None
    next_id: int = 100

    def message(self, deliver: Callable[[], None]) -> None:
        """Let a message come, unless something happens to it."""
        if not self.is_up:
            raise LinkDown("closed")
        mishap = self._mishap()
        if mishap in {Mishap.CUT_BEFORE, Mishap.LOST, Mishap.CUT_AFTER}:
            self.is_up = False
        if mishap is Mishap.CUT_BEFORE:
            raise LinkDown("closed")
        if mishap is Mishap.DIES_BEFORE:
            raise Killed
        if mishap is not Mishap.LOST:
            deliver()
        if mishap is Mishap.DIES_AFTER:
            raise Killed

    def _mishap(self) -> Mishap | None:
        if self.due is None:
            return None
        count, mishap = self.due
        self.due = (count - 1, mishap) if count else None
        return None if count else mishap

    def place(self, coming: TwsOrder) -> None:
        """Take a new order; its last child transmits it and all that hangs with it."""
        self.arrived[coming.ref] += 1
        if self.on_new is not None:
            self.on_new(coming)
        self.orders[coming.ref] = coming
        if self.rejects is not None:
            self.rejects -= 1
            if self.rejects < 0:
                self.rejects = None
                self._end(coming, OrderFate.REJECTED)
                return
        parent = self._parent(coming)
        if coming.parent_id and (parent is None or parent.fate is not OrderFate.WORKING):
            self._end(coming, OrderFate.REJECTED)
        elif not coming.is_held:
            for one in self._family(coming):
                one.is_held = False
                self.tell(one)

    def change(self, ref: str, ticket: OrderTicket) -> None:
        """Take new terms for a working order."""
        one = self.orders[ref]
        if one.is_alive and ticket.quantity > one.filled:
            one.order = replace(one.order, ticket=ticket)
            self.tell(one)
        else:
            self.tell(one, refused_change="Cannot modify a filled order.")

    def cancel(self, order_id: int) -> None:
        """Cancel one order of ours, and what hangs on it; of one that is not there nothing is said."""
        found = (one for one in self.orders.values() if one.order_id == order_id)
        one = next(found, None)
        if one is not None and one.fate is OrderFate.WORKING:
            self._end(one, OrderFate.CANCELLED)

    def fill(self, ref: str, quantity: Decimal) -> None:
        """Fill an order that is at the market, and do what follows from it."""
        one = self.orders[ref]
        quantity = min(quantity, one.remaining)
        parent = self._parent(one)
        if not one.is_alive or (parent is not None and parent.fate is not OrderFate.FILLED):
            return
        one.filled += quantity
        self.fills.append(self._execution(one, quantity))
        if self.line is not None and self.is_up and self.line.on_fill is not None:
            self.line.on_fill(self.fills[-1])
        if not one.remaining:
            one.fate = OrderFate.FILLED
            for mate in self._mates(one):
                self._end(mate, OrderFate.CANCELLED)
        self.tell(one)

    def restart(self) -> None:
        """Lose what was never transmitted."""
        self.is_up = False
        self.orders = {ref: one for ref, one in self.orders.items() if not (one.is_held and not _is_over(one))}

    def tell(self, one: TwsOrder, *, refused_change: str = "") -> None:
        """Report an order to whoever listens; of one that is held nothing is said."""
        is_said = not one.is_held or one.fate is OrderFate.REJECTED
        if self.is_up and is_said and self.line is not None and self.line.on_report is not None:
            self.line.on_report(replace(self.report(one), refused_change=refused_change))

    def report(self, one: TwsOrder) -> OrderReport:
        """Return what TWS says of an order."""
        return OrderReport(
            order_ref=one.ref,
            perm_id=one.perm_id,
            order_id=one.order_id,
            client_id=one.client_id,
            account=one.order.account,
            fate=one.fate,
            filled=one.filled,
            remaining=one.remaining,
            average_price=Decimal(200) if one.filled else None,
            instrument=one.order.instrument,
            ticket=one.order.ticket,
        )

    def _end(self, one: TwsOrder, fate: OrderFate) -> None:
        one.fate = fate
        self.tell(one)
        for child in list(self.orders.values()):
            if child.parent_id == one.order_id and child.fate is OrderFate.WORKING and not one.filled:
                self._end(child, OrderFate.CANCELLED)

    def _parent(self, one: TwsOrder) -> TwsOrder | None:
        return next((other for other in self.orders.values() if other.order_id == one.parent_id), None)

    def _family(self, one: TwsOrder) -> list[TwsOrder]:
        """Return the order and what it hangs with, the parent first."""
        parent = self._parent(one)
        together = (other for other in self.orders.values() if one.parent_id and other.parent_id == one.parent_id)
        members = [*([parent] if parent else []), *together] if one.parent_id else [one]
        return [member for member in members if member.fate is OrderFate.WORKING]

    def _mates(self, one: TwsOrder) -> Iterator[TwsOrder]:
        for other in list(self.orders.values()):
            is_mate = bool(one.order.group) and other.order.group == one.order.group
            if other is not one and is_mate and other.fate is OrderFate.WORKING:
                yield other

    def _execution(self, one: TwsOrder, quantity: Decimal) -> Fill:
        return Fill(
            exec_id=f"x{len(self.fills)}",
            account=one.order.account,
            instrument=one.order.instrument,
            side=Side(one.order.ticket.side),
            quantity=quantity,
            price=Decimal(200),
            time=self.clock.now(),
            order_ref=one.ref,
            perm_id=one.perm_id,
            order_id=one.order_id,
            client_id=one.client_id,
            cumulative=one.filled,
            average_price=Decimal(200),
            commission=Decimal(1),
            commission_currency="USD",
        )


def _is_over(one: TwsOrder) -> bool:
    return one.fate is not OrderFate.WORKING


class TwsLine:
    """One process's way to the TWS; implements `OrderGateway`. What it was told once it knows until it dies."""

    client_id = 17

    def __init__(self, tws: FakeTws) -> None:
        self._tws = tws
        self.on_report: Callable[[OrderReport], None] | None = None
        self.on_fill: Callable[[Fill], None] | None = None
        self._on_sent: Callable[[str], None] | None = None
        tws.line = self

    def connect(
        self,
        on_report: Callable[[OrderReport], None],
        on_fill: Callable[[Fill], None],
        on_sent: Callable[[str], None] | None = None,
    ) -> None:
        self.on_report, self.on_fill, self._on_sent = on_report, on_fill, on_sent

    async def preview(self, *_asked: object) -> Preview:
        self._require_link()
        return Preview(commission=Decimal(1))

    def reserve(self) -> int:
        self._require_link()
        self._tws.next_id += 1
        return self._tws.next_id

    def is_next(self, _order_id: int) -> bool:
        return True

    async def submit(
        self, order: LegOrder, order_ref: str, *, order_id: int = 0, parent_id: int = 0, is_held: bool = False
    ) -> int:
        order_id = order_id or self.reserve()
        coming = TwsOrder(order_ref, order_id, 7000 + order_id, self.client_id, order, parent_id, is_held)
        self._sends(order_ref)
        self._tws.message(lambda: self._tws.place(coming))
        return order_id

    async def change(self, order: LegOrder, order_id: int, order_ref: str, perm_id: int) -> None:
        self._prove(order_id, order_ref)
        self._sends(order_ref)
        self._tws.message(lambda: self._tws.change(order_ref, order.ticket))

    async def discard(self, order_id: int, order_ref: str) -> None:
        known = next((one for one in self._tws.orders.values() if one.order_id == order_id), None)
        if known is not None and (known.ref != order_ref or _is_over(known)):
            raise OrderGone(order_ref)
        self._tws.message(lambda: self._tws.cancel(order_id))

    async def cancel(self, order_id: int, order_ref: str, perm_id: int) -> None:
        self._prove(order_id, order_ref)
        self._tws.message(lambda: self._tws.cancel(order_id))

    async def open_orders(self) -> Sequence[OrderReport]:
        self._require_link()
        return [self._tws.report(one) for one in self._tws.orders.values() if one.is_alive]

    async def completed_orders(self) -> Sequence[OrderReport]:
        self._require_link()
        over = [one for one in self._tws.orders.values() if _is_over(one) and not one.is_held]
        return [replace(self._tws.report(one), order_id=0, client_id=0) for one in over]

    async def executions(self) -> Sequence[Fill]:
        self._require_link()
        return list(self._tws.fills)

    def _require_link(self) -> None:
        if not self._tws.is_up:
            raise LinkDown("closed")

    def _sends(self, order_ref: str) -> None:
        if self._on_sent is not None:
            self._on_sent(order_ref)

    def _prove(self, order_id: int, order_ref: str) -> None:
        self._require_link()
        one = self._tws.orders.get(order_ref)
        if one is None or one.order_id != order_id or not one.is_alive:
            raise OrderGone(order_ref)
