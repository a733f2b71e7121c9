"""Clocks that jump: what fires fires once, cards do not outlive their time, the bot still answers."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.flow.alerting import fired, firings, made, passed
from tests.flow.chat import said
from tests.flow.conftest import Stage, opened_stage, trading_day

pytestmark = pytest.mark.whole
# A Wednesday, 11:00 in New York.
MORNING = datetime(2026, 11, 18, 16, 0, tzinfo=UTC)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with opened_stage(trading_day(tmp_path, MORNING), tmp_path) as stage:
        await stage.up()
        yield stage


@pytest.mark.parametrize("jump", [timedelta(hours=3), -timedelta(hours=3)])
async def test_alerts_fire_once_after_the_clock_has_jumped(stage: Stage, jump: timedelta) -> None:
    _, level = await made(stage, "AAPL > 250")
    await passed(stage)
    await stage.later(jump)
    stage.world.exchange.push("AAPL", 251.0)
    await fired(stage, level)
    await passed(stage, "MSFT")
    assert len(await firings(stage, level)) == 1
    await stage.ada.ask("/status", "Version")


async def test_a_card_is_dead_after_the_clock_has_jumped_ahead(stage: Stage) -> None:
    card = await stage.ada.ask("buy 10 AAPL 199.5", "confirm?")
    await stage.ada.ask("/help", "/orders")
    await stage.later(timedelta(hours=1))

    async def expired() -> bool:
        return "xpired" in said(await stage.ada.again(card))

    await stage.desk.until(expired, "an expired card")
    assert await stage.desk.orders() == []


async def test_a_moment_that_comes_twice_since_the_clock_went_back_is_told_once(stage: Stage) -> None:
    _, number = await made(stage, 'at 11:30 ET weekdays "look"')
    await stage.later(timedelta(minutes=31))
    await fired(stage, number)
    await stage.later(-timedelta(minutes=20))
    await passed(stage)
    await stage.later(timedelta(minutes=25))
    await passed(stage, "MSFT")
    assert len(await firings(stage, number)) == 1


@pytest.mark.parametrize(
    ("night", "line", "minutes"),
    [
        # Sunday, 1:20 in New York; at 2:00 the clocks go back to 1:00, and 1:30 comes again.
        (datetime(2026, 11, 1, 5, 20, tzinfo=UTC), "at 01:30 ET", (15, 40, 25)),
        # Sunday, 1:50; at 2:00 the clocks go on to 3:00, and there is no 2:30.
        (datetime(2027, 3, 14, 6, 50, tzinfo=UTC), "at 02:30 ET", (45, 30, 30)),
    ],
)
async def test_on_the_nights_when_the_clocks_change_a_moment_is_told_once_over_a_crash(
    night: datetime, line: str, minutes: Sequence[int], tmp_path: Path
) -> None:
    async with opened_stage(trading_day(tmp_path, night), tmp_path) as stage:
        bot = await stage.up()
        _, number = await made(stage, f'{line} "look"')
        await stage.later(timedelta(minutes=minutes[0]))
        await fired(stage, number)
        # What was told is also known to be: else the next start repeats it, marked.
        await passed(stage)
        await bot.kill()
        await stage.later(timedelta(minutes=minutes[1]))
        await stage.up()
        await passed(stage)
        await stage.later(timedelta(minutes=minutes[2]))
        await passed(stage, "MSFT")
        assert len(await firings(stage, number)) == 1
