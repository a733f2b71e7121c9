"""
A person who orders in the chat, and what TWS received of it: every step of an order, for the tests of whole orders.

Each order is typed by a person of its own, so that a chat shows one story.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from simulator.tws.exchange import Exchange
from simulator.tws.requests import Request
from tests.fakes.order_table import placed
from tests.flow.chat import Chat, Shown, said
from tests.flow.conftest import Stage, opened_stage, trading_day

# A Wednesday, ten minutes before eleven in New York.
MORNING = datetime(2026, 11, 18, 15, 50, tzinfo=UTC)
_FIRST_TRADER = 1001
_TRADERS = 60
WIDE = {
    "telegram_users": ",".join(["111:admin", *(f"{_FIRST_TRADER + number}:trader" for number in range(_TRADERS))]),
    "limit_order_value": "off",
    "limit_daily_value": "off",
    "limit_orders_per_minute": "off",
    "limit_collar_pct": "off",
    "limit_quote_age_s": "off",
    "limit_kinds": "off",
    "limit_duplicate_s": "off",
    "limit_short_selling": "true",
    "limit_closed_market": "false",
    "limit_buying_power": "false",
    "confirm_drift_pct": "100",
}
"""Settings under which no limit of ours stands in the way of an order that IBKR takes."""

Move = Callable[[Exchange], None]


def prints(symbol: str, *prices: float) -> Move:
    """Return what prints *symbol* at *prices*, one after the other."""

    def move(exchange: Exchange) -> None:
        for price in prices:
            exchange.push(symbol, price)

    return move


def nothing(_exchange: Exchange) -> None:
    """Leave the market alone."""


def bell(exchange: Exchange) -> None:
    """End the regular session, and begin the next one."""
    exchange.close_session()
    exchange.open_session()


@dataclass(frozen=True, slots=True)
class Case:
    """A line, what its card says, what TWS must receive, how the market fills it and what the chat says then."""

    line: str
    says: tuple[str, ...]
    frame: dict[str, str]
    filled: str
    move: Move = nothing
    before: Move = nothing
    algo: list[tuple[str, str]] = field(default_factory=list)


def case(name: str, one: Case) -> Any:
    """Return *one* as a parameter that a test's report calls *name*."""
    return pytest.param(one, id=name)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A proposal whose Confirm was pressed on *card*, by its number and in the chat of who made it."""

    chat: Chat
    card: Shown
    number: int


class Counter:
    """Where one person after the other orders."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._people: Iterator[int] = count(_FIRST_TRADER)

    def somebody(self) -> Chat:
        """Return the chat of a trader who has said nothing yet."""
        return self.stage.desk.chat(next(self._people))

    async def card(self, line: str, *words: str, chat: Chat | None = None) -> Shown:
        """Type *line* and return its card, with PAPER in its first line and all of *words* on it."""
        chat = chat or self.somebody()
        card = await chat.ask(line, "confirm?")
        assert "PAPER" in said(card).partition("\n")[0]
        for word in words:
            assert word in said(card), f"{word!r} is not on the card of {line!r}:\n{said(card)}"
        return card

    async def confirm(self, chat: Chat, card: Shown) -> Confirmed:
        """Press Confirm, twice as Telegram may tell it, and nothing of the order may be at TWS before."""
        number = _number(card)
        # Updates of a chat are worked on in order: once this is answered, the card's own message is known to the desk.
        await chat.ask("/help", "/orders")
        assert self.frames(number) == []
        await chat.press(card, "✅", repeat=2)
        return Confirmed(chat, card, number)

    async def order(self, line: str, *words: str) -> Confirmed:
        """Type *line*, read its card, press Confirm."""
        chat = self.somebody()
        return await self.confirm(chat, await self.card(line, *words, chat=chat))

    def frames(self, number: int) -> list[Request]:
        """Return the placeOrder frames of a proposal's orders that TWS received, in order; previews are no orders."""
        found = placed(self.stage.world.server.requests)
        return [
            one for one in found if one.values["orderRef"].startswith(f"sb-{number}-") and one.values["whatIf"] == "0"
        ]

    async def at_tws(self, order: Confirmed, *states: str, leg: int = 1) -> dict[str, Any]:
        """Return one order of a proposal as TWS has it, once it is in one of *states*; it is there once."""
        ref = f"sb-{order.number}-{leg}"

        async def look() -> dict[str, Any] | None:
            found = [one for one in self.stage.world.exchange.orders() if one["orderRef"] == ref]
            assert len(found) <= 1, f"{ref} is at TWS {len(found)} times"
            return found[0] if found and (not states or found[0]["status"] in states) else None

        found: dict[str, Any] = await self.stage.desk.until(look, f"{ref} {states} at TWS")
        return found

    async def frame(self, order: Confirmed) -> Request:
        """Return the only frame of a proposal, once TWS has its order."""
        await self.at_tws(order)
        (frame,) = self.frames(order.number)
        return frame

    def move(self, move: Move) -> None:
        """Let something happen at the exchange."""
        move(self.stage.world.exchange)

    def wait(self, seconds: int) -> None:
        """Let so many seconds pass for everybody, each of which the exchange sees."""
        for _ in range(seconds):
            self.stage.dial.turn(timedelta(seconds=1))
            self.stage.world.exchange.desk.floor.on_time()

    async def told(self, order: Confirmed, *words: str) -> Shown:
        """Return the message in answer to the card that has all of *words*, when it comes."""
        message = await order.chat.until(*words, after=order.card["message_id"])
        assert message["reply_to_message"]["message_id"] == order.card["message_id"]
        return message

    async def ends(self, order: Confirmed, *words: str) -> Shown:
        """Return the message that tells the end of an order; the thread must say the same, and nothing rings after."""
        end = await self.told(order, "PAPER", *words)

        async def look() -> bool:
            thread = [one for one in await order.chat.from_bot(order.card["message_id"]) if _is_thread(one, order)]
            return all("orking" not in said(one) for one in thread)

        await self.stage.desk.until(look, "a thread that shows the end")
        assert len(self.frames(order.number)) == 1
        return end


@asynccontextmanager
async def opened_counter(folder: Path, *accounts: str) -> AsyncIterator[Counter]:
    """Open a stage on a trading morning with these *accounts* and a bot without limits of ours."""
    async with opened_stage(trading_day(folder, MORNING, accounts=accounts), folder) as stage:
        await stage.up(**WIDE)
        yield Counter(stage)


def _is_thread(message: Shown, order: Confirmed) -> bool:
    answered = message.get("reply_to_message", {}).get("message_id")
    return answered == order.card["message_id"] and f"ref #{order.number}" in said(message)


def _number(card: Shown) -> int:
    found = re.search(r"ref #(\d+)", said(card))
    assert found, said(card)
    return int(found[1])
