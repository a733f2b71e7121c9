"""
A stop loss and a target that would suit an order: a suggestion, which only a person's tap makes a part of one.

The stop is as far away as the instrument moves in a day (its average true range), so that an ordinary day does not
reach it; the target is twice as far. Where the range is not known, two percent stands for it.
"""

from dataclasses import dataclass
from decimal import Decimal

from market.instrument import Instrument
from market.ticket import Side

_USUAL_PCT = Decimal(2)
_REWARD = 2
_MOST_PCT = Decimal(50)


@dataclass(frozen=True, slots=True)
class Guarding:
    """Prices for a bracket's children; *is_usual* where nothing is known of how far the instrument moves."""

    stop_loss: Decimal
    take_profit: Decimal
    is_usual: bool = False


def guarding(side: Side, entry: Decimal | None, instrument: Instrument, day_range: float | None) -> Guarding | None:
    """Return a suggestion for an order filled at *entry*, on the instrument's price steps; None where none fits."""
    step = Decimal(repr(instrument.min_tick))
    if entry is None or entry <= 0 or step <= 0:
        return None
    away = entry * _USUAL_PCT / 100 if not day_range else Decimal(repr(round(day_range, 8)))
    # A range of half the price is no ordinary day's: then the usual share says more.
    is_usual = not day_range or away > entry * _MOST_PCT / 100
    if is_usual:
        away = entry * _USUAL_PCT / 100
    steps = max((away / step).to_integral_value(), Decimal(1))
    sign = 1 if side is Side.BUY else -1
    base = (entry / step).to_integral_value()
    stop, target = (base - sign * steps) * step, (base + sign * steps * _REWARD) * step
    lower = min(stop, target)
    return Guarding(stop, target, is_usual) if lower > 0 else None
