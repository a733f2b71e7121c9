"""
Requests to the Bot API over connections of our own, in HTTP/1.1 as h11 writes and reads it.

PTB's own request is httpx on httpcore on anyio, which is at work for 1.7 ms with a message, half of all that stands
between a tick and the phone; this takes a fifth of that (docs/adr/0010). What is no plain POST (files, downloads), and
all where a proxy is set, goes PTB's way.
"""

import asyncio
import ssl
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit
from urllib.request import getproxies

import anyio.lowlevel
import h11
import httpx
from telegram.error import NetworkError, TimedOut
from telegram.request import HTTPXRequest, RequestData

Answer = tuple[int, bytes]
"""Status and body."""

_PORTS = {"http": 80, "https": 443}
_HAPPY_EYEBALLS_S = 0.25
# As httpx: Telegram may have closed what was idle for longer, and says so too late.
_KEPT_S = 5.0
_FILE_S = 60.0


class Head:
    """What stands before each question to one address, made once."""

    def __init__(self, url: SplitResult) -> None:
        self._target = url.path
        self._headers = [
            ("Host", url.netloc),
            ("User-Agent", HTTPXRequest.USER_AGENT),
            ("Accept", "*/*"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ]
        lines = (f"{name}: {said}" for name, said in self._headers)
        self._bytes = "\r\n".join((f"POST {self._target} HTTP/1.1", *lines, "Content-Length: ")).encode("ascii")

    def before(self, body: bytes) -> bytes:
        """Return the question with *body*, as it goes over the line."""
        return b"%b%d\r\n\r\n%b" % (self._bytes, len(body), body)

    def of(self, body: bytes) -> h11.Request:
        """Return the same head, as h11 knows it."""
        size = ("Content-Length", str(len(body)))
        return h11.Request(method="POST", target=self._target, headers=[*self._headers, size])


class Line(asyncio.Protocol):
    """
    One connection, on which one question is asked at a time.

    Whatever comes while nobody asks is no answer: then, and after anything odd, the line is closed for good.
    """

    def __init__(self) -> None:
        self._talk = h11.Connection(h11.CLIENT)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._status = 0
        self._body: list[bytes] = []
        self.idle_since = 0.0

    @property
    def is_open(self) -> bool:
        """Whether a question may be asked."""
        is_ready = self._talk.our_state is h11.IDLE
        return is_ready and self._transport is not None and not self._transport.is_closing()

    async def ask(self, head: Head, body: bytes, limit_s: float) -> Answer:
        """Ask, and return the answer. Raises httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError."""
        assert self._transport is not None  # noqa: S101  whoever has a line has it connected
        talk, self._status, self._body = self._talk, 0, []
        loop = asyncio.get_running_loop()
        self._answer = answer = loop.create_future()
        self._transport.write(head.before(body))
        # h11 must know what was asked to read the answer. It takes 0.3 ms to write it, and nobody waits for that now.
        for part in (head.of(body), h11.Data(body), h11.EndOfMessage()):
            talk.send(part)
        try:
            async with asyncio.timeout(limit_s):
                found: Answer = await answer
                return found
        except TimeoutError as error:
            raise httpx.ReadTimeout("") from error
        finally:
            self._answer = None
            is_clean = talk.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE} and not talk.trailing_data[0]
            if is_clean:
                talk.start_next_cycle()
                self.idle_since = loop.time()
            else:
                self.close()

    def close(self) -> None:
        """Close, at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  asyncio's, of a stream
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take in a part of the answer."""
        if self._answer is None or self._answer.done():
            self.close()
            return
        try:
            self._read(self._answer, data)
        except h11.RemoteProtocolError as error:
            self._fail(httpx.RemoteProtocolError(str(error)))

    def eof_received(self) -> None:
        """Take in that nothing more comes, which may be the end of the answer."""
        self.data_received(b"")

    def connection_lost(self, error: Exception | None) -> None:
        """Take in that the connection is gone."""
        self._fail(httpx.ReadError(str(error or "the connection was closed")))

    def _read(self, answer: asyncio.Future[Answer], data: bytes) -> None:
        self._talk.receive_data(data)
        while not answer.done():
            match self._talk.next_event():
                case h11.Response(status_code=status):
                    self._status = status
                case h11.Data(data=part):
                    self._body.append(bytes(part))
                case h11.EndOfMessage():
                    answer.set_result((self._status, b"".join(self._body)))
                case h11.NEED_DATA:
                    return

    def _fail(self, error: httpx.HTTPError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


class LineRequest(HTTPXRequest):
    """
    PTB's way to the Bot API, over lines of our own.

    *connections* at most are open at a time; the limits are those to be connected, of an answer, and of the wait for
    one of these, where PTB gives no other. *tls* is what https addresses are trusted by.
    """

    def __init__(
        self, connections: int, *, connect_s: float, read_s: float, room_s: float, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(
            connection_pool_size=connections,
            connect_timeout=connect_s,
            read_timeout=read_s,
            write_timeout=read_s,
            pool_timeout=room_s,
            media_write_timeout=_FILE_S,
        )
        self._connect_s, self._read_s, self._room_s = connect_s, read_s, room_s
        self._tls = tls
        self._room = asyncio.Semaphore(connections)
        self._idle: list[Line] = []
        self._is_proxied = bool(getproxies())

    async def initialize(self) -> None:
        """Begin, and have everything imported that PTB's way needs: with the first picture it is 24 ms in one go."""
        await super().initialize()
        await anyio.lowlevel.checkpoint()

    async def shutdown(self) -> None:
        """Close all lines."""
        while self._idle:
            self._idle.pop().close()
        await super().shutdown()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = HTTPXRequest.DEFAULT_NONE,  # noqa: ANN401  PTB's own type is private
        write_timeout: Any = HTTPXRequest.DEFAULT_NONE,  # noqa: ANN401
        connect_timeout: Any = HTTPXRequest.DEFAULT_NONE,  # noqa: ANN401
        pool_timeout: Any = HTTPXRequest.DEFAULT_NONE,  # noqa: ANN401
    ) -> Answer:
        """Return the answer's status and body. Raises TimedOut, NetworkError, whose cause is httpx's, as PTB's does."""
        if self._is_proxied or method != "POST" or (request_data is not None and request_data.contains_files):
            return await super().do_request(
                url, method, request_data, read_timeout, write_timeout, connect_timeout, pool_timeout
            )
        form = urlencode(request_data.json_parameters).encode() if request_data is not None else b""
        # PTB says "as you are made" by an object of its own.
        read_s = read_timeout if isinstance(read_timeout, int | float) else self._read_s
        connect_s = connect_timeout if isinstance(connect_timeout, int | float) else self._connect_s
        try:
            return await self._exchanged(*_address(url), form, read_s, connect_s)
        except httpx.TimeoutException as error:
            raise TimedOut from error
        except httpx.HTTPError as error:
            raise NetworkError(f"httpx.{type(error).__name__}: {error}") from error

    async def _exchanged(self, url: SplitResult, head: Head, form: bytes, read_s: float, connect_s: float) -> Answer:
        try:
            if self._room.locked():
                async with asyncio.timeout(self._room_s):
                    await self._room.acquire()
            else:
                await self._room.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout("") from error
        try:
            line = self._spare() or await self._opened(url, connect_s)
            answer = await line.ask(head, form, read_s)
        finally:
            self._room.release()
        if line.is_open:
            self._idle.append(line)
        return answer

    def _spare(self) -> Line | None:
        """Return the line that was used last, closing those that have been idle for long; None where there is none."""
        now = asyncio.get_running_loop().time()
        kept = []
        for line in self._idle:
            if line.is_open and now - line.idle_since < _KEPT_S:
                kept.append(line)
            else:
                line.close()
        self._idle = kept
        return kept.pop() if kept else None

    async def _opened(self, url: SplitResult, limit_s: float) -> Line:
        """Return a new line. Raises httpx.ConnectTimeout, httpx.ConnectError: nothing was sent."""
        is_tls = url.scheme == "https"
        port = url.port or _PORTS[url.scheme]
        try:
            async with asyncio.timeout(limit_s):
                _, line = await asyncio.get_running_loop().create_connection(
                    Line,
                    url.hostname or "",
                    port,
                    ssl=(self._tls or True) if is_tls else None,
                    happy_eyeballs_delay=_HAPPY_EYEBALLS_S,
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout("") from error
        except OSError as error:
            raise httpx.ConnectError(str(error)) from error
        return line


@lru_cache(maxsize=64)
def _address(url: str) -> tuple[SplitResult, Head]:
    parts = urlsplit(url)
    return parts, Head(parts)
