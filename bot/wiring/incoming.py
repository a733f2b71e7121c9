"""The way in: what people write and press, through the gate to the router; and programs, through the webhook."""

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from bot import inbound_http
from bot.commands import COMMANDS
from bot.gate import Gate
from bot.inbound import Inbound
from bot.inbox import Inbox
from bot.router import Router
from bot.strangers import Strangers
from bot.wiring.chat import Chat
from bot.wiring.house import House
from storage.inbound import SqlInbound

_NEWS_LASTS = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """Who takes what comes in."""

    router: Router
    inbox: Inbox


def wire_incoming(house: House, chat: Chat) -> Incoming:
    """Tie Telegram to the handlers, and let who comes in or goes be known everywhere; nothing is fetched yet."""
    people, phone, telegram = house.people, house.phone, house.lookout.telegram
    users, outbox, clock = house.store.users, house.store.outbox, house.ground.clock

    async def came_or_went(user_id: int) -> None:
        await people.personal.of(user_id)
        await phone.sieve.load(user_id)
        await telegram.publish(user_id)

    async def opened(chat_id: int) -> None:
        if chat_id in people.roster.roles:
            await users.saw_chat(chat_id, chat_id, clock.now())
            await telegram.publish(chat_id)
        # First: what its digests told is gathered anew if it did not arrive.
        phone.sieve.forget(chat_id)
        await outbox.reopen(chat_id, clock.now() - _NEWS_LASTS)

    people.membership.on_change(came_or_went)
    router = Router(COMMANDS, chat.handlers, clock)
    inbox = Inbox(router, people.roster, phone.reply, opened, phone.groups.named, phone.moves.home, telegram.met)
    strangers = Strangers(people.membership, phone.reply, chat.door_news.met, clock)
    telegram.connect(Gate(people.roster, phone.allowed, clock, phone.moves, strangers), inbox)
    return Incoming(router=router, inbox=inbox)


def inbound_door(house: House) -> Callable[[], Awaitable[None]]:
    """Return the server of the inbound webhook, to be run."""
    settings = house.ground.settings
    inbound = Inbound(
        secret=settings.hook_secret.get_secret_value(),
        store=SqlInbound(house.store.database, house.store.outbox),
        roster=house.people.roster,
        audit=house.store.audit,
        clock=house.ground.clock,
        per_minute=settings.hook_per_minute,
        holds=timedelta(seconds=settings.hook_dedup_s),
    )
    return functools.partial(inbound_http.serve, settings.hook_host, settings.hook_port, inbound.take)
