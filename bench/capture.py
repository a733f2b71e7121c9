"""
What TWS sends for many moving symbols, captured from the simulated TWS by the library itself.

Two clients watch the same symbols: the bot's own feed, and the bare library. Each keeps the bytes that it was sent, and
is played them again with nothing in between but its own reading.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from bench.listing import exchange_with
from broker.call import link_of
from broker.library import IB, Contract
from broker.market_data import IbTickFeed
from broker.session import IbAddress, IbSession
from market.clock import SystemClock
from market.instrument import Instrument
from market.quote import Tick
from simulator.tws.exchange import Exchange
from simulator.tws.instrument import Instrument as Listed
from simulator.tws.server import TwsServer

_HOST = "127.0.0.1"
_SAMPLE_S = 0.001
# TWS takes 50 requests a second, and counts them by another second than the library that sends 45.
_REQUESTS_A_SECOND = 25
_QUIET_S = 0.03
_PATIENCE_S = 60.0
# Some frames come together in one network read; both sides get them in reads of the same size.
_FRAMES_A_READ = 40
# The price takes these steps of a cent around where it began.
_SWING = 20


class Client:
    """One client of TWS: the library's connection, and the network reads that it was sent while prices moved."""

    def __init__(self, ib: IB) -> None:
        self._ib = ib
        self._received = bytearray()
        self.reads: list[bytes] = []
        self.frames = 0
        ib.client.conn.hasData += self._take

    @property
    def received(self) -> int:
        """How many bytes were received since `forget`."""
        return len(self._received)

    def forget(self) -> None:
        """Drop what was received up to now."""
        self._received.clear()

    def keep(self) -> None:
        """Cut what was received into reads of whole frames."""
        self._ib.client.conn.hasData.disconnect(self._take)
        frames = _frames(bytes(self._received))
        self.frames = len(frames)
        self.reads = [b"".join(frames[at : at + _FRAMES_A_READ]) for at in range(0, len(frames), _FRAMES_A_READ)]

    def play(self) -> None:
        """Hand the library its bytes again, as its socket does."""
        # What the socket calls: that is where the bytes come in.
        take: Callable[[bytes], None] = self._ib.client._onSocketHasData  # noqa: SLF001  it has no other name
        for read in self.reads:
            take(read)

    def _take(self, data: bytes) -> None:
        self._received += data


@asynccontextmanager
async def captured(
    over: Sequence[Instrument], price: float, moves: int, sink: Callable[[Sequence[Tick]], None]
) -> AsyncIterator[tuple[Client, Client]]:
    """
    Give the bot's client and the bare library's, each with what *moves* rounds of prices of all of *over* sent it.

    The bot's feed hands its ticks to *sink*; the bare library calls an empty handler of `pendingTickersEvent`.
    """
    exchange, listed = exchange_with(over, price)
    async with (
        _tws(exchange) as first,
        _tws(exchange) as second,
        _bot(first, over, sink) as bot,
        _library(second, over) as bare,
    ):
        clients = Client(bot), Client(bare)
        await _move(exchange, listed, moves, *clients)
        yield clients


@asynccontextmanager
async def _tws(exchange: Exchange) -> AsyncIterator[int]:
    """Give the port of a TWS; each has IBKR's hundred market data lines, so each client needs one of its own."""
    server = TwsServer(exchange, sample_s=_SAMPLE_S)
    await server.start()
    try:
        yield server.port
    finally:
        await server.stop()


@asynccontextmanager
async def _bot(port: int, over: Sequence[Instrument], sink: Callable[[Sequence[Tick]], None]) -> AsyncIterator[IB]:
    """Give the connection of the bot's own session, on which its feed holds every one of *over*."""
    session = IbSession(IbAddress(port=port), SystemClock())
    feed = IbTickFeed(session, SystemClock())
    feed.connect(sink)
    running = asyncio.ensure_future(session.run())
    try:
        await _until(lambda: session.status.is_usable)
        link_of(session).ib().client.MaxRequests = _REQUESTS_A_SECOND
        for one in over:
            await feed.hold(one)
        await _until(lambda: all((quote := feed.quote(one.con_id)) is not None and quote.bid for one in over))
        yield link_of(session).ib()
    finally:
        await session.stop()
        await running


@asynccontextmanager
async def _library(port: int, over: Sequence[Instrument]) -> AsyncIterator[IB]:
    """Give a bare connection of the library that has asked for the same, with an empty handler."""
    bare = IB()
    try:
        bare.client.MaxRequests = _REQUESTS_A_SECOND
        await bare.connectAsync(_HOST, port, clientId=1)
        bare.pendingTickersEvent += _nothing
        tickers = [bare.reqMktData(Contract(conId=one.con_id, exchange=one.exchange)) for one in over]
        await _until(lambda: all(ticker.bid > 0 for ticker in tickers))
        yield bare
    finally:
        bare.disconnect()


async def _move(exchange: Exchange, listed: Sequence[Listed], moves: int, *clients: Client) -> None:
    for client in clients:
        client.forget()
    for move in range(1, moves + 1):
        for number, one in enumerate(listed):
            step = (move * 7 + number) % (2 * _SWING) - _SWING
            exchange.push(one.key, one.price + step / 100, size=100.0 + (move + number) % 9 * 100)
        # TWS sends the latest only: each price must be out before the next one.
        await _quiet(*clients)
    for client in clients:
        client.keep()


async def _quiet(*clients: Client) -> None:
    """Wait until nothing is on its way any more."""
    before = [-1]

    def is_quiet() -> bool:
        nonlocal before
        earlier, before = before, [client.received for client in clients]
        return earlier == before

    await _until(is_quiet)


async def _until(is_so: Callable[[], object]) -> None:
    """Look again and again until *is_so*. Raises TimeoutError."""
    async with asyncio.timeout(_PATIENCE_S):
        while not is_so():  # noqa: ASYNC110  neither library tells of this by an event
            await asyncio.sleep(_QUIET_S)


def _nothing(_tickers: object) -> None:
    """Do nothing with what came: the least that a handler can do."""


def _frames(data: bytes) -> list[bytes]:
    frames, at = [], 0
    while at + 4 <= len(data):
        end = at + 4 + struct.unpack_from(">I", data, at)[0]
        frames.append(data[at:end])
        at = end
    return frames
