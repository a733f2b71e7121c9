"""
Text with entities, as a message carries it.

From parse_mode=HTML or from an explicit list; trimmed and counted as the
server does (limits hold after parsing, in UTF-16 units), with the entities
Telegram finds by itself: commands, links, mentions, hashtags, cashtags.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.telegram.errors import bad_request
from simulator.telegram.html import parse_html, utf16_length

if TYPE_CHECKING:
    from simulator.telegram.params import Params

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_ENTITIES = 100
_KIND_NAMES = (
    "mention hashtag cashtag bot_command url email phone_number bold italic underline strikethrough spoiler "
    "blockquote expandable_blockquote code pre text_link text_mention custom_emoji date_time"
)
_KINDS = frozenset(_KIND_NAMES.split())
_FIELDS = ("url", "user", "language", "custom_emoji_id", "unix_time", "date_time_format")
_FOUND = (
    ("bot_command", re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")),
    ("url", re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)'\]]")),
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("mention", re.compile(r"(?<![\w@])@[A-Za-z0-9_]{4,32}(?!\w)")),
    ("hashtag", re.compile(r"(?<!\w)#\w*[^\W\d]\w*")),
    ("cashtag", re.compile(r"(?<![\w$])\$[A-Z]{1,8}(?:@\w{3,32})?(?![\w$])")),
)
_SPACES = " \t\n\r\v\f"


@dataclass(frozen=True, slots=True)
class Formatted:
    """Plain text and its entities, offsets in UTF-16 units."""

    text: str
    entities: list[dict[str, Any]] = field(default_factory=list)

    def fields(self, text_name: str) -> dict[str, Any]:
        """Return the Message fields: text and entities, or caption and caption_entities."""
        if not self.text:
            return {}
        prefix = "" if text_name == "text" else f"{text_name}_"
        found: dict[str, Any] = {text_name: self.text}
        return {**found, f"{prefix}entities": self.entities} if self.entities else found


def message_text(params: Params) -> Formatted:
    """Return the text of sendMessage and editMessageText; a 400 where it is empty or too long."""
    formatted = read_formatted(params.text("text"), params.text("parse_mode"), params.array("entities"))
    if not formatted.text:
        raise bad_request("message text is empty")
    if utf16_length(formatted.text) > MAX_TEXT:
        raise bad_request("message is too long")
    return formatted


def caption(text: str, parse_mode: str, entities: list[Any] | None) -> Formatted:
    """Return a caption; a 400 where it is too long."""
    formatted = read_formatted(text, parse_mode, entities)
    if utf16_length(formatted.text) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    return formatted


def read_formatted(text: str, parse_mode: str, entities: list[Any] | None) -> Formatted:
    """
    Return *text* parsed, checked and trimmed.

    A parse mode wins over explicit entities, as in the official server. Only
    HTML is spoken here: the Markdown modes are refused in so many words.
    """
    text = _cleaned(text)
    mode = parse_mode.lower()
    if mode == "html":
        plain, own = parse_html(text)
    elif mode in {"markdown", "markdownv2"}:
        raise bad_request("unsupported parse_mode: the local Telegram reads HTML only")
    elif mode:
        raise bad_request("unsupported parse_mode")
    else:
        plain, own = text, [_checked(entity, text) for entity in entities or []]
    if len(own) > MAX_ENTITIES:
        raise bad_request("ENTITIES_TOO_LONG")
    return with_found(*_trimmed(plain, own))


def with_found(plain: str, own: list[dict[str, Any]]) -> Formatted:
    """Return *plain* with its *own* entities and those that Telegram finds in it by itself."""
    own = _outside_code(own)
    barred = [entity for entity in own if entity["type"] in {"code", "pre", "text_link", "text_mention"}]
    for kind, pattern in _FOUND:
        for match in pattern.finditer(plain):
            entity = {
                "type": kind,
                "offset": utf16_length(plain[: match.start()]),
                "length": utf16_length(match.group()),
            }
            if not any(_overlap(entity, other) for other in barred):
                own = [*own, entity]
                barred.append(entity)
    return Formatted(plain, sorted(own, key=lambda entity: (entity["offset"], -entity["length"])))


def _cleaned(text: str) -> str:
    """Drop carriage returns; other control characters become spaces (TDLib, clean_input_string)."""
    text = text.replace("\r", "")
    return "".join(" " if character < " " and character != "\n" else character for character in text)


def _trimmed(plain: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    lead = len(plain) - len(plain.lstrip(_SPACES))
    text = plain.strip(_SPACES)
    size = utf16_length(text)
    kept = []
    for entity in entities:
        start = max(entity["offset"] - lead, 0)
        end = min(entity["offset"] + entity["length"] - lead, size)
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    return text, kept


def _outside_code(entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return *entities* without those that lie in code: Telegram allows no nesting there."""
    code = [entity for entity in entities if entity["type"] in {"code", "pre"}]
    return [
        entity
        for entity in entities
        if entity["type"].endswith("blockquote") or not any(_inside(entity, other) for other in code)
    ]


def _checked(entity: object, text: str) -> dict[str, Any]:
    if not isinstance(entity, dict):
        raise _bad_entity("Object expected as MessageEntity")
    kind, offset, length = entity.get("type"), entity.get("offset"), entity.get("length")
    if not isinstance(kind, str):
        raise _bad_entity('Can\'t find field "type"')
    if not isinstance(offset, int) or not isinstance(length, int):
        raise _bad_entity('Fields "offset" and "length" must be of type Number')
    if kind not in _KINDS:
        raise _bad_entity("Unsupported type specified")
    if offset < 0 or length < 0 or offset + length > utf16_length(text):
        raise bad_request(f"entity beginning at UTF-16 offset {offset} ends after the end of the text")
    extra = {name: entity[name] for name in _FIELDS if entity.get(name) is not None}
    return {"type": kind, "offset": offset, "length": length, **extra}


def _bad_entity(reason: str) -> Exception:
    return bad_request(f"can't parse MessageEntity: {reason}")


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    start: int = max(one["offset"], other["offset"])
    end: int = min(one["offset"] + one["length"], other["offset"] + other["length"])
    return start < end


def _inside(inner: dict[str, Any], outer: dict[str, Any]) -> bool:
    starts: bool = inner["offset"] >= outer["offset"]
    ends: bool = inner["offset"] + inner["length"] <= outer["offset"] + outer["length"]
    return inner is not outer and starts and ends
