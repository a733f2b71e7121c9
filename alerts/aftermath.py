"""A firing and what the price did after it."""

from dataclasses import dataclass
from datetime import timedelta

from alerts.rule import Firing, NewsCause, PriceCause
from market.instrument import Instrument
from market.quote import TickField

PRICES = frozenset({TickField.LAST, TickField.BID, TickField.ASK, TickField.HIGH, TickField.LOW, TickField.OPEN})
"""The ticks that are prices of their instrument as it stands; the others are volumes, greeks, halts, a close before."""

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """A firing and the prices 1 h and 1 d after it; None where they are not known (yet)."""

    firing: Firing
    after_hour: float | None = None
    after_day: float | None = None

    @property
    def price(self) -> float | None:
        """The price that fired it, or None for a firing that no price did (a volume, an option's greek)."""
        cause = self.firing.cause
        return cause.price if isinstance(cause, PriceCause) and cause.field in PRICES else None


def instrument_of(firing: Firing) -> Instrument | None:
    """Return the instrument whose price is worth following after *firing*: that of a price or of a headline."""
    cause = firing.cause
    return cause.instrument if isinstance(cause, PriceCause | NewsCause) else None
