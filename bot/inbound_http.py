"""
The inbound webhook's door: HTTP/1.1 over plain sockets, for callers that nobody knows.

One request a connection, `POST /hook` alone, everything bounded: the connections, the head, the body, and the time that
all of it may take, however slowly it drips. TLS is the business of a proxy before it (docs/webhook.md).
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import h11

from bot.inbound import Answer

_log = logging.getLogger(__name__)

PATH = "/hook"
_METHOD = b"POST"
_CHUNK = 16 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """
    What one caller may take: *body* and *head* in bytes, *seconds* for the whole request.

    After an answer that came before the body's end, *linger_s* are for the caller to read it. *connections* counts all
    callers.
    """

    body: int = 16 * 1024
    head: int = 8 * 1024
    seconds: float = 5.0
    linger_s: float = 1.0
    connections: int = 64


class _Refused(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


Take = Callable[[bytes], Awaitable[Answer]]


async def serve(
    host: str, port: int, take: Take, *, bounds: Bounds | None = None, opened: Callable[[int], None] | None = None
) -> None:
    """
    Answer on *host*:*port* until cancelled: *take* gets each body. *opened* hears of the port that it became.

    Raises OSError where the address cannot be had.
    """
    door = _Door(take, bounds or Bounds())
    server = await asyncio.start_server(door.on_caller, host, port)
    bound = server.sockets[0].getsockname()[1]
    _log.info("the inbound webhook listens on %s:%s", host, bound)
    if opened is not None:
        opened(bound)
    try:
        await server.serve_forever()
    finally:
        server.close()
        await door.close()


class _Door:
    """Serves callers, each in a task of its own."""

    def __init__(self, take: Take, bounds: Bounds) -> None:
        self._take = take
        self._bounds = bounds
        self._callers: set[asyncio.Task[None]] = set()

    def on_caller(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one; one too many is let go at once."""
        if len(self._callers) >= self._bounds.connections:
            writer.close()
            return
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._callers.add(task)
        task.add_done_callback(self._served)

    async def close(self) -> None:
        """Let go of all callers."""
        callers = tuple(self._callers)
        for task in callers:
            task.cancel()
        await asyncio.gather(*callers, return_exceptions=True)

    def _served(self, task: asyncio.Task[None]) -> None:
        self._callers.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a webhook call failed", exc_info=error)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # Who went away in between is owed nothing.
            with suppress(OSError):
                await self._answered(_Talk(reader, writer, self._bounds))
        finally:
            writer.close()

    async def _answered(self, talk: "_Talk") -> None:
        """Read, do and answer; a caller too slow for that is told so. Raises OSError."""
        try:
            async with asyncio.timeout(self._bounds.seconds):
                body = await talk.body()
        except TimeoutError:
            answer = Answer(408, {"error": "too slow"})
        except _Refused as refused:
            answer = refused.answer
        else:
            # What is being stored is not cut short: the caller's patience is its own affair.
            answer = await self._take(body)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._bounds.seconds):
                await talk.say(answer)
            async with asyncio.timeout(self._bounds.linger_s):
                await talk.outlast()


class _Talk:
    """One connection's request and answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bounds: Bounds) -> None:
        self._reader = reader
        self._writer = writer
        self._bounds = bounds
        self._talk = h11.Connection(h11.SERVER, max_incomplete_event_size=bounds.head)
        self._is_head = False

    async def body(self) -> bytes:
        """Return the request's body. Raises _Refused, OSError."""
        try:
            head = await self._next()
            if not isinstance(head, h11.Request):
                raise ConnectionResetError
            self._is_head = head.method == b"HEAD"
            self._check(head)
            parts = bytearray()
            while isinstance(part := await self._next(), h11.Data):
                parts += part.data
                if len(parts) > self._bounds.body:
                    raise _Refused(Answer(413, {"error": "too large"}))
            if not isinstance(part, h11.EndOfMessage):
                raise ConnectionResetError
        except h11.RemoteProtocolError as error:
            raise _Refused(Answer(error.error_status_hint, {"error": "no HTTP request"})) from None
        return bytes(parts)

    async def say(self, answer: Answer) -> None:
        """Answer, and say that this is all. Raises OSError."""
        body = json.dumps(answer.said).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
            ("Cache-Control", "no-store"),
        ]
        if answer.wait_s:
            headers.append(("Retry-After", str(answer.wait_s)))
        if answer.status == 405:  # noqa: PLR2004  Method Not Allowed, RFC 9110 15.5.6
            headers.append(("Allow", _METHOD.decode()))
        response = h11.Response(status_code=answer.status, headers=headers)
        told = () if self._is_head else (h11.Data(data=body),)
        for event in (response, *told, h11.EndOfMessage()):
            self._writer.write(self._talk.send(event) or b"")
        await self._writer.drain()
        if self._writer.can_write_eof():
            self._writer.write_eof()

    async def outlast(self) -> None:
        """
        Let go of what still comes.

        Closing over unread bytes would take the answer from its reader (RFC 9112, 9.6).
        """
        while await self._reader.read(_CHUNK):
            pass

    def _check(self, head: h11.Request) -> None:
        """Refuse what is not for this door, before its body is read."""
        path = head.target.partition(b"?")[0].decode("latin-1")
        if path.rstrip("/") != PATH:
            raise _Refused(Answer(404, {"error": "not here"}))
        if head.method != _METHOD:
            raise _Refused(Answer(405, {"error": "POST only"}))
        said = dict(head.headers).get(b"content-length", b"0")
        # h11 has refused lengths that are no numbers, or several that differ.
        if int(said) > self._bounds.body:
            raise _Refused(Answer(413, {"error": "too large"}))

    async def _next(self) -> object:
        while (event := self._talk.next_event()) is h11.NEED_DATA:
            if self._talk.they_are_waiting_for_100_continue:
                going_on = h11.InformationalResponse(status_code=100, headers=[])
                self._writer.write(self._talk.send(going_on) or b"")
            self._talk.receive_data(await self._reader.read(_CHUNK))
        return event
