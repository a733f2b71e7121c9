"""How a rule fires over its life: how often, when again, and in which hours. As typed, else as its kind does."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.condition import Draft, Repeat, TradingTime
from alerts.default import Rearm, defaults_of


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


# Most rules have the same manner: one object serves them all.
_known: dict[Manner, Manner] = {}


def manner_of(draft: Draft) -> Manner:
    """Return how *draft* fires."""
    options, defaults = draft.options, defaults_of(draft)
    manner = Manner(
        defaults.repeat is Repeat.EVERY,
        defaults.cooldown,
        defaults.rearm,
        defaults.session is TradingTime.RTH,
        options.hold,
        options.most,
        options.until,
    )
    return _known.setdefault(manner, manner) if options.until is None else manner
