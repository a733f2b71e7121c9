import asyncio

import pytest

from alerts.engine import Engine
from alerts.errors import AlertSyntaxError, RuleGone, TooManyAlerts, TooManyScans
from alerts.rule import Firing, Rule, RuleState
from alerts.rulebook import Rulebook
from market.errors import UnknownSymbol
from market.scan import ScanSpec
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import FakeFinder, FakeNewsFeed, FakeScanFeed, FakeTickFeed
from tests.fakes.rules import FakeRuleStore
from tests.unit.alerts.drafts import AAPL, EURUSD, MSFT, NOW, rule, tick

ME, OTHER = 111, 222


class Desk:
    """A rulebook over fakes; what its rules fire lands in *fired*."""

    def __init__(self, *rules: Rule, cap: int = 200, scans: int = 10) -> None:
        self.store = FakeRuleStore(*rules)
        self.engine = Engine()
        self.ticks, self.news, self.scans = FakeTickFeed(), FakeNewsFeed(), FakeScanFeed(scans)
        self.clock = FakeClock(NOW)
        self.fired: list[Firing] = []
        self.book = Rulebook(
            self.store,
            self.engine,
            FakeFinder(AAPL, MSFT, EURUSD),
            self.ticks,
            self.news,
            self.scans,
            self.clock,
            cap=cap,
        )
        self.book.connect(self.fired.extend, self.settled)
        self.ticks.connect(lambda ticks: self.fired.extend(self.engine.on_ticks(ticks)))
        self.seen_before_changes: list[RuleState] = []

    async def settled(self) -> None:
        self.seen_before_changes += [rule.state for rule in self.store.rules.values()]

    async def create(self, text: str, owner_id: int = ME) -> Rule:
        return (await self.book.create(text, owner_id, owner_id)).rule

    @property
    def is_empty(self) -> bool:
        return not (self.store.rules or self.engine.count() or self.ticks.held or self.news.held or self.scans.held)


async def test_an_alert_is_stored_watched_and_held() -> None:
    desk = Desk()
    created = await desk.book.create("tell me when aapl rises above 200 once", ME, -5)
    assert not created.already_true
    assert (created.rule.id, created.rule.owner_id, created.rule.chat_id) == (1, ME, -5)
    assert (created.rule.text, created.rule.instruments) == ("AAPL > 200 once", {"AAPL": AAPL})
    assert desk.store.rules == {1: created.rule}
    assert desk.ticks.held == {AAPL: 1}
    desk.ticks.push(tick(201.0))
    assert [f.rule.id for f in desk.fired] == [1]


async def test_an_alert_that_is_true_already_says_so_and_fires() -> None:
    desk = Desk()
    await desk.create("AAPL > 1000")
    desk.ticks.push(tick(201.0))
    created = await desk.book.create("AAPL > 200", ME, ME)
    assert created.already_true
    assert created.rule.state is RuleState.FIRED
    assert created.quote is not None
    assert created.quote.last == 201.0
    assert [f.rule.id for f in desk.fired] == [2]


@pytest.mark.parametrize(
    ("text", "error"),
    [("AAPL >", AlertSyntaxError), ("AAPL > 5 and NOPE > 1", UnknownSymbol), ("news NOPE", UnknownSymbol)],
)
async def test_what_is_not_understood_leaves_nothing_behind(text: str, error: type[Exception]) -> None:
    desk = Desk()
    with pytest.raises(error):
        await desk.create(text)
    assert desk.is_empty


async def test_a_scan_too_many_leaves_nothing_behind() -> None:
    desk = Desk(scans=0)
    with pytest.raises(TooManyScans):
        await desk.create("scan TOP_PERC_GAIN")
    assert desk.is_empty


async def test_a_store_that_fails_leaves_nothing_behind() -> None:
    desk = Desk()
    desk.store.failing = OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        await desk.create("AAPL > 200")
    desk.store.failing = None
    assert desk.is_empty


async def test_each_user_has_room_for_so_many_and_spent_ones_do_not_count() -> None:
    desk = Desk(cap=2)
    first, _ = await desk.create("AAPL > 200"), await desk.create("AAPL > 300")
    with pytest.raises(TooManyAlerts) as caught:
        await desk.create("AAPL > 400")
    assert caught.value.cap == 2
    await desk.create("AAPL > 200", OTHER)
    desk.ticks.push(tick(201.0))
    desk.store.rules[first.id] = desk.fired[0].rule
    await desk.create("AAPL > 400")
    with pytest.raises(TooManyAlerts):
        await desk.book.rearm(first.id, ME)


async def test_of_many_alerts_at_once_no_more_than_the_cap_is_taken() -> None:
    desk = Desk(cap=3)
    results = await asyncio.gather(*(desk.create(f"AAPL > {n}") for n in range(200, 210)), return_exceptions=True)
    assert sum(isinstance(result, TooManyAlerts) for result in results) == 7
    assert len(desk.store.rules) == 3


async def test_one_line_serves_all_alerts_of_an_instrument() -> None:
    desk = Desk()
    rules = [
        await desk.create("AAPL > 200"),
        await desk.create("AAPL < 100 or MSFT > 5"),
        await desk.create("news AAPL"),
    ]
    assert desk.ticks.held == {AAPL: 1, MSFT: 1}
    assert desk.news.held == {AAPL: 1}
    await desk.book.delete(rules[1].id, ME)
    assert desk.ticks.held == {AAPL: 1}
    await desk.book.delete(rules[0].id, ME)
    await desk.book.delete(rules[2].id, ME)
    assert desk.is_empty


async def test_nobody_touches_the_alerts_of_another() -> None:
    desk = Desk()
    mine = await desk.create("AAPL > 200")
    for action in (desk.book.get, desk.book.delete, desk.book.pause, desk.book.resume, desk.book.rearm):
        with pytest.raises(RuleGone):
            await action(mine.id, OTHER)
    with pytest.raises(RuleGone):
        await desk.book.get(99, ME)
    assert await desk.book.owned_by(OTHER) == []
    assert await desk.book.owned_by(ME) == [mine]


async def test_a_deletion_can_be_undone() -> None:
    desk = Desk()
    mine = await desk.create("AAPL crosses 200")
    gone = await desk.book.delete(mine.id, ME)
    assert desk.is_empty
    back = await desk.book.restore(gone)
    assert (back.id, back.text, desk.ticks.held) == (mine.id, mine.text, {AAPL: 1})
    desk.ticks.push(tick(199.0), tick(201.0))
    assert [f.rule.id for f in desk.fired] == [mine.id]


async def test_a_paused_alert_keeps_silent_until_it_is_resumed() -> None:
    desk = Desk()
    mine = await desk.create("AAPL crosses above 200")
    desk.ticks.push(tick(199.0))
    paused = await desk.book.pause(mine.id, ME)
    assert (paused.state, desk.store.rules[mine.id].state) == (RuleState.PAUSED, RuleState.PAUSED)
    assert not desk.ticks.held
    desk.ticks.push(tick(201.0))
    resumed = await desk.book.resume(mine.id, ME)
    assert (resumed.state, desk.store.rules[mine.id].state) == (RuleState.ARMED, RuleState.ARMED)
    # It crossed while it was paused: that was not to be told.
    desk.ticks.push(tick(202.0))
    assert desk.fired == []


async def test_pausing_what_is_not_watched_changes_nothing() -> None:
    desk = Desk()
    mine = await desk.create("AAPL > 200")
    paused = await desk.book.pause(mine.id, ME)
    assert await desk.book.pause(mine.id, ME) == paused
    armed = await desk.book.resume(mine.id, ME)
    assert await desk.book.resume(mine.id, ME) == armed


async def test_a_spent_alert_can_be_armed_again() -> None:
    desk = Desk()
    mine = await desk.create("AAPL crosses 200")
    desk.ticks.push(tick(199.0), tick(201.0))
    await desk.book.retire(mine.id)
    desk.store.rules[mine.id] = desk.fired[0].rule
    assert not desk.ticks.held
    assert desk.engine.rule(mine.id) is None
    armed = await desk.book.rearm(mine.id, ME)
    assert (armed.state, armed.fired_count, desk.ticks.held) == (RuleState.ARMED, 1, {AAPL: 1})
    desk.ticks.push(tick(199.0), tick(201.0))
    assert len({f.key for f in desk.fired}) == 2


async def test_what_was_known_of_a_price_ends_with_its_line() -> None:
    desk = Desk()
    spent = await desk.create("AAPL > 200")
    desk.ticks.push(tick(201.0))
    await desk.book.retire(spent.id)
    # What AAPL does now is not seen: no line is held for it.
    await desk.book.rearm(spent.id, ME)
    assert len(desk.fired) == 1
    desk.ticks.push(tick(199.0), tick(202.0))
    assert [f.cause.price for f in desk.fired] == [201.0, 202.0]


async def test_retiring_a_rule_that_was_armed_again_takes_nothing_from_it() -> None:
    desk = Desk()
    mine = await desk.create("AAPL crosses 200")
    desk.ticks.push(tick(199.0), tick(201.0))
    await desk.book.rearm(mine.id, ME)
    await desk.book.retire(mine.id)
    assert desk.ticks.held == {AAPL: 1}
    assert desk.engine.count() == 1


async def test_arming_that_cannot_be_stored_leaves_the_rule_as_it_was() -> None:
    desk = Desk()
    mine = await desk.create("AAPL > 200")
    paused = await desk.book.pause(mine.id, ME)
    desk.store.failing = OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        await desk.book.resume(mine.id, ME)
    assert await desk.book.get(mine.id, ME) == paused
    assert desk.engine.count() == 0


async def test_a_change_waits_until_firings_are_recorded() -> None:
    desk = Desk()
    mine = await desk.create("AAPL > 200")
    await desk.book.pause(mine.id, ME)
    assert set(desk.seen_before_changes) == {RuleState.ARMED}
    await desk.book.resume(mine.id, ME)
    desk.seen_before_changes.clear()
    await desk.book.delete(mine.id, ME)
    assert set(desk.seen_before_changes) == {RuleState.ARMED}


async def test_loading_watches_what_is_stored_and_holds_it() -> None:
    spec = ScanSpec("TOP_PERC_GAIN")
    desk = Desk(rule("AAPL > 200", 1), rule("news *", 2), rule("scan TOP_PERC_GAIN", 3), rule("AAPL > 5", 4))
    desk.store.rules[4] = desk.store.rules[4].with_state(RuleState.PAUSED, NOW)
    await desk.book.load()
    assert (desk.ticks.held, desk.news.held, desk.scans.held) == ({AAPL: 1}, {None: 1}, {spec: 1})
    desk.ticks.push(tick(201.0))
    assert [f.rule.id for f in desk.fired] == [1]


async def test_a_scan_too_many_at_start_is_blind_and_the_rest_is_watched() -> None:
    desk = Desk(rule("scan TOP_PERC_GAIN", 1), rule("scan HOT_BY_VOLUME", 2), rule("AAPL > 200", 3), scans=1)
    await desk.book.load()
    assert [(r.id, r.state) for r in desk.engine.take_changed()] == [(2, RuleState.BLIND)]
    assert desk.engine.count() == 2


async def test_what_the_engine_changed_is_stored_unless_it_changed_again() -> None:
    desk = Desk()
    mine = await desk.create("AAPL crosses 200")
    desk.ticks.push(tick(199.0))
    (changed,) = desk.engine.take_changed()
    await desk.book.save(changed)
    assert desk.store.rules[mine.id].memory == {"sides": [[-1, False]]}
    await desk.book.pause(mine.id, ME)
    await desk.book.save(changed)
    assert desk.store.rules[mine.id].state is RuleState.PAUSED
