"""What Telegram's menu lists in each private chat: the commands of the person's role, and for others none."""

import logging
from collections.abc import Mapping, Sequence

from bot.commands import listed
from storage.errors import StorageError
from storage.users import SqlUsers
from trading.access import Roster

_log = logging.getLogger(__name__)


class Menus:
    """Knows the menus of all chats; a person's private chat has the person's id."""

    def __init__(self, roster: Roster, users: SqlUsers) -> None:
        self._roster = roster
        self._users = users

    async def all(self) -> Mapping[int, Sequence[tuple[str, str]]]:
        """Return each chat's commands; nothing for people who were in once and are not any more."""
        try:
            known = [chat.chat_id for chat in await self._users.chats()]
        except StorageError as error:
            _log.warning("whose menus are over cannot be read: %r", error)
            known = []
        former: dict[int, Sequence[tuple[str, str]]] = dict.fromkeys(known, ())
        return former | {user_id: listed(role) for user_id, role in self._roster.roles.items()}
