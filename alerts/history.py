"""
How often a rule would have fired, and what the price did next: IBKR's bars through the same engine.

A rule that fires once is run as one that fires every time, for "how often" asks just that. What is not in bars (news,
scans, the account, orders, options' values, the time) has no past here. Nothing is guessed: where bars reach less far
back, or stand for something else, the answer says so.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from alerts.aftermath import PRICES
from alerts.condition import Comparison, Condition, Crossing
from alerts.default import defaults_of
from alerts.engine import Engine
from alerts.leaf import operands_of, singles
from alerts.operand import Number, Price, PriceField
from alerts.pastplan import Past, Plan, plan_of, without_past
from alerts.ports import BarSource, HoursSource, Nap
from alerts.replay import Told, closes_of
from alerts.rule import Firing, PriceCause, Rule, RuleState
from market.instrument import Instrument
from market.quote import Bar, BarSize

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# So many messages to the engine take a few milliseconds; then others have their turn.
_AT_ONCE = 16
# Weekends and holidays at the beginning are no lack of bars.
_LACK = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class PastFiring:
    """The rule would have fired *at*, at *price*; *after_1h* and *after_1d* are prices then (None: not known yet)."""

    at: datetime
    price: float
    after_1h: float | None
    after_1d: float | None


@dataclass(frozen=True, slots=True)
class Backtest:
    """
    What a rule would have done from *start* to *end*.

    *bars* of *size* are those of *instrument*, which the condition names first; *level* is the price it is compared
    with, where that is fixed. *unsupported* says why nothing was run, *note* what was taken for what: English, lower
    case, without a full stop.
    """

    firings: tuple[PastFiring, ...]
    bars: tuple[Bar, ...]
    start: datetime | None
    end: datetime
    size: BarSize
    instrument: Instrument | None
    level: float | None = None
    unsupported: str = ""
    note: str = ""

    @property
    def median_1h_pct(self) -> float | None:
        """The median move within an hour after a firing, in percent of its price; None without any."""
        return _median_pct((firing.price, firing.after_1h) for firing in self.firings)

    @property
    def median_1d_pct(self) -> float | None:
        """The same within a day."""
        return _median_pct((firing.price, firing.after_1d) for firing in self.firings)


async def would_have_fired(
    rule: Rule,
    source: BarSource,
    now: datetime,
    days: int = 90,
    hours: HoursSource | None = None,
    pause: Nap = asyncio.sleep,
) -> Backtest:
    """
    Return what *rule* would have done in the *days* until *now*.

    *hours* say when sessions were (without: a day is one of UTC, and none of it is out of hours). Others have their
    turn by *pause*. Raises NotEvaluable, and what the sources raise: LinkDown, RequestTimeout, BrokerError,
    UnknownSymbol.
    """
    unsupported = without_past(rule.draft.condition)
    if unsupported:
        return Backtest((), (), None, now, BarSize.DAY_1, None, unsupported=f"no history of {unsupported}")
    plan = plan_of(rule, now, days)
    past = await Past.fetched(plan, source, hours)
    bars = past.bars[plan.main, plan.size]
    if not bars:
        return Backtest((), (), None, now, plan.size, plan.main, unsupported="no bars of it")
    await pause(0)
    fired, reason = await _run(plan, past, pause)
    await pause(0)
    ends = [told.at for told in closes_of(plan.main, plan.size, bars, past.hours[plan.main])]
    return Backtest(
        tuple(_past_firing(firing, plan.main, bars, ends) for firing in fired if firing.at >= plan.begin),
        tuple(bar for bar in bars if bar.start >= plan.begin),
        max(bars[0].start, plan.begin),
        now,
        plan.size,
        plan.main,
        _level(rule.draft.condition),
        unsupported=reason,
        note=_note(rule, plan, now - timedelta(days=days), bars[0].start, is_timed=hours is not None),
    )


async def _run(plan: Plan, past: Past, pause: Nap) -> tuple[list[Firing], str]:
    """Return what fired, and why the rule could not be evaluated, if so."""
    engine = Engine()
    for instrument, hours in past.hours.items():
        engine.set_hours(instrument, hours)
    seeds: dict[tuple[Instrument, BarSize], list[Bar]] = {key: [] for key in plan.needs.bars}
    fired: list[Firing] = []
    is_armed = False
    for n, told in enumerate(past.events(plan), 1):
        if told.bar is not None and told.at < plan.first:
            seeds[told.instrument, told.size].append(told.bar)
            continue
        if not is_armed:
            is_armed = True
            fired += engine.add(plan.rule)
            for (instrument, size), bars in seeds.items():
                fired += engine.seed(instrument, size, bars, plan.first)
        fired += _tell(engine, told)
        if n % _AT_ONCE == 0:
            await pause(0)
    rule = engine.rule(plan.rule.id)
    return fired, rule.reason if rule is not None and rule.state is RuleState.BLIND else ""


def _tell(engine: Engine, told: Told) -> list[Firing]:
    fired = engine.on_ticks(told.ticks)
    if told.bar is not None:
        fired += engine.on_bar(told.instrument, told.size, told.bar, told.at)
    return fired + engine.on_time(told.at)


def _past_firing(firing: Firing, main: Instrument, bars: Sequence[Bar], ends: Sequence[datetime]) -> PastFiring:
    """Return *firing* with the prices after it; *ends* are those of *bars*."""
    cause = firing.cause
    if isinstance(cause, PriceCause) and cause.instrument == main and cause.field in PRICES:
        price = cause.price
    else:
        price = bars[min(bisect_left(ends, firing.at), len(bars) - 1)].close
    after = [_price_after(bars, ends, firing.at + wait) for wait in (_HOUR, _DAY)]
    return PastFiring(firing.at, price, *after)


def _price_after(bars: Sequence[Bar], ends: Sequence[datetime], at: datetime) -> float | None:
    """Return the first price from *at* on, as finely as bars tell; None where that is still to come."""
    place = bisect_left(ends, at)
    if place == len(bars):
        return None
    return bars[place].open if bars[place].start >= at else bars[place].close


def _level(condition: Condition) -> float | None:
    """Return the one price that is typed in *condition*; None where there is none, or more than one."""
    levels = [
        part.right.value
        for part in singles(condition)
        if isinstance(part, Comparison | Crossing) and isinstance(part.left, Price) and isinstance(part.right, Number)
    ]
    return levels[0] if len(levels) == 1 else None


def _note(rule: Rule, plan: Plan, wanted: datetime, known: datetime, *, is_timed: bool) -> str:
    """Return what was taken for what, or ""; *wanted* is the beginning that was asked for, *known* the first bar's."""
    found = []
    begin = max(plan.begin, known)
    if begin - wanted > _LACK:
        found.append(f"only since {begin.day} {begin:%b %Y}, in {plan.size} bars")
    if any(isinstance(one, Price) and one.field is not PriceField.LAST for one in operands_of(rule.draft.condition)):
        found.append("bid and ask taken as the trades")
    if len(plan.needs.ticks) > 1:
        found.append(f"compared at the close of {plan.size} bars")
    if not is_timed and defaults_of(rule.draft).session is not None:
        found.append("all hours counted")
    return "; ".join(found)


def _median_pct(pairs: Iterable[tuple[float, float | None]]) -> float | None:
    moves = [(after - price) / abs(price) * 100 for price, after in pairs if after is not None and price]
    return median(moves) if moves else None
