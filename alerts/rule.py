"""
What was asked (`Draft`, `Rule`) and that it happened (`Firing`).

A `Draft` (`alerts/condition.py`) is a line of the alert language, understood but not yet tied to instruments. Resolving
it gives a `Rule`: the same condition beside a table that maps each symbol as typed to its `Instrument`. The database
keeps the rule as JSON (`alerts/codec.py`), so start-up parses nothing. Transitions are pure methods that return a new
rule.
"""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.condition import Draft, OrderEvent
from market.instrument import Instrument
from market.news import Headline
from market.quote import DataKind, TickField
from market.scan import ScanRow, ScanSpec


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
    (which side a crossing was last seen on, what a scan last showed): JSON values only. A SNOOZED one wakes at
    *snoozed_until*, or with *wake_on* "recross" once it was false, "open" as its regular session opens.
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
    snoozed_until: datetime | None = None
    wake_on: str = ""

    @property
    def is_watching(self) -> bool:
        """Whether the engine has anything to evaluate: a rule that is not paused, over or spent."""
        return self.state in {RuleState.ARMED, RuleState.PENDING, RuleState.BLIND, RuleState.SNOOZED}

    def with_state(self, state: RuleState, at: datetime, reason: str = "") -> "Rule":
        """Return the rule in *state* since *at*."""
        return replace(self, state=state, since=at, reason=reason)

    def fired(self, at: datetime, *, spent: bool, memory: Mapping[str, object]) -> "Rule":
        """Return the rule after one more firing *at*; *spent*: it was the only one."""
        latest = at if self.last_fired is None else max(at, self.last_fired)
        rule = replace(self, fired_count=self.fired_count + 1, last_fired=latest, memory=memory)
        return rule.with_state(RuleState.FIRED, at) if spent else rule

    def rearmed(self, at: datetime) -> "Rule":
        """
        Return the rule armed anew *at*: it has seen nothing of prices and lists yet.

        The stories it told are kept: a headline fires once, however often the rule is armed.
        """
        return self._armed(at, {"seen"})

    def resumed(self, at: datetime) -> "Rule":
        """
        Return the rule armed *at* after a pause: what it told it need not tell again, and what it trails it trails on.

        What moved meanwhile is no news: crossings, lists and what must hold for a while begin anew.
        """
        return self._armed(at, {"seen", "armed", "best", "session", "each", "count"})

    def revised(self, at: datetime, *, recounts: bool = False) -> "Rule":
        """
        Return the rule armed *at* with other options: it has seen all it saw, what must hold for a while excepted.

        *recounts*: how often it may fire was changed, and is counted from here.
        """
        return self._armed(at, set(self.memory) - {"held_s", *(["count"] if recounts else [])})

    def pending(self, at: datetime) -> "Rule":
        """Return the rule PENDING since *at*: it is true and must stay so for a while (`for 2m`)."""
        return self.with_state(RuleState.PENDING, at)

    def calmed(self, at: datetime) -> "Rule":
        """Return the rule ARMED again *at*: what made it PENDING or BLIND is over. What it saw stays."""
        return self.with_state(RuleState.ARMED, at)

    def blinded(self, at: datetime, reason: str) -> "Rule":
        """Return the rule BLIND since *at*, because *reason*."""
        return self.with_state(RuleState.BLIND, at, reason)

    def expired(self, at: datetime) -> "Rule":
        """Return the rule EXPIRED *at*: its `until` is over."""
        return self.with_state(RuleState.EXPIRED, at)

    def snoozed(self, at: datetime, until: datetime | None = None, wake_on: str = "") -> "Rule":
        """Return the rule SNOOZED from *at* *until* a moment, or until it "recross"es or its session "open"s."""
        return replace(self.with_state(RuleState.SNOOZED, at), snoozed_until=until, wake_on=wake_on)

    def woken(self, at: datetime) -> "Rule":
        """Return the rule ARMED *at*, its snooze over: a level that holds fires; what it trails it trails on."""
        return self._armed(at, {"seen", "shown", "best", "session", "each", "due"})

    def _armed(self, at: datetime, kept: Collection[str]) -> "Rule":
        memory = {key: value for key, value in self.memory.items() if key in kept}
        armed = self.with_state(RuleState.ARMED, at)
        return replace(armed, memory=memory, snoozed_until=None, wake_on="")

    def remembering(self, memory: Mapping[str, object]) -> "Rule":
        """Return the rule with another *memory*."""
        return replace(self, memory=memory)


@dataclass(frozen=True, slots=True)
class PriceCause:
    """
    The tick (or bar close) that did it.

    *price* is the tick's own price in *field*; *values* are the condition's operands as they stood, by their text;
    *change_pct* is since the prior close, where known. *from_minute*: it is a price of a closed 1-minute bar.
    """

    instrument: Instrument
    field: TickField
    price: float
    kind: DataKind = DataKind.LIVE
    bid: float | None = None
    ask: float | None = None
    change_pct: float | None = None
    values: Mapping[str, float] = dataclasses.field(default_factory=dict)
    from_minute: bool = False


@dataclass(frozen=True, slots=True)
class NewsCause:
    """The headline that did it; *instrument* is None on broad tape."""

    headline: Headline
    instrument: Instrument | None = None


@dataclass(frozen=True, slots=True)
class ScanCause:
    """
    What changed in the scan: the *rows* that are new, those that *dropped* out (with their last rank), and the *jumps*.

    A jump is the row as it is now and the rank it had.
    """

    spec: ScanSpec
    rows: tuple[ScanRow, ...]
    dropped: tuple[ScanRow, ...] = ()
    jumps: tuple[tuple[ScanRow, int], ...] = ()


@dataclass(frozen=True, slots=True)
class AccountCause:
    """
    The account or position value that did it: *values* by their text; *instrument* for a position.

    *currency* is that of the value's money, "" where it is not known.
    """

    values: Mapping[str, float]
    instrument: Instrument | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class OrderCause:
    """The order that did it, as a person would write it, and where it was placed (*is_ours*: here)."""

    event: OrderEvent
    order: str
    instrument: Instrument | None = None
    price: float | None = None
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class OrderHappened:
    """
    What an order feed tells: *order* was *event* at *at*; *key* is unique for ever, so that none is told twice.

    The same order may happen more than once (two fills are two keys); what happened is replayed after a lost link.
    """

    event: OrderEvent
    order: str
    instrument: Instrument | None
    price: float | None
    is_ours: bool
    at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class TimeCause:
    """The moment that was due, *message* as typed; *collapsed* counts earlier ones that were missed."""

    due: datetime
    message: str = ""
    collapsed: int = 0


@dataclass(frozen=True, slots=True)
class FeedCause:
    """Nothing was received of *instrument* since *last* (None: never)."""

    instrument: Instrument
    last: datetime | None


Cause = PriceCause | NewsCause | ScanCause | AccountCause | OrderCause | TimeCause | FeedCause


@dataclass(frozen=True, slots=True)
class Away:
    """
    A firing that was found after a gap: nothing live was heard then.

    It happened within *span* from *begin* on: a bar's beginning and length (no length: a moment that is known).
    *is_unordered*: the bar's range allows it, and the order of its prices is not known. Where not *is_observed*
    nothing tells what happened in the gap, which these are: the state after it is such that the rule fires. *live* is
    when live data came again, None where that is not known.
    """

    begin: datetime
    span: timedelta = timedelta()
    is_unordered: bool = False
    is_observed: bool = True
    live: datetime | None = None

    @property
    def is_belated(self) -> bool:
        """Whether live data had come again by then: it only waited for what was before it."""
        return self.live is not None and self.begin >= self.live

    @property
    def is_torn(self) -> bool:
        """Whether live data came again within its bar: it may have happened before that, or after."""
        return self.live is not None and self.begin < self.live < self.begin + self.span


@dataclass(frozen=True, slots=True)
class Firing:
    """
    A rule fired, once: *key* is unique for ever ("<rule id>:<its nth firing>:<salt>") and guards against doubles.

    *at* is the receipt time (found after a gap: when it happened), *exchange_time* the exchange's own where TWS gave
    one. *rule* is the rule as it stands after this firing; both are stored in one transaction. *away* is what is known
    of one that was found after a gap.
    """

    key: str
    rule: Rule
    at: datetime
    cause: Cause
    exchange_time: datetime | None = None
    away: Away | None = None
