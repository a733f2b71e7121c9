"""A full disk, a database that can only be read, or that another program has locked: nothing is lost."""

import sqlite3
from pathlib import Path

import pytest

from tests.chaos.body import program
from tests.chaos.telling import asked
from tests.flow.chat import said
from tests.flow.conftest import always_open, opened_stage

_PATIENCE_S = 60.0


@pytest.mark.parametrize("trouble", ["full", pytest.param("readonly", marks=pytest.mark.whole)])
async def test_what_fires_while_the_disk_takes_nothing_is_told_once_it_does(trouble: str, tmp_path: Path) -> None:
    word = tmp_path / "quota"
    word.write_text("", encoding="utf-8")
    async with opened_stage(always_open(tmp_path, sample_s=0.0), tmp_path) as stage:
        bot = await stage.up(program=program(quota=str(word), unpaced=True))
        for price in range(200, 240, 10):
            await stage.ada.ask(f"AAPL > {price}", "Alert #", " set")
        word.write_text(trouble, encoding="utf-8")
        await stage.desk.push("AAPL", 250.0)

        async def failed() -> bool:
            return "could not record" in bot.words()

        await stage.desk.until(failed, "a failure to record", _PATIENCE_S)
        # Nobody hears of what a power cut could still take back. A full disk may have room for one more.
        heard = len([m for m in await stage.ada.from_bot() if "· alert #" in said(m)])
        assert heard <= int(asked(tmp_path, "SELECT count(*) FROM firings")) < 4
        assert not bot.is_dead
        word.write_text("", encoding="utf-8")
        for number in range(1, 5):
            await stage.ada.until(f"· alert #{number}", within_s=_PATIENCE_S)
        fired = [m for m in await stage.ada.from_bot() if "· alert #" in said(m)]
        assert len(fired) == 4
        await stage.ada.ask("/help", "/orders")


@pytest.mark.whole
async def test_what_fires_while_another_program_has_the_database_is_told_when_it_lets_go(tmp_path: Path) -> None:
    async with opened_stage(always_open(tmp_path, sample_s=0.0), tmp_path) as stage:
        bot = await stage.up()
        await stage.ada.ask("AAPL > 200", "Alert #1 set")
        other = sqlite3.connect(tmp_path / "squawkbot.db", isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            await stage.desk.push("AAPL", 250.0)

            async def failed() -> bool:
                return "could not record" in bot.words()

            await stage.desk.until(failed, "a failure to record", _PATIENCE_S)
            assert not [m for m in await stage.ada.from_bot() if "· alert #" in said(m)]
            told = await stage.ada.until("another program has locked my database", "1 alert has fired", within_s=60.0)
            assert "Orders are refused" in said(told)
            await stage.ada.ask("/status", "nothing can be stored")
        finally:
            other.close()
        await stage.ada.until("· alert #1", within_s=_PATIENCE_S)
        await stage.ada.until("✅ I can store again", within_s=_PATIENCE_S)
        assert len([m for m in await stage.ada.from_bot() if "· alert #" in said(m)]) == 1
