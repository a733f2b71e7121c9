import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from alerts.condition import Options, OrderEvent
from alerts.engine import Engine
from alerts.ports import Feeds
from alerts.rule import OrderHappened, Rule, RuleState
from alerts.rulebook import Rulebook
from alerts.watcher import Watcher
from market.account import AccountSummary, Position
from market.instrument import Instrument
from market.news import Headline
from market.scan import ScanRow, ScanSpec
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import (
    FakeAccountFeed,
    FakeBarSource,
    FakeFinder,
    FakeHours,
    FakeNewsFeed,
    FakeOrderFeed,
    FakeScanFeed,
    FakeTickFeed,
)
from tests.fakes.rules import FakeFiringLog, FakeRuleStore
from tests.unit.alerts.breaking import broken
from tests.unit.alerts.drafts import AAPL, MSFT, NOW, rule, tick
from tests.unit.alerts.hours import ALWAYS

ME = 111


class Post:
    """A watcher over fakes; naps pass at once and are counted."""

    def __init__(self, *rules: Rule) -> None:
        self.store = FakeRuleStore(*rules)
        self.log = FakeFiringLog(self.store)
        self.engine = Engine()
        self.ticks, self.news, self.scans, self.bars = FakeTickFeed(), FakeNewsFeed(), FakeScanFeed(), FakeBarSource()
        self.accounts, self.orders, self.hours = FakeAccountFeed(), FakeOrderFeed(), FakeHours()
        self.clock = FakeClock(NOW)
        self.naps: list[float] = []
        self.told_blind: list[int] = []
        self.told_ends: list[tuple[int, RuleState]] = []
        self.book = Rulebook(
            self.store, self.engine, FakeFinder(AAPL, MSFT), self.ticks, self.news, self.scans, self.clock
        )
        self.watcher = Watcher(
            self.engine,
            self.book,
            Feeds(self.ticks, self.news, self.scans, self.bars, self.accounts, self.orders, self.hours),
            self.log,
            self.clock,
            self.nap,
            on_blind=self.tell,
            on_expired=self.end,
        )

    async def nap(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    async def tell(self, blind: Rule) -> None:
        self.told_blind.append(blind.id)

    async def end(self, over: Rule) -> None:
        """What is told is not stored yet: a crash in between tells it again."""
        self.told_ends.append((over.id, self.store.rules[over.id].state))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.book.load()
        task = asyncio.create_task(self.watcher.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until *condition* holds; it turns only so often."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError(condition)


async def test_a_tick_becomes_a_recorded_firing() -> None:
    post = Post(rule("AAPL > 200"))
    async with post.running():
        post.ticks.push(tick(199.0), tick(201.0, after_s=2))
        assert post.watcher.pending == 1
        await until(lambda: post.log.firings)
        assert post.watcher.pending == 0
    assert post.store.rules[1].state is RuleState.FIRED
    assert post.watcher.last_tick == NOW + timedelta(seconds=2)


async def test_headlines_and_scans_become_firings_too() -> None:
    spec = ScanSpec("TOP_PERC_GAIN")
    post = Post(rule("news AAPL", 1), rule("scan TOP_PERC_GAIN", 2))
    async with post.running():
        post.news.push(Headline("DJNL", "1", "Apple up", NOW, AAPL.con_id))
        post.scans.push(spec, [ScanRow(1, AAPL)])
        post.scans.push(spec, [ScanRow(1, AAPL), ScanRow(2, Instrument(5, "X"))])
        await until(lambda: len(post.log.firings) == 2)
    assert {firing.at for firing in post.log.firings.values()} == {NOW}


async def test_a_log_that_fails_is_tried_again_until_it_has_all() -> None:
    post = Post(rule("AAPL > 200"))
    post.log.failures = [OSError("disk full") for _ in range(9)]
    async with post.running():
        post.ticks.push(tick(201.0))
        await until(lambda: post.log.firings)
    assert post.naps == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]


async def test_a_firing_that_cannot_be_recorded_does_not_hold_up_the_others() -> None:
    post = Post(rule("AAPL > 200", 1), rule("AAPL > 200", 2), rule("AAPL > 200", 3))
    salt = int(NOW.timestamp() * 1e6)
    post.log.poison = {f"2:1:{salt}"}
    async with post.running():
        post.ticks.push(tick(201.0))
        await until(lambda: len(post.log.firings) == 2)
        assert post.watcher.pending == 1
        post.log.poison.clear()
        await until(lambda: len(post.log.firings) == 3)


async def test_a_firing_survives_the_loops_own_death() -> None:
    post = Post(rule("AAPL > 200"))
    async with post.running():
        pass
    post.ticks.push(tick(201.0))
    assert post.watcher.pending == 1
    async with post.running():
        await until(lambda: post.log.firings)


async def test_a_spent_rule_needs_no_line_any_more() -> None:
    post = Post(rule("AAPL > 200", 1), rule("MSFT > 200", 2))
    async with post.running():
        post.ticks.push(tick(201.0))
        await until(lambda: AAPL not in post.ticks.held)
    assert post.ticks.held == {MSFT: 1}
    assert post.engine.rule(1) is None


async def test_re_arming_waits_for_the_log_and_stays_armed() -> None:
    post = Post(rule("AAPL crosses 200"))
    post.log.failures = [OSError() for _ in range(3)]
    async with post.running():
        post.ticks.push(tick(199.0), tick(201.0))
        armed = await post.book.rearm(1, ME)
        await until(lambda: not post.watcher.pending)
        assert (armed.state, armed.fired_count) == (RuleState.ARMED, 1)
    assert len(post.log.firings) == 1
    assert post.store.rules[1].state is RuleState.ARMED
    assert post.ticks.held == {AAPL: 1}


async def test_what_a_rule_remembers_is_stored() -> None:
    post = Post(rule("AAPL crosses 200"))
    async with post.running():
        post.ticks.push(tick(199.0))
        await until(lambda: post.store.rules[1].memory)
    assert post.store.rules[1].memory == {"sides": [[-1, False]]}


async def test_the_end_of_a_rule_is_told_once_before_it_is_stored() -> None:
    post = Post(rule("AAPL > 200 expires 1h"), rule("AAPL > 300", 2))
    async with post.running():
        for hours in (1, 2, 3):
            post.watcher.take(post.engine.on_time(NOW + timedelta(hours=hours, seconds=1)))
            await until(lambda: post.store.rules[1].state is RuleState.EXPIRED)
    assert post.told_ends == [(1, RuleState.ARMED)]


async def test_the_owner_of_a_blind_rule_is_told_once() -> None:
    post = Post(rule("AAPL > 200"))
    async with post.running():
        broken(post.engine, 1)
        post.ticks.push(tick(201.0), tick(202.0))
        await until(lambda: post.told_blind)
        post.ticks.push(tick(203.0))
        await asyncio.sleep(0)
    assert post.told_blind == [1]
    assert post.store.rules[1].state is RuleState.BLIND


async def test_an_alert_that_is_true_at_once_is_recorded() -> None:
    post = Post(rule("AAPL > 1000"))
    async with post.running():
        post.ticks.push(tick(201.0))
        created = await post.book.create("AAPL > 200", ME, ME)
        assert created.already_true
        await until(lambda: post.log.firings)
    assert post.store.rules[created.rule.id].state is RuleState.FIRED


async def test_the_account_orders_and_the_time_become_firings_too() -> None:
    post = Post(rule("account cushion < 10%", 1), rule("orders filled", 2), rule("every 30m", 3))
    async with post.running():
        post.accounts.push(AccountSummary("DU1", "USD", cushion=Decimal("0.05")))
        post.orders.push(OrderHappened(OrderEvent.FILLED, "BUY 10 AAPL", AAPL, 199.5, False, NOW, "e1"))
        post.clock.advance(29 * 60)
        clock = asyncio.create_task(post.watcher.run_clock())
        await until(lambda: post.clock.now() > NOW + timedelta(minutes=30))
        clock.cancel()
        await until(lambda: len(post.log.firings) == 3)
    assert {firing.rule.id for firing in post.log.firings.values()} == {1, 2, 3}


async def test_news_of_the_portfolio_follow_what_is_in_it() -> None:
    post = Post(rule('news portfolio "recall"'))
    summary = AccountSummary("DU1", "USD")
    async with post.running():
        assert not post.news.held
        post.accounts.push(summary, Position("DU1", AAPL, Decimal(10), Decimal(100)))
        await until(lambda: set(post.news.held) == {AAPL})
        both = [Position("DU1", one, Decimal(10), Decimal(100)) for one in (AAPL, MSFT)]
        post.accounts.push(summary, *both)
        await until(lambda: set(post.news.held) == {AAPL, MSFT})
        post.accounts.push(summary, both[1], replace(both[0], quantity=Decimal(0)))
        await until(lambda: set(post.news.held) == {MSFT})


async def test_the_hours_of_what_rules_speak_of_are_asked_for_and_again_later() -> None:
    post = Post(rule("AAPL > 200 rth"))
    post.hours.known = ALWAYS
    async with post.running():
        post.ticks.push(tick(201.0))
        hours = asyncio.create_task(post.watcher.run_hours())
        await until(lambda: post.naps)
        post.watcher.take(post.engine.on_time(NOW + timedelta(seconds=1)))
        await until(lambda: post.log.firings)
        hours.cancel()


async def test_a_price_does_not_wait_for_the_many_whose_time_comes_at_once() -> None:
    rules = [rule("AAPL > 200 rth", number) for number in range(1, 1001)]
    post = Post(*rules, rule("MSFT > 300", 1001))
    order: list[int] = []
    post.watcher.take = lambda firings: order.extend(firing.rule.id for firing in firings)  # type: ignore[method-assign]
    await post.book.load()
    post.ticks.push(tick(201.0))
    post.engine.set_hours(AAPL, ALWAYS)
    clock = asyncio.create_task(post.watcher.run_clock())
    await until(lambda: order)
    post.ticks.push(tick(301.0, instrument=MSFT))
    await until(lambda: len(order) == 1001)
    clock.cancel()
    assert sorted(order) == list(range(1, 1002))
    assert order.index(1001) < 500


async def test_an_expired_rule_is_stored_and_lets_its_line_go() -> None:
    soon = rule("AAPL > 200")
    ending = replace(soon, draft=replace(soon.draft, options=Options(until=NOW + timedelta(seconds=5))))
    post = Post(ending)
    async with post.running():
        post.watcher.take(post.engine.on_time(NOW + timedelta(seconds=5)))
        await until(lambda: AAPL not in post.ticks.held)
    assert post.store.rules[1].state is RuleState.EXPIRED


async def test_however_many_changed_at_once_all_are_stored() -> None:
    post = Post(*(rule("AAPL crosses 200", number) for number in range(1, 501)))
    async with post.running():
        post.ticks.push(tick(199.0))
        await until(lambda: not post.engine.has_changes)
        await until(lambda: all(found.memory for found in post.store.rules.values()))
