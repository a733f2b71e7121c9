"""
Splits and new symbols, noticed as IBKR tells of them: alerts on a share that was split are held until their owner says.

IBKR adjusts old daily bars for splits: a close that it tells differently than on its day shows one. On the first
morning its bars may still be the old ones; there the prior close of the market data line (tick 9) shows it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from alerts.engine import Engine
from alerts.ports import BarSource, CloseStore, Nap
from alerts.rule import Rule, RuleState
from alerts.rulebook import Rulebook
from alerts.split import Split, is_in_money, split_between, symbol_of
from market.clock import Clock
from market.errors import MarketError
from market.instrument import Instrument, SecType
from market.quote import Bar, BarSize, Quote

_log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
_AT_ONCE = 4
_BARS = 20
_EVERY = timedelta(hours=2)
_LONGEST_BACKOFF = timedelta(minutes=10)
# A doubt waits for an answer: where that fails it is asked for again soon.
_AGAIN = timedelta(seconds=5)


@dataclass(slots=True)
class _Looked:
    """When an instrument's bars are *due* to be looked at, and how often in a row they could not be had."""

    due: datetime
    failed: int = 0


class ScaleLoop:
    """
    Keeps the engine's closes, and holds the alerts of what was split.

    *quote* returns an instrument's latest prices, *named* an instrument as IBKR last described it. *on_split* is told
    of each alert that is held, *on_renamed* of each whose instrument has another symbol now, with the one it had.
    """

    def __init__(  # noqa: PLR0913  what is looked at, where it is kept, and who is told
        self,
        engine: Engine,
        rulebook: Rulebook,
        bars: BarSource,
        closes: CloseStore,
        clock: Clock,
        *,
        quote: Callable[[int], Quote | None],
        named: Callable[[int], Instrument | None],
        on_split: Callable[[Rule, Instrument, Split], Awaitable[None]],
        on_renamed: Callable[[Rule, str, str], Awaitable[None]],
        nap: Nap = asyncio.sleep,
    ) -> None:
        self._engine = engine
        self._rulebook = rulebook
        self._bars = bars
        self._closes = closes
        self._clock = clock
        self._quote = quote
        self._named = named
        self._on_split = on_split
        self._on_renamed = on_renamed
        self._nap = nap
        self._known: dict[int, tuple[date, float]] = {}
        self._looked: dict[int, _Looked] = {}
        self._is_begun = False

    async def begin(self) -> None:
        """Let the engine know the closes as they were told on their day, once: before anything new is believed."""
        if self._is_begun:
            return
        self._is_begun = True
        self._known = dict(await self._closes.all())
        for instrument in self._stocks():
            self._entry(instrument)

    async def run(self) -> None:
        """Look once a second for what is due, for ever."""
        await self.begin()
        while True:
            await self.round()
            await self._nap(_LOOK_EVERY_S)

    async def round(self) -> None:
        """Look at what is in doubt or due, a few at a time."""
        now = self._clock.now()
        doubted = {one.con_id for one in self._engine.doubted()}
        due = []
        for instrument in self._stocks():
            looked = self._entry(instrument)
            if looked.due <= now or (instrument.con_id in doubted and not looked.failed):
                due.append((instrument, looked))
        due.sort(key=lambda one: one[0].con_id not in doubted)
        await asyncio.gather(*(self._look(*one, is_doubted=one[0].con_id in doubted) for one in due[:_AT_ONCE]))

    async def settle(self, instruments: Sequence[Instrument]) -> None:
        """
        Find out at once whether these were split: the alerts that it would make speak falsely are held then.

        For the bars of a gap; where IBKR does not tell (yet) what they are, they stay in doubt.
        """
        stocks = [one for one in instruments if one.sec_type is SecType.STOCK]
        await asyncio.gather(*(self._look(one, self._entry(one), is_doubted=True, is_past=True) for one in stocks))

    def _stocks(self) -> list[Instrument]:
        return [one for one in self._engine.spoken_of() if one.sec_type is SecType.STOCK]

    def _entry(self, instrument: Instrument) -> _Looked:
        """Return when it was looked at; the first time the engine is told the close that is kept."""
        looked = self._looked.get(instrument.con_id)
        if looked is None:
            looked = self._looked[instrument.con_id] = _Looked(self._clock.now())
            if instrument.con_id in self._known:
                self._engine.keep_close(instrument, self._known[instrument.con_id][1])
        return looked

    async def _look(self, instrument: Instrument, looked: _Looked, *, is_doubted: bool, is_past: bool = False) -> None:
        try:
            await self._rename(instrument)
            bars = await self._bars.bars(instrument, BarSize.DAY_1, _BARS, regular=True)
        except MarketError as error:
            looked.failed += 1
            looked.due = self._clock.now() + min(_AGAIN * 2 ** min(looked.failed - 1, 10), _LONGEST_BACKOFF)
            _log.info("no daily bars of %s to compare its close with: %r", instrument.label, error)
            return
        looked.failed, looked.due = 0, self._clock.now() + _EVERY
        if not bars:
            self._engine.keep_close(instrument, None)
            return
        is_certain = not is_past or self._is_told(instrument, bars)
        split, close = self._split(instrument, bars)
        if split is not None:
            await self._hold(instrument, split)
        known = bars[-1].start.date(), close
        if self._known.get(instrument.con_id) != known:
            await self._closes.put(instrument.con_id, *known)
            self._known[instrument.con_id] = known
        if split is None and not is_certain:
            return
        # What was in doubt and is no split is a fall, or a rise: there is nothing more to wait for.
        self._engine.keep_close(instrument, None if is_doubted and split is None else close)

    def _is_told(self, instrument: Instrument, bars: Sequence[Bar]) -> bool:
        """Return whether the bars, or the prior close of the line, tell for sure that there was no split."""
        known = self._known.get(instrument.con_id)
        if known is None:
            return True
        day, _ = known
        if day != bars[-1].start.date():
            return any(bar.start.date() == day for bar in bars)
        quote = self._quote(instrument.con_id)
        return quote is not None and quote.close is not None

    def _split(self, instrument: Instrument, bars: Sequence[Bar]) -> tuple[Split | None, float]:
        """Return the split since the close that is kept, if there was one, and the last close in today's scale."""
        last, known = bars[-1], self._known.get(instrument.con_id)
        if known is None:
            return None, last.close
        day, close = known
        told = next((bar.close for bar in bars if bar.start.date() == day), None)
        split = None if told is None else split_between(close, told)
        if split is not None or day != last.start.date():
            return split, last.close
        # The bars may be late: then the prior close is of the same session, and the price goes with it.
        quote = self._quote(instrument.con_id)
        prior, price = (None, None) if quote is None else (quote.close, quote.price)
        if prior is None or price is None or abs(price - prior) > abs(price - close):
            return None, last.close
        split = split_between(close, prior)
        return split, last.close if split is None else prior

    async def _hold(self, instrument: Instrument, split: Split) -> None:
        """Hold the alerts that the split would make speak falsely, and tell their owners."""
        _log.warning("%s was split %s", instrument.label, split)
        self._engine.rescale(instrument)
        for rule in self._engine.rules_on(instrument):
            if not is_in_money(rule, instrument):
                continue
            held = await self._rulebook.pause(rule.id, rule.owner_id, split.reason(symbol_of(rule, instrument)))
            if held.state is RuleState.PAUSED:
                await self._on_split(held, instrument, split)

    async def _rename(self, instrument: Instrument) -> None:
        """Let the alerts bear the instrument's new symbol, where it has one, and tell their owners."""
        now = self._named(instrument.con_id)
        if now is None or now.symbol == instrument.symbol:
            return
        for rule in self._engine.rules_on(instrument):
            renamed = await self._rulebook.rename(rule.id, rule.owner_id, now)
            await self._on_renamed(renamed, instrument.label, now.label)
