"""What people do in the chats, and what the bot hears of it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.simulator.telegram.conftest import Api

GROUP = -4001
ANONYMOUS = 1087968824


async def test_a_message_reaches_the_bot_as_telegram_would_send_it(api: Api) -> None:
    written = await api.write("/alert AAPL > 200")
    (update,) = await api.updates()
    assert update["message"] == written
    assert written["from"]["first_name"] == "Ada"
    assert written["chat"] == {"id": 111, "first_name": "Ada", "type": "private", "username": "ada"}
    assert written["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]


async def test_people_reply_to_messages(api: Api) -> None:
    asked = await api.ok("sendMessage", chat_id=111, text="Price?")
    await api.write("199.5", reply_to_message_id=asked["message_id"])
    (update,) = await api.updates()
    assert update["message"]["reply_to_message"]["text"] == "Price?"


async def test_a_stranger_opens_a_chat_by_writing(api: Api) -> None:
    assert await api.look("/chats/999/messages") == []
    await api.write("hello", 999)
    await api.ok("sendMessage", chat_id=999, text="x")
    assert [message["text"] for message in await api.look("/chats/999/messages")] == ["hello", "x"]


async def test_an_edit_of_a_text_is_another_kind_of_update(api: Api) -> None:
    written = await api.write("buy 10 AAPL")
    edited = {"from_id": 111, "message_id": written["message_id"], "text": "buy 100 AAPL"}
    await api.act("/chats/111/edit", **edited)
    first, second = await api.updates()
    assert first["message"]["text"] == "buy 10 AAPL"
    assert second["edited_message"]["text"] == "buy 100 AAPL"
    assert second["edited_message"]["edit_date"]
    answer = await api.client.post("/sim/chats/111/edit", json={**edited, "from_id": 222})
    assert answer.status_code == 400


async def test_a_forward_tells_its_origin_and_loses_its_buttons(api: Api) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    card = await api.ok("sendMessage", chat_id=111, text="card", reply_markup=keyboard)
    secret = await api.ok("sendMessage", chat_id=111, text="secret", protect_content=True)
    forward = {"from_id": 222, "from_chat_id": 111}
    message = await api.act("/chats/222/forward", **forward, message_id=card["message_id"])
    (update,) = await api.updates()
    assert update["message"] == message
    assert message["forward_origin"]["sender_user"]["id"] == 42
    assert "reply_markup" not in message
    refused = await api.client.post("/sim/chats/222/forward", json={**forward, "message_id": secret["message_id"]})
    assert "protected" in refused.json()["error"]


async def test_a_file_sent_to_the_bot_can_be_downloaded(api: Api) -> None:
    rows = b"symbol,level\r\nAAPL,200\r\n"
    document = {"name": "alerts.csv", "base64": base64.b64encode(rows).decode(), "mime_type": "text/csv"}
    await api.act("/chats/111/messages", from_id=111, document=document, caption="/import")
    (update,) = await api.updates()
    received = update["message"]["document"]
    assert (received["file_name"], received["mime_type"], received["file_size"]) == ("alerts.csv", "text/csv", 24)
    assert update["message"]["caption_entities"][0]["type"] == "bot_command"
    file = await api.ok("getFile", file_id=received["file_id"])
    answer = await api.client.get(f"/file/bot42:made-up_token-for-tests/{file['file_path']}")
    assert answer.content == rows
    assert await api.refused("getFile", file_id="none") == "Bad Request: invalid file_id"


async def test_a_bot_that_is_blocked_hears_it_and_may_not_write(api: Api) -> None:
    await api.act("/chats/111/block", user_id=111)
    (update,) = await api.updates()
    change = update["my_chat_member"]
    assert (change["old_chat_member"]["status"], change["new_chat_member"]["status"]) == ("member", "kicked")
    for method, fields in (("sendMessage", {"text": "x"}), ("sendChatAction", {"action": "typing"})):
        description = await api.refused(method, chat_id=111, **fields)
        assert description == "Forbidden: bot was blocked by the user"
    await api.write("back again")
    assert [set(update) - {"update_id"} for update in await api.updates()] == [{"my_chat_member"}, {"message"}]
    await api.ok("sendMessage", chat_id=111, text="x")


async def test_a_deleted_account_is_refused(api: Api) -> None:
    await api.act("/chats/111/block", user_id=111, deactivated=True)
    assert await api.refused("sendMessage", chat_id=111, text="x") == "Forbidden: user is deactivated"


async def group(api: Api, **fields: Any) -> None:
    await api.act("/groups", id=GROUP, title="Desk", members=[111, 222], **fields)
    await api.updates()


async def test_a_bot_added_to_a_group_hears_it(api: Api) -> None:
    await api.act("/groups", id=GROUP, title="Desk", members=[111, 222])
    member, service = await api.updates()
    assert member["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert service["message"]["new_chat_members"][0]["id"] == 42
    assert service["message"]["chat"] == {"id": GROUP, "title": "Desk", "type": "group"}
    assert (await api.ok("getChatMember", chat_id=GROUP, user_id=111))["status"] == "member"
    assert (await api.ok("getChatMember", chat_id=GROUP, user_id=333))["status"] == "left"
    assert await api.ok("getChatMemberCount", chat_id=GROUP) == 3


async def test_in_a_group_the_bot_sees_only_what_is_meant_for_it(api: Api) -> None:
    await group(api)
    card = await api.ok("sendMessage", chat_id=GROUP, text="card")
    for text in ("lunch?", "/alerts@otherbot", "/alerts", "/alerts@squawkbot_demo_bot", "hey @squawkbot_demo_bot"):
        await api.write(text, GROUP, 222)
    await api.write("reply", GROUP, 222, reply_to_message_id=card["message_id"])
    heard = [update["message"]["text"] for update in await api.updates()]
    assert heard == ["/alerts", "/alerts@squawkbot_demo_bot", "hey @squawkbot_demo_bot", "reply"]


async def test_an_administrator_bot_sees_everything(api: Api) -> None:
    await group(api, bot_status="administrator")
    await api.write("lunch?", GROUP, 222)
    assert len(await api.updates()) == 1


async def test_an_anonymous_admin_writes_as_the_group(api: Api) -> None:
    await group(api)
    await api.write("/halt", GROUP, ANONYMOUS)
    (update,) = await api.updates()
    assert update["message"]["from"]["username"] == "GroupAnonymousBot"
    assert update["message"]["sender_chat"]["id"] == GROUP


async def test_a_group_that_became_a_supergroup_sends_the_bot_on(api: Api) -> None:
    await group(api)
    new = await api.act(f"/groups/{GROUP}/migrate")
    first, second = await api.updates()
    assert first["message"]["migrate_to_chat_id"] == new["id"]
    assert second["message"]["migrate_from_chat_id"] == GROUP
    body = await api.call("sendMessage", chat_id=GROUP, text="x")
    assert body["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    assert body["parameters"] == {"migrate_to_chat_id": new["id"]}
    assert (await api.ok("sendMessage", chat_id=new["id"], text="x"))["chat"]["type"] == "supergroup"


@pytest.mark.parametrize(
    ("chat_id", "description"),
    [
        (GROUP, "Forbidden: bot was kicked from the group chat"),
        (-1001234567890, "Forbidden: bot was kicked from the supergroup chat"),
    ],
)
async def test_a_bot_thrown_out_may_not_write(api: Api, chat_id: int, description: str) -> None:
    await api.act("/groups", id=chat_id, title="Desk", members=[111])
    await api.act(f"/chats/{chat_id}/block", user_id=111)
    assert await api.refused("sendMessage", chat_id=chat_id, text="x") == description


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/chats/111/messages", {"text": "x"}, 400),
        ("/chats/111/messages", {"from_id": "ada", "text": "x"}, 400),
        ("/chats/111/messages", {"from_id": 111, "text": "  "}, 400),
        ("/chats/-5/messages", {"from_id": 111, "text": "x"}, 404),
        ("/chats/111/press", {"from_id": 111, "message_id": 5, "button": "x"}, 404),
        ("/chats/111/press", {"from_id": 111, "message_id": "five", "button": "x"}, 400),
        ("/chats/here/messages", {"from_id": 111, "text": "x"}, 400),
        ("/groups", {"id": 5, "title": "x"}, 400),
    ],
)
async def test_acts_that_make_no_sense_are_answered_with_a_sentence(
    api: Api, path: str, body: dict[str, Any], status: int
) -> None:
    answer = await api.client.post(f"/sim{path}", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]


async def test_a_body_that_is_no_json_object_is_answered_with_a_sentence(api: Api) -> None:
    for content in (b"{", b"[]"):
        answer = await api.client.post("/sim/chats/111/messages", content=content)
        assert (answer.status_code, "JSON" in answer.json()["error"]) == (400, True)
