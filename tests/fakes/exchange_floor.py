"""Several accounts, instruments and prices in memory: what lists are worked out of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from market.account import AccountSummary, Position
from market.errors import AmbiguousSymbol, MarketError, NoMarketData, UnknownSymbol
from market.hours import Hours, Session
from market.instrument import Instrument, SecType
from market.order_rules import OrderRules
from market.quote import Quote
from tests.fakes.clock import FakeClock
from tests.fakes.trading import AAPL, ACCOUNT, SHARE_RULES, TRADING_DAY

MSFT = Instrument(272093, "MSFT", primary_exchange="NASDAQ", name="MICROSOFT CORP")
TSLA = Instrument(76792991, "TSLA", primary_exchange="NASDAQ")
BMW = Instrument(29612222, "BMW", primary_exchange="IBIS", currency="EUR")
BMW_US = Instrument(4050, "BMW", primary_exchange="PINK")
EURUSD = Instrument(12087792, "EUR", SecType.FOREX, "IDEALPRO", min_tick=0.00005)
BTC = Instrument(479624278, "BTC", SecType.CRYPTO, "PAXOS")
ES = Instrument(495512563, "ES", SecType.FUTURE, "CME", expiry="20261218", multiplier="50", min_tick=0.25)
CALL = Instrument(700000001, "SPY", SecType.OPTION, expiry="20261218", strike=600.0, right="C", multiplier="100")
SECOND = "DU7654321"


@dataclass
class ExchangeFloor:
    """
    Plays `QuoteSource`, `SymbolBook` and `Holdings`.

    *prices* are (bid, ask) by instrument; one without has no market data. *closed* instruments trade tomorrow only.
    """

    clock: FakeClock
    instruments: tuple[Instrument, ...] = (AAPL, MSFT, TSLA, BMW, BMW_US, EURUSD, BTC, ES, CALL)
    prices: dict[Instrument, tuple[float, float]] = field(
        default_factory=lambda: {
            AAPL: (199.98, 200.02),
            MSFT: (399.96, 400.04),
            TSLA: (250.0, 250.1),
            BMW: (80.0, 80.1),
            CALL: (4.0, 4.2),
            BTC: (60_000.0, 60_010.0),
        }
    )
    special: dict[Instrument, OrderRules] = field(default_factory=dict)
    closed: set[Instrument] = field(default_factory=set)
    hours_error: dict[Instrument, MarketError] = field(default_factory=dict)
    held: dict[str, dict[Instrument, Decimal]] = field(default_factory=lambda: {ACCOUNT: {}})
    named: tuple[str, ...] = (ACCOUNT,)
    summaries: dict[str, AccountSummary] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.fund(ACCOUNT, net=100_000, cash=60_000)

    def fund(self, account: str, *, net: float, cash: float, currency: str = "USD", **rates: float) -> None:
        """Give an account its worth."""
        self.summaries[account] = AccountSummary(
            account,
            currency,
            net_liquidation=Decimal(str(net)),
            cash=Decimal(str(cash)),
            rates={name: Decimal(str(rate)) for name, rate in rates.items()},
        )

    def hold(self, instrument: Instrument, quantity: float, account: str = ACCOUNT) -> None:
        """Let an account hold so many."""
        self.held.setdefault(account, {})[instrument] = Decimal(str(quantity))

    async def fresh(self, instrument: Instrument, timeout_s: float = 3.0) -> Quote:
        if instrument not in self.prices:
            raise NoMarketData(354, "not subscribed")
        bid, ask = self.prices[instrument]
        return Quote(instrument, last=bid, bid=bid, ask=ask, received=self.clock.now())

    async def find(self, symbol: str) -> Instrument:
        found = [one for one in self.instruments if symbol in {f"#{one.con_id}", one.label}]
        if not found:
            raise UnknownSymbol(symbol)
        if len(found) > 1:
            raise AmbiguousSymbol(symbol, tuple(found))
        return found[0]

    async def hours(self, instrument: Instrument) -> Hours:
        if instrument in self.hours_error:
            raise self.hours_error[instrument]
        tomorrow = timedelta(days=1)
        later = Session(TRADING_DAY.start + tomorrow, TRADING_DAY.end + tomorrow, TRADING_DAY.day + tomorrow)
        return Hours("US/Eastern", (later,) if instrument in self.closed else (TRADING_DAY, later))

    async def rules(self, instrument: Instrument) -> OrderRules:
        return self.special.get(instrument, SHARE_RULES)

    def accounts(self) -> Sequence[str]:
        return self.named

    def summary(self, account: str) -> AccountSummary | None:
        return self.summaries.get(account)

    def positions(self, account: str) -> Sequence[Position]:
        return [
            Position(account, one, quantity, Decimal(100), market_price=price, market_value=price * quantity)
            for one, quantity in self.held.get(account, {}).items()
            for price in [Decimal(str(self.prices.get(one, (100.0, 100.0))[0]))]
        ]
