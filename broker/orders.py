"""
The only door to IBKR's orders: preview, submit, cancel, and what became of them.

No other file names the library's calls that place, cancel or exercise; a test over the syntax tree holds that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from broker import convert, errors, order_record
from broker.call import guarded, link_of, tap
from broker.executions import Executions
from broker.library import IB, Contract, Order, OrderState
from broker.library_order import alone, order_of
from broker.order_record import OrderRecord
from broker.session import IbSession
from broker.what_if import WhatIf
from market.account import Fill
from market.clock import Clock
from market.errors import LinkDown, ReadOnlyApi, RequestTimeout
from market.instrument import Instrument, SecType
from market.ticket import OrderTicket
from trading.errors import OrderGone
from trading.ports import OrderReport
from trading.proposal import LegOrder, Preview

_Key = tuple[int, int]
# What is filled of one order of a group is taken off the others, one of which is at the exchange at a time: a target
# that is half filled leaves a stop for the other half.
_REDUCE_THE_REST = 2


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
        self._reserved: set[int] = set()
        self._highest = 0
        self._what_ifs: dict[int, WhatIf] = {}
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
        self._executions.connect(guarded(lambda fill: on_fill(self._whole(fill))))

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
        request_id = self._highest = ib.client.getReqId()
        what_if = self._what_ifs[request_id] = WhatIf(self._link.expect())
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

    def reserve(self) -> int:
        """Return an order id for `submit` on this connection, and for nothing else. Raises LinkDown, ReadOnlyApi."""
        order_id: int = self._usable().client.getReqId()
        self._reserved.add(order_id)
        return order_id

    def is_next(self, order_id: int) -> bool:
        """Return whether a reserved id can be used now: IBKR takes ids in rising order alone (else 103)."""
        return order_id in self._reserved and order_id > self._highest

    async def submit(
        self, order: LegOrder, order_ref: str, *, order_id: int = 0, parent_id: int = 0, is_held: bool = False
    ) -> int:
        """
        Send the order once, as *order_id* if one was reserved, and return its API order id; IBKR's answer is a report.

        It hangs on the order *parent_id*; one that *is_held* waits at TWS until one that hangs with it is not
        (`transmit`). Raises LinkDown (also where the id was reserved on a connection that is gone), ReadOnlyApi, and
        then nothing was sent; it never waits for IBKR's acknowledgement.
        """
        ib = self._usable()
        wire = order_of(order.ticket, order.account, order_ref)
        if order_id and order_id not in self._reserved:
            raise LinkDown(self._session.status.reason)
        self._reserved.discard(order_id)
        wire.orderId = order_id or ib.client.getReqId()
        self._highest = max(self._highest, wire.orderId)
        wire.parentId, wire.transmit = parent_id, not is_held
        if order.group:
            wire.ocaGroup, wire.ocaType = order.group, _REDUCE_THE_REST
        key = (self.client_id, wire.orderId)
        self._records[key] = order_record.sent(order, wire, key)
        if self._on_sent is not None:
            self._on_sent(order_ref)
        try:
            ib.placeOrder(convert.contract(order.instrument), wire)
        except ConnectionError:
            del self._records[key]
            raise LinkDown(self._session.status.reason) from None
        return wire.orderId

    async def change(self, order: LegOrder, order_id: int, order_ref: str, perm_id: int) -> None:
        """
        Send new terms for our own working order; IBKR's answer comes as a report.

        Where IBKR refuses them, the report says so (*refused_change*) and the order works on as it was. *order_id* must
        be known here as *order_ref* (and *perm_id*, unless 0), and still work: else OrderGone, and nothing is sent.
        Nothing is awaited before it leaves: whoever halts trading has the last word. Raises LinkDown (nothing was
        sent), ReadOnlyApi.
        """
        record = self._proven(order_id, order_ref, perm_id)
        ib = self._usable()
        wire = order_of(order.ticket, order.account, order_ref)
        wire.orderId, wire.permId, wire.clientId = order_id, perm_id or record.perm_id, self.client_id
        self._relate(wire, record)
        record.change_begun()
        if self._on_sent is not None:
            self._on_sent(order_ref)
        try:
            # Not the library's own call: it asserts, after sending, that the order is alive, by statuses of its own
            # making.
            ib.client.placeOrder(order_id, convert.contract(order.instrument), wire)
        except ConnectionError:
            record.changing = False
            raise LinkDown(self._session.status.reason) from None

    def _relate(self, wire: Order, record: OrderRecord) -> None:
        """
        Let a changed order hang on what it hung on: TWS refuses other relations (10326, 10327, 10341).

        It refuses a parent that is over, too (135), and has put children into a group of its own making.
        """
        if not record.parent_id:
            wire.ocaGroup, wire.ocaType = record.oca_group, record.oca_type if record.oca_group else 0
            return
        parent = self._records.get((self.client_id, record.parent_id))
        if parent is not None and not parent.is_final:
            wire.parentId = record.parent_id

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
        record = await self._prove(order_id, order_ref, perm_id)
        record.changing = False
        self._withdraw(order_id)

    async def discard(self, order_id: int, order_ref: str) -> None:
        """
        Take back an order of ours that TWS may hold without having transmitted it: it lists such a one nowhere.

        Nothing is told where TWS does not have it. Raises OrderGone (nothing was asked) where *order_id* is another
        order, or one that is over; LinkDown, ReadOnlyApi, RequestTimeout, BrokerError.
        """
        self._usable()
        if (self.client_id, order_id) not in self._records:
            await self.open_orders()
        record = self._records.get((self.client_id, order_id))
        if record is not None:
            if record.is_final or not record.answers_to(order_ref, 0):
                raise OrderGone(order_ref)
            record.is_discarded = True
        self._withdraw(order_id)

    def _withdraw(self, order_id: int) -> None:
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

        Of a combo there is one for each leg beside its own; all of them bear the order's reference. TWS was seen to
        leave the end message out: then whatever came counts, if TWS still answers something else.
        """
        return [self._whole(fill) for fill in await self._executions.today(self._timeout_s)]

    def _whole(self, fill: Fill) -> Fill:
        """Return a combo's fill with the combo that was ordered: TWS tells it without its legs, and each leg's too."""
        record = self._records.get((fill.client_id, fill.order_id))
        if fill.instrument.sec_type is not SecType.COMBO or record is None or record.instrument is None:
            return fill
        return replace(fill, instrument=record.instrument)

    async def _prove(self, order_id: int, order_ref: str, perm_id: int) -> OrderRecord:
        """Return our own working order *order_id*. Raises OrderGone unless it is one, and of that name."""
        self._usable()
        if (self.client_id, order_id) not in self._records:
            await self.open_orders()
        return self._proven(order_id, order_ref, perm_id)

    def _proven(self, order_id: int, order_ref: str, perm_id: int) -> OrderRecord:
        """As `_prove`, by what is known here: each connect and each list of open orders tells of all our own."""
        self._usable()
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
        for record in self._records.values():
            # Its answer was lost; TWS lists the order as it is.
            record.changing = False
        self._reserved.clear()
        self._highest = 0

    async def _sync(self) -> None:
        if not self._session.settings.readonly:
            # Makes the library know our own open orders, and its ids larger than theirs.
            await self._link.call("open orders", lambda ib: ib.reqOpenOrdersAsync(), self._timeout_s, "openOrders")
            self._link.is_read_only = False

    def _on_open_order(self, order_id: int, contract: Contract, order: Order, state: OrderState) -> None:
        if order.whatIf:
            if (what_if := self._what_ifs.get(order_id)) is not None:
                what_if.take(state)
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
            record.told = record.told_once(report)
            for listener in [*([self._on_report] if self._on_report else []), *self._listeners]:
                listener(report)

    def _on_error(self, request_id: int, code: int, text: str, _contract: object) -> None:
        what_if = self._what_ifs.get(request_id)
        if what_if is not None:
            what_if.refuse(code, text)
            return
        record = self._records.get((self.client_id, request_id))
        if record is not None and record.take_code(code, text):
            self._tell(record)

    def _on_completed_order(self, contract: Contract, order: Order, state: OrderState) -> None:
        self._completed.append(order_record.completed(contract, order, state))
