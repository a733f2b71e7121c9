"""A web server on the loopback that does as it is told, and ways to reach it that only tests have."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bot.address import UrlFault
from bot.safe_web import Address, Reach

HOST = "hook.example.com"
# Self-signed for HOST, made for these tests, valid from 2020 to 2120; its key protects nothing.
_PEM = Path(__file__).parent / "tls" / "hook.example.com.pem"

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def status(code: int, *headers: str) -> bytes:
    """Return an answer with this status and nothing in it."""
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {code} As Told\r\n{lines}Content-Length: 0\r\n\r\n".encode()


@dataclass
class Got:
    """One request as it came: its path, headers in lower case, body, and the name asked for in TLS."""

    path: str
    headers: dict[str, str]
    body: bytes
    name: str | None


@dataclass
class FakeWeb:
    """
    Answers each request with the next of *plan*, then always with `OK`.

    None in the plan closes without a word; an event keeps the request waiting until it is set, then answers `OK`; a
    number of bytes is an answer that goes on and on for so long.
    """

    is_tls: bool = False
    plan: list[bytes | asyncio.Event | int | None] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _arrivals: asyncio.Queue[Got] = field(default_factory=asyncio.Queue)
    _asked: list[str | None] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        context = None
        if self.is_tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(_PEM)
            context.sni_callback = self._named
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def arrived(self, count: int = 1) -> list[Got]:
        """Wait for the next *count* requests."""
        return [await asyncio.wait_for(self._arrivals.get(), 20) for _ in range(count)]

    def _named(self, _socket: object, name: str | None, _context: object) -> None:
        self._asked.append(name)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._answer(reader, writer)
        finally:
            self._open.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        got = Got(head[0].split()[1], headers, body, self._asked[-1] if self._asked else None)
        self.got.append(got)
        self._arrivals.put_nowait(got)
        step = self.plan.pop(0) if self.plan else OK
        if isinstance(step, asyncio.Event):
            await step.wait()
            step = OK
        if isinstance(step, int):
            await self._pour(writer, step)
        elif step is not None:
            writer.write(step)
            await writer.drain()

    @staticmethod
    async def _pour(writer: asyncio.StreamWriter, count: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % count)
        while count > 0:
            writer.write(b"x" * 65536)
            await writer.drain()
            count -= 65536


def trusting() -> ssl.SSLContext:
    """Return what trusts the fake server's certificate and no other."""
    return ssl.create_default_context(cafile=str(_PEM))


def to_loopback(*, tls: ssl.SSLContext | None = None, allows: Callable[[Address], bool] = lambda _: True) -> Reach:
    """Return a reach for which every name leads to the loopback, and every address may be written."""

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    def check(_url: str) -> UrlFault | None:
        return None

    return Reach(check=check, allows=allows, resolve=resolve, tls=tls)
