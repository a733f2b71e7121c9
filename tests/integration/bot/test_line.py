"""Requests to the Bot API over our own connections, to a web server that does as it is told."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import h11
import httpx
import pytest
from telegram import Bot, InputFile
from telegram.error import NetworkError, TimedOut

from bot.errors import DeliveryUnknown, RetryLater
from bot.line import Head, LineRequest
from bot.verdict import judged
from tests.fakes.eventually import eventually
from tests.fakes.web import HOST, OK, FakeWeb, trusting

TOKEN = "42:a-token-that-nobody-knows"
BODY = b'{"ok":true,"result":true}'
TRUE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
PARTS = b"5\r\n" + BODY[:5] + b"\r\n14\r\n" + BODY[5:] + b"\r\n0\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + PARTS
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\n\r\n" + BODY


@pytest.fixture(autouse=True)
def without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@asynccontextmanager
async def requesting(connections: int = 2, **limits: float) -> AsyncIterator[LineRequest]:
    given = {"connect_s": 20.0, "read_s": 20.0, "room_s": 20.0} | limits
    request = LineRequest(connections, tls=trusting(), **given)
    await request.initialize()
    try:
        yield request
    finally:
        await request.shutdown()


async def asked(request: LineRequest, web: FakeWeb, method: str = "getMe") -> bytes:
    _, body = await request.do_request(f"http://127.0.0.1:{web.port}/bot{TOKEN}/{method}", "POST")
    return body


async def test_a_message_arrives_as_it_was_meant() -> None:
    async with FakeWeb(plan=[TRUE]) as web, requesting() as request:
        bot = Bot(TOKEN, base_url=f"http://127.0.0.1:{web.port}/bot", request=request)
        assert await bot.set_chat_title(-100, "a & b = ü ▲")
        [got] = await web.arrived()
    assert got.path == f"/bot{TOKEN}/setChatTitle"
    assert got.headers["host"] == f"127.0.0.1:{web.port}"
    assert dict(httpx.QueryParams(got.body.decode())) == {"chat_id": "-100", "title": "a & b = ü ▲"}


@pytest.mark.parametrize("answer", [TRUE, CHUNKED, UNTIL_CLOSED, b"HTTP/1.1 100 Continue\r\n\r\n" + TRUE])
async def test_an_answer_may_have_any_form_that_http_has(answer: bytes) -> None:
    async with FakeWeb(plan=[answer]) as web, requesting() as request:
        assert await asked(request, web) == BODY


async def test_a_status_is_handed_on_with_its_body() -> None:
    refused = b'{"ok":false,"description":"Too Many"}'
    head = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: %d\r\n\r\n" % len(refused)
    async with FakeWeb(plan=[head + refused]) as web, requesting() as request:
        url = f"http://127.0.0.1:{web.port}/bot{TOKEN}/getMe"
        assert await request.do_request(url, "POST") == (429, refused)


class Keeping:
    """A server that keeps its connections, and answers whatever it is asked; counted are its connections."""

    def __init__(self, *, after: bytes = b"", closes: bool = False) -> None:
        self.connections = 0
        self.asked = 0
        self.ends = asyncio.Event()
        self._after = after
        self._closes = closes

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.asked += 1
                writer.write(TRUE)
                await writer.drain()
                if self._closes:
                    break
                if self._after:
                    await self.ends.wait()
                    writer.write(self._after)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        server.close()


async def test_one_connection_serves_many_questions() -> None:
    server = Keeping()
    async with server.listening() as url, requesting() as request:
        for _ in range(5):
            assert await request.do_request(url, "POST") == (200, BODY)
    assert (server.connections, server.asked) == (1, 5)


async def test_questions_at_once_have_a_connection_each_up_to_the_most() -> None:
    server = Keeping()
    async with server.listening() as url, requesting(2) as request:
        answers = await asyncio.gather(*(request.do_request(url, "POST") for _ in range(8)))
    assert answers == [(200, BODY)] * 8
    assert server.connections == 2


async def test_a_connection_that_the_server_closed_meanwhile_is_not_asked() -> None:
    server = Keeping(closes=True)
    async with server.listening() as url, requesting() as request:
        assert await request.do_request(url, "POST") == (200, BODY)
        await eventually(lambda: not any(line.is_open for line in request._idle))
        assert await request.do_request(url, "POST") == (200, BODY)
    assert server.connections == 2


async def test_what_comes_without_a_question_is_taken_for_no_answer() -> None:
    stray = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"
    server = Keeping(after=stray)
    async with server.listening() as url, requesting() as request:
        assert await request.do_request(url, "POST") == (200, BODY)
        server.ends.set()
        await eventually(lambda: not any(line.is_open for line in request._idle))
        assert await request.do_request(url, "POST") == (200, BODY)
    assert server.connections == 2


async def test_what_comes_behind_an_answer_is_taken_for_no_answer_either() -> None:
    async with FakeWeb(plan=[TRUE + OK, TRUE]) as web, requesting() as request:
        assert await asked(request, web) == BODY
        assert await asked(request, web) == BODY
    assert web.connections == 2


async def test_where_nobody_listens_nothing_was_sent() -> None:
    async with FakeWeb() as web:
        pass
    async with requesting() as request:
        with pytest.raises(RetryLater):
            await judged(asked(request, web))


async def test_without_an_answer_nobody_knows_whether_it_arrived() -> None:
    async with FakeWeb(plan=[None]) as web, requesting() as request:
        with pytest.raises(DeliveryUnknown):
            await judged(asked(request, web))


@pytest.mark.parametrize("answer", [b"nonsense\r\n\r\n", TRUE[:-3], b"HTTP/1.1 200 OK\r\nContent-Len"])
async def test_a_broken_answer_is_none(answer: bytes) -> None:
    async with FakeWeb(plan=[answer, TRUE]) as web, requesting() as request:
        with pytest.raises(NetworkError):
            await asked(request, web)
        assert await asked(request, web) == BODY


async def test_an_answer_that_does_not_come_in_time_is_given_up_with_its_connection() -> None:
    late = asyncio.Event()
    async with FakeWeb(plan=[late, late]) as web, requesting(1, read_s=0.05) as request:
        with pytest.raises(TimedOut):
            await asked(request, web)
        with pytest.raises(DeliveryUnknown):
            await judged(asked(request, web))
        await eventually(lambda: web.connections == 2)


async def test_who_gets_no_connection_in_time_has_sent_nothing() -> None:
    never = asyncio.Event()
    async with FakeWeb(plan=[never]) as web, requesting(1, room_s=0.05) as request:
        first = asyncio.ensure_future(asked(request, web))
        await web.arrived()
        with pytest.raises(RetryLater):
            await judged(asked(request, web))
        never.set()
        await first
    assert len(web.got) == 1


async def test_a_question_that_is_cancelled_leaves_no_answer_for_the_next() -> None:
    held = asyncio.Event()
    async with FakeWeb(plan=[held, TRUE]) as web, requesting(1) as request:
        first = asyncio.ensure_future(asked(request, web))
        await web.arrived()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        held.set()
        assert await asked(request, web) == BODY


async def test_over_tls_only_who_is_trusted_is_asked() -> None:
    async with FakeWeb(is_tls=True, plan=[TRUE]) as web, requesting() as request:
        # The certificate is that of another name than the address's.
        with pytest.raises(RetryLater):
            await judged(request.do_request(f"https://127.0.0.1:{web.port}/bot{TOKEN}/getMe", "POST"))
    assert web.got == []


async def test_over_tls_the_name_is_told_and_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    found = loop.getaddrinfo

    async def to_loopback(_host: str, port: int, **more: int) -> object:
        return await found("127.0.0.1", port, **more)

    monkeypatch.setattr(loop, "getaddrinfo", to_loopback)
    async with FakeWeb(is_tls=True, plan=[TRUE]) as web, requesting() as request:
        assert await request.do_request(f"https://{HOST}:{web.port}/bot{TOKEN}/getMe", "POST") == (200, BODY)
        [got] = await web.arrived()
    assert got.name == HOST


async def test_files_go_too() -> None:
    told = b'{"ok":true,"result":{"message_id":7,"date":0,"chat":{"id":1,"type":"private"}}}'
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(told) + told
    async with FakeWeb(plan=[answer]) as web, requesting() as request:
        bot = Bot(TOKEN, base_url=f"http://127.0.0.1:{web.port}/bot", request=request)
        sent = await bot.send_document(1, InputFile(b"a,b\n1,2\n", "alerts.csv"))
        [got] = await web.arrived()
    assert sent.message_id == 7
    assert b"a,b\n1,2\n" in got.body
    assert got.headers["content-type"].startswith("multipart/form-data")


async def test_where_a_proxy_is_set_the_question_goes_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeWeb(plan=[TRUE]) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "")
        async with requesting() as request:
            _, body = await request.do_request(f"http://api.example.com/bot{TOKEN}/getMe", "POST")
        [got] = await proxy.arrived()
    assert body == BODY
    assert got.path == f"http://api.example.com/bot{TOKEN}/getMe"


@pytest.mark.parametrize("body", [b"", b"chat_id=1&text=%F0%9F%94%94"])
def test_what_is_written_by_hand_is_what_h11_writes(body: bytes) -> None:
    head = Head(urlsplit(f"https://api.example.com:8443/bot{TOKEN}/sendMessage"))
    talk = h11.Connection(h11.CLIENT)
    parts = (head.of(body), h11.Data(body), h11.EndOfMessage())
    assert head.before(body) == b"".join(talk.send(part) or b"" for part in parts)


FIRST_PICTURE = """
import asyncio, sys
from telegram import Bot
from telegram.error import NetworkError
from bot.line import Head, LineRequest

async def main():
    request = LineRequest(1, connect_s=1, read_s=1, room_s=1)
    await request.initialize()
    known = set(sys.modules)
    bot = Bot("1:token", base_url="http://127.0.0.1:9/bot", request=request)
    try:
        await bot.send_photo(1, b"picture")
    except NetworkError:
        pass
    print(sorted(set(sys.modules) - known))

asyncio.run(main())
"""


def test_the_first_picture_imports_nothing_more_as_the_loop_stands_still_meanwhile() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST_PICTURE], capture_output=True, text=True, check=True)  # noqa: S603  our own words
    assert done.stdout.strip() == "[]"
