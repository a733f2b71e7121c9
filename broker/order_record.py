"""
What is known of one order: frames and codes in, a report of its fate out.

The library's own `trade.orderStatus.status` is not looked at: it marks live orders cancelled on informational codes
(10349) and `ValidationError` on warnings (399). Real status frames decide, codes add words or doubt.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from broker import convert, errors, hours
from broker.library import Contract, Order, OrderState
from broker.library_order import ticket_of, words_of
from market.instrument import Instrument, SecType
from market.ticket import OrderTicket, format_ticket
from trading.ports import OrderFate, OrderReport
from trading.proposal import LegOrder

_FINAL = frozenset({OrderFate.FILLED, OrderFate.CANCELLED, OrderFate.REJECTED, OrderFate.EXPIRED})
_CANCELLED = frozenset({"Cancelled", "ApiCancelled"})
_INACTIVE = "Inactive"
_LIVE = frozenset({"PreSubmitted", "Submitted"})
# "You have transmitted the order, but have not yet received confirmation that it has been accepted by the order
# destination" (IBKR, order statuses).
_PENDING = frozenset({"PendingSubmit", "ApiPending"})


@dataclass(slots=True, eq=False)
class OrderRecord:
    """
    One order. *status* is IBKR's latest word of its own ("" before any).

    *refusal* is set by a code that ended it, *doubt* by one that leaves its life unclear until the next status.
    *told* is the report that went out last. *parent_id* and *oca_group* are what it hangs on and with.
    *changing* is set while new terms are on their way: TWS shows them before it has decided on them (*is_echoed*), and
    until a status follows, the order has the terms *before*. *was_changed*: a refusal may be of new terms alone.
    *is_discarded* is set when it is taken back untransmitted.
    """

    order_id: int
    client_id: int
    order_ref: str = ""
    perm_id: int = 0
    account: str = ""
    instrument: Instrument | None = None
    ticket: OrderTicket | None = None
    status: str = ""
    filled: Decimal = Decimal(0)
    remaining: Decimal = Decimal(0)
    average_price: Decimal | None = None
    message: str = ""
    words: str = ""
    refusal: bool = False
    doubt: bool = False
    is_named: bool = False
    told: OrderReport | None = None
    parent_id: int = 0
    oca_group: str = ""
    oca_type: int = 0
    changing: bool = False
    is_echoed: bool = False
    before: OrderTicket | None = None
    was_changed: bool = False
    refused_change: str = ""
    is_discarded: bool = False

    @property
    def fate(self) -> OrderFate:
        """What became of the order, as far as IBKR has said."""
        if self.status == "Filled" and not self.remaining:
            return OrderFate.FILLED
        if self.refusal:
            return OrderFate.REJECTED
        if self.status in _CANCELLED:
            return OrderFate.EXPIRED if "expired" in self.message.lower() else OrderFate.CANCELLED
        # Inactive: refused, held, or an unfilled fill-or-kill; IBKR says the same for all three.
        if self.doubt or self.status in {"", _INACTIVE}:
            return OrderFate.CHECK
        return OrderFate.PENDING if self.status in _PENDING else OrderFate.WORKING

    @property
    def is_final(self) -> bool:
        """Whether nothing more can happen to the order."""
        return self.fate in _FINAL

    def answers_to(self, order_ref: str, perm_id: int) -> bool:
        """Whether it is the order of that reference, and of that permanent id where both sides know one."""
        return self.order_ref == order_ref and (not perm_id or not self.perm_id or self.perm_id == perm_id)

    def take_order(self, contract: Contract, order: Order, state: OrderState) -> None:
        """Take an openOrder frame in: who and what; its status counts until a status frame brings the numbers."""
        self.is_named = True
        self.order_ref = order.orderRef or self.order_ref
        self.perm_id = order.permId or self.perm_id
        self.account = order.account or self.account
        self.parent_id = order.parentId
        self.oca_group, self.oca_type = order.ocaGroup, order.ocaType
        if not self._is_known(contract):
            self.instrument = convert.instrument(contract, smart=True)
        ticket = ticket_of(contract, order, self.instrument)
        # What a person typed stays; quantity and price may have been changed in TWS.
        now = replace(ticket, symbol=self.ticket.symbol) if ticket and self.ticket else ticket or self.ticket
        if now != self.ticket:
            self.ticket, self.is_echoed = now, self.changing
        self.words = _words(self.ticket, contract, order)
        if not self.status:
            self.remaining = convert.quantity(order.totalQuantity)
        if state.status and state.status != "Filled":
            self._take(state.status)

    def take_status(self, status: str, filled: float, remaining: float, average_price: float, perm_id: int) -> None:
        """Take an orderStatus frame in."""
        self._take(status)
        if self.is_echoed:
            self.changing = self.is_echoed = False
        self.filled = convert.quantity(filled)
        self.remaining = convert.quantity(remaining)
        price = convert.money(average_price)
        self.average_price = price if price and self.filled else None
        self.perm_id = perm_id or self.perm_id

    def change_begun(self) -> None:
        """Note that new terms are on their way: until IBKR shows them, an error is about them."""
        self.changing, self.refused_change = True, ""
        self.before, self.is_echoed, self.was_changed = self.ticket, False, True

    def told_once(self, report: OrderReport) -> OrderReport:
        """Return *report* as the one that went out last: that a change was refused is said once."""
        self.refused_change = ""
        return replace(report, refused_change="")

    def take_code(self, code: int, text: str) -> bool:
        """Take an error or warning about this order in; return whether that is worth telling."""
        kind = errors.order_kind_of(code, acknowledged=self.status != "")
        if self.is_discarded and code in errors.NOTHING_TO_CANCEL:
            return False
        if self.changing and (kind in {errors.Kind.FATAL, errors.Kind.CHECK} or code in errors.REFUSES_CHANGE):
            self.ticket = self.before if self.is_echoed else self.ticket
            self.changing, self.is_echoed, self.refused_change = False, False, text
            return True
        match kind:
            case errors.Kind.FATAL if self.was_changed and self.status != "":
                # It worked: what is refused may be its new terms, and the order lives on with the old ones.
                self.doubt = True
            case errors.Kind.FATAL:
                self.refusal = True
            case errors.Kind.CANCELLED:
                self.status = self.status if self.status in _CANCELLED else "Cancelled"
            case errors.Kind.CHECK:
                self.doubt = True
            case errors.Kind.WARNING:
                self.message = text
                return self.status != ""
            case _:
                return False
        self.message = text
        return True

    def report(self) -> OrderReport:
        """Return what is known."""
        return OrderReport(
            order_ref=self.order_ref,
            perm_id=self.perm_id,
            order_id=self.order_id,
            client_id=self.client_id,
            account=self.account,
            fate=self.fate,
            filled=self.filled,
            remaining=self.remaining,
            average_price=self.average_price,
            instrument=self.instrument,
            ticket=self.before if self.changing and self.is_echoed else self.ticket,
            message=self.message or (_INACTIVE if self.status == _INACTIVE else ""),
            words=self.words or (format_ticket(self.ticket) if self.ticket else ""),
            refused_change=self.refused_change,
            group=self.oca_group,
        )

    def _is_known(self, contract: Contract) -> bool:
        """Whether the instrument is known by more than *contract* says; of a combo TWS has no id of its own."""
        one = self.instrument
        if one is not None and one.sec_type is SecType.COMBO:
            return bool(contract.secType == SecType.COMBO)
        return one is not None and bool(one.con_id == contract.conId)

    def _take(self, status: str) -> None:
        changed = status != self.status
        self.status = status
        self.doubt = False
        self.refusal = self.refusal and status not in _LIVE
        if changed and not self.refusal and self.told is not None and self.told.message == self.message:
            # Words about the state before.
            self.message = ""


def sent(order: LegOrder, wire: Order, key: tuple[int, int]) -> OrderRecord:
    """Return the record of an order of ours that is about to leave as *wire*; *key* is client id and order id."""
    return OrderRecord(
        key[1],
        key[0],
        order_ref=wire.orderRef,
        account=order.account,
        instrument=order.instrument,
        ticket=order.ticket,
        remaining=order.ticket.quantity,
        is_named=True,
        parent_id=wire.parentId,
        oca_group=wire.ocaGroup,
        oca_type=wire.ocaType,
    )


def completed(contract: Contract, order: Order, state: OrderState) -> OrderReport:
    """
    Return the report of a completedOrder frame, which has no order id and no client id, and 0 as total quantity.

    Its completedStatus is free text: "Filled Size: 100", "Cancelled by Trader", "Cancelled by System:…".
    """
    words, ticket = state.completedStatus, ticket_of(contract, order)
    return OrderReport(
        order_ref=order.orderRef,
        perm_id=order.permId,
        order_id=0,
        client_id=0,
        account=order.account,
        fate=_completed_fate(state.status, words.lower()),
        filled=convert.quantity(order.filledQuantity),
        remaining=Decimal(0),
        instrument=convert.instrument(contract, smart=True),
        ticket=ticket,
        message=words or (_INACTIVE if state.status == _INACTIVE else ""),
        words=_words(ticket, contract, order),
        at=hours.stamp(state.completedTime),
    )


def _completed_fate(status: str, words: str) -> OrderFate:
    if status == "Filled":
        return OrderFate.FILLED
    if "expired" in words:
        return OrderFate.EXPIRED
    if "reject" in words:
        return OrderFate.REJECTED
    if status in _CANCELLED or "cancel" in words:
        return OrderFate.CANCELLED
    # Over, and neither filled nor cancelled: it was refused.
    return OrderFate.REJECTED if status == _INACTIVE else OrderFate.CHECK


def _words(ticket: OrderTicket | None, contract: Contract, order: Order) -> str:
    """Return the order in one line, by IBKR's own code where it is of a kind that our tickets have no words for."""
    if ticket is not None:
        return format_ticket(ticket)
    return words_of(contract, order)
