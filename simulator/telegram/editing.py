"""editMessage*, deleteMessage(s), pins and reactions: what happens to messages that stand already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.telegram.clock import unix
from simulator.telegram.entities import caption, message_text
from simulator.telegram.errors import bad_request
from simulator.telegram.markup import read_markup
from simulator.telegram.sending import link_preview, read_media

if TYPE_CHECKING:
    from simulator.telegram.chats import Chat, Stored
    from simulator.telegram.method import Method
    from simulator.telegram.params import Params
    from simulator.telegram.state import Telegram

DELETABLE_S = 48 * 3600
MAX_AT_ONCE = 100
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
TEXT = ("text", "entities", "link_preview_options")
CAPTION = ("caption", "caption_entities")
MEDIA = ("photo", "document", "has_media_spoiler")
_EMOJI_TEXT = (
    "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤️‍🔥 🌚 "
    "🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ "
    "🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂️ 🤷 🤷‍♀️ 😡"
)
EMOJI = frozenset(_EMOJI_TEXT.split())


def edit_message_text(telegram: Telegram, params: Params) -> dict[str, Any]:
    """Put a new text in a message; refused where it is a photo's or a document's."""
    content = {**message_text(params).fields("text"), **link_preview(params)}
    chat, stored = _editable(telegram, params)
    if "text" not in stored.message:
        raise bad_request("there is no text in the message to edit")
    return _edit(telegram, params, chat, stored, content, TEXT)


def edit_message_caption(telegram: Telegram, params: Params) -> dict[str, Any]:
    """Put a new caption under a picture or file; an empty one removes it."""
    words = caption(params.text("caption"), params.text("parse_mode"), params.array("caption_entities"))
    chat, stored = _editable(telegram, params)
    if "text" in stored.message:
        raise bad_request("there is no caption in the message to edit")
    return _edit(telegram, params, chat, stored, words.fields("caption"), CAPTION)


def edit_message_media(telegram: Telegram, params: Params) -> dict[str, Any]:
    """Replace a picture or file, or add one to a text message, which becomes its caption's place."""
    item = params.object("media")
    if item is None:
        raise bad_request("there is no media in the request")
    chat, stored = _editable(telegram, params)
    content = read_media(telegram, params, item)
    return _edit(telegram, params, chat, stored, content, TEXT + CAPTION + MEDIA)


def edit_message_reply_markup(telegram: Telegram, params: Params) -> dict[str, Any]:
    """Replace the inline keyboard, or remove it."""
    chat, stored = _editable(telegram, params)
    return _edit(telegram, params, chat, stored, {}, ())


def delete_message(telegram: Telegram, params: Params) -> bool:
    """Delete one message younger than 48 hours."""
    chat = telegram.chats.for_bot(params.text("chat_id"))
    stored = chat.find(params.integer("message_id"), "message to delete")
    if not _may_delete(telegram, chat, stored):
        raise bad_request("message can't be deleted")
    _delete(telegram, chat, stored)
    return True


def delete_messages(telegram: Telegram, params: Params) -> bool:
    """Delete up to 100 messages; those that are not there, or too old, are skipped."""
    chat = telegram.chats.for_bot(params.text("chat_id"))
    identifiers = params.integers("message_ids")
    if not 1 <= len(identifiers) <= MAX_AT_ONCE:
        raise bad_request("message identifiers are not specified")
    for identifier in identifiers:
        stored = chat.messages.get(identifier)
        if stored is not None and _may_delete(telegram, chat, stored):
            _delete(telegram, chat, stored)
    return True


def pin_chat_message(telegram: Telegram, params: Params) -> bool:
    """Pin a message on top of the chat."""
    chat = telegram.chats.for_bot(params.text("chat_id"))
    chat.check_writable()
    stored = chat.find(params.integer("message_id"), "message to pin")
    if stored.message_id in chat.pinned:
        chat.pinned.remove(stored.message_id)
    chat.pinned.append(stored.message_id)
    telegram.publish(chat, stored, "pin")
    return True


def unpin_chat_message(telegram: Telegram, params: Params) -> bool:
    """Unpin a message, without message_id the newest pinned one."""
    chat = telegram.chats.for_bot(params.text("chat_id"))
    newest = chat.pinned[-1] if chat.pinned else 0
    message_id = params.integer("message_id", newest)
    if message_id not in chat.pinned:
        raise bad_request("message to unpin not found")
    chat.pinned.remove(message_id)
    _tell_pinned(telegram, chat)
    return True


def unpin_all_chat_messages(telegram: Telegram, params: Params) -> bool:
    """Unpin everything in the chat."""
    chat = telegram.chats.for_bot(params.text("chat_id"))
    chat.pinned.clear()
    _tell_pinned(telegram, chat)
    return True


def set_message_reaction(telegram: Telegram, params: Params) -> bool:
    """Put the bot's one reaction on a message, or take it away with an empty list."""
    chat = telegram.chats.for_bot(params.text("chat_id"))
    chat.check_writable()
    stored = chat.find(params.integer("message_id"), "message to react")
    reactions = params.array("reaction") or []
    if len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    for reaction in reactions:
        if not isinstance(reaction, dict) or str(reaction.get("emoji")) not in EMOJI:
            raise bad_request("REACTION_INVALID")
    stored.reactions = reactions
    telegram.publish(chat, stored, "edit")
    return True


def _editable(telegram: Telegram, params: Params) -> tuple[Chat, Stored]:
    if "inline_message_id" in params:
        raise bad_request("MESSAGE_ID_INVALID")
    chat = telegram.chats.for_bot(params.text("chat_id"))
    chat.check_writable()
    if "message_id" not in params:
        raise bad_request("message identifier is not specified")
    stored = chat.find(params.integer("message_id"), "message to edit")
    if not telegram.is_mine(stored.message) or "forward_origin" in stored.message:
        raise bad_request("message can't be edited")
    return chat, stored


def _edit(
    telegram: Telegram, params: Params, chat: Chat, stored: Stored, content: dict[str, Any], replaced: tuple[str, ...]
) -> dict[str, Any]:
    """
    Replace the fields *replaced* by *content*, and the keyboard: without reply_markup it is dropped.

    The edit date is set where the content changed; a change of the keyboard
    alone is not shown as an edit in the apps.
    """
    markup = read_markup(params, inline_only=True).inline
    before = stored.message
    after = {name: value for name, value in before.items() if name not in replaced and name != "reply_markup"}
    after.update(content)
    same_content = {**after, "reply_markup": before.get("reply_markup")} == {"reply_markup": None, **before}
    if same_content and markup == before.get("reply_markup"):
        raise bad_request(NOT_MODIFIED)
    if not same_content:
        after["edit_date"] = unix(telegram.clock)
    if markup is not None:
        after["reply_markup"] = markup
    stored.message = after
    telegram.publish(chat, stored, "edit")
    return after


def _may_delete(telegram: Telegram, chat: Chat, stored: Stored) -> bool:
    if unix(telegram.clock) - stored.message["date"] >= DELETABLE_S:
        return False
    return chat.kind == "private" or telegram.is_mine(stored.message) or chat.bot_status == "administrator"


def _delete(telegram: Telegram, chat: Chat, stored: Stored) -> None:
    del chat.messages[stored.message_id]
    if stored.message_id in chat.pinned:
        chat.pinned.remove(stored.message_id)
    telegram.events.publish("delete", chat.id, message_id=stored.message_id)


def _tell_pinned(telegram: Telegram, chat: Chat) -> None:
    newest = chat.messages[chat.pinned[-1]].seen() if chat.pinned else None
    telegram.events.publish("pin", chat.id, message=newest)


METHODS: dict[str, Method] = {
    "editMessageText": edit_message_text,
    "editMessageCaption": edit_message_caption,
    "editMessageMedia": edit_message_media,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "pinChatMessage": pin_chat_message,
    "unpinChatMessage": unpin_chat_message,
    "unpinAllChatMessages": unpin_all_chat_messages,
    "setMessageReaction": set_message_reaction,
}
