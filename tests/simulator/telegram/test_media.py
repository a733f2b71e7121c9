"""Pictures, files and albums."""

from __future__ import annotations

import json
import struct
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from matplotlib.figure import Figure
from telegram import InputMediaDocument, InputMediaPhoto
from telegram.error import BadRequest

from simulator.telegram.files import dimensions

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram import Bot

    from tests.simulator.telegram.conftest import Api

BASE = "/bot42:made-up_token-for-tests"


async def test_a_photo_carries_caption_buttons_and_bytes(api: Api, bot: Bot, picture: bytes) -> None:
    message = await bot.send_photo(111, picture, caption="<i>AAPL</i> 🔔", parse_mode="HTML", filename="chart.png")
    assert message.caption == "AAPL 🔔"
    photo = message.photo[-1]
    assert (photo.width, photo.height, photo.file_size) == (4, 3, len(picture))
    file = await bot.get_file(photo.file_id)
    assert bytes(await file.download_as_bytearray()) == picture
    shown = await api.client.get(f"/sim/files/{photo.file_id}")
    assert shown.content == picture
    assert shown.headers["content-type"] == "image/png"
    again = await bot.send_photo(222, photo.file_id)
    assert again.photo[-1].file_id == photo.file_id


async def test_a_document_keeps_its_name_and_is_a_download(api: Api, bot: Bot) -> None:
    message = await bot.send_document(111, b"a,b\n", filename="trades.csv", caption="Trades")
    assert message.document is not None
    assert message.document.file_name == "trades.csv"
    shown = await api.client.get(f"/sim/files/{message.document.file_id}")
    assert shown.headers["content-disposition"] == 'attachment; filename="trades.csv"'


async def test_an_album_is_sent_whole_or_not_at_all(api: Api, bot: Bot, picture: bytes) -> None:
    album = await bot.send_media_group(111, [InputMediaPhoto(picture, caption="one"), InputMediaPhoto(picture)])
    assert len({message.media_group_id for message in album}) == 1
    assert album[0].caption == "one"
    with pytest.raises(BadRequest, match="album"):
        await bot.send_media_group(111, [InputMediaPhoto(picture), InputMediaDocument(b"x", filename="x.txt")])
    assert len(await api.look("/chats/111/messages")) == 2


async def test_a_picture_replaces_another(bot: Bot, picture: bytes, api: Api) -> None:
    message = await bot.send_photo(111, picture, caption="before")
    edited = await bot.edit_message_media(InputMediaPhoto(picture, caption="after"), 111, message.message_id)
    assert not isinstance(edited, bool)
    assert edited.caption == "after"
    assert edited.photo[-1].file_id != message.photo[-1].file_id
    assert len(await api.look("/chats/111/messages")) == 1


def png_head(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", width, height)


@pytest.mark.parametrize(
    ("content", "description"),
    [
        (b"no picture", "Bad Request: IMAGE_PROCESS_FAILED"),
        (png_head(2100, 100), "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        (png_head(6000, 6000), "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        (png_head(10, 10) + bytes(10 * 1024 * 1024), "Bad Request: file is too big"),
        (b"", "Bad Request: file must be non-empty"),
    ],
)
async def test_what_is_no_photo_is_refused(api: Api, content: bytes, description: str) -> None:
    files = {"photo": ("chart.png", content)}
    answer = await api.client.post(f"{BASE}/sendPhoto", data={"chat_id": "111"}, files=files)
    assert answer.json()["description"] == description


@pytest.mark.parametrize(
    ("method", "params", "description"),
    [
        ("sendPhoto", {}, "Bad Request: there is no photo in the request"),
        ("sendPhoto", {"photo": "attach://none"}, "Bad Request: there is no photo in the request"),
        ("sendDocument", {}, "Bad Request: there is no document in the request"),
        ("sendPhoto", {"photo": "https://example.org/x.png"}, "Bad Request: failed to get HTTP URL content"),
        ("sendPhoto", {"photo": "unknown"}, "Bad Request: wrong file identifier/HTTP URL specified"),
        ("sendPhoto", {"photo": "x", "caption": "x" * 1025}, "Bad Request: message caption is too long"),
        ("sendMediaGroup", {"media": []}, "Bad Request: album must have between 2 and 10 items"),
    ],
)
async def test_media_that_is_not_there_is_refused(
    api: Api, method: str, params: dict[str, Any], description: str
) -> None:
    assert await api.refused(method, chat_id=111, **params) == description


async def test_a_document_is_no_photo(api: Api, bot: Bot) -> None:
    message = await bot.send_document(111, b"x", filename="x.txt")
    assert message.document is not None
    description = await api.refused("sendPhoto", chat_id=111, photo=message.document.file_id)
    assert description == "Bad Request: can't use file of type Document as Photo"
    media = json.dumps({"type": "video", "media": message.document.file_id})
    assert "unsupported" in await api.refused("editMessageMedia", chat_id=111, message_id=1, media=media)


@pytest.mark.parametrize("layout", ["png", "jpg"])
def test_pictures_are_measured(layout: str, figure: Callable[[str], bytes]) -> None:
    assert dimensions(figure(layout)) == (320, 180)


def test_other_files_measure_nothing() -> None:
    assert dimensions(b"GIF89a" + struct.pack("<HH", 7, 5)) == (7, 5)
    for content in (b"", b"\xff\xd8", b"%PDF-1.7"):
        assert dimensions(content) == (0, 0)


@pytest.fixture
def figure() -> Callable[[str], bytes]:
    def drawn(layout: str) -> bytes:
        buffer = BytesIO()
        Figure(figsize=(3.2, 1.8), dpi=100).savefig(buffer, format=layout)
        return buffer.getvalue()

    return drawn
