"""The whole story by clicks: the real bot behind the page, in a real browser."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from simulator.world import TOKEN, World
from tests.flow.conftest import always_open
from tests.flow.process import BotProcess

PATIENCE_MS = 30_000


@pytest_asyncio.fixture(loop_scope="session")
async def demo(tmp_path: Path) -> AsyncIterator[World]:
    """Give a world with the real bot in it, at work."""
    async with always_open(tmp_path) as world:
        bot = BotProcess(world, tmp_path, TOKEN, is_fresh=True)
        await bot.start()
        yield world
        await bot.kill()
        assert world.server.violations == []


class Person:
    """Somebody at the page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def types(self, text: str) -> None:
        await self.page.locator("[data-role=composer]").fill(text)
        await self.page.keyboard.press("Enter")

    def sees(self, words: str | re.Pattern[str]) -> Locator:
        return self.page.locator("[data-role=message][data-from=bot]", has_text=words).last

    async def reads(self, words: str | re.Pattern[str]) -> Locator:
        message = self.sees(words)
        await expect(message).to_be_visible(timeout=PATIENCE_MS)
        return message

    async def clicks(self, message: Locator, label: str) -> None:
        await message.locator("[data-button]", has_text=label).click()


@pytest.mark.parametrize("width", [1280, 390])
async def test_the_whole_story_by_clicks(open_page, demo: World, width: int) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001  a fixture that is a function
    page = await open_page(demo.telegram_url, width=width)
    ada = Person(page)
    await ada.types("/start")
    await ada.reads("Nothing trades without pressing Confirm")

    await ada.types("AAPL > 200")
    await ada.reads("Alert #1 set")
    await ada.types('news AAPL "guidance"')
    await ada.reads("Alert #2 set")
    demo.exchange.push("AAPL", 200.5)
    await ada.reads(re.compile(r"AAPL ▲ 200\.50"))
    demo.exchange.publish("AAPL", "Apple raises guidance", article="<p>Much more.</p>")
    await ada.reads("Apple raises guidance")

    await ada.types("buy 10 MSFT 430")
    card = await ada.reads("BUY 10 MSFT LIMIT 430.00")
    assert demo.exchange.orders() == []
    await ada.clicks(card, "Confirm BUY 10 MSFT")
    await ada.reads("FILLED")
    assert [order["orderRef"] for order in demo.exchange.orders()] == ["sb-1-1"]
    await expect(card.locator("[data-button]", has_text="Confirm")).to_have_count(0)

    await ada.types("/positions")
    await ada.clicks(await ada.reads("Positions"), "MSFT")
    await ada.types("/summary")
    summary = await ada.reads("Daily summary")
    await expect(summary.locator("img")).to_be_visible(timeout=PATIENCE_MS)
    overflow = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert overflow is False


async def test_a_stranger_sees_only_what_she_wrote(open_page, demo: World) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001  a fixture that is a function
    page = await open_page(demo.telegram_url)
    stranger = Person(page)
    await page.locator("[data-user='999']").click()
    await stranger.types("AAPL > 200")
    await page.locator("[data-user='111']").click()
    await stranger.types("/help")
    await stranger.reads("Commands")
    await page.locator("[data-user='999']").click()
    await expect(page.locator("[data-role=message][data-from=user]", has_text="AAPL > 200")).to_be_visible()
    await expect(page.locator("[data-role=message][data-from=bot]")).to_have_count(0)
