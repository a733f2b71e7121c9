"""
The link to TWS or the gateway: connect, keep in step, notice silence, connect again.

The library's own `connectAsync` is not used: it waits out its whole timeout on a client id in use, on EOF and on a
missing end message, and in ib_insync fails for want of reqExecutions' end (seen missing in a real capture). Its
client connects, and each service fetches what it needs when the link gets in step (`Link.on_sync`).
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from broker import errors
from broker.call import Link, guarded
from broker.library import IB, NAME, VERSION, quieten
from broker.status import LinkReason, LinkState, LinkStatus
from market.clock import Clock
from market.errors import MarketError

_log = logging.getLogger(__name__)

# The libraries let 45 messages go out at once in each second; two such bursts can reach TWS within one second of its
# own, and what is more than 50 it throws away (error 100). So: this many in so many seconds.
_MESSAGES = 7
_MESSAGES_S = 0.2
# Heartbeats without a frame before TWS is asked for a sign of life although it has told us that it lost IBKR.
_PATIENCE = 20


@dataclass(frozen=True, slots=True)
class IbAddress:
    """
    Where the gateway listens and who we are there; *account* "" is the only or first one.

    An *account* that this login does not manage keeps the link down.
    """

    host: str = "127.0.0.1"
    port: int = 4002
    client_id: int = 17
    readonly: bool = False
    account: str = ""


class _Signal(Enum):
    """What the supervisor is woken for."""

    CLOSED = auto()
    RESYNC = auto()
    FARM_BACK = auto()


class IbSession:
    """
    The supervised link. `run` is its one loop; everyone else reads `status` or is called back.

    *heartbeat_s* after the last frame TWS is asked for its time; two questions in a row unanswered for *answer_s* each,
    with as long a pause between them, end the connection. Every service's and listener's getting in step may take
    *sync_s*.
    *backoff_s* is the first and the longest pause between attempts, each shortened by up to half by *jitter* (0 to 1).
    """

    def __init__(
        self,
        settings: IbAddress,
        clock: Clock,
        *,
        connect_timeout_s: float = 10.0,
        sync_s: float = 15.0,
        heartbeat_s: float = 15.0,
        answer_s: float = 10.0,
        backoff_s: tuple[float, float] = (1.0, 60.0),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        quieten()
        self._settings = settings
        self._clock = clock
        self._connect_timeout_s = connect_timeout_s
        self._sync_s = sync_s
        self._heartbeat_s = heartbeat_s
        self._answer_s = answer_s
        self._backoff_s = backoff_s
        self._jitter = jitter
        self._link = Link()
        self._signals: asyncio.Queue[_Signal] = asyncio.Queue()
        self._listeners: list[Callable[[LinkStatus], None]] = []
        self._when_up: list[Callable[[], Awaitable[None]]] = []
        self._work: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()
        self._lost_ibkr = False
        self._refusal = LinkReason.NONE
        self._broken_farms: set[str] = set()
        self._heard: datetime | None = None
        self._heard_at = 0.0
        self._unanswered = self._quiet = 0
        self._was_up = False
        self._status = LinkStatus(
            LinkState.DOWN,
            clock.now(),
            address=f"{settings.host}:{settings.port}",
            client_id=settings.client_id,
            library=f"{NAME} {VERSION}",
        )

    @property
    def status(self) -> LinkStatus:
        """How the link stands."""
        return self._status

    @property
    def heard(self) -> datetime | None:
        """When the last bytes came from TWS; None before the first."""
        return self._heard

    @property
    def settings(self) -> IbAddress:
        """Where it connects to."""
        return self._settings

    def on_status(self, listener: Callable[[LinkStatus], None]) -> None:
        """Call *listener* with each new status."""
        self._listeners.append(guarded(listener))

    def on_up(self, callback: Callable[[], Awaitable[None]]) -> None:
        """
        Await *callback* after each connect and each loss of streams (1101), before the link is UP.

        They run in the order of registration, after the room's own services; one that fails or hangs is logged and
        passed over, so requests work in them (the state is SYNCING) and orders do not.
        """
        self._when_up.append(callback)

    async def run(self) -> None:
        """Keep the link up until `stop`."""
        self._work = asyncio.ensure_future(self._supervise())
        try:
            await asyncio.wait({self._work})
        finally:
            await self._end()
        if not self._work.cancelled():
            self._work.result()

    async def stop(self) -> None:
        """End the link; `run` returns."""
        await self._end()

    async def _end(self) -> None:
        if self._work is not None and not self._work.done():
            self._work.cancel()
            await asyncio.wait({self._work})
        self._link.close(LinkReason.STOPPED)
        self._tell(LinkState.DOWN, LinkReason.STOPPED)

    async def _supervise(self) -> None:
        pause_s = self._backoff_s[0]
        while True:
            self._was_up = False
            reason = await self._connection()
            self._link.close(reason)
            self._tell(LinkState.DOWN, reason, attempts=0 if self._was_up else self._status.attempts + 1)
            if self._was_up:
                pause_s = self._backoff_s[0]
            await asyncio.sleep(pause_s * (1 - self._jitter() / 2))
            pause_s = min(pause_s * 2, self._backoff_s[1])

    async def _connection(self) -> LinkReason:
        """Live through one connection and return why it ended."""
        ib = self._open()
        self._tell(LinkState.CONNECTING, self._status.reason)
        failure = await self._connect(ib)
        if failure is not LinkReason.NONE:
            return failure
        if not ib.client.isReady():
            # It was closed again before anybody looked.
            return LinkReason.CLOSED
        managed = ib.client.getAccounts()
        if self._settings.account and self._settings.account not in managed:
            # Not the next best account: it would be another one's money.
            return LinkReason.ACCOUNT_NOT_MANAGED
        accounts = self._accounts(managed)
        self._status = replace(self._status, server_version=ib.client.serverVersion(), accounts=accounts)
        self._tell(LinkState.SYNCING)
        await self._get_in_step()
        return await self._watch()

    def _open(self) -> IB:
        ib = IB()
        ib.RaiseRequestErrors = True
        ib.TimezoneTWS = "UTC"
        # The library's own handler asks for the account summary at each 1102; after two of those TWS refuses (322).
        ib.errorEvent.clear()
        ib.wrapper.clientId = self._settings.client_id
        ib.client.MaxRequests = _MESSAGES
        ib.client.RequestsInterval = _MESSAGES_S  # type: ignore[assignment]  # the library's own is a whole second
        self._lost_ibkr = False
        self._refusal = LinkReason.NONE
        self._broken_farms.clear()
        self._heard_at = _now()
        self._signals, self._closed = asyncio.Queue(), asyncio.Event()
        ib.client.conn.disconnected += guarded(self._on_closed(self._signals, self._closed))
        ib.client.conn.hasData += guarded(self._on_data)
        ib.errorEvent += guarded(self._on_error)
        self._link.open(ib)
        return ib

    async def _connect(self, ib: IB) -> LinkReason:
        settings = self._settings
        connecting = asyncio.ensure_future(
            ib.client.connectAsync(settings.host, settings.port, settings.client_id, self._connect_timeout_s)
        )
        closing = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait({connecting, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Each waits on what the other saw; the one left over must not outlive this attempt.
            for task in (connecting, closing):
                if not task.done():
                    task.cancel()
                    await asyncio.wait({task})
        if self._refusal is not LinkReason.NONE:
            return self._refusal
        if connecting.cancelled():
            return LinkReason.CLOSED
        return _reason(connecting.exception())

    def _accounts(self, managed: list[str]) -> tuple[str, ...]:
        chosen = self._settings.account
        return tuple(sorted(managed, key=lambda account: account != chosen))

    async def _get_in_step(self) -> None:
        for callback in [*self._link.syncs(), *self._when_up]:
            await self._attempt(callback)
        if self._link.is_open:
            self._was_up = True
            self._tell_healthy()

    async def _attempt(self, callback: Callable[[], Awaitable[None]]) -> None:
        task: asyncio.Future[None] = asyncio.ensure_future(callback())
        try:
            await asyncio.wait({task}, timeout=self._sync_s)
        finally:
            if not task.done():
                task.cancel()
        if not task.done():
            _log.error("%r took longer than %s s and was passed over", callback, self._sync_s)
        elif not task.cancelled() and (error := task.exception()) is not None:
            _log.error("%r failed and was passed over", callback, exc_info=None if _is_ours(error) else error)

    async def _watch(self) -> LinkReason:
        self._unanswered = self._quiet = 0
        looked_at = _now()
        while True:
            pause_s = self._answer_s if self._unanswered else self._heartbeat_s
            try:
                async with asyncio.timeout_at(max(self._heard_at, looked_at) + pause_s):
                    signal = await self._signals.get()
            except TimeoutError:
                # TWS may have spoken while the time ran: then it starts anew.
                if max(self._heard_at, looked_at) + pause_s <= _now():
                    await self._ask_for_a_sign(looked_at)
                    looked_at = _now()
                else:
                    self._unanswered = self._quiet = 0
                if self._unanswered > 1:
                    return LinkReason.SILENT
                self._tell_pulse(silent=self._unanswered > 0)
                continue
            if (reason := await self._heed(signal)) is not LinkReason.NONE:
                return reason

    async def _heed(self, signal: _Signal) -> LinkReason:
        """Do what *signal* asks for; return why the connection is over, if it is."""
        match signal:
            case _Signal.CLOSED:
                return self._refusal or LinkReason.CLOSED
            case _Signal.RESYNC:
                await self._get_in_step()
            case _Signal.FARM_BACK:
                for callback in self._link.syncs(farm_only=True):
                    await self._attempt(callback)
        return LinkReason.NONE

    async def _ask_for_a_sign(self, looked_at: float) -> None:
        self._quiet = 1 if self._heard_at > looked_at else self._quiet + 1
        self._unanswered = 0 if await self._answers(self._quiet) else self._unanswered + 1

    async def _answers(self, quiet: int) -> bool:
        if self._lost_ibkr and quiet < _PATIENCE:
            # TWS may have nothing to say then; its socket's own end still wakes us.
            return True
        try:
            await self._link.call("current time", lambda ib: ib.reqCurrentTimeAsync(), self._answer_s, "currentTime")
        except MarketError:
            return False
        return True

    def _tell_pulse(self, *, silent: bool) -> None:
        if silent:
            self._tell(LinkState.DEGRADED, LinkReason.SILENT)
        elif self._status.reason is LinkReason.SILENT:
            self._tell_healthy()

    def _tell_healthy(self) -> None:
        if self._lost_ibkr:
            self._tell(LinkState.DEGRADED, LinkReason.LOST_IBKR, attempts=0)
        else:
            self._tell(LinkState.UP, attempts=0)

    @staticmethod
    def _on_closed(signals: asyncio.Queue[_Signal], closed: asyncio.Event) -> Callable[[str], None]:
        """Return a listener bound to its own connection: an old one may report its end after the next has begun."""

        def on_closed(_text: str) -> None:
            closed.set()
            signals.put_nowait(_Signal.CLOSED)

        return on_closed

    def _on_data(self, _data: bytes) -> None:
        # The wall clock too: the loop's own stands still while a machine sleeps.
        self._heard, self._heard_at = self._clock.now(), _now()

    def _on_error(self, _request_id: int, code: int, text: str, _contract: object) -> None:
        if code in {errors.CLIENT_ID_IN_USE, errors.PAPER_DISCLAIMER}:
            in_use = code == errors.CLIENT_ID_IN_USE
            self._refusal = LinkReason.CLIENT_ID_IN_USE if in_use else LinkReason.PAPER_DISCLAIMER
            self._closed.set()
            self._signals.put_nowait(_Signal.CLOSED)
        elif code in errors.LOST_IBKR:
            self._lost_ibkr = True
            if self._status.state is LinkState.UP:
                self._tell(LinkState.DEGRADED, LinkReason.LOST_IBKR)
        elif code in {errors.RESTORED, errors.RESTORED_WITHOUT_STREAMS}:
            self._on_restored(streams_lost=code == errors.RESTORED_WITHOUT_STREAMS)
        elif code in errors.FARM_BROKEN | errors.FARM_OK:
            self._on_farm(code, _farm(text))

    def _on_farm(self, code: int, farm: str) -> None:
        if code in errors.FARM_BROKEN:
            self._broken_farms.add(farm)
        elif farm in self._broken_farms:
            self._broken_farms.discard(farm)
            if code in errors.MARKET_DATA_FARM:
                self._signals.put_nowait(_Signal.FARM_BACK)
        self._tell(self._status.state, self._status.reason)

    def _on_restored(self, *, streams_lost: bool) -> None:
        self._lost_ibkr = False
        if streams_lost:
            self._tell(LinkState.SYNCING)
            self._signals.put_nowait(_Signal.RESYNC)
        elif self._status.state is LinkState.DEGRADED:
            self._tell(LinkState.UP)

    def _tell(self, state: LinkState, reason: LinkReason = LinkReason.NONE, *, attempts: int | None = None) -> None:
        old = self._status
        since = old.since if (old.state, old.reason) == (state, reason) else self._clock.now()
        failed = old.attempts if attempts is None else attempts
        farms = tuple(sorted(self._broken_farms))
        new = replace(old, state=state, reason=reason, since=since, attempts=failed, broken_farms=farms)
        self._status = replace(new, heard=self._heard)
        if new == old:
            return
        if farms != old.broken_farms:
            _log.warning("Broken data farms: %s", ", ".join(farms) or "none any more")
        if (state, reason) != (old.state, old.reason):
            _log.info("Link %s%s", state.value, f" ({reason.value})" if reason else "")
        for listener in self._listeners:
            listener(self._status)


def _reason(error: BaseException | None) -> LinkReason:
    match error:
        case None:
            return LinkReason.NONE
        case TimeoutError():
            return LinkReason.SILENT
        case ConnectionRefusedError() | OSError():
            return LinkReason.REFUSED
        case _:
            _log.error("The connection attempt failed", exc_info=error)
            return LinkReason.CLOSED


def _is_ours(error: BaseException) -> bool:
    """Whether the failure is TWS's and not a mistake of ours: it needs no traceback."""
    return isinstance(error, MarketError)


def _now() -> float:
    """Return the time of the running loop."""
    return asyncio.get_running_loop().time()


def _farm(text: str) -> str:
    """Return the farm's name: the notices end in `:usfarm`."""
    return text.rpartition(":")[2].strip()
