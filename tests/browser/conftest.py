"""
A headless Chromium, a world, and a small scripted bot between them.

All tests of this folder share one event loop, since they share one browser.
`page` is an open page on `world` at both widths (`width`); a test of its own
world uses `open_page`.
"""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect
from telegram import Update
from telegram.ext import Application, CallbackQueryHandler, ContextTypes, MessageHandler, filters
from telegram.request import HTTPXRequest

from simulator.world import TOKEN, World

ADA = 111
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE = 390
DESK = 1280
HEIGHTS = {PHONE: 844, DESK: 860}

OpenPage = Callable[..., Awaitable[Page]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("there is no Chromium on the PATH")
    expect.set_options(timeout=10_000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS, headless=True)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def world() -> AsyncIterator[World]:
    async with World(seed=7, walk=False, limits=False) as world:
        yield world


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(chromium: Browser) -> AsyncIterator[OpenPage]:
    """
    Open a page; an error on its console, or a script that raises, fails the test.

    A server that is away is no error of the page: it shows that in its banner.
    """
    complaints: list[str] = []

    def heard(line: ConsoleMessage) -> None:
        if line.type == "error" and "net::ERR_" not in line.text:
            complaints.append(line.text)

    async with AsyncExitStack() as stack:

        async def opened(url: str, width: int = DESK, **options: object) -> Page:
            phone = width == PHONE
            context: BrowserContext = await chromium.new_context(
                viewport={"width": width, "height": HEIGHTS[width]},
                has_touch=phone,
                is_mobile=phone,
                timezone_id="Europe/Berlin",
                locale="en-GB",
                **options,
            )
            stack.push_async_callback(context.close)
            page = await context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", heard)
            await page.goto(url)
            await expect(page.locator("body")).to_have_attribute("data-link", "up")
            return page

        yield opened
    assert complaints == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(world: World, open_page: OpenPage, width: int) -> Page:
    return await open_page(world.telegram_url, width)


async def _repeat(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    message = update.effective_message
    assert message is not None
    await message.reply_text(f"You said: {message.text}")


async def _answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    query = update.callback_query
    assert query is not None
    if context.bot_data.get("hold") is not None:
        await context.bot_data["hold"].wait()
    await query.answer(f"Pressed {query.data}", show_alert=query.data == "alert")


@pytest_asyncio.fixture(loop_scope="session")
async def bot(world: World) -> AsyncIterator[Application]:
    """A bot that repeats what it hears and answers each tap (after bot_data["hold"], where that is set)."""
    requests = [HTTPXRequest(httpx_kwargs={"trust_env": False}) for _ in range(2)]
    application = (
        Application.builder()
        .token(TOKEN)
        .base_url(f"{world.telegram_url}/bot")
        .base_file_url(f"{world.telegram_url}/file/bot")
        .request(requests[0])
        .get_updates_request(requests[1])
        .concurrent_updates(True)
        .build()
    )
    application.add_handler(MessageHandler(filters.TEXT, _repeat))
    application.add_handler(CallbackQueryHandler(_answer))
    async with application:
        await application.updater.start_polling(poll_interval=0, timeout=20)
        await application.start()
        yield application
        await application.updater.stop()
        await application.stop()
