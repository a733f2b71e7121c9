"""uvicorn around the local Telegram, so that it starts and stops inside another program's loop."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import uvicorn

from simulator.telegram.server import create_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from starlette.routing import BaseRoute

    from simulator.telegram.state import Telegram

HOST = "127.0.0.1"
KEEP_ALIVE_S = 75
GRACE_S = 5


class Server(uvicorn.Server):
    """A uvicorn that leaves signals alone and ends long polls and event streams before it waits for connections."""

    def __init__(self, telegram: Telegram, extra_routes: Iterable[BaseRoute] = ()) -> None:
        config = uvicorn.Config(
            create_app(telegram, extra_routes),
            log_level="warning",
            access_log=False,
            lifespan="off",
            # uvicorn's 5 s would close a client's idle connection just as it is used again.
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
        )
        super().__init__(config)
        self._telegram = telegram

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave SIGINT and SIGTERM to the program around."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what waits, then stop as uvicorn does."""
        self._telegram.close()
        await super().shutdown(sockets)


@asynccontextmanager
async def serving(telegram: Telegram, *, port: int = 0, extra_routes: Iterable[BaseRoute] = ()) -> AsyncIterator[str]:
    """
    Serve *telegram* on loopback while the block runs; yields its address, as http://127.0.0.1:port.

    Port 0 takes a free one; raises OSError where the port is taken.
    """
    listener = _listen(port)
    server = Server(telegram, extra_routes)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="local telegram")
    try:
        yield f"http://{HOST}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


def _listen(port: int) -> socket.socket:
    # asyncio switches Nagle's delay off only where the protocol is named: socket.create_server leaves it at 0,
    # and every answer then comes 40 ms late.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
