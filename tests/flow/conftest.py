"""The real bot as a process between both simulators, one of each for every story."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from simulator.world import TOKEN, World
from tests.flow.chat import Chat, Desk
from tests.flow.process import BotProcess


class Stage:
    """One world, its control interface, and bots that are started into it."""

    def __init__(self, world: World, desk: Desk, folder: Path) -> None:
        self.world = world
        self.desk = desk
        self.folder = folder
        self.bots: list[BotProcess] = []
        self.ada = desk.chat(111)
        self.tom = desk.chat(222)
        self.vera = desk.chat(333)
        self.stranger = desk.chat(999)

    async def start(self, **settings: str) -> BotProcess:
        """Start a bot on this stage's data; `up` waits until it answers."""
        bot = BotProcess(self.world, self.folder, TOKEN, **settings)
        self.bots.append(bot)
        await bot.start()
        return bot

    async def up(self, chat: Chat | None = None, **settings: str) -> BotProcess:
        """Start a bot and wait until it answers and its link to IBKR is up."""
        bot = await self.start(**settings)
        await self.linked(chat)
        return bot

    async def linked(self, chat: Chat | None = None) -> None:
        """Wait until /status says that all is good."""
        chat = chat or self.ada

        async def look() -> bool:
            answer = await chat.ask("/status", "Version")
            return "link up" in str(answer["text"])

        await self.desk.until(look, "a link to IBKR")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(World(walk=False, limits=False))
        desk = await stack.enter_async_context(Desk(world.telegram_url))
        stage = Stage(world, desk, tmp_path)
        try:
            yield stage
        finally:
            for bot in stage.bots:
                await bot.kill()
        assert world.server.violations == []
        for bot in stage.bots:
            assert TOKEN not in bot.words()
            assert TOKEN.partition(":")[2] not in bot.words()
