"""What must be fetched to run a rule over the past, how finely, and in which order the engine is told of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from heapq import merge

from alerts.condition import (
    AtSession,
    AtTime,
    Condition,
    DayMove,
    EveryTime,
    NewsMatch,
    OrderMatch,
    PositionMove,
    Repeat,
    ScanEntry,
    Stale,
    TradingTime,
    Trailing,
    Velocity,
)
from alerts.default import defaults_of
from alerts.indicators import bars_needed
from alerts.leaf import operands_of, singles
from alerts.manner import manner_of
from alerts.needs import Needs, instrument_of, needs_of, symbols_of
from alerts.operand import AccountValue, AverageCost, Indicator, OptionValue, PositionValue
from alerts.ports import BarSource, HoursSource
from alerts.replay import Told, closes_of, days_of, past_hours, ticks_of
from alerts.rule import Rule, RuleState
from market.hours import Hours, Session
from market.instrument import Instrument, SecType
from market.quote import Bar, BarSize

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# How many days of bars one question asks IBKR for at most: about five thousand bars of a share.
_MOST_DAYS = {BarSize.MIN_1: 5, BarSize.MIN_5: 25, BarSize.MIN_15: 90, BarSize.HOUR_1: 366, BarSize.DAY_1: 366}
_SIZES = sorted(BarSize, key=lambda size: size.duration, reverse=True)
# Regular and extended hours of a share are 16 a day, five days a week.
_SHARE_DAY, _SHARE_WEEK, _SATURDAY = timedelta(hours=16), 5, 5
_LONG_DAYS = frozenset({SecType.FOREX, SecType.FUTURE, SecType.CONTINUOUS_FUTURE, SecType.FUTURE_OPTION})
# Before the first day that counts: the close before it, and where the price came from.
_RUN_UP = timedelta(days=7)

_NO_PAST: dict[type, str] = {
    NewsMatch: "news",
    ScanEntry: "scans",
    PositionMove: "positions",
    OrderMatch: "orders",
    AtTime: "times",
    EveryTime: "times",
    AtSession: "times",
    Stale: "missing data",
    OptionValue: "options' values",
    AverageCost: "average costs",
    PositionValue: "positions",
    AccountValue: "account values",
}

_OF_NOW = (ScanEntry, PositionMove, Stale, OptionValue, AverageCost, PositionValue, AccountValue)

Key = tuple[Instrument, BarSize]


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What is run: *rule* as one that fires every time, over *days* of bars of *size* from *begin* on.

    It is told from *first* on, for the close before the first day and to know where the price came from. *main* is the
    instrument that the condition names first.
    """

    rule: Rule
    needs: Needs
    size: BarSize
    days: int
    main: Instrument
    begin: datetime

    @property
    def first(self) -> datetime:
        """When the rule is armed."""
        return self.begin - _RUN_UP


def plan_of(rule: Rule, now: datetime, days: int) -> Plan:
    """Return how *rule* is run over the *days* until *now*, or the fewer that are offered. Raises NotEvaluable."""
    needs = needs_of(rule)
    size = _step(rule, needs)
    covered = min(days, _MOST_DAYS[size])
    begin = now - covered * _DAY
    options = replace(rule.draft.options, most=None, until=None)
    if defaults_of(rule.draft).repeat is Repeat.ONCE:
        options = replace(options, repeat=Repeat.EVERY)
    armed = begin - _RUN_UP
    fresh = replace(
        rule,
        id=rule.id or 1,
        draft=replace(rule.draft, options=options),
        created=armed,
        since=armed,
        state=RuleState.ARMED,
        reason="",
        fired_count=0,
        last_fired=None,
        memory={},
    )
    return Plan(fresh, needs, size, covered, instrument_of(rule, symbols_of(rule.draft)[0]), begin)


def without_past(condition: Condition) -> str:
    """Return what of *condition* has no past that IBKR tells of, or ""."""
    parts: list[object] = [*singles(condition), *operands_of(condition)]
    return next((_NO_PAST[type(part)] for part in parts if type(part) in _NO_PAST), "")


def is_of_now(condition: Condition) -> bool:
    """Return whether *condition* is about what is only known as it stands: the account, options, scans, a feed."""
    parts: list[object] = [*singles(condition), *operands_of(condition)]
    return any(isinstance(part, _OF_NOW) for part in parts)


@dataclass(frozen=True, slots=True)
class Past:
    """The bars that were fetched, by instrument and size, and the sessions of their days."""

    bars: Mapping[Key, Sequence[Bar]]
    hours: Mapping[Instrument, Hours]

    @classmethod
    async def fetched(cls, plan: Plan, source: BarSource, hours: HoursSource | None) -> "Past":
        """Return what *plan* wants. Raises what the sources raise."""
        instruments = {plan.main, *plan.needs.ticks, *(one for one, _ in plan.needs.bars)}
        told = {} if hours is None else {one: await hours.hours(one) for one in instruments}
        wanted = {(one, plan.size): _count(one, plan.size, plan.days, told.get(one)) for one in plan.needs.ticks}
        for one, size in {(plan.main, plan.size), *plan.needs.bars}:
            count = _count(one, size, plan.days, told.get(one)) + _seeding(plan, size)
            wanted[one, size] = max(count, wanted.get((one, size), 0))
        # A rule of regular hours sees no others; whatever else is in it.
        regular = manner_of(plan.rule.draft).is_rth
        bars = {key: await source.bars(*key, count, regular=regular) for key, count in wanted.items()}
        if hours is None:
            return cls(bars, {one: _always(one, bars) for one in instruments})
        return cls(bars, {one: past_hours(known, _days_of(one, known, bars)) for one, known in told.items()})

    def events(self, plan: Plan) -> Iterator[Told]:
        """Yield all that the engine is told, by time; a bar that closed after the ticks of its time."""
        streams = [
            ticks_of(
                instrument,
                plan.size,
                [bar for bar in self.bars[instrument, plan.size] if bar.start >= plan.first],
                self.hours[instrument],
                closes_only=len(plan.needs.ticks) > 1,
            )
            for instrument in sorted(plan.needs.ticks, key=lambda one: one.con_id)
        ]
        streams += [
            closes_of(instrument, size, self.bars[instrument, size], self.hours[instrument])
            for instrument, size in sorted(plan.needs.bars, key=lambda key: (key[0].con_id, key[1].duration))
        ]
        return merge(*streams, key=lambda told: told.at)


def _step(rule: Rule, needs: Needs) -> BarSize:
    """Return the coarsest bars that show what *rule* is about."""
    if not needs.ticks:
        return min((size for _, size in needs.bars), key=lambda size: size.duration)
    parts = list(singles(rule.draft.condition))
    spans = [part.window for part in parts if isinstance(part, Velocity)]
    spans += [size.duration for _, size in needs.bars]
    spans += [study.bar.duration / 4 for study in _studies(rule.draft.condition) if study.live]
    if rule.draft.options.hold is not None:
        spans.append(rule.draft.options.hold)
    # Sessions begin and end on the quarter of an hour.
    in_session = defaults_of(rule.draft).session is TradingTime.RTH or any(isinstance(part, DayMove) for part in parts)
    longest = min([*spans, timedelta(minutes=15) if in_session else _HOUR])
    return next((size for size in _SIZES if size.duration <= longest), BarSize.MIN_1)


def _studies(condition: Condition) -> list[Indicator]:
    ranges = [part.atr for part in singles(condition) if isinstance(part, Trailing) and part.atr is not None]
    return [operand for operand in operands_of(condition) if isinstance(operand, Indicator)] + ranges


def _count(instrument: Instrument, size: BarSize, days: int, hours: Hours | None) -> int:
    """Return how many bars *days* of the calendar, and those before them that are told too, have at most."""
    days += _RUN_UP.days
    if size is BarSize.DAY_1:
        return days
    sessions = () if hours is None else hours.sessions
    is_long = instrument.sec_type in _LONG_DAYS or any(one.end - one.start > _SHARE_DAY for one in sessions)
    never_rests = instrument.sec_type is SecType.CRYPTO or any(one.day.weekday() == _SATURDAY for one in sessions)
    week = 7 if never_rests else 6 if is_long else _SHARE_WEEK
    return -(-days * week // 7) * ((_DAY if is_long or never_rests else _SHARE_DAY) // size.duration)


def _seeding(plan: Plan, size: BarSize) -> int:
    """Return how many bars of *size* the rule's studies want before they say anything."""
    counts = [bars_needed(study) for study in _studies(plan.rule.draft.condition) if study.bar is size]
    if size is BarSize.DAY_1:
        counts += [days for _, days in plan.needs.daily]
    return max(counts, default=0)


def _days_of(instrument: Instrument, hours: Hours, bars: Mapping[Key, Sequence[Bar]]) -> set[date]:
    """Return the dates, at the venue, on which *instrument* traded."""
    found = set[date]()
    for (one, size), made in bars.items():
        if one == instrument:
            found |= {bar.start.date() for bar in made} if size is BarSize.DAY_1 else days_of(made, hours.zone)
    return found


def _always(instrument: Instrument, bars: Mapping[Key, Sequence[Bar]]) -> Hours:
    """Return hours that are open on all days on which *instrument* traded, by UTC."""
    midnights = (datetime.combine(day, time(), UTC) for day in _days_of(instrument, Hours("UTC", ()), bars))
    return Hours("UTC", tuple(Session(begin, begin + _DAY, begin.date()) for begin in sorted(midnights)))
