"""
Shares the market data lines out among the instruments that rules watch, and brings 1-minute bars for the rest.

IBKR gives few lines (PRODUCT A2). What has none is evaluated on each closed minute's bar and gets a line when its
price comes near a level. What has one gets its minutes too while it is near: TWS samples trades, and a print between
two samples is in the bar.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from alerts.allocation import NEAR, Claim, allocate
from alerts.ports import BarSource, LineFeed, Nap
from alerts.ranges import AverageRanges
from alerts.refusal import why_refused
from alerts.rule import Firing
from market.clock import Clock
from market.errors import LinkDown, MarketError, PacingViolation
from market.instrument import Instrument
from market.quote import Bar, Quote, Tick

_log = logging.getLogger(__name__)

_SHARE_EVERY_S = 15.0
_LOOK_EVERY_S = 1.0
_MINUTE = timedelta(minutes=1)
_AFTER_CLOSE = timedelta(seconds=3)
_LATE_BAR = timedelta(seconds=15)
_LONGEST_WAIT = timedelta(minutes=5)
_REST = timedelta(minutes=1)
_LINK_REST = timedelta(seconds=5)
# So far back minutes are fetched when a link was down; what is older is for those who look for missed alerts.
_MOST_MINUTES = 390
_AT_ONCE = 10
_LEARN_AT_ONCE = 10
# An ordinary share's ATR, until its own is known.
_USUAL_ATR_PCT = 2.0


class Evaluator(Protocol):
    """What the engine does for the keeper."""

    def gap_pct(self, instrument: Instrument) -> float | None:
        """Return how far the price is from the instrument's nearest level in percent of it; None: not known."""
        ...

    def know_close(self, instrument: Instrument, close: float) -> None:
        """Take in the close of the last whole day, of an instrument without a line."""
        ...

    def on_minute(self, instrument: Instrument, bar: Bar, at: datetime) -> list[Firing]:
        """Take in a closed 1-minute bar, received *at*, and return the firings of it."""
        ...

    def is_behind(self, con_id: int) -> bool:
        """Return whether an instrument has to catch up: its minutes are told by those who look for missed alerts."""
        ...


@dataclass(slots=True, eq=False)
class _Watched:
    """
    One instrument. *fast* counts the holders that live on every tick; *seen* is the start of the last minute handed
    on, *misses* how often in a row there was no new one; *failed* counts the tries in a row that brought no answer, and
    *refused* is why, in IBKR's words. *quote* is what the bars said last.
    """

    instrument: Instrument
    due: datetime
    holders: int = 0
    fast: int = 0
    wants_greeks: bool = False
    has_line: bool = False
    seen: datetime | None = None
    misses: int = 0
    failed: int = 0
    refused: str = ""
    quote: Quote = field(init=False)

    def __post_init__(self) -> None:
        self.quote = Quote(self.instrument)


class LineKeeper:
    """
    The tick feed as rules hold it (implements `TickFeed`): every instrument is held, some of them with a line.

    `run` shares out and fetches, for ever; firings of minutes go to whom `hand_to` named.
    """

    def __init__(
        self,
        feed: LineFeed,
        bars: BarSource,
        engine: Evaluator,
        ranges: AverageRanges,
        clock: Clock,
        nap: Nap = asyncio.sleep,
    ) -> None:
        self._feed = feed
        self._bars = bars
        self._engine = engine
        self._ranges = ranges
        self._clock = clock
        self._nap = nap
        self._sink: Callable[[Sequence[Firing]], None] = _unheard
        self._watched: dict[int, _Watched] = {}
        self._lined = 0
        self._lock = asyncio.Lock()
        self._uneven = asyncio.Event()
        self._resting_until = clock.now()
        feed.on_demoted(self._on_demoted)

    def connect(self, sink: Callable[[Sequence[Tick]], None]) -> None:
        """Hand every tick of each network read, in order, to *sink*."""
        self._feed.connect(sink)

    def hand_to(self, sink: Callable[[Sequence[Firing]], None]) -> None:
        """Hand the firings of closed minutes to *sink*."""
        self._sink = sink

    async def hold(self, instrument: Instrument, *, wants_greeks: bool = False, is_fast: bool = False) -> None:
        """Watch *instrument*, or count one more holder; it gets a line at once while there is one."""
        async with self._lock:
            watched = self._watched.get(instrument.con_id)
            if watched is None:
                watched = self._watched[instrument.con_id] = _Watched(instrument, self._clock.now())
            watched.holders += 1
            watched.fast += is_fast
            is_short = wants_greeks and not watched.wants_greeks
            watched.wants_greeks |= wants_greeks
            if watched.has_line and is_short:
                await self._feed.hold(instrument, wants_greeks=True)
                await self._feed.release(instrument)
            elif not watched.has_line and self._room() > self._lined:
                await self._promote(watched)
            elif not watched.has_line:
                self._uneven.set()

    async def release(self, instrument: Instrument, *, is_fast: bool = False) -> None:
        """Count one holder less; with the last one its line is free for another."""
        async with self._lock:
            watched = self._watched.get(instrument.con_id)
            if watched is None:
                return
            watched.holders -= 1
            watched.fast -= is_fast
            if watched.holders <= 0:
                del self._watched[instrument.con_id]
                if watched.has_line:
                    self._lined -= 1
                    await self._feed.release(instrument)
            self._uneven.set()

    def quote(self, con_id: int) -> Quote | None:
        """Return the latest quote of a held instrument; without a line it is what its last minute's bar said."""
        watched = self._watched.get(con_id)
        if watched is None or watched.has_line or watched.quote.last is None:
            return self._feed.quote(con_id)
        return self._feed.quote(con_id) or watched.quote

    def refused(self) -> Mapping[int, str]:
        """Return what IBKR refuses to send, by contract id: the ticks, or the minutes of what has no line."""
        minutes = {key: one.refused for key, one in self._watched.items() if one.refused and not one.has_line}
        return {**minutes, **self._feed.refused()}

    def is_on_bars(self, con_id: int) -> bool:
        """Return whether the rules on an instrument run on 1-minute bars for want of a line."""
        watched = self._watched.get(con_id)
        return watched is not None and not watched.has_line

    async def run(self) -> None:
        """Share the lines out anew whenever something changed, and fetch minutes as they close, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_sharing(), name="sharing lines out")
            tasks.create_task(self._keep_fetching(), name="closed minutes")

    async def share(self) -> None:
        """Share the lines out: those that go to others are given up first."""
        self._uneven.clear()
        async with self._lock:
            if all(one.has_line for one in self._watched.values()) and self._room() >= len(self._watched):
                return
            allocation = allocate((self._claim(one) for one in self._watched.values()), self._room())
            for watched in list(self._watched.values()):
                if watched.has_line and watched.instrument not in allocation.lines:
                    await self._demote(watched)
            for watched in list(self._watched.values()):
                if not watched.has_line and watched.instrument in allocation.lines:
                    await self._promote(watched)

    async def fetch(self) -> None:
        """Fetch the minutes that have closed since, of all that are due; those without a line first."""
        now = self._clock.now()
        if now < self._resting_until:
            return
        due = [one for one in self._watched.values() if one.due <= now and self._wants_minutes(one)]
        due.sort(key=lambda one: (one.has_line, one.seen is not None, one.seen))
        for batch in _batches(due):
            await asyncio.gather(*(self._fetch(one) for one in batch))
            if self._clock.now() < self._resting_until:
                return

    async def _keep_sharing(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_SHARE_EVERY_S):
                    await self._uneven.wait()
            except TimeoutError:
                await self._ranges.learn([one.instrument for one in self._watched.values()], _LEARN_AT_ONCE)
            await self.share()

    async def _keep_fetching(self) -> None:
        while True:
            await self.fetch()
            await self._nap(_LOOK_EVERY_S)

    def _room(self) -> int:
        """Return how many lines are for rules: all that others (open cards) do not hold."""
        return self._feed.cap - (self._feed.held_count - self._lined)

    def _claim(self, watched: _Watched) -> Claim:
        return Claim(watched.instrument, watched.fast > 0, self._gap_atr(watched.instrument), watched.has_line)

    def _gap_atr(self, instrument: Instrument) -> float | None:
        """Return how far the price is from its nearest level in ATR, or None where that is not known."""
        gap = self._engine.gap_pct(instrument)
        return None if gap is None else gap / (self._ranges.atr_pct(instrument) or _USUAL_ATR_PCT)

    def caught(self, instrument: Instrument, until: datetime) -> None:
        """Take in that an instrument has caught up with its minutes, up to the one that began at *until*."""
        watched = self._watched.get(instrument.con_id)
        if watched is not None and (watched.seen is None or watched.seen < until):
            watched.seen, watched.misses, watched.due = until, 0, _next_close(self._clock.now())

    def _wants_minutes(self, watched: _Watched) -> bool:
        if self._engine.is_behind(watched.instrument.con_id):
            return False
        if not watched.has_line:
            return True
        gap = self._gap_atr(watched.instrument)
        return gap is None or gap <= NEAR

    async def _promote(self, watched: _Watched) -> None:
        watched.has_line = True
        self._lined += 1
        await self._feed.hold(watched.instrument, wants_greeks=watched.wants_greeks, is_fast=watched.fast > 0)

    async def _demote(self, watched: _Watched) -> None:
        _log.info("%s runs on 1-minute bars: the lines are for others", watched.instrument.label)
        watched.has_line = False
        self._lined -= 1
        now = self._clock.now()
        # What ticked up to now was seen; the running minute counts once it has closed.
        watched.seen, watched.misses, watched.due = _start_of(now) - _MINUTE, 0, _next_close(now)
        await self._feed.release(watched.instrument)

    def _on_demoted(self, _instrument: Instrument) -> None:
        self._uneven.set()

    async def _fetch(self, watched: _Watched) -> None:
        now = self._clock.now()
        count = 2 if watched.seen is None else min((now - watched.seen) // _MINUTE + 1, _MOST_MINUTES)
        try:
            bars = await self._bars.minutes(watched.instrument, count)
        except LinkDown:
            self._resting_until = self._clock.now() + _LINK_REST
            return
        except PacingViolation as error:
            _log.warning("Closed minutes rest for %s: %r", _REST, error)
            self._resting_until = self._clock.now() + _REST
            return
        except MarketError as error:
            _log.info("No minutes of %s: %r", watched.instrument.label, error)
            watched.failed += 1
            watched.refused = why_refused(error, watched.failed) or watched.refused
            bars = ()
        else:
            watched.failed, watched.refused = 0, ""
        if not self._engine.is_behind(watched.instrument.con_id):
            self._take(watched, bars)

    def _take(self, watched: _Watched, bars: Sequence[Bar]) -> None:
        """Hand the new ones of *bars* on and say when to look again."""
        now = self._clock.now()
        new = [bar for bar in bars if watched.seen is None or bar.start > watched.seen]
        watched.misses = 0 if new else watched.misses + 1
        is_late = watched.misses == 1
        watched.due = now + _LATE_BAR if is_late else _next_close(now + min(_MINUTE * watched.misses, _LONGEST_WAIT))
        firings: list[Firing] = []
        close = None if watched.has_line else self._ranges.close(watched.instrument)
        if close is not None:
            self._engine.know_close(watched.instrument, close)
        for bar in new:
            watched.seen = bar.start
            watched.quote.last, watched.quote.received = bar.close, now
            firings += self._engine.on_minute(watched.instrument, bar, now)
        if new and not watched.has_line and self._is_near(watched.instrument):
            self._uneven.set()
        self._sink(firings)

    def _is_near(self, instrument: Instrument) -> bool:
        gap = self._gap_atr(instrument)
        return gap is not None and gap <= NEAR


def _start_of(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _next_close(moment: datetime) -> datetime:
    """Return when the minute that is running at *moment* will be there."""
    return _start_of(moment) + _MINUTE + _AFTER_CLOSE


def _batches(due: Sequence[_Watched]) -> Iterable[Sequence[_Watched]]:
    return (due[start : start + _AT_ONCE] for start in range(0, len(due), _AT_ONCE))


def _unheard(firings: Sequence[Firing]) -> None:
    if firings:
        _log.error("%d firings of closed minutes, and nobody takes them", len(firings))
