"""
What a line of the alert language says: conditions, options, and the `Draft` of them all.

Symbols stand as typed; a `Rule` (`alerts/rule.py`) ties them to instruments. Values only: what they come to is the
engine's business, how they are written `alerts/wording.py`'s.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.operand import Indicator, Operand
from market.scan import ScanSpec


class Op(StrEnum):
    """How two values are compared."""

    GT = ">"
    GE = ">="
    LT = "<"
    LE = "<="


class Direction(StrEnum):
    """Which way a value must cross another; EITHER is a plain `crosses`."""

    ABOVE = "above"
    BELOW = "below"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Comparison:
    """True while *left* stands to *right* as *op* says."""

    left: Operand
    op: Op
    right: Operand


@dataclass(frozen=True, slots=True)
class Crossing:
    """
    True at the observation at which *left* reached *right* from one side, or came over to the other.

    Touching counts: `hits 200` and `crosses 200` are the same, from either side.
    """

    left: Operand
    direction: Direction
    right: Operand


@dataclass(frozen=True, slots=True)
class NewsMatch:
    """
    A headline about *symbol* that matches *words*; without words every one.

    The symbol is "*" for any, or "portfolio", "watchlist" or "bulletins" (IBKR's own). *providers* are IBKR's provider
    codes and *languages* two-letter codes (ISO 639-1) that alone count; empty: all. A headline whose language nobody
    told counts as any. *gate* lets it count only when the price moves too (`if moves 1% in 5m`; its symbol is
    *symbol*). *phrases* is the short form of an AnyOf of Phrases, for rules stored before *words* existed: whole words,
    regardless of case.
    """

    symbol: str
    phrases: tuple[str, ...] = ()
    words: "Words | None" = None
    gate: "Velocity | None" = None
    providers: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


class ScanChange(StrEnum):
    """What may happen in a scan's list."""

    NEW = "new"
    DROPPED = "dropped"
    JUMPED = "jumps"


EVERY_CHANGE = (ScanChange.NEW, ScanChange.DROPPED, ScanChange.JUMPED)
USUAL_JUMP = 5
"""Ranks."""


@dataclass(frozen=True, slots=True)
class ScanEntry:
    """The first *spec.rows* of the scan changed; *changes* are what is told, a jump being of *jump* ranks or more."""

    spec: ScanSpec
    changes: tuple[ScanChange, ...] = EVERY_CHANGE
    jump: int = USUAL_JUMP


class Unit(StrEnum):
    """What a move is measured in; ATR: multiples of an average true range."""

    PERCENT = "%"
    MONEY = "$"
    ATR = "atr"


class Way(StrEnum):
    """Which way a price moves."""

    UP = "up"
    DOWN = "down"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Channel:
    """*value* enters (*enters*) or leaves the range *low* to *high*; needs an observation on the other side first."""

    value: Operand
    enters: bool
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class DayMove:
    """
    The price of *symbol* is *percent* (positive) away, *way*, from *base*, without one from the official prior close.

    *is_gap*: only the session's opening price counts (`AAPL gaps 3%`).
    """

    symbol: str
    percent: float
    way: Way
    base: float | None = None
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class Velocity:
    """Within *window*, the price of *symbol* moved by *amount* *unit*s (PERCENT or MONEY), *way*."""

    symbol: str
    amount: float
    unit: Unit
    way: Way
    window: timedelta


@dataclass(frozen=True, slots=True)
class Trailing:
    """
    The price of *symbol* came back by *amount* *unit*s from its best since the rule was armed.

    Its best is the high, or with *from_low* the low (`trails 5% up`). For ATR, *atr* says which (of *symbol*).
    """

    symbol: str
    amount: float
    unit: Unit
    from_low: bool = False
    atr: Indicator | None = None


@dataclass(frozen=True, slots=True)
class PositionMove:
    """The position in *symbol* ("any": any) moved by *percent* today; negative: it fell (`positions any -5%`)."""

    symbol: str
    percent: float


class OrderEvent(StrEnum):
    """What may happen to an order, whoever placed it."""

    FILLED = "filled"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class OrderMatch:
    """An order, also one placed in TWS or on the phone, was *event*; *symbol* "" is any."""

    event: OrderEvent
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class AtTime:
    """
    A time of day: *hour* and *minute* in *zone* (IANA; "" the owner's), on *days* (0 Monday to 6; empty: every day).

    DST-safe: a time that a day does not have is taken an hour later, one it has twice counts once.
    """

    hour: int
    minute: int
    zone: str = ""
    days: tuple[int, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class EveryTime:
    """Every *period* from midnight in the owner's zone on (the option `rth` keeps it to regular hours)."""

    period: timedelta
    message: str = ""


@dataclass(frozen=True, slots=True)
class AtSession:
    """*offset* after (negative: before) the regular session's open (*is_open*) or close (`at close - 10m`)."""

    is_open: bool
    offset: timedelta = timedelta()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Stale:
    """No tick of *symbol* for *age* while its market is open (`AAPL stale 5m`)."""

    symbol: str
    age: timedelta


@dataclass(frozen=True, slots=True)
class Inverse:
    """`not`: true when *part* is false; unknown stays unknown."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Whole words, regardless of case."""

    text: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression (RE2 syntax, `/downgrad/i`); *ignore_case* is its `i`."""

    text: str
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of *parts* is in the headline."""

    parts: tuple["Words", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of *parts* is in the headline."""

    parts: tuple["Words", ...]


Words = Phrase | Pattern | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Both:
    """`and`: true when every part is."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """`or`: true when any part is."""

    parts: tuple["Condition", ...]


Condition = (
    Comparison
    | Crossing
    | Channel
    | DayMove
    | Velocity
    | Trailing
    | PositionMove
    | OrderMatch
    | AtTime
    | EveryTime
    | AtSession
    | Stale
    | NewsMatch
    | ScanEntry
    | Both
    | Either
    | Inverse
)


class TradingTime(StrEnum):
    """Regular trading hours only, or extended hours too."""

    RTH = "rth"
    ETH = "eth"


class Repeat(StrEnum):
    """How often a rule fires."""

    ONCE = "once"
    EVERY = "every"


@dataclass(frozen=True, slots=True)
class Options:
    """
    What was typed after the condition; None: the kind's default of PRODUCT A1 holds.

    *most* is how often it may fire at all, *hold* how long it must be true, *hours* when it counts, *until* its end
    (absolute, UTC). *hysteresis_pct* is a percentage of the level. *then* is an order line for a button, *to* the name
    of another allowed chat.
    """

    repeat: Repeat | None = None
    cooldown: timedelta | None = None
    note: str = ""
    silent: bool = False
    critical: bool = False
    most: int | None = None
    hold: timedelta | None = None
    hours: "TradingTime | None" = None
    until: datetime | None = None
    tag: str = ""
    hysteresis_pct: float | None = None
    then: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """One line of the alert language, understood: `parse(format(draft)) == draft`."""

    condition: Condition
    options: Options = Options()
