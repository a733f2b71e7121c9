"""Other chats to alert in, by name: `to @desk`."""

import re
from collections.abc import Set as AbstractSet

from alerts.errors import NoSuchChat
from bot.reply import TelegramReply
from market.clock import Clock
from storage.groups import SqlGroups

_UNNAMED = re.compile(r"[^a-z0-9]+")
_LONGEST = 64


class GroupBook:
    """Knows the allowed groups by what they are called, from what is written in them."""

    def __init__(self, groups: SqlGroups, reply: TelegramReply, allowed: AbstractSet[int], clock: Clock) -> None:
        self._groups = groups
        self._reply = reply
        self._allowed = allowed
        self._clock = clock
        self._known: dict[int, str] = {}

    async def named(self, chat_id: int, username: str, title: str) -> None:
        """Note what a group is called: its @username, else its title in one word."""
        name = called(username or title)
        if name and chat_id in self._allowed and self._known.get(chat_id) != name:
            await self._groups.saw(chat_id, name, self._clock.now())
            self._known[chat_id] = name

    async def find(self, name: str, owner_id: int) -> int:
        """Return the id of the allowed group called *name*. Raises NoSuchChat, also where *owner_id* is not in it."""
        chat_id = await self._groups.called(called(name))
        if chat_id is None or chat_id not in self._allowed or not await self._reply.is_member(chat_id, owner_id):
            raise NoSuchChat(name)
        return chat_id


def called(name: str) -> str:
    """Return *name* as it is typed after `to @`: lower case, one word (`Trading Desk` is `trading_desk`)."""
    return _UNNAMED.sub("_", name.lower()).strip("_")[:_LONGEST]
