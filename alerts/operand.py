"""The values that conditions compare: prices, indicators, volumes, what is held. Symbols stand as typed."""

from dataclasses import dataclass
from enum import StrEnum

from market.quote import BarSize


class PriceField(StrEnum):
    """Which price of an instrument a condition looks at."""

    LAST = "last"
    BID = "bid"
    ASK = "ask"
    MID = "mid"


@dataclass(frozen=True, slots=True)
class Number:
    """A fixed value."""

    value: float


@dataclass(frozen=True, slots=True)
class Price:
    """The price of *symbol* (as typed)."""

    symbol: str
    field: PriceField = PriceField.LAST


@dataclass(frozen=True, slots=True)
class Indicator:
    """
    An indicator over bars of *symbol*, taken at each bar's close, or (*live*) over the running bar too.

    *name* is sma, ema, rsi, macd, bbands, atr, vwap, adx or stoch; *length* its first parameter (0: it has none) and
    *more* the others as typed (`macd(12, 26, 9, 1d)`: length 12, more (26, 9)). *part* names one of several lines:
    macd "macd" | "signal" | "histogram", bbands "upper" | "middle" | "lower", stoch "k" | "d"; "" elsewhere.
    """

    symbol: str
    name: str
    length: int
    bar: BarSize
    more: tuple[float, ...] = ()
    part: str = ""
    live: bool = False


@dataclass(frozen=True, slots=True)
class Volume:
    """The session's volume of *symbol* in shares."""

    symbol: str


@dataclass(frozen=True, slots=True)
class AverageVolume:
    """The mean daily volume of *symbol* over its last *days* closed daily bars (`avgvolume(20)`)."""

    symbol: str
    days: int


@dataclass(frozen=True, slots=True)
class Extreme:
    """The highest high (*is_high*) or lowest low of *symbol* over its closed daily bars of the last *days* days."""

    symbol: str
    is_high: bool
    days: int


@dataclass(frozen=True, slots=True)
class OptionValue:
    """A value of the option *symbol*: *name* is iv (0.25: 25 %), delta, gamma, theta, vega, openinterest or dte."""

    symbol: str
    name: str


@dataclass(frozen=True, slots=True)
class AverageCost:
    """What one unit of *symbol* cost on average in the owner's account; unknown without a position."""

    symbol: str


@dataclass(frozen=True, slots=True)
class PositionValue:
    """A value of the position in *symbol* ("any": of each position by itself): *name* is pnl, pnl%, day% or value."""

    symbol: str
    name: str


@dataclass(frozen=True, slots=True)
class AccountValue:
    """
    A value of the account in its base currency.

    *name* is dailypnl, netliq, cash, buyingpower, or in percent cushion and margin (of net liquidation).
    """

    name: str


class Sign(StrEnum):
    """How two values are combined."""

    PLUS = "+"
    MINUS = "-"
    TIMES = "*"
    OVER = "/"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """*left* and *right* combined; unknown where either is, or where it would divide by zero."""

    left: "Operand"
    sign: Sign
    right: "Operand"


Operand = (
    Number
    | Price
    | Indicator
    | Volume
    | AverageVolume
    | Extreme
    | OptionValue
    | AverageCost
    | PositionValue
    | AccountValue
    | Arithmetic
)
