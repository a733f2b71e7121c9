"""Message -> Telegram: the only builder of keyboards, and the only place that judges what became of a send."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar
from weakref import WeakValueDictionary

import httpx
from telegram import (
    Bot,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaPhoto,
    ReplyParameters,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.errors import ChatClosed, ChatMoved, DeliveryError, DeliveryUnknown, MessageRefused, RetryLater
from bot.request import Press
from bot.split import CAPTION_LIMIT, length, plain, split
from bot.views.message import Message, Style

_log = logging.getLogger(__name__)

# Without it PTB 22 warns at each 429 that a later version will give a timedelta, which `_judged` takes already.
os.environ.setdefault("PTB_TIMEDELTA", "1")

T = TypeVar("T")
K = TypeVar("K")

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_UNREACHABLE_PAUSE_S = 2.0
_LONGEST_WAIT_S = 30.0
_ATTEMPTS = 3
_REMEMBERED = 1000
_ANSWER_LIMIT = 200
_PLACEHOLDER_LIMIT = 64
_OUTSIDE = {"left", "kicked"}
# Wording of the official server (tdlib/telegram-bot-api, Client.cpp).
_SAME = "message is not modified"
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")
_NO_CHAT = ("chat not found", "user is deactivated", "chat_write_forbidden")
_TOO_OLD = ("query is too old", "query id is invalid")


class TelegramReply:
    """Sends, edits and answers. *nap* waits between tries."""

    def __init__(self, bot: Bot, nap: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._bot = bot
        self._nap = nap
        self._answered: dict[str, None] = {}
        self._edited: dict[tuple[int, int], None] = {}
        self._turns: WeakValueDictionary[tuple[int, int], asyncio.Lock] = WeakValueDictionary()

    async def send(self, chat_id: int, message: Message, *, reply_to: int | None = None) -> int:
        """
        Send the answer to something asked for just now and return its message id.

        Waits out short refusals; raises DeliveryUnknown or NotDelivered when that was of no use.
        """
        return await self._patiently(lambda: self.deliver(chat_id, message, reply_to=reply_to))

    async def deliver(self, chat_id: int, message: Message, *, reply_to: int | None = None) -> int:
        """
        Try once to send *message* and return its (last part's) id.

        What Telegram refuses for its form goes out again as plain text, at last without its buttons: the words matter.
        Raises DeliveryUnknown, RetryLater, ChatClosed, ChatMoved, MessageRefused.
        """
        try:
            return await self._send(chat_id, message, reply_to, html=True)
        except MessageRefused as refused:
            _log.error("a message was refused, sent as plain text: %s", refused.reason)
        try:
            return await self._send(chat_id, message, reply_to, html=False)
        except MessageRefused as refused:
            _log.error("its plain text was refused, sent without its buttons: %s", refused.reason)
        return await self._send(chat_id, replace(message, buttons=(), picture=None), None, html=False)

    async def probe(self) -> None:
        """Return when Telegram answers getMe. Raises as `deliver`."""
        await _judged(self._bot.get_me())

    async def edit(self, chat_id: int, message_id: int, message: Message) -> None:
        """Make the message show *message*; where it is gone, send it anew. Raises as `send`."""
        _remember(self._edited, (chat_id, message_id))
        async with self._turn(chat_id, message_id):
            await self._edit_or_send(chat_id, message_id, message)

    async def amend(self, chat_id: int, message_id: int, message: Message) -> None:
        """
        Add by edit what became known after the message was sent, unless an `edit` has made another of it meanwhile.

        A press that is answered by edit is newer than what was looked up for the message before. Raises as `send`.
        """
        async with self._turn(chat_id, message_id):
            if (chat_id, message_id) not in self._edited:
                await self._edit_or_send(chat_id, message_id, message)

    async def attach(self, chat_id: int, message_id: int, message: Message) -> None:
        """As `amend`: turn a text message into its picture with the text as caption; too long a text stays as it is."""
        async with self._turn(chat_id, message_id):
            if (chat_id, message_id) not in self._edited:
                await self._attach(chat_id, message_id, message)

    def _turn(self, chat_id: int, message_id: int) -> asyncio.Lock:
        """Return the lock by which edits of one message follow each other: of two on their way either could win."""
        return self._turns.setdefault((chat_id, message_id), asyncio.Lock())

    async def _edit_or_send(self, chat_id: int, message_id: int, message: Message) -> None:
        try:
            await self._patiently(lambda: self._edit(chat_id, message_id, message))
        except MessageRefused as refused:
            if _says(refused, *_GONE):
                await self.send(chat_id, message)
            else:
                raise

    async def _attach(self, chat_id: int, message_id: int, message: Message) -> None:
        if message.picture is None or length(message.html) > CAPTION_LIMIT:
            return
        media = InputMediaPhoto(message.picture, caption=message.html, parse_mode="HTML")
        await self._patiently(
            lambda: _judged(
                self._bot.edit_message_media(
                    media, chat_id=chat_id, message_id=message_id, reply_markup=_keyboard(message)
                )
            )
        )

    async def delete(self, chat_id: int, *message_ids: int) -> None:
        """Remove messages; what cannot be removed stays (too old, gone already), and that is only logged."""
        try:
            await _judged(self._bot.delete_messages(chat_id, message_ids))
        except DeliveryError as error:
            _log.info("messages could not be removed: %s", error)

    async def fetch(self, file_id: str) -> bytes:
        """Return what is in a file that a person has sent. Raises as `deliver`."""
        file = await _judged(self._bot.get_file(file_id))
        return bytes(await _judged(file.download_as_bytearray()))

    async def is_member(self, chat_id: int, user_id: int) -> bool:
        """Return whether a person is in a chat; not known counts as no."""
        try:
            member = await _judged(self._bot.get_chat_member(chat_id, user_id))
        except DeliveryError:
            return False
        return member.status not in _OUTSIDE

    async def answer(self, press: Press, text: str = "", *, alert: bool = False) -> None:
        """Answer a press, once; one that is too old for an answer, or unreachable, is let go."""
        if press.callback_id in self._answered:
            return
        _remember(self._answered, press.callback_id)
        try:
            await _judged(
                self._bot.answer_callback_query(press.callback_id, text[:_ANSWER_LIMIT] or None, show_alert=alert)
            )
        except MessageRefused as refused:
            if not _says(refused, *_TOO_OLD):
                _log.warning("a press could not be answered: %s", refused.reason)
        except DeliveryError as error:
            _log.warning("a press could not be answered: %s", error)

    async def _send(self, chat_id: int, message: Message, reply_to: int | None, *, html: bool) -> int:
        mode = "HTML" if html else None
        body = message.html if html else plain(message.html)
        reply = None if reply_to is None else ReplyParameters(reply_to, allow_sending_without_reply=True)
        if message.picture is not None and length(message.html) <= CAPTION_LIMIT:
            sent = await _judged(
                self._bot.send_photo(
                    chat_id,
                    message.picture,
                    caption=body,
                    parse_mode=mode,
                    reply_markup=_keyboard(message),
                    reply_parameters=reply,
                    disable_notification=message.silent,
                    protect_content=message.protect,
                )
            )
            return sent.message_id
        if message.file is not None:
            sent = await _judged(
                self._bot.send_document(
                    chat_id,
                    InputFile(message.file.body, message.file.name),
                    caption=split(body, CAPTION_LIMIT)[0] if html else body[:CAPTION_LIMIT],
                    parse_mode=mode,
                    reply_markup=_keyboard(message),
                    reply_parameters=reply,
                    disable_notification=message.silent,
                    protect_content=message.protect,
                )
            )
            return sent.message_id
        parts = split(body) if html else [body[start : start + 4000] for start in range(0, len(body), 4000)]
        last = len(parts) - 1
        for number, part in enumerate(parts):
            sent = await _judged(
                self._bot.send_message(
                    chat_id,
                    part,
                    parse_mode=mode,
                    reply_markup=_markup(message) if number == last else None,
                    reply_parameters=reply if number == 0 else None,
                    disable_notification=message.silent,
                    protect_content=message.protect,
                )
            )
        return sent.message_id

    async def _edit(self, chat_id: int, message_id: int, message: Message) -> None:
        try:
            await self._edit_text(chat_id, message_id, message)
        except MessageRefused as refused:
            if _says(refused, _SAME):
                return
            if not _says(refused, "no text in the message"):
                raise
            await self._edit_caption(chat_id, message_id, message)

    async def _edit_text(self, chat_id: int, message_id: int, message: Message) -> None:
        if message.picture is not None:
            await self._attach(chat_id, message_id, message)
            return
        await _judged(
            self._bot.edit_message_text(
                split(message.html)[0],
                chat_id=chat_id,
                message_id=message_id,
                parse_mode="HTML",
                reply_markup=_keyboard(message),
            )
        )

    async def _edit_caption(self, chat_id: int, message_id: int, message: Message) -> None:
        try:
            await _judged(
                self._bot.edit_message_caption(
                    chat_id=chat_id,
                    message_id=message_id,
                    caption=split(message.html, CAPTION_LIMIT)[0],
                    parse_mode="HTML",
                    reply_markup=_keyboard(message),
                )
            )
        except MessageRefused as refused:
            if not _says(refused, _SAME):
                raise

    async def _patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        for _ in range(_ATTEMPTS - 1):
            try:
                return await attempt()
            except RetryLater as later:
                if later.after_s > _LONGEST_WAIT_S:
                    raise
                await self._nap(later.after_s)
        return await attempt()


def _remember(kept: dict[K, None], key: K) -> None:
    """Keep *key* among the last thousand: enough to outlive Telegram's 150 s of retention of a press."""
    kept[key] = None
    if len(kept) > _REMEMBERED:
        kept.pop(next(iter(kept)))


async def _judged(request: Awaitable[T]) -> T:
    """Wait for *request*; turn PTB's errors, whose tree mixes the cases, into what became of the message."""
    try:
        return await request
    except RetryAfter as error:
        wait = error.retry_after
        seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
        raise RetryLater("429", seconds, limited=True) from error
    except TelegramError as error:
        raise _verdict(error) from error


def _says(refused: MessageRefused, *words: str) -> bool:
    """Return whether Telegram's reason has any of *words* in it; PTB capitalises its first letter."""
    return any(word in refused.reason.lower() for word in words)


def _verdict(error: TelegramError) -> DeliveryError:
    reason = error.message
    if isinstance(error, ChatMigrated):
        return ChatMoved(error.new_chat_id)
    if isinstance(error, Forbidden):
        return ChatClosed(reason)
    if isinstance(error, BadRequest):
        closed = any(word in reason.lower() for word in _NO_CHAT)
        return ChatClosed(reason) if closed else MessageRefused(reason)
    if isinstance(error, InvalidToken):
        # Not delivered, and not by trying harder; the token may be mended meanwhile.
        return RetryLater(reason, _LONGEST_WAIT_S, limited=False)
    if isinstance(error, NetworkError) and isinstance(error.__cause__, _NEVER_SENT):
        return RetryLater(type(error.__cause__).__name__, _UNREACHABLE_PAUSE_S, limited=False)
    return DeliveryUnknown(reason)


def _markup(message: Message) -> InlineKeyboardMarkup | ForceReply | None:
    if message.asks:
        return ForceReply(input_field_placeholder=message.asks[:_PLACEHOLDER_LIMIT])
    return _keyboard(message)


def _keyboard(message: Message) -> InlineKeyboardMarkup | None:
    if not message.buttons:
        return None
    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(
                    button.label,
                    callback_data=button.data,
                    style=None if button.style is Style.PLAIN else button.style.value,
                )
                for button in row
            ]
            for row in message.buttons
        ]
    )
