"""The page around the chat: widths, reconnecting, the market panel, the hints, reach by keyboard."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Self

import pytest
from playwright.async_api import Locator, Page, expect
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import Application

from simulator.world import World

ADA = 111
DESK = 1280
PHONE = 390
LONG_WORD = "x" * 300

OpenPage = Callable[..., Awaitable[Page]]


def messages(page: Page) -> Locator:
    return page.locator("[data-role=message]")


class Relay:
    """An address that leads to a world's page until `cut`, and again after `mend`."""

    def __init__(self, world: World) -> None:
        self._target = int(world.telegram_url.rsplit(":", 1)[1])
        self._whole = True
        self._ends: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._joined, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        assert self._server is not None
        self._server.close()

    def cut(self) -> None:
        self._whole = False
        for end in self._ends:
            end.transport.abort()

    def mend(self) -> None:
        self._whole = True

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._ends |= {writer, far_writer}
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.close()


async def show_market(page: Page, width: int) -> None:
    if width == PHONE:
        await page.get_by_role("button", name="Market panel", exact=True).click()
    await expect(page.locator('[data-symbol="AAPL"]')).to_be_visible()


async def test_nothing_sticks_out_sideways(page: Page, bot: Application, width: int) -> None:
    rows = [[InlineKeyboardButton(f"Button {n} {LONG_WORD[:40]}", callback_data=str(n)) for n in range(8)]]
    html = f"<b>{LONG_WORD}</b>\n<pre>{LONG_WORD}</pre>\n<code>{LONG_WORD}</code>\n<blockquote>{LONG_WORD}</blockquote>"
    sent = await bot.bot.send_message(ADA, html, parse_mode="HTML", reply_markup=InlineKeyboardMarkup(rows))
    await bot.bot.send_document(ADA, b"x", filename=f"{LONG_WORD[:120]}.csv", reply_to_message_id=sent.message_id)
    await expect(messages(page)).to_have_count(2)
    for selector in ("html", "#scroller"):
        wide = await page.locator(selector).evaluate("node => node.scrollWidth - node.clientWidth")
        assert wide == 0, selector
    right = await messages(page).evaluate_all("nodes => Math.max(...nodes.map(n => n.getBoundingClientRect().right))")
    assert right <= width
    await show_market(page, width)
    assert await page.locator("#panel").evaluate("node => node.scrollWidth - node.clientWidth") == 0


async def test_on_a_phone_every_control_in_reach_is_as_large_as_a_thumb(
    open_page: OpenPage, world: World, bot: Application
) -> None:
    await bot.bot.send_message(
        ADA, "Card", reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="y")]])
    )
    page = await open_page(world.telegram_url, PHONE)
    await expect(messages(page)).to_have_count(1)
    assert await page.locator(".chat button, .chat textarea").evaluate_all(SMALL) == []
    await show_market(page, PHONE)
    assert (
        await page.locator("#panel button, #panel summary, #panel input:not([type=checkbox])").evaluate_all(SMALL) == []
    )


async def test_on_a_phone_the_panels_are_drawers_that_escape_closes(open_page: OpenPage, world: World) -> None:
    page = await open_page(world.telegram_url, PHONE)
    await expect(page.locator("#market")).to_be_hidden()
    await expect(page.locator("#chats")).to_be_hidden()
    opener = page.get_by_role("button", name="Market panel", exact=True)
    await opener.click()
    await expect(page.locator("#market")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#market")).to_be_hidden()
    await expect(opener).to_be_focused()


async def test_on_a_desk_all_three_columns_are_there(open_page: OpenPage, world: World) -> None:
    page = await open_page(world.telegram_url, DESK)
    for part in ("#chats", "#timeline", "#market"):
        await expect(page.locator(part)).to_be_visible()
    await expect(page.locator("[data-open=market]")).to_be_hidden()


async def test_a_lost_line_is_said_and_what_came_meanwhile_is_shown_once(
    open_page: OpenPage, world: World, bot: Application, width: int
) -> None:
    async with Relay(world) as line:
        page = await open_page(line.url, width)
        kept = await bot.bot.send_message(ADA, "Before")
        gone = await bot.bot.send_message(ADA, "Soon gone")
        await expect(messages(page)).to_have_count(2)
        line.cut()
        await expect(page.locator("[data-role=banner]")).to_be_visible()
        await bot.bot.send_message(ADA, "Meanwhile")
        await kept.edit_text("Before, edited")
        await gone.delete()
        line.mend()
        await expect(page.locator("[data-role=banner]")).to_be_hidden()
        await expect(messages(page)).to_have_count(2)
        await expect(messages(page).first).to_contain_text("Before, edited")
        await expect(messages(page).last).to_contain_text("Meanwhile")
        await bot.bot.send_message(ADA, "After")
        await expect(messages(page)).to_have_count(3)
        await page.close()


async def test_a_text_that_could_not_be_sent_stays_in_the_box(open_page: OpenPage, world: World) -> None:
    async with Relay(world) as line:
        page = await open_page(line.url, DESK)
        line.cut()
        await expect(page.locator("[data-role=banner]")).to_be_visible()
        await page.locator("[data-role=composer]").fill("AAPL > 200")
        await page.locator("[data-role=composer]").press("Enter")
        await expect(page.locator("[data-role=toast]")).to_contain_text("Not sent")
        await expect(page.locator("[data-role=composer]")).to_have_value("AAPL > 200")
        await page.close()


async def test_a_pushed_price_is_a_print_on_the_exchange(page: Page, world: World, width: int) -> None:
    await show_market(page, width)
    form = page.locator("[data-form=tick]")
    await form.locator("[name=last]").fill("210")
    await form.get_by_role("button", name="Push").click()
    await expect(page.locator('[data-symbol="AAPL"] [data-role=last]')).to_have_text("210.00")
    await form.locator('[data-move="-1"]').click()
    await expect(page.locator('[data-symbol="AAPL"] [data-role=last]')).to_have_text("207.90")


async def test_a_hint_fills_the_box_and_moves_the_market(page: Page, bot: Application, width: int) -> None:
    await show_market(page, width)
    await page.get_by_role("button", name="Push 201", exact=True).click()
    await expect(page.locator('[data-symbol="AAPL"] [data-role=last]')).to_have_text("201.00")
    await page.get_by_role("button", name="buy 10 AAPL 199.5", exact=True).click()
    composer = page.locator("[data-role=composer]")
    await expect(composer).to_have_value("buy 10 AAPL 199.5")
    await expect(composer).to_be_focused()
    await composer.press("Enter")
    await expect(messages(page).last).to_contain_text("You said: buy 10 AAPL 199.5")


async def test_the_panel_publishes_ranks_rings_and_breaks(page: Page, world: World, width: int) -> None:
    await show_market(page, width)
    toasts = page.locator("[data-role=toasts]")
    await page.locator("[data-form=news]").get_by_role("button", name="Publish").click()
    await expect(toasts).to_contain_text("Headline published")
    await page.locator("[data-form=scanner]").get_by_role("button", name="Put on top").click()
    await expect(toasts).to_contain_text("on top of TOP_PERC_GAIN")
    assert world.exchange.ranks["TOP_PERC_GAIN"][:2] == ["AMD", "PLTR"]
    await page.locator("[data-action=close]").click()
    await expect(page.locator("[data-role=session]")).to_have_text("Regular session closed")
    await page.locator("[data-action=open]").click()
    await expect(page.locator("[data-role=session]")).to_have_text("Regular session open")
    await page.locator("[data-action=walk]").click()
    await expect(page.locator("[data-action=walk]")).to_be_checked()
    assert world.exchange.walking is True
    await page.locator("[data-section=faults] summary").click()
    await page.locator("[data-action=cut]").click()
    await expect(page.locator("[data-role=market-status]")).to_contain_text("fault")
    assert world.server.faults.active() == ["refuse"]
    await page.locator("[data-action=telegram-429]").click()
    await expect(toasts).to_contain_text("429")
    await page.locator("[data-action=heal]").click()
    await expect(page.locator("[data-role=market-status]")).not_to_contain_text("fault")
    assert world.telegram.faults.active() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_words_stand_out_from_their_ground(
    open_page: OpenPage, world: World, bot: Application, scheme: str
) -> None:
    html = 'Plain <a href="https://example.com">link</a> <code>code</code><blockquote>quote</blockquote>'
    row = [InlineKeyboardButton(style, callback_data=style, style=style) for style in ("primary", "success", "danger")]
    markup = InlineKeyboardMarkup([row, [InlineKeyboardButton("plain", callback_data="plain")]])
    await bot.bot.send_message(ADA, html, parse_mode="HTML", reply_markup=markup)
    page = await open_page(world.telegram_url, DESK, color_scheme=scheme)
    await show_market(page, DESK)
    selectors = [
        ".in .text", ".in .text a", ".in .text code", ".in blockquote", ".in .meta", ".key.primary", ".key.success",
        ".key.danger", ".key.plain", ".row-role", ".row-last", ".chat-title p", ".instrument .name",
        ".instrument .change", ".plain-button.primary", ".plain-button.danger", ".side-note",
    ]  # fmt: skip
    ratios = {selector: await page.locator(selector).first.evaluate(CONTRAST) for selector in selectors}
    assert {selector: ratio for selector, ratio in ratios.items() if ratio < 4.5} == {}


SMALL = """nodes => nodes
  .filter((node) => node.checkVisibility() && node.getBoundingClientRect().height < 44)
  .map((node) => node.outerHTML)"""

# WCAG 2.2's contrast ratio of an element's words against the first ground behind them that is not transparent.
CONTRAST = """node => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (css) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = css;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  let ground = node;
  while (ground && rgb(getComputedStyle(ground).backgroundColor)[3] < 255) ground = ground.parentElement;
  const light = (css) => rgb(css).slice(0, 3)
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const [a, b] = [light(getComputedStyle(node).color), light(getComputedStyle(ground).backgroundColor)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""
