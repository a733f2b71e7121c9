"""Edits and deletions keep Telegram's rules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.telegram.clock import ManualClock
    from tests.simulator.telegram.conftest import Api

BASE = "/bot42:made-up_token-for-tests"
KEYBOARD = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}


async def send(api: Api, **fields: Any) -> dict[str, Any]:
    message: dict[str, Any] = await api.ok("sendMessage", chat_id=111, text="before", **fields)
    return {"chat_id": 111, "message_id": message["message_id"]}


async def test_an_edit_drops_the_keyboard_when_none_is_given(api: Api) -> None:
    where = await send(api, reply_markup=KEYBOARD)
    kept = await api.ok("editMessageText", **where, text="during", reply_markup=KEYBOARD)
    assert kept["reply_markup"] == KEYBOARD
    dropped = await api.ok("editMessageText", **where, text="after")
    assert "reply_markup" not in dropped
    assert dropped["edit_date"]


async def test_an_edit_without_a_change_is_refused(api: Api) -> None:
    where = await send(api, reply_markup=KEYBOARD)
    description = await api.refused("editMessageText", **where, text=" before ", reply_markup=KEYBOARD)
    assert description == (
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
        "as a current content and reply markup of the message"
    )
    assert "not modified" in await api.refused("editMessageReplyMarkup", **where, reply_markup=KEYBOARD)
    await api.ok("editMessageText", **where, text="<b>before</b>", parse_mode="HTML", reply_markup=KEYBOARD)
    await api.ok("editMessageReplyMarkup", **where)
    assert "not modified" in await api.refused("editMessageReplyMarkup", **where)


async def test_a_new_keyboard_alone_does_not_mark_the_message_as_edited(api: Api) -> None:
    where = await send(api)
    message = await api.ok("editMessageReplyMarkup", **where, reply_markup=KEYBOARD)
    assert message["reply_markup"] == KEYBOARD
    assert "edit_date" not in message


async def test_a_picture_comes_to_a_text_but_never_goes_back(api: Api, picture: bytes) -> None:
    where = await send(api, reply_markup=KEYBOARD)
    media = {"type": "photo", "media": "attach://chart", "caption": "<b>AAPL</b>", "parse_mode": "HTML"}
    answer = await api.client.post(
        f"{BASE}/editMessageMedia", data={**where, "media": json.dumps(media)}, files={"chart": ("c.png", picture)}
    )
    message = answer.json()["result"]
    assert message["message_id"] == where["message_id"]
    assert message["caption"] == "AAPL"
    assert message["caption_entities"] == [{"type": "bold", "offset": 0, "length": 4}]
    assert (message["photo"][-1]["width"], message["photo"][-1]["height"]) == (4, 3)
    assert "text" not in message
    assert await api.refused("editMessageText", **where, text="back") == (
        "Bad Request: there is no text in the message to edit"
    )
    captioned = await api.ok("editMessageCaption", **where, caption="MSFT")
    assert captioned["photo"] == message["photo"]
    assert captioned["caption"] == "MSFT"
    assert "caption_entities" not in captioned
    again = {"type": "photo", "media": message["photo"][-1]["file_id"], "caption": "MSFT"}
    assert "not modified" in await api.refused("editMessageMedia", **where, media=again)


async def test_a_text_has_no_caption_to_edit(api: Api) -> None:
    where = await send(api)
    assert await api.refused("editMessageCaption", **where, caption="x") == (
        "Bad Request: there is no caption in the message to edit"
    )


async def test_what_is_not_there_or_not_the_bots_cannot_be_edited(api: Api) -> None:
    hers = await api.write("mine")
    assert await api.refused("editMessageText", chat_id=111, message_id=hers["message_id"], text="x") == (
        "Bad Request: message can't be edited"
    )
    assert await api.refused("editMessageText", chat_id=111, message_id=77, text="x") == (
        "Bad Request: message to edit not found"
    )
    assert await api.refused("editMessageText", chat_id=111, text="x") == (
        "Bad Request: message identifier is not specified"
    )
    where = await send(api)
    assert await api.refused("editMessageText", **where, text="x", reply_markup={"force_reply": True}) == (
        "Bad Request: inline keyboard expected"
    )


async def test_messages_can_be_deleted_for_48_hours(api: Api, clock: ManualClock) -> None:
    old, young = await send(api), await send(api)
    clock.advance(48 * 3600 - 1)
    assert await api.ok("deleteMessage", **young)
    assert await api.refused("deleteMessage", **young) == "Bad Request: message to delete not found"
    clock.advance(1)
    assert await api.refused("deleteMessage", **old) == "Bad Request: message can't be deleted"
    assert await api.ok("deleteMessages", chat_id=111, message_ids=[old["message_id"], 77])
    assert len(await api.look("/chats/111/messages")) == 1
    # Edits know no such limit.
    await api.ok("editMessageText", **old, text="still")


async def test_pins_are_seen_in_the_chat_and_removed_again(api: Api) -> None:
    where = await send(api)
    await api.ok("pinChatMessage", **where)
    assert (await api.ok("getChat", chat_id=111))["pinned_message"]["text"] == "before"
    assert await api.refused("pinChatMessage", chat_id=111, message_id=77) == "Bad Request: message to pin not found"
    await api.ok("unpinChatMessage", chat_id=111)
    assert "pinned_message" not in await api.ok("getChat", chat_id=111)
    assert await api.refused("unpinChatMessage", chat_id=111) == "Bad Request: message to unpin not found"


async def test_the_bot_reacts_with_a_known_emoji(api: Api) -> None:
    where = await send(api)
    await api.ok("setMessageReaction", **where, reaction=[{"type": "emoji", "emoji": "👍"}])
    assert (await api.look("/chats/111/messages"))[0]["reactions"][0]["emoji"] == "👍"
    unknown = [{"type": "emoji", "emoji": "🔔"}]
    assert await api.refused("setMessageReaction", **where, reaction=unknown) == "Bad Request: REACTION_INVALID"
    assert await api.refused("setMessageReaction", chat_id=111, message_id=77) == (
        "Bad Request: message to react not found"
    )
