"""Webhooks and own words, through the real process: set in the chat, allowed by an admin, received by a real server."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.hooks import signature
from simulator.world import TOKEN
from tests.fakes.web import HOST, FakeWeb
from tests.flow.chat import Chat, Shown, said
from tests.flow.conftest import Stage
from tests.flow.loopback import PROGRAM
from tests.flow.process import BotProcess


@pytest.fixture
async def server() -> AsyncIterator[FakeWeb]:
    async with FakeWeb(is_tls=True) as server:
        yield server


async def up(stage: Stage) -> BotProcess:
    bot = BotProcess(stage.world, stage.folder, TOKEN, PROGRAM)
    stage.bots.append(bot)
    await bot.start()
    await stage.linked()
    return bot


async def alert(stage: Stage, chat: Chat, above: float = 5.0) -> tuple[int, float]:
    """Set an alert on AAPL; return its number and its level."""
    level = round(stage.world.exchange.book(stage.world.exchange.catalogue.named("AAPL")).last + above, 2)
    answer = await chat.ask(f"AAPL > {level}", "Alert #", " set")
    found = re.search(r"Alert #(\d+) set", said(answer))
    assert found is not None
    return int(found[1]), level


async def hooked(stage: Stage, number: int, url: str) -> str:
    """Set Tom's alert a webhook, let Ada allow its host, and return its secret."""
    answer = await stage.tom.ask(f"/hook {number} {url}", "Webhook of alert", "Its secret")
    secret = re.search(r"shown this once: (\S+)", said(answer))
    assert secret is not None
    question = await stage.ada.until(f"May alerts be sent to {url.split('/')[2]}?")
    await stage.ada.press(question, "✅ Allow")
    await stage.tom.until("An admin allowed")
    return secret[1]


async def fired(chat: Chat, number: int) -> Shown:
    return await chat.until(f"· alert #{number}", "AAPL", "🔔")


async def test_a_firing_reaches_the_phone_and_the_web_signed(stage: Stage, server: FakeWeb) -> None:
    bot = await up(stage)
    number, level = await alert(stage, stage.tom)
    secret = await hooked(stage, number, f"https://{HOST}:{server.port}/in?key=t0ken")
    await stage.desk.push("AAPL", level + 1)
    (got,) = await server.arrived()
    await fired(stage.tom, number)
    body = json.loads(got.body)
    assert (got.path, got.name) == ("/in?key=t0ken", HOST)
    assert (body["alert"]["id"], body["what"]["price"]) == (number, level + 1)
    stamp = re.search(r"t=(\d+)", got.headers["x-squawkbot-signature"])
    assert stamp is not None
    at = datetime.fromtimestamp(int(stamp[1]), UTC)
    assert got.headers["x-squawkbot-signature"] == signature(secret, at, got.body)
    await stage.tom.ask(f"/hook {number} test", "The test arrived")
    assert "t0ken" not in bot.words()
    assert secret not in bot.words()


async def test_nothing_is_sent_before_an_admin_allows_the_host(stage: Stage, server: FakeWeb) -> None:
    await up(stage)
    number, level = await alert(stage, stage.tom)
    await stage.tom.ask(f"/hook {number} https://{HOST}:{server.port}/", "Nothing is sent before an admin")
    question = await stage.ada.until("May alerts be sent to")
    await stage.desk.push("AAPL", level + 1)
    await fired(stage.tom, number)
    await stage.ada.press(question, "✖️ Refuse")
    await stage.tom.until("An admin did not allow")
    assert server.got == []


async def test_a_name_that_leads_into_the_private_net_is_not_reached(stage: Stage) -> None:
    await up(stage)
    number, _ = await alert(stage, stage.tom)
    await hooked(stage, number, "https://inside.example.com/x")
    await stage.tom.ask(f"/hook {number} test", "The test did not arrive", "private or reserved address")


async def test_a_crash_while_the_host_hangs_repeats_under_the_same_key(stage: Stage, server: FakeWeb) -> None:
    server.plan.append(asyncio.Event())
    bot = await up(stage)
    number, level = await alert(stage, stage.tom)
    await hooked(stage, number, f"https://{HOST}:{server.port}/")
    await stage.desk.push("AAPL", level + 1)
    (first,) = await server.arrived()
    # The host says nothing, and the phone has its message all the same.
    await fired(stage.tom, number)
    await bot.kill()
    await up(stage)
    (again,) = await server.arrived()
    assert (again.body, again.headers["idempotency-key"]) == (first.body, first.headers["idempotency-key"])


async def test_own_words_are_what_the_phone_says_after_a_restart_too(stage: Stage) -> None:
    bot = await up(stage)
    number, level = await alert(stage, stage.tom)
    await stage.tom.ask(f"/template {number} {{symbol}} <b>hit</b> {{prise}}", "no placeholder {prise}")
    await stage.tom.ask(f"/template {number} {{symbol}} <b>hit</b> {{price}}", "Wording set", "AAPL <b>hit</b>")
    await bot.stop()
    await up(stage)
    await stage.desk.push("AAPL", level + 1)
    message = await fired(stage.tom, number)
    assert said(message).startswith(f"🔔 AAPL <b>hit</b> {level + 1:.2f}")
