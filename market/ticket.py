"""What is to be ordered, as a person would write it: `buy 10 AAPL 199.5`."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Side(StrEnum):
    """Which way."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> "Side":
        """The other way."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """How the price is found, by IBKR's own codes."""

    MARKET = "MKT"
    LIMIT = "LMT"


class TimeInForce(StrEnum):
    """How long the order works, by IBKR's own codes."""

    DAY = "DAY"
    GTC = "GTC"


@dataclass(frozen=True, slots=True)
class OrderTicket:
    """
    One order as it was asked for; *symbol* is as typed, *quantity* in units of the instrument (shares).

    *order_type* is None when no price was given: nothing may be submitted before the person chose one.
    """

    side: Side
    quantity: Decimal
    symbol: str
    order_type: OrderType | None = None
    limit_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    outside_rth: bool = False
