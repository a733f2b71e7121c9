"""Several orders that are proposed on one card, and what such a list leaves as it is."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from market.instrument import Instrument
from market.order_rules import OrderRules
from market.ticket import OrderTicket, OrderType, Side, TimeInForce
from trading.errors import ListFault, ListRefused
from trading.proposal import LegOrder, LegRole

MOST_ORDERS = 25
"""More lines than a person reads before Confirm; each order of a list is one."""

# IBKR sells coins at the market for "immediate or cancel" alone.
_TIMES = (TimeInForce.DAY, TimeInForce.IOC)


class Why(StrEnum):
    """
    Why a list leaves something as it is.

    CLOSED: its market is not open now. HOURS: nobody knows whether it is. MONEY: a cash pair, which is cash. SIZE: less
    than IBKR takes. TYPE: IBKR takes no market order of it. UNNAMED: nothing was said of it. NEAR: what it should be,
    to less than one unit. REMAINDER: the division left it over. MONEY_OUT: the money does not reach.
    """

    CLOSED = "closed"
    HOURS = "hours"
    MONEY = "money"
    SIZE = "size"
    TYPE = "type"
    UNNAMED = "unnamed"
    NEAR = "near"
    REMAINDER = "remainder"
    MONEY_OUT = "money out"


@dataclass(frozen=True, slots=True)
class Left:
    """
    Something that a list leaves as it is: *quantity* of *label* (an instrument, or an account), and *why*.

    *opens* is when its market opens next (CLOSED), *percent* what part of the net liquidation value it is (UNNAMED).
    """

    label: str
    why: Why
    quantity: Decimal = Decimal(0)
    opens: datetime | None = None
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """The *orders* of a list, each a PART, and what it *left* as it is."""

    orders: tuple[LegOrder, ...]
    left: tuple[Left, ...] = ()


def part(instrument: Instrument, ticket: OrderTicket, account: str, reference_price: Decimal | None = None) -> LegOrder:
    """Return one order of a list."""
    return LegOrder(LegRole.PART, instrument, ticket, account, reference_price=reference_price)


def market_ticket(side: Side, quantity: Decimal, symbol: str, rules: OrderRules) -> OrderTicket | None:
    """Return a market order that IBKR takes of the instrument, or None where it takes none."""
    for time_in_force in _TIMES:
        ticket = OrderTicket(side, quantity, symbol, OrderType.MARKET, time_in_force=time_in_force)
        if not rules.lacking(ticket):
            return ticket
    return None


def require_few(orders: int) -> None:
    """Raise ListRefused where there are more orders than a card can show."""
    if orders > MOST_ORDERS:
        raise ListRefused(ListFault.TOO_MANY, have=Decimal(orders), wanted=Decimal(MOST_ORDERS))
