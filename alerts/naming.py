"""How an instrument that was chosen by its conId is written, so that a person can read it and IBKR finds it again."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.condition import Comparison
from alerts.errors import AlertSyntaxError
from alerts.language import parse
from alerts.operand import Price
from alerts.ports import InstrumentFinder
from alerts.spelling import symbol_text
from market.errors import MarketError, SymbolError
from market.instrument import Instrument, SecType

_UTC = ZoneInfo("UTC")


def is_number(symbol: str) -> bool:
    """Return whether *symbol*, as typed, is a conId: `#265598`."""
    return symbol.startswith("#")


async def name_of(instrument: Instrument, finder: InstrumentFinder, now: datetime) -> str:
    """
    Return the shortest name of *instrument* that means it and nothing else: `AAPL`, `BMW@IBIS`, `BMW@IBIS/EUR`.

    Where there is none, or IBKR cannot be asked, that is its conId.
    """
    try:
        for name in _names(instrument):
            if _is_spoken(name, now) and await _means(name, instrument, finder):
                return name
    except MarketError:
        # A number can be read by IBKR at any time; the name is for people only.
        pass
    return f"#{instrument.con_id}"


def _names(instrument: Instrument) -> Iterator[str]:
    label, venue = instrument.label, instrument.primary_exchange or instrument.exchange
    yield label
    if instrument.sec_type is SecType.STOCK and venue and venue != "SMART":
        yield f"{label}@{venue}"
        yield f"{label}@{venue}/{instrument.currency}"


def _is_spoken(name: str, now: datetime) -> bool:
    """Return whether the language takes *name* for a symbol: tickers that are numbers are none."""
    try:
        condition = parse(f"{symbol_text(name)} > 1", now, _UTC).condition
    except AlertSyntaxError:
        return False
    return isinstance(condition, Comparison) and condition.left == Price(name)


async def _means(name: str, instrument: Instrument, finder: InstrumentFinder) -> bool:
    try:
        return await finder.find(name) == instrument
    except SymbolError:
        return False
