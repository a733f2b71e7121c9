"""Alerts and the clock: their moments, how long they must hold, how often they speak, when they end and sleep."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.flow.alerting import fired, firings, later, listed, made, passed
from tests.flow.chat import said
from tests.flow.conftest import Stage, opened_stage, trading_day

# A Wednesday, 15:20 in New York: the regular session ends at 16:00.
AFTERNOON = datetime(2026, 11, 18, 20, 20, tzinfo=UTC)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with opened_stage(trading_day(tmp_path, AFTERNOON), tmp_path) as stage:
        await stage.up()
        yield stage


async def test_moments_are_told_when_they_come_and_not_before(stage: Stage) -> None:
    _, at_time = await made(stage, 'at 15:45 ET weekdays "check MOC"')
    _, weekend = await made(stage, "at 15:45 ET weekends")
    _, period = await made(stage, "every 30m rth")
    _, close = await made(stage, "at close - 10m")
    await later(stage, timedelta(minutes=9))
    await passed(stage)
    assert [await firings(stage, one) for one in (at_time, weekend, period, close)] == [[], [], [], []]
    await stage.later(timedelta(minutes=2))
    await fired(stage, period)
    assert await firings(stage, at_time) == []
    await stage.later(timedelta(minutes=15))
    assert "check MOC" in said(await fired(stage, at_time))
    assert await firings(stage, close) == []
    await stage.later(timedelta(minutes=5))
    await fired(stage, close)
    # 16:31 is no regular hour any more.
    await later(stage, timedelta(minutes=40))
    await passed(stage)
    counts = [len(await firings(stage, one)) for one in (at_time, weekend, close)]
    assert counts == [1, 0, 1]
    assert len(await firings(stage, period)) <= 2


async def test_a_level_that_must_hold_fires_only_after_it_has_held(stage: Stage) -> None:
    push = stage.world.exchange.push
    push("AAPL", 196.0)
    _, number = await made(stage, "AAPL > 200 for 2m")
    push("AAPL", 201.0)
    await later(stage, timedelta(seconds=25))
    push("AAPL", 199.0)
    # The price must stay known: without a tick for 30 s it is not, and then the time that is held stands still.
    for step in range(5):
        push("AAPL", 202.0 + step / 100)
        # Less than two minutes together, also where this machine is slow.
        await later(stage, timedelta(seconds=18 if step < 4 else 3))
    await passed(stage)
    assert await firings(stage, number) == []
    for last in (203.0, 203.1):
        push("AAPL", last)
        await later(stage, timedelta(seconds=25))
    await fired(stage, number)


async def test_one_that_repeats_keeps_its_cooldown_and_its_most(stage: Stage) -> None:
    push = stage.world.exchange.push
    push("AAPL", 196.0)
    _, number = await made(stage, "AAPL > 200 every cooldown 30m max 2")
    push("AAPL", 201.0)
    await fired(stage, number)
    push("AAPL", 190.0)
    push("AAPL", 202.0)
    await passed(stage)
    assert len(await firings(stage, number)) == 1
    await stage.later(timedelta(minutes=31))
    push("AAPL", 190.0)
    push("AAPL", 203.0)
    await fired(stage, number, 2)
    await stage.later(timedelta(minutes=31))
    push("AAPL", 190.0)
    push("AAPL", 204.0)
    await passed(stage)
    assert len(await firings(stage, number)) == 2


async def test_regular_hours_end_with_the_close(stage: Stage) -> None:
    push = stage.world.exchange.push
    push("AAPL", 196.0)
    _, regular = await made(stage, "AAPL > 200 rth")
    _, any_time = await made(stage, "AAPL > 200.1")
    await later(stage, timedelta(minutes=45))
    push("AAPL", 201.0)
    await fired(stage, any_time)
    assert await firings(stage, regular) == []


async def test_an_alert_that_is_over_says_so_and_is_silent(stage: Stage) -> None:
    push = stage.world.exchange.push
    push("AAPL", 196.0)
    _, number = await made(stage, "AAPL > 200 expires 1h")
    _, longer = await made(stage, "AAPL > 200.1 expires 3h")
    await later(stage, timedelta(hours=1, minutes=1))
    push("AAPL", 201.0)
    await fired(stage, longer)
    assert await firings(stage, number) == []
    await listed(stage, f"⌛ #{number} ")


async def test_a_snoozed_alert_wakes_when_its_time_is_over(stage: Stage) -> None:
    push = stage.world.exchange.push
    push("AAPL", 196.0)
    _, number = await made(stage, "AAPL > 200 every")
    push("AAPL", 201.0)
    told = await fired(stage, number)
    await stage.ada.press(told, "😴 15m", wait=10)
    push("AAPL", 196.0)
    push("AAPL", 202.0)
    await passed(stage)
    assert len(await firings(stage, number)) == 1
    await stage.later(timedelta(minutes=16))
    push("AAPL", 196.0)
    push("AAPL", 203.0)
    await fired(stage, number, 2)
