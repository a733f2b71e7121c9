"""What IBKR refuses makes the rules that need it BLIND, with IBKR's words, until it comes after all."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from alerts.engine import Engine
from alerts.refusal import Refusals
from alerts.rule import Rule, RuleState
from alerts.rulebook import Rulebook
from alerts.watcher import Watcher
from market.errors import BrokerError, LinkDown, RequestTimeout
from market.quote import BarSize
from market.scan import ScanSpec
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import FakeBarSource, FakeFinder, FakeScanFeed, fake_feeds
from tests.fakes.rules import FakeFiringLog, FakeRuleStore
from tests.unit.alerts.drafts import AAPL, MSFT, NOW, rule, tick

WORDS = "IBKR 354: Requested market data is not subscribed."
TOP = ScanSpec("TOP_PERC_GAIN")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("AAPL > 200", Refusals(ticks={AAPL.con_id: WORDS})),
        ("MSFT > 200 and AAPL < 5", Refusals(ticks={AAPL.con_id: WORDS})),
        ("AAPL rsi(14, 1m) < 30", Refusals(bars={(AAPL.con_id, BarSize.MIN_1, True): WORDS})),
        ('news AAPL "guidance"', Refusals(news={AAPL.con_id: WORDS})),
        ('news * "guidance"', Refusals(news={0: WORDS})),
        ("scan TOP_PERC_GAIN", Refusals(scans={TOP: WORDS})),
    ],
)
def test_a_refusal_blinds_who_needs_it_and_is_over_when_it_comes(line: str, refused: Refusals) -> None:
    engine = Engine()
    engine.load([rule(line, 1), rule("MSFT > 1000", 2)])
    engine.on_time(NOW)
    engine.take_changed()
    engine.on_refused(refused)
    engine.on_time(NOW + SECOND)
    [blind] = engine.take_changed()
    assert (blind.id, blind.state, blind.reason) == (1, RuleState.BLIND, WORDS)
    engine.on_time(NOW + 2 * SECOND)
    assert engine.take_changed() == []
    engine.on_refused(Refusals())
    engine.on_time(NOW + 3 * SECOND)
    assert [(r.id, r.state) for r in engine.take_changed()] == [(1, RuleState.ARMED)]


def test_a_rule_that_is_set_on_what_is_refused_already_is_blind_too() -> None:
    engine = Engine()
    engine.on_refused(Refusals(ticks={AAPL.con_id: WORDS}))
    engine.load([rule("AAPL > 200", 1)])
    engine.on_time(NOW)
    engine.add(rule("AAPL > 300", 2))
    engine.on_time(NOW + SECOND)
    assert {r.id: r.state for r in engine.take_changed()} == {1: RuleState.BLIND, 2: RuleState.BLIND}


class _Floor:
    """A watcher whose clock task runs as often as `seconds` says; *told* are the rules that became BLIND."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.feeds = fake_feeds()
        self.told: list[Rule] = []
        self.turn = asyncio.Event()
        store = FakeRuleStore()
        self.engine = Engine()
        feeds: Any = self.feeds
        finder = FakeFinder(AAPL, MSFT)
        self.book = Rulebook(store, self.engine, finder, feeds.ticks, feeds.news, feeds.scans, self.clock)
        self.watcher = Watcher(
            self.engine, self.book, feeds, FakeFiringLog(store), self.clock, self._nap, on_blind=self._blind
        )

    async def seconds(self, count: int) -> None:
        for _ in range(count):
            self.clock.advance(1)
            self.turn.set()
            for _ in range(10):
                await asyncio.sleep(0)

    async def _nap(self, _seconds: float) -> None:
        self.turn.clear()
        await self.turn.wait()

    async def _blind(self, rule: Rule) -> None:
        self.told.append(rule)


async def test_the_owner_is_told_once_of_data_that_is_refused() -> None:
    floor = _Floor()
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(floor.watcher.run()), tasks.create_task(floor.watcher.run_clock())]
        await floor.book.create("AAPL > 200", 1, 1)
        floor.feeds.ticks.refusals[AAPL.con_id] = WORDS  # type: ignore[attr-defined]
        await floor.seconds(5)
        assert [(rule.id, rule.reason) for rule in floor.told] == [(1, WORDS)]
        floor.feeds.ticks.refusals.clear()  # type: ignore[attr-defined]
        floor.feeds.ticks.push(tick(190.0, after_s=6))  # type: ignore[attr-defined]
        await floor.seconds(3)
        assert (await floor.book.get(1, 1)).state is RuleState.ARMED
        assert len(floor.told) == 1
        for task in running:
            task.cancel()


async def test_bars_that_cannot_be_had_are_told_with_ibkrs_words() -> None:
    floor = _Floor()
    source = floor.feeds.bars
    assert isinstance(source, FakeBarSource)
    source.errors += [BrokerError(162, "No market data permissions for NASDAQ")]
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(work()) for work in (floor.watcher.run, floor.watcher.run_clock)]
        await floor.book.create("AAPL rsi(14, 1m) < 30", 1, 1)
        await floor.watcher._bars.round()
        await floor.seconds(3)
        assert [rule.reason for rule in floor.told] == ["IBKR 162: No market data permissions for NASDAQ"]
        await floor.seconds(5)
        await floor.watcher._bars.round()
        await floor.seconds(3)
        assert (await floor.book.get(1, 1)).state is RuleState.ARMED
        for task in running:
            task.cancel()


async def test_bars_that_are_only_slow_or_cut_off_are_no_refusal() -> None:
    floor = _Floor()
    source = floor.feeds.bars
    assert isinstance(source, FakeBarSource)
    source.errors += [RequestTimeout("bars", 30), LinkDown("lost"), *[RequestTimeout("bars", 30)] * 2]
    await floor.book.create("AAPL rsi(14, 1m) < 30", 1, 1)
    for refused in (False, False, True):
        await floor.watcher._bars.round()
        assert bool(floor.watcher._bars.refused) is refused
        floor.clock.advance(100)


@pytest.mark.parametrize("error", [BrokerError(162, "Scanner type with code NOPE is disabled"), LinkDown("lost")])
async def test_a_scan_that_ibkr_refuses_is_not_set(error: Exception) -> None:
    floor = _Floor()
    assert isinstance(floor.feeds.scans, FakeScanFeed)
    floor.feeds.scans.error = error
    with pytest.raises(type(error)):
        await floor.book.create("scan NOPE top 5", 1, 1)
    assert await floor.book.owned_by(1) == []


async def test_a_scan_that_ibkr_is_slow_to_answer_is_set() -> None:
    floor = _Floor()
    assert isinstance(floor.feeds.scans, FakeScanFeed)
    floor.feeds.scans.error = RequestTimeout("scan", 15)
    assert (await floor.book.create("scan TOP_PERC_GAIN top 5", 1, 1)).rule.state is RuleState.ARMED
