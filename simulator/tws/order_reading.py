"""Reading orders: what a placeOrder message describes, and orders that somebody makes by hand in TWS."""

from dataclasses import dataclass

from simulator.tws.algo import Algo, AlgoRefused, algo_of
from simulator.tws.instrument import Instrument
from simulator.tws.order import LIMITED_TYPES, TRIGGERED_TYPES, Order, OrderRefused
from simulator.tws.requests import Request
from simulator.tws.wall import NoTime, moment_of

_SHORT_NAMES = {"STPLMT": "STP LMT", "STP LIMIT": "STP LMT", "TRAILLIMIT": "TRAIL LIMIT", "MIDPX": "MIDPRICE"}
_PLAIN_GROUP = 3
_UNSET = 1e300


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who sends an order, into which account and when; *until* is the close of the session it is for."""

    client_id: int
    perm_id: int
    account: str
    now: float
    until: float


def order_of(request: Request, instrument: Instrument, arrival: Arrival) -> Order:
    """Return the order that a placeOrder message describes; raises OrderRefused or MalformedRequest."""
    kind = _SHORT_NAMES.get(request.text("orderType"), request.text("orderType"))
    order = Order(
        request=request,
        client_id=arrival.client_id,
        order_id=request.whole("orderId"),
        perm_id=arrival.perm_id,
        account=arrival.account,
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
        asked_group=request.text("ocaGroup"),
        transmit=request.flag("transmit"),
        outside_rth=request.flag("outsideRth"),
        oca_group=request.text("ocaGroup"),
        oca_type=request.whole("ocaType") or _PLAIN_GROUP,
        cash=_optional(request, "cashQty") or None,
        trigger_method=request.whole("triggerMethod"),
        good_till=_time(request, "goodTillDate", "End Time", arrival.now),
        good_after=_time(request, "goodAfterTime", "Start Time", arrival.now),
        algo=_algo(request, arrival),
    )
    _settle_prices(order)
    return order


def _settle_prices(order: Order) -> None:
    """Forget prices that the type has none of, and tell a trail's distance from its stop."""
    request, kind = order.request, order.order_type
    if kind not in LIMITED_TYPES and kind != "MIDPRICE":
        order.limit = None
    if kind not in TRIGGERED_TYPES:
        order.stop = None
    if kind in {"TRAIL", "TRAIL LIMIT"}:
        order.trailing, order.stop = order.stop or None, _optional(request, "trailStopPrice")
        order.trailing_percent = _optional(request, "trailingPercent")
        order.limit_offset = _optional(request, "lmtPriceOffset")
    if kind == "MIDPRICE" and not order.limit:
        # The libraries send 0 for no cap.
        order.limit = None


def by_hand(
    instrument: Instrument, ids: tuple[int, int], account: str, action: str, quantity: float, limit: float | None
) -> Order:
    """
    Return an order that somebody makes in TWS or on the phone; *ids* are its order id and permId.

    It belongs to client 0, and its id is negative.
    """
    flags = ("blockOrder", "sweepToFill", "allOrNone")
    return Order(
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
        asked_group="",
        transmit=True,
        outside_rth=False,
    )


def _optional(request: Request, name: str) -> float | None:
    """Return a number, None where there is none; IBKR's own client writes that as the largest double."""
    if not request.text(name):
        return None
    value = request.number(name)
    return value if value < _UNSET else None


def _time(request: Request, name: str, told: str, now: float) -> float | None:
    written = request.text(name)
    if not written:
        return None
    try:
        return moment_of(written, now)
    except NoTime:
        raise OrderRefused(
            10314,
            f"{told}: The date, time, or time-zone entered is invalid. The correct format is yyyymmdd hh:mm:ss xxx/xxxx"
            " where yyyymmdd and xxx/xxxx are optional. E.g.: 20031126 15:59:00 US/Eastern",
        ) from None


def _algo(request: Request, arrival: Arrival) -> Algo | None:
    strategy = request.text("algoStrategy")
    if not strategy:
        return None
    given = {tag: value for tag, value in request.groups.get("algo", []) if value}
    try:
        start, end = (moment_of(given[tag], arrival.now) if tag in given else None for tag in ("startTime", "endTime"))
        return algo_of(strategy, given, (max(start or 0.0, arrival.now), end), arrival.until)
    except NoTime as wrong:
        raise OrderRefused(441, f"Algo attributes validation failed:{wrong} is no time") from None
    except AlgoRefused as refusal:
        raise OrderRefused(refusal.code, refusal.message) from None
