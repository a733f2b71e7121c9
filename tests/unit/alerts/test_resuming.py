"""What an alert told is not told again because it was paused, deleted and brought back, or given another option."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from alerts.amendment import with_amount, with_options
from alerts.condition import TradingTime
from alerts.rule import Rule, RuleState
from market.quote import TickField
from tests.unit.alerts.drafts import NOW, tick
from tests.unit.alerts.hours import keep_open
from tests.unit.alerts.test_rulebook import ME, Desk

HOUR = timedelta(hours=1)


async def paused_and_resumed(desk: Desk) -> Rule:
    await desk.book.pause(1, ME)
    return await desk.book.resume(1, ME)


async def all_paused_and_resumed(desk: Desk) -> Rule:
    assert await desk.book.pause_all(ME) == 1
    assert await desk.book.resume_all(ME) == 1
    return await desk.book.get(1, ME)


async def deleted_and_restored(desk: Desk) -> Rule:
    return await desk.book.restore(await desk.book.delete(1, ME))


async def kept_to_regular_hours(desk: Desk) -> Rule:
    rule = await desk.book.get(1, ME)
    return await desk.book.amend(1, ME, with_options(rule.draft, hours=TradingTime.RTH))


async def kept_to_regular_hours_while_paused(desk: Desk) -> Rule:
    await desk.book.pause(1, ME)
    await kept_to_regular_hours(desk)
    return await desk.book.resume(1, ME)


CHANGES: list[Callable[[Desk], Awaitable[Rule]]] = [
    paused_and_resumed,
    all_paused_and_resumed,
    deleted_and_restored,
    kept_to_regular_hours,
    kept_to_regular_hours_while_paused,
]


def desk_at() -> Desk:
    """Return a desk of a market that is always open."""
    desk = Desk()
    keep_open(desk.engine)
    return desk


async def told_once(desk: Desk, line: str) -> Rule:
    """Set an alert of mine that fires at 211, beside another's, so that prices stay known."""
    rule = await desk.create(line)
    await desk.create("AAPL > 900", 222)
    desk.ticks.push(tick(200.0, TickField.CLOSE), tick(190.0), tick(211.0, after_s=1))
    assert len(desk.fired) == 1
    return rule


@pytest.mark.parametrize("line", ["AAPL +5%", "AAPL > 205 every", "AAPL > 205 and AAPL > 206 every cooldown 1s"])
@pytest.mark.parametrize("change", CHANGES)
async def test_what_was_told_is_not_told_again(change: Callable[[Desk], Awaitable[Rule]], line: str) -> None:
    desk = desk_at()
    await told_once(desk, line)
    desk.clock.advance(5)
    assert (await change(desk)).state is RuleState.ARMED
    desk.ticks.push(tick(211.1, after_s=6), tick(211.0, after_s=7))
    assert len(desk.fired) == 1


@pytest.mark.parametrize("change", CHANGES)
async def test_what_became_false_may_be_told_again(change: Callable[[Desk], Awaitable[Rule]]) -> None:
    desk = desk_at()
    await told_once(desk, "AAPL > 205 every")
    desk.clock.advance(5)
    await change(desk)
    desk.ticks.push(tick(199.0, after_s=6), tick(211.0, after_s=7))
    assert len(desk.fired) == 2


@pytest.mark.parametrize("change", CHANGES)
async def test_a_trailing_alert_trails_on(change: Callable[[Desk], Awaitable[Rule]]) -> None:
    desk = desk_at()
    await desk.create("AAPL trails 5%")
    await desk.create("AAPL > 900", 222)
    desk.ticks.push(tick(200.0), tick(220.0, after_s=1), tick(212.0, after_s=2))
    desk.clock.advance(5)
    await change(desk)
    desk.ticks.push(tick(210.0, after_s=6), tick(209.0, after_s=7))
    assert [firing.cause.price for firing in desk.fired] == [209.0]  # type: ignore[union-attr]


@pytest.mark.parametrize("change", [deleted_and_restored, kept_to_regular_hours])
async def test_a_crossing_that_was_watched_on_goes_on(change: Callable[[Desk], Awaitable[Rule]]) -> None:
    desk = desk_at()
    await desk.create("AAPL crosses above 200")
    desk.ticks.push(tick(199.0))
    await change(desk)
    desk.ticks.push(tick(201.0, after_s=1))
    assert len(desk.fired) == 1


async def test_it_fires_so_often_at_all_also_over_a_pause() -> None:
    desk = desk_at()
    await desk.create("AAPL > 200 every max 2")
    desk.ticks.push(tick(199.0), tick(201.0, after_s=1), tick(199.0, after_s=2))
    await paused_and_resumed(desk)
    desk.ticks.push(tick(199.0, after_s=3), tick(201.0, after_s=4))
    assert [firing.rule.state for firing in desk.fired] == [RuleState.ARMED, RuleState.FIRED]


async def test_another_number_of_firings_is_counted_from_where_it_was_changed() -> None:
    desk = desk_at()
    rule = await desk.create("AAPL > 200 every max 2")
    desk.ticks.push(tick(199.0), tick(201.0, after_s=1), tick(199.0, after_s=2))
    await desk.book.amend(1, ME, with_options(rule.draft, most=3))
    for n in range(3):
        desk.ticks.push(tick(199.0, after_s=3 + 2 * n), tick(201.0, after_s=4 + 2 * n))
    assert [firing.rule.state for firing in desk.fired][1:] == [RuleState.ARMED, RuleState.ARMED, RuleState.FIRED]


@pytest.mark.parametrize("how", ["armed anew", "another condition"])
async def test_armed_anew_or_with_another_condition_it_has_told_nothing(how: str) -> None:
    desk = desk_at()
    rule = await told_once(desk, "AAPL +5%")
    desk.clock.advance(5)
    if how == "armed anew":
        await desk.book.rearm(1, ME)
    else:
        await desk.book.amend(1, ME, with_amount(rule.draft, 4.0))
    assert len(desk.fired) == 2


async def test_what_was_seen_before_a_split_is_forgotten() -> None:
    desk = desk_at()
    await desk.create("AAPL trails 5%")
    desk.ticks.push(tick(200.0))
    await desk.book.pause(1, ME, "split 2:1 of AAPL?")
    await desk.book.resume(1, ME)
    desk.ticks.push(tick(100.0, after_s=1), tick(99.0, after_s=2))
    assert desk.fired == []


@pytest.mark.parametrize("together", [True, False])
async def test_one_whose_end_came_in_a_pause_is_over_and_that_is_to_be_told(together: bool) -> None:
    desk = desk_at()
    rule = await desk.create("AAPL > 200 expires 1h")
    if together:
        await desk.book.pause_all(ME)
    else:
        await desk.book.pause(1, ME)
    desk.clock.advance(7200)
    if together:
        assert await desk.book.resume_all(ME) == 0
    over = await desk.book.resume(1, ME)
    assert (over.state, over.draft) == (RuleState.EXPIRED, rule.draft)
    assert desk.store.rules[1] == over
    assert [one.state for one in desk.engine.take_changed()] == [RuleState.EXPIRED]
    assert desk.ticks.held == {}


async def test_one_that_is_over_and_is_given_another_option_watches_without_an_end() -> None:
    desk = desk_at()
    rule = await desk.create("AAPL > 200 expires 1h")
    desk.clock.advance(7200)
    desk.fired += desk.engine.on_time(desk.clock.now())
    over = await desk.book.get(1, ME)
    assert over.state is RuleState.EXPIRED
    changed = await desk.book.amend(1, ME, with_options(rule.draft, hours=TradingTime.RTH))
    assert (changed.state, changed.text) == (RuleState.ARMED, "AAPL > 200 rth")
    desk.clock.advance(60)
    desk.engine.on_time(desk.clock.now())
    assert (await desk.book.get(1, ME)).state is RuleState.ARMED


async def test_a_note_on_one_that_is_over_leaves_it_over() -> None:
    desk = desk_at()
    rule = await desk.create("AAPL > 200 expires 1h")
    desk.clock.advance(7200)
    desk.engine.on_time(desk.clock.now())
    changed = await desk.book.amend(1, ME, with_options(rule.draft, note="x"))
    assert changed.state is RuleState.EXPIRED
    assert changed.draft.options.until == NOW + HOUR
