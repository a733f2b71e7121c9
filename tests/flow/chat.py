"""A person in a chat, over the local Telegram's control interface; waits are for events, never for time."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

import httpx

Shown = dict[str, Any]
PATIENCE_S = 30.0


class Desk:
    """The control interface of one running world."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.AsyncClient(base_url=url, timeout=PATIENCE_S, trust_env=False)
        self._changed = asyncio.Condition()
        self._events = 0
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self.http.aclose()

    def chat(self, user_id: int) -> "Chat":
        """Return *user_id*'s private chat."""
        return Chat(self, user_id)

    async def post(self, path: str, **body: Any) -> Any:
        """Post *body* as JSON and return the answer's; raises AssertionError with the server's words on a refusal."""
        answer = await self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def get(self, path: str, **query: Any) -> Any:
        """Return the JSON at *path*."""
        answer = await self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def push(self, symbol: str, last: float) -> None:
        """Print a trade."""
        await self.post("/sim/market/tick", symbol=symbol, last=last)

    async def orders(self) -> list[dict[str, Any]]:
        """Return the orders that TWS has, what-ifs excluded."""
        found: list[dict[str, Any]] = await self.get("/sim/market/orders")
        return found

    async def until(self, look: Callable[[], Any], what: str, within_s: float = PATIENCE_S) -> Any:
        """Call the async *look* now and after every event until it returns something true; return that."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    seen = self._events
                    found = await look()
                    if found:
                        return found
                    await self._next_event(seen)
        except TimeoutError:
            raise AssertionError(f"did not come within {within_s} s: {what}") from None

    async def _next_event(self, seen: int) -> None:
        # TWS's side has no events of its own: look again twice a second at the latest.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5), self._changed:
                await self._changed.wait_for(lambda: self._events != seen)

    async def _listen(self) -> None:
        async with self.http.stream("GET", "/sim/events", timeout=None) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data:"):
                    async with self._changed:
                        self._events += 1
                        self._changed.notify_all()


class Chat:
    """One person's private chat with the bot."""

    def __init__(self, desk: Desk, user_id: int) -> None:
        self.desk = desk
        self.user_id = user_id

    async def say(self, text: str, **more: Any) -> int:
        """Write *text*; return the message's id."""
        sent = await self.desk.post(f"/sim/chats/{self.user_id}/messages", from_id=self.user_id, text=text, **more)
        return int(sent["message_id"])

    async def shown(self) -> list[Shown]:
        """Return all messages, oldest first."""
        found: list[Shown] = await self.desk.get(f"/sim/chats/{self.user_id}/messages")
        return found

    async def from_bot(self, after: int = 0) -> list[Shown]:
        """Return the bot's messages with an id above *after*."""
        return [m for m in await self.shown() if m["from"]["is_bot"] and m["message_id"] > after]

    async def until(self, *words: str, after: int = 0, within_s: float = PATIENCE_S) -> Shown:
        """Return the bot's first message above *after* that has all of *words* in it, now or when it comes."""

        async def look() -> Shown | None:
            for message in await self.from_bot(after):
                if all(word in said(message) for word in words):
                    return message
            return None

        try:
            found: Shown = await self.desk.until(look, f"{words} for {self.user_id}", within_s)
        except AssertionError as error:
            transcript = "\n---\n".join(said(m) for m in await self.from_bot(after))
            raise AssertionError(f"{error}; instead:\n{transcript}") from None
        return found

    async def ask(self, text: str, *words: str, within_s: float = PATIENCE_S) -> Shown:
        """Write *text* and return the first answer that has all of *words* in it."""
        return await self.until(*words, after=await self.say(text), within_s=within_s)

    async def press(self, message: Shown, button: str, *, by: int | None = None, **more: Any) -> dict[str, Any]:
        """Press the button whose label begins with *button* (or is that data); return what the server says of it."""
        label = next((found for found in labels(message) if found.startswith(button)), button)
        pressed: dict[str, Any] = await self.desk.post(
            f"/sim/chats/{self.user_id}/press",
            from_id=by or self.user_id,
            message_id=message["message_id"],
            button=label,
            **more,
        )
        return pressed

    async def becomes(self, message: Shown, *words: str) -> Shown:
        """Return *message* as soon as it has all of *words* in its text or on its buttons."""

        async def look() -> Shown | None:
            now = await self.again(message)
            everything = "\n".join((said(now), *labels(now)))
            return now if all(word in everything for word in words) else None

        found: Shown = await self.desk.until(look, f"{words} in a message for {self.user_id}")
        return found

    async def again(self, message: Shown) -> Shown:
        """Return *message* as it is shown now."""
        return next(m for m in await self.shown() if m["message_id"] == message["message_id"])


def said(message: Shown) -> str:
    """Return a message's text or caption."""
    return str(message.get("text") or message.get("caption") or "")


def labels(message: Shown) -> list[str]:
    """Return the labels of a message's buttons."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button["text"] for row in rows for button in row]


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Desk]:
    """Give the control interface at *url*."""
    async with Desk(url) as desk:
        yield desk


def pretty(value: object) -> str:
    """Return *value* as readable JSON, for a failing test's words."""
    return json.dumps(value, indent=1, ensure_ascii=False, default=str)
