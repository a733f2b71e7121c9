"""A local Telegram on a real port, and clients for it."""

from __future__ import annotations

import ssl
import struct
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from telegram import Bot
from telegram.request import HTTPXRequest

from simulator.telegram.clock import ManualClock
from simulator.telegram.server import Telegram
from simulator.telegram.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOKEN = "42:made-up_token-for-tests"
# Nothing here speaks TLS: a context that trusts nobody spares loading the world's certificates for each client.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Api:
    """Raw calls of the Bot API and of the control interface."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call *method* with a JSON body; return the whole envelope."""
        response = await self.client.post(f"/bot{TOKEN}/{method}", json=params)
        return response.json()

    async def ok(self, method: str, **params: Any) -> Any:
        """Call *method*; return the result of a call that must succeed."""
        body = await self.call(method, **params)
        assert body["ok"], body
        return body["result"]

    async def refused(self, method: str, **params: Any) -> str:
        """Call *method*; return the description of a call that must fail."""
        body = await self.call(method, **params)
        assert not body["ok"], body
        return body["description"]

    async def act(self, path: str, **body: Any) -> Any:
        """POST to the control interface; the answer must be a 200."""
        response = await self.client.post(f"/sim{path}", json=body)
        assert response.status_code == 200, response.text
        return response.json()

    async def look(self, path: str) -> Any:
        """GET from the control interface; the answer must be a 200."""
        response = await self.client.get(f"/sim{path}")
        assert response.status_code == 200, response.text
        return response.json()

    async def write(self, text: str, chat_id: int = 111, from_id: int | None = None, **fields: Any) -> Any:
        """Let somebody write."""
        fields["from_id"] = chat_id if from_id is None else from_id
        return await self.act(f"/chats/{chat_id}/messages", text=text, **fields)

    async def updates(self, **params: Any) -> list[dict[str, Any]]:
        """Return the updates waiting, and confirm them."""
        found = await self.ok("getUpdates", **params)
        if found:
            await self.ok("getUpdates", offset=found[-1]["update_id"] + 1)
        return found


def png(width: int = 4, height: int = 3) -> bytes:
    """Return a black picture."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\0" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 20, 15, 42, tzinfo=UTC))


@pytest.fixture
def telegram(clock: ManualClock) -> Telegram:
    return Telegram(TOKEN, clock, limits=False)


@pytest.fixture
async def url(telegram: Telegram) -> AsyncIterator[str]:
    async with serving(telegram) as address:
        yield address


@pytest.fixture
async def api(url: str) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20, verify=NO_TLS) as client:
        yield Api(client)


@pytest.fixture
async def bot(url: str) -> AsyncIterator[Bot]:
    def request() -> HTTPXRequest:
        return HTTPXRequest(httpx_kwargs={"trust_env": False, "verify": NO_TLS})

    bot = Bot(
        TOKEN,
        base_url=f"{url}/bot",
        base_file_url=f"{url}/file/bot",
        request=request(),
        get_updates_request=request(),
    )
    async with bot:
        yield bot


@pytest.fixture
def picture() -> bytes:
    return png()
