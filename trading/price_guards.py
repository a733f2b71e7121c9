"""Guards over an order's price, its type and the market: each returns, or raises OrderDenied."""

from collections.abc import Iterator
from decimal import Decimal

from market.instrument import Instrument, SecType
from market.quote import DataKind, Quote
from market.ticket import OrderTicket, OrderType, Side, TimeInForce
from trading.bounds import Limits
from trading.circumstances import Circumstances
from trading.errors import Limit, OrderDenied
from trading.exposure import exact, market_price

_WHOLE_KINDS = frozenset({SecType.STOCK, SecType.OPTION, SecType.FUTURE, SecType.FUTURE_OPTION, SecType.COMBO})

# How far through a price of 0 a limit may reach.
_STEPS = 5


def check_quantity(ticket: OrderTicket, instrument: Instrument, given: Circumstances) -> None:
    """Shares and contracts come whole: IBKR's API refuses fractions (10318). Else its own sizes count."""
    if instrument.sec_type in _WHOLE_KINDS and ticket.quantity != ticket.quantity.to_integral_value():
        raise OrderDenied(Limit.QUANTITY, "whole shares or contracts", ticket.quantity)
    rules = given.rules
    if rules is None or rules.is_size(ticket.quantity):
        return
    if ticket.quantity < rules.min_size:
        raise OrderDenied(Limit.QUANTITY, f"at least {rules.min_size.normalize():f}", ticket.quantity)
    raise OrderDenied(Limit.QUANTITY, f"multiples of {rules.size_increment.normalize():f}", ticket.quantity)


def check_tick(ticket: OrderTicket, instrument: Instrument, given: Circumstances) -> None:
    """Each price that is sent, also a bracket's and a trail's distance, must be one that the exchange has."""
    rules, fixed = given.rules, exact(instrument.min_tick)
    for price in _prices(ticket):
        step = rules.step_at(price) if rules is not None and rules.price_steps else fixed
        if step and price % step:
            raise OrderDenied(Limit.TICK_SIZE, step, price)


def _prices(ticket: OrderTicket) -> Iterator[Decimal]:
    for price in (
        ticket.limit_price,
        ticket.stop_price,
        ticket.trail_amount,
        ticket.take_profit,
        ticket.stop_loss,
        ticket.oco_stop,
    ):
        if price is not None:
            yield price


def check_type(ticket: OrderTicket, given: Circumstances) -> None:
    """IBKR must take such an order of this instrument, a bracket's children too."""
    lacking = given.rules.lacking(ticket) if given.rules is not None else ()
    if lacking:
        raise OrderDenied(Limit.ORDER_TYPE, None, ", ".join(lacking))


def check_quote(limits: Limits, ticket: OrderTicket, given: Circumstances) -> None:
    """
    Demand a live price: a last one, or the side that the order meets. The prior close is none.

    The side that the order meets is as young as anything that came: it stands until it is taken back. A last price that
    has to do in its place is as old as its trade, whatever else moves. Data that IBKR calls delayed or frozen is older
    than any allowed age: nobody knows by how much. While regular trading is closed nothing moves, so that a quote does
    not age and the close may do for a limit order: unless the order trades then too.
    """
    quote = given.quote
    ages = given.is_open or ticket.outside_rth
    if not _is_priced(quote, ticket, close_will_do=not ages):
        raise OrderDenied(Limit.QUOTE_MISSING, None, exact(quote.close))
    if limits.quote_age_s is None or not ages:
        return
    if quote.kind is not DataKind.LIVE:
        raise OrderDenied(Limit.QUOTE_AGE, _rounded(limits.quote_age_s), quote.kind.value)
    age = (quote.last_age if _touch(quote, ticket) is None else quote.age)(given.now)
    # One from the future: the clock was set back meanwhile, and nobody knows how old it is.
    if age is not None and abs(age.total_seconds()) > limits.quote_age_s:
        raise OrderDenied(Limit.QUOTE_AGE, _rounded(limits.quote_age_s), _rounded(abs(age.total_seconds())))


def _touch(quote: Quote, ticket: OrderTicket) -> float | None:
    return quote.ask if ticket.side is Side.BUY else quote.bid


def _is_priced(quote: Quote, ticket: OrderTicket, *, close_will_do: bool) -> bool:
    if quote.received is None:
        return False
    if _touch(quote, ticket) is not None or quote.last is not None:
        return True
    return close_will_do and ticket.limit_price is not None and quote.price is not None


def check_closed(limits: Limits, ticket: OrderTicket, given: Circumstances) -> None:
    """
    Where nothing may be ordered of a closed market, it must be open, or the order one that works then.

    Hours that are not known are closed ones.
    """
    if limits.closed_market or ticket.outside_rth or ticket.time_in_force is TimeInForce.OPG:
        return
    if not given.is_open or not given.knows_hours:
        raise OrderDenied(Limit.CLOSED_MARKET, None, None if given.is_open else "closed")


def check_collar(limits: Limits, ticket: OrderTicket, instrument: Instrument, quote: Quote) -> None:
    """
    Fence in the hurting side only: buying far above or selling far below the market.

    A stop order's limit may reach as far beyond its trigger, where that is worse than the market. At a price of 0, of
    which any part is nothing, as far as that part of a spread's width, or a few steps.
    """
    market = market_price(ticket.side, quote)
    if limits.collar_pct is None or ticket.limit_price is None or market is None:
        return
    base = market
    if ticket.order_type is OrderType.STOP_LIMIT and ticket.stop_price:
        base = (max if ticket.side is Side.BUY else min)(market, ticket.stop_price)
    through = ticket.limit_price - base if ticket.side is Side.BUY else base - ticket.limit_price
    if not base:
        _check_at_zero(limits.collar_pct, instrument, through)
        return
    # Multiplied out, not divided: the edge itself must compare exactly.
    if through * 100 > limits.collar_pct * abs(base):
        raise OrderDenied(Limit.COLLAR, limits.collar_pct, (through * 100 / abs(base)).quantize(Decimal("0.01")))


def _check_at_zero(collar_pct: Decimal, instrument: Instrument, through: Decimal) -> None:
    width, step = (exact(abs(one)) or Decimal(0) for one in (instrument.width, instrument.min_tick))
    room = max(collar_pct * width / 100, _STEPS * step)
    if through > room:
        raise OrderDenied(Limit.COLLAR, room, f"{through.normalize():f}")


def _rounded(seconds: float) -> Decimal:
    return Decimal(repr(round(seconds, 1)))
