"""Options on SPY in memory: a chain, contracts of which some are not listed, prices and greeks."""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from broker.combo import vertical
from market.errors import MarketError, NoMarketData, UnknownSymbol
from market.hours import Hours
from market.instrument import Instrument, SecType
from market.option import Greeks, OptionChain
from market.order_rules import OrderRules
from market.quote import Quote

SPY = Instrument(756733, "SPY", primary_exchange="ARCA", name="SPDR S&P 500 ETF")
PAIR = Instrument(12087792, "EUR", SecType.FOREX, "IDEALPRO")
EXPIRIES = ("20261120", "20261127", "20261218", "20270115", *(f"2027{month:02}19" for month in range(2, 13)))
CHAIN = OptionChain(EXPIRIES, tuple(580 + 2.5 * step for step in range(17)), trading_class="SPY")
RULES = OrderRules(frozenset(), Decimal(1), Decimal(1), ((Decimal(0), Decimal("0.01")), (Decimal(3), Decimal("0.05"))))
_OPTION = re.compile(r"SPY (\d{8}) ([CP])([\d.]+)(?:/[CP]([\d.]+))?")


@dataclass
class OptionFloor:
    """
    Plays `SymbolBook`, `QuoteSource` and `OptionBook`.

    A call at K costs 620 - K, a put K - 580: five cents below is the bid, *width* above the ask. *unlisted* strikes do
    not exist, *silent* is raised for every quote, *held* keeps answers about options back until it is set.
    """

    chain_: OptionChain = CHAIN
    unlisted: set[float] = field(default_factory=set)
    silent: MarketError | None = None
    held: asyncio.Event | None = None
    width: float = 0.05
    asked: list[str] = field(default_factory=list)

    async def find(self, symbol: str) -> Instrument:
        if symbol in {"SPY", f"#{SPY.con_id}"}:
            return SPY
        if symbol in {"EUR.USD", f"#{PAIR.con_id}"}:
            return PAIR
        self.asked.append(symbol)
        if self.held is not None:
            await self.held.wait()
        found = _OPTION.fullmatch(symbol)
        if found is None or float(found[3]) in self.unlisted:
            raise UnknownSymbol(symbol)
        expiry, right, strike, second = found.groups()
        if second is None:
            return _option(expiry, right, float(strike))
        legs = [_option(expiry, right, float(one)) for one in (strike, second)]
        return vertical(*legs)

    async def fresh(self, instrument: Instrument, timeout_s: float = 3.0) -> Quote:
        if instrument is SPY:
            return Quote(SPY, last=600.4, received=datetime(2026, 11, 20, 15, 0, tzinfo=UTC))
        if self.silent is not None:
            raise self.silent
        if instrument.legs:
            raise NoMarketData(200, "no data for combos here")
        middle = 620 - instrument.strike if instrument.right == "C" else instrument.strike - 580
        return Quote(instrument, bid=round(middle - 0.05, 2), ask=round(middle + self.width, 2))

    async def chain(self, instrument: Instrument) -> OptionChain:
        if instrument is not SPY:
            raise UnknownSymbol(f"options on {instrument.label}")
        return self.chain_

    async def greeks(self, option: Instrument, timeout_s: float = 3.0) -> Greeks:
        sign = 1 if option.right == "C" else -1
        return Greeks(sign * (640 - option.strike) / 80, 0.0102, -0.1234, 0.456, 0.182)

    async def rules(self, instrument: Instrument) -> OrderRules:
        return RULES

    async def hours(self, instrument: Instrument) -> Hours:
        return Hours("US/Eastern", ())


def _option(expiry: str, right: str, strike: float) -> Instrument:
    con_id = int(expiry[2:]) * 10_000 + int(strike * 10) % 10_000
    return Instrument(con_id, "SPY", SecType.OPTION, expiry=expiry, strike=strike, right=right, multiplier="100")
