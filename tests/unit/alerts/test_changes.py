"""What the market does while a rule is being changed: nothing of it is lost, and nothing is told that is not so."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from alerts.engine import Engine
from alerts.rule import Rule, RuleState
from alerts.rulebook import Rulebook
from alerts.watcher import Watcher
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import FakeFinder, FakeTickFeed, fake_feeds
from tests.fakes.rules import FakeFiringLog, FakeRuleStore
from tests.unit.alerts.drafts import AAPL, NOW, tick

ME = 111
Change = Callable[["Floor", int], Awaitable[object]]


class _SlowStore(FakeRuleStore):
    """A store whose `save` and `delete` call *meanwhile*, once, when they have written and before they return."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], None] | None = None

    async def save(self, rule: Rule) -> None:
        await super().save(rule)
        await self._let_it_happen()

    async def delete(self, rule_id: int) -> None:
        await super().delete(rule_id)
        await self._let_it_happen()

    async def _let_it_happen(self) -> None:
        happen, self.meanwhile = self.meanwhile, None
        if happen is not None:
            happen()
            await asyncio.sleep(0)


class Floor:
    """A rulebook and a watcher over fakes, on a market that does not wait for the disk."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.ticks = FakeTickFeed()
        feeds = fake_feeds()
        feeds = type(feeds)(self.ticks, *(getattr(feeds, name) for name in type(feeds).__slots__[1:]))
        self.store = _SlowStore()
        self.log = FakeFiringLog(self.store)
        self.engine = Engine()
        self.book = Rulebook(self.store, self.engine, FakeFinder(AAPL), self.ticks, feeds.news, feeds.scans, self.clock)
        self.watcher = Watcher(self.engine, self.book, feeds, self.log, self.clock)

    def price(self, *prices: float) -> None:
        for price in prices:
            self.clock.advance(1)
            self.ticks.push(tick(price, after_s=(self.clock.now() - NOW).total_seconds()))

    async def told(self) -> int:
        """Return how many firings the log has, once it has them all."""
        for _ in range(20):
            await asyncio.sleep(0)
        await self.watcher.settled()
        return len(self.log.firings)


@asynccontextmanager
async def trading() -> AsyncIterator[Floor]:
    floor = Floor()
    task = asyncio.ensure_future(floor.watcher.run())
    try:
        yield floor
    finally:
        task.cancel()


async def _note(floor: Floor, rule_id: int) -> None:
    rule = await floor.book.get(rule_id, ME)
    await floor.book.amend(rule_id, ME, floor.book.read(f'{rule.text} note "mine"'))


async def _delete(floor: Floor, rule_id: int) -> None:
    await floor.book.restore(await floor.book.delete(rule_id, ME))


async def _pause(floor: Floor, rule_id: int) -> None:
    paused = await floor.book.pause(rule_id, ME)
    await floor.told()
    assert floor.store.rules[rule_id].state is paused.state
    await floor.book.resume(rule_id, ME)


CHANGES: dict[str, Change] = {
    "pause": _pause,
    "re-arm": lambda floor, rule_id: floor.book.rearm(rule_id, ME),
    "snooze": lambda floor, rule_id: floor.book.snooze(rule_id, ME, None, "recross"),
    "note": _note,
    "delete": _delete,
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("line", ["AAPL > 200 every", "AAPL > 200 once"])
async def test_the_next_firing_after_a_change_is_told_whatever_ticked_meanwhile(line: str, what: str) -> None:
    async with trading() as floor:
        floor.price(190.0)
        rule = (await floor.book.create(line, ME, ME)).rule
        floor.price(191.0)
        floor.store.meanwhile = lambda: floor.price(201.0, 190.0)
        await CHANGES[what](floor, rule.id)
        before = await floor.told()
        if floor.engine.rule(rule.id) is None:
            await floor.book.rearm(rule.id, ME)
        floor.price(190.0, 190.5)
        floor.clock.advance(3600 * 24)
        floor.price(190.0, 205.0)
        assert await floor.told() == before + 1
        kept = floor.engine.rule(rule.id) or floor.store.rules[rule.id]
        assert kept.fired_count == floor.store.rules[rule.id].fired_count == len(floor.log.firings)


async def test_what_the_engine_noted_by_itself_never_hides_a_firing() -> None:
    async with trading() as floor:
        floor.price(190.0)
        rule = (await floor.book.create("AAPL > 200 once", ME, ME)).rule
        old = floor.engine.rule(rule.id)
        assert old is not None
        floor.price(201.0)
        assert await floor.told() == 1
        await floor.store.save(old)
        assert floor.store.rules[rule.id].state is RuleState.FIRED


async def test_a_rule_that_fires_just_before_it_is_paused_is_not_called_paused() -> None:
    async with trading() as floor:
        floor.price(190.0)
        rule = (await floor.book.create("AAPL > 200 once", ME, ME)).rule
        floor.price(201.0)
        answered = await floor.book.pause(rule.id, ME)
        assert answered.state is floor.store.rules[rule.id].state is RuleState.FIRED


async def test_a_change_that_cannot_be_stored_leaves_the_rule_watched() -> None:
    async with trading() as floor:
        floor.price(190.0)
        rule = (await floor.book.create("AAPL > 200 once", ME, ME)).rule
        floor.store.failing = OSError("disk full")
        for change in (floor.book.pause, floor.book.rearm, floor.book.delete):
            with pytest.raises(OSError, match="disk full"):
                await change(rule.id, ME)
        floor.store.failing = None
        floor.price(201.0)
        assert await floor.told() == 1
