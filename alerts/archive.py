"""What IBKR still tells of a gap: bars of prices and indicators, closes, headlines."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.missed import Missed, Wanted
from alerts.operand import PriceField
from alerts.ports import HoursSource, MissedBars, MissedNews, Nap
from alerts.refusal import why_refused
from alerts.replay import days_of, past_hours
from alerts.studio import Study
from market.clock import Clock
from market.errors import LinkDown, MarketError
from market.news import Headline
from market.quote import Bar, BarSize

_log = logging.getLogger(__name__)

# What passes (no answer, pacing) is tried again so long.
_TRIES_S = 30.0
_AGAIN_S = 2.0
# A failure that passes is a refusal only when the time for tries is over.
_FINAL = 99
_DAYS_BEFORE = 7


@dataclass(frozen=True, slots=True)
class Archive:
    """Fetches what was missed."""

    bars: MissedBars
    news: MissedNews
    hours: HoursSource
    clock: Clock
    nap: Nap = asyncio.sleep

    async def missed(self, wanted: Wanted, size: BarSize) -> tuple[Missed, str]:
        """
        Return what was missed of one instrument, in bars of *size*; where it cannot be had nothing, and why.

        Raises LinkDown.
        """
        if wanted.is_nothing:
            return Missed(wanted), ""
        begun, failed = self.clock.monotonic(), 0
        while True:
            try:
                return await self._fetched(wanted, size), ""
            except LinkDown:
                raise
            except MarketError as error:
                failed += 1
                is_late = self.clock.monotonic() - begun > _TRIES_S
                reason = why_refused(error, _FINAL if is_late else 0)
                _log.info("The gap of %s is not to be had: %r", wanted.instrument.label, error)
            if reason:
                return Missed(wanted), reason
            await self.nap(_AGAIN_S * failed)

    async def _fetched(self, wanted: Wanted, size: BarSize) -> Missed:
        """Return all that is wanted of an instrument. Raises MarketError."""
        source, instrument = self.bars, wanted.instrument
        hours = await self.hours.hours(instrument)
        bars: dict[PriceField, Sequence[Bar]] = {}
        answered: dict[PriceField, datetime] = {}
        for field in sorted(wanted.fields, key=lambda field: field is not PriceField.MID):
            bars[field] = await source.since(instrument, field, size, wanted.since(hours))
            answered[field] = self.clock.now()
        days = days_of((bar for made in bars.values() for bar in made), hours.zone)
        closes: Sequence[Bar] = ()
        if wanted.is_daily:
            count = (self.clock.now() - wanted.begin).days + _DAYS_BEFORE
            closes = await source.bars(instrument, BarSize.DAY_1, count, regular=True)
        studies = {study: await self._study(study, wanted.begin) for study in wanted.studies}
        return Missed(
            wanted,
            past_hours(hours, days),
            bars,
            studies,
            await self._headlines(wanted),
            {bar.start.date(): bar.close for bar in closes},
            answered,
        )

    async def _study(self, study: Study, begin: datetime) -> Sequence[Bar]:
        """Return the bars of an indicator, with those that seed it before the gap."""
        missed = int((self.clock.now() - begin) / study.size.duration) + 2
        count = study.count + missed
        return await self.bars.bars(study.instrument, study.size, count, regular=study.is_regular)

    async def _headlines(self, wanted: Wanted) -> Sequence[Headline]:
        if not wanted.has_news:
            return ()
        return await self.news.headlines_since(wanted.instrument, wanted.begin)
