"""What goes wrong with Telegram, and between a person's word and its end: a sentence, nothing lost, nothing twice."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.flow.alerting import fired, firings, made
from tests.flow.chat import said
from tests.flow.conftest import Stage, opened_stage, trading_day

AFTERNOON = datetime(2026, 11, 18, 20, 20, tzinfo=UTC)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with opened_stage(trading_day(tmp_path, AFTERNOON), tmp_path) as stage:
        yield stage


async def in_hand(stage: Stage, count: int) -> None:
    """Wait until the journal has so many updates that are not worked off."""

    async def look() -> bool:
        with closing(sqlite3.connect(f"file:{stage.folder / 'squawkbot.db'}?mode=ro", uri=True)) as journal:
            return bool(journal.execute("SELECT count(*) FROM updates").fetchone()[0] >= count)

    await stage.desk.until(look, f"{count} updates in the journal")


async def test_what_was_written_long_before_is_answered_with_that_the_bot_was_away_and_not_done(stage: Stage) -> None:
    bot = await stage.up()
    await stage.ada.ask("/help", "/orders")
    await bot.kill()
    asked = await stage.ada.say("AAPL > 200")
    await stage.ada.say("buy 10 AAPL 199.5")
    read = await stage.ada.say("/alerts")
    await stage.later(timedelta(minutes=11))
    await stage.start()
    for line in ("AAPL > 200", "buy 10 AAPL 199.5"):
        answer = said(await stage.ada.until("I was away", line, after=asked))
        assert "I did not do it" in answer
    await stage.ada.until("No alerts yet", after=read)
    await stage.linked()
    assert await stage.desk.orders() == []
    await stage.ada.ask("AAPL > 200", "Alert #1 set")


async def test_what_a_crash_interrupts_is_told_at_the_next_start_and_not_done_again(stage: Stage) -> None:
    bot = await stage.up()
    shown, number = await made(stage, "AAPL > 200")
    await stage.desk.post("/sim/market/faults", kind="silence")
    asked = await stage.ada.say("NVDA > 100")
    await stage.ada.press(shown, "🗑 Delete")
    await in_hand(stage, 2)
    await bot.kill()
    await stage.desk.post("/sim/market/faults", kind="heal")
    await stage.start()
    text = await stage.ada.until("I was restarted while I worked on this", "NVDA > 100", after=asked)
    assert "No order is sent without its button" in said(text)
    await stage.ada.until("I was restarted while I worked on your press of 🗑 Delete", after=asked)
    await stage.linked()
    alerts = said(await stage.ada.ask("/alerts", f"#{number}"))
    assert "NVDA" not in alerts
    stage.world.exchange.push("AAPL", 200.5)
    await fired(stage, number)
    assert len([m for m in await stage.ada.from_bot() if "I was restarted" in said(m)]) == 2


async def test_however_telegram_fails_each_alert_arrives_once_or_marked_and_the_next_one_too(stage: Stage) -> None:
    await stage.up()
    # Four: more in half a minute would be one digest.
    marks = {"429": False, "502": True, "drop_after": True, "slow": False}
    for level, (kind, is_marked) in enumerate(marks.items(), 201):
        _, number = await made(stage, f"AAPL > {level}")
        fault = {"method": "sendMessage", "kind": kind, "count": 1, "chat_id": 111}
        await stage.desk.post("/sim/faults", **fault, retry_after=1, seconds=1)
        stage.world.exchange.push("AAPL", level + 0.5)
        message = await fired(stage, number)
        if is_marked:
            # What was stored without an acknowledgement is there unmarked, and once more with its mark.
            message = await stage.ada.until(f"alert #{number}", "↻")
        assert ("↻" in said(message)) is is_marked, kind
        assert len(await firings(stage, number)) <= 1 + is_marked, kind
        await stage.desk.post("/sim/faults", kind="clear")
    await stage.ada.ask("/status", "link up")


async def test_what_fires_while_telegram_is_down_comes_when_it_is_back_and_says_how_late(stage: Stage) -> None:
    await stage.up()
    _, number = await made(stage, "AAPL > 200")
    await stage.desk.post("/sim/faults", method="*", kind="drop", count=-1)
    stage.world.exchange.push("AAPL", 200.5)
    begun = stage.world.exchange.clock.time()

    async def is_long() -> bool:
        await stage.wade(timedelta(seconds=20))
        return stage.world.exchange.clock.time() - begun > 60

    await stage.desk.until(is_long, "a minute", 60.0)
    await stage.desk.post("/sim/faults", kind="clear")
    late = said(await fired(stage, number))
    assert "⚠️ Late: happened" in late
    await stage.ada.ask("/status", "link up")
    assert len(await firings(stage, number)) == 1


async def test_a_second_program_with_the_token_is_told_to_the_admins(stage: Stage) -> None:
    await stage.up()
    await stage.tom.ask("/help", "/orders")
    await stage.desk.post("/sim/faults", method="getUpdates", kind="409", count=2)
    # Whatever comes ends the request that is under way; the next one meets the other program.
    await stage.ada.ask("/help", "/orders")
    told = await stage.ada.until("Another program takes my messages from Telegram")
    assert "only after your press on Confirm" in said(told)
    await stage.ada.ask("/help", "/orders")
    assert len([m for m in await stage.ada.from_bot() if "Another program" in said(m)]) == 1
    assert not [m for m in await stage.tom.from_bot() if "Another program" in said(m)]
