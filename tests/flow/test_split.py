"""A share is split while alerts wait on it: nothing fires falsely, and each goes on as its owner says."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.flow.alerting import fired, firings, listed, made, passed, pressed
from tests.flow.chat import labels, said
from tests.flow.conftest import Stage, opened_stage, trading_day

MORNING = datetime(2026, 11, 18, 15, 50, tzinfo=UTC)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with opened_stage(trading_day(tmp_path, MORNING), tmp_path) as stage:
        await stage.up()
        stage.world.exchange.push("AAPL", 196.0)
        yield stage


async def looked(stage: Stage) -> None:
    """Wait until the bot has kept a close: what it tells of a split by."""

    async def look() -> bool:
        (path,) = stage.folder.glob("*.db")
        with closing(sqlite3.connect(path)) as database:
            return bool(database.execute("SELECT count(*) FROM closes").fetchone()[0])

    await stage.desk.until(look, "a close that is kept")


async def test_alerts_on_a_split_share_are_held_and_go_on_adjusted_or_as_they_are(stage: Stage) -> None:
    _, low = await made(stage, "AAPL < 150")
    _, high = await made(stage, "AAPL > 300")
    await looked(stage)
    stage.world.exchange.split("AAPL", 2, 1)
    first = await stage.ada.until(f"AAPL was split 2:1, it seems: alert #{low} is held", "AAPL < 75")
    second = await stage.ada.until(f"AAPL was split 2:1, it seems: alert #{high} is held", "AAPL > 150")
    assert labels(first)[:2] == ["✅ Adjust to 75", "Keep 150"]
    stage.world.exchange.push("AAPL", 70.0)
    await passed(stage)
    assert (await firings(stage, low), await firings(stage, high)) == ([], [])
    stage.world.exchange.push("AAPL", 98.0)
    await passed(stage)
    await pressed(stage, first, "✅ Adjust to 75", f"Alert #{low}", "Armed")
    await pressed(stage, second, "Keep 300", f"Alert #{high}", "Armed")
    await listed(stage, f"#{low} AAPL below 75", f"#{high} AAPL above 300")
    stage.world.exchange.push("AAPL", 74.0)
    assert "74.00" in said(await fired(stage, low))
    assert await firings(stage, high) == []


async def test_a_share_that_halves_without_a_split_fires_at_once(stage: Stage) -> None:
    _, low = await made(stage, "AAPL < 150")
    await looked(stage)
    stage.world.exchange.push("AAPL", 98.0)
    assert "98.00" in said(await fired(stage, low))


async def test_a_split_overnight_fires_nothing_when_the_bot_comes_back(stage: Stage) -> None:
    _, low = await made(stage, "AAPL < 150")
    await looked(stage)
    await stage.bots[-1].kill()
    stage.world.exchange.split("AAPL", 2, 1)
    await stage.up()
    await stage.ada.until(f"alert #{low} is held")
    assert await firings(stage, low) == []
