"""Guards over how much is ordered, of what, and how often: each returns, or raises OrderDenied."""

from decimal import Decimal

from market.instrument import Instrument, SecType
from market.ticket import OrderTicket, Side
from trading.bounds import Limits
from trading.circumstances import Circumstances
from trading.errors import Limit, OrderDenied
from trading.exposure import closing_value, is_paid_for, order_value, reduces, reducible
from trading.state import TradingState

# Their other side is an ordinary trade, or (a combo's) a matter of its legs.
_TWO_SIDED = frozenset({SecType.FUTURE, SecType.FOREX, SecType.COMBO, SecType.CFD})
_CENT = Decimal("0.01")


def is_reducing(ticket: OrderTicket, given: Circumstances) -> bool:
    """Return whether the order only makes a position smaller: such a one is never held up by how much was traded."""
    return reduces(ticket, given.stock, strictly=False)


def check_trading(ticket: OrderTicket, given: Circumstances) -> None:
    """
    HALTED lets nothing through, REDUCING what makes the position smaller.

    There all orders in flight count, stops too: two sales on their way must not turn a position around.
    """
    if given.state is TradingState.ACTIVE:
        return
    if given.state is TradingState.HALTED:
        raise OrderDenied(Limit.TRADING_STATE, None, given.state.value)
    if not reduces(ticket, given.stock, strictly=True):
        allowed = reducible(ticket, given.stock, strictly=True)
        raise OrderDenied(Limit.TRADING_STATE, allowed, given.state.value)


def check_loss(limits: Limits, ticket: OrderTicket, given: Circumstances) -> None:
    """After a day's loss of that much, and as long as the day's loss is not known, only what reduces goes through."""
    if limits.daily_loss is None or is_reducing(ticket, given):
        return
    profit, currency = (given.summary.daily_pnl, given.summary.currency) if given.summary else (None, "")
    if profit is None or given.is_loss_locked or -profit >= limits.daily_loss:
        actual = None if profit is None else -profit
        raise OrderDenied(Limit.DAILY_LOSS, limits.daily_loss, actual, currency)


def check_symbol(limits: Limits, instrument: Instrument) -> None:
    """Derivatives go by the name of what they are of, a class of shares as IBKR writes it (BRK B) and as people do."""
    symbol = instrument.symbol.upper()
    names = {symbol, symbol.replace(" ", "."), instrument.label.upper()}
    if names & limits.forbidden:
        raise OrderDenied(Limit.FORBIDDEN, ", ".join(sorted(limits.forbidden)), instrument.label)
    if limits.symbols is not None and not names & limits.symbols:
        raise OrderDenied(Limit.SYMBOL, ", ".join(sorted(limits.symbols)), instrument.label)


def check_kind(limits: Limits, instrument: Instrument) -> None:
    """Let through the kinds that the settings name."""
    allowed = limits.kinds
    if allowed is not None and instrument.sec_type not in allowed:
        names = ", ".join(sorted(kind.value for kind in allowed))
        raise OrderDenied(Limit.SEC_TYPE, names, instrument.sec_type.value)


def check_rates(limits: Limits, ticket: OrderTicket, given: Circumstances) -> None:
    """One more order must not be one too many within the minute, unless it only reduces."""
    if is_reducing(ticket, given):
        return
    for limit, allowed, before in (
        (Limit.ORDERS_PER_MINUTE, limits.orders_per_minute, given.recent_orders),
        (Limit.TOTAL_ORDERS_PER_MINUTE, limits.total_orders_per_minute, given.total_recent_orders),
    ):
        if allowed is not None and before >= allowed:
            raise OrderDenied(limit, Decimal(allowed), Decimal(before + 1))


def check_duplicate(limits: Limits, given: Circumstances) -> None:
    """The same order may not be confirmed again too soon."""
    needed, since = limits.duplicate_s, given.since_same_s
    if needed is not None and since is not None and since < needed:
        raise OrderDenied(Limit.DUPLICATE, Decimal(repr(needed)), Decimal(repr(round(since, 1))))


def check_short(limits: Limits, ticket: OrderTicket, instrument: Instrument, given: Circumstances) -> None:
    """Where nothing may be sold short, no more is sold than there is, less what other sales already take."""
    if limits.short_selling or ticket.side is Side.BUY or instrument.sec_type in _TWO_SIDED:
        return
    allowed = reducible(ticket, given.stock, strictly=False)
    if ticket.quantity > allowed:
        raise OrderDenied(Limit.SHORT_SELLING, allowed, ticket.quantity)


def check_values(limits: Limits, ticket: OrderTicket, instrument: Instrument, given: Circumstances) -> Decimal:
    """Check all limits in money; return what the order may come to in the account's currency, 0 without a price."""
    is_closing = is_reducing(ticket, given)
    if is_closing:
        value = closing_value(ticket, instrument, given.quote, given.rival_price)
    else:
        value = order_value(ticket, instrument, given.quote, given.rival_price, given.covered)
    if value is None or not _bounds_money(limits):
        return _known_value(value, instrument, given)
    value, currency = _in_base(value, instrument, given)
    _demand(Limit.ORDER_VALUE, limits.order_value, value, currency)
    if not is_closing:
        _demand(Limit.DAILY_VALUE, limits.daily_value, given.day_value + value, currency)
        _demand(Limit.TOTAL_DAILY_VALUE, limits.total_daily_value, given.total_day_value + value, currency)
        _check_risk(limits, instrument)
        _check_position(limits, ticket, given, value / ticket.quantity, currency)
        _check_buying_power(limits, ticket, instrument, given, value)
    return value


def _bounds_money(limits: Limits) -> bool:
    amounts = (limits.order_value, limits.daily_value, limits.total_daily_value, limits.position_value)
    return limits.buying_power or limits.net_liquidation_pct is not None or any(one is not None for one in amounts)


def _known_value(value: Decimal | None, instrument: Instrument, given: Circumstances) -> Decimal:
    if value is None or given.summary is None:
        return Decimal(0)
    return given.summary.in_base(value, instrument.currency) or Decimal(0)


def _in_base(value: Decimal, instrument: Instrument, given: Circumstances) -> tuple[Decimal, str]:
    """Return *value* in the account's currency, and that; without a rate nobody knows what is being ordered."""
    if given.summary is None or not given.summary.currency:
        raise OrderDenied(Limit.ACCOUNT, None, "currency")
    known = given.summary.in_base(value, instrument.currency)
    if known is None:
        raise OrderDenied(Limit.CURRENCY, given.summary.currency, instrument.currency)
    return known, given.summary.currency


def _demand(limit: Limit, allowed: Decimal | None, actual: Decimal, currency: str) -> None:
    if allowed is not None and actual > allowed:
        raise OrderDenied(limit, allowed, actual.quantize(_CENT), currency)


def _check_risk(limits: Limits, instrument: Instrument) -> None:
    """Where positions are bounded, what a combo may lose must be known: it is of verticals alone."""
    is_bounded = limits.position_value is not None or limits.net_liquidation_pct is not None
    if is_bounded and instrument.sec_type is SecType.COMBO and not instrument.width:
        raise OrderDenied(Limit.SEC_TYPE, "vertical spreads", instrument.label)


def _check_position(limits: Limits, ticket: OrderTicket, given: Circumstances, price: Decimal, currency: str) -> None:
    """Bound what is held afterwards, at *price* a unit, if all that is in flight the same way is filled."""
    sign = 1 if ticket.side is Side.BUY else -1
    same_way = given.flight.of(ticket.side, stops=False) + given.flight.of(ticket.side, stops=True)
    held = abs(given.position + sign * (ticket.quantity + same_way)) * price
    _demand(Limit.POSITION_VALUE, limits.position_value, held, currency)
    if limits.net_liquidation_pct is None:
        return
    worth = given.summary.net_liquidation if given.summary else None
    if worth is None or worth <= 0:
        raise OrderDenied(Limit.ACCOUNT, None, "net liquidation value")
    # Multiplied out, not divided: the edge itself must compare exactly.
    if held * 100 > limits.net_liquidation_pct * worth:
        share = (held * 100 / worth).quantize(_CENT)
        raise OrderDenied(Limit.NET_LIQUIDATION, limits.net_liquidation_pct, share)


def _check_buying_power(
    limits: Limits, ticket: OrderTicket, instrument: Instrument, given: Circumstances, value: Decimal
) -> None:
    """What adds to a position must be paid for beside the rest; of what is on margin IBKR's own preview tells."""
    if not limits.buying_power or not is_paid_for(ticket.side, instrument) or given.summary is None:
        return
    power = given.summary.buying_power
    if power is None:
        raise OrderDenied(Limit.ACCOUNT, None, "buying power")
    _demand(Limit.BUYING_POWER, power - given.spent, value, given.summary.currency)
