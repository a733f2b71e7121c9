"""
How a rule behaves where nothing was typed: PRODUCT A1's table of defaults, as data.

A compound behaves as its first part that fires once does, else as its first part.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from alerts.condition import (
    AtSession,
    AtTime,
    Channel,
    Comparison,
    Condition,
    Crossing,
    DayMove,
    Draft,
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
from alerts.leaf import operands_of, singles
from alerts.operand import (
    AccountValue,
    AverageCost,
    AverageVolume,
    Extreme,
    Indicator,
    OptionValue,
    PositionValue,
    Volume,
)


class Kind(StrEnum):
    """The kinds of PRODUCT A1."""

    LEVEL = "level"
    RANGE = "range"
    CROSSING = "crossing"
    CHANNEL = "channel"
    DAY_MOVE = "day move"
    GAP = "gap"
    VELOCITY = "velocity"
    TRAILING = "trailing"
    VOLUME = "volume"
    INDICATOR = "indicator"
    OPTION = "option"
    POSITION = "position"
    ACCOUNT = "account"
    SCANNER = "scanner"
    NEWS = "news"
    ORDERS = "orders"
    TIME = "time"
    FEED = "feed"


class Rearm(StrEnum):
    """When a rule that repeats may fire again."""

    FALSE = "false"
    """It was false, by the hysteresis."""
    SIDE = "side"
    """The price was on the other side, by the hysteresis."""
    SESSION = "session"
    """The next session."""
    COOLDOWN = "cooldown"
    """The cooldown is over, whether it was false or not."""
    AT_ONCE = "at once"
    """Nothing is needed: each headline, order or moment is one of its own."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """
    What holds for a rule, typed options included.

    *session* None is any time. Data older than *stale_after* is unknown (where little is traded:
    *stale_after_quiet*); zero: it does not grow old. *hysteresis_pct* is in % of the level, and at least
    *hysteresis_ticks* of the instrument's.
    """

    repeat: Repeat
    cooldown: timedelta
    rearm: Rearm
    hysteresis_pct: float
    session: TradingTime | None
    stale_after: timedelta
    kind: Kind
    hysteresis_ticks: int = 0
    stale_after_quiet: timedelta = timedelta()


def _row(
    kind: Kind,
    repeat: Repeat,
    rearm: Rearm,
    *,
    cooldown: timedelta = timedelta(),
    pct: float = 0.0,
    ticks: int = 0,
    session: TradingTime | None = None,
    stale: tuple[timedelta, timedelta] = (timedelta(), timedelta()),
) -> Defaults:
    return Defaults(repeat, cooldown, rearm, pct, session, stale[0], kind, ticks, stale[1])


_ONCE, _EVERY, _RTH = Repeat.ONCE, Repeat.EVERY, TradingTime.RTH
_TRADED = (timedelta(seconds=30), timedelta(minutes=5))
_MINUTE, _TWO_MINUTES = (timedelta(minutes=1),) * 2, (timedelta(minutes=2),) * 2
_HOUR = timedelta(hours=1)
TABLE = {
    row.kind: row
    for row in (
        _row(Kind.LEVEL, _ONCE, Rearm.FALSE, pct=0.1, ticks=2, stale=_TRADED),
        _row(Kind.RANGE, _ONCE, Rearm.FALSE, pct=0.1, ticks=2, stale=_TRADED),
        _row(Kind.CROSSING, _ONCE, Rearm.SIDE, pct=0.1, ticks=2, stale=_TRADED),
        _row(Kind.CHANNEL, _ONCE, Rearm.SIDE, pct=0.1, ticks=2, stale=_TRADED),
        _row(Kind.DAY_MOVE, _EVERY, Rearm.SESSION, session=_RTH, stale=_TRADED),
        _row(Kind.GAP, _EVERY, Rearm.SESSION, session=_RTH, stale=_TRADED),
        _row(Kind.VELOCITY, _EVERY, Rearm.COOLDOWN, cooldown=timedelta(minutes=15), stale=_TRADED),
        _row(Kind.TRAILING, _ONCE, Rearm.FALSE, stale=_TRADED),
        _row(Kind.VOLUME, _EVERY, Rearm.SESSION, session=_RTH, stale=_MINUTE),
        # An indicator's cooldown and age are counted in its own bars: `defaults_of` fills them in.
        _row(Kind.INDICATOR, _EVERY, Rearm.FALSE, session=_RTH),
        _row(Kind.OPTION, _EVERY, Rearm.FALSE, cooldown=_HOUR, pct=5.0, stale=_TWO_MINUTES),
        _row(Kind.POSITION, _EVERY, Rearm.FALSE, cooldown=_HOUR, pct=5.0, stale=_TWO_MINUTES),
        _row(Kind.ACCOUNT, _EVERY, Rearm.FALSE, cooldown=_HOUR, pct=5.0, stale=_TWO_MINUTES),
        _row(Kind.SCANNER, _EVERY, Rearm.AT_ONCE),
        _row(Kind.NEWS, _EVERY, Rearm.AT_ONCE),
        _row(Kind.ORDERS, _EVERY, Rearm.AT_ONCE),
        _row(Kind.TIME, _EVERY, Rearm.AT_ONCE),
        _row(Kind.FEED, _EVERY, Rearm.FALSE),
    )
}
"""One row for each kind."""


def defaults_of(draft: Draft) -> Defaults:
    """Return how *draft* behaves: as typed, else as its kind does."""
    options, row = draft.options, TABLE[kind_of(draft.condition)]
    is_typed = options.repeat is not None or options.cooldown is not None or options.most is not None
    once_a_session = row.rearm is Rearm.SESSION
    bar = _longest_bar(draft.condition)
    return Defaults(
        repeat=repeat_of(draft),
        cooldown=cooldown_of(draft),
        # `every` after a day move is more than its own once a session.
        rearm=Rearm.FALSE if is_typed and once_a_session else row.rearm,
        hysteresis_pct=row.hysteresis_pct if options.hysteresis_pct is None else options.hysteresis_pct,
        session=row.session if options.hours is None else options.hours,
        stale_after=2 * bar if row.kind is Kind.INDICATOR else row.stale_after,
        kind=row.kind,
        hysteresis_ticks=row.hysteresis_ticks if options.hysteresis_pct is None else 0,
        stale_after_quiet=2 * bar if row.kind is Kind.INDICATOR else row.stale_after_quiet,
    )


def repeat_of(draft: Draft) -> Repeat:
    """Return how often *draft* fires: as typed (`cooldown` or `max` alone say `every`), else as its kind does."""
    options = draft.options
    if options.repeat is not None:
        return options.repeat
    if options.cooldown is not None or options.most is not None:
        return Repeat.EVERY
    return TABLE[kind_of(draft.condition)].repeat


def cooldown_of(draft: Draft) -> timedelta:
    """Return how long a repeating *draft* keeps silent after it fired: as typed, else as its kind does."""
    if draft.options.cooldown is not None:
        return draft.options.cooldown
    return max(TABLE[kind_of(draft.condition)].cooldown, _longest_bar(draft.condition))


def kind_of(condition: Condition) -> Kind:
    """Return the kind that says how *condition* behaves."""
    kinds = [_leaf_kind(leaf) for leaf in singles(condition)]
    return next((kind for kind in kinds if TABLE[kind].repeat is Repeat.ONCE), kinds[0])


_KINDS: dict[type, Kind] = {
    Crossing: Kind.CROSSING,
    Channel: Kind.CHANNEL,
    Velocity: Kind.VELOCITY,
    Trailing: Kind.TRAILING,
    PositionMove: Kind.POSITION,
    ScanEntry: Kind.SCANNER,
    NewsMatch: Kind.NEWS,
    OrderMatch: Kind.ORDERS,
    AtTime: Kind.TIME,
    EveryTime: Kind.TIME,
    AtSession: Kind.TIME,
    Stale: Kind.FEED,
}
_OPERAND_KINDS: tuple[tuple[type, Kind], ...] = (
    (AccountValue, Kind.ACCOUNT),
    (PositionValue, Kind.POSITION),
    (AverageCost, Kind.POSITION),
    (OptionValue, Kind.OPTION),
    (Volume, Kind.VOLUME),
    (AverageVolume, Kind.VOLUME),
    (Indicator, Kind.INDICATOR),
    (Extreme, Kind.RANGE),
)


def _leaf_kind(leaf: Condition) -> Kind:
    if isinstance(leaf, DayMove):
        return Kind.GAP if leaf.is_gap else Kind.DAY_MOVE
    if isinstance(leaf, Comparison):
        found = {type(operand) for operand in operands_of(leaf)}
        return next((kind for of, kind in _OPERAND_KINDS if of in found), Kind.LEVEL)
    return _KINDS[type(leaf)]


def _longest_bar(condition: Condition) -> timedelta:
    bars = (o.bar.duration for o in operands_of(condition) if isinstance(o, Indicator))
    return max(bars, default=timedelta())
