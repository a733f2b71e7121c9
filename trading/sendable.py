"""Which tickets the desk can send whole; of any other nothing is sent, never a part that looks like it."""

from market.errors import TicketSyntaxError
from market.ticket import EXAMPLES, OrderTicket, OrderType, TimeInForce, format_ticket

_TYPES = frozenset({OrderType.MARKET, OrderType.LIMIT})
_TIMES = frozenset({TimeInForce.DAY, TimeInForce.GTC})
_WHOLE = "a market or limit order for a number of shares, `day` or `gtc`: other orders cannot be sent yet"


def require_sendable(ticket: OrderTicket) -> None:
    """Raise TicketSyntaxError where no price was chosen, or where one plain order is not all of *ticket*."""
    text = format_ticket(ticket)
    if ticket.order_type is None and ticket.size is None:
        raise TicketSyntaxError(text, len(text), "a price, or `market`", EXAMPLES)
    plain = ticket.order_type in _TYPES and ticket.time_in_force in _TIMES and ticket.size is None
    children = (ticket.take_profit, ticket.stop_loss, ticket.oco_stop)
    if not plain or ticket.algo is not None or any(price is not None for price in children):
        raise TicketSyntaxError(text, 0, _WHOLE, EXAMPLES)
