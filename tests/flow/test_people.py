"""Strangers, pairing codes, and who is told: the real bot between both simulators."""

import asyncio
import os
import sys
from pathlib import Path

from simulator.world import TOKEN
from tests.flow.chat import Shown, labels, said
from tests.flow.conftest import Stage
from tests.flow.dial import ENVIRONMENT, PROGRAM
from tests.flow.process import ROOT


async def pair(stage: Stage, role: str) -> str:
    """Make a code on the host, as its owner would while the bot runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, PROGRAM, "pair", role),
        cwd=stage.folder,
        env={
            **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}},
            "PYTHONPATH": str(ROOT),
            ENVIRONMENT: str(stage.dial.file),
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_USERS": "111:admin",
            "DATABASE_URL": f"sqlite:///{Path(stage.folder) / 'squawkbot.db'}",
            "PAIRING": "on",
        },
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode().splitlines()[0]


async def opened(stage: Stage, message: Shown) -> Shown:
    """Return *message* once it shows one person."""

    async def look() -> Shown | None:
        now = await stage.ada.again(message)
        return now if any(label.startswith("⛔") for label in labels(now)) else None

    found: Shown = await stage.desk.until(look, "a person's card")
    return found


async def commands(stage: Stage, user_id: int) -> list[str]:
    return [entry["command"] for entry in await stage.desk.get("/sim/commands", chat_id=user_id)]


async def test_a_stranger_meets_silence_the_admin_hears_once_and_lets_them_in(stage: Stage) -> None:
    await stage.up(pairing="on")
    for _ in range(3):
        await stage.stranger.say("hello?")
    notice = await stage.ada.until("A stranger writes to me", "id 999")
    assert labels(notice) == ["👁 Allow as viewer", "⛔ Block"]
    assert await stage.stranger.from_bot() == []
    await stage.ada.press(notice, "👁")
    told = await stage.stranger.until("You are in")
    assert "viewer" in said(told)
    await stage.stranger.ask("/help", "/alerts")
    await stage.desk.until(lambda: commands(stage, 999), "the viewer's menu")
    listed = await commands(stage, 999)
    assert "alerts" in listed
    assert "buy" not in listed
    await stage.stranger.ask("buy 10 AAPL 199.5", "for traders only")
    # Told once: the notice shows by now what was decided.
    told_of = [said(message) for message in await stage.ada.from_bot() if "Stranger" in said(message)]
    assert [text.splitlines()[0] for text in told_of] == ["👤 Stranger is in, as a viewer."]


async def test_a_blocked_stranger_never_hears_anything_not_after_a_restart_either(stage: Stage) -> None:
    bot = await stage.up(pairing="on")
    await stage.stranger.say("hello?")
    await stage.ada.press(await stage.ada.until("A stranger writes to me"), "⛔")
    await stage.ada.until("is blocked")
    await bot.kill()
    await stage.up(pairing="on")
    await stage.stranger.say(await pair(stage, "trader"))
    listed = await stage.ada.ask("/users", "blocked")
    assert "999" in said(listed)
    assert await stage.stranger.from_bot() == []


async def test_a_code_from_the_host_lets_one_person_in_who_orders_and_is_put_out_again(stage: Stage) -> None:
    bot = await stage.up(pairing="on")
    code = await pair(stage, "trader")
    await stage.stranger.ask(code, "You are in", "trader")
    await stage.ada.until("is in", "by a pairing code", "trader")
    card = await stage.stranger.ask("buy 10 AAPL 199.5", "confirm?")
    await stage.stranger.ask("/help", "/orders")
    await bot.kill()
    await stage.up(pairing="on")
    assert "buy" in await commands(stage, 999)
    people = await stage.ada.ask("/users", "999", "trader")
    await stage.ada.press(people, "Stranger")
    await stage.ada.press(await opened(stage, people), "🚪")

    async def is_out() -> bool:
        return await commands(stage, 999) == []

    await stage.desk.until(is_out, "an empty menu")
    await stage.stranger.press(card, "✅")
    before = len(await stage.stranger.from_bot())
    await stage.stranger.say("buy 10 AAPL 199.5")
    await stage.ada.ask("/help", "/orders")
    assert len(await stage.stranger.from_bot()) == before
    assert await stage.desk.orders() == []


async def test_a_code_lets_in_once(stage: Stage) -> None:
    await stage.up(pairing="on")
    code = await pair(stage, "viewer")
    other = stage.desk.chat(998)
    await stage.stranger.ask(code, "You are in")
    await other.say(code)
    await stage.ada.until("A stranger writes to me", "998")
    assert await other.from_bot() == []


async def test_without_pairing_strangers_and_codes_meet_silence_and_nobody_is_told(stage: Stage) -> None:
    await stage.up()
    await stage.stranger.say(await pair(stage, "admin"))
    await stage.stranger.say("/start")
    await stage.ada.ask("/help", "/orders")
    assert await stage.stranger.from_bot() == []
    assert not any("stranger" in said(message) for message in await stage.ada.from_bot())


async def test_who_is_taken_out_of_the_environment_is_out_and_has_no_menu_any_more(stage: Stage) -> None:
    bot = await stage.up(is_fresh=True)
    await stage.tom.ask("/help", "/buy")
    await stage.desk.until(lambda: commands(stage, 222), "the trader's menu")
    await bot.stop()
    await stage.up(telegram_users="111:admin")

    async def is_out() -> bool:
        return await commands(stage, 222) == []

    await stage.desk.until(is_out, "an empty menu")
    before = len(await stage.tom.from_bot())
    await stage.tom.say("/help")
    await stage.ada.ask("/help", "/orders")
    assert len(await stage.tom.from_bot()) == before
