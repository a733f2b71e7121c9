"""
What contract details say about orders, in our words.

Facts: IBKR's contract details (order types and times in force in one list, a market rule for each of the valid
exchanges, lot sizes) and its order types page: fractions are taken for coins and currencies alone, and coins know two
types of order, of which a market purchase goes by an amount of money that our tickets do not carry.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Protocol

from broker import convert
from broker.library import ContractDetails
from market.instrument import SecType
from market.order import OrderType, Side, TimeInForce
from market.order_rules import OrderRules, Way

_DIVISIBLE = frozenset({SecType.FOREX, SecType.CRYPTO})
_COIN_TIMES = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC)
_COIN_WAYS: frozenset[Way] = frozenset(
    {(side, OrderType.LIMIT, time) for side in Side for time in _COIN_TIMES}
    | {(Side.SELL, OrderType.MARKET, TimeInForce.IOC)}
)
_ONE = Decimal(1)


class Step(Protocol):
    """One row of a market rule, as the library has it."""

    lowEdge: float  # noqa: N815  the library's name
    increment: float


@dataclass(frozen=True, slots=True)
class Terms:
    """An instrument's rules with its minimum tick alone, and the market rules of its exchanges, in their order."""

    rules: OrderRules
    exchanges: str
    rule_ids: str

    def rule_of(self, exchange: str) -> int:
        """Return the market rule that counts at *exchange*; 0 where IBKR names none."""
        pairs = zip(self.exchanges.split(","), self.rule_ids.split(","), strict=False)
        found = dict(pairs).get(exchange, "").strip()
        return int(found) if found.isdecimal() else 0


def terms(details: ContractDetails, sec_type: SecType) -> Terms:
    """Return what *details* say about orders; sizes of what cannot be divided are whole."""
    least = Decimal(0) if sec_type in _DIVISIBLE else _ONE
    tick = convert.money(convert.tick(details))
    return Terms(
        OrderRules(
            order_types=codes(details.orderTypes),
            min_size=max(_size(details.minSize), least),
            size_increment=max(_size(details.sizeIncrement), least),
            price_steps=((Decimal(0), tick if tick and tick > 0 else Decimal("0.01")),),
            ways=_COIN_WAYS if sec_type is SecType.CRYPTO else frozenset(),
        ),
        details.validExchanges,
        details.marketRuleIds,
    )


def stepped(rules: OrderRules, steps: Iterable[Step]) -> OrderRules:
    """Return *rules* with a market rule's steps; as they are where it has none."""
    rows = [(convert.money(one.lowEdge), convert.money(one.increment)) for one in steps]
    known = sorted((start, step) for start, step in rows if start is not None and step is not None and step > 0)
    return replace(rules, price_steps=tuple(known)) if known else rules


def combined(legs: Iterable[OrderRules]) -> OrderRules:
    """
    Return the rules of a combo of these legs: what all of them take, at the finest of their steps.

    IBKR has no contract details for combos; net prices go by cents, or by the legs' own finer step.
    """
    listed = list(legs)
    said = [one.order_types for one in listed if one.order_types]
    return OrderRules(
        order_types=frozenset.intersection(*said) if said else frozenset(),
        min_size=_ONE,
        size_increment=_ONE,
        price_steps=((Decimal(0), min(step for one in listed for _, step in one.price_steps)),),
    )


@lru_cache(maxsize=256)
def codes(listed: str) -> frozenset[str]:
    """Return the codes in a comma list; nearly all instruments share a few lists."""
    return frozenset(code.strip() for code in listed.split(",")) - {""}


def _size(value: float) -> Decimal:
    size = convert.money(value)
    return size if size is not None and 0 < size < convert.UNSET_INTEGER else Decimal(0)
