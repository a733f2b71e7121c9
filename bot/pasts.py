"""The market's past as the chat asks for it: backtests, the bars of a chart, the price some time after a firing."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from alerts.history import Backtest, would_have_fired
from alerts.ports import BarSource, HoursSource
from alerts.rule import Rule
from market.clock import Clock
from market.errors import MarketError
from market.instrument import Instrument
from market.quote import Bar, BarSize
from storage.aftermath import Followed, SqlAftermath

_log = logging.getLogger(__name__)

_CHART_BARS = 180
_AT_ONCE = 20
_A_DAY, _A_WEEK = timedelta(days=1), timedelta(days=6)
_CLOSED = timedelta(hours=12)


class IbPast:
    """Implements `bot.handlers.past.PastMarket` over *source*, which caches."""

    def __init__(self, source: BarSource, hours: HoursSource, clock: Clock) -> None:
        self._source = source
        self._hours = hours
        self._clock = clock

    async def would_have_fired(self, rule: Rule, days: int) -> Backtest:
        """Run *rule* over the last *days*. Raises LinkDown, RequestTimeout, BrokerError."""
        return await would_have_fired(rule, self._source, self._clock.now(), days, self._hours)

    async def bars(self, instrument: Instrument) -> Sequence[Bar]:
        """Return the latest hours, oldest first. Raises as above."""
        return await self._source.bars(instrument, BarSize.HOUR_1, _CHART_BARS)


class AftermathKeeper:
    """Looks up what the price was 1 h and 1 d after each firing, when that has passed."""

    def __init__(self, aftermath: SqlAftermath, source: BarSource, clock: Clock) -> None:
        self._aftermath = aftermath
        self._source = source
        self._clock = clock

    async def look(self) -> None:
        """Look up what is due; what IBKR does not say now is asked again later."""
        for followed in await self._aftermath.due(self._clock.now(), _AT_ONCE):
            try:
                price = await self._price(followed)
            except MarketError as error:
                _log.info("no price after a firing of %s: %s", followed.instrument.label, type(error).__name__)
                price = None
            if price is None:
                await self._aftermath.postpone(followed, self._clock.now())
            else:
                await self._aftermath.note(followed, price)

    async def _price(self, followed: Followed) -> float | None:
        """
        Return the price at the due moment.

        An hour later it is the last one until then, also of a closed market. A day later it is the first one of the
        next session where the market was closed: None until there is one.
        """
        age = self._clock.now() - followed.due
        size = BarSize.MIN_1 if age < _A_DAY else BarSize.MIN_5 if age < _A_WEEK else BarSize.HOUR_1
        count = int((age + 2 * _CLOSED) / size.duration) + 2
        bars = await self._source.bars(followed.instrument, size, count)
        before = [bar for bar in bars if bar.start + size.duration <= followed.due]
        is_fresh = bool(before) and followed.due - before[-1].start < _CLOSED
        if before and (followed.is_hour or is_fresh):
            return before[-1].close
        return next((bar.open for bar in bars if bar.start >= followed.due), None)
