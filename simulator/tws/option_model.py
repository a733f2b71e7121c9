"""Prices and greeks of options after Black and Scholes, without interest or dividends."""

import math
from dataclasses import dataclass

_YEAR = 365.25 * 86400
# An option on its last day still has an hour's worth of time here, so that nothing divides by zero.
_LEAST_TIME = 3600 / _YEAR


@dataclass(frozen=True, slots=True)
class Greeks:
    """An option's model values; *theta* per day, *vega* per point of volatility."""

    price: float
    delta: float
    gamma: float
    vega: float
    theta: float


def greeks(under: float, strike: float, right: str, seconds: float, volatility: float) -> Greeks:
    """Return the model values of an option that expires in *seconds*; *right* is C or P."""
    years = max(seconds / _YEAR, _LEAST_TIME)
    root = volatility * math.sqrt(years)
    first = (math.log(under / strike) + root * root / 2) / root
    second = first - root
    call = under * _normal(first) - strike * _normal(second)
    density = math.exp(-first * first / 2) / math.sqrt(2 * math.pi)
    is_call = right == "C"
    return Greeks(
        price=call if is_call else call - under + strike,
        delta=_normal(first) if is_call else _normal(first) - 1,
        gamma=density / (under * root),
        vega=under * density * math.sqrt(years) / 100,
        theta=-under * density * volatility / (2 * math.sqrt(years)) / 365,
    )


def _normal(value: float) -> float:
    return (1 + math.erf(value / math.sqrt(2))) / 2
