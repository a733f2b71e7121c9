"""sendMessage, sendPhoto, sendDocument, sendMediaGroup, sendChatAction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.telegram.entities import Formatted, caption, message_text
from simulator.telegram.errors import bad_request
from simulator.telegram.markup import Markup, read_markup

if TYPE_CHECKING:
    from simulator.telegram.chats import Chat
    from simulator.telegram.files import StoredFile
    from simulator.telegram.method import Method
    from simulator.telegram.params import Params
    from simulator.telegram.state import Telegram

ALBUM_SIZES = range(2, 11)
_ACTION_NAMES = (
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document choose_sticker "
    "find_location record_video_note upload_video_note"
)
CHAT_ACTIONS = frozenset(_ACTION_NAMES.split())


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a message goes and how: the parameters that all sends share."""

    chat: Chat
    fields: dict[str, Any]
    markup: Markup
    silent: bool


def read_envelope(telegram: Telegram, params: Params) -> Envelope:
    """Return the shared parameters of a send, checked in the official server's order: markup, chat, reply."""
    markup = read_markup(params)
    chat = telegram.chats.for_bot(params.text("chat_id"))
    chat.check_writable()
    fields: dict[str, Any] = {}
    if "message_thread_id" in params:
        thread = params.integer("message_thread_id")
        if thread <= 0:
            raise bad_request("message thread not found")
        fields.update(message_thread_id=thread, is_topic_message=True)
    fields.update(_reply(chat, params))
    if params.boolean("protect_content"):
        fields["has_protected_content"] = True
    if "message_effect_id" in params and chat.kind == "private":
        fields["effect_id"] = params.text("message_effect_id")
    return Envelope(chat, fields, markup, params.boolean("disable_notification"))


def send_message(telegram: Telegram, params: Params) -> dict[str, Any]:
    """Send a text."""
    content = message_text(params).fields("text")
    envelope = read_envelope(telegram, params)
    return _post(telegram, envelope, {**content, **link_preview(params)})


def send_photo(telegram: Telegram, params: Params) -> dict[str, Any]:
    """Send a picture."""
    words = _caption(params)
    envelope = read_envelope(telegram, params)
    file = telegram.files.taken(params, "photo")
    return _post(telegram, envelope, {**media_content("photo", file), **words, **_photo_flags(params)})


def send_document(telegram: Telegram, params: Params) -> dict[str, Any]:
    """Send a file."""
    words = _caption(params)
    envelope = read_envelope(telegram, params)
    file = telegram.files.taken(params, "document")
    return _post(telegram, envelope, {**media_content("document", file), **words})


def send_media_group(telegram: Telegram, params: Params) -> list[dict[str, Any]]:
    """Send 2 to 10 photos, or 2 to 10 documents, as one album; nothing is sent where one is refused."""
    items = params.array("media") or []
    if len(items) not in ALBUM_SIZES:
        raise bad_request("album must have between 2 and 10 items")
    envelope = read_envelope(telegram, params)
    contents = [read_media(telegram, params, item) for item in items]
    if len({"photo" in content for content in contents}) > 1:
        raise bad_request("Can't use the media of the specified type in the album")
    group = str(next(telegram.albums))
    return [_post(telegram, envelope, {**content, "media_group_id": group}) for content in contents]


def send_chat_action(telegram: Telegram, params: Params) -> bool:
    """Show "typing" and its like."""
    chat = telegram.chats.for_bot(params.text("chat_id"))
    chat.check_writable()
    action = params.text("action")
    if action not in CHAT_ACTIONS:
        raise bad_request("wrong parameter action in request")
    telegram.events.publish("action", chat.id, action=action)
    return True


def read_media(telegram: Telegram, params: Params, item: object) -> dict[str, Any]:
    """Return the Message fields of an InputMedia; photos and documents only."""
    if not isinstance(item, dict):
        raise bad_request("can't parse InputMedia: Object expected")
    kind = str(item.get("type"))
    if kind not in {"photo", "document"}:
        raise bad_request(f"can't parse InputMedia: type {kind!r} is unsupported by the local Telegram")
    file = telegram.files.taken(params, kind, str(item.get("media", "")))
    words = caption(str(item.get("caption", "")), str(item.get("parse_mode", "")), _list(item.get("caption_entities")))
    content = {**media_content(kind, file), **words.fields("caption")}
    return {**content, "has_media_spoiler": True} if item.get("has_spoiler") else content


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def media_content(kind: str, file: StoredFile) -> dict[str, Any]:
    """Return the Message fields of a file sent as *kind*; a picture's id may not go out as a photo otherwise."""
    if kind == "photo":
        if not file.width:
            raise bad_request("can't use file of type Document as Photo")
        return {"photo": file.photo()}
    return {"document": file.document()}


def link_preview(params: Params) -> dict[str, Any]:
    """Return the Message's link_preview_options, also from the older disable_web_page_preview."""
    options = params.object("link_preview_options")
    if options is None and params.boolean("disable_web_page_preview"):
        options = {"is_disabled": True}
    return {"link_preview_options": options} if options else {}


def _caption(params: Params) -> dict[str, Any]:
    words: Formatted = caption(params.text("caption"), params.text("parse_mode"), params.array("caption_entities"))
    return words.fields("caption")


def _photo_flags(params: Params) -> dict[str, Any]:
    flags = {"has_media_spoiler": "has_spoiler", "show_caption_above_media": "show_caption_above_media"}
    return {name: True for name, given in flags.items() if params.boolean(given)}


def _post(telegram: Telegram, envelope: Envelope, content: dict[str, Any]) -> dict[str, Any]:
    whole = {**envelope.fields, **content}
    return telegram.post_as_bot(envelope.chat, whole, envelope.markup, silent=envelope.silent)


def _reply(chat: Chat, params: Params) -> dict[str, Any]:
    given = params.object("reply_parameters") or {}
    message_id = given.get("message_id", params.integer("reply_to_message_id"))
    if not message_id:
        return {}
    lenient = given.get("allow_sending_without_reply", params.boolean("allow_sending_without_reply"))
    if not isinstance(message_id, int):
        raise bad_request("can't parse reply parameters JSON object")
    stored = chat.messages.get(message_id)
    if stored is None:
        if lenient:
            return {}
        raise bad_request("message to be replied not found")
    quoted = {name: value for name, value in stored.message.items() if name != "reply_to_message"}
    found: dict[str, Any] = {"reply_to_message": quoted}
    if given.get("quote"):
        found["quote"] = _quote(quoted, str(given["quote"]))
    return found


def _quote(message: dict[str, Any], text: str) -> dict[str, Any]:
    whole = message.get("text") or message.get("caption") or ""
    position = whole.find(text)
    if position < 0:
        raise bad_request("QUOTE_TEXT_INVALID")
    return {"text": text, "position": position, "is_manual": True}


METHODS: dict[str, Method] = {
    "sendMessage": send_message,
    "sendPhoto": send_photo,
    "sendDocument": send_document,
    "sendMediaGroup": send_media_group,
    "sendChatAction": send_chat_action,
}
