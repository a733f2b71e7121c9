"""
The only door to IBKR's orders: preview, submit, cancel, and what became of them.

No other file names the library's calls that place, cancel or exercise; a test over the syntax tree holds that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from broker import convert, errors, order_record
from broker.call import guarded, link_of, tap
from broker.executions import Executions
from broker.library import IB, Contract, Order, OrderState
from broker.library_order import alone, order_of
from broker.order_record import OrderRecord
from broker.session import IbSession
from market.account import Fill
from market.clock import Clock
from market.errors import BrokerError, LinkDown, ReadOnlyApi, RequestTimeout
from market.instrument import Instrument
from market.ticket import OrderTicket
from trading.errors import OrderGone
from trading.ports import OrderReport
from trading.proposal import LegOrder, Preview

_Key = tuple[int, int]
# What is filled of one order of a group is taken off the others, one of which is at the exchange at a time: a target
# that is half filled leaves a stop for the other half.
_REDUCE_THE_REST = 2


@dataclass(slots=True, eq=False)
class _WhatIf:
    """A preview under way: IBKR may first send its warning with all margins unset, then the values."""

    answer: asyncio.Future[Preview]
    words: list[str] = field(default_factory=list)
    first: Preview | None = None
    doubt: BrokerError | None = None


class IbOrders:
    """
    The order gateway.

    Orders made elsewhere (TWS, the phone, other programs) are reported too, as far as TWS shows them to this client.
    """

    def __init__(self, session: IbSession, clock: Clock, *, timeout_s: float = 10.0) -> None:
        self._session = session
        self._link = link_of(session)
        self._clock = clock
        self._timeout_s = timeout_s
        self._on_report: Callable[[OrderReport], None] | None = None
        self._listeners: list[Callable[[OrderReport], None]] = []
        self._on_sent: Callable[[str], None] | None = None
        self._records: dict[_Key, OrderRecord] = {}
        self._what_ifs: dict[int, _WhatIf] = {}
        self._listing: list[OrderRecord] | None = None
        self._completed: list[OrderReport] = []
        self._executions = Executions(self._link)
        self._link.on_open(self._attach)
        self._link.on_sync(self._sync)

    def connect(
        self,
        on_report: Callable[[OrderReport], None],
        on_fill: Callable[[Fill], None],
        on_sent: Callable[[str], None] | None = None,
    ) -> None:
        """
        Hand every order event and every execution (again when its commission is known) to the first two sinks.

        The third gets the reference of each order right before it leaves: IBKR owes an answer to it.
        """
        self._on_report = guarded(on_report)
        self._on_sent = guarded(on_sent) if on_sent is not None else None
        self._executions.connect(guarded(on_fill))

    def listen(self, listener: Callable[[OrderReport], None]) -> None:
        """Hand every order event to *listener* too."""
        self._listeners.append(guarded(listener))

    async def preview(self, instrument: Instrument, ticket: OrderTicket, account: str) -> Preview:
        """
        Ask IBKR what the order would cost; creates no order.

        Raises LinkDown, RequestTimeout, ReadOnlyApi, BrokerError (with IBKR's words why it would be refused).
        """
        ib = self._usable()
        order = order_of(alone(ticket), account, "")
        order.whatIf = True
        request_id = ib.client.getReqId()
        what_if = self._what_ifs[request_id] = _WhatIf(self._link.expect())
        try:
            async with asyncio.timeout(self._timeout_s):
                ib.client.placeOrder(request_id, convert.contract(instrument), order)
                return await what_if.answer
        except TimeoutError:
            if what_if.first is not None:
                return what_if.first
            raise what_if.doubt or RequestTimeout("what-if", self._timeout_s) from None
        except ConnectionError:
            raise LinkDown(self._session.status.reason) from None
        finally:
            del self._what_ifs[request_id]

    async def submit(self, order: LegOrder, order_ref: str, *, parent_id: int = 0, is_held: bool = False) -> int:
        """
        Send the order once and return its API order id; IBKR's answer comes as a report.

        It hangs on the order *parent_id*; one that *is_held* waits at TWS until one that hangs with it is not
        (`transmit`). Raises LinkDown, ReadOnlyApi, and then nothing was sent; it never waits for IBKR's
        acknowledgement.
        """
        ib = self._usable()
        wire = order_of(order.ticket, order.account, order_ref)
        order_id: int = ib.client.getReqId()
        wire.orderId, wire.parentId, wire.transmit = order_id, parent_id, not is_held
        if order.group:
            wire.ocaGroup, wire.ocaType = order.group, _REDUCE_THE_REST
        key = (self.client_id, order_id)
        self._records[key] = OrderRecord(
            order_id,
            key[0],
            order_ref=order_ref,
            account=order.account,
            instrument=order.instrument,
            ticket=order.ticket,
            remaining=order.ticket.quantity,
            is_named=True,
            parent_id=parent_id,
            oca_group=wire.ocaGroup,
            oca_type=wire.ocaType,
        )
        if self._on_sent is not None:
            self._on_sent(order_ref)
        try:
            ib.placeOrder(convert.contract(order.instrument), wire)
        except ConnectionError:
            del self._records[key]
            raise LinkDown(self._session.status.reason) from None
        return order_id

    async def change(self, order: LegOrder, order_id: int, order_ref: str, perm_id: int) -> None:
        """
        Send new terms for our own working order; IBKR's answer comes as a report.

        *order_id* must be known here as *order_ref* (and *perm_id*, unless 0), and still work: else OrderGone, and
        nothing is sent. Raises LinkDown (nothing was sent), ReadOnlyApi, RequestTimeout, BrokerError.
        """
        record = await self._prove(order_id, order_ref, perm_id)
        ib = self._usable()
        wire = order_of(order.ticket, order.account, order_ref)
        wire.orderId, wire.permId, wire.clientId = order_id, perm_id or record.perm_id, self.client_id
        # What it hangs on stays, or TWS would take it for another order.
        wire.parentId = record.parent_id
        if record.oca_group:
            wire.ocaGroup, wire.ocaType = record.oca_group, record.oca_type
        try:
            ib.placeOrder(convert.contract(order.instrument), wire)
        except ConnectionError:
            raise LinkDown(self._session.status.reason) from None

    @property
    def client_id(self) -> int:
        """Our own API client id: order ids count for it alone."""
        return self._session.settings.client_id

    @property
    def is_read_only(self) -> bool:
        """Whether TWS refuses everything about orders because of its API setting, as far as it was asked."""
        return self._link.is_read_only

    async def cancel(self, order_id: int, order_ref: str, perm_id: int) -> None:
        """
        Ask IBKR to cancel our own order; the outcome comes as a report.

        TWS hands the same numbers out again to another client id (and to a new TWS), so that *order_id* must be known
        here as *order_ref* (and *perm_id*, unless 0): else OrderGone, and nothing is asked. Raises LinkDown,
        ReadOnlyApi, RequestTimeout, BrokerError.
        """
        await self._prove(order_id, order_ref, perm_id)
        try:
            self._usable().client.cancelOrder(order_id, "")
        except ConnectionError:
            raise LinkDown(self._session.status.reason) from None

    async def open_orders(self) -> Sequence[OrderReport]:
        """Return every client's open orders. Raises LinkDown, RequestTimeout, BrokerError."""
        found: list[OrderRecord] = []

        def ask(ib: IB) -> Awaitable[Any]:
            self._listing = found
            return ib.reqAllOpenOrdersAsync()

        try:
            await self._link.call("open orders", ask, self._timeout_s, "openOrders")
            self._link.is_read_only = False
        finally:
            if self._listing is found:
                self._listing = None
        return [record.report() for record in found]

    async def completed_orders(self) -> Sequence[OrderReport]:
        """Return today's completed orders. Raises LinkDown, RequestTimeout, BrokerError."""

        def ask(ib: IB) -> Awaitable[Any]:
            self._completed = []
            return ib.reqCompletedOrdersAsync(False)

        await self._link.call("completed orders", ask, self._timeout_s, "completedOrders")
        self._link.is_read_only = False
        return self._completed

    async def executions(self) -> Sequence[Fill]:
        """
        Return today's executions, oldest first. Raises LinkDown, RequestTimeout, BrokerError.

        TWS was seen to leave the end message out: then whatever came counts, if TWS still answers something else.
        """
        return await self._executions.today(self._timeout_s)

    async def _prove(self, order_id: int, order_ref: str, perm_id: int) -> OrderRecord:
        """Return our own working order *order_id*. Raises OrderGone unless it is one, and of that name."""
        self._usable()
        if (self.client_id, order_id) not in self._records:
            await self.open_orders()
        record = self._records.get((self.client_id, order_id))
        if record is None or record.is_final or not record.answers_to(order_ref, perm_id):
            raise OrderGone(order_ref, self._sender_of(order_ref, perm_id))
        return record

    def _usable(self) -> IB:
        if not self._session.status.is_usable:
            raise LinkDown(self._session.status.reason)
        if self._session.settings.readonly:
            raise ReadOnlyApi(errors.VALIDATION, "")
        return self._link.ib()

    def _sender_of(self, order_ref: str, perm_id: int) -> int:
        """Return the other client that the open order belongs to, as far as TWS has shown it to us, or 0."""
        found = (
            record.client_id
            for record in self._records.values()
            if record.client_id != self.client_id and not record.is_final and record.answers_to(order_ref, perm_id)
        )
        return next(found, 0)

    def _attach(self, ib: IB) -> None:
        tap(ib, "openOrder", self._on_open_order)
        tap(ib, "orderStatus", self._on_order_status)
        tap(ib, "completedOrder", self._on_completed_order)
        ib.errorEvent += guarded(self._on_error)
        self._records = {key: record for key, record in self._records.items() if not record.is_final}

    async def _sync(self) -> None:
        if not self._session.settings.readonly:
            # Makes the library know our own open orders, and its ids larger than theirs.
            await self._link.call("open orders", lambda ib: ib.reqOpenOrdersAsync(), self._timeout_s, "openOrders")
            self._link.is_read_only = False

    def _on_open_order(self, order_id: int, contract: Contract, order: Order, state: OrderState) -> None:
        if order.whatIf:
            self._on_what_if(order_id, state)
            return
        record = self._record(order.clientId, order_id, order.permId)
        record.take_order(contract, order, state)
        if self._listing is not None and record not in self._listing:
            self._listing.append(record)
        self._tell(record)

    def _on_order_status(
        self, order_id: int, status: str, filled: float, remaining: float, average: float, perm_id: int, *rest: object
    ) -> None:
        # What follows: parentId, lastFillPrice, clientId, whyHeld, mktCapPrice.
        client_id = int(str(rest[2]))
        record = self._record(client_id, order_id, perm_id)
        record.take_status(status, filled, remaining, average, perm_id)
        self._tell(record)

    def _record(self, client_id: int, order_id: int, perm_id: int) -> OrderRecord:
        # Orders made by hand in TWS have no positive id of their own: permId is all they have.
        key = (client_id, order_id) if order_id > 0 else (-1, perm_id)
        return self._records.setdefault(key, OrderRecord(order_id, client_id, perm_id=perm_id))

    def _tell(self, record: OrderRecord) -> None:
        if not record.is_named or not (record.status or record.refusal or record.doubt):
            return
        report = record.report()
        if report != record.told:
            record.told = report
            for listener in [*([self._on_report] if self._on_report else []), *self._listeners]:
                listener(report)

    def _on_what_if(self, request_id: int, state: OrderState) -> None:
        what_if = self._what_ifs.get(request_id)
        if what_if is None or what_if.answer.done():
            return
        if state.warningText and state.warningText not in what_if.words:
            what_if.words.append(state.warningText)
        commission = convert.money(state.commission)
        preview = Preview(
            initial_margin_change=convert.money(state.initMarginChange),
            maintenance_margin_change=convert.money(state.maintMarginChange),
            equity_with_loan_after=convert.money(state.equityWithLoanAfter),
            commission=convert.money(state.maxCommission) if commission is None else commission,
            commission_currency=state.commissionCurrency,
            warning="\n".join(what_if.words),
        )
        if preview.initial_margin_change is None:
            what_if.first = preview
        else:
            what_if.answer.set_result(preview)

    def _on_error(self, request_id: int, code: int, text: str, _contract: object) -> None:
        what_if = self._what_ifs.get(request_id)
        if what_if is not None:
            _refuse(what_if, code, text)
            return
        record = self._records.get((self.client_id, request_id))
        if record is not None and record.take_code(code, text):
            self._tell(record)

    def _on_completed_order(self, contract: Contract, order: Order, state: OrderState) -> None:
        self._completed.append(order_record.completed(contract, order, state))


def _refuse(what_if: _WhatIf, code: int, text: str) -> None:
    kind = errors.order_kind_of(code, acknowledged=False)
    if what_if.answer.done():
        return
    if kind is errors.Kind.FATAL:
        what_if.answer.set_exception(errors.failure(code, text))
    elif kind in {errors.Kind.CHECK, errors.Kind.CANCELLED}:
        what_if.doubt = errors.failure(code, text)
    else:
        what_if.words.append(text)
