"""What IBKR takes of an instrument: which types of order, in which sizes, at which prices."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from market.order import OrderTicket, OrderType, Side, TimeInForce

Way = tuple[Side, OrderType, TimeInForce]

# Contract details list types and times in force together, by codes that are not all those of an order.
_CODES = {OrderType.STOP_LIMIT: "STPLMT", OrderType.MIDPRICE: "MIDPX"}
_ALGO = "ALGO"
_OCA = "OCA"


@dataclass(frozen=True, slots=True)
class OrderRules:
    """
    The rules for orders of one instrument, from IBKR's contract details and market rules.

    *order_types* are IBKR's own codes of types and times in force (`LMT`, `STPLMT`, `MIDPX`, `GTC`, `OPG`, `ALGO`, …),
    empty where IBKR does not say. *min_size* and *size_increment* are in units of the instrument, 0 where IBKR does not
    say. *price_steps* are (from price, increment), rising: of a price the last step counts whose start is not above it,
    and of one below zero the step of the same price above. *ways*, where there are any, are the only ones that are
    taken: coins have few.
    """

    order_types: frozenset[str]
    min_size: Decimal
    size_increment: Decimal
    price_steps: tuple[tuple[Decimal, Decimal], ...]
    ways: frozenset[Way] = frozenset()

    def lacking(self, ticket: OrderTicket) -> tuple[str, ...]:
        """Return what *ticket* needs and IBKR does not take of this instrument, in IBKR's codes; empty: it fits."""
        needed = list(dict.fromkeys(_needed(ticket)))
        found = [code for code in needed if self.order_types and code not in self.order_types]
        if found or not self.ways or ticket.order_type is None:
            return tuple(found)
        if (ticket.side, ticket.order_type, ticket.time_in_force) in self.ways:
            return ()
        return (f"{ticket.side} {ticket.order_type} {ticket.time_in_force}",)

    def step_at(self, price: Decimal) -> Decimal:
        """Return the smallest difference between two prices at *price*."""
        fitting = [step for start, step in self.price_steps if start <= abs(price)]
        return fitting[-1] if fitting else self.price_steps[0][1]

    def is_price(self, price: Decimal) -> bool:
        """Return whether *price* is on the grid."""
        return not price % self.step_at(price)

    def price_below(self, price: Decimal) -> Decimal:
        """Return the highest price on the grid that is not above *price*."""
        return self._snapped(price, ROUND_FLOOR)

    def price_above(self, price: Decimal) -> Decimal:
        """Return the lowest price on the grid that is not below *price*."""
        return self._snapped(price, ROUND_CEILING)

    def is_size(self, quantity: Decimal) -> bool:
        """Return whether *quantity* is one that is taken."""
        if quantity < self.min_size:
            return False
        return not self.size_increment or not quantity % self.size_increment

    def size_below(self, quantity: Decimal) -> Decimal:
        """Return the largest size that is taken and not above *quantity*; 0 where there is none."""
        step = self.size_increment
        whole = (quantity / step).to_integral_value(ROUND_FLOOR) * step if step else quantity
        return whole if whole >= self.min_size and whole > 0 else Decimal(0)

    def _snapped(self, price: Decimal, rounding: str) -> Decimal:
        step = self.step_at(price)
        return (price / step).to_integral_value(rounding) * step


def _needed(ticket: OrderTicket) -> Iterator[str]:
    """Yield the codes of everything that *ticket* sends, its children's too."""
    if ticket.order_type is not None:
        yield _CODES.get(ticket.order_type, ticket.order_type.value)
    yield ticket.time_in_force.value
    if ticket.algo is not None:
        yield _ALGO
    if ticket.take_profit is not None:
        yield OrderType.LIMIT.value
    if ticket.stop_loss is not None or ticket.oco_stop is not None:
        yield OrderType.STOP.value
    if ticket.oco_stop is not None:
        yield _OCA
