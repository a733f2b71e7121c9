"""
The one gate: by Telegram user id, before any handler, deny by default.

A whitelisted person in their own private chat, or in a group the settings name, comes in. Everybody and everything
else (strangers, channels, anonymous admins, copies sent through other bots) meets silence: no answer, no sign that
a bot listens, and a log line at most once a minute. Only `bot/strangers.py` hears of a person among them.
"""

import logging
from collections.abc import Set as AbstractSet

from telegram import Update, User
from telegram.constants import ChatType
from telegram.ext import ApplicationHandlerStop, CallbackContext

from bot.moves import Moves
from bot.strangers import Stranger, Strangers, shown_name
from market.clock import Clock
from trading.access import Roster

_log = logging.getLogger(__name__)

_QUIET_S = 60.0


class Gate:
    """Lets whitelisted people in; runs in handler group -1, blocking, or its refusal would have no effect."""

    def __init__(
        self,
        roster: Roster,
        groups: AbstractSet[int],
        clock: Clock,
        moves: Moves | None = None,
        strangers: Strangers | None = None,
    ) -> None:
        self._roster = roster
        self._groups = groups
        self._moves = moves
        self._strangers = strangers
        self._clock = clock
        self._last_line: float | None = None
        self._unlogged = 0

    async def check(self, update: Update, _context: CallbackContext) -> None:  # type: ignore[type-arg]  # as PTB passes it
        """Return for a person who may come in; raises ApplicationHandlerStop for all others."""
        await self._follow(update)
        if not self._is_welcome(update):
            self._note(update)
            await self._met(update)
            raise ApplicationHandlerStop
        if await self._has_paired(update):
            raise ApplicationHandlerStop

    def _is_welcome(self, update: Update) -> bool:
        user, chat = update.effective_user, update.effective_chat
        if user is None or chat is None or user.is_bot or self._roster.role_of(user.id) is None:
            return False
        message = update.message
        if message is not None and (message.sender_chat or message.via_bot or message.forward_origin):
            return False
        if chat.type == ChatType.PRIVATE:
            return chat.id == user.id
        return self._is_allowed(chat.id)

    async def _met(self, update: Update) -> None:
        """Hand on what a person writes who is not in; a listed one who is refused for another reason is no stranger."""
        user = update.effective_user
        if user is None or self._strangers is None or self._roster.role_of(user.id) is not None:
            return
        if _is_own_text(update, user):
            await self._strangers.met(_stranger(user), _text(update))

    async def _has_paired(self, update: Update) -> bool:
        """Return whether someone who is in sent a pairing code, which may give another role."""
        user = update.effective_user
        if user is None or self._strangers is None or not _is_own_text(update, user):
            return False
        return await self._strangers.raised(_stranger(user), _text(update))

    def _is_allowed(self, chat_id: int) -> bool:
        return chat_id in self._groups or (self._moves is not None and self._moves.home(chat_id) in self._groups)

    async def _follow(self, update: Update) -> None:
        """Note where an allowed group has moved, which Telegram says in both of its chats."""
        message = update.message
        if self._moves is None or message is None:
            return
        if message.migrate_to_chat_id is not None and self._is_allowed(message.chat_id):
            await self._moves.learned(message.chat_id, message.migrate_to_chat_id)
        elif message.migrate_from_chat_id is not None and self._is_allowed(message.migrate_from_chat_id):
            await self._moves.learned(message.migrate_from_chat_id, message.chat_id)

    def _note(self, update: Update) -> None:
        now = self._clock.monotonic()
        if self._last_line is not None and now - self._last_line < _QUIET_S:
            self._unlogged += 1
            return
        user = update.effective_user
        _log.warning(
            "ignored an update from user id %s (%s more since the last such line)",
            user.id if user else None,
            self._unlogged,
        )
        self._last_line, self._unlogged = now, 0


def _is_own_text(update: Update, user: User) -> bool:
    """Return whether it is a person's own message in their private chat with the bot."""
    message, chat = update.message, update.effective_chat
    if message is None or chat is None or user.is_bot or message.via_bot or message.forward_origin:
        return False
    return chat.type == ChatType.PRIVATE and chat.id == user.id


def _text(update: Update) -> str:
    return (update.message.text if update.message else None) or ""


def _stranger(user: User) -> Stranger:
    return Stranger(user.id, shown_name(user.first_name, user.last_name, user.username))
