"""Why an order is denied: the limit, its value and the order's; a rule of IBKR's is said to be one."""

from decimal import Decimal

from bot.views.message import text
from bot.views.numbers import exact, money
from trading.errors import Limit, OrderDenied

_WORDS = {
    Limit.TRADING_STATE: (
        "trading is {actual}. An admin's /resume ends that; what was halted on the host, only the host."
    ),
    Limit.DAILY_LOSS: "today's loss is {actual}, and at {allowed} the day is over: only what reduces a position goes.",
    Limit.SYMBOL: "{actual} is not among the symbols allowed here: {allowed}.",
    Limit.FORBIDDEN: "{actual} is forbidden here, as are all of {allowed}.",
    Limit.SEC_TYPE: "{actual} cannot be ordered here, only {allowed}.",
    Limit.ORDERS_PER_MINUTE: (
        "this would be order {actual} within a minute, {allowed} orders a minute is the most allowed. Wait a moment."
    ),
    Limit.TOTAL_ORDERS_PER_MINUTE: (
        "this would be order {actual} of all people within a minute, {allowed} orders a minute is the most allowed. "
        "Wait a moment."
    ),
    Limit.DUPLICATE: "the same order was confirmed {actual} s ago, {allowed} s must lie between.",
    Limit.QUANTITY: "the quantity {actual} is not allowed, only {allowed}.",
    Limit.TICK_SIZE: "the price {actual} is no multiple of the smallest step, {allowed}.",
    Limit.QUOTE_MISSING: "there is no live price to check the order against. {actual}",
    Limit.QUOTE_AGE: "the price is {actual} s old, {allowed} s is the most allowed.",
    Limit.CLOSED_MARKET: "the market is {actual}, and nothing is ordered then.",
    Limit.COLLAR: "the limit price reaches {actual}% through the market, {allowed}% is the most allowed.",
    Limit.SHORT_SELLING: (
        "it would sell {actual}, and {allowed} can be sold: what is held, less what working orders sell already and "
        "what covers options that were sold. "
        "Selling short is not allowed."
    ),
    Limit.POSITION: (
        "{actual} was traded a moment ago and IBKR has not told the new position yet. Try again in a few seconds."
    ),
    Limit.ACCOUNT: "IBKR has not told the account's {actual}, which a limit needs.",
    Limit.CURRENCY: (
        "there is no exchange rate from {actual} to the account's {allowed}, so nobody knows what it comes to."
    ),
    Limit.ORDER_VALUE: "the order's value would be {actual}, the most allowed is {allowed}.",
    Limit.DAILY_VALUE: "with it your orders of today would come to {actual}, the most allowed is {allowed}.",
    Limit.TOTAL_DAILY_VALUE: (
        "with it everybody's orders of today would come to {actual}, the most allowed is {allowed}."
    ),
    Limit.POSITION_VALUE: "the position would come to {actual}, the most allowed is {allowed}.",
    Limit.NET_LIQUIDATION: (
        "the position would be {actual}% of the account's net liquidation value, {allowed}% is the most allowed."
    ),
    Limit.BUYING_POWER: "it takes {actual} of buying power, and there is {allowed}.",
}
# From IBKR's own details of the instrument: no setting of ours could let such an order through.
_IBKRS = frozenset({Limit.QUANTITY, Limit.TICK_SIZE, Limit.ORDER_TYPE})
# What /limits shows, and an admin or the host may set otherwise.
_ADJUSTABLE = (
    frozenset(Limit)
    - _IBKRS
    - {
        Limit.TRADING_STATE,
        Limit.DUPLICATE,
        Limit.QUOTE_MISSING,
        Limit.POSITION,
        Limit.ACCOUNT,
        Limit.CURRENCY,
    }
)
_TAKEN = {
    "MKT": "a market order",
    "LMT": "a limit order",
    "STP": "a stop",
    "STPLMT": "a stop with a limit",
    "TRAIL": "a trailing stop",
    "MOC": "an order for the close (moc)",
    "LOC": "an order for the close (loc)",
    "MIDPX": "an order that follows the middle (mid)",
    "DAY": "an order for the day",
    "GTC": "an order till cancelled (gtc)",
    "IOC": "an order that is filled at once or cancelled (ioc)",
    "OPG": "an order for the opening (opg)",
    "GTD": "an order till a day (gtd)",
    "ALGO": "an order worked off by IBKR (adaptive, twap, vwap)",
    "OCA": "a pair that cancels itself (oco)",
}
_COINS = (
    "of coins it takes limit orders (such as buy 0.5 BTC.USD 97000), and to sell at the market orders with ioc (such "
    "as sell 0.5 BTC.USD market ioc)."
)
_WAY_WORDS = 3


def denied(error: OrderDenied) -> str:
    """Return, as HTML, that the order is denied, by whose rule, and which."""
    whose = "Denied, since IBKR would not take it" if error.limit in _IBKRS else "Denied by a limit of ours"
    return f"<b>{whose}</b>: {text(denial(error))}"


def is_adjustable(error: OrderDenied) -> bool:
    """Return whether what denied the order is a limit that /limits shows."""
    return error.limit in _ADJUSTABLE


def denial(error: OrderDenied) -> str:
    """Return in plain text which limit forbids the order, with the limit's value and the order's."""
    of_several = f"{error.about}: " if error.about else ""
    special = _not_taken(str(error.actual)) if error.limit is Limit.ORDER_TYPE else _special(error)
    if special is not None:
        return of_several + special
    allowed, actual = _value(error.allowed, error.currency), _value(error.actual, error.currency)
    return of_several + _WORDS[error.limit].format(allowed=allowed, actual=actual).strip()


def _special(error: OrderDenied) -> str | None:
    """Return the words where the values are none of the usual kind."""
    match error:
        case OrderDenied(limit=Limit.QUOTE_AGE, actual=str(kind)):
            return f"IBKR's prices are {kind}, and {_value(error.allowed, '')} s is the most that a price may be old."
        case OrderDenied(limit=Limit.QUOTE_MISSING, actual=Decimal() as close):
            return f"there is no live price to check the order against. The prior close, {exact(close)}, is none."
        case OrderDenied(limit=Limit.DAILY_LOSS, actual=None):
            return "IBKR has not told today's profit or loss, so only what reduces a position goes."
        case OrderDenied(limit=Limit.CLOSED_MARKET, actual=None):
            return "its trading hours are not known, and nothing is ordered of a closed market."
        case OrderDenied(limit=Limit.TRADING_STATE, allowed=Decimal() as left):
            return _reducing(left)
        case _:
            return _of_another_kind(error)


def _of_another_kind(error: OrderDenied) -> str | None:
    """Return the words of a limit that also denies for a reason without its own value."""
    match error:
        case OrderDenied(limit=Limit.COLLAR, allowed=Decimal() as room, actual=str(through)):
            return f"the market is at 0 and the limit price reaches {through} through it, {exact(room)} is the most."
        case OrderDenied(limit=Limit.ACCOUNT, allowed=str(account)):
            return f"the account {account} is not one of those that IBKR's login manages now."
        case _:
            return None


def _not_taken(codes: str) -> str:
    """Return what IBKR does not take; three codes for an order in one are a side, a type and a time: a coin's."""
    if len(codes.split()) == _WAY_WORDS and "," not in codes:
        return _COINS
    lacking = " or ".join(_TAKEN.get(code, code) for code in codes.split(", "))
    return f"of this instrument it does not take {lacking}."


def _reducing(left: Decimal) -> str:
    if not left:
        return (
            "trading is reducing, and this would not make a position smaller (orders that work already count, and what "
            "covers options that were sold is not to be given up)."
        )
    return f"trading is reducing: {exact(left)} is the most that still makes the position smaller."


def _value(value: Decimal | str | None, currency: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return money(value, currency) if currency else exact(value)
