"""What can be ordered: one order as it was asked for, and what contradicts in one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from market.errors import TicketContradiction
from market.ticket_symbol import may_be_below_zero


class Side(StrEnum):
    """Which way."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> "Side":
        """The other way."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """
    How the price is found, by IBKR's own codes.

    STOP and TRAIL become market orders when they are touched, STOP_LIMIT a limit order. MIDPRICE follows the middle of
    bid and ask, up to its limit price where it has one.
    """

    MARKET = "MKT"
    LIMIT = "LMT"
    STOP = "STP"
    STOP_LIMIT = "STP LMT"
    TRAIL = "TRAIL"
    MARKET_ON_CLOSE = "MOC"
    LIMIT_ON_CLOSE = "LOC"
    MIDPRICE = "MIDPRICE"


class Algo(StrEnum):
    """IBKR's algorithms that work an order off, by its own names."""

    ADAPTIVE = "Adaptive"
    TWAP = "Twap"
    VWAP = "Vwap"


class Urgency(StrEnum):
    """How fast the adaptive algorithm wants to be filled, by IBKR's own words."""

    PATIENT = "Patient"
    NORMAL = "Normal"
    URGENT = "Urgent"


class TimeInForce(StrEnum):
    """How long the order works, by IBKR's own codes. OPG: at the opening auction only."""

    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"
    OPG = "OPG"
    GTD = "GTD"


class SizeUnit(StrEnum):
    """
    What a size counts that is no number of units.

    MONEY: of the instrument's currency. POSITION_PCT: of what is held. NET_LIQUIDATION_PCT: of the account's worth.
    RISK_PCT: of the account's worth, lost when the stop loss is hit.
    """

    MONEY = "money"
    POSITION_PCT = "position %"
    NET_LIQUIDATION_PCT = "net liquidation %"
    RISK_PCT = "risk %"


@dataclass(frozen=True, slots=True)
class Size:
    """How much, as it was asked for: *amount* of *unit*, above zero."""

    unit: SizeUnit
    amount: Decimal


class Fault(StrEnum):
    """What contradicts in a ticket."""

    QUANTITY = "quantity"
    SHARE = "share"
    NUMBER = "number"
    PRICE = "price"
    BELOW_ZERO = "below zero"
    UNPROTECTED = "unprotected"
    SIDE = "side"
    OCO = "oco"
    TIME_IN_FORCE = "time in force"
    GOOD_TILL = "good till"
    OUTSIDE = "outside"
    ALGO = "algo"
    ALGO_TIMES = "algo times"


@dataclass(frozen=True, slots=True)
class OrderTicket:
    """
    One order as it was asked for; *symbol* is as typed, *quantity* in units of the instrument (shares, contracts).

    *quantity* is 0 while only a *size* is known; `sized` gives the ticket that can be sent. *order_type* is None when
    no price was given: nothing may be submitted before the person chose one. *stop_price* triggers STOP and STOP_LIMIT;
    TRAIL follows by *trail_amount* (money) or *trail_pct*. *take_profit* and *stop_loss* are the prices of a bracket's
    children; *oco_stop* is the stop that works beside the limit order until one of both is filled. *algo* works off a
    market or limit order (ADAPTIVE by *urgency*, the others from *algo_start* to *algo_end*, wall time in New York).
    *good_till* is GTD's end, an aware moment; *last_day* stands for it until it is known where the exchange is: GTD
    ends with that day there (see `dated`).

    Raises TicketContradiction (a ValueError) where it contradicts itself: no quantity, a limit order without its price,
    a stop loss on the wrong side, an order for the close that is good till cancelled.
    """

    side: Side
    quantity: Decimal
    symbol: str
    order_type: OrderType | None = None
    limit_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    outside_rth: bool = False
    size: Size | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_pct: Decimal | None = None
    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    oco_stop: Decimal | None = None
    algo: Algo | None = None
    urgency: Urgency | None = None
    algo_start: time | None = None
    algo_end: time | None = None
    good_till: datetime | None = None
    last_day: date | None = None

    def __post_init__(self) -> None:
        for check in _CHECKS:
            check(self)

    def sized(self, quantity: Decimal) -> "OrderTicket":
        """Return the ticket for *quantity* units; what it was worked out from is no longer in it."""
        return replace(self, quantity=quantity, size=None)

    def dated(self, end: datetime) -> "OrderTicket":
        """Return the ticket whose last day ends at *end*."""
        return replace(self, good_till=end, last_day=None)


_ANY_TIME = frozenset(TimeInForce)
_WAITING = frozenset({TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD})

TIMES: Mapping[OrderType | None, frozenset[TimeInForce]] = {
    None: _ANY_TIME,
    OrderType.MARKET: _ANY_TIME,
    OrderType.LIMIT: _ANY_TIME,
    OrderType.STOP: _WAITING,
    OrderType.STOP_LIMIT: _WAITING,
    OrderType.TRAIL: _WAITING,
    OrderType.MIDPRICE: _WAITING,
    OrderType.MARKET_ON_CLOSE: frozenset({TimeInForce.DAY}),
    OrderType.LIMIT_ON_CLOSE: frozenset({TimeInForce.DAY}),
}
"""How long an order of each type may work: what waits for a price cannot be filled at once or not at all."""

MOST_DECIMALS = 18
"""How many decimals a number of a ticket may have: as many as a coin is divided into."""

_MOST = 10**12
_WHOLE_PCT = 100
_YEARS = range(2000, 3000)
_NEEDS_LIMIT = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_ON_CLOSE})
_MAY_LIMIT = _NEEDS_LIMIT | {OrderType.MIDPRICE}
_NEEDS_STOP = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
_AT_CLOSE = frozenset({OrderType.MARKET_ON_CLOSE, OrderType.LIMIT_ON_CLOSE})
_WORKED_OFF = frozenset({None, OrderType.MARKET, OrderType.LIMIT})
_PRICES = ("limit_price", "stop_price", "take_profit", "stop_loss", "oco_stop")


def _is_number(number: Decimal) -> bool:
    """Return whether *number* is one that can be written: no infinity, not absurdly large, not endlessly fine."""
    if not number.is_finite() or abs(number) > _MOST:
        return False
    exponent = number.normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -MOST_DECIMALS


def _check_size(ticket: OrderTicket) -> None:
    size = ticket.size
    if size is None:
        if not _is_number(ticket.quantity) or ticket.quantity <= 0:
            raise TicketContradiction(Fault.QUANTITY, "quantity")
        return
    if ticket.quantity or not _is_number(size.amount) or size.amount <= 0:
        raise TicketContradiction(Fault.QUANTITY, "size")
    if size.unit is not SizeUnit.MONEY and size.amount > _WHOLE_PCT:
        raise TicketContradiction(Fault.SHARE, "size")
    if size.unit is SizeUnit.RISK_PCT and ticket.stop_loss is None:
        raise TicketContradiction(Fault.UNPROTECTED, "size")


def _check_prices(ticket: OrderTicket) -> None:
    kind = ticket.order_type
    if (kind in _NEEDS_LIMIT and ticket.limit_price is None) or (
        kind not in _MAY_LIMIT and ticket.limit_price is not None
    ):
        raise TicketContradiction(Fault.PRICE, "limit_price")
    if (kind in _NEEDS_STOP) != (ticket.stop_price is not None):
        raise TicketContradiction(Fault.PRICE, "stop_price")
    below_zero = may_be_below_zero(ticket.symbol)
    for name in _PRICES:
        price: Decimal | None = getattr(ticket, name)
        if price is not None and not _is_number(price):
            raise TicketContradiction(Fault.NUMBER, name)
        if price is not None and price <= 0 and not below_zero:
            raise TicketContradiction(Fault.BELOW_ZERO, name)


def _check_trail(ticket: OrderTicket) -> None:
    trails = [value for value in (ticket.trail_amount, ticket.trail_pct) if value is not None]
    if len(trails) != (1 if ticket.order_type is OrderType.TRAIL else 0):
        raise TicketContradiction(Fault.PRICE, "trail_amount")
    if not all(_is_number(value) and value > 0 for value in trails):
        raise TicketContradiction(Fault.NUMBER, "trail_amount")
    if ticket.trail_pct is not None and ticket.trail_pct >= _WHOLE_PCT:
        raise TicketContradiction(Fault.SHARE, "trail_pct")


def _check_sides(ticket: OrderTicket) -> None:
    """A purchase is protected below its entry and takes its profit above; a sale the other way round."""
    sign = 1 if ticket.side is Side.BUY else -1
    entry = ticket.stop_price if ticket.order_type in _NEEDS_STOP else ticket.limit_price
    if ticket.order_type is OrderType.MIDPRICE:
        entry = None
    points = (("stop_loss", ticket.stop_loss), ("", entry), ("take_profit", ticket.take_profit))
    rising = [(name, price * sign) for name, price in points if price is not None]
    for (name, lower), (other, upper) in pairwise(rising):
        if lower >= upper:
            raise TicketContradiction(Fault.SIDE, name or other)


def _check_oco(ticket: OrderTicket) -> None:
    """Both sell (or buy): the limit order at the better price, the stop at the worse."""
    if ticket.oco_stop is None:
        return
    protected = ticket.take_profit is not None or ticket.stop_loss is not None
    if ticket.order_type is not OrderType.LIMIT or ticket.limit_price is None or protected:
        raise TicketContradiction(Fault.OCO, "oco_stop")
    away = ticket.limit_price - ticket.oco_stop
    if (away if ticket.side is Side.SELL else -away) <= 0:
        raise TicketContradiction(Fault.SIDE, "oco_stop")


def _check_time(ticket: OrderTicket) -> None:
    end, day = ticket.good_till, ticket.last_day
    said = [one for one in (end, day) if one is not None]
    if len(said) != (1 if ticket.time_in_force is TimeInForce.GTD else 0):
        raise TicketContradiction(Fault.GOOD_TILL, "good_till")
    if any(one.year not in _YEARS for one in said) or (end is not None and end.utcoffset() is None):
        raise TicketContradiction(Fault.GOOD_TILL, "good_till")
    if ticket.time_in_force not in TIMES[ticket.order_type]:
        raise TicketContradiction(Fault.TIME_IN_FORCE, "time_in_force")
    if ticket.outside_rth and (ticket.order_type in _AT_CLOSE or ticket.time_in_force is TimeInForce.OPG):
        raise TicketContradiction(Fault.OUTSIDE, "outside_rth")


def _check_algo(ticket: OrderTicket) -> None:
    times = (ticket.algo_start, ticket.algo_end)
    if (ticket.algo is Algo.ADAPTIVE) != (ticket.urgency is not None):
        raise TicketContradiction(Fault.ALGO, "urgency")
    if any(times) and ticket.algo not in {Algo.TWAP, Algo.VWAP}:
        raise TicketContradiction(Fault.ALGO_TIMES, "algo_start")
    if any(moment.tzinfo is not None or moment.microsecond for moment in times if moment is not None):
        raise TicketContradiction(Fault.ALGO_TIMES, "algo_start")
    if ticket.algo_start and ticket.algo_end and ticket.algo_start >= ticket.algo_end:
        raise TicketContradiction(Fault.ALGO_TIMES, "algo_start")
    is_instant = ticket.time_in_force in {TimeInForce.IOC, TimeInForce.OPG}
    if ticket.algo is not None and (ticket.order_type not in _WORKED_OFF or is_instant or ticket.oco_stop is not None):
        raise TicketContradiction(Fault.ALGO, "algo")


_CHECKS = (_check_size, _check_prices, _check_trail, _check_sides, _check_oco, _check_time, _check_algo)
