"""forwardMessage(s), copyMessage(s): the bot sends what stands in a chat already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.telegram.entities import caption
from simulator.telegram.errors import bad_request
from simulator.telegram.sending import Envelope, read_envelope

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.telegram.method import Method
    from simulator.telegram.params import Params
    from simulator.telegram.state import Telegram

MAX_AT_ONCE = 100
CONTENT = ("text", "entities", "caption", "caption_entities", "photo", "document", "has_media_spoiler")


def content_of(message: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of *message* that a forward or a copy takes along; buttons stay behind."""
    return {name: message[name] for name in CONTENT if name in message}


def forward_origin(message: dict[str, Any]) -> dict[str, Any]:
    """Return the forward_origin of a copy of *message*: where it was first written, and when."""
    first = {"type": "user", "sender_user": message["from"], "date": message["date"]}
    return {"forward_origin": message.get("forward_origin", first)}


def forward_message(telegram: Telegram, params: Params) -> dict[str, Any]:
    """Forward one message."""
    return _forward(telegram, params, read_envelope(telegram, params), params.integer("message_id"))


def copy_message(telegram: Telegram, params: Params) -> dict[str, int]:
    """Send one message's content anew; return the MessageId."""
    return _copy(telegram, params, read_envelope(telegram, params), params.integer("message_id"))


def forward_messages(telegram: Telegram, params: Params) -> list[dict[str, int]]:
    """Forward several messages; those not found are skipped."""
    return _several(telegram, params, _forward)


def copy_messages(telegram: Telegram, params: Params) -> list[dict[str, int]]:
    """Copy several messages; those not found are skipped."""
    return _several(telegram, params, _copy)


def _forward(telegram: Telegram, params: Params, envelope: Envelope, message_id: int) -> dict[str, Any]:
    message = _source(telegram, params, message_id, "forward")
    content = {**envelope.fields, **content_of(message), **forward_origin(message)}
    return telegram.post_as_bot(envelope.chat, content, envelope.markup, silent=envelope.silent)


def _copy(telegram: Telegram, params: Params, envelope: Envelope, message_id: int) -> dict[str, int]:
    message = _source(telegram, params, message_id, "copy")
    content = {**envelope.fields, **content_of(message)}
    if "caption" in params and "text" not in content:
        words = caption(params.text("caption"), params.text("parse_mode"), params.array("caption_entities"))
        content = {**content, **words.fields("caption")}
    sent = telegram.post_as_bot(envelope.chat, content, envelope.markup, silent=envelope.silent)
    return {"message_id": sent["message_id"]}


def _several(
    telegram: Telegram, params: Params, act: Callable[[Telegram, Params, Envelope, int], dict[str, Any]]
) -> list[dict[str, int]]:
    identifiers = params.integers("message_ids")
    if not 1 <= len(identifiers) <= MAX_AT_ONCE:
        raise bad_request("message identifiers are not specified")
    envelope = read_envelope(telegram, params)
    source = telegram.chats.for_bot(params.text("from_chat_id"))
    present = [identifier for identifier in identifiers if identifier in source.messages]
    return [{"message_id": act(telegram, params, envelope, identifier)["message_id"]} for identifier in present]


def _source(telegram: Telegram, params: Params, message_id: int, verb: str) -> dict[str, Any]:
    source = telegram.chats.for_bot(params.text("from_chat_id"))
    message = source.find(message_id, f"message to {verb}").message
    if message.get("has_protected_content"):
        past = {"forward": "forwarded", "copy": "copied"}[verb]
        raise bad_request(f"the message can't be {past}")
    return message


METHODS: dict[str, Method] = {
    "forwardMessage": forward_message,
    "forwardMessages": forward_messages,
    "copyMessage": copy_message,
    "copyMessages": copy_messages,
}
