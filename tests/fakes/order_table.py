"""
Every type of order and time in force, and the placeOrder frame that TWS must receive for it.

Tests of the gateway alone and of the whole bot hold what arrives at TWS to the same table.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from broker.library import NAME
from market.ticket import TIMES, OrderTicket, OrderType, Side, TimeInForce
from simulator.tws.requests import Request, decode

VERSION = 176 if NAME == "ib_insync" else 178
"""What the library and the simulated TWS agree on."""

ACCOUNT = "DU1234567"
END = datetime(2027, 1, 15, 20, 59, 59, tzinfo=UTC)
QUANTITY = Decimal(7)
TERMS: dict[OrderType, dict[str, Decimal]] = {
    OrderType.MARKET: {},
    OrderType.LIMIT: {"limit_price": Decimal("120.5")},
    OrderType.STOP: {"stop_price": Decimal("300.25")},
    OrderType.STOP_LIMIT: {"stop_price": Decimal("300.25"), "limit_price": Decimal(301)},
    OrderType.TRAIL: {"trail_amount": Decimal("2.5")},
    OrderType.MIDPRICE: {"limit_price": Decimal("120.5")},
    OrderType.MARKET_ON_CLOSE: {},
    OrderType.LIMIT_ON_CLOSE: {"limit_price": Decimal("120.5")},
}
# lmtPrice and auxPrice as TWS reads them.
PRICES = {
    OrderType.MARKET: ("", ""),
    OrderType.LIMIT: ("120.5", ""),
    OrderType.STOP: ("", "300.25"),
    OrderType.STOP_LIMIT: ("301.0", "300.25"),
    OrderType.TRAIL: ("", "2.5"),
    OrderType.MIDPRICE: ("120.5", ""),
    OrderType.MARKET_ON_CLOSE: ("", ""),
    OrderType.LIMIT_ON_CLOSE: ("120.5", ""),
}
EVERY = [(kind, time) for kind in OrderType for time in sorted(TIMES[kind])]
# What no ticket speaks of goes out as nothing, or as the value that says nothing.
SILENT = (
    "ocaGroup", "goodAfterTime", "faGroup", "modelCode", "rule80A", "settlingFirm",
    "trailStopPrice", "trailingPercent", "hedgeType", "algoStrategy", "algoId", "adjustedOrderType", "extOperator",
)  # fmt: skip


def ticket_of(kind: OrderType, time: TimeInForce) -> OrderTicket:
    """Return a purchase of seven AAPL of that type, for as long as *time* says."""
    till = END if time is TimeInForce.GTD else None
    return OrderTicket(Side.BUY, QUANTITY, "AAPL", kind, time_in_force=time, good_till=till, **TERMS[kind])


def frame_of(kind: OrderType, time: TimeInForce, order_ref: str) -> dict[str, str]:
    """Return the fields that the frame of `ticket_of(kind, time)` must have."""
    limit, aux = PRICES[kind]
    return {
        "conId": "265598", "symbol": "AAPL", "secType": "STK", "exchange": "SMART",
        "action": "BUY", "totalQuantity": "7", "orderType": kind.value, "lmtPrice": limit, "auxPrice": aux,
        "tif": time.value, "goodTillDate": "20270115-20:59:59" if time is TimeInForce.GTD else "",
        "account": ACCOUNT, "orderRef": order_ref, "transmit": "1",
        "parentId": "0", "outsideRth": "0", "whatIf": "0", "triggerMethod": "0",
        **dict.fromkeys(SILENT, ""),
    }  # fmt: skip


def placed(requests: Iterable[tuple[str, ...]]) -> list[Request]:
    """Return the placeOrder messages among *requests* as TWS reads them, previews too."""
    return [decode(fields, VERSION) for fields in requests if fields[0] == "3"]
