"""
Catch-up: after any gap, what was missed is fetched and run through the rules before live data is believed again.

Since when all is live is noted every few seconds, so that the next start knows where its gap begins. The instruments
nearest to a level come first. Live ticks of what is catching up wait, two minutes at most: then they go on, and what
could not be observed is told.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.archive import Archive
from alerts.eclipse import LOOK_EVERY_S, Eclipse
from alerts.engine import Engine
from alerts.missed import FURTHEST, MOST_HEADLINES, Missed, Wanted, size_for
from alerts.ports import Moments, Nap
from alerts.resumption import Resumption
from alerts.retrace import Retrace
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
# So long live ticks wait for what was before them: IBKR lets some 300 questions a minute through, which is 90 lines
# with the questions of their indicators and sides.
_PATIENCE_S = 120.0
_TOO_LONG = "IBKR's answers took longer than live prices may wait"
_BROKEN = "what was fetched could not be worked through"
# What is in doubt was perhaps dark for some seconds before that shows.
_UNSEEN = timedelta(seconds=5)
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
        self._eclipse = Eclipse(engine.backlog, moments, clock)
        self._stuck = set[int]()
        self._is_parted = False
        self._kick = asyncio.Event()
        self._places = asyncio.Semaphore(_AT_ONCE)
        # One at a time, or the stretches of work of a dozen would follow each other without a pause.
        self._turn = asyncio.Lock()
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
        self._engine.backlog.fall(await self._eclipse.kept())
        self._engine.backlog.darken(since)
        for key, at in (await self._moments.all(CAUGHT)).items():
            self._engine.backlog.begun(int(key.removeprefix(CAUGHT)), min(at, now))
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
        self._eclipse.begin(since)

    def healed(self, since: datetime) -> None:
        """Take in that what was in doubt *since* a moment is not any more: what was silent meanwhile is looked up."""
        self.missed(self._eclipse.end(since))

    def slept(self, since: datetime) -> None:
        """Take in that the machine slept *since* a moment: nothing was heard, though no link was lost."""
        if self._is_up:
            self._live = self._clock.now()
            self._since = min(since, self._since or since)
            self._engine.backlog.fall(dict.fromkeys(self._engine.backlog.known(), since))
            self._kick.set()

    async def run(self) -> None:
        """Fill each gap, and note until when all was live, for ever."""
        # What a run that died has left behind is nobody else's to fetch.
        self._kick.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_filling(), name="gaps")
            tasks.create_task(self._keep_noting(), name="live until")
            tasks.create_task(self._keep_looking(), name="who is dark")

    async def note(self) -> None:
        """Note until when all was live, if it is just now."""
        if not self._is_up or self.count:
            return
        await self._eclipse.note()
        at = self._heard() or self._clock.now()
        await self._moments.put(LIVE, at - _UNSEEN if self._eclipse.is_on else at)
        if self._is_parted:
            await self._moments.drop(CAUGHT)
            self._is_parted = False

    async def fill(self) -> None:
        """Let everything catch up that is behind, the nearest to a level first; then tell what stayed unobserved."""
        begun = self._clock.monotonic()
        groups = sorted(self._engine.backlog.groups(), key=self._gap_pct)
        async with asyncio.TaskGroup() as tasks:
            for group in groups:
                tasks.create_task(self._group(group, begun))
        if self.count or not self._is_up:
            return
        self._close()
        if unobserved := list(self._unobserved):
            await self._tell(unobserved)
            self._unobserved = self._unobserved[len(unobserved) :]
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

    async def _keep_filling(self) -> None:
        while True:
            await self._kick.wait()
            self._kick.clear()
            await self.fill()

    async def _keep_noting(self) -> None:
        while True:
            await self._nap(_NOTE_EVERY_S)
            await self.note()

    async def _keep_looking(self) -> None:
        while True:
            await self._nap(LOOK_EVERY_S)
            self._eclipse.look()

    def _gap_pct(self, group: Collection[int]) -> float:
        """Return how far the nearest price of a group is from a level, in percent; far off where it is not known."""
        if len(group) > 1 or any(map(self._engine.backlog.is_fast, group)):
            # Two instruments, or a move within minutes: they fire from anywhere.
            return 0.0
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
            size = size_for(max(asked - one.run_up for one in wanted))
            try:
                missed = await self._fetched(wanted, size, begun)
            except LinkDown:
                return
            await self._scaled(missed)
            async with self._turn:
                await self._resume(missed, size, asked)
            if self._is_up:
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
                    elif len(missed.headlines) >= MOST_HEADLINES:
                        self._cut(one, missed.headlines[0].time)
                    found.append(missed)
        except TimeoutError:
            for one in wanted[len(found) :]:
                self._given_up(one, _TOO_LONG)
                found.append(Missed(one))
        return found

    async def _scaled(self, missed: Sequence[Missed]) -> None:
        """Have splits found before old levels meet new prices; what stays in doubt is withheld."""
        strange = [one.wanted.instrument for one in missed if self._engine.backlog.is_of_other_scale(one)]
        if strange:
            with suppress(TimeoutError):
                async with asyncio.timeout(_SETTLED_WITHIN_S):
                    await self._settle(strange)

    async def _resume(self, missed: Sequence[Missed], size: BarSize, asked: datetime) -> None:
        """Run what was missed, and let what waited meanwhile go on, if the link still is up then."""
        if not self._is_up:
            return
        now = self._clock.now()
        con_ids = [one.wanted.instrument.con_id for one in missed]
        # The bars end as the first of them came: what was after that is told by ticks.
        until = min((at for one in missed for at in one.answered.values()), default=now)
        retrace = self._retrace(missed, size, until)
        is_cancelled = await _run(retrace)
        self._stuck -= set(con_ids)
        begin = min(one.wanted.begin for one in missed)
        withheld = self._engine.backlog.take_withheld()
        self._unobserved += [Unobserved(rule, begin, now, _OTHER_SCALE) for rule in withheld]
        firings = list(retrace.firings) if retrace is not None else []
        if self._is_up:
            self._engine.release(con_ids)
            firings += self._engine.on_ticks(self._resumption.freed(missed, asked))
            for one in missed:
                self._caught(one.wanted.instrument, now.replace(second=0, microsecond=0) - timedelta(minutes=1))
        else:
            for con_id in con_ids:
                self._engine.backlog.begun(con_id, until)
        self._take(firings)
        if is_cancelled:
            raise asyncio.CancelledError

    def _retrace(self, missed: Sequence[Missed], size: BarSize, until: datetime) -> Retrace | None:
        """Return what runs what was missed; None where that has broken this loop before: it would do so for ever."""
        con_ids = {one.wanted.instrument.con_id for one in missed}
        if not self._stuck.isdisjoint(con_ids):
            for one in missed:
                self._given_up(one.wanted, _BROKEN)
            return None
        self._stuck |= con_ids
        return self._engine.retracing(missed, size, until, self._live)

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

    def _cut(self, wanted: Wanted, first: datetime) -> None:
        """Note that there were headlines before the *first* that IBKR tells of."""
        rules = self._engine.backlog.listeners(wanted.instrument.con_id)
        reason = f"IBKR tells of the latest {MOST_HEADLINES} headlines, and there were more"
        self._unobserved += [Unobserved(rule, wanted.begin, first, reason) for rule in rules]

    def _within_reach(self, wanted: Wanted) -> Wanted:
        """Return what can be had of what is *wanted*; what is longer ago is not known."""
        begin = self._clock.now() - FURTHEST
        if wanted.begin >= begin or wanted.is_nothing:
            return wanted
        reason = f"longer ago than {FURTHEST.days} days"
        watches = self._engine.backlog.watches([wanted.instrument.con_id])
        self._unobserved += [Unobserved(watch.rule, wanted.begin, begin, reason) for watch in watches]
        return replace(wanted, begin=begin)


async def _run(retrace: Retrace | None) -> bool:
    """
    Run to the end, giving way every few milliseconds; return whether that was cancelled.

    Then the rest is run at once: half a gap cannot be taken up again.
    """
    is_cancelled = False
    for _ in () if retrace is None else retrace.steps():
        if not is_cancelled:
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                is_cancelled = True
    return is_cancelled
