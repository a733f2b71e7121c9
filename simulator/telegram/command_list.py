"""The bot's command lists, by scope and language, and which of them a user sees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simulator.telegram.errors import bad_request

if TYPE_CHECKING:
    from simulator.telegram.chats import Chat

MAX_COMMANDS = 100
MAX_DESCRIPTION = 256
_NAME = re.compile(r"[a-z0-9_]{1,32}")
_SIMPLE = frozenset({"default", "all_private_chats", "all_group_chats", "all_chat_administrators"})
_OF_CHAT = frozenset({"chat", "chat_administrators", "chat_member"})


class CommandLists:
    """Lists of BotCommand by (scope, language)."""

    def __init__(self) -> None:
        self._lists: dict[tuple[str, str], list[dict[str, str]]] = {}

    def set(self, scope: str, language: str, commands: list[Any]) -> None:
        """
        Set the list of a scope.

        Raises BOT_COMMANDS_TOO_MUCH above 100, BOT_COMMAND_INVALID for names
        other than 1 to 32 of a-z, 0-9 and _, BOT_COMMAND_DESCRIPTION_INVALID.
        """
        if len(commands) > MAX_COMMANDS:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        self._lists[scope, language] = [_checked(command) for command in commands]

    def get(self, scope: str, language: str) -> list[dict[str, str]]:
        """Return the list of exactly this scope and language."""
        return self._lists.get((scope, language), [])

    def delete(self, scope: str, language: str) -> None:
        """Forget the list of a scope, so that wider ones show again."""
        self._lists.pop((scope, language), None)

    def seen_in(self, chat: Chat, user_id: int, language: str = "") -> list[dict[str, str]]:
        """Return the commands *user_id* sees in *chat*: the narrowest scope that has a list wins."""
        general = "all_private_chats" if chat.kind == "private" else "all_group_chats"
        scopes = [f"chat_member:{chat.id}:{user_id}", f"chat:{chat.id}", general, "default"]
        for scope in scopes:
            for tongue in dict.fromkeys((language, "")):
                if (scope, tongue) in self._lists:
                    return self._lists[scope, tongue]
        return []


def scope_key(scope: dict[str, Any] | None) -> tuple[str, str]:
    """Return the key of a BotCommandScope and the chat_id it names ("" for none); a 400 for unknown types."""
    kind = str((scope or {}).get("type", "default"))
    if kind in _SIMPLE:
        return kind, ""
    if scope is None or kind not in _OF_CHAT:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    chat_id = str(scope.get("chat_id", ""))
    if kind == "chat_member":
        return f"{kind}:{chat_id}:{scope.get('user_id')}", chat_id
    return f"{kind}:{chat_id}", chat_id


def _checked(command: object) -> dict[str, str]:
    if not isinstance(command, dict):
        raise bad_request("can't parse BotCommand: Object expected")
    name = str(command.get("command", "")).removeprefix("/")
    description = str(command.get("description", "")).strip()
    if not _NAME.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= MAX_DESCRIPTION:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}
