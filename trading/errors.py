"""
Why an order was not taken.

* TradingError
  + OrderDenied          a limit of ours forbids it
  + ProposalGone         expired, cancelled, already confirmed, or not this person's
  + NotAllowed           the person's role does not reach
  + OrderGone            there is no such open order
  + NotSizable           the size comes to nothing, or to nobody knows what
  + UnknownAccount       IBKR's login manages no such account
  + NothingToChange      the new terms are those it has
  + ListRefused          the orders of a list cannot be worked out
  + LimitUnreadable      a limit cannot be set to that, or there is none of that name
  + LimitNotTighter      the environment's own limit allows no more than that anyway
  + SecondStepError      the order needs more than its Confirm
    - NotEnrolled, WrongCode, CodeUsed, StepLocked, NoSecondPerson
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class TradingError(Exception):
    """Anything about an order that could not be done."""


class Limit(StrEnum):
    """Our own guards, by the name the settings give them."""

    TRADING_STATE = "trading state"
    DAILY_LOSS = "daily loss"
    SYMBOL = "symbols"
    FORBIDDEN = "forbidden symbols"
    SEC_TYPE = "instrument kind"
    ORDERS_PER_MINUTE = "orders per minute"
    TOTAL_ORDERS_PER_MINUTE = "orders per minute of all people"
    DUPLICATE = "duplicate"
    QUANTITY = "quantity"
    TICK_SIZE = "tick size"
    ORDER_TYPE = "order type"
    QUOTE_MISSING = "quote missing"
    QUOTE_AGE = "quote age"
    CLOSED_MARKET = "market closed"
    COLLAR = "price collar"
    SHORT_SELLING = "short selling"
    POSITION = "position"
    ACCOUNT = "account unknown"
    CURRENCY = "exchange rate"
    ORDER_VALUE = "order value"
    DAILY_VALUE = "daily value"
    TOTAL_DAILY_VALUE = "daily value of all people"
    POSITION_VALUE = "position size"
    NET_LIQUIDATION = "share of net liquidation"
    BUYING_POWER = "buying power"


class OrderDenied(TradingError):
    """
    Our *limit* forbids the order: *allowed* is the limit's value, *actual* the order's (None: not a number).

    Money is in *currency*. *about* names the instrument where the order is one of several. What the values are where
    the limit's name does not say it:

    * QUOTE_MISSING: *actual* is the prior close, which is no live price, or IBKR's words
    * QUOTE_AGE: *actual* is the age in seconds, or the `DataKind` that has no known one
    * DUPLICATE: the seconds that must lie between, and those that do
    * SHORT_SELLING, and TRADING_STATE while reducing: *allowed* is what may still be traded that way
    * POSITION: *actual* is the instrument: IBKR told an execution of it, and not yet the position after it
    * ORDER_TYPE: *actual* is what IBKR does not take of the instrument, in its codes
    * DAILY_LOSS: *actual* is the day's loss, None where that is not known
    * ACCOUNT: *actual* is the figure that IBKR has not told
    * CURRENCY: *allowed* is the account's currency, *actual* the instrument's
    """

    def __init__(
        self, limit: Limit, allowed: Decimal | str | None, actual: Decimal | str | None, currency: str = ""
    ) -> None:
        super().__init__(limit, allowed, actual, currency)
        self.limit = limit
        self.allowed = allowed
        self.actual = actual
        self.currency = currency
        self.about = ""


class SizeFault(StrEnum):
    """Why a size comes to no number of units."""

    TOO_SMALL = "too small"
    NOTHING_HELD = "nothing held"
    NO_PRICE = "no price"
    NO_STOP = "no stop"
    STOP_PASSED = "stop passed"
    NO_NET_LIQUIDATION = "no net liquidation"
    NO_RATE = "no rate"


class NotSizable(TradingError):
    """
    A size cannot be made a number of units, because of *fault*.

    TOO_SMALL: it comes to *actual* units, *other* is the fewest IBKR takes. NOTHING_HELD: *actual* is the position,
    which such an order would not make smaller. NO_PRICE: there is none, or none above zero (*actual*). STOP_PASSED: the
    stop loss at *actual* is not beyond the price *other*. NO_RATE: between *currencies*, the account's and the
    instrument's.
    """

    def __init__(
        self,
        fault: SizeFault,
        actual: Decimal | None = None,
        other: Decimal | None = None,
        currencies: tuple[str, str] = ("", ""),
    ) -> None:
        super().__init__(fault, actual, other, currencies)
        self.fault = fault
        self.actual = actual
        self.other = other
        self.currencies = currencies


class UnknownAccount(TradingError):
    """IBKR's login does not manage *account*."""

    def __init__(self, account: str) -> None:
        super().__init__(account)
        self.account = account


class NothingToChange(TradingError):
    """The working order *order_ref* has these terms already, or a change would make another order of it."""

    def __init__(self, order_ref: str) -> None:
        super().__init__(order_ref)
        self.order_ref = order_ref


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


class TimeUp(TradingError):
    """An order that is good till *until* would be over before it began."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class OrderGone(TradingError):
    """
    No open order that we may touch answers to *order_ref*.

    *client_id* is the other API client that sent it and alone may cancel it; 0 where there is none.
    """

    def __init__(self, order_ref: str, client_id: int = 0) -> None:
        super().__init__(order_ref, client_id)
        self.order_ref = order_ref
        self.client_id = client_id


class ListFault(StrEnum):
    """Why the orders of a list cannot be worked out; what `ListRefused` holds of each stands behind it."""

    NOT_HELD = "not held"  # subject: the symbol
    TOO_LITTLE = "too little"  # subject: the symbol; have: what is held; wanted: the part of it
    NET_LIQUIDATION = "net liquidation"  # subject: the account
    QUOTE = "quote"  # subject: the symbol
    RATE = "rate"  # subject: the symbol; currency: its own
    CLOSED = "closed"  # subject: the symbol
    KIND = "kind"  # subject: the symbol
    SHORT_OF_MONEY = "short of money"  # have and wanted, in currency
    ACCOUNT = "account"  # subject: the account that nobody knows
    TWICE = "twice"  # subject: the symbol that was named by two names
    SUM = "sum"  # have: what was given out; wanted: the order's quantity
    PLAIN = "plain"
    SIZE = "size"
    TOO_MANY = "too many"  # have: how many orders; wanted: the most


class ListRefused(TradingError):
    """The orders of a list cannot be worked out: *fault* says why, and which of the other fields it fills."""

    def __init__(
        self,
        fault: ListFault,
        subject: str = "",
        *,
        have: Decimal | None = None,
        wanted: Decimal | None = None,
        currency: str = "",
    ) -> None:
        super().__init__(fault, subject, have, wanted, currency)
        self.fault = fault
        self.subject = subject
        self.have = have
        self.wanted = wanted
        self.currency = currency


class LimitUnreadable(TradingError):
    """There is no limit *name*, or *value* is none for it."""

    def __init__(self, name: str, value: str) -> None:
        super().__init__(name, value)
        self.name = name
        self.value = value


class LimitNotTighter(TradingError):
    """The environment's own limit *name*, *ceiling*, allows no more than what it was to be set to."""

    def __init__(self, name: str, ceiling: str) -> None:
        super().__init__(name, ceiling)
        self.name = name
        self.ceiling = ceiling


class SecondStepError(TradingError):
    """The second step was not taken: nothing was sent."""


class NotEnrolled(SecondStepError):
    """A code is wanted of a person who has set up none."""


class WrongCode(SecondStepError):
    """The code is not the one that is shown now; *left* more wrong ones lock, and at 0 it is locked *until* then."""

    def __init__(self, left: int, until: datetime | None = None) -> None:
        super().__init__(left, until)
        self.left = left
        self.until = until


class CodeUsed(SecondStepError):
    """The code was right, and was used already; the next one comes within *wait_s* seconds."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


class StepLocked(SecondStepError):
    """After too many wrong codes none is looked at *until* then."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class NoSecondPerson(SecondStepError):
    """A second person's approval is wanted, and there is nobody to ask."""
