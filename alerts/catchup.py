"""
Catch-up: after any gap, what was missed is fetched and run through the rules before live data is believed again.

Since when all is live is noted every few seconds, so that the next start knows where its gap begins. The instruments
nearest to a level come first. Live ticks of what is catching up wait, a minute at most: then they go on, and what could
not be observed is told.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.archive import Archive
from alerts.engine import Engine
from alerts.missed import FURTHEST, Missed, Wanted, size_for
from alerts.ports import Moments, Nap
from alerts.resumption import Resumption
from alerts.rule import Firing, Rule
from market.clock import Clock
from market.errors import LinkDown
from market.instrument import Instrument
from market.quote import BarSize

_log = logging.getLogger(__name__)

LIVE = "live"
"""The key of the moment until which all was live."""

CAUGHT = "caught:"
"""Before a contract id: up to when it has caught up while others have not."""

_NOTE_EVERY_S = 10.0
_AT_ONCE = 12
# So long live ticks wait for what was before them.
_PATIENCE_S = 60.0
# Shorter gaps do not make the account's values unknown (PRODUCT A1, the table of defaults).
_NOTICEABLE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Unobserved:
    """A rule of which something between *begin* and *end* is not known, and why; *state* are its values as they are."""

    rule: Rule
    begin: datetime
    end: datetime
    reason: str
    state: tuple[tuple[str, float], ...] = ()


class CatchUp:
    """
    Fills gaps. *take* gets the firings and *settled* waits until they are recorded; *tell* gets what stayed unobserved
    of one gap; *heard* says when anything was heard last; *caught* is told up to which minute an instrument has come.
    """

    def __init__(  # noqa: PLR0913  who tells, who takes, and what is known
        self,
        engine: Engine,
        archive: Archive,
        moments: Moments,
        resumption: Resumption,
        clock: Clock,
        *,
        take: Callable[[Sequence[Firing]], None],
        settled: Callable[[], Awaitable[None]],
        tell: Callable[[Sequence[Unobserved]], Awaitable[None]],
        heard: Callable[[], datetime | None],
        caught: Callable[[Instrument, datetime], None] = lambda _instrument, _until: None,
        nap: Nap = asyncio.sleep,
    ) -> None:
        self._engine = engine
        self._archive = archive
        self._moments = moments
        self._resumption = resumption
        self._clock = clock
        self._take = take
        self._settled = settled
        self._tell = tell
        self._heard = heard
        self._caught = caught
        self._nap = nap
        self._is_up = False
        self._since = clock.now()
        self._is_parted = False
        self._kick = asyncio.Event()
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._unobserved: list[Unobserved] = []

    @property
    def count(self) -> int:
        """How many instruments have to catch up."""
        return len(self._engine.backlog.since)

    async def begin(self) -> None:
        """Let the gap begin where an earlier run of the program left off; once the rules are loaded."""
        now = self._clock.now()
        self._since = min(await self._moments.get(LIVE) or now, now)
        self._engine.backlog.darken(self._since)
        for key, at in (await self._moments.all(CAUGHT)).items():
            self._engine.backlog.begun(int(key.removeprefix(CAUGHT)), at)
        _log.info("Nothing is known since %s", self._since)

    def lost(self, since: datetime) -> None:
        """Take in that nothing live is to be believed *since* a moment."""
        if not self._is_up:
            return
        self._is_up = False
        self._since = min([since, *self._engine.backlog.since.values()])
        self._engine.backlog.darken(since)
        self._resumption.drop()

    def restored(self) -> None:
        """Take in that live data comes again: what was missed is to be fetched."""
        if self._is_up:
            return
        self._is_up = True
        # What is known of portfolios only since the link is up is behind too.
        self._engine.backlog.darken(self._since)
        self._engine.backlog.dawn()
        self._kick.set()

    def missed(self, con_ids: Iterable[int], since: datetime) -> None:
        """Take in that these instruments were not heard of *since* a moment, though the link was up, and are now."""
        if self._is_up:
            self._since = min(since, self._since) if self.count else since
            self._engine.backlog.fall(con_ids, since)
            self._kick.set()

    def slept(self, since: datetime) -> None:
        """Take in that the machine slept *since* a moment: nothing was heard, though no link was lost."""
        self.missed(self._engine.backlog.known(), since)

    async def run(self) -> None:
        """Fill each gap, and note until when all was live, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_filling(), name="gaps")
            tasks.create_task(self._keep_noting(), name="live until")

    async def note(self) -> None:
        """Note until when all was live, if it is just now."""
        if not self._is_up or self.count:
            return
        await self._moments.put(LIVE, self._heard() or self._clock.now())
        if self._is_parted:
            await self._moments.drop(CAUGHT)
            self._is_parted = False

    async def fill(self) -> None:
        """Let everything catch up that is behind, the nearest to a level first; then tell what stayed unobserved."""
        begun = self._clock.monotonic()
        since, groups = self._since, sorted(self._engine.backlog.groups(), key=self._gap_pct)
        await asyncio.gather(*(self._group(group, begun) for group in groups))
        if self.count or not self._is_up:
            return
        now = self._clock.now()
        if now - since >= _NOTICEABLE:
            states = self._engine.backlog.unobservable(now)
            self._resumption.unseen([rule.id for rule, _ in states], since, now)
            self._unobserved += [Unobserved(rule, since, now, "", tuple(state)) for rule, state in states]
        unobserved, self._unobserved = self._unobserved, []
        if groups:
            _log.info("All is live again, after %s", now - since)
        if unobserved:
            await self._tell(unobserved)
        await self._settled()
        await self.note()

    async def _keep_filling(self) -> None:
        while True:
            await self._kick.wait()
            self._kick.clear()
            await self.fill()

    async def _keep_noting(self) -> None:
        while True:
            await self._nap(_NOTE_EVERY_S)
            await self.note()

    def _gap_pct(self, group: Collection[int]) -> float:
        """Return how far the nearest price of a group is from a level, in percent; far off where it is not known."""
        gaps = [self._engine.backlog.gap_pct(con_id, self._resumption.price(con_id)) for con_id in group]
        return min((gap for gap in gaps if gap is not None), default=100.0)

    async def _group(self, con_ids: Collection[int], begun: float) -> None:
        """Let instruments that rules tie together catch up; if the link is lost meanwhile, they stay behind."""
        async with self._places:
            if not self._is_up:
                return
            found = (self._engine.backlog.wanted(con_id) for con_id in con_ids)
            wanted = [self._within_reach(one) for one in found if one is not None]
            if not wanted:
                return
            asked = self._clock.now()
            size = size_for(asked - min(one.begin for one in wanted))
            try:
                missed = await self._fetched(wanted, size, begun)
            except LinkDown:
                return
            if self._is_up:
                self._resume(missed, size, asked)
                await self._part([one.instrument for one in wanted], asked)

    async def _fetched(self, wanted: Sequence[Wanted], size: BarSize, begun: float) -> list[Missed]:
        """Return what was missed; what live ticks may wait for no longer is given up. Raises LinkDown."""
        is_awaited = self._resumption.holds([one.instrument.con_id for one in wanted])
        left_s = max(0.0, _PATIENCE_S - (self._clock.monotonic() - begun)) if is_awaited else None
        found: list[Missed] = []
        try:
            async with asyncio.timeout(left_s):
                for one in wanted:
                    missed, reason = await self._archive.missed(one, size)
                    if reason:
                        self._given_up(one, reason)
                    found.append(missed)
        except TimeoutError:
            for one in wanted[len(found) :]:
                self._given_up(one, "IBKR did not answer within a minute")
                found.append(Missed(one))
        return found

    def _resume(self, missed: Sequence[Missed], size: BarSize, asked: datetime) -> None:
        """Run what was missed, and let what waited meanwhile go on."""
        now = self._clock.now()
        con_ids = [one.wanted.instrument.con_id for one in missed]
        firings = self._engine.retrace(missed, size, now)
        self._engine.release(con_ids)
        firings += self._engine.on_ticks(self._resumption.freed(con_ids, asked))
        self._take(firings)
        for one in missed:
            self._caught(one.wanted.instrument, now.replace(second=0, microsecond=0) - timedelta(minutes=1))

    async def _part(self, instruments: Sequence[Instrument], until: datetime) -> None:
        """Note that some have caught up while others have not: a start after a crash begins there."""
        await self._settled()
        for instrument in instruments if self.count else ():
            self._is_parted = True
            await self._moments.put(f"{CAUGHT}{instrument.con_id}", until)

    def _given_up(self, wanted: Wanted, reason: str) -> None:
        now, con_id = self._clock.now(), wanted.instrument.con_id
        rules = [watch.rule for watch in self._engine.backlog.watches([con_id])]
        rules += self._engine.backlog.listeners(con_id)
        self._unobserved += [Unobserved(rule, wanted.begin, now, reason) for rule in rules]

    def _within_reach(self, wanted: Wanted) -> Wanted:
        """Return what can be had of what is *wanted*; what is longer ago is not known."""
        begin = self._clock.now() - FURTHEST
        if wanted.begin >= begin or wanted.is_nothing:
            return wanted
        reason = f"longer ago than {FURTHEST.days} days"
        watches = self._engine.backlog.watches([wanted.instrument.con_id])
        self._unobserved += [Unobserved(watch.rule, wanted.begin, begin, reason) for watch in watches]
        return replace(wanted, begin=begin)
