"""A whole python-telegram-bot application against the local Telegram."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self

import pytest
from telegram import (
    BotCommand,
    BotCommandScopeChat,
    CopyTextButton,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MenuButtonCommands,
    ReactionTypeEmoji,
    ReplyParameters,
    Update,
)
from telegram.error import BadRequest
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, MessageHandler, filters
from telegram.request import HTTPXRequest

from tests.simulator.telegram.conftest import NO_TLS, TOKEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telegram import Bot

    from simulator.telegram.server import Telegram
    from tests.simulator.telegram.conftest import Api

pytestmark = pytest.mark.filterwarnings("ignore:No `JobQueue`")


async def start(update: Update, _: Any) -> None:
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Confirm", callback_data="c", style="success")]])
    await update.effective_message.reply_html(f"<b>Hello</b> {update.effective_user.first_name}", reply_markup=keyboard)


async def confirm(update: Update, _: Any) -> None:
    await update.callback_query.answer("Confirmed")
    await update.callback_query.edit_message_text("Done")


async def echo(update: Update, _: Any) -> None:
    await update.effective_message.reply_text(update.effective_message.text)


@asynccontextmanager
async def running(url: str) -> AsyncIterator[Application]:
    def request() -> HTTPXRequest:
        return HTTPXRequest(httpx_kwargs={"trust_env": False, "verify": NO_TLS})

    builder = Application.builder().token(TOKEN).base_url(f"{url}/bot").base_file_url(f"{url}/file/bot")
    application = builder.request(request()).get_updates_request(request()).job_queue(None).build()
    application.add_handler(CommandHandler("start", start))
    application.add_handler(CallbackQueryHandler(confirm))
    application.add_handler(MessageHandler(filters.TEXT, echo))
    async with application:
        await application.start()
        await application.updater.start_polling(timeout=30, allowed_updates=Update.ALL_TYPES)
        yield application
        await application.updater.stop()
        await application.stop()


class Ear:
    """Hears what the bot does in Ada's chat."""

    def __init__(self, telegram: Telegram) -> None:
        self._stream = telegram.events.stream()

    async def __aenter__(self) -> Self:
        await anext(self._stream)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stream.aclose()

    async def next(self, kind: str) -> dict[str, Any]:
        """Return the next message that the bot sent ("message") or edited ("edit")."""
        async for line in self._stream:
            event = json.loads(line.removeprefix("data: "))
            if event["kind"] == kind and event["message"]["from"]["is_bot"]:
                return event["message"]
        raise AssertionError("the stream has ended")


async def test_a_command_a_tap_and_a_text_go_there_and_back(url: str, api: Api, telegram: Telegram) -> None:
    async with asyncio.timeout(20), Ear(telegram) as ear, running(url):
        await api.write("/start")
        hello = await ear.next("message")
        assert hello["text"] == "Hello Ada"
        assert hello["entities"] == [{"type": "bold", "offset": 0, "length": 5}]
        press = {"from_id": 111, "message_id": hello["message_id"], "button": "Confirm", "wait": 10}
        told = await api.act("/chats/111/press", **press)
        assert told["answer"]["text"] == "Confirmed"
        done = await ear.next("edit")
        assert (done["message_id"], done["text"]) == (hello["message_id"], "Done")
        assert "reply_markup" not in done
        await api.write("echo 🔔")
        assert (await ear.next("message"))["text"] == "echo 🔔"


async def test_what_was_written_while_the_bot_was_down_is_answered_once(url: str, api: Api, telegram: Telegram) -> None:
    async with asyncio.timeout(20), Ear(telegram) as ear:
        for text in ("early", "late"):
            await api.write(text)
            async with running(url):
                assert (await ear.next("message"))["text"] == text
    texts = [message["text"] for message in await api.look("/chats/111/messages")]
    assert texts == ["early", "early", "late", "late"]


async def test_every_kind_of_call_is_understood_by_the_library(bot: Bot, picture: bytes) -> None:
    keyboard = InlineKeyboardMarkup(
        [
            [InlineKeyboardButton("Buy", callback_data="b", style="primary")],
            [
                InlineKeyboardButton("Copy", copy_text=CopyTextButton("AAPL")),
                InlineKeyboardButton("Web", url="https://a.b"),
            ],
        ]
    )
    message = await bot.send_message(111, "text", reply_markup=keyboard, protect_content=True)
    assert message.reply_markup == keyboard
    assert message.has_protected_content
    reply = await bot.send_message(111, "?", reply_markup=ForceReply(), reply_parameters=ReplyParameters(message.id))
    assert reply.reply_to_message == message
    assert await bot.set_message_reaction(111, message.id, [ReactionTypeEmoji("👍")])
    assert await bot.pin_chat_message(111, message.id, disable_notification=True)
    assert (await bot.get_chat(111)).pinned_message == message
    assert await bot.unpin_chat_message(111, message.id)
    assert (await bot.get_chat_member(111, 111)).user.first_name == "Ada"
    assert await bot.set_my_commands([BotCommand("start", "Begin")], scope=BotCommandScopeChat(111))
    assert await bot.get_my_commands(scope=BotCommandScopeChat(111)) == (BotCommand("start", "Begin"),)
    assert await bot.set_chat_menu_button(111, MenuButtonCommands())
    assert await bot.get_chat_menu_button(111) == MenuButtonCommands()
    assert (await bot.get_webhook_info()).pending_update_count == 0
    photo = await bot.send_photo(111, picture)
    assert await bot.delete_messages(111, [photo.id])
    assert (await bot.forward_message(222, 111, reply.id)).forward_origin is not None
    assert (await bot.copy_message(222, 111, reply.id)).message_id
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(111, photo.id)
    assert await bot.log_out()
