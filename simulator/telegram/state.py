"""The local Telegram itself: its parts on one shelf, and the few acts that touch several of them."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, Any

from simulator.telegram.calls import Calls
from simulator.telegram.chats import Chat, Chats, Stored
from simulator.telegram.clock import Clock, SystemClock, unix
from simulator.telegram.command_list import CommandLists
from simulator.telegram.events import Events
from simulator.telegram.faults import Faults
from simulator.telegram.files import Files
from simulator.telegram.limits import FloodControl
from simulator.telegram.queries import Queries
from simulator.telegram.updates import UpdateQueue
from simulator.telegram.users import User, Users

if TYPE_CHECKING:
    from simulator.telegram.markup import Markup

BOT_NAME = "squawkbot"
BOT_USERNAME = "squawkbot_demo_bot"


class Telegram:
    """
    One bot's Telegram.

    *token* is the only one let in. *limits* False switches off the flood
    limits and the forced waits of getUpdates; both can be switched later by
    `flood.enabled` and `updates.forced_waits`.
    """

    def __init__(self, token: str, clock: Clock | None = None, *, limits: bool = True) -> None:
        self.token = token
        self.clock: Clock = clock or SystemClock()
        bot_id = int(token.partition(":")[0]) if token.partition(":")[0].isdigit() else 1
        self.bot = User(bot_id, BOT_NAME, BOT_USERNAME, is_bot=True)
        self.users = Users(self.bot)
        self.chats = Chats(self.users)
        self.updates = UpdateQueue(self.clock, forced_waits=limits)
        self.queries = Queries(self.clock)
        self.files = Files()
        self.calls = Calls(self.clock)
        self.faults = Faults()
        self.flood = FloodControl(self.clock, enabled=limits)
        self.events = Events()
        self.commands = CommandLists()
        self.profile: dict[str, Any] = {}
        self.albums = count(bot_id << 16)
        self.closing = asyncio.Event()

    def close(self) -> None:
        """End every long poll, held answer and event stream at once; the server may then stop without waiting."""
        self.closing.set()
        self.updates.close()
        self.events.close()

    def post(self, chat: Chat, sender: User, content: dict[str, Any], *, date: int | None = None) -> Stored:
        """Put a new message of *sender* into *chat* and tell the page; *date* in Unix seconds, default now."""
        stored = self.draft(chat, sender, content, date=date)
        self.publish(chat, stored)
        return stored

    def draft(self, chat: Chat, sender: User, content: dict[str, Any], *, date: int | None = None) -> Stored:
        """Put a new message into *chat* as `post` does, without telling the page yet."""
        message = {
            "message_id": self.chats.next_message_id(chat),
            "from": sender.json(),
            "chat": chat.json(),
            "date": unix(self.clock) if date is None else date,
            **content,
        }
        stored = Stored(message)
        chat.messages[stored.message_id] = stored
        return stored

    def publish(self, chat: Chat, stored: Stored, kind: str = "message") -> None:
        """Tell the page that *stored* is new in *chat*, or of another *kind* of change."""
        self.events.publish(kind, chat.id, message=stored.seen())

    def post_as_bot(self, chat: Chat, content: dict[str, Any], markup: Markup, *, silent: bool) -> dict[str, Any]:
        """Put a message of the bot into *chat*; return the Message that the bot gets back."""
        if markup.inline is not None:
            content = {**content, "reply_markup": markup.inline}
        stored = self.draft(chat, self.bot, content)
        stored.prompt = markup.prompt
        stored.silent = silent
        self.publish(chat, stored)
        return stored.message

    def is_mine(self, message: dict[str, Any]) -> bool:
        """Return whether the bot wrote *message*."""
        return bool(message.get("from", {}).get("id") == self.bot.id)
