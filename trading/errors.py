"""
Why an order was not taken.

* TradingError
  + OrderDenied          a limit of ours forbids it
  + ProposalGone         expired, cancelled, already confirmed, or not this person's
  + NotAllowed           the person's role does not reach
  + OrderGone            there is no such open order
"""

from decimal import Decimal
from enum import StrEnum


class TradingError(Exception):
    """Anything about an order that could not be done."""


class Limit(StrEnum):
    """Our own guards, by the name the settings give them."""

    ORDER_VALUE = "order value"
    QUOTE_MISSING = "quote missing"
    QUOTE_AGE = "quote age"
    COLLAR = "price collar"
    TRADING_STATE = "trading state"
    ORDERS_PER_MINUTE = "orders per minute"
    SEC_TYPE = "instrument kind"
    QUANTITY = "quantity"
    TICK_SIZE = "tick size"


class OrderDenied(TradingError):
    """
    Our *limit* forbids the order: *allowed* is the limit's value, *actual* the order's (None: not a number).

    QUOTE_MISSING: *actual* is the prior close, which is no live price, or IBKR's words. QUOTE_AGE: the age in seconds,
    or the `DataKind` that has no known one. ORDER_VALUE: both are money in *currency*.
    """

    def __init__(
        self, limit: Limit, allowed: Decimal | str | None, actual: Decimal | str | None, currency: str = ""
    ) -> None:
        super().__init__(limit, allowed, actual, currency)
        self.limit = limit
        self.allowed = allowed
        self.actual = actual
        self.currency = currency


class ProposalGone(TradingError):
    """There is no live proposal behind this; *state* is what became of it ("" when it never was)."""

    def __init__(self, state: str = "") -> None:
        super().__init__(state)
        self.state = state


class NotAllowed(TradingError):
    """The person's role does not reach; *needed* is the role it takes."""

    def __init__(self, needed: str) -> None:
        super().__init__(needed)
        self.needed = needed


class OrderGone(TradingError):
    """
    No open order that we may touch answers to *order_ref*.

    *client_id* is the other API client that sent it and alone may cancel it; 0 where there is none.
    """

    def __init__(self, order_ref: str, client_id: int = 0) -> None:
        super().__init__(order_ref, client_id)
        self.order_ref = order_ref
        self.client_id = client_id
