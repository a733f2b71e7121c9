"""Which lines, headlines and scans are held for rules: each once, however many rules need it."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import NamedTuple

from alerts.needs import Needs
from alerts.ports import NewsFeed, ScanFeed, TickFeed
from market.instrument import Instrument
from market.scan import ScanSpec


class _Wish(NamedTuple):
    """What a rule wants of an instrument's ticks; different wishes for one instrument are held beside each other."""

    instrument: Instrument
    wants_greeks: bool
    is_fast: bool


class Holding:
    """
    Counts by rule; not to be entered twice at a time (the rulebook's lock sees to that).

    *released* is told of an instrument of which no ticks come any more: what is known of its prices is over.
    """

    def __init__(
        self,
        feed: TickFeed,
        news: NewsFeed,
        scans: ScanFeed,
        released: Callable[[Instrument], None] = lambda _instrument: None,
    ) -> None:
        self._released = released
        self._feed = feed
        self._news = news
        self._scans = scans
        self._of: dict[int, Needs] = {}
        self._ticks = Counter[_Wish]()
        self._headlines = Counter[Instrument | None]()
        self._lists = Counter[ScanSpec]()
        self._bulletins = 0

    async def take(self, rule_id: int, needs: Needs) -> None:
        """Hold what a rule needs. Raises TooManyScans; then nothing is held for it."""
        if rule_id in self._of:
            await self.give(rule_id)
        wishes = _wishes(needs)
        if self._is_held(needs, wishes):
            # The way of nearly all of 100,000 alerts at start: nothing to await, nothing to undo.
            self._count(rule_id, needs, wishes)
            return
        async with AsyncExitStack() as undo:
            await self._hold(needs, wishes, undo)
            undo.pop_all()
        self._count(rule_id, needs, wishes)

    async def _hold(self, needs: Needs, wishes: Sequence[_Wish], undo: AsyncExitStack) -> None:
        """Hold what nobody holds yet; *undo* learns how to let go of it."""
        for spec in needs.scans:
            if not self._lists[spec]:
                await self._scans.hold(spec)
                undo.push_async_callback(self._scans.release, spec)
        for wish in wishes:
            if not self._ticks[wish]:
                await self._feed.hold(wish.instrument, wants_greeks=wish.wants_greeks, is_fast=wish.is_fast)
                undo.push_async_callback(partial(self._feed.release, wish.instrument, is_fast=wish.is_fast))
        for subject in needs.news:
            if not self._headlines[subject]:
                await self._news.hold(subject)
                undo.push_async_callback(self._news.release, subject)
        if needs.bulletins and not self._bulletins:
            await self._news.hold_bulletins()
            undo.push_async_callback(self._news.release_bulletins)

    def _is_held(self, needs: Needs, wishes: Sequence[_Wish]) -> bool:
        # A start asks this for each of its alerts: loops, since a generator costs more than what it looks at.
        for wish in wishes:
            if not self._ticks[wish]:
                return False
        for subject in needs.news:
            if not self._headlines[subject]:
                return False
        for spec in needs.scans:
            if not self._lists[spec]:
                return False
        return not needs.bulletins or self._bulletins > 0

    def _count(self, rule_id: int, needs: Needs, wishes: Sequence[_Wish]) -> None:
        self._of[rule_id] = needs
        for wish in wishes:
            self._ticks[wish] += 1
        for subject in needs.news:
            self._headlines[subject] += 1
        for spec in needs.scans:
            self._lists[spec] += 1
        self._bulletins += needs.bulletins

    async def give(self, rule_id: int) -> None:
        """Hold no longer what only this rule needed; nothing happens if nothing is held for it."""
        needs = self._of.pop(rule_id, None)
        if needs is None:
            return
        self._lists.subtract(needs.scans)
        self._ticks.subtract(_wishes(needs))
        self._headlines.subtract(needs.news)
        for spec in (one for one in needs.scans if not self._lists[one]):
            await self._scans.release(spec)
        for wish in (one for one in _wishes(needs) if not self._ticks[one]):
            await self._let_go(wish)
        for subject in (one for one in needs.news if not self._headlines[one]):
            await self._news.release(subject)
        self._bulletins -= needs.bulletins
        if needs.bulletins and not self._bulletins:
            await self._news.release_bulletins()

    async def _let_go(self, wish: _Wish) -> None:
        await self._feed.release(wish.instrument, is_fast=wish.is_fast)
        if not any(count for held, count in self._ticks.items() if held.instrument == wish.instrument):
            self._released(wish.instrument)


def _wishes(needs: Needs) -> list[_Wish]:
    return [_Wish(one, one in needs.options, one in needs.fast) for one in needs.ticks]
