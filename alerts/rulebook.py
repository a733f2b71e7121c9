"""
Adding, pausing, re-arming and deleting rules: store, engine and feeds in step.

Longer than 400 lines, so that all that changes a rule stands beside the one lock under which it is done.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.amendment import watches_the_same, with_symbol, without_past_end
from alerts.condition import Draft, NewsMatch, ScanEntry
from alerts.engine import Engine
from alerts.errors import RuleGone, TooManyAlerts, TooManyScans
from alerts.holding import Holding
from alerts.language import parse
from alerts.ports import InstrumentFinder, NewsFeed, RuleStore, ScanFeed, TickFeed
from alerts.resolving import NONE_KNOWN, ChatFinder, Resolver, no_chats
from alerts.rule import Firing, Rule, RuleState
from alerts.split import split_of
from alerts.wording import format_draft
from market.clock import Clock
from market.errors import RequestTimeout
from market.instrument import Instrument
from market.quote import Quote
from market.scan import ScanSpec

_log = logging.getLogger(__name__)
_ALIVE = frozenset({RuleState.ARMED, RuleState.PENDING, RuleState.SNOOZED, RuleState.PAUSED, RuleState.BLIND})
_UTC = ZoneInfo("UTC")
_COLLECTIONS = frozenset({"portfolio", "watchlist"})
WITH_ALL = "with all the others"
"""The reason of a rule that was paused by "pause all": "resume all" wakes these and no others."""


@dataclass(frozen=True, slots=True)
class Created:
    """
    A rule that watches now. *quote* is of its first instrument, as far as known already.

    *already_true*: it was true at once and fired.
    """

    rule: Rule
    quote: Quote | None
    already_true: bool


class Rulebook:
    """
    All changes to rules go through here, one at a time.

    A change takes the rule out of the engine and waits until its firings are recorded (`connect`): its new state must
    not be stored with a firing counted in it that could still be lost, nor without one that happens meanwhile.
    """

    def __init__(  # noqa: PLR0913  store, engine, feeds, and who finds what
        self,
        store: RuleStore,
        engine: Engine,
        finder: InstrumentFinder,
        feed: TickFeed,
        news: NewsFeed,
        scans: ScanFeed,
        clock: Clock,
        *,
        cap: int = 200,
        chats: ChatFinder | None = None,
    ) -> None:
        self._store = store
        self._engine = engine
        self._resolver = Resolver(
            finder,
            clock,
            chats or no_chats,
            lambda: scans.known,
            lambda: [provider.code for provider in news.known_providers],
        )
        self._feed = feed
        self._scans = scans
        self._holding = Holding(feed, news, scans, engine.forget)
        self._clock = clock
        self._cap = cap
        self._following: set[int] = set()
        self._lock = asyncio.Lock()
        self._sink: Callable[[Sequence[Firing]], None] = _unheard
        self._settled: Callable[[], Awaitable[None]] = _at_once

    def connect(self, sink: Callable[[Sequence[Firing]], None], settled: Callable[[], Awaitable[None]]) -> None:
        """Hand firings of rules that are true when armed to *sink*; *settled* waits until all firings are recorded."""
        self._sink = sink
        self._settled = settled

    async def load(self) -> None:
        """Take in every stored rule that is watched, and hold what it needs. A rule too many for IBKR is BLIND."""
        rules = await self._store.watching()
        self._engine.load(rules)
        async with self._lock:
            for rule in rules:
                await self._hold_stored(rule)

    async def create(self, text: str, owner_id: int, chat_id: int, zone: ZoneInfo = _UTC) -> Created:
        """
        Take a line of the alert language (without `/alert`) and watch it; *zone* is its owner's.

        The rule's text is the line as `format_draft` spells it. Raises AlertSyntaxError, TooManyAlerts, TooManyScans,
        NoSuchScan, NoSuchProvider, NoSuchChat, TicketSyntaxError (its `then`) and what the finder raises
        (UnknownSymbol, AmbiguousSymbol, LinkDown, RequestTimeout, BrokerError); then nothing is stored.
        """
        return await self.enter(await self.resolve(self.read(text, zone), owner_id, chat_id))

    def read(self, text: str, zone: ZoneInfo = _UTC) -> Draft:
        """Return what a line says, as of now. Raises AlertSyntaxError."""
        return parse(text, self._clock.now(), zone)

    async def resolve(
        self, draft: Draft, owner_id: int, chat_id: int, known: Mapping[str, Instrument] = NONE_KNOWN
    ) -> Rule:
        """
        Return the rule that *draft* would be, not stored (see `Resolver.resolve`). Raises as `create`, but for syntax
        and caps.
        """
        return await self._resolver.resolve(draft, owner_id, chat_id, known)

    async def _try_out(self, spec: ScanSpec) -> None:
        """Run a scan once: only IBKR knows its codes. One that it is slow to answer is taken as it is."""
        with suppress(RequestTimeout):
            await self._scans.run_once(spec)

    async def enter(self, new: Rule) -> Created:
        """
        Store and watch a rule that `resolve` made; a scan is tried out.

        Raises TooManyAlerts, TooManyScans, and of a scan LinkDown, BrokerError; then nothing is stored.
        """
        async with self._lock, AsyncExitStack() as undo:
            await self._ensure_room(new.owner_id)
            rule = await self._store.add(new)
            undo.push_async_callback(self._store.delete, rule.id)
            firings = await self._watched(rule, undo)
            undo.push_async_callback(self._holding.give, rule.id)
            if isinstance(rule.draft.condition, ScanEntry):
                await self._try_out(rule.draft.condition.spec)
            undo.pop_all()
        self._sink(firings)
        return Created(self._engine.rule(rule.id) or rule, self._quote_of(rule), bool(firings))

    async def room(self, owner_id: int) -> int:
        """Return how many more alerts the person may have."""
        alive = [rule for rule in await self.owned_by(owner_id) if rule.state in _ALIVE]
        return max(0, self._cap - len(alive))

    async def get(self, rule_id: int, owner_id: int) -> Rule:
        """Return a rule as it stands now. Raises RuleGone where it was deleted or is someone else's."""
        rule = self._engine.rule(rule_id) or await self._store.get(rule_id)
        if rule is None or rule.owner_id != owner_id:
            raise RuleGone(rule_id)
        return rule

    async def owned_by(self, owner_id: int) -> list[Rule]:
        """Return all rules of one user as they stand now, by id."""
        return [self._engine.rule(rule.id) or rule for rule in await self._store.owned_by(owner_id)]

    def distance(self, rule_id: int) -> float | None:
        """Return how far the price is from the rule's nearest level (see `Engine.distance`)."""
        return self._engine.distance(rule_id)

    def standing(self, rule_id: int) -> Mapping[str, float]:
        """Return the values of a watched rule's condition as they are known now, by their text."""
        return self._engine.standing(rule_id, self._clock.now())

    async def delete(self, rule_id: int, owner_id: int) -> Rule:
        """Delete a rule and return it as it stood, for `restore`. Raises RuleGone."""
        async with self._lock, AsyncExitStack() as undo:
            rule = await self._taken_out(rule_id, owner_id, undo)
            await self._store.delete(rule_id)
            undo.pop_all()
            self._engine.remove(rule_id)
            await self._holding.give(rule_id)
        return rule

    async def restore(self, rule: Rule) -> Rule:
        """
        Bring a deleted rule back as it was, its id and its memory included; one that sleeps sleeps on.

        Raises TooManyAlerts, TooManyScans.
        """
        is_awake = rule.is_watching and rule.state is not RuleState.SNOOZED
        armed = rule.calmed(self._clock.now()) if is_awake else rule
        async with self._lock, AsyncExitStack() as undo:
            if rule.state in _ALIVE:
                await self._ensure_room(rule.owner_id)
            stored = await self._store.add(armed)
            undo.push_async_callback(self._store.delete, stored.id)
            firings = await self._watched(stored, undo) if stored.is_watching else []
            undo.pop_all()
        self._sink(firings)
        return self._engine.rule(stored.id) or stored

    async def rename(self, rule_id: int, owner_id: int, instrument: Instrument) -> Rule:
        """
        Let a rule bear the symbol that *instrument* has now, and say so in its line; all else stays as it was.

        Raises RuleGone.
        """
        async with self._lock, AsyncExitStack() as undo:
            rule = await self._taken_out(rule_id, owner_id, undo)
            return await self._swapped(rule, with_symbol(rule, instrument), undo)

    async def amend(self, rule_id: int, owner_id: int, draft: Draft, *, wakes: bool = False) -> Rule:
        """
        Give a rule another condition or other options; another scan is tried out.

        With another condition, or once it was spent, or where it *wakes* after a split, it is armed anew; else what it
        told it does not tell again. A past end is dropped. A paused one stays paused unless *wakes*, and a change of
        mere words (note, tag, sound) leaves everything else as it was. Raises RuleGone, TooManyAlerts, TooManyScans, as
        `resolve`, and of another scan LinkDown, BrokerError; then nothing has changed.
        """
        before = await self.get(rule_id, owner_id)
        if wakes or not (before.state is RuleState.PAUSED or watches_the_same(before.draft, draft)):
            draft = without_past_end(draft, self._clock.now())
        new = await self.resolve(draft, owner_id, before.chat_id, before.instruments)
        async with self._lock, AsyncExitStack() as undo:
            current = await self._taken_out(rule_id, owner_id, undo)
            changed = replace(current, draft=draft, text=new.text, instruments=new.instruments, chat_id=new.chat_id)
            if watches_the_same(current.draft, draft) and not wakes:
                return await self._swapped(current, changed, undo)
            is_alive = current.state in _ALIVE
            is_revised = is_alive and not wakes and current.draft.condition == draft.condition
            now = self._clock.now()
            recounts = current.draft.options.most != draft.options.most
            armed = changed.revised(now, recounts=recounts) if is_revised else changed.rearmed(now)
            if current.state is RuleState.PAUSED and not wakes:
                rested = armed.with_state(RuleState.PAUSED, current.since, current.reason)
                return await self._swapped(current, rested, undo)
            if not is_alive:
                await self._ensure_room(owner_id)
            return await self._swapped(current, armed, undo)

    async def snooze(self, rule_id: int, owner_id: int, until: datetime | None, wake_on: str = "") -> Rule:
        """
        Keep a rule silent *until* a moment, or, with *wake_on* "recross", until it was false once.

        A spent one is armed again when it wakes. Raises RuleGone, TooManyAlerts, TooManyScans.
        """
        async with self._lock, AsyncExitStack() as undo:
            rule = await self._taken_out(rule_id, owner_id, undo)
            if rule.state not in _ALIVE:
                await self._ensure_room(owner_id)
            return await self._swapped(rule, rule.snoozed(self._clock.now(), until, wake_on), undo)

    async def pause_all(self, owner_id: int) -> int:
        """Stop watching all of a person's rules until `resume_all`; return how many that were."""
        watching = [rule.id for rule in await self.owned_by(owner_id) if rule.is_watching]
        for rule_id in watching:
            await self.pause(rule_id, owner_id, WITH_ALL)
        return len(watching)

    async def resume_all(self, owner_id: int) -> int:
        """Watch again what `pause_all` stopped, not what was paused by itself; return how many do. As `resume`."""
        paused = [rule for rule in await self.owned_by(owner_id) if rule.state is RuleState.PAUSED]
        mine = [rule.id for rule in paused if rule.reason == WITH_ALL]
        resumed = [await self.resume(rule_id, owner_id) for rule_id in mine]
        return sum(rule.state is not RuleState.EXPIRED for rule in resumed)

    async def pause(self, rule_id: int, owner_id: int, reason: str = "") -> Rule:
        """
        Stop watching a rule until `resume`, and return it as it stands then.

        One that is not watched (it may have fired just now) stays as it is. Raises RuleGone.
        """
        async with self._lock, AsyncExitStack() as undo:
            rule = await self._taken_out(rule_id, owner_id, undo)
            if not rule.is_watching:
                undo.pop_all()
                return rule
            return await self._swapped(rule, rule.with_state(RuleState.PAUSED, self._clock.now(), reason), undo)

    async def resume(self, rule_id: int, owner_id: int) -> Rule:
        """
        Watch a paused rule again, with what it told kept; any other stays as it is.

        One whose end came meanwhile is EXPIRED, and its owner told. Raises RuleGone, TooManyScans.
        """
        async with self._lock, AsyncExitStack() as undo:
            rule, now = await self.get(rule_id, owner_id), self._clock.now()
            if rule.state is not RuleState.PAUSED:
                return rule
            if without_past_end(rule.draft, now) != rule.draft:
                return await self._ended(rule, now, undo)
            # What it saw before a split is of another scale.
            is_split = split_of(rule.reason) is not None
            return await self._swapped(rule, rule.rearmed(now) if is_split else rule.resumed(now), undo)

    async def rearm(self, rule_id: int, owner_id: int) -> Rule:
        """
        Arm a rule anew, whatever became of it: it may fire again, at once if it is true. A past end is dropped.

        Raises RuleGone, TooManyAlerts, TooManyScans.
        """
        async with self._lock, AsyncExitStack() as undo:
            rule = await self._taken_out(rule_id, owner_id, undo)
            if rule.state not in _ALIVE:
                await self._ensure_room(owner_id)
            now = self._clock.now()
            draft = without_past_end(rule.draft, now)
            endless = rule if draft == rule.draft else replace(rule, draft=draft, text=format_draft(draft))
            return await self._swapped(rule, endless.rearmed(now), undo)

    async def follow(self) -> None:
        """Hold what news on a portfolio or a watchlist need now: what is in them changes."""
        async with self._lock:
            for rule_id in tuple(self._following):
                rule = self._engine.rule(rule_id)
                if rule is None or not rule.is_watching:
                    self._following.discard(rule_id)
                elif rule.state is not RuleState.BLIND:
                    await self._hold(rule)

    async def save(self, rule: Rule) -> None:
        """Store what the engine changed by itself (memory, blindness), if the rule is still as it stood then."""
        async with self._lock:
            await self._settled()
            if self._engine.rule(rule.id) == rule:
                await self._store.save(rule)

    async def retire(self, rule_id: int) -> None:
        """Let go of what a spent rule held; one that is watched (again) keeps it."""
        async with self._lock:
            rule = self._engine.rule(rule_id)
            if rule is not None and rule.is_watching:
                return
            if rule is not None and rule.state is RuleState.FIRED:
                self._engine.remove(rule_id)
            await self._holding.give(rule_id)

    async def _taken_out(self, rule_id: int, owner_id: int, undo: AsyncExitStack) -> Rule:
        """
        Return a rule that fires no more, with all its firings recorded; *undo* has it watched again as it stood.

        The first wait may be long (a full disk): until then the rule is watched as ever.
        """
        await self._settled()
        rule = await self.get(rule_id, owner_id)
        if rule.is_watching:
            self._engine.rest(rule)
        undo.push_async_callback(self._restored, rule)
        await self._settled()
        return rule

    async def _ended(self, current: Rule, now: datetime, undo: AsyncExitStack) -> Rule:
        """Let a rule be over, and have its owner told as of any other that is."""
        ended = await self._swapped(current, current.expired(now), undo)
        self._engine.mark_changed(current.id)
        self._sink([])
        return ended

    async def _swapped(self, current: Rule, new: Rule, undo: AsyncExitStack) -> Rule:
        """Store and watch *new* in the place of *current*, which was taken out; then *undo* is not needed any more."""
        await self._store.save(new)
        undo.push_async_callback(self._store.save, current)
        if new.is_watching:
            firings = await self._watched(new, undo)
            undo.push_async_callback(self._holding.give, new.id)
            if isinstance(new.draft.condition, ScanEntry) and new.draft.condition != current.draft.condition:
                await self._try_out(new.draft.condition.spec)
        else:
            self._engine.rest(new)
            await self._holding.give(new.id)
            firings = []
        undo.pop_all()
        self._sink(firings)
        return self._engine.rule(new.id) or new

    async def _restored(self, rule: Rule) -> None:
        """Have the engine keep *rule* as it stood before a change that failed."""
        if rule.is_watching and rule.state is not RuleState.BLIND:
            self._sink(self._engine.add(rule))
            await self._hold(rule)
        else:
            self._engine.rest(rule)

    async def _watched(self, rule: Rule, undo: AsyncExitStack) -> list[Firing]:
        """Have the engine watch *rule* and the feeds bring what it needs, in this order: no first tick is missed."""
        firings = self._engine.add(rule)
        undo.callback(self._engine.remove, rule.id)
        await self._hold(rule)
        return firings

    async def _hold(self, rule: Rule) -> None:
        condition = rule.draft.condition
        if isinstance(condition, NewsMatch) and condition.symbol in _COLLECTIONS:
            self._following.add(rule.id)
        needs = self._engine.needs_of(rule.id)
        if needs is not None:
            await self._holding.take(rule.id, needs)

    async def _hold_stored(self, rule: Rule) -> None:
        if not self._engine.is_alive(rule.id):
            return
        try:
            await self._hold(rule)
        except TooManyScans as error:
            self._engine.blind(rule.id, self._clock.now(), f"TooManyScans: {error.cap}")

    async def _ensure_room(self, owner_id: int) -> None:
        if not await self.room(owner_id):
            raise TooManyAlerts(self._cap)

    def _quote_of(self, rule: Rule) -> Quote | None:
        first = next(iter(rule.instruments.values()), None)
        return None if first is None else self._feed.quote(first.con_id)


def _unheard(firings: Sequence[Firing]) -> None:
    if firings:
        _log.error("%d firings, and no watcher is connected", len(firings))


async def _at_once() -> None:
    """Wait for nothing: no watcher is connected."""
