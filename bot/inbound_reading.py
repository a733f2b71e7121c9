"""
What a webhook's body says. Pure, and nothing of a body is believed: neither its encoding, nor its size, nor its types.

A body is JSON (`{"secret": …, "user": 123, "order": "buy 10 AAPL 199.5"}`), or plain text whose first lines are
`secret: …`, `user: …` and the like; TradingView sends as text what is no valid JSON.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from market.ticket import looks_like_ticket

_FIELDS = ("secret", "user", "id", "alert", "order")
_LINE = re.compile(rf"({'|'.join(_FIELDS)})[ \t]*[:=][ \t]*(.*)", re.IGNORECASE)
_USER = re.compile(r"[1-9][0-9]{0,17}")
_LONGEST_ALERT = 3000
_LONGEST_ORDER = 200
_KEPT = "\n\t"


class Kind(StrEnum):
    """What a call becomes: a message, or an order's card that still needs its Confirm."""

    ALERT = "alert"
    ORDER = "order"


class BadCall(Exception):
    """The call cannot be taken; *reason* says why in a few plain words, for its sender."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Call:
    """
    One call, understood: *text* is for the person *user_id*, without anything that could deceive the eye.

    *key* is the same for the same call sent again, and has no secret in it; *is_named* says that its sender gave it an
    id of its own.
    """

    user_id: int
    kind: Kind
    text: str = field(repr=False)
    key: str
    is_named: bool


def fields_of(body: bytes) -> Mapping[str, object]:
    """Return what *body* says by name, and nothing where it says nothing that can be read."""
    try:
        said = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return {}
    return _json(said) if said.startswith("{") else _lines(said)


def call_of(fields: Mapping[str, object]) -> Call:
    """Return the call. Raises BadCall where it has no person, or not exactly one of alert and order."""
    given = {kind: fields[kind.value] for kind in Kind if kind.value in fields}
    if len(given) != 1:
        raise BadCall('give either "alert" or "order"')
    user = str(fields.get("user", ""))
    if not _USER.fullmatch(user):
        raise BadCall('"user" must be a numeric Telegram user id')
    (kind, said), *_ = given.items()
    if not isinstance(said, str):
        raise BadCall(f'"{kind.value}" must be a text')
    text = _order(said) if kind is Kind.ORDER else _alert(said)
    name = fields.get("id")
    if name is not None and not isinstance(name, str | int):
        raise BadCall('"id" must be a text or a number')
    is_named = name not in {None, ""}
    return Call(int(user), kind, text, _key([user, str(name)] if is_named else fields), is_named)


def _json(said: str) -> Mapping[str, object]:
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _lines(said: str) -> Mapping[str, object]:
    """Return the named lines at the beginning; what follows them goes on with an alert, or is one."""
    found: dict[str, object] = {}
    last, rest = "", said.splitlines()
    while rest and (match := _LINE.fullmatch(rest[0].strip())):
        last = match[1].lower()
        found[last] = match[2].strip()
        rest.pop(0)
    free = "\n".join(rest).strip()
    if free and last == Kind.ALERT:
        found[last] = f"{found[last]}\n{free}"
    elif free and Kind.ORDER not in found:
        found.setdefault(Kind.ALERT.value, free)
    return found


def _order(said: str) -> str:
    """Return an order line. Refuses what is not on one line of visible characters, or begins otherwise."""
    line = said.strip()
    if len(line) > _LONGEST_ORDER or not line.isprintable():
        raise BadCall(f'"order" must be one line of at most {_LONGEST_ORDER} visible characters')
    if not looks_like_ticket(line):
        raise BadCall('"order" must begin with buy or sell')
    return line


def _alert(said: str) -> str:
    """Return an alert's text without control characters and marks that turn the direction of writing."""
    visible = "".join(one for one in said if one in _KEPT or unicodedata.category(one) not in {"Cc", "Cf", "Cs"})
    text = visible.strip()
    if not text:
        raise BadCall('"alert" is empty')
    return text if len(text) <= _LONGEST_ALERT else f"{text[: _LONGEST_ALERT - 1]}…"


def _key(said: object) -> str:
    """Return a digest of *said*; of all fields but the secret where the call has no id of its own."""
    if isinstance(said, Mapping):
        said = sorted((name, value) for name, value in said.items() if name != "secret")
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()
