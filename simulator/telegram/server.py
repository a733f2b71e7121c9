"""
The local Telegram as one web application: Bot API, control interface, chat page.

A loopback toy: the control interface asks for no token, so bind it to
127.0.0.1 only.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from simulator.telegram.bot_api import BotApi, file_response
from simulator.telegram.control import control_routes
from simulator.telegram.state import Telegram
from simulator.telegram.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

__all__ = ["Telegram", "create_app"]

PAGE = Path(__file__).parent / "page"


def create_app(telegram: Telegram, extra_routes: Iterable[BaseRoute] = ()) -> Starlette:
    """
    Return the application around *telegram*.

    *extra_routes* come before the rest (the simulated market's controls).
    Whoever stops the server calls `telegram.close()` first, or serves it by
    `simulator.telegram.serving`: long polls and event streams end then.
    """

    async def download(request: Request) -> Response:
        return file_response(telegram, request.path_params["token"], request.path_params["path"])

    return Starlette(
        routes=[
            *extra_routes,
            Route("/bot{token}/{method}", BotApi(telegram)),
            Route("/file/bot{token}/{path:path}", download),
            *control_routes(telegram),
            *Watch(telegram).routes(),
            Route("/", _page),
            Route("/page/{name}", _page),
        ]
    )


async def _page(request: Request) -> Response:
    name = request.path_params.get("name", "index.html")
    path = PAGE / name
    if path.parent != PAGE or not path.is_file():
        return JSONResponse({"error": "there is no such page"}, 404)
    # Always asked anew: a browser that keeps an old script would talk to a new server.
    return FileResponse(path, headers={"cache-control": "no-cache"})
