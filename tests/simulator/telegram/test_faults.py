"""Faults on command, as clients see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut

if TYPE_CHECKING:
    from telegram import Bot

    from simulator.telegram.server import Telegram
    from tests.simulator.telegram.conftest import Api

BASE = "/bot42:made-up_token-for-tests"


async def texts(api: Api, chat_id: int = 111) -> list[str]:
    return [message["text"] for message in await api.look(f"/chats/{chat_id}/messages")]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"kind": "429", "retry_after": 7}, RetryAfter),
        ({"kind": "400"}, BadRequest),
        ({"kind": "401"}, InvalidToken),
        ({"kind": "403"}, Forbidden),
        ({"kind": "404"}, InvalidToken),
        ({"kind": "409"}, Conflict),
        ({"kind": "500"}, NetworkError),
        ({"kind": "502"}, NetworkError),
        ({"kind": "drop"}, NetworkError),
    ],
)
async def test_a_refusing_fault_hits_once_and_stores_nothing(
    api: Api, bot: Bot, fields: dict[str, Any], error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Spares the library's deprecation warning about the type of retry_after.
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    await api.act("/faults", method="sendMessage", **fields)
    with pytest.raises(error):
        await bot.send_message(111, "lost")
    await bot.send_message(111, "found")
    assert await texts(api) == ["found"]
    calls = await api.look("/calls?method=sendmessage")
    assert [call.get("fault") for call in calls] == [fields["kind"], None]


async def test_a_429_says_how_long_to_wait(api: Api) -> None:
    await api.act("/faults", method="sendMessage", kind="429", retry_after=7)
    answer = await api.client.post(f"{BASE}/sendMessage", json={"chat_id": 111, "text": "x"})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["parameters"] == {"retry_after": 7}
    assert answer.json()["description"] == "Too Many Requests: retry after 7"


async def test_a_bad_gateway_speaks_html(api: Api) -> None:
    await api.act("/faults", method="*", kind="502")
    answer = await api.client.post(f"{BASE}/getMe")
    assert answer.status_code == 502
    assert "<html>" in answer.text


async def test_garbage_is_no_json(api: Api) -> None:
    await api.act("/faults", method="getMe", kind="garbage")
    answer = await api.client.post(f"{BASE}/getMe")
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


async def test_a_timed_out_message_is_stored_all_the_same(api: Api, bot: Bot) -> None:
    await api.act("/faults", method="sendMessage", kind="timeout")
    with pytest.raises(TimedOut):
        await bot.send_message(111, "doubled", read_timeout=0.2)
    await bot.send_message(111, "doubled")
    assert await texts(api) == ["doubled", "doubled"]


async def test_a_connection_dropped_after_storing_leaves_the_message(api: Api, bot: Bot) -> None:
    await api.act("/faults", method="sendMessage", kind="drop_after")
    with pytest.raises(NetworkError) as caught:
        await bot.send_message(111, "there")
    assert isinstance(caught.value.__cause__, httpx.RemoteProtocolError)
    assert await texts(api) == ["there"]


async def test_a_hanging_call_is_neither_answered_nor_stored(api: Api, bot: Bot) -> None:
    await api.act("/faults", method="sendMessage", kind="hang")
    with pytest.raises(TimedOut):
        await bot.send_message(111, "lost", read_timeout=0.2)
    assert await texts(api) == []


async def test_a_slow_call_is_carried_out_late(api: Api, bot: Bot) -> None:
    await api.act("/faults", method="sendMessage", kind="slow", seconds=0.1)
    await bot.send_message(111, "late")
    assert await texts(api) == ["late"]


async def test_a_fault_counts_its_calls_and_keeps_to_its_chat(api: Api) -> None:
    await api.act("/faults", method="sendMessage", kind="403", count=2, chat_id=222)
    for chat_id, ok in ((111, True), (222, False), (222, False), (222, True)):
        assert (await api.call("sendMessage", chat_id=chat_id, text="x"))["ok"] is ok


async def test_clear_ends_all_faults(api: Api) -> None:
    await api.act("/faults", method="*", kind="500", count=-1)
    assert await api.look("/faults") == [{"method": "*", "kind": "500", "count": -1}]
    for _ in range(3):
        assert not (await api.call("getMe"))["ok"]
    await api.act("/faults", kind="clear")
    assert (await api.call("getMe"))["ok"]


async def test_an_update_no_library_can_parse_is_queued(api: Api, bot: Bot) -> None:
    await api.act("/faults", kind="bad_update")
    with pytest.raises(KeyError):
        await bot.get_updates()
    (update,) = await api.ok("getUpdates")
    assert update["message"] == {"message_id": 1}


async def test_an_unknown_fault_is_refused(api: Api) -> None:
    answer = await api.client.post("/sim/faults", json={"kind": "gremlins"})
    assert answer.status_code == 400
    assert "gremlins" in answer.json()["error"]


async def test_a_held_answer_does_not_hold_up_the_shutdown(api: Api, telegram: Telegram) -> None:
    await api.act("/faults", method="getMe", kind="hang")
    request = api.client.build_request("POST", f"{BASE}/getMe")
    telegram.close()
    with pytest.raises(httpx.RemoteProtocolError):
        await api.client.send(request)
