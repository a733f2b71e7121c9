"""
Telegram's HTML: markup in, plain text and entities out.

Follows TDLib's parser (MessageEntity.cpp, parse_html): the same tags, the
same wording of refusals, byte offsets in the refusals and UTF-16 offsets in
the entities.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from simulator.telegram.errors import bad_request

_PLAIN = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
}
_TAGS = frozenset(_PLAIN) | {"a", "code", "pre", "blockquote", "tg-emoji", "tg-time"}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]{1,8})|#([0-9]{1,8})|([a-zA-Z]+));?")
_TIME_FORMAT = re.compile(r"r|w?[dD]?[tT]?")
_SPACE = " \t\n\r\f\v"
_TOP_OF_UNICODE = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


def utf16_length(text: str) -> int:
    """Return the number of UTF-16 code units of *text*, in which Telegram counts."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)  # noqa: PLR2004 - end of plane 0


def parse_html(source: str) -> tuple[str, list[dict[str, Any]]]:
    """
    Return the plain text of *source* and its entities, outermost first.

    Raises a 400 "can't parse entities: ..." for unknown, unclosed and
    mismatched tags and for bad attributes.
    """
    return _Parser(source).run()


@dataclass(slots=True)
class _Open:
    name: str
    attributes: dict[str, str]
    offset: int
    start: int


@dataclass(slots=True)
class _Parser:
    source: str
    at: int = 0
    offset: int = 0
    plain: list[str] = field(default_factory=list)
    opened: list[_Open] = field(default_factory=list)
    entities: list[dict[str, Any]] = field(default_factory=list)

    def run(self) -> tuple[str, list[dict[str, Any]]]:
        while self.at < len(self.source):
            character = self.source[self.at]
            if character == "<":
                self._tag()
            elif character == "&":
                text, self.at = _reference(self.source, self.at)
                self._append(text)
            else:
                self.at += 1
                self._append(character)
        if self.opened:
            _refuse(f'Can\'t find end tag corresponding to start tag "{self.opened[-1].name}"')
        for entity in self.entities:
            if entity["type"] == "code":
                entity.pop("language", None)
        self.entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        return "".join(self.plain), self.entities

    def _append(self, text: str) -> None:
        self.plain.append(text)
        self.offset += utf16_length(text)

    def _tag(self) -> None:
        begin = self.at
        if self.source.startswith("</", begin):
            self._end_tag(begin)
        else:
            self._start_tag(begin)

    def _start_tag(self, begin: int) -> None:
        end = _until(self.source, begin + 1, _SPACE + ">")
        if end == len(self.source):
            self._refuse_at("Unclosed start tag", begin)
        name = self.source[begin + 1 : end].lower()
        if name not in _TAGS:
            self._refuse_at(f'Unsupported start tag "{name}"', begin)
        attributes, self.at = self._attributes(name, begin, end)
        if name == "span" and attributes.get("class") != "tg-spoiler":
            self._refuse_at('Tag "span" must have class "tg-spoiler"', begin)
        self.opened.append(_Open(name, attributes, self.offset, len(self.plain)))

    def _attributes(self, tag: str, begin: int, at: int) -> tuple[dict[str, str], int]:
        found: dict[str, str] = {}
        while True:
            at = _skip_space(self.source, at)
            if at == len(self.source):
                self._refuse_at("Unclosed start tag", begin)
            if self.source[at] == ">":
                return found, at + 1
            end = _until(self.source, at, _SPACE + "=>")
            name = self.source[at:end].lower()
            if not name:
                self._refuse_at(f'Empty attribute name in the tag "{tag}"', begin)
            at = _skip_space(self.source, end)
            if self.source[at : at + 1] == "=":
                found[name], at = self._value(tag, begin, _skip_space(self.source, at + 1))
            elif tag == "blockquote" and name == "expandable":
                found[name] = ""
            else:
                self._refuse_at(f'Expected equal sign in declaration of an attribute of the tag "{tag}"', begin)

    def _value(self, tag: str, begin: int, at: int) -> tuple[str, int]:
        if at == len(self.source):
            self._refuse_at(f'Unclosed start tag "{tag}"', begin)
        quote = self.source[at]
        if quote not in "'\"":
            token = re.compile(r"[A-Za-z0-9.\-]*").match(self.source, at)
            end = token.end() if token else at
            if self.source[end : end + 1] not in {*_SPACE, ">"}:
                self._refuse_at("Unexpected end of name token", at)
            return self.source[at:end].lower(), end
        value = []
        at += 1
        while at < len(self.source) and self.source[at] != quote:
            if self.source[at] == "&":
                text, at = _reference(self.source, at)
                value.append(text)
            else:
                value.append(self.source[at])
                at += 1
        if at == len(self.source):
            self._refuse_at("Unclosed start tag", begin)
        return "".join(value), at + 1

    def _end_tag(self, begin: int) -> None:
        if not self.opened:
            self._refuse_at("Unexpected end tag", begin)
        end = _until(self.source, begin + 2, _SPACE + ">")
        name = self.source[begin + 2 : end].lower()
        end = _skip_space(self.source, end)
        if self.source[end : end + 1] != ">":
            self._refuse_at("Unclosed end tag", begin)
        expected = self.opened[-1].name
        if name and name != expected:
            where = _bytes(self.source, begin)
            _refuse(f'Unmatched end tag at byte offset {where}, expected "</{expected}>", found "</{name}>"')
        self.at = end + 1
        self._close(self.opened.pop())

    def _close(self, tag: _Open) -> None:
        length = self.offset - tag.offset
        if length == 0:
            return
        place = {"offset": tag.offset, "length": length}
        if tag.name in {"pre", "code"}:
            self._close_code(tag, place)
            return
        described = _described(tag, "".join(self.plain[tag.start :]))
        if described is not None:
            self.entities.append({**described, **place})

    def _close_code(self, tag: _Open, place: dict[str, int]) -> None:
        language = tag.attributes.get("class", "")
        language = language.removeprefix("language-") if language.startswith("language-") else ""
        last = self.entities[-1] if self.entities else {}
        same = last.get("offset") == place["offset"] and last.get("length") == place["length"]
        if tag.name == "pre" and same and last.get("type") == "code" and last.get("language"):
            last["type"] = "pre"
        elif tag.name == "code" and same and last.get("type") == "pre" and language:
            last["language"] = language
        else:
            entity: dict[str, Any] = {"type": tag.name, **place}
            if tag.name == "code" and language:
                entity["language"] = language
            self.entities.append(entity)

    def _refuse_at(self, reason: str, index: int) -> NoReturn:
        _refuse(f"{reason} at byte offset {_bytes(self.source, index)}")


def _described(tag: _Open, inside: str) -> dict[str, Any] | None:
    """Return the entity's own fields, None where the tag makes no entity (a link without an address)."""
    if tag.name in _PLAIN:
        return {"type": _PLAIN[tag.name]}
    if tag.name == "blockquote":
        return {"type": "expandable_blockquote" if "expandable" in tag.attributes else "blockquote"}
    if tag.name == "tg-emoji":
        identifier = tag.attributes.get("emoji-id", "")
        if not identifier.isdigit():
            _refuse("Invalid custom emoji identifier specified")
        return {"type": "custom_emoji", "custom_emoji_id": identifier}
    if tag.name == "tg-time":
        return _time(tag.attributes)
    return _link(tag.attributes.get("href") or inside)


def _time(attributes: dict[str, str]) -> dict[str, Any]:
    moment, layout = attributes.get("unix", ""), attributes.get("format", "")
    if not moment.removeprefix("-").isdigit():
        _refuse("Invalid Unix time specified")
    if not _TIME_FORMAT.fullmatch(layout):
        _refuse("Invalid date-time format specified")
    entity: dict[str, Any] = {"type": "date_time", "unix_time": int(moment)}
    return {**entity, "date_time_format": layout} if layout else entity


def _link(address: str) -> dict[str, Any] | None:
    if re.fullmatch(r"tg://user\?id=\d+", address):
        name = {"is_bot": False, "first_name": "User"}
        return {"type": "text_mention", "user": {"id": int(address.rpartition("=")[2]), **name}}
    if re.fullmatch(r"(?:https?|tg|ton)://\S+", address):
        return {"type": "text_link", "url": address}
    if re.fullmatch(r"[\w-]+(?:\.[\w-]+)+(?:[/?#]\S*)?", address):
        return {"type": "text_link", "url": f"http://{address}"}
    return None


def _reference(source: str, at: int) -> tuple[str, int]:
    """Return the character that the reference at *at* stands for and where it ends; "&" where it is none."""
    match = _REFERENCE.match(source, at)
    if match is None:
        return "&", at + 1
    hexadecimal, decimal, name = match.groups()
    if name is not None:
        return (_NAMED[name], match.end()) if name in _NAMED else ("&", at + 1)
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    if code == 0 or code >= _TOP_OF_UNICODE or code in _SURROGATES:
        return "&", at + 1
    return chr(code), match.end()


def _until(source: str, at: int, stops: str) -> int:
    while at < len(source) and source[at] not in stops:
        at += 1
    return at


def _skip_space(source: str, at: int) -> int:
    while at < len(source) and source[at] in _SPACE:
        at += 1
    return at


def _bytes(source: str, index: int) -> int:
    return len(source[:index].encode())


def _refuse(reason: str) -> NoReturn:
    msg = f"can't parse entities: {reason}"
    raise bad_request(msg)
