"""Health over HTTP, on the loopback by default: `GET /healthz`."""

import contextlib
import logging
from collections.abc import Callable, Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

_log = logging.getLogger(__name__)


class _QuietServer(uvicorn.Server):
    """Leaves the process's signals to `bot/__main__.py`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def serve(port: int, health: Callable[[], dict[str, object]]) -> None:
    """
    Answer `GET /healthz` on 127.0.0.1:*port* until cancelled: *health*'s values, status 503 unless its "ok" is true.

    Raises OSError when the port is taken.
    """

    def answer(_request: Request) -> JSONResponse:
        state = health()
        return JSONResponse(state, status_code=200 if state.get("ok") else 503)

    app = Starlette(routes=[Route("/healthz", answer)])
    server = _QuietServer(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off"))
    try:
        await server.serve()
    except SystemExit as error:
        # uvicorn exits the process when it cannot bind; that must cost the bot no more than its health page.
        raise OSError(f"port {port} is taken") from error
