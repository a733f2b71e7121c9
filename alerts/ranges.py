"""How far instruments move in an ordinary day: the average true range (ATR) of their daily bars, kept for a while."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alerts.daily import average_range
from alerts.ports import BarSource
from market.clock import Clock
from market.errors import LinkDown, MarketError
from market.instrument import Instrument
from market.quote import Bar, BarSize

_log = logging.getLogger(__name__)

_LENGTH = 14
_BARS = 60
_KEPT = timedelta(hours=12)
_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Range:
    """What is known (None: no bars): *money*, *pct* of the last *close*, and that; asked for anew when *due*."""

    due: datetime
    money: float | None = None
    pct: float | None = None
    close: float | None = None


_UNASKED = _Range(datetime.min.replace(tzinfo=UTC))


class AverageRanges:
    """ATR(14) of daily bars by instrument; reading asks nothing, `learn` does."""

    def __init__(self, bars: BarSource, clock: Clock) -> None:
        self._bars = bars
        self._clock = clock
        self._known: dict[int, _Range] = {}

    def atr(self, instrument: Instrument) -> float | None:
        """Return the instrument's ATR in the money of its price, or None where it is not known (yet)."""
        return self._of(instrument).money

    def atr_pct(self, instrument: Instrument) -> float | None:
        """Return the instrument's ATR in percent of its price, or None where it is not known (yet)."""
        return self._of(instrument).pct

    def close(self, instrument: Instrument) -> float | None:
        """Return the close of the instrument's last whole day, or None where it is not known (yet)."""
        return self._of(instrument).close

    async def learn(self, instruments: Iterable[Instrument], most: int | None = None) -> bool:
        """
        Ask for what is not known or too old, the first *most* of it; return whether anything was learnt.

        What IBKR refuses is tried again later.
        """
        now = self._clock.now()
        wanted = {one.con_id: one for one in instruments if self._of(one).due <= now}
        return any(await asyncio.gather(*(self._learnt(one) for one in list(wanted.values())[:most])))

    def _of(self, instrument: Instrument) -> _Range:
        return self._known.get(instrument.con_id, _UNASKED)

    async def _learnt(self, instrument: Instrument) -> bool:
        before = self._of(instrument)
        try:
            bars = await self._bars.bars(instrument, BarSize.DAY_1, _BARS)
        except LinkDown:
            return False
        except MarketError as error:
            _log.info("No daily bars of %s for its range: %r", instrument.label, error)
            self._known[instrument.con_id] = _Range(self._clock.now() + _AGAIN, before.money, before.pct, before.close)
            return False
        self._known[instrument.con_id] = _measured(bars, self._clock.now() + _KEPT)
        return self._known[instrument.con_id].money is not None


def _measured(bars: Iterable[Bar], due: datetime) -> _Range:
    """Return the range of *bars*; what began to trade a few days ago has one of those days."""
    known = list(bars)
    money = average_range(known, min(_LENGTH, max(len(known) - 1, 1)))
    close = known[-1].close if known else None
    if not money or not close:
        return _Range(due, close=close)
    return _Range(due, money, money / abs(close) * 100, close)
