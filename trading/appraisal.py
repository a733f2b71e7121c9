"""What the market and the account look like when an order is proposed, and again when it is confirmed."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from market.account import AccountSummary
from market.clock import Clock
from market.errors import LinkDown, MarketError, NoMarketData, RequestTimeout
from market.hours import Hours
from market.instrument import Instrument
from market.quote import Quote
from market.ticket import Side
from trading.errors import Limit, OrderDenied
from trading.limits import Circumstances, TradingState, exact, market_price
from trading.ports import Holdings, QuoteSource, SymbolBook
from trading.proposal import Proposal


@dataclass(frozen=True, slots=True)
class Appraisal:
    """The market and the account at one moment, *at*; *hours* and *summary* are None where IBKR has not told."""

    account: str
    quote: Quote
    at: datetime
    position: Decimal = Decimal(0)
    hours: Hours | None = None
    summary: AccountSummary | None = None

    @property
    def price(self) -> Decimal | None:
        """The price that a card shows first."""
        return exact(self.quote.price)

    @property
    def is_open(self) -> bool:
        """Whether regular trading is on; True where the hours are not known."""
        return self.hours is None or self.hours.is_open(self.at)

    def circumstances(self, state: TradingState, recent_orders: int) -> Circumstances:
        """Return what the limits want to know."""
        return Circumstances(self.quote, self.at, self.position, state, recent_orders, self.is_open)

    def drift_pct(self, shown: Proposal) -> Decimal:
        """
        Return by how many percent the market has moved from what the card showed, either way.

        Two prices can move: the last one, and the one that the order would meet (ask for a buy, bid for a sell), which
        moves without any trade. The larger move counts; 0 where neither is known on both sides.
        """
        side = shown.ticket.side
        touch = shown.ask if side is Side.BUY else shown.bid
        met = touch if touch is not None else shown.reference_price
        return max(_moved_pct(shown.reference_price, self.price), _moved_pct(met, market_price(side, self.quote)))


def _moved_pct(before: Decimal | None, now: Decimal | None) -> Decimal:
    return Decimal(0) if now is None or not before else abs(now - before) * 100 / abs(before)


class Appraiser:
    """Looks at the market and the account."""

    def __init__(self, quotes: QuoteSource, symbols: SymbolBook, holdings: Holdings, clock: Clock) -> None:
        self._quotes = quotes
        self._symbols = symbols
        self._holdings = holdings
        self._clock = clock

    def account(self) -> str:
        """Return the account that orders go to: the default one. Raises LinkDown before IBKR has named any."""
        accounts = self._holdings.accounts()
        if not accounts:
            raise LinkDown
        return accounts[0]

    async def find(self, symbol: str) -> Instrument:
        """Return the one instrument that *symbol* names. Raises as `SymbolBook.find`."""
        return await self._symbols.find(symbol)

    async def appraise(self, instrument: Instrument, account: str) -> Appraisal:
        """Return how things stand now. Raises LinkDown, or OrderDenied(QUOTE_MISSING) with IBKR's own reason."""
        hours = await self._hours(instrument)
        try:
            quote = await self._quotes.fresh(instrument)
        except NoMarketData as error:
            raise OrderDenied(Limit.QUOTE_MISSING, None, error.text) from error
        except RequestTimeout as error:
            raise OrderDenied(Limit.QUOTE_MISSING, None, None) from error
        held = (p.quantity for p in self._holdings.positions(account) if p.instrument == instrument)
        return Appraisal(
            account=account,
            # A streaming quote goes on changing under our hands: what was checked must be what is shown.
            quote=replace(quote),
            at=self._clock.now(),
            position=sum(held, Decimal(0)),
            hours=hours,
            summary=self._holdings.summary(account),
        )

    async def _hours(self, instrument: Instrument) -> Hours | None:
        """Return the hours, or None: an order does not fail for want of them, it loses a warning."""
        try:
            return await self._symbols.hours(instrument)
        except LinkDown:
            raise
        except MarketError:
            return None
