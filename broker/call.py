"""
The way from this room's services to the library: its current connection, and every request to it.

Neither library gives its requests a timeout, two requests that share a key hang the first, and our own disconnect
leaves pending ones hanging; `Link` is where all three end. It is private to this room: services keep it in a private
attribute, and nothing that other rooms hold leads to it.
"""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from broker import errors
from broker.library import IB, RequestError
from market.errors import LinkDown, RequestTimeout

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_LOUDNESS = {errors.Kind.INFORMATIONAL: logging.DEBUG, errors.Kind.CONNECTIVITY: logging.WARNING}


def guarded(listener: Callable[..., None]) -> Callable[..., None]:
    """Return *listener* as one that logs what it raises: nothing of ours may break the library's reading of frames."""

    @functools.wraps(listener)
    def safe(*args: object) -> None:
        try:
            listener(*args)
        except Exception:  # noqa: BLE001  one of the five places: the library's event callbacks
            _log.exception("A listener failed: %r", listener)

    return safe


def tap(ib: IB, name: str, listener: Callable[..., None]) -> None:
    """
    Let *listener* see every call of the wrapper's method *name* before the library does.

    The decoders of both libraries look the method up at each frame, so an instance attribute is enough. Frames tell
    more than events: the library drops repeated ones, invents statuses from error codes and zeroes unset values.
    """
    original = getattr(ib.wrapper, name)
    listen = guarded(listener)

    def both(*args: object) -> None:
        listen(*args)
        original(*args)

    setattr(ib.wrapper, name, both)


def supplant(ib: IB, name: str, listener: Callable[..., None]) -> None:
    """
    Let *listener* have every call of the wrapper's method *name* instead of the library.

    What it raises is caught and logged by the library's decoder, frame by frame: nothing is put around it, since
    ticks come this way.
    """
    setattr(ib.wrapper, name, listener)


@dataclass(frozen=True, slots=True)
class _Sync:
    """What a service does to get in step with TWS; *after_farm*: also when a broken market data farm is back."""

    run: Callable[[], Awaitable[None]]
    after_farm: bool


class Link:
    """
    The current connection of the library, if there is one, and what hangs on it.

    *is_read_only*: the API setting of TWS refuses everything about orders (321), as it said last.
    """

    def __init__(self) -> None:
        self._ib: IB | None = None
        self._reason = ""
        self._locks: dict[str, asyncio.Lock] = {}
        self._own: set[asyncio.Future[Any]] = set()
        self.is_read_only = False
        self._openers: list[Callable[[IB], None]] = []
        self._syncs: list[_Sync] = []

    @property
    def is_open(self) -> bool:
        """Whether TWS has taken us in on this connection."""
        return self._ib is not None and self._ib.client.isReady()

    def ib(self) -> IB:
        """Return the library's connection. Raises LinkDown."""
        if self._ib is None or not self._ib.client.isReady():
            raise LinkDown(self._reason)
        return self._ib

    def on_open(self, listener: Callable[[IB], None]) -> None:
        """Have each new connection's `IB` shown to *listener* before it connects, to attach its taps."""
        self._openers.append(listener)

    def on_sync(self, run: Callable[[], Awaitable[None]], *, after_farm: bool = False) -> None:
        """Have *run* awaited after each connect and each 1101, and, if so asked, after a farm's recovery."""
        self._syncs.append(_Sync(run, after_farm))

    def syncs(self, *, farm_only: bool = False) -> list[Callable[[], Awaitable[None]]]:
        """Return what has to be run to be in step again, in the order of registration."""
        return [sync.run for sync in self._syncs if sync.after_farm or not farm_only]

    def open(self, ib: IB) -> None:
        """Take a new connection, not yet connected, into use."""
        self._ib = ib
        ib.errorEvent += guarded(self._on_error)
        for listener in self._openers:
            guarded(listener)(ib)

    def close(self, reason: str) -> None:
        """Let go of the connection; whatever is pending on it fails with LinkDown, now."""
        ib, self._ib, self._reason = self._ib, None, reason
        if ib is not None:
            self._fail(list(ib.wrapper._futures.values()), reason)  # noqa: SLF001  neither library fails them on our own disconnect
            ib.client.disconnect()
        self._fail(list(self._own), reason)

    def expect(self) -> asyncio.Future[Any]:
        """Return a future of our own that fails as a request's does when the connection goes."""
        future = asyncio.get_running_loop().create_future()
        self._own.add(future)
        future.add_done_callback(self._own.discard)
        return future

    async def call(
        self, request: str, ask: Callable[[IB], Awaitable[_T]], timeout_s: float, key: str | None = None
    ) -> _T:
        """
        Ask TWS and return its answer.

        *request* names it in errors; *key* is the library's own for requests without an id ("openOrders"): a second
        one would make the first hang, so they wait for each other, within the same *timeout_s* seconds.
        Raises LinkDown, RequestTimeout, BrokerError and its kinds.
        """
        try:
            async with asyncio.timeout(timeout_s):
                if key is None:
                    return await ask(self.ib())
                async with self._locks.setdefault(key, asyncio.Lock()):
                    return await self._shared(ask, key)
        except TimeoutError:
            raise RequestTimeout(request, timeout_s) from None
        except RequestError as error:
            raise errors.failure(error.code, error.message) from None
        except ConnectionError:
            raise LinkDown(self._reason) from None

    async def _shared(self, ask: Callable[[IB], Awaitable[_T]], key: str) -> _T:
        ib = self.ib()
        answer = ask(ib)
        try:
            return await answer
        except asyncio.CancelledError:
            ib.wrapper._futures.pop(key, None)  # noqa: SLF001  what the library forgets
            if key == "openOrders":
                # Left behind, the list would swallow every later open order until the next answer.
                ib.wrapper._results.pop(key, None)  # noqa: SLF001  what the library forgets
            raise

    def _on_error(self, request_id: int, code: int, text: str, _contract: object) -> None:
        ib, kind = self._ib, errors.kind_of(code)
        # Of a scan that still runs, `broker/scanner.py` logs its end.
        level = logging.DEBUG if errors.is_scan_end(code, text) else _LOUDNESS.get(kind, logging.INFO)
        _log.log(level, "TWS says %s on request %s: %s", code, request_id, text)
        if ib is None or kind is not errors.Kind.FATAL:
            return
        pending = ib.wrapper._futures  # noqa: SLF001  the library leaves requests that 321 and its like refuse pending
        keys: tuple[Any, ...] = (request_id,)
        if errors.is_read_only(code, text):
            self.is_read_only = True
            if request_id == -1:
                keys = ("openOrders", "completedOrders")
        for key in keys:
            future = pending.get(key)
            if future is not None and not future.done():
                pending.pop(key)
                if key == "openOrders":
                    ib.wrapper._results.pop(key, None)  # noqa: SLF001  as in `_shared`
                future.set_exception(RequestError(request_id, code, text))

    @staticmethod
    def _fail(futures: list[asyncio.Future[Any]], reason: str) -> None:
        for future in futures:
            if not future.done():
                future.set_exception(LinkDown(reason))
                # Nobody may be waiting any more; that is no news.
                future.exception()


class _Linked(Protocol):
    _link: Link


def link_of(session: _Linked) -> Link:
    """Return the session's way to the library; it is here, where no other room may look, and not with the session."""
    return session._link  # noqa: SLF001  the one door, so that the attribute itself can stay private
