"""How far instruments move in a day: the average true range, for telling a distance in it."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from alerts.daily import average_range
from alerts.ports import BarSource
from market.clock import Clock
from market.errors import MarketError
from market.instrument import Instrument
from market.quote import BarSize

_log = logging.getLogger(__name__)

_DAYS = 30
_KEPT = timedelta(hours=12)


class AverageRanges:
    """Implements `bot.handlers.ports.Ranges` over daily bars, each instrument's asked for twice a day at most."""

    def __init__(self, source: BarSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._known: dict[int, tuple[datetime, float | None]] = {}

    def atr(self, instrument: Instrument) -> float | None:
        """Return the daily average true range in the price's currency, or None where it is not known; asks nothing."""
        known = self._known.get(instrument.con_id)
        return None if known is None else known[1]

    async def learn(self, instruments: Iterable[Instrument]) -> bool:
        """Ask for what was not asked for half a day; return whether anything was learnt. Refusals are let be."""
        now = self._clock.now()
        learnt = False
        for instrument in instruments:
            known = self._known.get(instrument.con_id)
            if known is not None and now - known[0] < _KEPT:
                continue
            try:
                bars = await self._source.bars(instrument, BarSize.DAY_1, _DAYS)
            except MarketError as error:
                _log.info("no daily bars of %s: %s", instrument.label, type(error).__name__)
                bars = ()
            average = average_range(bars)
            self._known[instrument.con_id] = (now, average)
            learnt = learnt or average is not None
        return learnt
