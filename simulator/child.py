"""
The bot as a child process: started, started again when it dies, ended with the simulator.

The simulator knows no room of the house, so all it has of the bot is a
command line and an environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
BACKOFF_S = (0.5, 1.0, 2.0, 5.0)
SETTLED_S = 10.0  # who lived this long did not die of the reason before
PATIENCE_S = 15.0  # what the bot promises for SIGTERM


class Child:
    """
    One program kept alive.

    *command* is started by `run` with the given environment in *folder*;
    *say* gets a sentence whenever it dies. `status` tells a page how it is.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        say: Callable[[str], None],
        backoff_s: Sequence[float] = BACKOFF_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._command = tuple(command)
        self._say = say
        self._backoff_s = tuple(backoff_s)
        self._patience_s = patience_s
        self._process: asyncio.subprocess.Process | None = None
        self._state = "stopped"
        self._restarts = 0
        self._asked = False
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()

    def status(self) -> dict[str, Any]:
        """Return {"state", "pid", "restarts"}; state is starting, running, waiting or stopped."""
        pid = self._process.pid if self._process is not None else None
        return {"state": self._state, "pid": pid, "restarts": self._restarts}

    async def run(self, environment: Mapping[str, str], folder: Path) -> None:
        """Keep the program alive in *folder* until `stop`; raises OSError where it cannot be started at all."""
        loop = asyncio.get_running_loop()
        deaths = 0
        while not self._stopping.is_set():
            self._state = "starting"
            born = loop.time()
            code = await self._live(environment, folder)
            if self._stopping.is_set():
                break
            self._restarts += 1
            deaths = 1 if self._asked or loop.time() - born > SETTLED_S else deaths + 1
            await self._pause(code, self._backoff_s[min(deaths, len(self._backoff_s)) - 1])
        self._state = "stopped"

    async def _live(self, environment: Mapping[str, str], folder: Path) -> int:
        self._asked = False
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.DEVNULL,
            env=dict(environment),
            cwd=folder,
            # Ctrl-C is for the simulator, which then asks the bot to end in its own time.
            process_group=0,
            preexec_fn=_bond(),
        )
        self._state = "running"
        if self._stopping.is_set():
            # The order to stop came while the process was being made, and found none.
            self._signal(signal.SIGTERM)
        code = await self._process.wait()
        self._process = None
        return code

    async def _pause(self, code: int, backoff_s: float) -> None:
        self._state = "waiting"
        wait_s = 0.0 if self._asked else backoff_s
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        self._say(f"the bot {how}; starting it again" + (f" in {wait_s:g} s" if wait_s else ""))
        self._hurry.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._hurry.wait()

    def restart(self) -> None:
        """Kill the program as kill -9 does; it is started again at once."""
        self._asked = True
        self._hurry.set()
        self._signal(signal.SIGKILL)

    async def stop(self) -> None:
        """Ask the program to end (SIGTERM), wait up to *patience_s*, then kill it."""
        self._stopping.set()
        self._hurry.set()
        process = self._process
        if process is None:
            return
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._patience_s):
                await process.wait()
        except TimeoutError:
            self._say(f"the bot did not end within {self._patience_s:g} s; killing it")
            self._signal(signal.SIGKILL)
            await process.wait()

    def _signal(self, number: int) -> None:
        if self._process is not None:
            # It may have ended a moment ago.
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)


def _bond() -> Callable[[], None] | None:
    """Return what makes a new process die with this one, even by kill -9 (Linux only; None elsewhere)."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def bind() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            # The parent died before the bond was made.
            os._exit(1)

    return bind
