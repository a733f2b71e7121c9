"""
The guards that every order passes, twice: when it is proposed, and again right before it is sent.

A guard allows what stands exactly at its edge. None switches one off.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from market.instrument import Instrument, SecType
from market.quote import DataKind, Quote
from market.ticket import OrderTicket, Side
from trading.errors import Limit, OrderDenied


class TradingState(StrEnum):
    """What may be ordered at all. REDUCING: only what makes a position smaller. HALTED: nothing."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


TradingStateSource = Callable[[], TradingState]
"""Tells the trading state now, at once and without awaiting; what it cannot read it must call HALTED."""


def always_active() -> TradingState:
    """Return ACTIVE: the source of a bot that nobody has given a halt switch."""
    return TradingState.ACTIVE


@dataclass(frozen=True, slots=True)
class Limits:
    """
    Our own limits; None means off.

    *order_value* is in the instrument's currency, *collar_pct* how far a limit price may reach through the market,
    *quote_age_s* how old the live quote may be (delayed data is older than that), *orders_per_minute* counts one
    person's confirmed orders.
    """

    order_value: Decimal | None = Decimal(50_000)
    quote_age_s: float | None = 60.0
    collar_pct: Decimal | None = Decimal(20)
    orders_per_minute: int | None = 10
    sec_types: frozenset[SecType] | None = frozenset({SecType.STOCK})


@dataclass(frozen=True, slots=True)
class Circumstances:
    """
    What an order is checked against, as of *now*.

    *position* is what the account holds of the instrument (short: negative), *recent_orders* how many orders the person
    confirmed within the last minute, *is_open* whether regular trading is on (True where that is not known).
    """

    quote: Quote
    now: datetime
    position: Decimal = Decimal(0)
    state: TradingState = TradingState.ACTIVE
    recent_orders: int = 0
    is_open: bool = True


def check(limits: Limits, ticket: OrderTicket, instrument: Instrument, given: Circumstances) -> None:
    """Return if nothing forbids the order; raise OrderDenied with the first limit that does."""
    check_state(ticket, given.state, given.position)
    check_rate(limits, given.recent_orders)
    _check_kind(limits, instrument)
    _check_quantity(ticket, instrument)
    _check_tick(ticket, instrument)
    _check_quote(limits, ticket, given)
    _check_collar(limits, ticket, given.quote)
    _check_value(limits, ticket, instrument, given.quote)


def check_state(ticket: OrderTicket, state: TradingState, position: Decimal) -> None:
    """Raise OrderDenied(TRADING_STATE) unless the state allows the order on top of *position*."""
    if state is TradingState.ACTIVE:
        return
    held = position if ticket.side is Side.SELL else -position
    if state is TradingState.REDUCING and ticket.quantity <= held:
        return
    raise OrderDenied(Limit.TRADING_STATE, TradingState.ACTIVE.value, state.value)


def check_rate(limits: Limits, recent_orders: int) -> None:
    """Raise OrderDenied(ORDERS_PER_MINUTE) when one more order than *recent_orders* is too many."""
    allowed = limits.orders_per_minute
    if allowed is not None and recent_orders >= allowed:
        raise OrderDenied(Limit.ORDERS_PER_MINUTE, Decimal(allowed), Decimal(recent_orders + 1))


def order_value(ticket: OrderTicket, instrument: Instrument, quote: Quote) -> Decimal | None:
    """
    Return what the order may come to at most, in the instrument's currency, or None without any price.

    A sell limit below the market is filled at the market, so the higher of the two counts.
    """
    market = market_price(ticket.side, quote)
    prices = [price for price in (ticket.limit_price, market) if price is not None]
    if not prices:
        return None
    price = ticket.limit_price if ticket.side is Side.BUY and ticket.limit_price is not None else max(prices)
    return ticket.quantity * price * Decimal(instrument.multiplier or "1")


def market_price(side: Side, quote: Quote) -> Decimal | None:
    """Return the price such an order would meet: ask for a buy, bid for a sell, else the last one; None without any."""
    touch = quote.ask if side is Side.BUY else quote.bid
    return exact(touch if touch is not None else quote.price)


def exact(price: float | None) -> Decimal | None:
    """Return a float price as the decimal it stands for, to eight places; None stays None."""
    return None if price is None else Decimal(repr(round(price, 8)))


def _check_kind(limits: Limits, instrument: Instrument) -> None:
    allowed = limits.sec_types
    if allowed is not None and instrument.sec_type not in allowed:
        names = ", ".join(sorted(kind.value for kind in allowed))
        raise OrderDenied(Limit.SEC_TYPE, names, instrument.sec_type.value)


def _check_quantity(ticket: OrderTicket, instrument: Instrument) -> None:
    """Stocks come whole: IBKR's API refuses fractions (10318)."""
    if instrument.sec_type is SecType.STOCK and ticket.quantity != ticket.quantity.to_integral_value():
        raise OrderDenied(Limit.QUANTITY, "whole shares", ticket.quantity)


def _check_tick(ticket: OrderTicket, instrument: Instrument) -> None:
    step = exact(instrument.min_tick)
    if ticket.limit_price is not None and step and ticket.limit_price % step != 0:
        raise OrderDenied(Limit.TICK_SIZE, step, ticket.limit_price)


def _check_quote(limits: Limits, ticket: OrderTicket, given: Circumstances) -> None:
    """
    Demand a live price: a last one, or the side that the order meets. The prior close is none.

    Data that IBKR calls delayed or frozen is older than any allowed age: nobody knows by how much.
    While regular trading is closed nothing moves, so that a quote does not age and the close may do for a limit order:
    unless the order trades then too.
    """
    quote = given.quote
    ages = given.is_open or ticket.outside_rth
    if not _is_priced(quote, ticket, close_will_do=not ages):
        raise OrderDenied(Limit.QUOTE_MISSING, None, exact(quote.close))
    if limits.quote_age_s is None or not ages:
        return
    if quote.kind is not DataKind.LIVE:
        raise OrderDenied(Limit.QUOTE_AGE, _rounded(limits.quote_age_s), quote.kind.value)
    age = quote.age(given.now)
    # One from the future: the clock was set back meanwhile, and nobody knows how old it is.
    if age is not None and abs(age.total_seconds()) > limits.quote_age_s:
        raise OrderDenied(Limit.QUOTE_AGE, _rounded(limits.quote_age_s), _rounded(abs(age.total_seconds())))


def _is_priced(quote: Quote, ticket: OrderTicket, *, close_will_do: bool) -> bool:
    if quote.received is None:
        return False
    touch = quote.ask if ticket.side is Side.BUY else quote.bid
    if touch is not None or quote.last is not None:
        return True
    return close_will_do and ticket.limit_price is not None and quote.price is not None


def _check_collar(limits: Limits, ticket: OrderTicket, quote: Quote) -> None:
    """Only the hurting side is fenced in: buying far above or selling far below the market."""
    market = market_price(ticket.side, quote)
    if limits.collar_pct is None or ticket.limit_price is None or not market:
        return
    through = ticket.limit_price - market if ticket.side is Side.BUY else market - ticket.limit_price
    # Multiplied out, not divided: the edge itself must compare exactly.
    if through * 100 > limits.collar_pct * abs(market):
        raise OrderDenied(Limit.COLLAR, limits.collar_pct, (through * 100 / abs(market)).quantize(Decimal("0.01")))


def _check_value(limits: Limits, ticket: OrderTicket, instrument: Instrument, quote: Quote) -> None:
    value = order_value(ticket, instrument, quote)
    if limits.order_value is not None and value is not None and value > limits.order_value:
        raise OrderDenied(Limit.ORDER_VALUE, limits.order_value, value.quantize(Decimal("0.01")), instrument.currency)


def _rounded(seconds: float) -> Decimal:
    return Decimal(repr(round(seconds, 1)))
