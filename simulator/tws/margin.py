"""
Margin: what a set of holdings requires.

Rates are of the order of IBKR's published ones (shares 30 % and 25 %, currencies 3 %, cryptocurrencies in full,
futures an amount a contract). A long option is paid in full; a short one needs a fifth of its underlying less what it
is out of the money, at least a tenth, and its own value; a short one that a long one of the same expiry covers needs
the distance of their strikes at most (Cboe's rules for naked and spread positions).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from simulator.tws.instrument import Instrument

_FUTURES = {"ES": (15_400.0, 14_000.0)}
_RATES = {"STK": (0.30, 0.25), "CASH": (0.03, 0.025), "CRYPTO": (1.0, 1.0), "FUT": (0.08, 0.07)}
_SHORT_RATE, _SHORT_LEAST = 0.2, 0.1

Holding = tuple[Instrument, float]


@dataclass(frozen=True, slots=True)
class Worth:
    """What counts of a price: a unit's *value* in dollars, and its underlying's *under* price (0 where it has none)."""

    value: float
    under: float = 0.0


def requirement(holdings: Iterable[Holding], worth: Callable[[Instrument], Worth]) -> tuple[float, float]:
    """Return the initial and the maintenance margin of *holdings*, in dollars."""
    initial = maintenance = 0.0
    options: dict[tuple[str, str, str], list[Holding]] = defaultdict(list)
    for one, quantity in holdings:
        if one.is_option:
            options[one.under_key, one.expiry, one.right].append((one, quantity))
            continue
        needs = _needs(one, abs(quantity), worth)
        initial, maintenance = initial + needs[0], maintenance + needs[1]
    for series in options.values():
        needed = _series(series, worth)
        initial, maintenance = initial + needed, maintenance + needed
    return initial, maintenance


def _needs(one: Instrument, size: float, worth: Callable[[Instrument], Worth]) -> tuple[float, float]:
    if one.sec_type == "FUT" and one.symbol in _FUTURES:
        initial, maintenance = _FUTURES[one.symbol]
        return size * initial, size * maintenance
    rates = _RATES.get(one.sec_type, (1.0, 1.0))
    value = size * worth(one).value
    return value * rates[0], value * rates[1]


def _series(series: list[Holding], worth: Callable[[Instrument], Worth]) -> float:
    """Return what options of one underlying, expiry and right require; the best cover goes to the nearest strike."""
    longs = sorted(((one, quantity) for one, quantity in series if quantity > 0), key=lambda held: held[0].strike)
    paid = sum(quantity * worth(one).value for one, quantity in longs)
    cover = [[one.strike, quantity] for one, quantity in longs]
    needed = 0.0
    for one, quantity in series:
        left = -quantity
        for own in sorted(cover, key=lambda strike: _gap(one, strike[0])):
            matched = min(left, own[1])
            if matched <= 0:
                continue
            needed += matched * min(_gap(one, own[0]) * one.factor, _naked(one, worth))
            own[1] -= matched
            left -= matched
        needed += max(left, 0.0) * _naked(one, worth)
    return paid + needed


def _gap(short: Instrument, strike: float) -> float:
    """Return the most that a short option can lose against a long one of *strike*, per unit of the underlying."""
    return max(0.0, strike - short.strike if short.right == "C" else short.strike - strike)


def _naked(one: Instrument, worth: Callable[[Instrument], Worth]) -> float:
    priced = worth(one)
    out = max(0.0, one.strike - priced.under if one.right == "C" else priced.under - one.strike)
    base = max(_SHORT_RATE * priced.under - out, _SHORT_LEAST * priced.under)
    return base * one.factor + priced.value
