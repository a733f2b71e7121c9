"""The inbound webhook, through the real process: a call becomes a message or a card, and never an order."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx

from tests.flow.chat import labels, said
from tests.flow.conftest import Stage

SECRET = "a-secret-that-nobody-guesses"
ADA, TOM, VERA, STRANGER = 111, 222, 333, 999


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Hook:
    """The bot's inbound webhook, as its callers see it."""

    def __init__(self, stage: Stage, caller: httpx.AsyncClient, port: int) -> None:
        self.stage = stage
        self.port = port
        self._caller = caller

    async def up(self) -> None:
        """Start a bot that listens, and wait until both its doors are open."""
        await self.stage.up(hook_port=str(self.port), hook_secret=SECRET)
        await self.stage.desk.until(self._is_open, "an open door")

    async def call(self, **said: object) -> httpx.Response:
        """Call with the right secret, unless another is given."""
        return await self.post(json.dumps({"secret": SECRET, **said}).encode())

    async def post(self, body: bytes) -> httpx.Response:
        return await self._caller.post(f"http://127.0.0.1:{self.port}/hook", content=body)

    async def _is_open(self) -> bool:
        try:
            return (await self._caller.get(f"http://127.0.0.1:{self.port}/hook")).status_code == 405
        except httpx.TransportError:
            return False


@asynccontextmanager
async def hooked(stage: Stage) -> AsyncIterator[Hook]:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as caller:
        hook = Hook(stage, caller, free_port())
        await hook.up()
        yield hook
        for bot in stage.bots:
            assert SECRET not in bot.words()


async def test_an_alert_from_outside_reaches_its_person_once(stage: Stage) -> None:
    async with hooked(stage) as hook:
        for status in ("accepted", "duplicate", "duplicate"):
            assert (await hook.call(user=VERA, alert="<i>AAPL</i> crossed 200 & more")).json() == {"status": status}
        message = await stage.vera.until("<i>AAPL</i> crossed 200 & more", "from the webhook")
        assert "LIVE" not in said(message)
        await stage.vera.ask("/help", "/orders")
        assert sum("crossed 200" in said(one) for one in await stage.vera.from_bot()) == 1


async def test_an_order_line_becomes_a_card_and_only_confirm_makes_it_an_order(stage: Stage) -> None:
    async with hooked(stage) as hook:
        body = f"secret: {SECRET}\nuser: {TOM}\norder: buy 10 AAPL 199.5"
        assert (await hook.post(body.encode())).json() == {"status": "accepted"}
        asked = await stage.tom.until("asked for by the webhook", "buy 10 AAPL 199.5")
        assert "PAPER" in said(asked).partition("\n")[0]
        card = await stage.tom.until("confirm?", after=asked["message_id"])
        assert card["reply_to_message"]["message_id"] == asked["message_id"]
        assert await stage.desk.orders() == []
        await stage.tom.press(card, "✅")
        await stage.tom.until("FILLED", after=card["message_id"])
        assert len(await stage.desk.orders()) == 1


async def test_a_line_that_is_no_order_is_explained_in_the_chat(stage: Stage) -> None:
    async with hooked(stage) as hook:
        assert (await hook.call(user=TOM, order="buy AAPL 10")).status_code == 200
        asked = await stage.tom.until("asked for by the webhook")
        await stage.tom.until("buy 10 AAPL", after=asked["message_id"])
        assert await stage.desk.orders() == []


async def test_who_has_no_right_to_it_gets_nothing(stage: Stage) -> None:
    async with hooked(stage) as hook:
        before = await stage.desk.get("/sim/calls")
        assert (await hook.call(secret="wrong", user=ADA, order="buy 10 AAPL 199.5")).status_code == 401
        assert (await hook.call(user=STRANGER, alert="hello")).status_code == 403
        assert (await hook.call(user=VERA, order="buy 10 AAPL 199.5")).status_code == 403
        assert (await hook.call(user=TOM, order="/resume")).status_code == 400
        assert await stage.stranger.from_bot() == []
        await stage.tom.ask("/help", "/orders")
        sent = [call for call in await stage.desk.get("/sim/calls") if call not in before]
        assert not [call for call in sent if "webhook" in json.dumps(call)]


async def test_what_was_taken_before_a_kill_is_told_after_it_and_its_card_waits_for_a_press(stage: Stage) -> None:
    async with hooked(stage) as hook:
        (bot,) = stage.bots
        await stage.desk.post("/sim/faults", method="sendMessage", kind="502", count=-1)
        assert (await hook.call(user=TOM, alert="AAPL crossed 200", id="a1")).status_code == 200
        assert (await hook.call(user=TOM, order="buy 10 AAPL 199.5", id="o1")).status_code == 200
        await bot.kill()
        await stage.desk.post("/sim/faults", kind="clear")
        await hook.up()
        await stage.tom.until("AAPL crossed 200", "from the webhook")
        asked = await stage.tom.until("asked for by the webhook")
        assert (await hook.call(user=TOM, order="buy 10 AAPL 199.5", id="o1")).json() == {"status": "duplicate"}
        await stage.tom.press(asked, "📝 Prepare")
        card = await stage.tom.until("confirm?", after=asked["message_id"])
        assert [label for label in labels(card) if label.startswith("✅")]
        assert await stage.desk.orders() == []


async def test_hostile_callers_keep_nobody_from_anything(stage: Stage) -> None:
    async with hooked(stage) as hook:
        writers = []
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", hook.port)
            writer.write(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
            writers.append(writer)
        assert (await hook.post(b"x" * 10_000_000)).status_code == 413
        for body in (b"[" * 16_000, b"\x00" * 16_000, b"\xff" * 16_000, b"{}", b""):
            assert (await hook.post(body)).status_code == 401
        assert (await hook.call(user=TOM, alert="\x00\x1b[2J" + "a" * 15_000)).status_code == 200
        assert (await hook.call(user=TOM, alert="still here")).status_code == 200
        await stage.tom.until("still here", "from the webhook")
        for writer in writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def test_without_its_port_there_is_no_door(stage: Stage) -> None:
    bot = await stage.up(hook_secret=SECRET)
    await stage.ada.ask("/help", "/orders")
    assert "inbound webhook" not in bot.words()
