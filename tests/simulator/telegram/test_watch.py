"""The control interface's reading side: calls, users, commands, events, pages."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simulator.telegram.server import Telegram
    from tests.simulator.telegram.conftest import Api

TOKEN = "42:made-up_token-for-tests"


async def test_calls_are_logged_with_answers_and_without_the_token(api: Api) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    await api.ok("sendMessage", chat_id=111, text="x", reply_markup=keyboard)
    await api.refused("sendMessage", chat_id=111)
    await api.ok("getUpdates")
    calls = await api.look("/calls")
    assert [call["method"] for call in calls] == ["sendMessage", "sendMessage"]
    assert calls[0]["params"] == {"chat_id": 111, "text": "x", "reply_markup": keyboard}
    assert calls[0]["response"]["text"] == "x"
    assert calls[1]["error"]["description"] == "Bad Request: message text is empty"
    assert TOKEN not in json.dumps(calls)
    assert await api.look(f"/calls?since={calls[0]['n']}") == calls[1:]
    assert await api.look("/calls?method=getMe") == []


async def test_polls_that_bring_something_are_logged(api: Api) -> None:
    await api.write("x")
    await api.updates()
    (call,) = await api.look("/calls?method=getUpdates")
    assert call["response"][0]["message"]["text"] == "x"


async def test_uploads_are_logged_by_name_and_size(api: Api, picture: bytes) -> None:
    files = {"photo": ("chart.png", picture)}
    await api.client.post(f"/bot{TOKEN}/sendPhoto", data={"chat_id": "111"}, files=files)
    (call,) = await api.look("/calls")
    assert call["params"] == {"chat_id": "111", "photo": {"file_name": "chart.png", "size": len(picture)}}


async def test_the_demos_people_are_listed_with_their_roles(api: Api) -> None:
    users = await api.look("/users")
    assert [(user["id"], user["first_name"], user["role"]) for user in users] == [
        (111, "Ada", "admin"),
        (222, "Tom", "trader"),
        (333, "Vera", "viewer"),
        (999, "Stranger", "stranger"),
    ]


async def test_chats_are_listed_with_their_last_message(api: Api) -> None:
    await api.ok("sendMessage", chat_id=222, text="newest")
    chats = {chat["id"]: chat for chat in await api.look("/chats")}
    assert set(chats) == {111, 222, 333}
    assert chats[222]["last_message"]["text"] == "newest"
    assert chats[111]["last_message"] is None


def commands(*names: str) -> list[dict[str, str]]:
    return [{"command": name, "description": name.title()} for name in names]


async def test_the_narrowest_command_list_is_the_one_seen(api: Api) -> None:
    await api.ok("setMyCommands", commands=commands("start"))
    await api.ok("setMyCommands", commands=commands("start", "alert"), scope={"type": "all_private_chats"})
    await api.ok("setMyCommands", commands=commands("halt"), scope={"type": "chat", "chat_id": 111})
    german = {"scope": {"type": "chat", "chat_id": 222}, "language_code": "de"}
    await api.ok("setMyCommands", commands=commands("stopp"), **german)
    seen = {user: [entry["command"] for entry in await api.look(f"/commands?chat_id={user}")] for user in (111, 222)}
    assert seen == {111: ["halt"], 222: ["start", "alert"]}
    assert [entry["command"] for entry in await api.ok("getMyCommands", **german)] == ["stopp"]
    await api.ok("deleteMyCommands", scope={"type": "chat", "chat_id": 111})
    assert len(await api.look("/commands?chat_id=111")) == 2
    assert await api.look("/commands?chat_id=999") == []


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"commands": commands("Start")}, "Bad Request: BOT_COMMAND_INVALID"),
        ({"commands": commands("x" * 33)}, "Bad Request: BOT_COMMAND_INVALID"),
        ({"commands": [{"command": "x", "description": ""}]}, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID"),
        ({"commands": commands(*(f"c{n}" for n in range(101)))}, "Bad Request: BOT_COMMANDS_TOO_MUCH"),
        ({"commands": [], "scope": {"type": "chat", "chat_id": 5}}, "Bad Request: chat not found"),
        (
            {"commands": [], "scope": {"type": "moon"}},
            "Bad Request: can't parse BotCommandScope: Unsupported type specified",
        ),
    ],
)
async def test_bad_command_lists_are_refused(api: Api, params: dict[str, Any], description: str) -> None:
    assert await api.refused("setMyCommands", **params) == description


async def test_menu_button_and_profile_are_kept(api: Api) -> None:
    await api.ok("setChatMenuButton", chat_id=111, menu_button={"type": "commands"})
    assert await api.ok("getChatMenuButton", chat_id=111) == {"type": "commands"}
    assert await api.ok("getChatMenuButton", chat_id=222) == {"type": "default"}
    await api.ok("setMyShortDescription", short_description="A squawk box")
    assert await api.ok("getMyShortDescription") == {"short_description": "A squawk box"}
    assert await api.ok("getMyName") == {"name": "squawkbot"}
    assert await api.refused("setMyName", name="x" * 65) == "Bad Request: name is too long"


async def lines(stream: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    async for line in stream:
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


async def test_what_happens_is_streamed(api: Api) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    async with api.client.stream("GET", "/sim/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        raw = response.aiter_lines()
        assert await anext(raw) == ": welcome"
        events = lines(raw)
        where = {"chat_id": 111, "message_id": 1}
        await api.ok("sendMessage", chat_id=111, text="x", reply_markup=keyboard)
        told = await api.act("/chats/111/press", from_id=111, message_id=1, button="go")
        await api.ok("answerCallbackQuery", callback_query_id=told["callback_query_id"], text="Done")
        await api.ok("editMessageText", **where, text="y")
        await api.ok("pinChatMessage", **where)
        await api.ok("sendChatAction", chat_id=111, action="typing")
        await api.ok("deleteMessage", **where)
        await api.ok("setMyCommands", commands=commands("start"))
        found = [await anext(events) for _ in range(7)]
    assert [event["kind"] for event in found] == ["message", "answer", "edit", "pin", "action", "delete", "commands"]
    assert found[0]["message"]["text"] == "x"
    assert found[1]["answer"] == {
        "text": "Done",
        "show_alert": False,
        "url": "",
        "callback_query_id": told["callback_query_id"],
        "message_id": 1,
        "user_id": 111,
    }
    assert found[2]["message"]["text"] == "y"
    assert found[5]["message_id"] == 1


async def test_open_streams_and_polls_end_with_the_server(api: Api, telegram: Telegram) -> None:
    async with api.client.stream("GET", "/sim/events") as response:
        raw = response.aiter_lines()
        assert await anext(raw) == ": welcome"
        poll = asyncio.create_task(api.call("getUpdates", timeout=50))
        await telegram.updates.polled.wait()
        telegram.close()
        assert (await poll)["result"] == []
        assert [line async for line in raw] == [""]


async def test_a_listener_that_falls_behind_is_let_go(telegram: Telegram) -> None:
    stream = telegram.events.stream()
    assert await anext(stream) == ": welcome\n\n"
    for _ in range(1001):
        telegram.events.publish("action", 111, action="typing")
    assert len([line async for line in stream]) == 1000


@pytest.mark.looptime
async def test_a_quiet_stream_is_kept_alive(telegram: Telegram) -> None:
    stream = telegram.events.stream()
    await anext(stream)
    assert await anext(stream) == ": keep-alive\n\n"
    assert asyncio.get_running_loop().time() == pytest.approx(15)
    await stream.aclose()


async def test_the_page_is_served_and_nothing_beside_it(api: Api) -> None:
    page = await api.client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    for path in ("/page/none.js", "/page/..%2Fserver.py", "/page/%2e%2e"):
        assert (await api.client.get(path)).status_code == 404
