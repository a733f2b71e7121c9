"""The way to people's phones: the Bot API, its pace, the groups, and what is kept back."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot import polling
from bot.groups import GroupBook
from bot.moves import Moves
from bot.pace import PUBLISHED, Pace
from bot.reply import TelegramReply
from bot.sieve import OutboxSieve
from bot.wiring.ground import Ground
from bot.wiring.people import People
from bot.wiring.store import Store
from storage.groups import SqlGroups

if TYPE_CHECKING:
    from telegram.ext import Application


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """*allowed* holds the groups of the settings, by whichever of its two ids a group is allowed by."""

    application: "Application[Any, Any, Any, Any, Any, Any]"
    moves: Moves
    pace: Pace
    reply: TelegramReply
    allowed: AbstractSet[int]
    groups: GroupBook
    sieve: OutboxSieve


async def wire_phone(ground: Ground, store: Store, people: People) -> Phone:
    """Make everything; nothing is asked of Telegram yet. Raises StorageError."""
    settings, clock = ground.settings, ground.clock
    application = polling.build(settings.token, settings.telegram_api_url)
    known = SqlGroups(store.database)
    moves = Moves(known, clock)
    await moves.load()
    pace = Pace(clock, PUBLISHED)
    reply = TelegramReply(application.bot, pace, moves)
    allowed = settings.telegram_groups | {moves.home(chat_id) for chat_id in settings.telegram_groups}
    return Phone(
        application=application,
        moves=moves,
        pace=pace,
        reply=reply,
        allowed=allowed,
        groups=GroupBook(known, reply, allowed, clock),
        sieve=OutboxSieve(store.outbox, people.personal.known, people.zones.known, clock),
    )
