"""
What TWS refuses at first sight, before an order reaches IBKR's servers: a code alone, and no order.

Codes and texts are those of IBKR's table of message codes; those of 321 and of cryptocurrencies were seen in public
logs of gateways.
"""

from collections.abc import Iterable

from simulator.tws import market_rules
from simulator.tws.order import CLOSING_TYPES, LIMITED_TYPES, Order, OrderRefused

# What contract details call an order type.
LISTED_NAMES = {
    "MKT": "MKT", "LMT": "LMT", "STP": "STP", "STP LMT": "STPLMT", "TRAIL": "TRAIL", "TRAIL LIMIT": "TRAILLMT",
    "MIT": "MIT", "LIT": "LIT", "MOC": "MOC", "LOC": "LOC", "MIDPRICE": "MIDPX", "MTL": "MTL",
}  # fmt: skip
_TIFS = {"DAY", "GTC", "IOC", "GTD", "OPG", "FOK", "Minutes"}
_INSTANT = {"IOC", "FOK", "OPG"}
_FOR_INSTANT = {"MKT", "LMT"}
_WORKED_OFF = {"MKT", "LMT"}
_INVALID = "Error validating request.-'bF' : cause - "

Check = tuple[bool, int, str]


def check(order: Order, now: float) -> None:
    """Raise OrderRefused where TWS would not take *order* at *now*."""
    for checks in (_form, _kind, _size, _prices, _time, _crypto):
        for is_wrong, code, message in checks(order, now):
            if is_wrong:
                raise OrderRefused(code, message)
    if not order.instrument.orderable:
        raise OrderRefused(201, "Order rejected - reason:No trading permissions for this instrument.")


def _form(order: Order, _: float) -> Iterable[Check]:
    yield not order.exchange, 321, _INVALID + "Missing order exchange."
    yield order.action not in {"BUY", "SELL"}, 321, _INVALID + "Please enter a valid order action."
    yield order.order_type not in LISTED_NAMES, 321, _INVALID + "Invalid order type was entered."
    yield order.tif not in _TIFS, 321, _INVALID + "Invalid time in force was entered."
    preview = order.request.values.get("whatIf") == "1"
    yield preview and not order.transmit, 413, "What-if order should have the transmit flag set to true."


def _kind(order: Order, now: float) -> Iterable[Check]:
    one = order.instrument
    listed = one.order_types.split(",")
    unknown = one.orderable and LISTED_NAMES[order.order_type] not in listed
    yield unknown, 387, "Unsupported order type for this exchange and security type."
    yield bool(one.expiry) and _is_expired(order, now), 392, "Invalid order: contract expired."
    only_day = order.order_type in CLOSING_TYPES and order.tif != "DAY"
    yield only_day, 113, "The Tif option should be set to DAY for MOC and LOC orders."
    clash = order.tif in _INSTANT and order.order_type not in _FOR_INSTANT
    unlisted = one.orderable and order.tif.upper() not in {*listed, "FOK"}
    yield clash or unlisted, 111, "The TIF (Tif type) and the order type are incompatible."
    worked = order.algo is not None and (order.order_type not in _WORKED_OFF or order.tif in _INSTANT)
    no_algo = order.algo is not None and "ALGO" not in listed
    yield worked or no_algo, 442, "Specified algorithm is not allowed for this order."


def _is_expired(order: Order, now: float) -> bool:
    return order.instrument.expires_at() <= now


def _size(order: Order, _: float) -> Iterable[Check]:
    one = order.instrument
    is_cash_like = one.sec_type in {"CASH", "CRYPTO"}
    yield order.cash is not None and not is_cash_like, 10244, "Cash Quantity cannot be used for this order"
    yield order.quantity <= 0 and order.cash is None, 434, "The order size cannot be zero."
    fractional = not is_cash_like and bool(order.quantity % 1)
    yield fractional, 10318, "This order doesn't support fractional quantity trading"
    small = order.cash is None and is_cash_like and order.quantity < one.min_size
    yield small, 388, "Order size is smaller than the minimum requirement."
    steps = order.quantity / one.min_size if one.sec_type == "CRYPTO" else 0.0
    uneven = abs(steps - round(steps)) > 1e-6  # noqa: PLR2004 - float comparison
    yield uneven, 10250, f"The size does not conform to the minimum variation of {one.min_size} for this contract"


def _prices(order: Order, _: float) -> Iterable[Check]:
    kind = order.order_type
    free = kind == "TRAIL LIMIT" and order.limit_offset is not None
    no_limit = kind in LIMITED_TYPES and order.limit is None and not free
    yield no_limit, 321, _INVALID + "A limit price is required."
    yield kind in {"STP", "STP LMT", "MIT", "LIT"} and not order.stop, 321, _INVALID + "A stop price is required."
    untrailed = kind.startswith("TRAIL") and not (order.trailing or order.trailing_percent)
    yield untrailed, 321, _INVALID + "A trailing amount or percentage is required."
    off = not all(_is_on_grid(order, value) for value in (order.limit, order.stop))
    yield off, 110, "The price does not conform to the minimum price variation for this contract."


def _is_on_grid(order: Order, value: float | None) -> bool:
    return not value or market_rules.is_on_grid(order.instrument.market_rule, value)


def _time(order: Order, now: float) -> Iterable[Check]:
    dated = bool(order.request.values.get("goodTillDate"))
    only_gtd = dated and order.tif != "GTD"
    yield only_gtd, 321, _INVALID + "GoodTilDate field is only valid with time-in-force of GTD"
    yield order.tif == "GTD" and not dated, 391, "The time or time-zone entered is invalid."
    over = order.good_till is not None and order.good_till <= now
    yield over, 201, "Order rejected - reason:The good till date is in the past."


def _crypto(order: Order, _: float) -> Iterable[Check]:
    if order.instrument.sec_type != "CRYPTO":
        return
    at_market = order.order_type == "MKT"
    by_size = at_market and order.sign > 0 and order.cash is None
    yield by_size, 10289, "You must set Cash Quantity for this order"
    both = order.cash is not None and order.quantity > 0
    yield both, 10293, "Cryptocurrency Cash Quantity order cannot specify size"
    waits = at_market and order.tif != "IOC"
    yield waits, 201, "Order rejected - reason:The crypto MKT order must be IOC"
