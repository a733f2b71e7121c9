"""
What is to be ordered, as a person would write it: `buy 10 AAPL 199.5`.

A line is *side quantity symbol*, then a price or type and options in any order; docs/orders.md has the whole of it.
The word after the quantity is the symbol whatever it spells, so that `ALL`, `DAY` or `GTC` can be traded too. Without a
price the ticket has no order type: it is asked for, never guessed.

Text <-> ticket. The ticket itself is in `market/order.py` and can be imported from here.
"""

from datetime import tzinfo
from zoneinfo import ZoneInfo

from market.errors import TicketContradiction, TicketSyntaxError
from market.order import (
    MOST_DECIMALS,
    TIMES,
    Algo,
    Fault,
    OrderTicket,
    OrderType,
    Side,
    Size,
    SizeUnit,
    TimeInForce,
    Urgency,
)
from market.ticket_example import fitting
from market.ticket_line import EXAMPLES
from market.ticket_number import plain
from market.ticket_reading import KEYWORDS, UNDERSTOOD, TicketReader
from market.ticket_size import UNITS
from market.ticket_writing import ticket_line

__all__ = [
    "EXAMPLES",
    "KEYWORDS",
    "MOST_DECIMALS",
    "SIZE_UNITS",
    "TIMES",
    "UNDERSTOOD",
    "Algo",
    "Fault",
    "OrderTicket",
    "OrderType",
    "Side",
    "Size",
    "SizeUnit",
    "TicketContradiction",
    "TimeInForce",
    "Urgency",
    "format_ticket",
    "looks_like_ticket",
    "parse",
    "plain",
]

SIZE_UNITS = frozenset(UNITS)
"""The words that say of what a percentage before the symbol is."""

_NEW_YORK = ZoneInfo("America/New_York")


def looks_like_ticket(text: str) -> bool:
    """Return whether *text* means to be an order: its first word is `buy` or `sell`."""
    first = text.split(maxsplit=1)[:1]
    return bool(first) and first[0].lower() in {"buy", "sell"}


def parse(text: str, zone: tzinfo = _NEW_YORK) -> OrderTicket:
    """
    Return the order that *text* spells; `parse(format_ticket(ticket)) == ticket`.

    A day after `gtd` ends where the exchange is, and a time without its own zone is of *zone*. What is read in two ways
    is asked back with both readings. Raises TicketSyntaxError, with two lines that work.
    """
    try:
        return TicketReader(text, zone).ticket()
    except TicketSyntaxError as error:
        # A line mended in one place may still break in another.
        good = [line for line in error.examples if error.examples != EXAMPLES and _is_ticket(line, zone)]
        lines = dict.fromkeys((*good, *fitting(error.text, error.position, KEYWORDS)))
        raise TicketSyntaxError(error.text, error.position, error.expected, tuple(lines)[:2]) from None


def _is_ticket(line: str, zone: tzinfo) -> bool:
    try:
        TicketReader(line, zone).ticket()
    except TicketSyntaxError:
        return False
    return True


def format_ticket(ticket: OrderTicket) -> str:
    """Return the shortest line that `parse` reads as *ticket*, in whatever zone."""
    return ticket_line(ticket)
