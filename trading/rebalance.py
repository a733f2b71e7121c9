"""
From what a portfolio is to be made of to the orders that make it so; pure.

Every number of units is rounded down, towards what is held. Sales come first; a purchase that the cash does not cover
waits for their money (`Rebalance.later`). What nothing was said of stays as it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from market.instrument import Instrument
from market.order_rules import OrderRules
from market.ticket import OrderTicket, OrderType, Side
from trading.batch import Left, Why, market_ticket, part
from trading.errors import ListFault, ListRefused
from trading.proposal import LegOrder

RESERVE_PCT = Decimal("0.5")
"""What a market order may cost more than its quote said; a purchase that this takes beyond the cash waits."""

_TOLERATED_PCT = Decimal(1)
_WHOLE = Decimal(100)


@dataclass(frozen=True, slots=True)
class Worth:
    """An account as it is shared out: net liquidation value and cash in *currency*, its base."""

    account: str
    currency: str
    net: Decimal
    cash: Decimal


@dataclass(frozen=True, slots=True)
class Standing:
    """
    One instrument as it stands: *held* of it, its prices, what part of the net liquidation value it is to be.

    *symbol* is as typed. *rate* is what one unit of its currency is worth in the account's.
    """

    instrument: Instrument
    symbol: str
    percent: Decimal
    held: Decimal
    bid: Decimal
    ask: Decimal
    rules: OrderRules
    rate: Decimal = Decimal(1)

    def worth(self, price: Decimal) -> Decimal:
        """Return what one unit at *price* is worth in the account's currency."""
        return price * self.instrument.factor * self.rate


@dataclass(frozen=True, slots=True)
class Trade:
    """So many units of one instrument to be bought or sold."""

    standing: Standing
    side: Side
    quantity: Decimal

    @property
    def price(self) -> Decimal:
        """The price that it meets: ask for a purchase, bid for a sale."""
        return self.standing.ask if self.side is Side.BUY else self.standing.bid

    @property
    def value(self) -> Decimal:
        """What it costs or brings in the account's currency, without fees."""
        return self.quantity * self.standing.worth(self.price)


@dataclass(frozen=True, slots=True)
class Rebalance:
    """
    What a rebalance does: *sells*, then *buys*, and *later* the purchases that wait for the sales' money.

    *left* is what stays as it is, *cash_after* what cash comes to once all of it is done (before fees).
    """

    worth: Worth
    sells: tuple[Trade, ...]
    buys: tuple[Trade, ...]
    later: tuple[Trade, ...]
    left: tuple[Left, ...]
    cash_after: Decimal

    @property
    def orders(self) -> tuple[LegOrder, ...]:
        """The orders of the first card, sales first."""
        return orders_of((*self.sells, *self.buys), self.worth.account)

    @property
    def cash_percent(self) -> Decimal:
        """What part of the net liquidation value cash comes to."""
        return self.cash_after * _WHOLE / self.worth.net


def plan(worth: Worth, standings: Sequence[Standing], unnamed: Sequence[Left] = ()) -> Rebalance:
    """
    Return the orders that bring each standing to its part.

    Raises ListRefused(SHORT_OF_MONEY) where the purchases take more than cash and sales give.
    """
    trades = [_trade(standing, worth.net) for standing in standings]
    near = [Left(one.standing.instrument.label, Why.NEAR, one.standing.held) for one in trades if not one.quantity]
    sells = tuple(one for one in trades if one.side is Side.SELL and one.quantity)
    wanted = [one for one in trades if one.side is Side.BUY and one.quantity]
    gained, needed = _total(sells), _total(wanted)
    have = worth.cash + gained
    if needed > have + worth.net * _TOLERATED_PCT / _WHOLE:
        raise ListRefused(ListFault.SHORT_OF_MONEY, have=have, wanted=needed, currency=worth.currency)
    short: tuple[Left, ...] = ()
    if sells:
        buys, later = _now_and_later(wanted, worth.cash)
    else:
        (buys, short), later = afforded(wanted, worth.cash), ()
    after = have - _total(buys) - _total(later)
    return Rebalance(worth, sells, buys, later, (*unnamed, *near, *short), after)


def afforded(wanted: Iterable[Trade], money: Decimal) -> tuple[tuple[Trade, ...], tuple[Left, ...]]:
    """Return the purchases, each cut down to what is left of *money*, and what is not bought for want of it."""
    bought, short = [], []
    for trade in wanted:
        each = trade.standing.worth(trade.price)
        affordable = trade.quantity if each <= 0 else min(trade.quantity, max(money, Decimal(0)) / each)
        quantity = trade.quantity if affordable == trade.quantity else trade.standing.rules.size_below(affordable)
        cut = replace(trade, quantity=quantity)
        money -= cut.value
        if quantity:
            bought.append(cut)
        if quantity < trade.quantity:
            short.append(Left(trade.standing.instrument.label, Why.MONEY_OUT, trade.quantity - quantity))
    return tuple(bought), tuple(short)


def orders_of(trades: Iterable[Trade], account: str) -> tuple[LegOrder, ...]:
    """Return the trades as orders: at the market, or where IBKR takes no such order at the price they meet."""
    return tuple(part(one.standing.instrument, _ticket(one), account, one.price) for one in trades)


def _trade(standing: Standing, net: Decimal) -> Trade:
    """Return what brings *standing* to its part; 0 units where less than one is missing."""
    aim = net * standing.percent / _WHOLE
    to_buy = aim / standing.worth(standing.ask) - standing.held
    if to_buy > 0:
        return Trade(standing, Side.BUY, standing.rules.size_below(to_buy))
    to_sell = standing.held - aim / standing.worth(standing.bid)
    return Trade(standing, Side.SELL, standing.rules.size_below(max(to_sell, Decimal(0))))


def _now_and_later(wanted: Sequence[Trade], cash: Decimal) -> tuple[tuple[Trade, ...], tuple[Trade, ...]]:
    now, later = [], []
    for trade in wanted:
        cost = trade.value * (_WHOLE + RESERVE_PCT) / _WHOLE
        if cost <= cash:
            cash -= cost
            now.append(trade)
        else:
            later.append(trade)
    return tuple(now), tuple(later)


def _ticket(trade: Trade) -> OrderTicket:
    rules, symbol = trade.standing.rules, trade.standing.symbol
    market = market_ticket(trade.side, trade.quantity, symbol, rules)
    if market is not None:
        return market
    price = rules.price_above(trade.price) if trade.side is Side.BUY else rules.price_below(trade.price)
    return OrderTicket(trade.side, trade.quantity, symbol, OrderType.LIMIT, price)


def _total(trades: Iterable[Trade]) -> Decimal:
    return sum((one.value for one in trades), Decimal(0))
