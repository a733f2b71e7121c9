"""
Catch-up: after any gap, what was missed is fetched and run through the rules before live data is believed again.

Since when all is live is noted every few seconds, so that the next start knows where its gap begins. The instruments
nearest to a level come first. Live ticks of what is catching up wait, a minute at most: then they go on, and what could
not be observed is told.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
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

DARK = "dark:"
"""Before a contract id: since when it may not be heard of, while the others are."""

_NOTE_EVERY_S = 10.0
_AT_ONCE = 12
# So long live ticks wait for what was before them.
_PATIENCE_S = 60.0
# Shorter gaps do not make the account's values unknown (PRODUCT A1, the table of defaults).
_NOTICEABLE = timedelta(minutes=2)
# A look at daily bars; after it live ticks may wait no longer for who was split.
_SETTLED_WITHIN_S = 20.0
_OTHER_SCALE = "its prices are of another scale than the close before: perhaps a split"


@dataclass(frozen=True, slots=True)
class Unobserved:
    """A rule of which something between *begin* and *end* is not known, and why; *state* are its values as they are."""

    rule: Rule
    begin: datetime
    end: datetime
    reason: str
    state: tuple[tuple[str, float], ...] = ()


Settle = Callable[[Sequence[Instrument]], Awaitable[None]]


async def _settled_already(_instruments: Sequence[Instrument]) -> None:
    """Know nothing of splits."""


class CatchUp:
    """
    Fills gaps. *take* gets the firings and *settled* waits until they are recorded; *tell* gets what stayed unobserved
    of one gap; *heard* says when anything was heard last; *caught* is told up to which minute an instrument has come;
    *settle* finds out whether shares were split, where the bars of a gap are of another scale than the close before.
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
        settle: Settle = _settled_already,
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
        self._settle = settle
        self._nap = nap
        self._is_up = False
        self._since: datetime | None = None
        self._live: datetime | None = None
        self._fallen: dict[int, datetime] = {}
        self._doubted: datetime | None = None
        self._dark: dict[int, datetime] = {}
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
        noted = await self._moments.get(LIVE)
        self._since = since = min(noted or self._engine.backlog.changed_last or now, now)
        if noted is None:
            # A crash before all was live for the first time must not lose where the gap began.
            await self._moments.put(LIVE, since)
        self._dark = _by_con_id(await self._moments.all(DARK), DARK)
        self._engine.backlog.fall(self._dark)
        self._engine.backlog.darken(since)
        for con_id, at in _by_con_id(await self._moments.all(CAUGHT), CAUGHT).items():
            self._engine.backlog.begun(con_id, at)
        _log.info("Nothing is known since %s", since)

    def lost(self, since: datetime) -> None:
        """Take in that nothing live is to be believed *since* a moment."""
        if not self._is_up:
            return
        self._is_up = False
        self._since = min(since, self._since or since)
        self._engine.backlog.darken(since)
        self._resumption.drop()

    def restored(self) -> None:
        """Take in that live data comes again: what was missed is to be fetched."""
        if self._is_up:
            return
        self._is_up = True
        self._live = self._clock.now()
        # What is known of portfolios only since the link is up is behind too.
        self._engine.backlog.darken(self._since or self._live)
        self._engine.backlog.dawn()
        self._kick.set()

    def missed(self, since: Mapping[int, datetime]) -> None:
        """Take in *since* when some instruments were not heard of (by id), though the link was up, and are now."""
        if self._is_up and since:
            self._live = self._clock.now()
            self._fallen |= since
            self._engine.backlog.fall(since)
            self._kick.set()

    def doubt(self, since: datetime | None) -> None:
        """Take in that *since* a moment instruments may not be heard of though the link is up; None: all are."""
        self._doubted = since

    def slept(self, since: datetime) -> None:
        """Take in that the machine slept *since* a moment: nothing was heard, though no link was lost."""
        if self._is_up:
            self._live = self._clock.now()
            self._since = min(since, self._since or since)
            self._engine.backlog.fall(dict.fromkeys(self._engine.backlog.known(), since))
            self._kick.set()

    async def run(self) -> None:
        """Fill each gap, and note until when all was live, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_filling(), name="gaps")
            tasks.create_task(self._keep_noting(), name="live until")

    async def note(self) -> None:
        """Note until when all was live, if it is just now."""
        if not self._is_up or self.count:
            return
        await self._note_dark()
        await self._moments.put(LIVE, self._heard() or self._clock.now())
        if self._is_parted:
            await self._moments.drop(CAUGHT)
            self._is_parted = False

    async def fill(self) -> None:
        """Let everything catch up that is behind, the nearest to a level first; then tell what stayed unobserved."""
        begun = self._clock.monotonic()
        groups = sorted(self._engine.backlog.groups(), key=self._gap_pct)
        await asyncio.gather(*(self._group(group, begun) for group in groups))
        if self.count or not self._is_up:
            return
        self._close()
        unobserved, self._unobserved = self._unobserved, []
        if unobserved:
            await self._tell(unobserved)
        await self._settled()
        await self.note()

    def _close(self) -> None:
        """Note of which rules no history tells what happened in the gap, now that it is filled."""
        now = self._clock.now()
        if self._since is not None:
            begin, states = self._since, self._engine.backlog.unobservable(now)
        else:
            begin = min(self._fallen.values(), default=now)
            states = self._engine.backlog.unobservable(now, self._fallen)
        if now - begin >= _NOTICEABLE:
            self._resumption.unseen([rule.id for rule, _ in states], begin, now)
            self._unobserved += [Unobserved(rule, begin, now, "", tuple(state)) for rule, state in states]
        if begin < now:
            _log.info("All is live again, after %s", now - begin)
        self._since, self._fallen = None, {}

    async def _note_dark(self) -> None:
        """Note since when instruments are not heard of while others are, as long as that is so."""
        dark = {} if self._doubted is None else self._engine.backlog.silent(self._doubted)
        for con_id, since in dark.items():
            if con_id not in self._dark:
                await self._moments.put(f"{DARK}{con_id}", since)
        if self._dark and not dark:
            await self._moments.drop(DARK)
        self._dark = dark

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
            await self._scaled(missed)
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

    async def _scaled(self, missed: Sequence[Missed]) -> None:
        """Have splits found before old levels meet new prices; what stays in doubt is withheld."""
        strange = [one.wanted.instrument for one in missed if self._engine.backlog.is_of_other_scale(one)]
        if strange:
            with suppress(TimeoutError):
                async with asyncio.timeout(_SETTLED_WITHIN_S):
                    await self._settle(strange)

    def _resume(self, missed: Sequence[Missed], size: BarSize, asked: datetime) -> None:
        """Run what was missed, and let what waited meanwhile go on."""
        now = self._clock.now()
        con_ids = [one.wanted.instrument.con_id for one in missed]
        firings = self._engine.retrace(missed, size, now, self._live)
        begin = min(one.wanted.begin for one in missed)
        withheld = self._engine.backlog.take_withheld()
        self._unobserved += [Unobserved(rule, begin, now, _OTHER_SCALE) for rule in withheld]
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


def _by_con_id(moments: Mapping[str, datetime], prefix: str) -> dict[int, datetime]:
    return {int(key.removeprefix(prefix)): at for key, at in moments.items()}
