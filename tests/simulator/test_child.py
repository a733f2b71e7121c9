"""The bot's process is kept alive, restarted, ended, and never outlives the simulator."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from simulator.child import Child
from simulator.world import World

# Tells its process id to whoever listens on PORT, then waits; its end closes the line.
PROGRAM = """
import os, signal, socket
{prelude}
line = socket.create_connection(("127.0.0.1", int(os.environ["PORT"])))
line.sendall(b"%d\\n" % os.getpid())
while True:
    line.recv(1)
"""
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
SOON_S = 10


def command(prelude: str = "") -> list[str]:
    return [sys.executable, "-c", PROGRAM.format(prelude=prelude)]


class Line:
    """One start of the program, as its open line shows it."""

    def __init__(self, pid: int, reader: asyncio.StreamReader) -> None:
        self.pid = pid
        self._reader = reader

    async def closed(self) -> None:
        try:
            async with asyncio.timeout(SOON_S):
                assert await self._reader.read() == b""
        except ConnectionResetError:
            pass


Next = Callable[[], Awaitable[Line]]


@pytest.fixture
async def lines() -> AsyncIterator[tuple[int, Next]]:
    """A port, and what waits for the next start of a program that calls there."""
    starts: asyncio.Queue[Line] = asyncio.Queue()
    writers: list[asyncio.StreamWriter] = []

    async def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        starts.put_nowait(Line(int(await reader.readline()), reader))

    async def following() -> Line:
        async with asyncio.timeout(SOON_S):
            return await starts.get()

    server = await asyncio.start_server(called, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], following
        for writer in writers:
            writer.close()


@asynccontextmanager
async def running(child: Child, port: int, folder: Path) -> AsyncIterator[None]:
    task = asyncio.create_task(child.run({**os.environ, "PORT": str(port)}, folder))
    try:
        yield
    finally:
        await child.stop()
        await task


async def test_a_bot_killed_with_9_is_started_again_and_this_is_said(lines: tuple[int, Next], tmp_path: Path) -> None:
    port, following = lines
    said: list[str] = []
    child = Child(command(), say=said.append, backoff_s=(0.01,))
    async with running(child, port, tmp_path):
        first = await following()
        os.kill(first.pid, signal.SIGKILL)
        second = await following()
        assert second.pid != first.pid
        assert child.status() == {"state": "running", "pid": second.pid, "restarts": 1}
    assert said == ["the bot was killed by SIGKILL; starting it again in 0.01 s"]
    assert child.status() == {"state": "stopped", "pid": None, "restarts": 1}


async def test_a_restart_by_command_does_not_wait(lines: tuple[int, Next], tmp_path: Path) -> None:
    port, following = lines
    said: list[str] = []
    child = Child(command(), say=said.append, backoff_s=(3600,))
    async with (
        World(child=child) as world,
        httpx.AsyncClient(base_url=world.telegram_url, trust_env=False) as client,
        running(child, port, tmp_path),
    ):
        first = await following()
        assert (await client.get("/sim/bot")).json() == {"state": "running", "pid": first.pid, "restarts": 0}
        assert (await client.post("/sim/bot/restart")).json() == {"ok": True}
        await first.closed()
        second = await following()
        assert second.pid != first.pid
    assert said == ["the bot was killed by SIGKILL; starting it again"]


async def test_a_restart_by_command_ends_the_wait_after_a_death(tmp_path: Path) -> None:
    deaths: asyncio.Queue[str] = asyncio.Queue()
    child = Child([sys.executable, "-c", "raise SystemExit(3)"], say=deaths.put_nowait, backoff_s=(3600,))
    async with running(child, 0, tmp_path), asyncio.timeout(SOON_S):
        assert await deaths.get() == "the bot ended with exit code 3; starting it again in 3600 s"
        child.restart()
        assert "exit code 3" in await deaths.get()


async def test_stopping_asks_first(lines: tuple[int, Next], tmp_path: Path) -> None:
    port, following = lines
    said: list[str] = []
    child = Child(command(), say=said.append)
    async with running(child, port, tmp_path):
        line = await following()
        await child.stop()
        await line.closed()
    assert said == []


async def test_a_bot_deaf_to_sigterm_is_killed(lines: tuple[int, Next], tmp_path: Path) -> None:
    port, following = lines
    said: list[str] = []
    child = Child(command(DEAF), say=said.append, patience_s=0.05)
    async with running(child, port, tmp_path):
        line = await following()
        await child.stop()
        await line.closed()
    assert said == ["the bot did not end within 0.05 s; killing it"]


DEMO = """
import sys
import simulator.__main__ as demo
demo.BOT = {command!r}
demo.main({arguments!r})
"""


@asynccontextmanager
async def demo_process(port: int, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start the demo in a process of its own, with the test's program in the bot's place."""
    script = DEMO.format(command=command(), arguments=["--port", "0", "--no-walk", *arguments])
    environment = {**os.environ, "PORT": str(port)}
    demo = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=subprocess.PIPE, env=environment)
    try:
        yield demo
    finally:
        if demo.returncode is None:
            # Not killed, so that it clears its temporary folder away.
            demo.terminate()
        assert demo.stdout is not None
        await demo.stdout.read()
        await demo.wait()


async def address(demo: asyncio.subprocess.Process) -> str:
    assert demo.stdout is not None
    async with asyncio.timeout(30):
        words = (await demo.stdout.readline()).decode().split()
    assert words[0] == "open"
    return words[1]


async def test_the_demo_prints_its_address_and_ends_with_its_bot_on_sigterm(
    lines: tuple[int, Next], tmp_path: Path
) -> None:
    port, following = lines
    async with demo_process(port, "--data", str(tmp_path / "data")) as demo:
        url = await address(demo)
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            assert (await client.get("/")).status_code == 200
        line = await following()
        demo.terminate()
        assert await demo.wait() == 0
        await line.closed()
    assert (tmp_path / "data").is_dir()


async def test_the_closing_bell_can_ring_by_itself() -> None:
    async with demo_process(0, "--no-bot", "--close-in", "0") as demo:
        url = await address(demo)
        assert demo.stdout is not None
        async with asyncio.timeout(SOON_S):
            while await demo.stdout.readline() != b"the closing bell rang\n":
                pass
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            assert (await client.get("/sim/market/state")).json()["session_open"] is False


async def test_ctrl_c_ends_the_demo_with_exit_code_0() -> None:
    async with demo_process(0, "--no-bot") as demo:
        await address(demo)
        demo.send_signal(signal.SIGINT)
        assert await demo.wait() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
async def test_the_bot_does_not_outlive_a_demo_killed_with_9(lines: tuple[int, Next], tmp_path: Path) -> None:
    port, following = lines
    async with demo_process(port, "--data", str(tmp_path)) as demo:
        await address(demo)
        line = await following()
        demo.kill()
        await line.closed()
