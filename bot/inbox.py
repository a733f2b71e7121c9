"""Telegram's updates -> our own words -> the router; and what PTB does when a handler fails."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from weakref import WeakValueDictionary

from telegram import CallbackQuery, Chat, Update
from telegram import Message as TelegramMessage
from telegram.ext import BaseUpdateProcessor, CallbackContext

from bot import chat_turn
from bot.errors import DeliveryError
from bot.reply import TelegramReply
from bot.request import FileIn, Press, TextIn
from bot.views.message import Message, text
from storage.errors import StorageError
from trading.access import Roster

_log = logging.getLogger(__name__)

_MOST_WAITING = 10_000


class Router(Protocol):
    """Where texts and presses go."""

    async def on_text(self, request: TextIn) -> None:
        """Do what a text asks for."""
        ...

    async def on_file(self, request: FileIn) -> None:
        """Do what can be done with a file."""
        ...

    async def on_press(self, press: Press) -> None:
        """Do what a press asks for."""
        ...


class Inbox:
    """
    Hands each text and press to the router; roles are looked up here, after the gate, for every single one.

    *opened* is awaited with each chat the first time it is heard from (`forget` makes it first again), *named* with a
    group's id and names whenever it is heard from, *met* with its id as Telegram has it and the person's. *home* gives
    the id that a group had before it moved.
    """

    def __init__(
        self,
        router: Router,
        roster: Roster,
        reply: TelegramReply,
        opened: Callable[[int], Awaitable[None]] | None = None,
        named: Callable[[int, str, str], Awaitable[None]] | None = None,
        home: Callable[[int], int] = lambda chat_id: chat_id,
        met: Callable[[int, int], Awaitable[None]] | None = None,
    ) -> None:
        self._router = router
        self._roster = roster
        self._reply = reply
        self._opened = opened
        self._named = named
        self._home = home
        self._met = met
        self._interrupted: set[int] = set()
        self._heard: set[int] = set()

    def forget(self, chat_id: int) -> None:
        """Take the chat for new when it is next heard from."""
        self._heard.discard(chat_id)

    def interrupted(self, update_id: int) -> None:
        """Take the update for one that an earlier process may have done."""
        self._interrupted.add(update_id)

    async def on_message(self, update: Update, context: CallbackContext) -> None:  # type: ignore[type-arg]  # as PTB passes it
        """Take in a text message."""
        message, user = update.message, update.effective_user
        role = self._roster.role_of(user.id) if user else None
        if message is None or user is None or role is None or message.text is None:
            return
        command = _command_for(message.text, context.bot.username)
        if command is None:
            return
        await self._hear(message.chat, user.id)
        replied = message.reply_to_message
        await self._router.on_text(
            TextIn(
                user_id=user.id,
                chat_id=self._home(message.chat_id),
                message_id=message.message_id,
                role=role,
                text=command,
                args=command.partition(" ")[2].strip() if command.startswith("/") else command,
                sent=message.date,
                reply_to=replied.message_id if replied else None,
                interrupted=update.update_id in self._interrupted,
            )
        )

    async def on_file(self, update: Update, _context: CallbackContext) -> None:  # type: ignore[type-arg]  # as PTB passes it
        """Take in a file."""
        message, user = update.message, update.effective_user
        role = self._roster.role_of(user.id) if user else None
        if message is None or user is None or role is None or message.document is None:
            return
        await self._hear(message.chat, user.id)
        document = message.document

        async def fetch() -> bytes:
            return await self._reply.fetch(document.file_id)

        await self._router.on_file(
            FileIn(
                user_id=user.id,
                chat_id=self._home(message.chat_id),
                message_id=message.message_id,
                role=role,
                name=document.file_name or "",
                size=document.file_size or 0,
                sent=message.date,
                fetch=fetch,
            )
        )

    async def _hear(self, chat: Chat, user_id: int) -> None:
        chat_id = self._home(chat.id)
        try:
            if self._named is not None and chat_id != user_id:
                await self._named(chat_id, chat.username or "", chat.title or "")
            if self._met is not None and chat_id != user_id:
                await self._met(chat.id, user_id)
            if self._opened is None or chat_id in self._heard:
                return
            await self._opened(chat_id)
        except StorageError as error:
            # What was said is answered all the same; the next message tries this again.
            _log.warning("chat %s was heard from, which cannot be stored: %r", chat_id, error)
        else:
            self._heard.add(chat_id)

    async def on_press(self, update: Update, _context: CallbackContext) -> None:  # type: ignore[type-arg]  # as PTB passes it
        """Take in a press; one on a message that is gone is answered by the router like any other."""
        query = update.callback_query
        role = self._roster.role_of(query.from_user.id) if query else None
        if query is None or role is None or query.message is None:
            return
        interrupted = update.update_id in self._interrupted
        press = Press(
            user_id=query.from_user.id,
            chat_id=self._home(query.message.chat.id),
            message_id=query.message.message_id,
            role=role,
            data=query.data or "",
            callback_id=query.id,
            interrupted=interrupted,
            label=_label(query) if interrupted else "",
        )
        try:
            await self._router.on_press(press)
        finally:
            # Every press is answered once; whoever answered before is remembered, and this does nothing.
            await self._reply.answer(press)

    async def on_error(self, update: object, context: CallbackContext) -> None:  # type: ignore[type-arg]  # as PTB passes it
        """Log a handler's failure and tell the person, with a reference that finds the log line."""
        reference = secrets.token_hex(3).upper()
        _log.error("handler failed, ref %s", reference, exc_info=context.error)
        chat = update.effective_chat if isinstance(update, Update) else None
        if chat is None or isinstance(context.error, DeliveryError):
            return
        note = Message(
            "⚠️ <b>Something went wrong on my side.</b>\n"
            "If this was about an order: look at /orders before you try again. "
            f"Nothing is sent twice.\nRef <code>{text(reference)}</code>"
        )
        try:
            await self._reply.send(self._home(chat.id), note)
        except DeliveryError as error:
            _log.warning("ref %s could not be told: %s", reference, error)


class PerChat(BaseUpdateProcessor):
    """
    Updates of one chat in order, chats side by side: a slow chart holds up nobody else.

    *most_at_once* are worked on; those that wait for their own chat's turn do not count, or one busy chat would block
    all others. One whose answer waits out a 429 steps aside for the chat's next ones: a Confirm must not wait for it.
    """

    def __init__(self, most_at_once: int = 16) -> None:
        super().__init__(_MOST_WAITING)
        self.on_handled: Callable[[int], None] = lambda _update_id: None
        """Called with the id of each update that was worked off, well or badly; not of one that was cancelled."""
        self._turns = asyncio.Semaphore(most_at_once)
        # Weak: strangers come by too, and their locks must not pile up.
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Wait for the chat's earlier updates, then run *coroutine*."""
        chat = update.effective_chat if isinstance(update, Update) else None
        lock = self._locks.setdefault(chat.id if chat else 0, asyncio.Lock())
        try:
            async with chat_turn.taken(lock, self._turns):
                await coroutine
        except asyncio.CancelledError:
            raise
        except BaseException:
            self._handled(update)
            raise
        self._handled(update)

    def _handled(self, update: object) -> None:
        if isinstance(update, Update):
            self.on_handled(update.update_id)

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""


def _label(query: CallbackQuery) -> str:
    """Return what stands on the pressed button; "" where its message is not there any more."""
    markup = query.message.reply_markup if isinstance(query.message, TelegramMessage) else None
    found = (button for row in markup.inline_keyboard for button in row) if markup else ()
    return next((button.text for button in found if button.callback_data == query.data), "")


def _command_for(said: str, username: str) -> str | None:
    """Return *said* with `@ourname` taken off its command, or None where it speaks to another bot."""
    said = said.strip()
    if not said.startswith("/"):
        return said
    head, _, rest = said.partition(" ")
    command, at, name = head.partition("@")
    if at and name.lower() != username.lower():
        return None
    return f"{command} {rest}".strip()
