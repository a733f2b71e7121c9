"""Options on an instrument: which there may be, and what IBKR's model says of one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OptionChain:
    """
    What options there are on an instrument, of one *trading_class* at one *exchange*.

    *expiries* (YYYYMMDD) and *strikes* ascend. Not each strike is listed for each expiry (IBKR, reqSecDefOptParams:
    both are sets over the whole class).
    """

    expiries: tuple[str, ...]
    strikes: tuple[float, ...]
    multiplier: str = "100"
    exchange: str = "SMART"
    trading_class: str = ""


@dataclass(frozen=True, slots=True)
class Greeks:
    """
    What IBKR's model says of one option, None where it says nothing.

    *implied_volatility* a year (0.25: 25 %), *theta* a day, *vega* a point of volatility.
    """

    delta: float | None = None
    gamma: float | None = None
    theta: float | None = None
    vega: float | None = None
    implied_volatility: float | None = None
