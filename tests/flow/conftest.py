"""The real bot as a process between both simulators, one of each for every story."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulator.tws.exchange import Exchange
from simulator.tws.plan import RegularUS
from simulator.world import TOKEN, World
from tests.flow.chat import Chat, Desk
from tests.flow.dial import Dial
from tests.flow.process import BotProcess

MORNING = datetime(2026, 11, 18, 16, 0, tzinfo=UTC)
"""When a story begins, unless it says otherwise: a Wednesday, 11:00 in New York, whatever the machine's clock says."""

_DIAL = "dial"
# The bot looks at the clock each second.
_BETWEEN_TURNS_S = 1.1


class Stage:
    """One world, its control interface and its clock, and bots that are started into it."""

    def __init__(self, world: World, desk: Desk, folder: Path) -> None:
        clock = world.exchange.clock
        assert isinstance(clock, Dial)
        self.dial = clock
        self.world = world
        self.desk = desk
        self.folder = folder
        self.bots: list[BotProcess] = []
        self._waded_at = 0.0
        self.ada = desk.chat(111)
        self.tom = desk.chat(222)
        self.vera = desk.chat(333)
        self.stranger = desk.chat(999)

    async def start(self, *, program: Sequence[str] = (), is_fresh: bool = False, **settings: str) -> BotProcess:
        """
        Start a bot on this stage's data; `up` waits for it.

        *program* is what Python runs, else the bot itself. One that *is_fresh* is a Python of its own, not a fork.
        """
        bot = BotProcess(self.world, self.folder, TOKEN, *([program] if program else []), is_fresh=is_fresh, **settings)
        self.bots.append(bot)
        await bot.start()
        return bot

    async def up(
        self, chat: Chat | None = None, *, program: Sequence[str] = (), is_fresh: bool = False, **settings: str
    ) -> BotProcess:
        """Start a bot as `start` does, and wait until it answers and its link to IBKR is up."""
        bot = await self.start(program=program, is_fresh=is_fresh, **settings)
        await self.linked(chat)
        return bot

    async def linked(self, chat: Chat | None = None) -> None:
        """Wait until /status says that all is good."""
        chat = chat or self.ada

        async def look() -> bool:
            answer = await chat.ask("/status", "Version")
            return "link up" in str(answer["text"])

        await self.desk.until(look, "a link to IBKR")

    async def later(self, ahead: timedelta) -> None:
        """Turn the clock forward, in all processes at once."""
        self.dial.turn(ahead)

    async def wade(self, ahead: timedelta) -> None:
        """
        Turn the clock forward, for whoever looks again and again: now, but no sooner than a while after the last time.

        A clock that leaps by half a minute between two looks of the bot means to it that the machine slept.
        """
        now = time.monotonic()
        if now - self._waded_at >= _BETWEEN_TURNS_S:
            self._waded_at = now
            await self.later(ahead)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with opened_stage(always_open(tmp_path), tmp_path) as stage:
        yield stage


@asynccontextmanager
async def opened_stage(world: World, folder: Path) -> AsyncIterator[Stage]:
    """Open a stage, and end all that was started on it."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(world)
        desk = await stack.enter_async_context(Desk(world.telegram_url))
        stage = Stage(world, desk, folder)
        try:
            yield stage
        finally:
            for bot in stage.bots:
                await bot.kill()
        assert world.server.violations == []
        for bot in stage.bots:
            assert TOKEN not in bot.words()
            assert TOKEN.partition(":")[2] not in bot.words()


def always_open(folder: Path, **tws: float) -> World:
    """Return a world whose market is never closed; *tws* are options of its TWS."""
    return World(exchange=exchange_at(folder, MORNING), limits=False, **tws)


def trading_day(folder: Path, at: datetime, **exchange: Any) -> World:
    """Return a world of US trading hours in which it is *at*; *exchange* are further options of its exchange."""
    return World(exchange=exchange_at(folder, at, plan=RegularUS(), **exchange), limits=False, sample_s=0.0)


def exchange_at(folder: Path, at: datetime = MORNING, **exchange: Any) -> Exchange:
    """Return an exchange where it is *at*, by a clock that can be turned forward; *exchange* are further options."""
    return Exchange(walk=False, clock=Dial.at(folder / _DIAL, at), **exchange)
