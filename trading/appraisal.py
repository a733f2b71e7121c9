"""What the market and the account look like when an order is proposed, and again when it is confirmed."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from market.account import AccountSummary
from market.clock import Clock
from market.errors import LinkDown, MarketError, NoMarketData, RequestTimeout
from market.hours import Hours
from market.instrument import Instrument
from market.order_rules import OrderRules
from market.quote import Quote
from trading.covering import pledged
from trading.errors import Limit, OrderDenied, UnknownAccount
from trading.exposure import closable, position_of
from trading.limits import Circumstances, TradingState, exact
from trading.ports import FollowedHoldings, Holdings, QuoteSource, SymbolBook


@dataclass(frozen=True, slots=True)
class Appraisal:
    """
    The market and the account at one moment, *at*; *hours*, *summary* and *rules* are None where IBKR has not told.

    *position* is of the instrument, of a combo what its legs make; of it so much is *pledged* as covers options that
    were sold.
    """

    account: str
    quote: Quote
    at: datetime
    position: Decimal = Decimal(0)
    hours: Hours | None = None
    summary: AccountSummary | None = None
    rules: OrderRules | None = None
    pledged: Decimal = Decimal(0)

    @property
    def closable(self) -> Decimal:
        """What of the position may be ended (short: negative)."""
        return closable(self.position, self.pledged)

    @property
    def price(self) -> Decimal | None:
        """The price that a card shows first."""
        return exact(self.quote.price)

    @property
    def is_open(self) -> bool:
        """Whether regular trading is on; True where the hours are not known."""
        return self.hours is None or self.hours.is_open(self.at)

    def circumstances(self, state: TradingState, recent_orders: int = 0) -> Circumstances:
        """Return what the limits want to know of the market and the account."""
        return Circumstances(
            quote=self.quote,
            now=self.at,
            position=self.position,
            state=state,
            recent_orders=recent_orders,
            is_open=self.is_open,
            summary=self.summary,
            rules=self.rules,
            knows_hours=self.hours is not None,
            account=self.account,
        )


def position_now(holdings: Holdings, account: str, instrument: Instrument) -> Decimal:
    """Return what *account* holds of *instrument* at this moment; short is negative."""
    return position_of(instrument, _held(holdings, account))


def position_to_come(holdings: FollowedHoldings, account: str, instrument: Instrument) -> Decimal:
    """Return what *account* holds of *instrument* once IBKR shows all that was executed: mostly what it holds now."""
    held, unsettled = _held(holdings, account), holdings.unsettled(account)
    for con_id, quantity in unsettled.items():
        held[con_id] = held.get(con_id, Decimal(0)) + quantity
    return position_of(instrument, held)


def _held(holdings: Holdings, account: str) -> dict[int, Decimal]:
    return {one.instrument.con_id: one.quantity for one in holdings.positions(account)}


class Appraiser:
    """Looks at the market and the account."""

    def __init__(self, quotes: QuoteSource, symbols: SymbolBook, holdings: Holdings, clock: Clock) -> None:
        self._quotes = quotes
        self._symbols = symbols
        self._holdings = holdings
        self._clock = clock

    def account(self, named: str = "") -> str:
        """
        Return the account that orders go to: the one *named*, or the default one.

        Raises LinkDown before IBKR has named any, UnknownAccount where the login does not manage it.
        """
        accounts = self._holdings.accounts()
        if not accounts:
            raise LinkDown
        if named and named not in accounts:
            raise UnknownAccount(named)
        return named or accounts[0]

    async def find(self, symbol: str) -> Instrument:
        """Return the one instrument that *symbol* names. Raises as `SymbolBook.find`."""
        return await self._symbols.find(symbol)

    async def appraise(self, instrument: Instrument, account: str) -> Appraisal:
        """Return how things stand now. Raises LinkDown, or OrderDenied(QUOTE_MISSING) with IBKR's own reason."""
        hours = await self._hours(instrument)
        rules = await self._rules(instrument)
        try:
            quote = await self._quotes.fresh(instrument)
        except NoMarketData as error:
            raise OrderDenied(Limit.QUOTE_MISSING, None, error.text) from error
        except RequestTimeout as error:
            raise OrderDenied(Limit.QUOTE_MISSING, None, None) from error
        return Appraisal(
            account=account,
            # A streaming quote goes on changing under our hands: what was checked must be what is shown.
            quote=replace(quote),
            at=self._clock.now(),
            position=position_now(self._holdings, account, instrument),
            hours=hours,
            summary=self._holdings.summary(account),
            rules=rules,
            pledged=pledged(instrument, self._holdings.positions(account)),
        )

    async def _hours(self, instrument: Instrument) -> Hours | None:
        """Return the hours, or None: an order does not fail for want of them, it loses a warning."""
        try:
            hours = await self._symbols.hours(instrument)
        except LinkDown:
            raise
        except MarketError:
            return None
        return hours if hours.is_known else None

    async def _rules(self, instrument: Instrument) -> OrderRules | None:
        """Return what IBKR takes of it, or None: then it refuses by itself what does not fit."""
        try:
            return await self._symbols.rules(instrument)
        except LinkDown:
            raise
        except MarketError:
            return None
