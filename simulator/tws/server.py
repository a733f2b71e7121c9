"""The simulated TWS: a listening socket, its sessions, and what they share."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable

from simulator.tws.book import Book, Print
from simulator.tws.exchange import Exchange, cancelled
from simulator.tws.faults import Faults
from simulator.tws.instrument import EASTERN
from simulator.tws.limits import HistoricalPacing
from simulator.tws.newsroom import Bulletin, NewsItem
from simulator.tws.order import Execution, OrderEvent
from simulator.tws.order_replies import execution_time
from simulator.tws.quotes import QuoteStream
from simulator.tws.replies import Fields, news_bulletin
from simulator.tws.session import Session
from simulator.tws.streams import Stream

_PULSE_S = 1.0
_REQUESTS_KEPT = 20_000

logger = logging.getLogger(__name__)


class TwsServer:
    """
    A TWS over *exchange*.

    *server_version* is the highest it speaks (176 to 178), *sample_s* the
    seconds between two samples of a quote. *violations* tells every message
    that a real TWS would not have understood; *requests* every message
    received, the latest 20,000.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        server_version: int = 178,
        sample_s: float = 0.25,
    ) -> None:
        self.exchange = exchange
        self.server_version = server_version
        self.sample_s = sample_s
        self.violations: list[str] = []
        self.requests: list[tuple[str, ...]] = []
        self.pacing = HistoricalPacing()
        self.faults = Faults(self, exchange.desk)
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._sessions: list[Session] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._talks: set[asyncio.Task[None]] = set()

    # Life

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def zone(self) -> str:
        """The time zone's name in times of executions and completed orders."""
        return EASTERN if self.faults.zone is None else self.faults.zone

    @property
    def zone_label(self) -> str:
        """The free-form label of the time zone in the handshake."""
        return "EST" if self.faults.zone is None else self.faults.zone

    def execution_time(self, one: Execution) -> str:
        """Return the time of a fill in the format of the day."""
        return execution_time(one.time, self.zone, utc=self.faults.utc_times)

    async def start(self) -> None:
        """Listen, and let time pass at the exchange."""
        await self._listen(self._bound())
        self.exchange.listeners.append(self)
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self.exchange.run()), loop.create_task(self._pulse())]

    async def stop(self) -> None:
        """Close every socket and end."""
        if self in self.exchange.listeners:
            self.exchange.listeners.remove(self)
        self.stop_listening()
        self.drop_all()
        for task in self._tasks:
            await cancelled(task)
        await asyncio.gather(*self._talks, return_exceptions=True)
        self._tasks.clear()

    def _bound(self) -> socket.socket:
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((self._host, self._port))
        bound.listen(100)
        self._port = bound.getsockname()[1]
        return bound

    async def _listen(self, bound: socket.socket) -> None:
        self._server = await asyncio.start_server(self._connected, sock=bound)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self, reader, writer)
        self._sessions.append(session)
        talk = asyncio.current_task()
        if talk is not None:
            self._talks.add(talk)
            talk.add_done_callback(self._talks.discard)
        try:
            await self._talk(session, reader, writer)
        finally:
            self._sessions.remove(session)

    async def _talk(self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        how = self.faults.turned_away()
        if how in {None, "in_use", "disclaimer"}:
            session.dismissal = how or ""
            await session.serve()
        elif how == "silence":
            with contextlib.suppress(ConnectionError):
                while await reader.read(4096):
                    pass
            writer.close()
        elif how == "eof":
            writer.close()
        else:
            session.abort()

    async def _pulse(self) -> None:
        while True:
            await self.exchange.clock.sleep(_PULSE_S)
            for stream in self._streams():
                stream.pulse(self.exchange.clock.time())

    # What sessions share

    def client(self, client_id: int) -> Session | None:
        """Return the session of a client id, None where it is free."""
        return next((one for one in self._sessions if one.client_id == client_id), None)

    def clients(self) -> list[int]:
        """Return the ids of all clients."""
        return sorted(one.client_id for one in self._sessions if one.ready)

    def count(self, family: str) -> int:
        """Return how many streams of a family all clients have."""
        return sum(len(one.streams.of(family)) for one in self._sessions)

    def lines_used(self) -> int:
        """Return how many market data lines are in use."""
        return sum(1 for stream in self._streams() if stream.uses_line)

    def open_bars(self) -> int:
        """Return how many historical requests are open."""
        return self.count("bars")

    def violation(self, text: str) -> None:
        """Note something that a real TWS would not have understood."""
        logger.error("protocol violation: %s", text)
        self.violations.append(text)

    def record(self, fields: tuple[str, ...]) -> None:
        """Note a message received."""
        self.requests.append(fields)
        if len(self.requests) > _REQUESTS_KEPT:
            del self.requests[: _REQUESTS_KEPT // 10]

    def _streams(self) -> list[Stream]:
        return [stream for session in self._sessions for stream in session.streams.all()]

    # Listener

    def printed(self, book: Book, trade: Print) -> None:
        """Pass a print on to every stream."""
        for stream in self._streams():
            stream.printed(book, trade)

    def published(self, item: NewsItem) -> None:
        """Pass a headline on to every stream."""
        for stream in self._streams():
            stream.published(item)

    def reranked(self, scan_code: str) -> None:
        """Pass new ranks on to every stream."""
        for stream in self._streams():
            stream.reranked(scan_code)

    def announced(self, bulletin: Bulletin) -> None:
        """Pass a bulletin on to those who want it."""
        for session in self._sessions:
            if session.wants_bulletins:
                session.send(news_bulletin(bulletin))

    def told(self, event: OrderEvent) -> None:
        """Tell the client of an order what happened to it, and everyone what a fill did to the account."""
        for session in list(self._sessions):
            if session.client_id == event.order.client_id:
                session.tell_order(event)
        if event.kind == "commission":
            for session in list(self._sessions):
                if session.ready:
                    session.tell_fill(event)

    # Wires, for faults

    def drop_all(self) -> None:
        """Close every socket at once."""
        for session in list(self._sessions):
            session.abort()

    def stop_listening(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def listen_again(self) -> None:
        """Take connections again, on the same port; they queue up at once."""
        if self._server is None:
            self._tasks.append(asyncio.get_running_loop().create_task(self._listen(self._bound())))

    def broadcast(self, fields: Fields) -> None:
        """Send a message to every client, whatever else is broken."""
        for session in self._sessions:
            if session.ready:
                session.send_raw(fields)

    def inject(self, symbol: str, make: Callable[[int], Fields]) -> int:
        """Send a made message on every quote of *symbol*; return how many there were."""
        sent = 0
        for session in self._sessions:
            for stream in session.streams.all():
                if isinstance(stream, QuoteStream) and stream.book.instrument.key == symbol:
                    session.send_raw(make(stream.req_id))
                    sent += 1
        return sent

    def forget_streams(self) -> None:
        """Drop all market data, bars and scans, as after 1101."""
        for session in self._sessions:
            session.streams.forget(market_data_only=True)

    def forget_quotes(self, symbol: str) -> int:
        """Drop the quotes of *symbol* without a word; return how many there were."""
        return sum(
            one.streams.close("quote", stream.req_id)
            for one in self._sessions
            for stream in one.streams.of("quote")
            if isinstance(stream, QuoteStream) and stream.book.instrument.key == symbol
        )

    def resume(self) -> None:
        """Send what the loss of connection held back."""
        for session in self._sessions:
            session.resume()
