"""
How numbers, money and times are written, everywhere the same.

A real minus sign in prose and an ASCII one in tables, thousands commas, a sign on every change. Unknown is a dash.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

Real = float | Decimal

NOTHING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
EASTERN = ZoneInfo("America/New_York")

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_WITHOUT_CENTS = {"JPY", "KRW", "HUF"}
_UNITS = ((10**9, "B"), (10**6, "M"), (10**3, "K"))
_PLAIN_BELOW = 10_000


def fixed(value: Real, decimals: int, *, signed: bool = False, minus: str = MINUS) -> str:
    """Return *value* rounded to *decimals*, with thousands commas; zero has no sign."""
    body = f"{abs(value):,.{decimals}f}"
    if not body.strip("0.,"):
        return body
    if value < 0:
        return minus + body
    return f"+{body}" if signed else body


def price(value: Real | None, decimals: int = 2) -> str:
    """Return a market price with the contract's own *decimals*, a dash for None."""
    return NOTHING if value is None else fixed(value, decimals)


@lru_cache(2048, typed=True)
def exact(value: Real, decimals: int = 0) -> str:
    """Return *value* as it was given, every digit of it and at least *decimals*."""
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    exponent = number.normalize().as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return fixed(number, max(places, decimals))


def quantity(value: Real) -> str:
    """Return a number of shares or contracts, without trailing zeros."""
    return exact(value)


def money(value: Decimal | None, currency: str = "USD", *, signed: bool = False) -> str:
    """Return an amount in *currency*: `$1,204.10`, `+€3.00`, `1,204.10 CHF`; a dash for None."""
    if value is None:
        return NOTHING
    body = fixed(value, 0 if currency in _WITHOUT_CENTS else 2, signed=signed)
    sign = _SIGNS.get(currency)
    if sign is None:
        return f"{body} {currency}".rstrip()
    lead = body[0] if body[0] in {MINUS, "+"} else ""
    return f"{lead}{sign}{body[len(lead) :]}"


def percent(value: Real | None, decimals: int = 2) -> str:
    """Return a change in percent, always signed: `+1.82%`; a dash for None."""
    return NOTHING if value is None else f"{fixed(value, decimals, signed=True)}%"


def share(value: Real | None, decimals: int = 1) -> str:
    """Return a part of a whole given in percent, unsigned: `34.0%`; a dash for None."""
    return NOTHING if value is None else f"{fixed(value, decimals)}%"


def big(value: Real | None) -> str:
    """Return a large count shortly: `9,500`, `48.1M`; a dash for None."""
    if value is None:
        return NOTHING
    number = float(value)
    if abs(number) < _PLAIN_BELOW:
        return fixed(number, 0)
    for size, unit in _UNITS:
        if round(abs(number) / size, 1) >= 1:
            return f"{fixed(number / size, 1)}{unit}"
    return fixed(number, 0)


def arrow(change: Real | None) -> str:
    """Return ▲ or ▼ for a change, nothing for none."""
    if change is None or not change:
        return ""
    return "▲" if change > 0 else "▼"


def zone_label(at: datetime, zone: ZoneInfo) -> str:
    """Return how *zone* is called: ET for New York, else its own short name at that moment."""
    if zone.key == EASTERN.key:
        return "ET"
    name = at.astimezone(zone).tzname() or zone.key
    return f"UTC{name}" if name[0] in "+-" else name


def clock(at: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """Return the time of day in the user's *zone*, with New York's beside it where that differs."""
    own = at.astimezone(zone)
    text = f"{own:%H:%M:%S}" if seconds else f"{own:%H:%M}"
    text = f"{text} {zone_label(at, zone)}"
    eastern = at.astimezone(EASTERN)
    if zone.key == EASTERN.key or eastern.utcoffset() == own.utcoffset():
        return text
    return f"{text} ({eastern:%H:%M} ET)"


def moment(at: datetime, zone: ZoneInfo, now: datetime, *, seconds: bool = False) -> str:
    """Return the time of day, with the date before it where that is not today's."""
    own = at.astimezone(zone)
    today = now.astimezone(zone)
    if own.date() == today.date():
        return clock(at, zone, seconds=seconds)
    day = f"{own:%a} {own.day} {own:%b}" + (f" {own.year}" if own.year != today.year else "")
    return f"{day} {clock(at, zone, seconds=seconds)}"


def day(at: datetime, zone: ZoneInfo) -> str:
    """Return the date in *zone*: `20 Nov 2026`."""
    own = at.astimezone(zone)
    return f"{own.day} {own:%b %Y}"


def span(length: timedelta) -> str:
    """Return a length of time by its two largest units: `45 s`, `12 min`, `3 h 5 min`, `3 d 4 h`."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:  # noqa: PLR2004  a minute
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if not hours:
        return f"{minutes} min"
    if not days:
        return _two(hours, "h", minutes % 60, "min")
    return _two(days, "d", hours % 24, "h")


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit}" + (f" {small} {small_unit}" if small else "")
