"""The inbound webhook over real sockets, for callers that mean no good."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from bot.inbound import Answer
from bot.inbound_http import Bounds, serve

QUICK = Bounds(seconds=0.3, linger_s=0.3, connections=4)


class Server:
    """The door, and what came through it; *answer* is what is said to each."""

    def __init__(self, bounds: Bounds) -> None:
        self.bodies: list[bytes] = []
        self.answer = Answer(200, {"status": "accepted"})
        self.port = 0
        self._bounds = bounds
        self._open = asyncio.Event()

    async def run(self) -> None:
        await serve("127.0.0.1", 0, self._take, bounds=self._bounds, opened=self._opened)

    async def ready(self) -> None:
        await asyncio.wait_for(self._open.wait(), 10)

    def _opened(self, port: int) -> None:
        self.port = port
        self._open.set()

    async def _take(self, body: bytes) -> Answer:
        self.bodies.append(body)
        return self.answer

    async def talk(self, *parts: bytes) -> bytes:
        """Send *parts* and return all that comes until the other side closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for part in parts:
                writer.write(part)
                with suppress(ConnectionError):
                    await writer.drain()
            return await asyncio.wait_for(reader.read(), 10)
        finally:
            writer.close()

    async def post(self, body: bytes, *headers: str, path: str = "/hook", method: str = "POST") -> int:
        """Return the status of one request."""
        lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
        return status_of(await self.talk("\r\n".join([*lines, "", ""]).encode() + body))


def status_of(answer: bytes) -> int:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 "), answer[:200]
    if body:
        json.loads(body)
    return int(head.split()[1])


async def opened(bounds: Bounds) -> AsyncIterator[Server]:
    server = Server(bounds)
    task = asyncio.ensure_future(server.run())
    await server.ready()
    yield server
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async for one in opened(Bounds()):
        yield one


@pytest.fixture
async def quick() -> AsyncIterator[Server]:
    async for one in opened(QUICK):
        yield one


async def test_a_post_is_taken_and_answered(server: Server) -> None:
    assert await server.post(b'{"secret": "x"}') == 200
    assert await server.post(b"", path="/hook?from=tradingview") == 200
    assert server.bodies == [b'{"secret": "x"}', b""]


async def test_a_body_in_chunks_is_one_body(server: Server) -> None:
    head = b"POST /hook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert status_of(await server.talk(head, b"3\r\nabc\r\n", b"2\r\nde\r\n", b"0\r\n\r\n")) == 200
    assert server.bodies == [b"abcde"]


async def test_a_head_that_drips_in_byte_by_byte_is_read(server: Server) -> None:
    request = b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"
    assert status_of(await server.talk(*(request[at : at + 1] for at in range(len(request))))) == 200
    assert server.bodies == [b"ok"]


async def test_who_asks_first_is_told_to_go_on(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert b"100" in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.write(b"ok")
    assert status_of(await asyncio.wait_for(reader.read(), 10)) == 200
    writer.close()


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "POST", 404),
        ("/hook/x", "POST", 404),
        ("/hook", "GET", 405),
        ("/hook", "HEAD", 405),
        ("*", "OPTIONS", 404),
    ],
)
async def test_only_one_thing_can_be_asked(server: Server, path: str, method: str, status: int) -> None:
    assert await server.post(b"", path=path, method=method) == status
    assert server.bodies == []


async def test_the_largest_body_is_taken_and_one_byte_more_is_not(server: Server) -> None:
    largest = Bounds().body
    assert await server.post(b"x" * largest) == 200
    assert await server.post(b"x" * (largest + 1)) == 413
    assert [len(body) for body in server.bodies] == [largest]


async def test_ten_megabytes_are_refused_and_the_refusal_arrives(server: Server) -> None:
    assert await server.post(b"x" * 10_000_000) == 413
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    head = b"POST /hook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert status_of(await server.talk(head, *([chunk] * 160), b"0\r\n\r\n")) == 413
    assert server.bodies == []


async def test_an_endless_head_is_refused(server: Server) -> None:
    assert status_of(await server.talk(b"POST /hook HTTP/1.1\r\nX: ", b"y" * 100_000)) == 431


@pytest.mark.parametrize(
    "said",
    [
        b"\x00" * 100 + b"\r\n\r\n",
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n",
        b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
        b"POST /ho\x00ok HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /hook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_what_is_no_http_is_refused(server: Server, said: bytes) -> None:
    assert status_of(await server.talk(said)) == 400
    assert server.bodies == []


@pytest.mark.parametrize(
    "said", [b"", b"POST /hook HT", b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"]
)
async def test_a_slow_caller_is_let_go(quick: Server, said: bytes) -> None:
    assert status_of(await quick.talk(said)) == 408
    assert quick.bodies == []


async def test_a_caller_that_leaves_in_the_middle_costs_nothing(server: Server) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert await server.post(b"whole") == 200
    assert server.bodies == [b"whole"]


async def test_one_caller_too_many_is_let_go_and_the_others_are_served(quick: Server) -> None:
    async def crawl() -> int:
        with suppress(ConnectionError):
            answer = await quick.talk(b"POST /hook HTTP/1.1\r\n")
            return status_of(answer) if answer else 0
        return 0

    crawled = await asyncio.gather(*(crawl() for _ in range(QUICK.connections + 1)))
    assert sorted(crawled) == [0, *[408] * QUICK.connections]
    assert await quick.post(b"ok") == 200


async def test_when_to_come_again_is_said(server: Server) -> None:
    server.answer = Answer(429, {"error": "too many calls"}, 42)
    answer = await server.talk(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    assert status_of(answer) == 429
    assert b"Retry-After: 42" in answer


async def test_a_taken_port_is_an_error_of_its_own(server: Server) -> None:
    with pytest.raises(OSError, match="address"):
        await serve("127.0.0.1", server.port, server._take)
