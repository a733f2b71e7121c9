"""The control interface's reading side: chats, calls, users, commands, files, faults, and the stream of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

    from simulator.telegram.chats import Chat
    from simulator.telegram.state import Telegram


class Watch:
    """Endpoints that change nothing."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram

    def routes(self) -> list[Route]:
        """Return the routes of the reading side."""
        return [
            Route("/sim/chats", self.chats),
            Route("/sim/chats/{chat_id}/messages", self.messages),
            Route("/sim/calls", self.calls),
            Route("/sim/users", self.users),
            Route("/sim/commands", self.commands),
            Route("/sim/faults", self.faults),
            Route("/sim/queries/{query_id}", self.query),
            Route("/sim/files/{file_id}", self.file),
            Route("/sim/events", self.events),
        ]

    async def chats(self, request: Request) -> Response:
        """Return every chat: Chat fields, pinned message ids, number of messages, the last one."""
        del request
        return JSONResponse([_summary(chat) for chat in self._telegram.chats])

    async def messages(self, request: Request) -> Response:
        """Return a chat's messages, oldest first; none for a private chat that is not open yet."""
        chat_id = _whole(request.path_params["chat_id"])
        chat = None if chat_id is None else self._telegram.chats.find(chat_id)
        if chat is None:
            if chat_id is not None and chat_id > 0:
                return JSONResponse([])
            return JSONResponse({"error": "there is no such chat"}, 404)
        return JSONResponse([stored.seen() for stored in chat.in_order()])

    async def calls(self, request: Request) -> Response:
        """Return the logged calls: ?method= for one method, ?since= for those with a higher "n"."""
        since = _whole(request.query_params.get("since", "0")) or 0
        return JSONResponse(self._telegram.calls.select(request.query_params.get("method", ""), since))

    async def users(self, request: Request) -> Response:
        """Return the people: User fields and the role as a label."""
        del request
        return JSONResponse([{**user.json(), "role": user.role} for user in self._telegram.users.people()])

    async def commands(self, request: Request) -> Response:
        """Return the commands that ?chat_id= (and there ?user_id=, default the chat's owner) sees."""
        chat_id = _whole(request.query_params.get("chat_id", ""))
        if chat_id is None:
            return JSONResponse({"error": "chat_id is missing"}, 400)
        chat = self._telegram.chats.find(chat_id)
        if chat is None:
            return JSONResponse([])
        user_id = _whole(request.query_params.get("user_id", "")) or chat_id
        language = self._telegram.users.get(user_id).language_code
        return JSONResponse(self._telegram.commands.seen_in(chat, user_id, language))

    async def faults(self, request: Request) -> Response:
        """Return the faults in force."""
        del request
        return JSONResponse(self._telegram.faults.active())

    async def query(self, request: Request) -> Response:
        """Return a tap or inline query and the answer it got, if any."""
        query = self._telegram.queries.find(request.path_params["query_id"])
        if query is None:
            return JSONResponse({"error": "there is no such query"}, 404)
        return JSONResponse({"id": query.id, "user_id": query.user_id, "answer": query.answer})

    async def file(self, request: Request) -> Response:
        """Return a file's bytes by its file_id."""
        file = self._telegram.files.get(request.path_params["file_id"])
        if file is None:
            return JSONResponse({"error": "there is no such file"}, 404)
        headers = {"cache-control": "max-age=31536000, immutable", "x-content-type-options": "nosniff"}
        # Only pictures may be shown in place: anything else a bot sends is a download.
        if not file.width:
            name = "".join(letter for letter in file.name if letter.isascii() and letter.isprintable())
            headers["content-disposition"] = 'attachment; filename="' + name.replace('"', "") + '"'
        return Response(file.content, media_type=file.mime_type, headers=headers)

    async def events(self, request: Request) -> Response:
        """Return the stream of events."""
        del request
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(self._telegram.events.stream(), headers=headers, media_type="text/event-stream")


def _summary(chat: Chat) -> dict[str, Any]:
    messages = chat.in_order()
    last = messages[-1].seen() if messages else None
    return {**chat.json(), "pinned": chat.pinned, "count": len(messages), "last_message": last}


def _whole(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
