"""Trading hours for the engine: of each instrument that rules speak of, and again before they run out."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.engine import Engine
from alerts.ports import HoursSource, Nap
from market.clock import Clock
from market.errors import MarketError
from market.instrument import Instrument

_log = logging.getLogger(__name__)
_LOOK_EVERY_S = 1.0
_AT_ONCE = 8
# IBKR tells of some days ahead; it may also change its mind about today.
_REFRESH = timedelta(hours=6)
_LONGEST_BACKOFF = timedelta(minutes=5)


@dataclass(slots=True)
class _Asked:
    """When an instrument's hours are *due* to be asked for, and how often in a row they could not be had."""

    due: datetime
    failed: int = 0


class HoursLoop:
    """Keeps the engine's hours known."""

    def __init__(self, engine: Engine, hours: HoursSource, clock: Clock, nap: Nap) -> None:
        self._engine = engine
        self._hours = hours
        self._clock = clock
        self._nap = nap
        self._asked: dict[int, _Asked] = {}

    async def run(self) -> None:
        """Look once a second for what is due, for ever."""
        while True:
            await self.round()
            await self._nap(_LOOK_EVERY_S)

    async def round(self) -> None:
        """Ask for what is due now, a few at a time; what cannot be had is put off, a little longer each time."""
        now = self._clock.now()
        due = []
        for instrument in self._engine.spoken_of():
            asked = self._asked.setdefault(instrument.con_id, _Asked(now))
            if asked.due <= now:
                due.append((instrument, asked))
        for begin in range(0, len(due), _AT_ONCE):
            await asyncio.gather(*(self._ask(*one) for one in due[begin : begin + _AT_ONCE]))

    async def _ask(self, instrument: Instrument, asked: _Asked) -> None:
        try:
            hours = await self._hours.hours(instrument)
        except MarketError as error:
            asked.failed += 1
            pause = min(timedelta(seconds=2**asked.failed), _LONGEST_BACKOFF)
            asked.due = self._clock.now() + pause
            _log.warning("no trading hours of %s (%r), again in %s", instrument.label, error, pause)
            return
        asked.failed = 0
        asked.due = self._clock.now() + _REFRESH
        if hours.is_known:
            self._engine.set_hours(instrument, hours)
