"""How a rule fires over its life: how often, when again, and in which hours. As typed, else as its kind does."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from alerts.condition import Comparison, Condition, Crossing, Direction, Draft, Op, Options, Repeat, TradingTime
from alerts.default import Rearm, defaults_of
from alerts.operand import Number, Price


@dataclass(frozen=True, slots=True)
class Manner:
    """
    *repeats*: it fires more than once; *cooldown* keeps it silent after each firing.

    *hold* is how long it must be true, *most* how often it may fire once armed, *until* its end. *is_rth*: it counts
    in regular hours only.
    """

    repeats: bool
    cooldown: timedelta
    rearm: Rearm
    is_rth: bool
    hold: timedelta | None
    most: int | None
    until: datetime | None


def manner_of(draft: Draft) -> Manner:
    """Return how *draft* fires."""
    condition = draft.condition
    if is_plain(condition):
        return _plain_manner(draft.options, is_crossing=isinstance(condition, Crossing))
    return _manner(draft)


def is_plain(condition: Condition) -> bool:
    """Return whether *condition* is about a price and a number: what kind it is follows from its class alone."""
    return (
        isinstance(condition, Comparison | Crossing)
        and isinstance(condition.left, Price)
        and isinstance(condition.right, Number)
    )


def is_regular(draft: Draft) -> bool:
    """Return whether *draft* looks at bars of regular hours only: it does unless it says `eth`."""
    return draft.options.hours is not TradingTime.ETH


# A start reads thousands of rules of the same manner; one object serves them all.
@lru_cache(1024)
def _plain_manner(options: Options, *, is_crossing: bool) -> Manner:
    price, number = Price(""), Number(1.0)
    if is_crossing:
        return _manner(Draft(Crossing(price, Direction.EITHER, number), options))
    return _manner(Draft(Comparison(price, Op.GT, number), options))


def _manner(draft: Draft) -> Manner:
    options, defaults = draft.options, defaults_of(draft)
    return Manner(
        defaults.repeat is Repeat.EVERY,
        defaults.cooldown,
        defaults.rearm,
        defaults.session is TradingTime.RTH,
        options.hold,
        options.most,
        options.until,
    )
