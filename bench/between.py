"""
Both simulators, with a watch in hand: when a trade was written to TWS' socket, when a message arrived at the Bot API.

Both moments are taken in this one process, by one clock: what a program between the two needs is their difference.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any, cast

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bench.child import TOKEN
from simulator.telegram.bot_api import BotApi
from simulator.telegram.serving import serving
from simulator.telegram.state import Telegram
from simulator.tws.exchange import Exchange
from simulator.tws.quotes import QuoteStream
from simulator.tws.server import TwsServer

_TICK_PRICE, _LAST = b"1", b"4"
_LENGTH = 4
_LOOK_S = 0.02
PATIENCE_S = 30.0


class _Pen:
    """A session's writer that notes when it writes a last price, and passes everything on."""

    def __init__(self, writer: asyncio.StreamWriter, tws: "WatchedTws") -> None:
        self._writer = writer
        self._tws = tws

    def write(self, data: bytes) -> None:
        fields = data[_LENGTH:].split(b"\0", 4)
        if len(fields) > _LENGTH and fields[0] == _TICK_PRICE:
            self._tws.prices += 1
            if fields[3] == _LAST:
                self._tws.written = perf_counter()
        self._writer.write(data)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever a writer has
        return getattr(self._writer, name)


class WatchedTws(TwsServer):
    """A TWS that knows when it last *written* a trade's price to a socket (seconds by `perf_counter`)."""

    written = 0.0
    prices = 0
    """How many prices it has written to sockets."""

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await super()._connected(reader, cast("asyncio.StreamWriter", _Pen(writer, self)))

    def watched(self) -> set[str]:
        """Return the symbols of which some client gets prices."""
        return {stream.book.instrument.key for stream in self._streams() if isinstance(stream, QuoteStream)}


class WatchedTelegram:
    """
    A Telegram that knows when each message *arrived* (seconds by `perf_counter`), before anything was done with it.

    *limits*: it enforces Telegram's published limits.
    """

    def __init__(self, *, limits: bool = False) -> None:
        self.telegram = Telegram(TOKEN, limits=limits)
        self.arrived: list[float] = []
        self.url = ""
        self._api = BotApi(self.telegram)
        self._came = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the moment, and let the Bot API answer."""
        self.arrived.append(perf_counter())
        self._came.set()
        scope["path_params"]["method"] = "sendMessage"
        await self._api(scope, receive, send)

    async def until(self, count: int) -> float:
        """Wait until so many messages have arrived since the start; return when the last of these did."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.arrived) < count:
                self._came.clear()
                await self._came.wait()
        return self.arrived[count - 1]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Listen while the block runs."""
        async with serving(self.telegram, extra_routes=[Route("/bot{token}/sendMessage", self)]) as self.url:
            yield

    def open(self, chats: Iterable[int]) -> None:
        """Let these people have opened their chats with the bot."""
        for chat in chats:
            self.telegram.chats.open_private(chat)


@asynccontextmanager
async def tws(exchange: Exchange, sample_s: float = 0.001) -> AsyncIterator[WatchedTws]:
    """Give a TWS over *exchange* while the block runs."""
    server = WatchedTws(exchange, sample_s=sample_s)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def until_watched(server: WatchedTws, symbols: Iterable[str]) -> None:
    """Wait until somebody watches every one of *symbols*. Raises TimeoutError."""
    wanted = set(symbols)
    async with asyncio.timeout(PATIENCE_S):
        while not wanted <= server.watched():  # noqa: ASYNC110  the simulated TWS tells nobody of it
            await asyncio.sleep(_LOOK_S)
