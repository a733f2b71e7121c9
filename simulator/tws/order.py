"""Orders and executions as the exchange keeps them, and what it tells about them."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from simulator.tws.instrument import Instrument
from simulator.tws.requests import Request

DONE = frozenset({"Filled", "Cancelled", "ApiCancelled", "Inactive"})
TRIGGERED_TYPES = frozenset({"STP", "STP LMT", "TRAIL", "TRAIL LIMIT", "MIT", "LIT"})
LIMITED_TYPES = frozenset({"LMT", "STP LMT", "TRAIL LIMIT", "LIT", "LOC"})
CLOSING_TYPES = frozenset({"MOC", "LOC"})
ORDER_TYPES = TRIGGERED_TYPES | LIMITED_TYPES | CLOSING_TYPES | {"MKT", "MIDPRICE", "MTL"}
_SHORT_NAMES = {"STPLMT": "STP LMT", "STP LIMIT": "STP LMT", "TRAILLIMIT": "TRAIL LIMIT", "MIDPX": "MIDPRICE"}


@dataclass(slots=True)
class Execution:
    """One fill; *cumulative* and *average* are the order's after it, *realized* is None where nothing was closed."""

    execution_id: str
    time: float
    quantity: float
    price: float
    exchange: str
    cumulative: float
    average: float
    commission: float
    realized: float | None


@dataclass(slots=True)
class Margins:
    """What an order would do to an account: initial and maintenance margin, equity; before and after."""

    initial: tuple[float, float]
    maintenance: tuple[float, float]
    equity: tuple[float, float]
    commission: float


@dataclass(slots=True)
class Order:
    """
    One order, from its arrival on; it stays listed when it is done.

    *limit* and *stop* are None where the type has none. *working* tells an
    order that waits for its parent, its trigger or its session (PreSubmitted)
    from one at the exchange.
    """

    request: Request
    client_id: int
    order_id: int
    perm_id: int
    account: str
    instrument: Instrument
    exchange: str
    action: str
    quantity: float
    order_type: str
    limit: float | None
    stop: float | None
    tif: str
    order_ref: str
    parent_id: int
    oca_group: str
    transmit: bool
    outside_rth: bool
    status: str = "PendingSubmit"
    filled: float = 0.0
    average: float = 0.0
    last_price: float = 0.0
    commission: float = 0.0
    triggered: bool = False
    placed_at: float = 0.0
    trailing: float | None = None
    trailing_percent: float | None = None
    warning: str = ""
    completed_at: float = 0.0
    completed_status: str = ""
    reason: str = ""
    executions: list[Execution] = field(default_factory=list)

    @property
    def remaining(self) -> float:
        """What is not filled yet."""
        return round(self.quantity - self.filled, 8)

    @property
    def sign(self) -> int:
        """1 for a buy, -1 for a sell."""
        return 1 if self.action == "BUY" else -1

    @property
    def done(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.status in DONE

    @property
    def alive(self) -> bool:
        """Whether it was sent and is not done."""
        return self.transmit and not self.done

    def as_dict(self) -> dict[str, Any]:
        """Return the order as plain values, for tests and the control interface."""
        return {
            "orderId": self.order_id, "clientId": self.client_id, "permId": self.perm_id,
            "orderRef": self.order_ref, "account": self.account, "symbol": self.instrument.symbol,
            "secType": self.instrument.sec_type, "action": self.action, "quantity": self.quantity,
            "orderType": self.order_type, "limitPrice": self.limit, "stopPrice": self.stop, "tif": self.tif,
            "status": self.status, "filled": self.filled, "remaining": self.remaining,
            "avgFillPrice": self.average, "parentId": self.parent_id, "transmit": self.transmit,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """Something to tell the client of an order."""

    kind: Literal["open", "status", "execution", "commission", "error"]
    order: Order
    execution: Execution | None = None
    code: int = 0
    message: str = ""


class OrderRefused(Exception):
    """An order is not taken: *code* and *message* as TWS would answer; *listed* if it stays listed as Inactive."""

    def __init__(self, code: int, message: str, *, listed: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.listed = listed


def order_of(request: Request, instrument: Instrument, client_id: int, perm_id: int, account: str) -> Order:
    """Return the order that a placeOrder message describes; raises OrderRefused or MalformedRequest."""
    kind = _SHORT_NAMES.get(request.text("orderType"), request.text("orderType"))
    order = Order(
        request=request,
        client_id=client_id,
        order_id=request.whole("orderId"),
        perm_id=perm_id,
        account=account,
        instrument=instrument,
        exchange=request.text("exchange"),
        action=request.text("action"),
        quantity=request.number("totalQuantity"),
        order_type=kind,
        limit=_optional(request, "lmtPrice"),
        stop=_optional(request, "auxPrice"),
        tif=request.text("tif") or "DAY",
        order_ref=request.text("orderRef"),
        parent_id=request.whole("parentId"),
        oca_group=request.text("ocaGroup"),
        transmit=request.flag("transmit"),
        outside_rth=request.flag("outsideRth"),
    )
    if kind not in LIMITED_TYPES and kind != "MIDPRICE":
        order.limit = None
    if kind not in TRIGGERED_TYPES:
        order.stop = None
    if kind in {"TRAIL", "TRAIL LIMIT"}:
        order.trailing, order.stop = order.stop or None, _optional(request, "trailStopPrice")
        order.trailing_percent = _optional(request, "trailingPercent")
    _check(order)
    return order


def by_hand(
    instrument: Instrument, ids: tuple[int, int], account: str, action: str, quantity: float, limit: float | None
) -> Order:
    """
    Return an order that somebody makes in TWS or on the phone; *ids* are its order id and permId.

    It belongs to client 0, and its id is negative. Raises OrderRefused.
    """
    flags = ("blockOrder", "sweepToFill", "allOrNone")
    order = Order(
        request=Request("placeOrder", dict.fromkeys(flags, "0") | {"triggerMethod": "0"}),
        client_id=0,
        order_id=ids[0],
        perm_id=ids[1],
        account=account,
        instrument=instrument,
        exchange=instrument.exchange,
        action=action,
        quantity=quantity,
        order_type="MKT" if limit is None else "LMT",
        limit=limit,
        stop=None,
        tif="DAY",
        order_ref="",
        parent_id=0,
        oca_group="",
        transmit=True,
        outside_rth=False,
    )
    _check(order)
    return order


def _optional(request: Request, name: str) -> float | None:
    return request.number(name) if request.text(name) else None


def _check(order: Order) -> None:
    """Refuse what TWS refuses at first sight."""
    prefix = "Error validating request.-'bF' : cause - "
    stock_like = order.instrument.sec_type != "CASH"
    needs_stop = order.order_type in {"STP", "STP LMT", "MIT", "LIT"}
    needs_trail = order.order_type.startswith("TRAIL")
    checks = (
        (not order.exchange, 321, prefix + "Missing order exchange."),
        (order.action not in {"BUY", "SELL"}, 321, prefix + "Please enter a valid order action."),
        (order.order_type not in ORDER_TYPES, 321, prefix + "Invalid order type was entered."),
        (order.quantity <= 0, 434, "The order size cannot be zero."),
        (stock_like and order.quantity % 1, 10318, "This order doesn't support fractional quantity trading"),
        (order.order_type in LIMITED_TYPES and order.limit is None, 321, prefix + "A limit price is required."),
        (needs_stop and not order.stop, 321, prefix + "A stop price is required."),
        (
            needs_trail and not (order.trailing or order.trailing_percent),
            321,
            prefix + "A trailing amount or percentage is required.",
        ),
        (
            not all(_is_on_grid(order, value) for value in (order.limit, order.stop)),
            110,
            "The price does not conform to the minimum price variation for this contract.",
        ),
    )
    for is_wrong, code, message in checks:
        if is_wrong:
            raise OrderRefused(code, message)
    if not order.instrument.orderable:
        raise OrderRefused(201, "Order rejected - reason:No trading permissions for this instrument.")


def _is_on_grid(order: Order, value: float | None) -> bool:
    tick = order.instrument.min_tick
    return not value or math.isclose(value, round(value / tick) * tick, abs_tol=tick / 1000)
