"""
The guards that every order passes, twice: when it is proposed, and again right before it is sent.

A guard allows what stands exactly at its edge. None switches one off. An order that only makes a position smaller is
counted like any other, but never held up by how much was traded before: what must be closed can be closed.
"""

from collections.abc import Sequence
from decimal import Decimal

from market.instrument import Instrument
from market.ticket import OrderTicket
from trading.bounds import Limits
from trading.circumstances import Circumstances, Ordered
from trading.errors import OrderDenied
from trading.exposure import exact, market_price, order_value
from trading.price_guards import check_closed, check_collar, check_quantity, check_quote, check_tick, check_type
from trading.size_guards import (
    check_duplicate,
    check_kind,
    check_loss,
    check_rates,
    check_short,
    check_symbol,
    check_trading,
    check_values,
    is_reducing,
)
from trading.state import TradingState, TradingStateSource, always_active

__all__ = [
    "Circumstances",
    "Limits",
    "TradingState",
    "TradingStateSource",
    "always_active",
    "check",
    "check_all",
    "exact",
    "market_price",
    "order_value",
]


def check(limits: Limits, ticket: OrderTicket, instrument: Instrument, given: Circumstances) -> None:
    """Return if nothing forbids the order; raise OrderDenied with the first limit that does."""
    _checked(limits, ticket, instrument, given)


def check_all(limits: Limits, orders: Sequence[tuple[OrderTicket, Instrument, Circumstances]]) -> None:
    """
    Check several orders of one Confirm, each as if those before it were sent.

    Each counts for the rate, the day's value, the position and the buying power. A bracket is one order: its children
    close what it opens. Raises OrderDenied, which then tells of which instrument.
    """
    earlier: list[Ordered] = []
    for ticket, instrument, given in orders:
        now = given
        for one in earlier:
            now = now.after(one, instrument)
        try:
            value = _checked(limits, ticket, instrument, now)
        except OrderDenied as denial:
            denial.about = instrument.label if len(orders) > 1 else ""
            raise
        reducing = is_reducing(ticket, now)
        earlier.append(Ordered(ticket, instrument, given.account, value, reducing))


def _checked(limits: Limits, ticket: OrderTicket, instrument: Instrument, given: Circumstances) -> Decimal:
    check_trading(ticket, given)
    check_symbol(limits, instrument)
    check_kind(limits, instrument)
    check_loss(limits, ticket, given)
    check_rates(limits, ticket, given)
    check_duplicate(limits, given)
    check_quantity(ticket, instrument, given)
    check_type(ticket, given)
    check_tick(ticket, instrument, given)
    check_quote(limits, ticket, given)
    check_closed(limits, ticket, given)
    check_collar(limits, ticket, instrument, given.quote)
    check_short(limits, ticket, instrument, given)
    return check_values(limits, ticket, instrument, given)
