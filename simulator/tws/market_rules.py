"""
Market rules: how fine a price may be, by how high it is.

A rule is a list of steps (from this price, this increment). The numbers 26, 32, 67, 109 and 239 are public ones of
Interactive Brokers; the prices of a rule are as `reqMarketRule` tells them.
"""

import math

RULES: dict[int, tuple[tuple[float, float], ...]] = {
    26: ((0.0, 0.01),),
    32: ((0.0, 0.01), (3.0, 0.05)),
    67: ((0.0, 0.25),),
    109: ((0.0, 0.01),),
    110: ((0.0, 0.05), (10.0, 0.25)),
    239: ((0.0, 0.00005),),
    1869: ((0.0, 0.0001), (1.0, 0.001), (10.0, 0.005), (50.0, 0.01), (100.0, 0.02)),
    1874: ((0.0, 0.0001), (1.0, 0.001), (10.0, 0.005), (50.0, 0.01), (100.0, 0.05)),
    1895: ((0.0, 0.02),),
    2715: ((0.0, 0.25),),
    2716: ((0.0, 0.05),),
}


def increment(rule: int, price: float) -> float:
    """Return the step between prices around *price*; a price below zero (of a combination) counts by its size."""
    steps = RULES[rule]
    if len(steps) == 1:
        return steps[0][1]
    size = abs(price) + 1e-9
    return next(step for start, step in reversed(steps) if size >= start)


def is_on_grid(rule: int, price: float) -> bool:
    """Whether *price* is one that the rule allows."""
    step = increment(rule, price)
    return math.isclose(price, round(price / step) * step, abs_tol=step / 1000)
