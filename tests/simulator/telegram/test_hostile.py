"""Whatever a client sends, the answer is a result or an error of the Bot API, never a crash."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.telegram import account, answering, editing, forwarding, polling, sending
from simulator.telegram.clock import ManualClock
from simulator.telegram.errors import ApiError, ControlError
from simulator.telegram.params import Params, Upload
from simulator.telegram.people import press, write
from simulator.telegram.server import Telegram

if TYPE_CHECKING:
    from collections.abc import Callable

METHODS = {
    name: method
    for room in (account, answering, editing, forwarding, polling, sending)
    for name, method in room.METHODS.items()
    if name != "getUpdates"
}
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**12),
    st.floats(allow_nan=False),
    st.sampled_from(
        [
            "",
            "111",
            "@x",
            "attach://file",
            "<b>x</b>",
            "<",
            "&#55296;",
            "HTML",
            "chat",
            "photo",
            "typing",
            "👍",
            "[",
            "{}",
        ]
    ),
    st.text(max_size=5),
)
_KEYS_TEXT = (
    "message_id inline_keyboard text callback_data copy_text url style type media caption caption_entities chat_id "
    "offset length quote command description emoji force_reply keyboard id user_id"
)
KEYS = st.sampled_from(_KEYS_TEXT.split())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=8,
)
_NAMES_TEXT = (
    "message_id text reply_markup parse_mode entities caption caption_entities photo document media reply_parameters "
    "reply_to_message_id message_ids from_chat_id commands scope menu_button reaction action link_preview_options "
    "callback_query_id results file_id user_id url name message_thread_id"
)
NAMES = st.sampled_from(_NAMES_TEXT.split())


def fresh() -> Telegram:
    telegram = Telegram("42:made-up", ManualClock(datetime(2026, 11, 20, 15, 42, tzinfo=UTC)), limits=False)
    keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    METHODS["sendMessage"](telegram, Params({"chat_id": 111, "text": "card", "reply_markup": keyboard}))
    return telegram


def outcome(act: Callable[[], Any]) -> int:
    """Return the status of *act*; anything but a refusal that names itself gets through."""
    try:
        act()
    except ApiError as error:
        return error.code
    except ControlError as error:
        return error.status
    return 200


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(METHODS)), st.dictionaries(NAMES, VALUES, max_size=6))
def test_no_parameters_break_a_method(name: str, values: dict[str, Any]) -> None:
    telegram = fresh()
    params = Params({"chat_id": 111, "message_id": 1, **values}, {"file": Upload("x.png", b"x", "image/png")})
    assert outcome(lambda: METHODS[name](telegram, params)) in {200, 400, 403, 413}


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=20), st.text(max_size=64))
def test_no_text_or_button_of_a_user_breaks_the_chat(text: str, data: str) -> None:
    telegram = fresh()
    assert outcome(lambda: write(telegram, 111, 111, {"text": text})) in {200, 400}
    forced = {"message_id": 1, "force": True, "data": data}
    assert outcome(lambda: press(telegram, 111, 111, forced)) == 200
    assert outcome(lambda: press(telegram, 111, 111, {"message_id": 1, "button": data})) in {200, 404}
