"""What an order may come to: its worth at worst, and whether it makes a position smaller."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal

from market.instrument import Instrument, SecType
from market.quote import Quote
from market.ticket import OrderTicket, OrderType, Side

STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL})
"""The types that sleep until the market has moved against a position."""

OPTIONS = frozenset({SecType.OPTION, SecType.FUTURE_OPTION})

# What these take of the buying power is IBKR's own calculation.
_ON_MARGIN = frozenset({SecType.FUTURE, SecType.FUTURE_OPTION, SecType.COMBO, SecType.CFD, SecType.FOREX})


def exact(price: float | None) -> Decimal | None:
    """Return a float price as the decimal it stands for, to eight places; None stays None."""
    return None if price is None else Decimal(repr(round(price, 8)))


def market_price(side: Side, quote: Quote) -> Decimal | None:
    """Return the price such an order would meet: ask for a buy, bid for a sell, else the last one; None without any."""
    touch = quote.ask if side is Side.BUY else quote.bid
    return exact(touch if touch is not None else quote.price)


def order_value(
    ticket: OrderTicket,
    instrument: Instrument,
    quote: Quote,
    rival_price: Decimal | None = None,
    covered: Decimal = Decimal(0),
) -> Decimal | None:
    """
    Return what the order may come to at most, in the instrument's currency, or None without any price.

    A purchase with a limit costs that at most. Any other is worth the higher of the price it would meet now, its limit
    and its trigger (a trailing one starts its distance away): a sell limit below the market is filled at the market.
    A price below zero counts as much as the same one above. Of a pair either may be filled: its stop counts too, or the
    price of the one that a change leaves as it is (*rival_price*). A vertical spread that may end in owing its width
    (`may_owe`), or that brings money in, is worth that and what is paid besides: so much may be lost with it. An option
    that is sold is worth its strike: at that the shares may have to be bought or delivered. So many calls as are
    *covered* by shares are worth their price.
    """
    market = market_price(ticket.side, quote)
    found = [ticket.limit_price, ticket.oco_stop, rival_price]
    if ticket.side is Side.SELL or ticket.limit_price is None:
        found += [market, ticket.stop_price, _trigger(ticket, market)]
    prices = [price for price in found if price is not None]
    if not prices:
        return None
    worth = max(map(abs, prices))
    if instrument.width:
        worth = max(worth, _spread_worth(ticket.side, instrument, prices))
    total = ticket.quantity * worth
    if instrument.sec_type in OPTIONS and ticket.side is Side.SELL:
        at_price = min(covered, ticket.quantity)
        total = at_price * worth + (ticket.quantity - at_price) * max(worth, Decimal(repr(instrument.strike)))
    return total * instrument.factor


def may_owe(side: Side, instrument: Instrument) -> bool:
    """Return whether who trades a vertical spread that way can end up owing its width: never for what is none."""
    return bool(instrument.width) and (instrument.width < 0) is (side is Side.BUY)


def most_lost(side: Side, instrument: Instrument, price: Decimal) -> Decimal | None:
    """
    Return what one vertical spread opened at *price* may lose at most, in its currency; None where that is not known.

    At expiry it is worth something between 0 and its width.
    """
    if not instrument.width:
        return None
    owed = _width(instrument) if may_owe(side, instrument) else Decimal(0)
    return max(owed + _paid(side, price), Decimal(0)) * instrument.factor


def _spread_worth(side: Side, instrument: Instrument, prices: Iterable[Decimal]) -> Decimal:
    paid = [_paid(side, price) for price in prices]
    if may_owe(side, instrument) or min(paid) < 0:
        return _width(instrument) + max(*paid, Decimal(0))
    return max(paid)


def _width(instrument: Instrument) -> Decimal:
    return abs(Decimal(repr(instrument.width)))


def _paid(side: Side, price: Decimal) -> Decimal:
    """Return what is paid at *price*, below zero where it brings money in."""
    return price if side is Side.BUY else -price


def closing_value(
    ticket: OrderTicket, instrument: Instrument, quote: Quote, rival_price: Decimal | None = None
) -> Decimal | None:
    """Return what an order that ends what is held may come to: its price, nothing is lost beyond that."""
    return order_value(ticket, replace(instrument, width=0.0, strike=0.0), quote, rival_price)


def value_beside(
    position: Decimal,
    ticket: OrderTicket,
    instrument: Instrument,
    quote: Quote,
    rival_price: Decimal | None = None,
    covered: Decimal = Decimal(0),
) -> Decimal | None:
    """Return what the order may come to with *position* held: where it only ends that, as `closing_value`."""
    if reduces(ticket, Stock(position), strictly=False):
        return closing_value(ticket, instrument, quote, rival_price)
    return order_value(ticket, instrument, quote, rival_price, covered)


def is_paid_for(side: Side, instrument: Instrument) -> bool:
    """Return whether what adds to a position takes its price of the buying power: not what is on margin, or written."""
    writes = instrument.sec_type is SecType.OPTION and side is Side.SELL
    return instrument.sec_type not in _ON_MARGIN and not writes


def _trigger(ticket: OrderTicket, market: Decimal | None) -> Decimal | None:
    """Return where a trailing order would trigger now: above the market for a purchase."""
    if market is None or ticket.order_type is not OrderType.TRAIL:
        return None
    away = ticket.trail_amount if ticket.trail_amount is not None else abs(market) * (ticket.trail_pct or 0) / 100
    return market + away if ticket.side is Side.BUY else market - away


@dataclass(frozen=True, slots=True)
class Flight:
    """
    What orders of one instrument that work already may still buy and sell, in its units.

    *stop_buying* and *stop_selling* are that of stops, which sleep, and of targets that go with them or hang on an
    entry; the other two are that of all others.
    """

    buying: Decimal = Decimal(0)
    selling: Decimal = Decimal(0)
    stop_buying: Decimal = Decimal(0)
    stop_selling: Decimal = Decimal(0)

    def of(self, side: Side, *, stops: bool) -> Decimal:
        """Return what may still be traded on *side*, by *stops* or by all others."""
        if stops:
            return self.stop_buying if side is Side.BUY else self.stop_selling
        return self.buying if side is Side.BUY else self.selling

    def plus(self, side: Side, quantity: Decimal, *, stops: bool) -> "Flight":
        """Return it with one more order."""
        name = ("stop_" if stops else "") + ("buying" if side is Side.BUY else "selling")
        now: Decimal = getattr(self, name)
        return replace(self, **{name: now + quantity})

    def joined(self, other: "Flight") -> "Flight":
        """Return both together."""
        return Flight(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


@dataclass(frozen=True, slots=True)
class Stock:
    """
    What there is to reduce: *position* of the instrument (short: negative), what is in *flight* on it already.

    *arriving* is what the entry that an order hangs on may still add: until then the order sleeps.
    """

    position: Decimal = Decimal(0)
    flight: Flight = field(default_factory=Flight)
    arriving: Decimal = Decimal(0)


def reducible(ticket: OrderTicket, stock: Stock, *, strictly: bool) -> Decimal:
    """
    Return how many units an order like *ticket* may have without turning a position around, 0 where it adds to one.

    Orders in flight the same way have their share of the position already. *strictly* that of all of them counts; else
    a stop leaves the position to what is not one, as the protection beside an order that closes it. A pair of a target
    and a stop is both, and neither may be one too many.
    """
    whole = held_against(ticket.side, stock.position)
    sleeping, others = (stock.flight.of(ticket.side, stops=stops) for stops in (True, False))
    if strictly:
        taken = sleeping + others
    elif ticket.oco_stop is not None:
        taken = max(sleeping, others)
    else:
        taken = sleeping if ticket.order_type in STOPS else others
    return max(whole - taken, Decimal(0)) + stock.arriving


def reduces(ticket: OrderTicket, stock: Stock, *, strictly: bool) -> bool:
    """Return whether the order can only make a position smaller; see `reducible`. A bracket would open one again."""
    if ticket.take_profit is not None or ticket.stop_loss is not None:
        return False
    return ticket.quantity <= reducible(ticket, stock, strictly=strictly)


def position_of(instrument: Instrument, held: Mapping[int, Decimal]) -> Decimal:
    """
    Return what of the instrument is among what is *held*, by con id (short: negative).

    Of a combo it is what its legs make together, 0 where they are not all held its way or all the other way.
    """
    if instrument.sec_type is not SecType.COMBO or not instrument.legs:
        return held.get(instrument.con_id, Decimal(0))
    found = []
    for leg in instrument.legs:
        units = held.get(leg.con_id, Decimal(0)) / leg.ratio
        found.append(units if leg.side == Side.BUY.value else -units)
    return max(min(found), Decimal(0)) + min(max(found), Decimal(0))


def closable(position: Decimal, pledged: Decimal) -> Decimal:
    """Return what of a *position* may be ended (short: negative): not so much of it as is *pledged*."""
    return position - min(max(position, Decimal(0)), pledged)


def held_against(side: Side, position: Decimal) -> Decimal:
    """Return how much of *position* a trade on *side* would take away."""
    return position if side is Side.SELL else -position
