"""What the people in the chats do: write, tap, edit, forward, block, react. Each act makes the bot's update."""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from simulator.telegram.account import member
from simulator.telegram.clock import unix
from simulator.telegram.entities import MAX_TEXT, caption, read_formatted
from simulator.telegram.errors import ControlError
from simulator.telegram.forwarding import content_of, forward_origin
from simulator.telegram.html import utf16_length
from simulator.telegram.markup import buttons_of
from simulator.telegram.params import Upload
from simulator.telegram.queries import CALLBACK_LIFE_S, INLINE_LIFE_S
from simulator.telegram.users import ANONYMOUS_ADMIN

if TYPE_CHECKING:
    from simulator.telegram.chats import Chat, Stored
    from simulator.telegram.queries import Query
    from simulator.telegram.state import Telegram


def chat_of(telegram: Telegram, chat_id: int, user_id: int | None = None) -> Chat:
    """
    Return the chat *chat_id*; a private one opens when its user first writes.

    Raises ControlError (404) for a group that was never made, and for a
    private chat nobody but its owner has opened.
    """
    chat = telegram.chats.find(chat_id)
    if chat is None and chat_id > 0 and user_id in {None, chat_id}:
        return telegram.chats.open_private(chat_id)
    if chat is None:
        raise ControlError(f"there is no chat {chat_id}", 404)
    return chat


def write(telegram: Telegram, chat_id: int, from_id: int, fields: dict[str, Any]) -> dict[str, Any]:
    """
    Let *from_id* write into a chat; return the Message.

    *fields*: "text", or "document" {"name", "content" or "base64", "mime_type"}
    with "caption"; "reply_to_message_id", "message_thread_id", "date" (Unix
    seconds), "forward_origin".
    """
    chat = chat_of(telegram, chat_id, from_id)
    if chat.migrated_to is not None:
        raise ControlError(f"the group was upgraded to {chat.migrated_to}")
    _unblock(telegram, chat, from_id)
    content = _content(telegram, fields)
    if fields.get("reply_to_message_id"):
        replied = _message(chat, int(fields["reply_to_message_id"])).message
        content["reply_to_message"] = {key: value for key, value in replied.items() if key != "reply_to_message"}
    if fields.get("message_thread_id"):
        content.update(message_thread_id=int(fields["message_thread_id"]), is_topic_message=True)
    if from_id == ANONYMOUS_ADMIN:
        content["sender_chat"] = chat.json()
    date = int(fields["date"]) if fields.get("date") else None
    stored = telegram.post(chat, telegram.users.get(from_id), content, date=date)
    if _bot_sees(telegram, chat, stored.message):
        telegram.updates.push("message", stored.message, since=stored.message["date"])
    return stored.seen()


def edit(telegram: Telegram, chat_id: int, from_id: int, message_id: int, text: str) -> dict[str, Any]:
    """Let *from_id* edit a text of theirs; return the Message."""
    chat = chat_of(telegram, chat_id)
    stored = _message(chat, message_id)
    if stored.message["from"]["id"] != from_id or "text" not in stored.message:
        raise ControlError("only one's own texts can be edited")
    kept = {name: value for name, value in stored.message.items() if name not in {"text", "entities"}}
    stored.message = {**kept, **_text(text), "edit_date": unix(telegram.clock)}
    telegram.publish(chat, stored, "edit")
    if _bot_sees(telegram, chat, stored.message):
        telegram.updates.push("edited_message", stored.message, since=stored.message["edit_date"])
    return stored.seen()


def forward(telegram: Telegram, chat_id: int, from_id: int, source_id: int, message_id: int) -> dict[str, Any]:
    """Let *from_id* forward a message into a chat; callback buttons stay behind, protected messages refuse."""
    message = _message(chat_of(telegram, source_id), message_id).message
    if message.get("has_protected_content"):
        raise ControlError("the message is protected: the apps do not forward it")
    chat = chat_of(telegram, chat_id, from_id)
    _unblock(telegram, chat, from_id)
    content = {**content_of(message), **forward_origin(message)}
    stored = telegram.post(chat, telegram.users.get(from_id), content)
    if _bot_sees(telegram, chat, stored.message):
        telegram.updates.push("message", stored.message)
    return stored.seen()


def press(
    telegram: Telegram, chat_id: int, from_id: int, fields: dict[str, Any]
) -> tuple[Query | None, dict[str, Any]]:
    """
    Let *from_id* tap a button, named by its label or its data.

    "repeat" n sends the same tap n times with new update and callback ids, as
    an app does after a reconnect (tdlib/telegram-bot-api#699). "force" with
    "data" is a modified client: any data for any message it once saw. Returns
    the last query, None for a button that does not reach the bot, and what to
    tell the tapper.
    """
    chat = chat_of(telegram, chat_id)
    message_id = int(fields.get("message_id") or 0)
    stored = chat.messages.get(message_id)
    if fields.get("force"):
        data = str(fields.get("data") or fields.get("button") or "")
    else:
        if stored is None:
            raise ControlError(f"there is no message {message_id}", 404)
        button = _button(stored, str(fields.get("button", "")))
        if "callback_data" not in button:
            return None, {name: value for name, value in button.items() if name not in {"text", "style"}}
        data = button["callback_data"]
    queries = [_tap(telegram, chat, from_id, message_id, data) for _ in range(max(int(fields.get("repeat", 1)), 1))]
    return queries[-1], {"callback_query_id": queries[-1].id, "callback_query_ids": [query.id for query in queries]}


def ask_inline(telegram: Telegram, from_id: int, text: str) -> Query:
    """Let *from_id* type "@bot text" somewhere."""
    query = telegram.queries.ask(from_id, INLINE_LIFE_S)
    asked = {"id": query.id, "from": telegram.users.get(from_id).json(), "query": text, "offset": ""}
    telegram.updates.push("inline_query", asked)
    return query


def block(telegram: Telegram, chat_id: int, user_id: int, *, blocked: bool, deactivated: bool = False) -> None:
    """Let *user_id* block the bot (or let it in again); in a group, throw it out. A deleted account tells nothing."""
    chat = chat_of(telegram, chat_id)
    chat.deactivated = deactivated
    if deactivated or chat.blocked == blocked:
        return
    before = member(telegram, chat, telegram.bot.id)
    chat.blocked = blocked
    if chat.kind != "private":
        chat.bot_status = "kicked" if blocked else "member"
    _tell_membership(telegram, chat, user_id, before)


def react(telegram: Telegram, chat_id: int, from_id: int, message_id: int, emoji: str) -> None:
    """Let *from_id* react to a message; the bot hears of it where it asked for message_reaction."""
    chat = chat_of(telegram, chat_id)
    stored = _message(chat, message_id)
    new = [{"type": "emoji", "emoji": emoji}] if emoji else []
    update = {
        "chat": chat.json(),
        "message_id": message_id,
        "user": telegram.users.get(from_id).json(),
        "date": unix(telegram.clock),
        "old_reaction": stored.reactions,
        "new_reaction": new,
    }
    stored.reactions = new
    telegram.publish(chat, stored, "edit")
    telegram.updates.push("message_reaction", update)


def found_group(telegram: Telegram, chat_id: int, title: str, members: list[int], bot_status: str) -> Chat:
    """Make a group with the bot in it, added by the first member."""
    if chat_id >= 0 or telegram.chats.find(chat_id) is not None:
        raise ControlError("a group needs a new, negative id")
    chat = telegram.chats.open_group(chat_id, title, set(members))
    chat.bot_status = "left"
    before = member(telegram, chat, telegram.bot.id)
    chat.bot_status = bot_status
    adder = members[0] if members else ANONYMOUS_ADMIN
    _tell_membership(telegram, chat, adder, before)
    stored = telegram.post(chat, telegram.users.get(adder), {"new_chat_members": [telegram.bot.json()]})
    telegram.updates.push("message", stored.message)
    return chat


def migrate(telegram: Telegram, chat_id: int) -> Chat:
    """Upgrade a group to a supergroup: a new id, and a message about it on both sides."""
    old = chat_of(telegram, chat_id)
    if old.kind != "group" or old.migrated_to is not None:
        raise ControlError("only a basic group can be upgraded")
    new = telegram.chats.open_group(chat_id - 1_000_000_000_000, old.title, old.members)
    new.bot_status = old.bot_status
    sender = telegram.users.get(ANONYMOUS_ADMIN)
    for chat, notice in ((old, {"migrate_to_chat_id": new.id}), (new, {"migrate_from_chat_id": old.id})):
        stored = telegram.post(chat, sender, notice)
        telegram.updates.push("message", stored.message)
    old.migrated_to = new.id
    return new


def _tap(telegram: Telegram, chat: Chat, from_id: int, message_id: int, data: str) -> Query:
    query = telegram.queries.ask(from_id, CALLBACK_LIFE_S, chat.id, message_id)
    stored = chat.messages.get(message_id)
    gone = {"chat": chat.json(), "message_id": message_id, "date": 0}
    update = {
        "id": query.id,
        "from": telegram.users.get(from_id).json(),
        "chat_instance": str(int(sha256(str(chat.id).encode()).hexdigest()[:15], 16)),
        "data": data,
        "message": gone if stored is None else stored.message,
    }
    telegram.updates.push("callback_query", update)
    return query


def _button(stored: Stored, name: str) -> dict[str, Any]:
    buttons = buttons_of(stored.message)
    for key in ("callback_data", "text"):
        for button in buttons:
            if button.get(key) == name:
                return button
    labels = ", ".join(repr(button["text"]) for button in buttons) or "none"
    raise ControlError(f"message {stored.message_id} has no button {name!r}; it has: {labels}", 404)


def _content(telegram: Telegram, fields: dict[str, Any]) -> dict[str, Any]:
    content = {"forward_origin": fields["forward_origin"]} if fields.get("forward_origin") else {}
    given = fields.get("document")
    if not isinstance(given, dict):
        return {**content, **_text(str(fields.get("text", "")))}
    try:
        encoded = given.get("base64")
        body = base64.b64decode(encoded, validate=True) if encoded else str(given.get("content", "")).encode()
    except (TypeError, binascii.Error):
        raise ControlError("the document's base64 is broken") from None
    upload = Upload(str(given.get("name", "file.txt")), body, str(given.get("mime_type", "")))
    words = caption(str(fields.get("caption", "")), "", None)
    return {**content, "document": telegram.files.add(upload, as_photo=False).document(), **words.fields("caption")}


def _text(text: str) -> dict[str, Any]:
    formatted = read_formatted(text, "", None)
    if not formatted.text:
        raise ControlError("an empty text cannot be sent")
    if utf16_length(formatted.text) > MAX_TEXT:
        raise ControlError("a text of more than 4096 characters is sent in parts")
    return formatted.fields("text")


def _message(chat: Chat, message_id: int) -> Stored:
    stored = chat.messages.get(message_id)
    if stored is None:
        raise ControlError(f"there is no message {message_id} in chat {chat.id}", 404)
    return stored


def _bot_sees(telegram: Telegram, chat: Chat, message: dict[str, Any]) -> bool:
    """Return whether privacy mode lets the bot see it: in groups commands, mentions and replies to it only."""
    if chat.blocked:
        return False
    if chat.kind == "private" or chat.bot_status == "administrator":
        return True
    name = f"@{telegram.bot.username}"
    text = message.get("text") or message.get("caption") or ""
    command, _, addressee = text.partition(" ")[0].partition("@")
    if command.startswith("/") and addressee.lower() in {"", telegram.bot.username.lower()}:
        return True
    replied = message.get("reply_to_message")
    return name.lower() in text.lower() or (replied is not None and telegram.is_mine(replied))


def _unblock(telegram: Telegram, chat: Chat, user_id: int) -> None:
    if chat.kind == "private" and chat.blocked:
        block(telegram, chat.id, user_id, blocked=False)


def _tell_membership(telegram: Telegram, chat: Chat, by: int, before: dict[str, Any]) -> None:
    update = {
        "chat": chat.json(),
        "from": telegram.users.get(by).json(),
        "date": unix(telegram.clock),
        "old_chat_member": before,
        "new_chat_member": member(telegram, chat, telegram.bot.id),
    }
    telegram.updates.push("my_chat_member", update)
