"""
Our own limits: what each may be set to, and which of two is the tighter.

The environment sets the ceiling. What is set in the chat can only be tighter, for everybody or for one person.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from market.instrument import SecType


@dataclass(frozen=True, slots=True)
class Limits:
    """
    What one person may order; None means off.

    Money is in the account's base currency. *order_value* is the most that one order may come to, *daily_value* that
    all of a day's may, *total_daily_value* that those of all people together may. *orders_per_minute* counts one
    person's confirmed orders, *total_orders_per_minute* everybody's. *position_value* and *net_liquidation_pct* bound
    what is held of an instrument afterwards. *collar_pct* is how far a limit price may reach through the market,
    *duplicate_s* how soon the same order may be confirmed again, *quote_age_s* how old the live quote may be (delayed
    data is older than that). *symbols* are the only ones allowed, *forbidden* never are, *kinds* the kinds allowed.
    *short_selling* and *closed_market* allow what they say; *buying_power* demands that it suffices. A day that has
    lost *daily_loss* is over, but for orders that reduce.
    """

    order_value: Decimal | None = Decimal(50_000)
    quote_age_s: float | None = 60.0
    collar_pct: Decimal | None = Decimal(20)
    orders_per_minute: int | None = 10
    kinds: frozenset[SecType] | None = frozenset({SecType.STOCK})
    daily_value: Decimal | None = None
    total_daily_value: Decimal | None = None
    total_orders_per_minute: int | None = None
    position_value: Decimal | None = None
    net_liquidation_pct: Decimal | None = None
    duplicate_s: float | None = None
    symbols: frozenset[str] | None = None
    forbidden: frozenset[str] = frozenset()
    short_selling: bool = True
    closed_market: bool = True
    buying_power: bool = False
    daily_loss: Decimal | None = None


def _smaller(one: Any, other: Any) -> Any:  # noqa: ANN401  any kind of number, or None for none
    return other if one is None else one if other is None else min(one, other)


def _larger(one: Any, other: Any) -> Any:  # noqa: ANN401  as above
    return other if one is None else one if other is None else max(one, other)


def _both(one: Any, other: Any) -> Any:  # noqa: ANN401  sets, or None for everything
    return other if one is None else one if other is None else one & other


def tighter(name: str, one: Any, other: Any) -> Any:  # noqa: ANN401  each limit has a type of its own
    """Return of two values of the limit called *name* the one that allows less; of two sets what both allow."""
    return _choice(name)(one, other)


def _choice(name: str) -> Callable[[Any, Any], Any]:
    match name:
        case "duplicate_s":
            return _larger
        case "symbols" | "kinds":
            return _both
        case "forbidden" | "buying_power":
            return lambda one, other: one | other
        case "short_selling" | "closed_market":
            return lambda one, other: one and other
        case _:
            return _smaller


def with_limit(limits: Limits, name: str, value: object) -> Limits:
    """Return *limits* with the one called *name* as tight as *value*, or as tight as it was."""
    return replace(limits, **{name: tighter(name, getattr(limits, name), value)})
