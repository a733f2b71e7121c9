"""What follows a firing: the order line after `then`, without its symbol where the alert's own is meant."""

import re

from alerts.number import Misread
from market.errors import TicketSyntaxError
from market.ticket import KEYWORDS, SIZE_UNITS, parse

_HEAD = re.compile(
    rf"((?:buy|sell)\s+(?:\S+%\s+(?:{'|'.join(sorted(SIZE_UNITS))})\b|\S+))(.*)", re.IGNORECASE | re.DOTALL
)
_WORDS = "|".join(sorted(word for word in KEYWORDS if word.isalpha()))
_NO_SYMBOL = re.compile(rf"\s*(?:$|[$@]?[\d.]|@|(?:{_WORDS})(?!\S))", re.IGNORECASE)


def order_line(then: str, symbol: str) -> str:
    """Return the whole order line that *then* (`buy 10 limit 199.5`) means for an alert on *symbol*."""
    match = _HEAD.fullmatch(then)
    if match is None or not _NO_SYMBOL.match(match[2]):
        return then
    return f"{match[1]} {symbol}{match[2]}"


def has_symbol(then: str) -> bool:
    """Return whether *then* names its symbol itself."""
    return order_line(then, "X") == then


def sequel(text: str) -> str:
    """Read an order line, with single blanks. Raises Misread where it is none, whatever its symbol."""
    tidy = " ".join(text.split())
    try:
        parse(order_line(tidy, "AAPL"))
    except TicketSyntaxError as error:
        raise Misread(f"an order, like buy 10 limit 199.5 (there: {error.expected})") from None
    return tidy
