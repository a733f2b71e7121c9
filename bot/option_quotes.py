"""What options cost and what the model says of them, as far as it comes in time; a screen never fails for a price."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from bot.handlers.ports import OptionBook
from bot.option_wizard import UNKNOWN, OptionRow, OptionWizard
from market.errors import MarketError, UnknownSymbol
from market.option import Greeks
from trading.ports import QuoteSource, SymbolBook

_log = logging.getLogger(__name__)

T = TypeVar("T")

_WITHIN_S = 3.0


class OptionQuotes:
    """Looks options up, several at a time."""

    def __init__(self, symbols: SymbolBook, quotes: QuoteSource, options: OptionBook) -> None:
        self._symbols = symbols
        self._quotes = quotes
        self._options = options

    async def page(self, wizard: OptionWizard, strikes: Sequence[float]) -> Sequence[OptionRow]:
        """Return a row for each of *strikes*, in their order."""
        return await asyncio.gather(*(self.row(wizard.symbol_at(strike)) for strike in strikes))

    async def terms(self, wizard: OptionWizard) -> OptionRow:
        """Return the row of what is chosen; the greeks of a spread are its first leg's less its second's."""
        if not wizard.second:
            return await self.row(wizard.symbol)
        legs = [wizard.symbol_at(float(strike)) for strike in (wizard.strike, wizard.second)]
        spread, bought, sold = await asyncio.gather(self.row(wizard.symbol), *(self.row(one) for one in legs))
        net = Greeks(
            delta=_less(bought.greeks.delta, sold.greeks.delta),
            gamma=_less(bought.greeks.gamma, sold.greeks.gamma),
            theta=_less(bought.greeks.theta, sold.greeks.theta),
            vega=_less(bought.greeks.vega, sold.greeks.vega),
        )
        bid = spread.bid if spread.bid is not None else _less(bought.bid, sold.ask)
        ask = spread.ask if spread.ask is not None else _less(bought.ask, sold.bid)
        return OptionRow(spread.symbol, spread.is_listed, bid, ask, net, spread.instrument)

    async def row(self, symbol: str) -> OptionRow:
        """Return what is known of *symbol* within a few seconds."""
        try:
            async with asyncio.timeout(_WITHIN_S):
                found = await self._symbols.find(symbol)
        except UnknownSymbol:
            return OptionRow(symbol, is_listed=False)
        except (MarketError, TimeoutError) as error:
            _log.info("option %s is not found: %r", symbol, error)
            return OptionRow(symbol)
        quote, greeks = await asyncio.gather(
            _in_time(self._quotes.fresh(found, _WITHIN_S)),
            _in_time(self._options.greeks(found, _WITHIN_S)) if not found.legs else _nothing(),
        )
        bid, ask = (None, None) if quote is None else (quote.bid, quote.ask)
        return OptionRow(symbol, True, bid, ask, greeks or UNKNOWN, found)


async def _in_time(asked: Awaitable[T]) -> T | None:
    try:
        async with asyncio.timeout(_WITHIN_S):
            return await asked
    except (MarketError, TimeoutError):
        return None


async def _nothing() -> None:
    return None


def _less(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second
