"""Writes a ticket as the line that is read as it."""

from datetime import UTC, datetime, time
from decimal import Decimal

from market.order import OrderTicket, OrderType, TimeInForce, Urgency
from market.ticket_number import plain
from market.ticket_size import amount_text
from market.ticket_symbol import reads_on

_TYPES = {
    None: "",
    OrderType.MARKET: "market",
    OrderType.LIMIT: "",
    OrderType.STOP: "stop",
    OrderType.STOP_LIMIT: "stop",
    OrderType.TRAIL: "trail",
    OrderType.MARKET_ON_CLOSE: "moc",
    OrderType.LIMIT_ON_CLOSE: "loc",
    OrderType.MIDPRICE: "mid",
}
_BEFORE_LIMIT: dict[OrderType | None, str] = {OrderType.STOP_LIMIT: "limit", OrderType.MIDPRICE: "cap"}


def ticket_line(ticket: OrderTicket) -> str:
    """Return the shortest line that is read as *ticket*; moments are in UTC and say so."""
    parts = (
        ticket.side.value.lower(),
        amount_text(ticket.side, ticket.quantity, ticket.size, ticket.symbol),
        _type(ticket),
        _priced("tp", ticket.take_profit),
        _priced("sl", ticket.stop_loss),
        _priced("oco stop", ticket.oco_stop),
        _algo(ticket),
        _time(ticket),
        "outside" if ticket.outside_rth else "",
    )
    return " ".join(part for part in parts if part)


def _type(ticket: OrderTicket) -> str:
    price = _priced(_BEFORE_LIMIT.get(ticket.order_type, ""), ticket.limit_price)
    if ticket.order_type is OrderType.LIMIT and reads_on(ticket.symbol, price):
        # After a root, six digits are a future's month.
        price = f"limit {price}"
    share = f"{plain(ticket.trail_pct)}%" if ticket.trail_pct is not None else ""
    parts = (_TYPES[ticket.order_type], _priced("", ticket.stop_price), _priced("", ticket.trail_amount), share, price)
    return " ".join(part for part in parts if part)


def _priced(word: str, price: Decimal | None) -> str:
    return "" if price is None else f"{word} {plain(price)}".lstrip()


def _algo(ticket: OrderTicket) -> str:
    if ticket.algo is None:
        return ""
    words = [ticket.algo.value.lower()]
    if ticket.urgency is not None and ticket.urgency is not Urgency.NORMAL:
        words.append(ticket.urgency.value.lower())
    if ticket.algo_start is not None:
        words.append(f"from {_clock(ticket.algo_start)}")
    if ticket.algo_end is not None:
        words.append(f"till {_clock(ticket.algo_end)}")
    return " ".join(words)


def _clock(at: time) -> str:
    return at.isoformat("seconds" if at.second else "minutes")


def _time(ticket: OrderTicket) -> str:
    if ticket.time_in_force is TimeInForce.DAY:
        return ""
    word = ticket.time_in_force.value.lower()
    if ticket.last_day is not None:
        return f"{word} {ticket.last_day.isoformat()}"
    return word if ticket.good_till is None else f"{word} {_moment(ticket.good_till)}"


def _moment(at: datetime) -> str:
    there = at.astimezone(UTC).replace(tzinfo=None)
    precision = "microseconds" if there.microsecond else "seconds" if there.second else "minutes"
    return f"{there.isoformat(timespec=precision)}Z"
