"""What an order is checked against."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from market.account import AccountSummary
from market.instrument import Instrument
from market.order_rules import OrderRules
from market.quote import Quote
from market.ticket import OrderTicket
from trading.exposure import STOPS, Flight, Stock, closable
from trading.state import TradingState


@dataclass(frozen=True, slots=True)
class Circumstances:
    """
    The market, the account and what was ordered before, as of *now*.

    *position* is what the account holds of the instrument (short: negative), of a combo what its legs make, *flight*
    what working orders may still make of the position, *arriving* what the entry that a changed order hangs on may
    still add to it. *recent_orders* counts what the person confirmed within the last minute, *day_value* is what that
    comes to today, in the account's base currency; both once more for all people (*total_...*). *since_same_s* is how
    long ago the person confirmed the same order, None where that is longer ago than anybody asks for. *spent* is the
    buying power that earlier orders take, those of the same list too. *is_open* says whether regular trading is on
    (True where *knows_hours* is False). *summary* and *rules* are None where IBKR has not told. *is_loss_locked*: the
    day has lost what it may. *rival_price* is that of `LegOrder`, and so is *covered*, as of now. *pledged* is what of
    the position covers options that were sold (see `trading.covering.pledged`).
    """

    quote: Quote
    now: datetime
    position: Decimal = Decimal(0)
    state: TradingState = TradingState.ACTIVE
    recent_orders: int = 0
    is_open: bool = True
    total_recent_orders: int = 0
    day_value: Decimal = Decimal(0)
    total_day_value: Decimal = Decimal(0)
    since_same_s: float | None = None
    summary: AccountSummary | None = None
    rules: OrderRules | None = None
    flight: Flight = field(default_factory=Flight)
    arriving: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)
    knows_hours: bool = True
    is_loss_locked: bool = False
    account: str = ""
    rival_price: Decimal | None = None
    covered: Decimal = Decimal(0)
    pledged: Decimal = Decimal(0)

    @property
    def stock(self) -> Stock:
        """What there is to reduce."""
        return Stock(closable(self.position, self.pledged), self.flight, self.arriving)

    def after(self, earlier: "Ordered", instrument: Instrument) -> "Circumstances":
        """Return how things stand for an order on *instrument* once the *earlier* one of the same list is sent."""
        flight, spent = self.flight, self.spent
        if earlier.account == self.account and earlier.instrument == instrument:
            ticket = earlier.ticket
            flight = flight.plus(ticket.side, ticket.quantity, stops=ticket.order_type in STOPS)
        covered = self.covered
        if earlier.account == self.account and earlier.instrument.symbol == instrument.symbol:
            # What it takes of the shares is not reckoned: hardly any list writes calls beside other orders on them.
            covered = Decimal(0)
        if earlier.account == self.account and not earlier.is_reducing:
            spent += earlier.value
        return replace(
            self,
            recent_orders=self.recent_orders + 1,
            total_recent_orders=self.total_recent_orders + 1,
            day_value=self.day_value + earlier.value,
            total_day_value=self.total_day_value + earlier.value,
            spent=spent,
            flight=flight,
            covered=covered,
        )


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order of a list that goes before others: what it may come to in base currency, and whether it reduces."""

    ticket: OrderTicket
    instrument: Instrument
    account: str
    value: Decimal
    is_reducing: bool
