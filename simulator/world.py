"""The whole simulated world on loopback: an exchange, its TWS, the local Telegram and its page."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self, TypedDict, Unpack

from starlette.responses import JSONResponse
from starlette.routing import Route

from simulator.scenario import hint_routes
from simulator.telegram.serving import serving
from simulator.telegram.state import Telegram
from simulator.tws.control import market_routes
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer

if TYPE_CHECKING:
    from starlette.requests import Request

    from simulator.child import Child
    from simulator.tws.clock import Clock

HOST = "127.0.0.1"
TOKEN = "42:demo-token-of-the-local-telegram"  # noqa: S105 - only the simulator knows it; no secret


class TwsOptions(TypedDict, total=False):
    """What TwsServer may be told; *port* 0 is any free one."""

    port: int
    server_version: int
    sample_s: float


class World:
    """
    An exchange behind a TWS, and a Telegram with its page, each on its own loopback port.

    `async with World(seed=7) as world` starts it and ends it promptly, open
    streams and long polls included. *exchange* is one with its own plan or
    accounts, in place of *seed*, *walk* and *clock*; Telegram goes by the
    exchange's clock too. *limits* are Telegram's (flood control, forced
    waits). *child* is the bot whose state the page shows. *web_port* 0 is any
    free one; one that is taken is given up for a free one.
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        walk: bool = False,
        clock: Clock | None = None,
        token: str = TOKEN,
        limits: bool = True,
        web_port: int = 0,
        child: Child | None = None,
        exchange: Exchange | None = None,
        **tws_options: Unpack[TwsOptions],
    ) -> None:
        self.exchange = exchange or Exchange(seed=seed, clock=clock, walk=walk)
        self.server = TwsServer(self.exchange, host=HOST, **tws_options)
        self.telegram = Telegram(token=token, clock=_Dial(self.exchange.clock), limits=limits)
        self.telegram_url = ""
        self._web_port = web_port
        self._routes = [*market_routes(self.exchange, self.server), *hint_routes(), *bot_routes(child)]
        self._stack = contextlib.AsyncExitStack()

    @property
    def tws_port(self) -> int:
        """The port on which TWS listens."""
        return self.server.port

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            await self.server.start()
            stack.push_async_callback(self.server.stop)
            self.telegram_url = await self._serve(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _serve(self, stack: contextlib.AsyncExitStack) -> str:
        try:
            return await stack.enter_async_context(self._serving(self._web_port))
        except OSError:
            if self._web_port == 0:
                raise
            return await stack.enter_async_context(self._serving(0))

    def _serving(self, port: int) -> contextlib.AbstractAsyncContextManager[str]:
        return serving(self.telegram, port=port, extra_routes=self._routes)


class _Dial:
    """The exchange's clock as Telegram reads it: aware datetimes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.time(), UTC)


def bot_routes(child: Child | None) -> list[Route]:
    """
    Return GET /sim/bot and POST /sim/bot/restart.

    The first answers *child*'s status, {"state": "none"} without one; the
    second kills it (as kill -9 does), and it is started again at once.
    """

    async def state(_: Request) -> JSONResponse:
        return JSONResponse(child.status() if child is not None else {"state": "none"})

    async def restart(_: Request) -> JSONResponse:
        if child is None:
            return JSONResponse({"error": "there is no bot here to restart"}, status_code=400)
        child.restart()
        return JSONResponse({"ok": True})

    return [Route("/sim/bot", state), Route("/sim/bot/restart", restart, methods=["POST"])]
