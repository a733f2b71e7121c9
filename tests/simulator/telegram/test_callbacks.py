"""Taps on buttons, and the bot's answers to them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.telegram.clock import ManualClock
    from tests.simulator.telegram.conftest import Api

KEYBOARD = {
    "inline_keyboard": [
        [{"text": "✅ Confirm BUY 10", "callback_data": "c:1", "style": "success"}],
        [{"text": "Cancel", "callback_data": "x:1"}, {"text": "Copy", "copy_text": {"text": "AAPL"}}],
        [{"text": "Chart", "url": "https://example.org/chart"}],
    ]
}
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


async def card(api: Api) -> int:
    message = await api.ok("sendMessage", chat_id=111, text="card", reply_markup=KEYBOARD)
    return int(message["message_id"])


async def press(api: Api, message_id: int, button: str, from_id: int = 111, **fields: Any) -> dict[str, Any]:
    tap = {"from_id": from_id, "message_id": message_id, "button": button, **fields}
    told: dict[str, Any] = await api.act("/chats/111/press", **tap)
    return told


async def test_a_button_is_pressed_by_label_or_by_data(api: Api) -> None:
    message_id = await card(api)
    for name in ("✅ Confirm BUY 10", "c:1"):
        told = await press(api, message_id, name)
        (update,) = await api.updates()
        query = update["callback_query"]
        assert query["id"] == told["callback_query_id"]
        assert query["data"] == "c:1"
        assert query["from"]["id"] == 111
        assert query["chat_instance"]
        assert query["message"]["message_id"] == message_id
        assert query["message"]["reply_markup"] == KEYBOARD


async def test_a_callback_is_answered_once(api: Api) -> None:
    told = await press(api, await card(api), "x:1")
    answer = {"callback_query_id": told["callback_query_id"], "text": "Cancelled", "show_alert": True}
    assert await api.ok("answerCallbackQuery", **answer)
    assert await api.refused("answerCallbackQuery", **answer) == TOO_OLD
    assert await api.refused("answerCallbackQuery", callback_query_id="7") == TOO_OLD
    kept = await api.look(f"/queries/{told['callback_query_id']}")
    assert kept["answer"] == {"text": "Cancelled", "show_alert": True, "url": ""}


async def test_a_callback_is_too_old_after_150_seconds(api: Api, clock: ManualClock) -> None:
    message_id = await card(api)
    early, late = [(await press(api, message_id, "x:1"))["callback_query_id"] for _ in range(2)]
    clock.advance(149)
    await api.ok("answerCallbackQuery", callback_query_id=early)
    clock.advance(1)
    assert await api.refused("answerCallbackQuery", callback_query_id=late) == TOO_OLD
    assert await api.updates() == []


async def test_an_answer_has_200_characters_at_most(api: Api) -> None:
    told = await press(api, await card(api), "x:1")
    answer = {"callback_query_id": told["callback_query_id"]}
    assert await api.refused("answerCallbackQuery", **answer, text="x" * 201) == "Bad Request: MESSAGE_TOO_LONG"
    assert await api.ok("answerCallbackQuery", **answer, text="x" * 200)


async def test_whoever_presses_can_wait_for_the_answer(api: Api) -> None:
    message_id = await card(api)
    tap = asyncio.create_task(press(api, message_id, "x:1", wait=20))
    (update,) = await api.ok("getUpdates", timeout=20)
    await api.ok("answerCallbackQuery", callback_query_id=update["callback_query"]["id"], text="Done")
    assert (await tap)["answer"]["text"] == "Done"


async def test_one_tap_repeated_comes_with_new_ids_each_time(api: Api) -> None:
    told = await press(api, await card(api), "c:1", repeat=10)
    updates = await api.updates()
    assert len({update["update_id"] for update in updates}) == 10
    assert [update["callback_query"]["id"] for update in updates] == told["callback_query_ids"]
    assert len(set(told["callback_query_ids"])) == 10
    assert {update["callback_query"]["data"] for update in updates} == {"c:1"}


async def test_somebody_else_may_press_and_is_named(api: Api) -> None:
    await press(api, await card(api), "c:1", from_id=222)
    (update,) = await api.updates()
    assert update["callback_query"]["from"]["first_name"] == "Tom"
    assert update["callback_query"]["message"]["chat"]["id"] == 111


async def test_a_button_that_is_gone_cannot_be_pressed_but_by_a_modified_client(api: Api) -> None:
    message_id = await card(api)
    await api.ok("editMessageText", chat_id=111, message_id=message_id, text="done")
    tap = {"from_id": 111, "message_id": message_id, "button": "c:1"}
    answer = await api.client.post("/sim/chats/111/press", json=tap)
    assert answer.status_code == 404
    assert "no button 'c:1'" in answer.json()["error"]
    await api.act("/chats/111/press", **tap, force=True, data="c:1")
    (update,) = await api.updates()
    assert update["callback_query"]["data"] == "c:1"
    assert update["callback_query"]["message"]["text"] == "done"


async def test_a_tap_on_a_deleted_message_shows_it_as_inaccessible(api: Api) -> None:
    message_id = await card(api)
    await api.ok("deleteMessage", chat_id=111, message_id=message_id)
    await api.act("/chats/111/press", from_id=111, message_id=message_id, force=True, data="c:1")
    (update,) = await api.updates()
    assert update["callback_query"]["message"]["date"] == 0


async def test_links_and_copies_stay_in_the_app(api: Api) -> None:
    message_id = await card(api)
    assert (await press(api, message_id, "Copy"))["copy_text"] == {"text": "AAPL"}
    assert (await press(api, message_id, "Chart"))["url"] == "https://example.org/chart"
    assert await api.updates() == []


async def test_an_inline_query_gets_its_results(api: Api) -> None:
    ask = asyncio.create_task(api.act("/inline", from_id=111, query="aapl", wait=20))
    (update,) = await api.ok("getUpdates", timeout=20)
    query = update["inline_query"]
    assert (query["query"], query["from"]["id"]) == ("aapl", 111)
    content = {"message_text": "AAPL 196.20"}
    result = {"type": "article", "id": "1", "title": "AAPL", "input_message_content": content}
    twice = await api.refused("answerInlineQuery", inline_query_id=query["id"], results=[result, result])
    assert twice == "Bad Request: RESULT_ID_DUPLICATE"
    await api.ok("answerInlineQuery", inline_query_id=query["id"], results=[result], cache_time=0, is_personal=True)
    answer = (await ask)["answer"]
    assert answer["results"] == [result]
    assert answer["is_personal"]
