"""
Algorithms that work an order off: the adaptive one, and those that spread it over time (TWAP, VWAP).

Names, attributes and their values are those of IBKR's page "IB Algorithms". What a real algorithm decides from the
market is here a fixed schedule, so that the same clock gives the same fills: how much of the order may be done by
when. Other strategies are not simulated (439).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

# Seconds between two slices, and how many there are.
_ADAPTIVE = {"Urgent": (0.0, 1), "Normal": (2.0, 2), "Patient": (5.0, 4)}
_EVEN = (1.0,) * 10
# A session's volume is high at both ends.
_BY_VOLUME = (3.0, 2.0, 1.5, 1.0, 1.0, 1.0, 1.0, 1.5, 2.0, 3.0)
_TWAP_TYPES = {"Marketable", "Matching Midpoint", "Matching Same Side", "Matching Last"}
_TIMES = {"startTime", "endTime", "allowPastEndTime"}
ATTRIBUTES = {
    "Adaptive": frozenset({"adaptivePriority"}),
    "Twap": frozenset({"strategyType", "monetaryValue", *_TIMES}),
    "Vwap": frozenset({"maxPctVol", "noTakeLiq", "speedUp", "monetaryValue", *_TIMES}),
}


class AlgoRefused(Exception):
    """An algorithm's attributes are wrong: *code* and *message* as TWS would answer."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Algo:
    """
    A schedule: from *start* on (seconds since 1970), a slice of each weight, *step_s* apart.

    *end* is when the rest is given up, None where it works on until it is filled.
    """

    strategy: str
    start: float
    step_s: float
    weights: tuple[float, ...]
    end: float | None

    def due(self, now: float, quantity: float, lot: float) -> float:
        """Return how much of *quantity* may have been filled by *now*, in whole lots."""
        if now < self.start:
            return 0.0
        begun = len(self.weights) if not self.step_s else int((now - self.start) / self.step_s + 1e-9) + 1
        if begun >= len(self.weights):
            return quantity
        share = quantity * sum(self.weights[:begun]) / sum(self.weights)
        return round(math.ceil(share / lot - 1e-9) * lot, 8)


def algo_of(strategy: str, given: Mapping[str, str], times: tuple[float | None, float | None], until: float) -> Algo:
    """
    Return the algorithm *strategy* with the attributes *given*; raises AlgoRefused (439, 441, 443).

    *times* are its start and end as read from the attributes, by default now (the first must be given) and *until*.
    """
    if strategy not in ATTRIBUTES:
        raise AlgoRefused(439, "Order processing failed. Algorithm definition not found.")
    unknown = given.keys() - ATTRIBUTES[strategy]
    if unknown:
        raise AlgoRefused(443, f"Order processing failed. Unknown algo attribute.{min(unknown)}")
    start, end = times
    if strategy == "Adaptive":
        return _adaptive(given.get("adaptivePriority", "Normal"), start or 0.0)
    if strategy == "Twap" and given.get("strategyType", "Marketable") not in _TWAP_TYPES:
        raise _invalid("strategyType")
    if strategy == "Vwap" and not 0 < _share(given.get("maxPctVol", "0.1")) <= 0.5:  # noqa: PLR2004 - IBKR's bound
        raise _invalid("maxPctVol")
    begin = start or 0.0
    last = until if end is None else end
    if last <= begin:
        raise _invalid("endTime")
    weights = _EVEN if strategy == "Twap" else _BY_VOLUME
    gives_up = end is not None and given.get("allowPastEndTime", "0") not in {"1", "true"}
    return Algo(strategy, begin, (last - begin) / len(weights), weights, end if gives_up else None)


def _adaptive(priority: str, now: float) -> Algo:
    if priority not in _ADAPTIVE:
        raise _invalid("adaptivePriority")
    step, count = _ADAPTIVE[priority]
    return Algo("Adaptive", now, step, (1.0,) * count, None)


def _share(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        raise _invalid("maxPctVol") from None


def _invalid(name: str) -> AlgoRefused:
    return AlgoRefused(441, f"Algo attributes validation failed:{name} is not valid")
