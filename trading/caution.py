"""What a person should know before confirming: short English phrases, one for each line of the card."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from market.hours import Hours
from market.instrument import Instrument
from market.quote import DataKind, Quote
from market.ticket import OrderTicket, OrderType, Side
from trading.appraisal import Appraisal
from trading.exposure import STOPS, value_beside

FAR_PCT = Decimal(5)
"""From how many percent away from the market a limit price is pointed out."""

SHARE_PCT = Decimal(25)
"""From what share of the net liquidation value an order is pointed out."""

OLD = timedelta(minutes=1)
"""From what age on the last trade's price is pointed out, where bid and ask are younger."""

_EASTERN = {"America/New_York", "US/Eastern", "EST5EDT"}


def cautions(ticket: OrderTicket, instrument: Instrument, seen: Appraisal) -> tuple[str, ...]:
    """Return the warnings for this order, the gravest first."""
    found = (
        _halted(seen.quote),
        *_at_once(ticket, seen.price),
        _distance(ticket, seen.price),
        _share(ticket, instrument, seen),
        _short(ticket, seen.position),
        _reopens(ticket, seen.position),
        _closed(ticket, seen),
        _delayed(seen.quote),
        _old(seen),
    )
    return tuple(text for text in found if text)


def _halted(quote: Quote) -> str:
    return "trading in it is halted" if quote.halted else ""


def _at_once(ticket: OrderTicket, price: Decimal | None) -> Iterable[str]:
    """
    Yield a line for each stop that the last *price* has passed already: it is a market order then.

    A stop loss meets the price that its entry is filled at: of an entry with a price the ticket has compared the two.
    """
    is_waiting = ticket.limit_price is not None or ticket.order_type in STOPS
    stops = (
        ("stop", ticket.side, ticket.stop_price if ticket.order_type in STOPS else None),
        ("stop of the pair", ticket.side, ticket.oco_stop),
        ("stop loss", ticket.side.opposite, None if is_waiting else ticket.stop_loss),
    )
    for name, side, stop in stops:
        if stop is None or price is None:
            continue
        if stop <= price if side is Side.BUY else stop >= price:
            yield f"the market is past the {name} at {stop:f} already: it trades at once"


def _distance(ticket: OrderTicket, price: Decimal | None) -> str:
    if ticket.limit_price is None or not price:
        return ""
    away = (ticket.limit_price - price) * 100 / abs(price)
    if abs(away) <= FAR_PCT:
        return ""
    return f"limit is {abs(away):.1f}% {'above' if away > 0 else 'below'} the market"


def _share(ticket: OrderTicket, instrument: Instrument, seen: Appraisal) -> str:
    """Say nothing across currencies: the rate is not known here."""
    value, summary = value_beside(seen.closable, ticket, instrument, seen.quote), seen.summary
    if value is None or summary is None or not summary.net_liquidation or summary.currency != instrument.currency:
        return ""
    share = value * 100 / summary.net_liquidation
    return f"{share:.0f}% of net liquidation value" if share > SHARE_PCT else ""


def _short(ticket: OrderTicket, position: Decimal) -> str:
    if ticket.side is Side.BUY or ticket.quantity <= position:
        return ""
    return f"sells {ticket.quantity - max(position, Decimal(0)):f} more than you hold: a short sale"


def _reopens(ticket: OrderTicket, position: Decimal) -> str:
    """Children end what their entry opens: where that closes something, they would trade the other way afterwards."""
    has_children = ticket.take_profit is not None or ticket.stop_loss is not None
    if not has_children or not (position > 0 if ticket.side is Side.SELL else position < 0):
        return ""
    again = "buy" if ticket.side is Side.SELL else "sell"
    return f"it closes what you hold, and its target or stop would {again} again afterwards"


def _closed(ticket: OrderTicket, seen: Appraisal) -> str:
    if seen.hours is None:
        return "trading hours not known"
    if seen.is_open:
        return ""
    if ticket.outside_rth and ticket.order_type is OrderType.LIMIT:
        return "regular market closed, works in extended hours"
    opens = seen.hours.next_open(seen.at)
    works = f", works from {_local(opens, seen.hours)}" if opens else ""
    ignored = "; a market order waits for regular hours" if ticket.outside_rth else ""
    return f"market closed{works}{ignored}"


def _delayed(quote: Quote) -> str:
    if quote.last is None and quote.mid is None and quote.price is not None:
        return "no live price, only the prior close"
    return "" if quote.kind is DataKind.LIVE else f"prices are {quote.kind.value}"


def _old(seen: Appraisal) -> str:
    """Say nothing where nothing is traded: then everything is old."""
    quote, age = seen.quote, seen.quote.last_age(seen.at)
    if not seen.is_open or quote.last is None or quote.mid is None or age is None or age < OLD:
        return ""
    return f"the last trade was {age // timedelta(minutes=1)} min ago, bid and ask are newer"


def _local(moment: datetime, hours: Hours) -> str:
    try:
        zone, label = ZoneInfo(hours.zone), "ET" if hours.zone in _EASTERN else hours.zone
    except (ZoneInfoNotFoundError, ValueError):
        zone, label = ZoneInfo("UTC"), "UTC"
    return f"{moment.astimezone(zone):%a %d %b %H:%M} {label}"
