"""The chats and what stands in them: the truth that both the Bot API and the page read."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

from simulator.telegram.errors import ApiError, bad_request, forbidden

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.telegram.users import User, Users

Kind = Literal["private", "group", "supergroup"]
SUPERGROUP_TOP = -1_000_000_000_000
STRANGERS = frozenset({999})


@dataclass(slots=True)
class Stored:
    """
    One message: the Bot API's Message, and what only the people's apps show.

    *prompt* is a reply_markup that is no inline keyboard (it never comes back
    in a Message), *silent* that it was sent with disable_notification.
    """

    message: dict[str, Any]
    silent: bool = False
    prompt: dict[str, Any] | None = None
    reactions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def message_id(self) -> int:
        """The message's id within its chat."""
        return int(self.message["message_id"])

    def seen(self) -> dict[str, Any]:
        """Return the message as the page shows it: the Bot API's fields and the app's own."""
        shown = dict(self.message)
        if self.silent:
            shown["disable_notification"] = True
        if self.prompt is not None:
            shown["reply_markup"] = self.prompt
        if self.reactions:
            shown["reactions"] = self.reactions
        return shown


@dataclass(slots=True)
class Chat:
    """A private chat (its id is the user's), a group or a supergroup."""

    id: int
    kind: Kind
    title: str
    username: str = ""
    members: set[int] = field(default_factory=set)
    bot_status: str = "member"
    blocked: bool = False
    deactivated: bool = False
    migrated_to: int | None = None
    messages: dict[int, Stored] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)

    def json(self) -> dict[str, Any]:
        """Return the Bot API's Chat object."""
        if self.kind == "private":
            found: dict[str, Any] = {"id": self.id, "first_name": self.title, "type": self.kind}
            return {**found, "username": self.username} if self.username else found
        return {"id": self.id, "title": self.title, "type": self.kind}

    def check_writable(self) -> None:
        """Raise what Telegram answers where the bot may not write here."""
        if self.migrated_to is not None:
            reason = "group chat was upgraded to a supergroup chat"
            raise bad_request(reason, migrate_to_chat_id=self.migrated_to)
        if self.deactivated:
            raise forbidden("user is deactivated")
        if self.blocked:
            names = {"private": "bot was blocked by the user", "group": "bot was kicked from the group chat"}
            raise forbidden(names.get(self.kind, "bot was kicked from the supergroup chat"))

    def find(self, message_id: int, purpose: str = "message to edit") -> Stored:
        """Return message *message_id*; a 400 "<purpose> not found" where there is none."""
        stored = self.messages.get(message_id)
        if stored is None:
            raise bad_request(f"{purpose} not found")
        return stored

    def in_order(self) -> list[Stored]:
        """Return the messages, oldest first."""
        return [self.messages[key] for key in sorted(self.messages)]


class Chats:
    """
    All chats by id.

    Private chats and groups share one row of message ids, as in Telegram,
    where it belongs to the bot's account; every supergroup has its own.
    The demo's users have pressed Start before; the stranger has not.
    """

    def __init__(self, users: Users) -> None:
        self._users = users
        self._chats: dict[int, Chat] = {}
        self._shared_ids = count(1)
        self._own_ids: dict[int, Iterator[int]] = {}
        for user in users.people():
            if user.id not in STRANGERS:
                self.open_private(user.id)

    def __iter__(self) -> Iterator[Chat]:
        return iter(self._chats.values())

    def find(self, chat_id: int) -> Chat | None:
        """Return the chat *chat_id*, None where the bot has never met it."""
        return self._chats.get(chat_id)

    def for_bot(self, given: str) -> Chat:
        """
        Return the chat a method's chat_id means.

        Raises "chat_id is empty", "chat not found", or the 403 for somebody
        who never wrote to the bot.
        """
        text = given.strip()
        if not text:
            raise bad_request("chat_id is empty")
        chat = self._by_name(text) if text.startswith("@") else self._by_number(text)
        if chat is None:
            raise bad_request("chat not found")
        return chat

    def _by_number(self, text: str) -> Chat | None:
        try:
            chat_id = int(text)
        except ValueError:
            return None
        if chat_id in STRANGERS and chat_id not in self._chats:
            raise ApiError(403, "bot can't initiate conversation with a user")
        return self._chats.get(chat_id)

    def _by_name(self, name: str) -> Chat | None:
        wanted = name.removeprefix("@").lower()
        groups = (chat for chat in self._chats.values() if chat.kind == "supergroup")
        return next((chat for chat in groups if chat.username.lower() == wanted), None)

    def open_private(self, user_id: int) -> Chat:
        """Return the private chat with *user_id*, made on first use."""
        if user_id not in self._chats:
            user: User = self._users.get(user_id)
            self._chats[user_id] = Chat(user_id, "private", user.first_name, user.username, {user_id})
        return self._chats[user_id]

    def open_group(self, chat_id: int, title: str, members: set[int]) -> Chat:
        """Make the group *chat_id*: a supergroup where the id is below -1000000000000."""
        kind: Kind = "supergroup" if chat_id < SUPERGROUP_TOP else "group"
        chat = Chat(chat_id, kind, title, members=set(members))
        self._chats[chat_id] = chat
        return chat

    def next_message_id(self, chat: Chat) -> int:
        """Return the id of the next message in *chat*."""
        if chat.kind != "supergroup":
            return next(self._shared_ids)
        return next(self._own_ids.setdefault(chat.id, count(1)))
