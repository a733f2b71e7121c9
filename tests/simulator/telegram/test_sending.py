"""Sends: every way to pass parameters, what is kept on the message, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.simulator.telegram.conftest import Api

BASE = "/bot42:made-up_token-for-tests"


async def test_parameters_come_by_query_form_json_and_multipart(api: Api) -> None:
    markup = json.dumps({"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]})
    fields = {"chat_id": "111", "text": "hello", "reply_markup": markup}
    answers = [
        await api.client.get(f"{BASE}/sendMessage", params=fields),
        await api.client.post(f"{BASE}/SENDMESSAGE", data=fields),
        await api.client.post(f"{BASE}/sendmessage", json={**fields, "reply_markup": json.loads(markup)}),
        await api.client.post(f"{BASE}/sendMessage", json=fields),
        await api.client.post(f"{BASE}/sendMessage", data=fields, files={"unused": b"x"}),
    ]
    for answer in answers:
        message = answer.json()["result"]
        assert message["text"] == "hello"
        assert message["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "go"


@pytest.mark.parametrize(
    ("path", "status", "description"),
    [
        (f"{BASE}/sendPigeon", 404, "Not Found: method not found"),
        ("/bot42:another_token/getMe", 401, "Unauthorized"),
        ("/botnonsense/getMe", 404, "Not Found"),
        (f"/file{BASE}/photos/none.png", 404, "Not Found: file not found"),
        ("/file/bot42:another_token/photos/none.png", 401, "Unauthorized"),
    ],
)
async def test_unknown_methods_and_tokens_are_refused(api: Api, path: str, status: int, description: str) -> None:
    answer = await api.client.get(path)
    assert answer.status_code == status
    assert answer.json() == {"ok": False, "error_code": status, "description": description}


async def test_a_message_keeps_how_it_was_sent(api: Api) -> None:
    first = await api.ok("sendMessage", chat_id=111, text="first")
    message = await api.ok(
        "sendMessage",
        chat_id=111,
        text="second",
        protect_content=True,
        disable_notification=True,
        message_thread_id=7,
        link_preview_options={"is_disabled": True},
        reply_parameters={"message_id": first["message_id"], "quote": "irs"},
    )
    assert message["has_protected_content"]
    assert message["message_thread_id"] == 7
    assert message["link_preview_options"] == {"is_disabled": True}
    assert message["reply_to_message"]["text"] == "first"
    assert message["quote"]["position"] == 1
    assert "disable_notification" not in message
    seen = await api.look("/chats/111/messages")
    assert seen[-1]["disable_notification"]


async def test_a_forced_reply_shows_in_the_app_but_not_in_the_message(api: Api) -> None:
    prompt = {"force_reply": True, "input_field_placeholder": "199.50"}
    message = await api.ok("sendMessage", chat_id=111, text="Price?", reply_markup=prompt)
    assert "reply_markup" not in message
    assert (await api.look("/chats/111/messages"))[-1]["reply_markup"] == prompt


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"chat_id": 111}, "Bad Request: message text is empty"),
        ({"chat_id": 111, "text": " \n "}, "Bad Request: message text is empty"),
        ({"chat_id": 111, "text": "<b></b>", "parse_mode": "HTML"}, "Bad Request: message text is empty"),
        ({"chat_id": 111, "text": "x" * 4097}, "Bad Request: message is too long"),
        ({"text": "x"}, "Bad Request: chat_id is empty"),
        ({"chat_id": 12345, "text": "x"}, "Bad Request: chat not found"),
        ({"chat_id": "@nobody", "text": "x"}, "Bad Request: chat not found"),
        ({"chat_id": 999, "text": "x"}, "Forbidden: bot can't initiate conversation with a user"),
        ({"chat_id": 111, "text": "x", "message_thread_id": -1}, "Bad Request: message thread not found"),
        (
            {"chat_id": 111, "text": "x", "reply_parameters": {"message_id": 77}},
            "Bad Request: message to be replied not found",
        ),
        ({"chat_id": 111, "text": "x", "reply_markup": "{"}, "Bad Request: can't parse reply markup JSON object"),
    ],
)
async def test_bad_sends_are_refused_in_telegrams_words(api: Api, params: dict[str, Any], description: str) -> None:
    assert await api.refused("sendMessage", **params) == description
    assert await api.look("/chats/111/messages") == []


async def test_lengths_count_after_parsing_and_in_utf16_units(api: Api) -> None:
    message = await api.ok("sendMessage", chat_id=111, text=f"<b>{'&amp;' * 4096}</b>", parse_mode="HTML")
    assert len(message["text"]) == 4096
    assert await api.refused("sendMessage", chat_id=111, text="🔔" * 2049) == "Bad Request: message is too long"


def button(**fields: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "x", **fields}]]}


@pytest.mark.parametrize(
    ("markup", "part"),
    [
        (button(callback_data="é" * 33), "BUTTON_DATA_INVALID"),
        (button(callback_data=""), "BUTTON_DATA_INVALID"),
        (button(), "Text buttons are unallowed in the inline keyboard"),
        (button(callback_data="x", url="https://example.org"), "exactly one action"),
        (button(callback_data="x", style="purple"), "invalid button style"),
        (button(copy_text={"text": "x" * 257}), "BUTTON_COPY_TEXT_INVALID"),
        (button(url="javascript:alert(1)"), "BUTTON_URL_INVALID"),
        (button(callback_data="x", text=" "), "BUTTON_TEXT_INVALID"),
        ({"inline_keyboard": [[{"text": "x", "callback_data": "x"}] * 9]}, "reply markup is too long"),
        ({"inline_keyboard": [[{"text": "x", "callback_data": "x"}]] * 101}, "reply markup is too long"),
        ({"inline_keyboard": {"text": "x"}}, "must be an Array"),
        ({"keyboards": []}, "reply keyboard"),
    ],
)
async def test_bad_keyboards_are_refused(api: Api, markup: dict[str, Any], part: str) -> None:
    description = await api.refused("sendMessage", chat_id=111, text="x", reply_markup=markup)
    assert part in description


async def test_the_largest_keyboard_is_taken_and_empty_ones_vanish(api: Api) -> None:
    one = {"text": "x", "callback_data": "d" * 64, "style": "danger"}
    rows = [[one] * 8] * 12 + [[one] * 4, []]
    message = await api.ok("sendMessage", chat_id=111, text="x", reply_markup={"inline_keyboard": rows})
    assert sum(len(row) for row in message["reply_markup"]["inline_keyboard"]) == 100
    message = await api.ok("sendMessage", chat_id=111, text="x", reply_markup={"inline_keyboard": [[]]})
    assert "reply_markup" not in message


async def test_typing_is_shown_and_unknown_actions_refused(api: Api) -> None:
    assert await api.ok("sendChatAction", chat_id=111, action="typing")
    assert await api.refused("sendChatAction", chat_id=111, action="dance") == (
        "Bad Request: wrong parameter action in request"
    )


async def test_protected_messages_are_neither_forwarded_nor_copied(api: Api) -> None:
    secret = await api.ok("sendMessage", chat_id=111, text="secret", protect_content=True)
    open_one = await api.ok("sendMessage", chat_id=111, text="open", reply_markup=button(callback_data="x"))
    there = {"chat_id": 222, "from_chat_id": 111}
    assert "can't be forwarded" in await api.refused("forwardMessage", **there, message_id=secret["message_id"])
    assert "can't be copied" in await api.refused("copyMessage", **there, message_id=secret["message_id"])
    forwarded = await api.ok("forwardMessage", **there, message_id=open_one["message_id"])
    assert forwarded["forward_origin"]["sender_user"]["id"] == 42
    assert "reply_markup" not in forwarded
    copies = await api.ok("copyMessages", **there, message_ids=[open_one["message_id"], 999])
    assert len(copies) == 1


async def test_message_ids_are_shared_by_private_chats_but_not_by_supergroups(api: Api) -> None:
    await api.act("/groups", id=-1001234567890, title="Desk", members=[111])
    first = await api.ok("sendMessage", chat_id=111, text="x")
    second = await api.ok("sendMessage", chat_id=222, text="x")
    apart = await api.ok("sendMessage", chat_id=-1001234567890, text="x")
    assert second["message_id"] == first["message_id"] + 1
    assert apart["message_id"] == 2
