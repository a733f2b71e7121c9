"""Many alerts at once, quiet hours, calm, the heartbeat: through the real process, and none is lost."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.flow.alerting import heard, made, passed, pressed
from tests.flow.chat import Shown, said
from tests.flow.conftest import Stage, opened_stage, trading_day

# A Wednesday, 15:20 in New York.
AFTERNOON = datetime(2026, 11, 18, 20, 20, tzinfo=UTC)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with opened_stage(trading_day(tmp_path, AFTERNOON), tmp_path) as stage:
        await stage.up()
        yield stage


def marks(message: Shown) -> list[int]:
    """Return the numbers of the alerts whose first firings a message tells."""
    text = said(message)
    return [int(one) for one in re.findall(r"· alert #(\d+)\b", text) + re.findall(r"#(\d+)·1\b", text)]


async def pages(stage: Stage, digest: Shown) -> list[int]:
    """Turn the pages of a digest, from the first to the last; return the numbers of the alerts on them."""
    found = marks(digest)
    total = re.search(r"page 1 of (\d+)", said(digest))
    for number in range(2, int(total[1]) + 1 if total else 2):
        found += marks(await pressed(stage, digest, "▶️", f"page {number} of"))
    return found


async def sounds(stage: Stage, words: str) -> list[bool]:
    """Return of each message with *words* whether it made a sound."""
    calls: list[dict[str, Any]] = await stage.desk.get("/sim/calls")
    sent = [call["params"] for call in calls if call["method"] in {"sendMessage", "sendPhoto"}]
    return [str(one.get("disable_notification")).lower() != "true" for one in sent if words in str(one.get("text"))]


async def test_thirty_alerts_at_once_are_four_messages_and_one_digest_that_leaves_none_out(stage: Stage) -> None:
    stage.world.exchange.push("AAPL", 196.0)
    numbers = [(await made(stage, f"AAPL > {200 + step / 10:.1f}"))[1] for step in range(30)]
    stage.world.exchange.push("AAPL", 210.0)

    async def look() -> list[Shown] | None:
        told = [m for m in await stage.ada.from_bot() if "🔔" in said(m) and marks(m)]
        return told if len(told) == 5 and "26 more alerts" in said(told[-1]) else None

    told = await stage.desk.until(look, "four messages and a digest of 26")
    digest = told[-1]
    assert sorted([*(one for m in told[:-1] for one in marks(m)), *await pages(stage, digest)]) == numbers
    await stage.bots[-1].kill()
    await stage.up()
    first = await pressed(stage, digest, "▶️", "page 1 of")
    assert len(await pages(stage, first)) == 26, "the pages outlive the process"
    last = await stage.ada.again(digest)
    await stage.ada.press(last, f"#{marks(last)[0]}", wait=10)
    await stage.ada.until(f"Alert #{marks(last)[0]} ", "Fired once")
    assert set(await sounds(stage, "more")) == {True}


async def test_in_quiet_hours_only_what_is_critical_comes_and_the_rest_follows_them(stage: Stage) -> None:
    assert "Quiet hours: 15:00-16:00 · quiet now" in said(await stage.ada.ask("/settings quiet 15:00-16:00", "Changed"))
    stage.world.exchange.push("AAPL", 196.0)
    _, plain = await made(stage, "AAPL > 200")
    _, critical = await made(stage, "AAPL > 200.5 critical")
    stage.world.exchange.push("AAPL", 201.0)
    await stage.ada.until("CRITICAL", f"alert #{critical}")
    await stage.ada.ask("/settings test", "on its way")
    await stage.ada.until("This is a test")
    _, later = await made(stage, "AAPL > 202 critical")
    stage.world.exchange.push("AAPL", 203.0)
    await stage.ada.until(f"alert #{later}")
    assert not [m for m in await stage.ada.from_bot() if f"· alert #{plain}" in said(m)]
    assert "0 to deliver" in said(await stage.ada.ask("/status", "Version"))
    await stage.later(timedelta(minutes=41))
    told = await stage.ada.until(f"alert #{plain}")
    assert "It waited for the end of your quiet hours" in said(told)
    assert re.search(r"Late: happened 15:2\d:\d\d ET, told 4\d min after", said(told)), said(told)
    await stage.ada.until(f"alert #{plain}", "min after · now 203.00")


async def test_quiet_hours_that_are_taken_back_let_go_what_waits(stage: Stage) -> None:
    await stage.ada.ask("/settings quiet 15:00-16:00", "Changed")
    stage.world.exchange.push("AAPL", 196.0)
    _, plain = await made(stage, "AAPL > 200")
    _, critical = await made(stage, "AAPL > 200 critical")
    stage.world.exchange.push("AAPL", 201.0)
    await stage.ada.until(f"alert #{critical}")
    await stage.ada.ask("/settings quiet off", "Changed")
    await stage.ada.until(f"alert #{plain}")


async def test_an_alert_on_the_market_speaks_for_the_others(stage: Stage) -> None:
    for symbol, price in (("SPY", 610.0), ("AAPL", 196.0), ("MSFT", 410.0)):
        stage.world.exchange.push(symbol, price)
    _, market = await made(stage, "SPY < 600")
    others = [(await made(stage, line))[1] for line in ("AAPL < 190", "AAPL < 189", "MSFT < 400")]
    await stage.ada.ask(f"/settings calm {market}", f"for 15 min: #{market}")
    stage.world.exchange.push("SPY", 599.0)
    told = await stage.ada.until(f"alert #{market}", "🔔 SPY")
    stage.world.exchange.push("AAPL", 188.0)
    stage.world.exchange.push("MSFT", 399.0)

    async def look() -> Shown | None:
        now = await stage.ada.again(told)
        return now if "3 of yours fired meanwhile" in said(now) else None

    edited = await stage.desk.until(look, "an edit of the market's alert")
    await stage.ada.press(edited, "📋 Show all 3", wait=10)
    listed = await stage.ada.until("🤫 3 alerts after")
    assert sorted(marks(listed)) == others
    assert not [m for m in await stage.ada.from_bot() if f"· alert #{others[0]}" in said(m)]


async def test_the_heartbeat_comes_once_at_its_time_without_a_sound_and_over_a_restart(stage: Stage) -> None:
    assert "next 15:30 ET" in said(await stage.ada.ask("/settings heartbeat 1d 15:30", "Changed"))
    await made(stage, "AAPL > 900")
    await stage.later(timedelta(minutes=11))
    beat = await stage.ada.until("💓 All is well, 1 alert is watched")
    assert "IBKR link: up" in said(beat)
    await stage.bots[-1].kill()
    await stage.up()
    await passed(stage)
    # Killed between its sending and its acknowledgement it may come again, and then bears the mark.
    beats = [said(m) for m in await stage.ada.from_bot() if "💓 All is well" in said(m)]
    assert len([one for one in beats if "may repeat" not in one]) == 1, beats
    assert set(await sounds(stage, "All is well")) == {False}


async def test_news_makes_no_sound_and_a_price_does(stage: Stage) -> None:
    _, news = await made(stage, 'news AAPL "guidance"')
    _, price = await made(stage, "AAPL > 200")
    await heard(stage, "news")
    publish = {"symbol": "AAPL", "provider": "BRFG", "article": "<p>More.</p>"}
    await stage.desk.post("/sim/market/news", headline="Apple raises guidance", **publish)
    await stage.ada.until("📰", f"alert #{news}")
    stage.world.exchange.push("AAPL", 201.0)
    await stage.ada.until(f"alert #{price}")
    assert set(await sounds(stage, "Apple raises guidance")) == {False}
    assert set(await sounds(stage, "🔔 <b>AAPL")) == {True}
