"""The one loop between the feeds and the log: what happens goes to the engine at once, firings are never dropped."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.barloop import BarLoop
from alerts.engine import Engine
from alerts.hoursloop import HoursLoop
from alerts.ports import Feeds, FiringLog, Nap
from alerts.refusal import Refusals
from alerts.resumption import Resumption
from alerts.rule import Away, Firing, OrderHappened, Rule, RuleState
from alerts.rulebook import Rulebook
from market.account import AccountSummary, Position
from market.clock import Clock
from market.news import Headline
from market.quote import Tick
from market.scan import ScanRow, ScanSpec

_log = logging.getLogger(__name__)
_BATCH = 200
_FIRST_NAP_S = 0.1
_LONGEST_NAP_S = 5.0
_SECOND_S = 1.0
# Rules looked at in one go because of the time: about 4 ms.
_AT_ONCE = 150
# The clock is looked at each second; so far ahead it was not, because the machine slept.
_ASLEEP = timedelta(seconds=30)
_HEARD_LATE = timedelta(seconds=60)


class Watcher:
    """
    Feeds -> engine -> log.

    The sinks are synchronous and fast; `run` records. A firing leaves the queue only when the log has it. *on_blind*
    is told once of each rule that became BLIND, *on_expired* of each whose end has come (of one again after a crash).
    """

    def __init__(  # noqa: PLR0913  what is watched, who records, and who is told
        self,
        engine: Engine,
        rulebook: Rulebook,
        feeds: Feeds,
        log: FiringLog,
        clock: Clock,
        nap: Nap = asyncio.sleep,
        *,
        on_blind: Callable[[Rule], Awaitable[None]] | None = None,
        on_expired: Callable[[Rule], Awaitable[None]] | None = None,
        resumption: Resumption | None = None,
    ) -> None:
        self._engine = engine
        self._rulebook = rulebook
        self._log = log
        self._clock = clock
        self._nap = nap
        self._on_blind = on_blind
        self._on_expired = on_expired
        self._behind = engine.backlog.since
        self._resumption = resumption or Resumption(self._behind)
        self._on_sleep: Callable[[datetime], None] = _unheard
        self._awake = clock.now()
        self._awake_until = self._awake + _ASLEEP
        self._queue: list[Firing] = []
        self._spent: list[int] = []
        self._fired = asyncio.Event()
        self._untidy = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._bars = BarLoop(engine, feeds.bars, clock, nap, self.take, feeds.hours)
        self._hours = HoursLoop(engine, feeds.hours, clock, nap)
        self._feeds = feeds
        self._last_ticks: Sequence[Tick] = ()
        self._portfolio: frozenset[int] = frozenset()
        self._has_moved = False
        rulebook.connect(self.take, self.settled)
        feeds.ticks.connect(self._on_ticks)
        feeds.news.connect(self._on_headline)
        feeds.scans.connect(self._on_scan)
        feeds.accounts.connect(self._on_account)
        feeds.orders.connect(self._on_order)

    @property
    def last_tick(self) -> datetime | None:
        """When the latest tick was received, for /status; None before the first."""
        return self._last_ticks[-1].received if self._last_ticks else None

    @property
    def pending(self) -> int:
        """How many firings the log does not have yet."""
        return len(self._queue)

    def take(self, firings: Sequence[Firing]) -> None:
        """Take firings to be recorded, and notice what else the engine changed."""
        if firings:
            self._queue.extend(self._resumption.marked(firings))
            self._empty.clear()
            self._fired.set()
        if self._engine.has_changes:
            self._untidy.set()

    async def settled(self) -> None:
        """Wait until every firing up to now is recorded."""
        await self._empty.wait()

    async def run(self) -> None:
        """
        Record firings as they come, for ever; cancelling keeps what is not recorded yet.

        Tidying up waits for the rulebook, and the rulebook waits for recording: so these are two tasks.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_recording(), name="firings")
            tasks.create_task(self._keep_tidy(), name="spent and changed rules")

    async def run_bars(self) -> None:
        """Seed the indicators and fetch each bar as it closes, for ever."""
        await self._bars.run()

    async def run_hours(self) -> None:
        """Keep the trading hours of all instruments known, for ever."""
        await self._hours.run()

    async def run_clock(self) -> None:
        """Tell the engine each second what is refused and what time it is, for ever."""
        while True:
            now = self._clock.now()
            self._wake(now)
            self._engine.on_refused(self._refused())
            self.take(self._engine.on_time(now, _AT_ONCE))
            while self._engine.is_overdue:
                # Thousands whose time comes at once (hours that become known) must not keep a price waiting.
                await asyncio.sleep(0)
                self.take(self._engine.on_overdue(self._clock.now(), _AT_ONCE))
            await self._nap(_SECOND_S)

    def on_sleep(self, listener: Callable[[datetime], None]) -> None:
        """Call *listener* with the moment since when this program did not run (the machine slept), once it does."""
        self._on_sleep = listener

    def _wake(self, now: datetime) -> None:
        """Notice that the clock is far ahead of where it was a second ago."""
        if now > self._awake_until:
            self._on_sleep(self._awake)
        self._awake, self._awake_until = now, now + _ASLEEP

    def _refused(self) -> Refusals:
        feeds = self._feeds
        return Refusals(feeds.ticks.refused(), self._bars.refused, feeds.news.refused(), feeds.scans.refused())

    def _on_ticks(self, ticks: Sequence[Tick]) -> None:
        if ticks:
            self._last_ticks = ticks
            if ticks[0].received > self._awake_until:
                self._wake(ticks[0].received)
            if self._behind:
                ticks = self._resumption.sift(ticks)
        firings = self._engine.on_ticks(ticks)
        if firings or self._engine.has_changes:
            self.take(firings)

    def _on_headline(self, headline: Headline) -> None:
        self.take(self._engine.on_headline(headline, self._clock.now()))

    def _on_scan(self, spec: ScanSpec, rows: Sequence[ScanRow]) -> None:
        self.take(self._engine.on_scan(spec, rows, self._clock.now()))

    def _on_account(self, summary: AccountSummary, positions: Sequence[Position]) -> None:
        self.take(self._engine.on_account(summary, positions, self._clock.now()))
        held = frozenset(position.instrument.con_id for position in positions if position.quantity)
        if held != self._portfolio:
            self._portfolio, self._has_moved = held, True
            self._untidy.set()

    def _on_order(self, happened: OrderHappened) -> None:
        now = self._clock.now()
        if now - happened.at <= _HEARD_LATE:
            self.take(self._engine.on_order(happened, now))
            return
        # Of the day's orders TWS tells at each connect: it happened when it did, and nobody was listening.
        firings = self._engine.on_order(happened, happened.at)
        self.take([replace(firing, away=Away(happened.at)) for firing in firings])

    async def _keep_recording(self) -> None:
        """Empty the queue into the log; while the log fails, try again for ever, a little slower each time."""
        nap_s = _FIRST_NAP_S
        while True:
            if not self._queue:
                self._empty.set()
                self._fired.clear()
                await self._fired.wait()
            if await self._record(self._queue[:_BATCH]) or await self._record_singly(self._queue[:_BATCH]):
                nap_s = _FIRST_NAP_S
                continue
            await self._nap(nap_s)
            nap_s = min(2 * nap_s, _LONGEST_NAP_S)

    async def _keep_tidy(self) -> None:
        """Follow the portfolio, let go of what spent rules held, and store what the engine changed by itself."""
        while True:
            await self._untidy.wait()
            self._untidy.clear()
            if self._has_moved:
                self._has_moved = False
                if not await _attempted(self._rulebook.follow(), "follow the portfolio"):
                    self._has_moved = True
            while self._spent:
                await _attempted(self._rulebook.retire(self._spent.pop()), "release")
            await self._save_changed()

    async def _record_singly(self, batch: Sequence[Firing]) -> bool:
        """Record each by itself: one that the log cannot take must not hold up the others. Return whether any was."""
        if len(batch) == 1:
            return False
        return any([await self._record([firing]) for firing in batch])

    async def _record(self, batch: Sequence[Firing]) -> bool:
        """Return whether the log took *batch*; then it has left the queue."""
        if not await _attempted(self._log.record(batch), "record"):
            return False
        recorded = {firing.key for firing in batch}
        self._queue = [firing for firing in self._queue if firing.key not in recorded]
        self._spent += [firing.rule.id for firing in batch if firing.rule.state is RuleState.FIRED]
        self._untidy.set()
        return True

    async def _save_changed(self) -> None:
        """Store some of what the engine changed by itself; what cannot be stored now is with the next change."""
        changed, failed = self._engine.take_changed(_BATCH), 0
        for rule in changed:
            if rule.state is RuleState.EXPIRED and self._on_expired is not None:
                # Told first: one that is stored as over is not looked at again.
                await _attempted(self._on_expired(rule), "tell")
            if not await _attempted(self._rulebook.save(rule), "save"):
                failed += 1
                self._engine.mark_changed(rule.id)
            elif rule.state is RuleState.EXPIRED:
                self._spent.append(rule.id)
                self._untidy.set()
            elif rule.state is RuleState.BLIND and self._on_blind is not None:
                await _attempted(self._on_blind(rule), "tell")
        if failed < len(changed) == _BATCH:
            self._untidy.set()


def _unheard(since: datetime) -> None:
    _log.warning("asleep since %s, and nobody asks what was missed", since)


async def _attempted(work: Awaitable[None], what: str) -> bool:
    """
    Return whether *work* was done.

    A firing must outlive whatever ails the log (a full disk, a locked database, a bug): so this catches all.
    """
    try:
        await work
    except Exception:  # noqa: BLE001  a firing must outlive whatever ails the log
        _log.exception("could not %s, will try again", what)
        return False
    return True
