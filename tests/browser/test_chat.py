"""The chat: what a bot sends is what a person sees, and what a person does reaches the bot."""

import asyncio
import io

from matplotlib.figure import Figure
from playwright.async_api import FilePayload, Locator, Page, expect
from telegram import (
    BotCommand,
    CopyTextButton,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
)
from telegram.ext import Application

from simulator.world import World

ADA = 111
TOM = 222


def last(page: Page) -> Locator:
    return page.locator("[data-role=message]").last


def message(page: Page, message_id: int) -> Locator:
    return page.locator(f'[data-message-id="{message_id}"]')


def keyboard(*rows: list[tuple[str, str]]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(text, callback_data=data) for text, data in row] for row in rows]
    )


def picture(width: int = 640, height: int = 360) -> bytes:
    figure = Figure(figsize=(width / 100, height / 100), dpi=100)
    figure.subplots().plot([196, 197.5, 197, 199, 201])
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


async def write(page: Page, text: str) -> None:
    composer = page.locator("[data-role=composer]")
    await composer.fill(text)
    await composer.press("Enter")


async def test_a_line_typed_reaches_the_bot_and_its_answer_comes(page: Page, bot: Application) -> None:
    await write(page, "AAPL > 200")
    await expect(last(page)).to_contain_text("You said: AAPL > 200")
    await expect(page.locator('[data-from="user"]')).to_contain_text("AAPL > 200")
    await expect(page.locator("[data-role=composer]")).to_have_value("")


async def test_formatting_stands_where_the_bot_put_it_also_behind_emoji(page: Page, bot: Application) -> None:
    html = (
        "🔔🧪 <b>AAPL ▲ <i>200.15</i></b> <u>u</u> <s>s</s> <code>196.42</code>\n"
        '<pre><code class="language-text">a  b</code></pre>\n<blockquote>quoted</blockquote>\n'
        '<a href="https://example.com/x">named</a> &lt;b&gt;no&lt;/b&gt;'
    )
    sent = await bot.bot.send_message(ADA, html, parse_mode="HTML")
    shown = message(page, sent.message_id)
    await expect(shown.locator("strong")).to_have_text("AAPL ▲ 200.15")
    await expect(shown.locator("strong em")).to_have_text("200.15")
    await expect(shown.locator("u")).to_have_text("u")
    await expect(shown.locator(".text s")).to_have_text("s")
    await expect(shown.locator(".text > code")).to_have_text("196.42")
    await expect(shown.locator("pre")).to_have_text("a  b")
    await expect(shown.locator("blockquote")).to_have_text("quoted")
    await expect(shown.locator("a")).to_have_attribute("href", "https://example.com/x")
    await expect(shown).to_contain_text("<b>no</b>")


async def test_markup_in_a_text_stays_text(page: Page, bot: Application) -> None:
    evil = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
    sent = await bot.bot.send_message(ADA, evil, reply_markup=keyboard([(evil[:60], "x")]))
    await expect(message(page, sent.message_id)).to_contain_text(evil)
    assert await message(page, sent.message_id).locator("img, script").count() == 0
    assert "owned" not in await page.title()


async def test_a_spoiler_is_shown_by_a_tap_and_a_long_quote_unfolds(page: Page, bot: Application) -> None:
    body = "Revenue now seen at $58 bn. " * 12
    html = f"<tg-spoiler>+$1,132</tg-spoiler>\n<blockquote expandable>{body}</blockquote>"
    sent = await bot.bot.send_message(ADA, html, parse_mode="HTML")
    shown = message(page, sent.message_id)
    spoiler = shown.locator(".spoiler")
    await expect(spoiler).to_have_attribute("role", "button")
    await spoiler.click()
    await expect(spoiler).to_have_class("spoiler shown")
    before = await shown.bounding_box()
    await shown.get_by_role("button", name="Show more").click()
    after = await shown.bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > before["height"]


async def test_a_moment_is_told_in_the_readers_zone(page: Page, bot: Application) -> None:
    # 14:32:07 in New York is 20:32:07 in Berlin, where this reader sits.
    html = '<tg-time unix="1795203127" format="T">14:32:07 ET</tg-time>'
    sent = await bot.bot.send_message(ADA, html, parse_mode="HTML")
    await expect(message(page, sent.message_id).locator("time[data-entity]")).to_have_text("20:32:07")


async def test_a_button_spins_until_the_bot_answers_with_a_toast(page: Page, bot: Application) -> None:
    hold = bot.bot_data["hold"] = asyncio.Event()
    sent = await bot.bot.send_message(ADA, "Card", reply_markup=keyboard([("Confirm", "yes"), ("Cancel", "no")]))
    button = message(page, sent.message_id).locator('[data-button="Confirm"]')
    await button.click()
    await expect(button).to_have_attribute("aria-busy", "true")
    hold.set()
    await expect(page.locator("[data-role=toast]")).to_have_text("Pressed yes")
    await expect(button).not_to_have_attribute("aria-busy", "true")


async def test_an_alert_answer_waits_for_ok(page: Page, bot: Application) -> None:
    sent = await bot.bot.send_message(ADA, "Card", reply_markup=keyboard([("Why", "alert")]))
    await message(page, sent.message_id).locator('[data-button="Why"]').click()
    alert = page.locator("[data-role=alert]")
    await expect(alert).to_contain_text("Pressed alert")
    await alert.get_by_role("button", name="OK").click()
    await expect(alert).to_have_count(0)


async def test_buttons_show_their_colours_and_copy_their_text(page: Page, bot: Application) -> None:
    rows = [
        [
            InlineKeyboardButton("Buy", callback_data="b", style="success"),
            InlineKeyboardButton("Sell", callback_data="s", style="danger"),
            InlineKeyboardButton("Open", callback_data="o", style="primary"),
        ],
        [
            InlineKeyboardButton("A7F3", copy_text=CopyTextButton("A7F3")),
            InlineKeyboardButton("Site", url="https://example.com/"),
        ],
    ]
    sent = await bot.bot.send_message(ADA, "Colours", reply_markup=InlineKeyboardMarkup(rows))
    shown = message(page, sent.message_id)
    await expect(shown.locator('[data-button="Sell"]')).to_be_visible()
    found = {
        name: await shown.locator(f'[data-button="{name}"]').evaluate("node => getComputedStyle(node).backgroundColor")
        for name in ("Buy", "Sell", "Open", "A7F3")
    }
    assert len(set(found.values())) == 4
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await shown.locator('[data-button="A7F3"]').click()
    await expect(page.locator("[data-role=toast]")).to_have_text("Copied: A7F3")
    assert await page.evaluate("navigator.clipboard.readText()") == "A7F3"
    await expect(shown.locator('[data-button="Site"]')).to_have_attribute("href", "https://example.com/")


async def test_an_edit_keeps_its_place_and_says_so(page: Page, bot: Application) -> None:
    first = await bot.bot.send_message(ADA, "Working", reply_markup=keyboard([("Cancel", "c")]))
    await bot.bot.send_message(ADA, "Later")
    await first.edit_text("Filled")
    shown = message(page, first.message_id)
    await expect(shown).to_contain_text("Filled")
    await expect(shown.locator(".edited")).to_be_visible()
    await expect(shown.locator("[data-button]")).to_have_count(0)
    await expect(last(page)).to_contain_text("Later")


async def test_a_chart_joins_its_text_and_opens_large(page: Page, bot: Application) -> None:
    sent = await bot.bot.send_message(ADA, "AAPL fired")
    await expect(message(page, sent.message_id)).to_contain_text("AAPL fired")
    media = InputMediaPhoto(picture(), caption="<b>AAPL</b> fired", parse_mode="HTML")
    await bot.bot.edit_message_media(media, ADA, sent.message_id)
    photo = message(page, sent.message_id).locator("[data-role=photo] img")
    await expect(photo).to_be_visible()
    await expect(photo).to_have_js_property("naturalWidth", 640)
    await photo.click()
    large = page.locator("[data-role=lightbox] img")
    await expect(large).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(large).to_have_count(0)


async def test_a_document_can_be_saved_under_its_name(page: Page, bot: Application) -> None:
    sent = await bot.bot.send_document(ADA, b"date,symbol\n", filename="trades.csv", caption="Trades")
    attached = message(page, sent.message_id).locator("[data-role=document]")
    await expect(attached).to_contain_text("trades.csv")
    async with page.expect_download() as download:
        await attached.click()
    saved = await download.value
    assert saved.suggested_filename == "trades.csv"
    path = await saved.path()
    assert path.read_bytes() == b"date,symbol\n"


async def test_a_file_can_be_sent_to_the_bot(page: Page, bot: Application, world: World) -> None:
    await page.locator("[data-role=composer]").fill("my alerts")
    file = FilePayload(name="alerts.csv", mimeType="text/csv", buffer=b"AAPL > 200\n")
    await page.locator("[data-role=file]").set_input_files(file)
    shown = page.locator('[data-from="user"]')
    await expect(shown).to_contain_text("alerts.csv")
    await expect(shown).to_contain_text("my alerts")
    sent = world.telegram.chats.open_private(ADA).in_order()[-1].message["document"]
    body = await (await bot.bot.get_file(sent["file_id"])).download_as_bytearray()
    assert bytes(body) == b"AAPL > 200\n"


async def test_a_question_opens_the_reply_mode_and_the_answer_quotes_it(
    page: Page, bot: Application, world: World
) -> None:
    asked = await bot.bot.send_message(ADA, "New level?", reply_markup=ForceReply(input_field_placeholder="205 or +3%"))
    await expect(page.locator("[data-role=reply-bar]")).to_contain_text("New level?")
    await expect(page.locator("[data-role=composer]")).to_have_attribute("placeholder", "205 or +3%")
    await write(page, "205")
    await expect(page.locator('[data-from="user"] [data-reply-to]')).to_contain_text("New level?")
    await expect(page.locator('[data-from="user"] [data-reply-to]')).to_have_attribute(
        "data-reply-to", str(asked.message_id)
    )
    await expect(page.locator("[data-role=reply-bar]")).to_be_hidden()


async def test_a_slash_lists_the_commands_and_enter_sends_one(page: Page, bot: Application) -> None:
    await bot.bot.set_my_commands([BotCommand("alerts", "Your alerts"), BotCommand("orders", "Working orders")])
    composer = page.locator("[data-role=composer]")
    await expect(page.locator("[data-role=commands-toggle]")).to_be_visible()
    await composer.press_sequentially("/")
    await expect(page.locator("[data-command]")).to_have_count(2)
    await composer.press("ArrowDown")
    await composer.press("Enter")
    await expect(last(page)).to_contain_text("You said: /orders")


async def test_a_slash_typed_before_the_commands_are_known_lists_them_when_they_are(
    page: Page, bot: Application
) -> None:
    await page.locator("[data-role=composer]").press_sequentially("/al")
    await bot.bot.set_my_commands([BotCommand("alerts", "Your alerts"), BotCommand("orders", "Working orders")])
    await expect(page.locator("[data-command]")).to_have_count(1)
    await expect(page.locator("[data-command=alerts]")).to_be_visible()


async def test_silent_messages_bear_a_mark(page: Page, bot: Application) -> None:
    loud = await bot.bot.send_message(ADA, "Loud")
    quiet = await bot.bot.send_message(ADA, "Quiet", disable_notification=True)
    await expect(message(page, quiet.message_id).locator(".silent")).to_be_visible()
    await expect(message(page, loud.message_id).locator(".silent")).to_have_count(0)


async def test_a_deleted_message_goes(page: Page, bot: Application) -> None:
    sent = await bot.bot.send_message(ADA, "Soon gone")
    await expect(message(page, sent.message_id)).to_be_visible()
    await sent.delete()
    await expect(message(page, sent.message_id)).to_have_count(0)


async def test_typing_is_shown_until_the_message_comes(page: Page, bot: Application) -> None:
    await bot.bot.send_chat_action(ADA, "typing")
    status = page.locator("[data-role=chat-status]")
    await expect(status).to_have_text("typing…")
    await bot.bot.send_message(ADA, "Here")
    await expect(status).to_contain_text("Ada")


async def test_a_message_to_someone_else_counts_as_unread_there(page: Page, bot: Application, width: int) -> None:
    await bot.bot.send_message(TOM, "For Tom")
    if width < 760:
        await expect(page.locator("[data-role=unread-total]")).to_have_text("1")
        await page.get_by_role("button", name="Chats, 1 unread", exact=True).click()
    row = page.locator(f'[data-user="{TOM}"]')
    await expect(row.locator(".badge")).to_have_text("1")
    await row.click()
    await expect(last(page)).to_contain_text("For Tom")
    await expect(row.locator(".badge")).to_have_count(0)


async def test_someone_who_reads_further_up_is_not_moved(page: Page, bot: Application) -> None:
    for number in range(40):
        await bot.bot.send_message(ADA, f"Line {number}\nand more")
    await expect(last(page)).to_contain_text("Line 39")
    scroller = page.locator("#scroller")
    await scroller.evaluate("node => node.scrollTop = 200")
    jump = page.locator("[data-role=jump]")
    await expect(jump).to_be_visible()
    await bot.bot.send_message(ADA, "News from below")
    await expect(jump).to_have_attribute("data-count", "1")
    assert await scroller.evaluate("node => node.scrollTop") == 200
    await jump.click()
    await expect(last(page)).to_be_in_viewport()
    await expect(jump).to_be_hidden()


async def test_a_deep_link_is_said_as_start(page: Page, bot: Application) -> None:
    html = '<a href="https://t.me/squawkbot?start=e_12">edit</a>'
    sent = await bot.bot.send_message(ADA, html, parse_mode="HTML")
    await message(page, sent.message_id).locator("a").click()
    await expect(last(page)).to_contain_text("You said: /start e_12")
