"""
Reply markup: inline keyboards as the Bot API takes them, and its refusals.

Rules: at most 100 buttons, 8 a row; a button has a text and exactly one
action; callback_data is 1 to 64 bytes; copy_text at most 256 characters;
style is primary, success or danger. The official server takes the first of
several actions; here more than one is refused, since it is always a mistake.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.telegram.errors import bad_request

if TYPE_CHECKING:
    from simulator.telegram.params import Params

MAX_BUTTONS = 100
MAX_ROW = 8
MAX_DATA_BYTES = 64
MAX_COPY_TEXT = 256
STYLES = frozenset({"primary", "success", "danger"})
ACTIONS = (
    "url",
    "callback_data",
    "callback_game",
    "pay",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "login_url",
    "web_app",
    "copy_text",
)


@dataclass(frozen=True, slots=True)
class Markup:
    """What a reply_markup asks for: an inline keyboard on the message, or a change of the user's own keyboard."""

    inline: dict[str, Any] | None = None
    prompt: dict[str, Any] | None = None


def read_markup(params: Params, *, inline_only: bool = False) -> Markup:
    """
    Return the reply_markup of a call; an empty keyboard is none.

    Raises a 400 where it breaks a rule, or where *inline_only* (an edit) and
    it is a custom keyboard or a forced reply.
    """
    given = params.object("reply_markup")
    if not given:
        return Markup()
    if "inline_keyboard" in given:
        return Markup(inline=_inline(given["inline_keyboard"]))
    if inline_only:
        raise bad_request("inline keyboard expected")
    if given.get("force_reply") or given.get("remove_keyboard") or isinstance(given.get("keyboard"), list):
        return Markup(prompt=given)
    raise bad_request("can't parse reply keyboard markup JSON object")


def buttons_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the inline buttons of a Message, row by row."""
    rows = (message.get("reply_markup") or {}).get("inline_keyboard", [])
    return [button for row in rows for button in row]


def _inline(rows: object) -> dict[str, Any] | None:
    if not isinstance(rows, list):
        raise bad_request('Field "inline_keyboard" of the InlineKeyboardMarkup must be an Array')
    keyboard = []
    for row in rows:
        if not isinstance(row, list):
            raise bad_request('Field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
        if len(row) > MAX_ROW:
            raise bad_request("reply markup is too long")
        if row:
            keyboard.append([_button(button) for button in row])
    if sum(len(row) for row in keyboard) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    return {"inline_keyboard": keyboard} if keyboard else None


def _button(given: object) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise _unreadable("InlineKeyboardButton must be an Object")
    text = given.get("text")
    if not isinstance(text, str):
        raise _unreadable('Can\'t find field "text"')
    if not text.strip():
        raise bad_request("BUTTON_TEXT_INVALID")
    style = given.get("style")
    if style is not None and str(style) not in STYLES:
        raise _unreadable("invalid button style specified")
    action = _action(given)
    _check_action(action, given[action])
    kept = ("text", action, "style", "icon_custom_emoji_id")
    return {name: given[name] for name in kept if given.get(name) is not None}


def _action(given: dict[str, Any]) -> str:
    present = [name for name in ACTIONS if given.get(name) is not None]
    if not present:
        raise _unreadable("Text buttons are unallowed in the inline keyboard")
    if len(present) > 1:
        raise _unreadable(f"exactly one action is allowed, found {' and '.join(present)}")
    return present[0]


def _check_action(action: str, value: object) -> None:
    if action == "callback_data":
        size = len(value.encode()) if isinstance(value, str) else 0
        if not 1 <= size <= MAX_DATA_BYTES:
            raise bad_request("BUTTON_DATA_INVALID")
    elif action == "copy_text":
        text = value.get("text") if isinstance(value, dict) else None
        if not isinstance(text, str) or not 1 <= len(text) <= MAX_COPY_TEXT:
            raise bad_request("BUTTON_COPY_TEXT_INVALID")
    elif action in {"url", "web_app", "login_url"}:
        address = value.get("url") if isinstance(value, dict) else value
        if not isinstance(address, str) or not re.fullmatch(r"(?:https?|tg)://\S+", address):
            raise bad_request("BUTTON_URL_INVALID")
    elif action in {"pay", "callback_game"}:
        raise bad_request("BUTTON_TYPE_INVALID")


def _unreadable(reason: str) -> Exception:
    return bad_request(f"can't parse inline keyboard button: {reason}")
