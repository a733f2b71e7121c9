"""
Where the price of a working order could go, and what protects a position that was just opened; pure.

IBKR wants no more than price, size and time changed of an order that works, so the type stays what it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from market import retouch
from market.order_rules import OrderRules
from market.quote import Quote
from market.ticket import OrderTicket, OrderType, Side, TimeInForce
from trading.exposure import STOPS
from trading.limits import exact

_STEPS_PCT = (Decimal("-0.5"), Decimal("0.5"))
_TRAILS = (Decimal("0.5"), Decimal("0.75"), Decimal("1.25"), Decimal("1.5"))
_AWAY_PCT = (Decimal(1), Decimal(2), Decimal(5))
_WHOLE = Decimal(100)
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Choice:
    """A price to choose, and in a word where that is."""

    words: str
    price: Decimal


def price_of(ticket: OrderTicket) -> Decimal | None:
    """Return the price that moves: of a stop its trigger, of a trailing stop its distance; None where there is none."""
    match ticket.order_type:
        case OrderType.STOP | OrderType.STOP_LIMIT:
            return ticket.stop_price
        case OrderType.TRAIL:
            return ticket.trail_pct if ticket.trail_pct is not None else ticket.trail_amount
        case _:
            return ticket.limit_price


def moved(ticket: OrderTicket, to: Decimal) -> OrderTicket:
    """
    Return the ticket at *to*; a stop-limit order keeps the distance between its prices.

    Raises TicketContradiction where that is no price.
    """
    match ticket.order_type:
        case OrderType.STOP | OrderType.STOP_LIMIT:
            return retouch.with_stop(ticket, to)
        case OrderType.TRAIL if ticket.trail_pct is not None:
            return replace(ticket, trail_pct=to)
        case OrderType.TRAIL:
            return replace(ticket, trail_amount=to)
        case _:
            return replace(ticket, limit_price=to)


def choices(ticket: OrderTicket, quote: Quote | None, rules: OrderRules) -> tuple[Choice, ...]:
    """
    Return where the order's price could go from where it is, and to the market; each is on IBKR's price steps.

    A stop is not offered the market: there it would not wait.
    """
    now = price_of(ticket)
    if now is None:
        return ()
    if ticket.order_type is OrderType.TRAIL:
        return _distances(ticket, now, rules)
    step = rules.step_at(now)
    found = [Choice(f"{_MINUS}1 tick", now - step), Choice("+1 tick", now + step)]
    found += [Choice(f"{_signed(pct)}%", _near(now * (_WHOLE + pct) / _WHOLE, rules)) for pct in _STEPS_PCT]
    if quote is not None and ticket.order_type not in STOPS:
        found += [Choice(name, price) for name, price in _book(quote) if price != now]
    kept = dict.fromkeys(one.price for one in found if one.price != now and _is_price(one.price, now))
    return tuple(next(one for one in found if one.price == price) for price in kept)


def shifted(ticket: OrderTicket, percent: Decimal, rules: OrderRules) -> OrderTicket:
    """Return the ticket with its price *percent* away from where it is. Raises TicketContradiction."""
    now = price_of(ticket)
    if now is None:
        return ticket
    return moved(ticket, _near(now * (_WHOLE + percent) / _WHOLE, rules))


def stops(side: Side, last: Decimal, rules: OrderRules) -> tuple[Choice, ...]:
    """Return where a stop that ends a position opened by *side* could be: 1, 2 and 5 % from the *last* price."""
    return tuple(_away(pct, -1 if side is Side.BUY else 1, last, rules) for pct in _AWAY_PCT)


def targets(side: Side, last: Decimal, rules: OrderRules) -> tuple[Choice, ...]:
    """As `stops`, for where its profit is taken."""
    return tuple(_away(pct, 1 if side is Side.BUY else -1, last, rules) for pct in _AWAY_PCT)


def guard(
    opened: Side, quantity: Decimal, symbol: str, *, stop: Decimal | None = None, target: Decimal | None = None
) -> OrderTicket:
    """
    Return the order that ends a position opened by *opened*: at a *stop*, at a *target*, or whichever comes first.

    It is good till cancelled. Raises TicketContradiction where the stop is on the wrong side of the target.
    """
    side, lasting = opened.opposite, TimeInForce.GTC
    if target is None:
        return OrderTicket(side, quantity, symbol, OrderType.STOP, time_in_force=lasting, stop_price=stop)
    return OrderTicket(side, quantity, symbol, OrderType.LIMIT, target, time_in_force=lasting, oco_stop=stop)


def _distances(ticket: OrderTicket, now: Decimal, rules: OrderRules) -> tuple[Choice, ...]:
    """Return closer and wider distances for a trailing stop."""
    found = []
    for factor in _TRAILS:
        away = (now * factor).normalize() if ticket.trail_pct is not None else _near(now * factor, rules)
        if away > 0 and away != now:
            found.append(Choice("closer" if away < now else "wider", away))
    return tuple(found)


def _book(quote: Quote) -> Iterator[tuple[str, Decimal]]:
    for name, value in (("at bid", quote.bid), ("at ask", quote.ask)):
        price = exact(value)
        if price is not None:
            yield name, price


def _away(pct: Decimal, sign: int, last: Decimal, rules: OrderRules) -> Choice:
    return Choice(f"{_signed(pct * sign)}%", _near(last * (_WHOLE + pct * sign) / _WHOLE, rules))


def _near(price: Decimal, rules: OrderRules) -> Decimal:
    """Return the price on IBKR's steps that is nearest."""
    below, above = rules.price_below(price), rules.price_above(price)
    return below if price - below <= above - price else above


def _is_price(price: Decimal, now: Decimal) -> bool:
    """Only what was below zero already may be so."""
    return price > 0 or now <= 0


def _signed(pct: Decimal) -> str:
    return f"{'+' if pct > 0 else _MINUS}{abs(pct).normalize():f}"
