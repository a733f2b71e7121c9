"""
From a size to a number of units: `$5000`, `half`, `5% nlv`, `risk 0.5%` of a stop loss.

Always rounded down to what IBKR takes: a size is the most that was asked for, never less than that by a little more.
"""

from decimal import ROUND_FLOOR, Decimal

from market.account import AccountSummary
from market.instrument import Instrument, SecType
from market.order_rules import OrderRules
from market.ticket import OrderTicket, Side, Size, SizeUnit
from trading.appraisal import Appraisal
from trading.errors import NotSizable, SizeFault
from trading.limits import market_price

_WHOLE_PCT = Decimal(100)
# IBKR's API takes no fractions of these (10318).
_WHOLE_UNITS = frozenset({SecType.STOCK, SecType.OPTION, SecType.FUTURE, SecType.FUTURE_OPTION, SecType.COMBO})
# Of a lot of which IBKR says nothing.
_FINEST = Decimal("0.00000001")


def sized(ticket: OrderTicket, instrument: Instrument, seen: Appraisal) -> OrderTicket:
    """
    Return *ticket* with its quantity worked out of its size; as it is where it has none.

    Raises NotSizable where the size comes to nothing, or where what it is worked out from is not known.
    """
    size = ticket.size
    if size is None:
        return ticket
    exactly = _share_of_position(size, ticket, seen) if size.unit is SizeUnit.POSITION_PCT else None
    if exactly is None:
        exactly = _bought_for(size, ticket, instrument, seen)
    quantity = _taken(exactly, instrument, seen.rules)
    if quantity <= 0:
        raise NotSizable(SizeFault.TOO_SMALL, exactly, seen.rules.min_size if seen.rules else None)
    return ticket.sized(quantity)


def entry_price(ticket: OrderTicket, seen: Appraisal) -> Decimal | None:
    """
    Return the price that *ticket* is expected to be filled at, None where there is none.

    A stop is filled where it is touched, an order without a price where the market is.
    """
    for price in (ticket.limit_price, ticket.stop_price):
        if price is not None:
            return price
    return market_price(ticket.side, seen.quote)


def _share_of_position(size: Size, ticket: OrderTicket, seen: Appraisal) -> Decimal:
    """Return that much of what is held; only an order that makes it smaller has such a size."""
    held = seen.position if ticket.side is Side.SELL else -seen.position
    if held <= 0:
        raise NotSizable(SizeFault.NOTHING_HELD, seen.position)
    return held * size.amount / _WHOLE_PCT


def _bought_for(size: Size, ticket: OrderTicket, instrument: Instrument, seen: Appraisal) -> Decimal:
    """Return how many units the size's money buys, or loses down to the stop loss."""
    price = entry_price(ticket, seen)
    if price is None:
        raise NotSizable(SizeFault.NO_PRICE)
    if size.unit is SizeUnit.MONEY:
        money, each = size.amount, price
    else:
        money = _own_money(size.amount, instrument, seen.summary)
        each = price if size.unit is SizeUnit.NET_LIQUIDATION_PCT else _risked(ticket, price)
    # A spread may cost nothing, or bring money in: no number of them comes to an amount.
    if each <= 0:
        raise NotSizable(SizeFault.NO_PRICE, each)
    return money / (each * instrument.factor)


def _risked(ticket: OrderTicket, price: Decimal) -> Decimal:
    """Return what one unit loses between its entry and the stop loss."""
    if ticket.stop_loss is None:
        raise NotSizable(SizeFault.NO_STOP)
    away = price - ticket.stop_loss
    risk = away if ticket.side is Side.BUY else -away
    if risk <= 0:
        raise NotSizable(SizeFault.STOP_PASSED, ticket.stop_loss, price)
    return risk


def _own_money(percent: Decimal, instrument: Instrument, summary: AccountSummary | None) -> Decimal:
    """Return *percent* of the account's worth, in the instrument's currency."""
    if summary is None or summary.net_liquidation is None or summary.net_liquidation <= 0:
        raise NotSizable(SizeFault.NO_NET_LIQUIDATION)
    money = summary.net_liquidation * percent / _WHOLE_PCT
    one = summary.in_base(Decimal(1), instrument.currency)
    if one is None or one <= 0:
        raise NotSizable(SizeFault.NO_RATE, currencies=(summary.currency, instrument.currency))
    return money / one


def _taken(quantity: Decimal, instrument: Instrument, rules: OrderRules | None) -> Decimal:
    """Return the largest quantity not above *quantity* that IBKR takes; 0 where there is none."""
    if rules is None or instrument.sec_type in _WHOLE_UNITS:
        quantity = quantity.to_integral_value(ROUND_FLOOR)
    finest = quantity.quantize(_FINEST, ROUND_FLOOR)
    return finest if rules is None else rules.size_below(finest)
