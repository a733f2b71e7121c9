"""Orders: placing, previewing, cancelling, and the lists of open and completed orders and of executions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from simulator.tws import order_replies
from simulator.tws.desk import LARGE_SHARE
from simulator.tws.handlers.reference import resolve
from simulator.tws.order import Execution, Order, OrderRefused
from simulator.tws.order_reading import Arrival, order_of

if TYPE_CHECKING:
    from simulator.tws.instrument import Instrument
    from simulator.tws.requests import Request
    from simulator.tws.session import Handler, Session

REJECTED = 201
READ_ONLY = "Error validating request.-'cq' : cause - The API interface is currently in Read-Only mode."


def _place(session: Session, request: Request) -> None:
    order_id = request.whole("orderId")
    if _is_read_only(session, order_id):
        return
    instrument = resolve(session, request, order_id)
    account = _account(session, request, order_id)
    if instrument is None or account is None:
        return
    desk = session.exchange.desk
    try:
        order = _read(session, request, instrument, account)
        if request.flag("whatIf"):
            _preview(session, order)
        else:
            desk.place(order)
    except OrderRefused as refusal:
        session.error(order_id, refusal.code, refusal.message)


def _account(session: Session, request: Request, order_id: int) -> str | None:
    """Return the account an order is for; answer 321 or 435 and return None where there is none."""
    accounts, name = session.exchange.accounts, request.text("account")
    if name in accounts:
        return name
    if name:
        session.error(order_id, 321, f"Error validating request.-'bF' : cause - Invalid account code '{name}'.")
        return None
    if len(accounts) > 1:
        session.error(order_id, 435, "You must specify an account.")
        return None
    return next(iter(accounts))


def _read(session: Session, request: Request, instrument: Instrument, account: str) -> Order:
    desk, now = session.exchange.desk, session.exchange.clock.time()
    known = None if request.flag("whatIf") else desk.blotter.find(session.client_id, request.whole("orderId"))
    perm_id = known.perm_id if known else desk.blotter.next_perm_id()
    return order_of(request, instrument, Arrival(session.client_id, perm_id, account, now, desk.until(instrument)))


def list_as_rejected(session: Session, request: Request, message: str) -> None:
    """List an order that was rejected on command, and tell it as Inactive."""
    order_id = request.whole("orderId")
    desk = session.exchange.desk
    if desk.blotter.find(session.client_id, order_id) is not None:
        return
    instrument, account = resolve(session, request, order_id), _account(session, request, order_id)
    if instrument is None or account is None:
        return
    order = _read(session, request, instrument, account)
    desk.list_as_rejected(order, message)
    session.send_order(order_replies.order_status(order))


def _preview(session: Session, order: Order) -> None:
    """Answer a what-if: in two stages if TWS has a warning to give, or if told so."""
    exchange = session.exchange
    margins = exchange.desk.preview(order)
    size = order.quantity * order.instrument.factor * abs(exchange.book(order.instrument).last)
    if size > LARGE_SHARE * margins.equity[0]:
        order.warning = "Your order size exceeds the size limit of your presets for this instrument."
    if order.warning or session.server.faults.two_stage_previews:
        order.warning = order.warning or "Your order may be executed outside of regular trading hours."
        session.send_order(order_replies.what_if_order(order, session.version, None))
    session.send_order(order_replies.what_if_order(order, session.version, margins))


def _is_read_only(session: Session, req_id: int) -> bool:
    if session.server.faults.read_only:
        session.error(req_id, 321, READ_ONLY)
    return session.server.faults.read_only


def _cancel(session: Session, request: Request) -> None:
    order_id = request.whole("orderId")
    if _is_read_only(session, order_id):
        return
    try:
        session.exchange.desk.cancel(session.client_id, order_id)
    except OrderRefused as refusal:
        session.error(order_id, refusal.code, refusal.message)


def _cancel_all(session: Session, _: Request) -> None:
    if _is_read_only(session, -1):
        return
    for order in session.exchange.desk.blotter.all():
        if not order.done:
            session.exchange.desk.withdraw(order)


def _open_orders(session: Session, _: Request) -> None:
    _tell_open(session, {session.client_id})


def _all_open_orders(session: Session, _: Request) -> None:
    _tell_open(session, None)


def _tell_open(session: Session, clients: set[int] | None) -> None:
    if _is_read_only(session, -1):
        return
    for order in session.exchange.desk.blotter.all():
        if order.alive and (clients is None or order.client_id in clients):
            session.send_order(order_replies.open_order(order, session.version))
            session.send_order(order_replies.order_status(order))
    session.send((53, 1))


def _auto_open_orders(session: Session, _: Request) -> None:
    if session.client_id != 0:
        session.error(-1, 327, "Only the default client (i.e 0) can auto bind orders")
    elif not _is_read_only(session, -1):
        _tell_open(session, {0})


def _completed_orders(session: Session, _: Request) -> None:
    if _is_read_only(session, -1):
        return
    zone = session.server.zone
    for order in session.exchange.desk.blotter.all():
        if order.done and order.completed_at:
            session.send(order_replies.completed_order(order, session.version, zone))
    session.send((102,))


def _executions(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    for order in session.exchange.desk.blotter.all():
        for one in order.executions:
            if one.time < _since(request.text("time")) or not _is_asked_for(order, one, request):
                continue
            when = session.server.execution_time(one)
            session.send_order(order_replies.execution_details(req_id, order, one, session.version, when))
            if not one.instrument.parts:
                session.send_order(order_replies.commission_report(one))
    session.send((55, 1, req_id))


def _is_asked_for(order: Order, one: Execution, request: Request) -> bool:
    client = request.whole("clientId")
    side = request.text("side").upper()
    pairs = (
        (request.text("account"), order.account),
        (request.text("symbol"), one.instrument.symbol),
        (request.text("secType"), one.instrument.sec_type),
        (request.text("exchange"), order.exchange),
        ({"BOT": "BUY", "SLD": "SELL"}.get(side, side), "BUY" if one.sign > 0 else "SELL"),
    )
    return client in {0, order.client_id} and all(not asked or asked in {"0", found} for asked, found in pairs)


def _since(written: str) -> float:
    """Return the time from which executions are wanted; it is written in UTC with a hyphen, else without a zone."""
    for form in ("%Y%m%d-%H:%M:%S", "%Y%m%d %H:%M:%S", "%Y%m%d  %H:%M:%S"):
        try:
            return datetime.strptime(written, form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return 0.0


HANDLERS: dict[str, Handler] = {
    "placeOrder": _place,
    "cancelOrder": _cancel,
    "reqGlobalCancel": _cancel_all,
    "reqOpenOrders": _open_orders,
    "reqAllOpenOrders": _all_open_orders,
    "reqAutoOpenOrders": _auto_open_orders,
    "reqCompletedOrders": _completed_orders,
    "reqExecutions": _executions,
}
