"""Which tickets can be sent at all: of one without a price nothing is, never a part that looks like it."""

from market.errors import TicketSyntaxError
from market.ticket import EXAMPLES, OrderTicket, format_ticket


def require_sendable(ticket: OrderTicket) -> None:
    """Raise TicketSyntaxError where no price was chosen, not even that of the market."""
    if ticket.order_type is None:
        text = format_ticket(ticket)
        raise TicketSyntaxError(text, len(text), "a price, or `market`", EXAMPLES)
