"""What became of a request: PTB's errors, whose tree mixes the cases, in our own words."""

import os
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

import httpx
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

# Without it PTB 22 warns at each 429 that a later version will give a timedelta, which `judged` takes already.
os.environ.setdefault("PTB_TIMEDELTA", "1")

T = TypeVar("T")

LONGEST_WAIT_S = 30.0
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_UNREACHABLE_PAUSE_S = 2.0
# Wording of the official server (tdlib/telegram-bot-api, Client.cpp).
# "Not enough rights": python-telegram-bot issue 3956; "have no rights": TediCross issue 200.
_NO_CHAT = (
    "chat not found",
    "user is deactivated",
    "chat_write_forbidden",
    "not enough rights to send",
    "have no rights to send",
    "chat_restricted",
)


async def judged(request: Awaitable[T]) -> T:
    """Wait for *request*. Raises DeliveryUnknown, RetryLater, ChatClosed, ChatMoved, MessageRefused."""
    try:
        return await request
    except RetryAfter as error:
        wait = error.retry_after
        seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
        raise RetryLater("429", seconds, limited=True) from error
    except TelegramError as error:
        raise _verdict(error) from error


def says(refused: MessageRefused, *words: str) -> bool:
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
        return RetryLater(reason, LONGEST_WAIT_S, limited=False)
    if isinstance(error, NetworkError) and isinstance(error.__cause__, _NEVER_SENT):
        return RetryLater(type(error.__cause__).__name__, _UNREACHABLE_PAUSE_S, limited=False)
    return DeliveryUnknown(reason)
