"""
The Bot API over HTTP: /bot<token>/<method> and /file/bot<token>/<path>.

A token of the right shape that is not this bot's gets 401 Unauthorized, any
other text 404 Not Found, an unknown method "404 Not Found: method not found".
"""

from __future__ import annotations

import asyncio
import hmac
import inspect
import re
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from simulator.telegram import account, answering, editing, forwarding, polling, sending
from simulator.telegram.errors import ApiError
from simulator.telegram.faults import BAD_GATEWAY, REFUSALS, Fault
from simulator.telegram.method import Described, Method
from simulator.telegram.params import read

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from simulator.telegram.params import Params
    from simulator.telegram.state import Telegram

_ROOMS = (account, answering, editing, forwarding, polling, sending)
_BY_NAME: dict[str, tuple[str, Method]] = {
    name.lower(): (name, method) for room in _ROOMS for name, method in room.METHODS.items()
}
_TOKEN = re.compile(r"[1-9]\d*:[A-Za-z0-9_-]+")


class BotApi:
    """The ASGI application behind /bot<token>/<method>."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call, or, under a fault, do not."""
        request = Request(scope, receive)
        try:
            check_token(self._telegram, request.path_params["token"])
            found = _method(request.path_params["method"])
            params = await read(request)
        except ApiError as error:
            await _failure(error)(scope, receive, send)
            return
        except ClientDisconnect:
            # Killed in the middle of a request: nothing was asked, and nobody is there to answer.
            return
        response = await self._call(*found, params, receive)
        if response is None:
            await drop(receive, send)
        else:
            await response(scope, receive, send)

    async def _call(self, name: str, method: Method, params: Params, receive: Receive) -> Response | None:
        """Carry out one call and log it; None means that the connection is to be closed without an answer."""
        entry = self._telegram.calls.begin(name, params.recorded())
        fault = self._telegram.faults.take(name, params)
        if fault is not None:
            entry["fault"] = fault.kind
        try:
            response = await self._before(fault, receive)
            if fault is None or (response is None and fault.kind in {"slow", "timeout", "drop_after"}):
                response = await self._carry_out(name, method, params, entry)
        except ApiError as error:
            entry["error"] = error.envelope()
            response = _failure(error)
        self._telegram.calls.end(entry)
        return await self._after(fault, response, receive)

    async def _carry_out(self, name: str, method: Method, params: Params, entry: dict[str, Any]) -> Response:
        self._telegram.flood.check(name, params)
        result = method(self._telegram, params)
        if inspect.isawaitable(result):
            result = await result
        body: dict[str, Any] = {"ok": True, "result": result}
        if isinstance(result, Described):
            body = {"ok": True, "result": result.result, "description": result.description}
        entry["response"] = body["result"]
        return JSONResponse(body)

    async def _before(self, fault: Fault | None, receive: Receive) -> Response | None:
        """Do what *fault* does before, or instead of, the call."""
        if fault is None:
            return None
        if fault.kind in REFUSALS:
            raise fault.refusal()
        if fault.kind == "502":
            return Response(BAD_GATEWAY, 502, media_type="text/html")
        if fault.kind == "garbage":
            return Response("<!doctype html><title>Sign in to the hotel's network</title>", media_type="text/html")
        if fault.kind in {"hang", "slow"}:
            await self._hold(fault.wait_s(), receive)
        return None

    async def _after(self, fault: Fault | None, response: Response | None, receive: Receive) -> Response | None:
        """Hold or withhold the answer where *fault* says so."""
        if fault is not None and fault.kind == "timeout":
            await self._hold(fault.wait_s(), receive)
        return None if fault is not None and fault.kind == "drop_after" else response

    async def _hold(self, seconds: float, receive: Receive) -> None:
        """Wait *seconds*, or until the client gives up, or the server closes."""
        gone = asyncio.create_task(_disconnected(receive))
        closing = asyncio.create_task(self._telegram.closing.wait())
        await asyncio.wait({gone, closing}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in (gone, closing):
            task.cancel()
        await asyncio.gather(gone, closing, return_exceptions=True)


def _method(name: str) -> tuple[str, Method]:
    """Return the method *name* in any case, with its proper spelling; raises the 404 for unknown ones."""
    found = _BY_NAME.get(name.lower())
    if found is None:
        raise ApiError(404, "method not found")
    return found


def check_token(telegram: Telegram, token: str) -> None:
    """Raise 401 for somebody else's token, 404 for a text that is none."""
    if hmac.compare_digest(token.encode(), telegram.token.encode()):
        return
    raise ApiError(401, "Unauthorized") if _TOKEN.fullmatch(token) else ApiError(404)


async def drop(receive: Receive, send: Send) -> None:
    """
    Close the client's connection without an answer.

    ASGI knows no such act, so this reaches for uvicorn's transport behind
    *receive*. Under another server the answer is begun and broken off, which
    clients take for the same thing.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        # Only after the loss has reached the protocol may the application
        # return: uvicorn would write a 500 otherwise.
        await _disconnected(receive)
        return
    headers = [(b"content-length", b"100"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{"})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _failure(error: ApiError) -> JSONResponse:
    headers = {}
    if "retry_after" in error.parameters:
        headers["retry-after"] = str(error.parameters["retry_after"])
    return JSONResponse(error.envelope(), error.code, headers)


def file_response(telegram: Telegram, token: str, path: str) -> Response:
    """Return the bytes behind /file/bot<token>/<path>."""
    try:
        check_token(telegram, token)
    except ApiError as error:
        return _failure(error)
    file = telegram.files.by_path(path)
    if file is None:
        return _failure(ApiError(404, "file not found"))
    return Response(file.content, media_type="application/octet-stream")
