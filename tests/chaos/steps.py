"""
A bot that kills itself at a named step: where it asks the disk, Telegram or TWS for something, and where that is done.
Or one that loses its link to TWS there, and lives on.

Steps are counted from the first press of a button on. Each is written to a file by name ("claim asked", "claim done",
"editMessageText asked", "TWS 3 leaves" ...) with how often it came, so that a first run in which nobody dies finds them
all. A message of TWS is named by its number, of which 3 is an order (asked) and an order's status (told).
"""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from bot.inbox import Inbox
from bot.line import LineRequest
from broker.library import library
from storage.sequels import SqlSequels
from storage.writer import Writer

_QUIET = frozenset({"due", "depth"})
_TOLD = frozenset({"3", "5", "11", "59"})


class _Walk:
    def __init__(self, file: Path, last: str, end: Callable[[], None]) -> None:
        self._file = file
        self._last = last
        self._end = end
        self._seen: Counter[str] = Counter()
        self.has_begun = False

    def step(self, what: str) -> None:
        """Take a step; where it is the last, come to the end at once."""
        if not self.has_begun:
            return
        self._seen[what] += 1
        name = f"{what} {self._seen[what]}"
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
        if name == self._last:
            self._end()


class _Link:
    """The socket to TWS, as the library last used it."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._transport: asyncio.Transport | None = None

    def used(self, transport: asyncio.Transport | None) -> None:
        """Note the socket that something leaves by, on the loop that it belongs to."""
        self._loop, self._transport = asyncio.get_running_loop(), transport

    def cut(self) -> None:
        """Cut it, from whatever thread: what is written to it from now on goes nowhere."""
        if self._loop is None or self._transport is None:
            return
        try:
            is_at_home = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            is_at_home = False
        if is_at_home:
            self._transport.abort()
        else:
            self._loop.call_soon_threadsafe(self._transport.abort)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Named:
    """A unit of work for the writer that knows what it is called."""

    def __init__(self, name: str, unit: Callable[[Any], Any]) -> None:
        self.name = name
        self._unit = unit

    def __call__(self, connection: Any) -> Any:
        return self._unit(connection)


def walk(file: Path, last: str = "", *, is_cut: bool = False) -> None:
    """
    Note every step in *file*, and die at the one named *last* ("claim done 1"; "" for none).

    Where *is_cut*, nobody dies there: the link to TWS does.
    """
    link = _Link()
    taken = _Walk(file, last, link.cut if is_cut else _die)
    _from_press(taken)
    _disk(taken)
    _waiting(taken)
    _telegram(taken)
    _tws(taken, link)


def _from_press(taken: _Walk) -> None:
    on_press = Inbox.on_press

    async def pressed(self: Inbox, update: Any, context: Any) -> None:
        taken.has_begun = True
        taken.step("press taken")
        await on_press(self, update, context)

    Inbox.on_press = pressed  # type: ignore[method-assign]


def _disk(taken: _Walk) -> None:
    run, attempt = Writer.run, Writer._attempt

    async def asked(self: Writer, unit: Any) -> Any:
        name = _caller(sys._getframe(1))
        taken.step(f"{name} asked")
        found = await run(self, _Named(name, unit))
        taken.step(f"{name} known")
        return found

    def done(self: Writer, unit: Any) -> Any:
        found = attempt(self, unit)
        taken.step(f"{getattr(unit, 'name', 'write')} done")
        return found

    Writer.run, Writer._attempt = asked, done  # type: ignore[method-assign, assignment]


def _caller(frame: FrameType | None) -> str:
    """Return the repository's method that called: the outermost one within storage/."""
    name = "write"
    while frame is not None and "storage" in frame.f_code.co_filename:
        if frame.f_code.co_name != "_change":
            name = frame.f_code.co_name
        frame = frame.f_back
    return name


def _waiting(taken: _Walk) -> None:
    """Purchases that wait are no orders yet: they are written beside the durable writer."""
    for name in ("offered", "reminded", "drop"):
        setattr(SqlSequels, name, _around(taken, f"sequel {name}", getattr(SqlSequels, name)))


def _around(taken: _Walk, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    async def noted(*given: Any, **more: Any) -> Any:
        taken.step(f"{name} asked")
        found = await method(*given, **more)
        taken.step(f"{name} known")
        return found

    return noted


def _telegram(taken: _Walk) -> None:
    do_request = LineRequest.do_request

    async def asked(self: LineRequest, url: str, *given: Any, **more: Any) -> Any:
        method = url.rpartition("/")[2]
        taken.step(f"{method} asked")
        found = await do_request(self, url, *given, **more)
        taken.step(f"{method} answered")
        return found

    LineRequest.do_request = asked  # type: ignore[method-assign]


def _tws(taken: _Walk, link: _Link) -> None:
    connection, decoder = library.connection.Connection, library.decoder.Decoder
    send, interpret = connection.sendMsg, decoder.interpret

    def sent(self: Any, message: bytes) -> None:
        link.used(self.transport)
        number = message[4:].partition(b"\0")[0].decode(errors="replace")
        taken.step(f"TWS {number} leaves")
        send(self, message)
        taken.step(f"TWS {number} left")

    def told(self: Any, fields: list[str]) -> None:
        if fields and fields[0] in _TOLD:
            taken.step(f"TWS tells {fields[0]}")
        interpret(self, fields)

    connection.sendMsg, decoder.interpret = sent, told
