"""The real bot as a process of its own: `python -m bot run`, by the world's clock."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from simulator.world import World
from tests.flow import nursery
from tests.flow.dial import ENVIRONMENT, Dial

ROOT = Path(__file__).parent.parent.parent
PATIENCE_S = 30.0
# By its path: IBKR's own client, beside ib_insync, installs a package `tests` of its own.
_BOT = (str(Path(__file__).parent / "dial.py"),)


class BotProcess:
    """
    Starts, kills and ends the bot between the simulators of *world*; its data and log stand in *folder*.

    *settings* are added to the environment, in upper case. *program* is what Python runs; one that is not the bot
    itself calls `tests.flow.dial.follow`, since the world goes by a dial. It comes from the nursery, where this system
    can have one; a bot that *is_fresh* is a Python of its own from the first import on, as people start it.
    """

    def __init__(
        self,
        world: World,
        folder: Path,
        token: str,
        program: Sequence[str] = _BOT,
        *,
        is_fresh: bool = False,
        **settings: str,
    ) -> None:
        clock = world.exchange.clock
        assert isinstance(clock, Dial)
        self._program = program
        self._is_fresh = is_fresh or not nursery.IS_HERE
        self.log = folder / "bot.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "LC_ALL"}},
            "PYTHONPATH": str(ROOT),
            ENVIRONMENT: str(clock.file),
            "PYTHONWARNINGS": "default",
            "TELEGRAM_BOT_TOKEN": token,
            "TELEGRAM_API_URL": world.telegram_url,
            "TELEGRAM_USERS": "111:admin,222:trader,333:viewer",
            "IB_HOST": "127.0.0.1",
            "IB_PORT": str(world.tws_port),
            "DATABASE_URL": f"sqlite:///{folder / 'squawkbot.db'}",
            "HTTP_PORT": "0",
            "TIMEZONE": "America/New_York",
            "SESSION_REFRESH_S": "0.2",
            "SUMMARY_DELAY_S": "0",
            **{name.upper(): value for name, value in settings.items()},
        }
        self._folder = folder
        self._process: asyncio.subprocess.Process | nursery.Child | None = None

    async def start(self) -> None:
        """Start the process; it is up when it says so in the chat."""
        if not self._is_fresh:
            own = nursery.nursery(self._environment)
            self._process = await own.born((*self._program, "run"), self._folder, self._environment, self.log)
            return
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, *self._program, "run", cwd=self._folder, env=self._environment, stdout=log, stderr=log
            )

    async def kill(self) -> None:
        """End it as a power cut would: kill -9."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def strike(self) -> None:
        """Kill -9, at this very moment; `death` waits for the end of it."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    @property
    def is_dead(self) -> bool:
        """Whether it has ended."""
        return self._process is not None and self._process.returncode is not None

    async def death(self) -> int:
        """Wait, however long it takes, until it has ended; return its exit code."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> int:
        """Ask it to end (SIGTERM) and return its exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self._process.wait(), PATIENCE_S)

    async def ended(self) -> int:
        """Wait until it ends by itself; return its exit code."""
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), PATIENCE_S)

    def words(self) -> str:
        """Return all that it logged."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""
