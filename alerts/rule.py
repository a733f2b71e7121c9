"""
What was asked (`Draft`, `Rule`) and that it happened (`Firing`).

A `Draft` is a line of the alert language, understood but not yet tied to instruments. Resolving it gives a `Rule`:
the same condition beside a table that maps each symbol as typed to its `Instrument`. The database keeps the rule as
JSON (`alerts/codec.py`), so start-up parses nothing. Transitions are pure methods that return a new rule.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from market.instrument import Instrument
from market.news import Headline
from market.quote import BarSize, DataKind, TickField
from market.scan import ScanRow, ScanSpec


class PriceField(StrEnum):
    """Which price of an instrument a condition looks at."""

    LAST = "last"
    BID = "bid"
    ASK = "ask"
    MID = "mid"


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
    """An indicator over *length* bars of *symbol*, taken at each bar's close; *name* is "rsi", "sma" or "ema"."""

    symbol: str
    name: str
    length: int
    bar: BarSize


Operand = Number | Price | Indicator


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
    A headline about *symbol* ("*": any) that has one of *phrases* in it; no phrases: every headline.

    A phrase matches whole words, regardless of case.
    """

    symbol: str
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScanEntry:
    """An instrument entered the first *spec.rows* of the scan."""

    spec: ScanSpec


@dataclass(frozen=True, slots=True)
class Both:
    """`and`: true when every part is."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """`or`: true when any part is."""

    parts: tuple["Condition", ...]


Condition = Comparison | Crossing | NewsMatch | ScanEntry | Both | Either


class Repeat(StrEnum):
    """How often a rule fires."""

    ONCE = "once"
    EVERY = "every"


@dataclass(frozen=True, slots=True)
class Options:
    """What was typed after the condition; None: the kind's default of PRODUCT A1 holds."""

    repeat: Repeat | None = None
    cooldown: timedelta | None = None
    note: str = ""
    silent: bool = False
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """One line of the alert language, understood: `parse(format(draft)) == draft`."""

    condition: Condition
    options: Options = Options()


class RuleState(StrEnum):
    """Where a rule is in its life; BLIND: it cannot be evaluated, its `reason` says why."""

    ARMED = "armed"
    PENDING = "pending"
    FIRED = "fired"
    SNOOZED = "snoozed"
    PAUSED = "paused"
    BLIND = "blind"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Rule:
    """
    A stored alert. *id* is 0 until it is stored.

    *instruments* maps each symbol as typed to its instrument. *memory* is what the engine must know after a restart
    (which side a crossing was last seen on, what a scan last showed): JSON values only.
    """

    id: int
    owner_id: int
    chat_id: int
    text: str
    draft: Draft
    instruments: Mapping[str, Instrument]
    created: datetime
    since: datetime
    state: RuleState = RuleState.ARMED
    reason: str = ""
    fired_count: int = 0
    last_fired: datetime | None = None
    memory: Mapping[str, object] = dataclasses.field(default_factory=dict)

    @property
    def is_watching(self) -> bool:
        """Whether the engine has anything to evaluate: a rule that is not paused, over or spent."""
        return self.state in {RuleState.ARMED, RuleState.PENDING, RuleState.BLIND, RuleState.SNOOZED}

    def with_state(self, state: RuleState, at: datetime, reason: str = "") -> "Rule":
        """Return the rule in *state* since *at*."""
        return replace(self, state=state, since=at, reason=reason)

    def fired(self, at: datetime, *, spent: bool, memory: Mapping[str, object]) -> "Rule":
        """Return the rule after one more firing *at*; *spent*: it was the only one."""
        rule = replace(self, fired_count=self.fired_count + 1, last_fired=at, memory=memory)
        return rule.with_state(RuleState.FIRED, at) if spent else rule

    def rearmed(self, at: datetime) -> "Rule":
        """
        Return the rule armed anew *at*: it has seen nothing of prices and lists yet.

        The stories it told are kept: a headline fires once, however often the rule is armed.
        """
        kept = {key: value for key, value in self.memory.items() if key == "seen"}
        return replace(self, state=RuleState.ARMED, since=at, reason="", memory=kept)

    def remembering(self, memory: Mapping[str, object]) -> "Rule":
        """Return the rule with another *memory*."""
        return replace(self, memory=memory)


@dataclass(frozen=True, slots=True)
class PriceCause:
    """
    The tick (or bar close) that did it.

    *price* is the tick's own price in *field*; *values* are the condition's operands as they stood, by their text;
    *change_pct* is since the prior close, where known.
    """

    instrument: Instrument
    field: TickField
    price: float
    kind: DataKind = DataKind.LIVE
    bid: float | None = None
    ask: float | None = None
    change_pct: float | None = None
    values: Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewsCause:
    """The headline that did it; *instrument* is None on broad tape."""

    headline: Headline
    instrument: Instrument | None = None


@dataclass(frozen=True, slots=True)
class ScanCause:
    """The *rows* that are new in the scan."""

    spec: ScanSpec
    rows: tuple[ScanRow, ...]


Cause = PriceCause | NewsCause | ScanCause


@dataclass(frozen=True, slots=True)
class Firing:
    """
    A rule fired, once: *key* is unique for ever ("<rule id>:<its nth firing>:<salt>") and guards against doubles.

    *at* is the receipt time, *exchange_time* the exchange's own where TWS gave one. *rule* is the rule as it stands
    after this firing; both are stored in one transaction.
    """

    key: str
    rule: Rule
    at: datetime
    cause: Cause
    exchange_time: datetime | None = None
