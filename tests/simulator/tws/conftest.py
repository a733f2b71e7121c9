"""
An exchange that stands still under a clock that stands still, its server, and two clients.

The library is ib_async, or ib_insync in the environment that has that one
instead. The bare client speaks frames and nothing else.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from simulator.tws.clock import ManualClock
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer

try:
    import ib_async as library
except ImportError:
    import ib_insync as library

AAPL = (265598, "AAPL", "STK", "", "0.0", "", "", "SMART", "NASDAQ", "USD", "", "")


class BareClient:
    """A client of frames; a round trip to the clock is its way to know that all answers are in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def hello(self, client_id: int, version: int) -> list[list[str]]:
        offer = f"v157..{version}".encode()
        self._writer.write(b"API\0" + struct.pack(">I", len(offer)) + offer)
        greeting = await self.read()
        self.send(71, 2, client_id, "")
        return [greeting]

    def send(self, *fields: object) -> None:
        payload = "".join(f"{field}\0" for field in fields).encode()
        self._writer.write(struct.pack(">I", len(payload)) + payload)

    async def read(self) -> list[str]:
        (length,) = struct.unpack(">I", await self._reader.readexactly(4))
        return (await self._reader.readexactly(length)).decode().split("\0")[:-1]

    async def answers(self) -> list[list[str]]:
        """Return every message that the requests so far have caused."""
        self.send(49, 1)
        found: list[list[str]] = []
        while not found or found[-1][0] != "49":
            found.append(await self.read())
        return found[:-1]

    async def ask(self, *fields: object) -> list[list[str]]:
        self.send(*fields)
        return await self.answers()

    async def answers_of(self, count: int) -> list[list[str]]:
        """Return the next *count* messages."""
        return [await self.read() for _ in range(count)]

    async def told_by(self, *fields: object) -> Any:
        """Return what a request caused, in short (told)."""
        return told(await self.ask(*fields))

    def hang_up(self) -> None:
        self._writer.close()

    async def until_closed(self) -> list[list[str]]:
        found = []
        while True:
            try:
                found.append(await self.read())
            except (asyncio.IncompleteReadError, ConnectionError):
                return found


STATUSES = {"PreSubmitted", "Submitted", "Filled", "Cancelled", "Inactive"}


def told(messages: Any) -> Any:
    """Return order messages as ("open", status), ("status", status, filled), ("execution", shares, price) and so on."""
    told = []
    for message in messages:
        if message[0] == "5":
            told.append(("open", next(one for one in message if one in STATUSES)))
        elif message[0] == "3":
            told.append(("status", message[2], float(message[3])))
        elif message[0] == "11":
            told.append(("execution", float(message[19]), float(message[20])))
        elif message[0] == "59":
            told.append(("commission", float(message[3])))
        elif message[0] == "4":
            told.append(("error", int(message[3])))
    return told


class Trader:
    """Places orders as a library would encode them, and tells the answers in short."""

    def __init__(self, lib: ModuleType, client: Any) -> None:
        self.lib = lib
        self.bare = client
        self._messages = []
        self._client = import_module(f"{lib.__name__}.client").Client(SimpleNamespace())
        self._client.isConnected = lambda: True
        self._client.serverVersion = lambda: 176
        self._client.sendMsg = self._messages.append
        self.stock = lib.Stock("AAPL", "SMART", "USD", conId=265598)

    async def place(self, order_id: int, order: Any, contract: Any = None) -> Any:
        self._client.placeOrder(order_id, contract or self.stock, order)
        return await self.bare.told_by(*self._messages.pop().split("\0")[:-1])

    async def limit(self, order_id: int, action: str, quantity: float, price: float, **terms: Any) -> Any:
        return await self.place(order_id, self.lib.LimitOrder(action, quantity, price, **terms))

    async def market(self, order_id: int, action: str, quantity: float, **terms: Any) -> Any:
        return await self.place(order_id, self.lib.MarketOrder(action, quantity, **terms))

    async def seen(self) -> Any:
        return told(await self.bare.answers())


@pytest.fixture
def lib() -> ModuleType:
    return library


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def exchange(clock: ManualClock) -> Exchange:
    return Exchange(clock=clock, walk=False)


@pytest.fixture
async def server(exchange: Exchange) -> AsyncIterator[TwsServer]:
    made = TwsServer(exchange)
    await made.start()
    yield made
    await made.stop()
    assert made.violations == []


@pytest.fixture
async def dial() -> AsyncIterator[Callable[..., Any]]:
    """Return a coroutine function that connects a bare client to a port, past its first notices."""
    clients: list[BareClient] = []

    async def connected(port: int, client_id: int = 1, version: int = 178) -> BareClient:
        client = BareClient(*await asyncio.open_connection("127.0.0.1", port))
        clients.append(client)
        await client.hello(client_id, version)
        await client.answers()
        return client

    yield connected
    for client in clients:
        client.hang_up()


@pytest.fixture
async def connect(server: TwsServer, dial: Callable[..., Any]) -> Callable[..., Any]:
    """Return a coroutine function that connects a bare client to the server."""

    async def connected(client_id: int = 1, version: int = 178) -> BareClient:
        return await dial(server.port, client_id, version)

    return connected


@pytest.fixture
async def bare(connect: Callable[..., Any]) -> BareClient:
    return await connect()


@pytest.fixture
async def ib(server: TwsServer) -> AsyncIterator[Any]:
    made = library.IB()
    await made.connectAsync("127.0.0.1", server.port, clientId=7)
    yield made
    made.disconnect()


@pytest.fixture
def trade_with(lib: ModuleType) -> Callable[[BareClient], Trader]:
    return lambda client: Trader(lib, client)


@pytest.fixture
async def trader(connect: Callable[..., Any], trade_with: Callable[[BareClient], Trader]) -> Trader:
    return trade_with(await connect(client_id=3, version=176))
