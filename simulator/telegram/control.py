"""
The control interface, without a token: what people do, over HTTP.

The page and the tests speak it. A request that makes no sense is answered
with 400, or 404 where something is not there, and {"error": sentence}.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse
from starlette.routing import Route

from simulator.telegram import people
from simulator.telegram.errors import ApiError, ControlError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from simulator.telegram.state import Telegram

    Handler = Callable[[Telegram, int, dict[str, Any]], Awaitable[dict[str, Any]]]


async def write(telegram: Telegram, chat_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """POST /sim/chats/{chat_id}/messages: {"from_id", "text", ...} -> Message."""
    return people.write(telegram, chat_id, _whole(body, "from_id"), body)


async def edit(telegram: Telegram, chat_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """POST /sim/chats/{chat_id}/edit: {"from_id", "message_id", "text"} -> Message."""
    text = str(body.get("text", ""))
    return people.edit(telegram, chat_id, _whole(body, "from_id"), _whole(body, "message_id"), text)


async def press(telegram: Telegram, chat_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """
    POST /sim/chats/{chat_id}/press: {"from_id", "message_id", "button"[, "repeat", "wait", "force", "data"]}.

    "wait" seconds for the bot's answer to the (last) tap; "answer" is None
    where none has come.
    """
    query, told = people.press(telegram, chat_id, _whole(body, "from_id"), body)
    wait = float(body.get("wait", 0))
    answer = await telegram.queries.wait(query, wait) if query is not None and wait > 0 else None
    return {"ok": True, **told, "answer": answer}


async def forward(telegram: Telegram, chat_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """POST /sim/chats/{chat_id}/forward: {"from_id", "from_chat_id", "message_id"} -> Message."""
    source, message_id = _whole(body, "from_chat_id"), _whole(body, "message_id")
    return people.forward(telegram, chat_id, _whole(body, "from_id"), source, message_id)


async def block(telegram: Telegram, chat_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """POST /sim/chats/{chat_id}/block: {"user_id"[, "blocked": false, "deactivated": true]}."""
    blocked, deactivated = bool(body.get("blocked", True)), bool(body.get("deactivated"))
    people.block(telegram, chat_id, _whole(body, "user_id"), blocked=blocked, deactivated=deactivated)
    return {"ok": True}


async def react(telegram: Telegram, chat_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """POST /sim/chats/{chat_id}/react: {"from_id", "message_id", "emoji"}; "" takes the reaction away."""
    emoji = str(body.get("emoji", ""))
    people.react(telegram, chat_id, _whole(body, "from_id"), _whole(body, "message_id"), emoji)
    return {"ok": True}


async def found_group(telegram: Telegram, chat_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """POST /sim/groups: {"id", "title", "members": [ids][, "bot_status": "administrator"]} -> Chat."""
    del chat_id
    members = [int(member) for member in body.get("members", [])]
    status = str(body.get("bot_status", "member"))
    title = str(body.get("title", "Group"))
    return people.found_group(telegram, _whole(body, "id"), title, members, status).json()


async def migrate(telegram: Telegram, chat_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """POST /sim/groups/{chat_id}/migrate -> Chat, the supergroup."""
    del body
    return people.migrate(telegram, chat_id).json()


async def ask_inline(telegram: Telegram, chat_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """POST /sim/inline: {"from_id", "query"[, "wait"]} -> the query's id and, if it came in time, the answer."""
    del chat_id
    query = people.ask_inline(telegram, _whole(body, "from_id"), str(body.get("query", "")))
    wait = float(body.get("wait", 0))
    answer = await telegram.queries.wait(query, wait) if wait > 0 else None
    return {"ok": True, "inline_query_id": query.id, "answer": answer}


async def set_fault(telegram: Telegram, chat_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """POST /sim/faults: see `simulator.telegram.faults`."""
    del chat_id
    if body.get("kind") == "clear":
        telegram.faults.clear()
    elif body.get("kind") == "bad_update":
        for _ in range(int(body.get("count", 1))):
            telegram.updates.push_unreadable()
    else:
        telegram.faults.add(body)
    return {"ok": True, "active": telegram.faults.active()}


def control_routes(telegram: Telegram) -> list[Route]:
    """Return the routes by which people act."""
    handlers: dict[str, Handler] = {
        "/sim/chats/{chat_id}/messages": write,
        "/sim/chats/{chat_id}/edit": edit,
        "/sim/chats/{chat_id}/press": press,
        "/sim/chats/{chat_id}/forward": forward,
        "/sim/chats/{chat_id}/block": block,
        "/sim/chats/{chat_id}/react": react,
        "/sim/groups": found_group,
        "/sim/groups/{chat_id}/migrate": migrate,
        "/sim/inline": ask_inline,
        "/sim/faults": set_fault,
    }
    return [Route(path, _endpoint(telegram, handler), methods=["POST"]) for path, handler in handlers.items()]


def _endpoint(telegram: Telegram, handler: Handler) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def endpoint(request: Request) -> JSONResponse:
        try:
            body = await _body(request)
            chat_id = _number(request.path_params.get("chat_id", "0"), "chat_id")
            return JSONResponse(await handler(telegram, chat_id, body))
        except ControlError as error:
            return JSONResponse({"error": error.reason}, error.status)
        except ApiError as error:
            return JSONResponse({"error": error.description}, error.code)
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": f"a field is not what it should be: {error}"}, 400)

    return endpoint


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise ControlError("the body is no JSON") from None
    if not isinstance(body, dict):
        raise ControlError("the body is no JSON object")
    return body


def _whole(body: dict[str, Any], name: str) -> int:
    if name not in body:
        raise ControlError(f"{name} is missing")
    return _number(body[name], name)


def _number(value: object, name: str) -> int:
    try:
        return int(str(value))
    except (TypeError, ValueError):
        raise ControlError(f"{name} is no whole number") from None
