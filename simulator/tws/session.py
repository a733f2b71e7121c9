"""One client's connection: handshake, requests in, messages out, subscriptions."""

from __future__ import annotations

import asyncio
import re
import struct
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from simulator.tws import order_replies, replies
from simulator.tws.handlers import account, history, market, news, orders, reference, scanner
from simulator.tws.limits import MessageRate
from simulator.tws.plan import NEW_YORK
from simulator.tws.requests import LAYOUTS, MalformedRequest, Request, decode
from simulator.tws.streams import PeriodicStream, Subscriptions
from simulator.tws.wire import BrokenFrame, fields_of, frame, read_payload

if TYPE_CHECKING:
    from simulator.tws.order import OrderEvent
    from simulator.tws.replies import Fields
    from simulator.tws.server import TwsServer

Handler: TypeAlias = Callable[["Session", Request], None]

HANDLERS: dict[str, Handler] = {
    **reference.HANDLERS,
    **market.HANDLERS,
    **history.HANDLERS,
    **scanner.HANDLERS,
    **news.HANDLERS,
    **account.HANDLERS,
    **orders.HANDLERS,
}
OLDEST_VERSION = 176
_ORDER_MESSAGES = {3, 5, 11, 59}
# What still arrives when TWS itself has lost IB.
_LOCAL_MESSAGES = {4, 9, 15, 49}
_FARMS = (
    (2104, "Market data farm connection is OK:usfarm.nj"),
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)


class Session:
    """A connected client; the server makes one for each connection it takes."""

    def __init__(self, server: TwsServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.exchange = server.exchange
        self.client_id = -1
        self.version = 0
        self.data_type = 1
        self.wants_positions = False
        self.wants_bulletins = False
        # Why the client is sent away once it has started its API, "" if it is not.
        self.dismissal = ""
        self._is_dismissed = False
        self._reader = reader
        self._writer = writer
        self.streams = Subscriptions()
        self._rate = MessageRate()
        self._outbox: deque[bytes] = deque()
        self._held: list[Fields] = []
        self._wake = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether the client has started its API."""
        return self.client_id >= 0

    # Connection

    async def serve(self) -> None:
        """Talk to the client until one side ends it."""
        pump = asyncio.get_running_loop().create_task(self._pump())
        try:
            if await self._handshake():
                while True:
                    self._receive(fields_of(await read_payload(self._reader)))
        except (asyncio.IncompleteReadError, ConnectionError):
            # The client has gone.
            return
        except BrokenFrame as broken:
            self.server.violation(f"client {self.client_id}: {broken}")
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
            self.streams.forget()
            self._writer.close()

    async def _handshake(self) -> bool:
        opening = await self._reader.readexactly(4)
        (length,) = struct.unpack(">I", await self._reader.readexactly(4))
        offer = (await self._reader.readexactly(min(length, 1000))).decode(errors="replace")
        match = re.fullmatch(r"v(\d+)\.\.(\d+)( .*)?", offer)
        if opening != b"API\0" or match is None:
            self.server.violation(f"no handshake: {opening!r} {offer!r}")
            return False
        self.version = min(self.server.server_version, int(match[2]))
        if self.version < OLDEST_VERSION:
            self.server.violation(f"client offers {offer!r}, which this server does not speak")
            return False
        wall = datetime.fromtimestamp(self.exchange.clock.time(), NEW_YORK)
        self._put(frame(self.version, f"{wall:%Y%m%d %H:%M:%S} {self.server.zone_label}"))
        return True

    async def _pump(self) -> None:
        """Write what is in the outbox, in single bytes if a fault says so."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            faults = self.server.faults
            if faults.delay_s:
                await self.exchange.clock.sleep(faults.delay_s)
            while self._outbox:
                data = self._outbox.popleft()
                if faults.split:
                    await self._write_bytes(data)
                else:
                    self._writer.write(data)
            await self._writer.drain()

    async def _write_bytes(self, data: bytes) -> None:
        for number in range(len(data)):
            self._writer.write(data[number : number + 1])
            await self._writer.drain()
            await asyncio.sleep(0)

    def _put(self, data: bytes) -> None:
        self._outbox.append(data)
        self._wake.set()

    def _dismiss(self, code: int, message: str) -> None:
        """Send an error and close the socket; what the client still sends is not read."""
        self._is_dismissed = True
        self._writer.write(frame(*replies.error(-1, code, message)))
        self._writer.close()

    def abort(self) -> None:
        """Close the socket at once, unsent data and all; the client id is free again."""
        self._is_dismissed = True
        self.client_id = -1
        self.streams.forget()
        self._writer.transport.abort()

    # Requests

    def _receive(self, fields: tuple[str, ...]) -> None:
        if self._is_dismissed:
            return
        self.server.record(fields)
        try:
            request = decode(fields, self.version)
            self._dispatch(request)
        except MalformedRequest as malformed:
            self.server.violation(f"client {self.client_id}: {malformed.reason}: {fields[:6]}")
            self.error(-1, 320, f"Error reading request. {malformed.reason}")

    def _dispatch(self, request: Request) -> None:
        # Wire pacing is about the client's real speed, so it is the loop's time that counts, not the exchange's.
        if self._rate.exceeded(asyncio.get_running_loop().time()):
            self.error(-1, 100, "Max rate of messages per second has been exceeded")
            return
        if request.kind == "startApi":
            self._start(request)
            return
        if not self.ready:
            self.server.violation(f"{request.kind} before startApi")
            return
        if self._answered_by_rule(request) or self._is_cut_off(request):
            return
        HANDLERS[request.kind](self, request)

    def _is_cut_off(self, request: Request) -> bool:
        """While TWS has lost IB only what it knows itself is answered."""
        return self.server.faults.disconnected and request.kind not in {"reqCurrentTime", "reqIds", "reqManagedAccts"}

    def _answered_by_rule(self, request: Request) -> bool:
        is_preview = request.kind == "placeOrder" and request.flag("whatIf")
        kind = "whatIf" if is_preview else request.kind
        named = next((name for name in ("reqId", "orderId") if name in request.values), None)
        req_id = request.whole(named) if named else -1
        rule = self.server.faults.rule_for(kind, req_id, request.values.get("symbol", ""))
        if rule is None:
            return False
        self.error(req_id, rule.code, rule.message)
        if not rule.proceed and kind == "placeOrder" and rule.code == orders.REJECTED:
            orders.list_as_rejected(self, request, rule.message)
        return not rule.proceed

    def _start(self, request: Request) -> None:
        wanted = request.whole("clientId")
        if self.dismissal == "disclaimer":
            self._dismiss(10141, "Paper trading disclaimer must first be accepted for API connection.")
            return
        if self.dismissal == "in_use" or self.server.client(wanted) is not None:
            self._dismiss(326, "Unable to connect as the client id is already in use. Retry with a unique client id.")
            return
        self.client_id = wanted
        self.send(replies.managed_accounts(self.exchange.accounts))
        self.send((9, 1, self.next_order_id()))
        for code, message in _FARMS:
            self.error(-1, code, message)

    def next_order_id(self) -> int:
        """Return the next valid order id, which only grows."""
        return self.exchange.desk.blotter.next_order_id(self.client_id) + self.server.faults.id_jump

    # Messages

    def send(self, fields: Fields) -> None:
        """Send a message, unless something is broken."""
        faults = self.server.faults
        number = fields[0]
        if faults.silent or number in faults.swallowed:
            return
        if faults.disconnected and number not in _LOCAL_MESSAGES:
            if number in _ORDER_MESSAGES:
                # What happens to orders meanwhile is told when IB is back.
                self._held.append(fields)
            return
        self._put(frame(*fields))

    def send_order(self, fields: Fields) -> None:
        """Send a message about an order, twice if a fault says so."""
        self.send(fields)
        if self.server.faults.duplicates:
            self.send(fields)

    def send_raw(self, fields: Fields) -> None:
        """Send a message whatever is broken."""
        self._put(frame(*fields))

    def error(self, req_id: int, code: int, message: str) -> None:
        """Send an error or a notice."""
        self.send(replies.error(req_id, code, message))

    def resume(self) -> None:
        """Send what was held back while TWS had lost IB."""
        held, self._held = self._held, []
        for fields in held:
            self.send(fields)

    def tell_order(self, event: OrderEvent) -> None:
        """Pass on what happened to an order."""
        order, one = event.order, event.execution
        if event.kind == "open":
            self.send_order(order_replies.open_order(order, self.version))
        elif event.kind == "status":
            self.send_order(order_replies.order_status(order))
        elif event.kind == "error":
            self.error(order.order_id, event.code, event.message)
        elif event.kind == "execution" and one is not None:
            when = self.server.execution_time(one)
            self.send_order(order_replies.execution_details(-1, order, one, self.version, when))
        elif one is not None:
            self.send_order(order_replies.commission_report(one))

    def tell_fill(self, event: OrderEvent) -> None:
        """Pass on what a fill did to the account, as far as the client has subscribed to it."""
        account_of = self.exchange.accounts[event.order.account]
        if self.wants_positions and event.execution is not None:
            position = account_of.positions[event.execution.instrument.con_id]
            self.send(replies.position_row(account_of.name, position))
        now = self.exchange.clock.time()
        for stream in self.streams.of("account", "accountMulti", "summary", "profit"):
            if isinstance(stream, PeriodicStream):
                stream.poke(now)


assert {kind for kind, _ in LAYOUTS.values()} - HANDLERS.keys() == {"startApi"}  # noqa: S101 - a layout without a handler is a bug
