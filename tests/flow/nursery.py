"""
Where the bot's processes come from: a process that has imported the bot once, and forks for each start.

A bot that Python starts spends two seconds of processor time on imports, and the stories start some hundreds. What a
fork begins with is what an interpreter has when the bot's modules are there and nothing of it has run: no thread, no
open file, no event loop, and the environment, folder, arguments and log of its own start. `tests/flow/test_nursery.py`
holds the two against each other.

`Nursery` is the tests' side: one for each process that runs them, from the first start on. This file, run as a program,
is the other.
"""

import asyncio
import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

IS_HERE = hasattr(os, "fork") and hasattr(os, "pidfd_open")
"""Whether this system can do it; elsewhere each bot is started by Python itself."""

_BOT = "bot.__main__"
# NumPy's OpenBLAS starts a thread for each further processor as it is loaded, and a fork has none of them.
_ONE_THREAD = "OPENBLAS_NUM_THREADS"
# What the interpreter reads before any of our code runs: it must be the same for all.
_EARLY = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONWARNINGS")


class Nursery:
    """One nursery, which ends with this process at the latest, and its children with it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair()
        self._early = _early(environment)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  this file
                [sys.executable, __file__, str(theirs.fileno())],
                env=self._early | {_ONE_THREAD: "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    @property
    def is_up(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    async def born(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> "Child":
        """
        Start a process that is Python with *arguments* (a script or `-m` and a module first), in *folder*.

        Both of its outputs go to the end of *log*. Raises AssertionError where the nursery has died: its own words
        are on stderr.
        """
        assert _early(environment) == self._early, "another interpreter than the one that was imported into"
        asked = {"arguments": arguments, "folder": str(folder), "environment": dict(environment), "log": str(log)}
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"+"], [theirs.fileno()])
        ours.setblocking(False)
        child = Child()
        transport, _ = await asyncio.get_running_loop().create_connection(lambda: child, sock=ours)
        transport.write(json.dumps(asked).encode() + b"\n")
        await child.born()
        return child

    def end(self) -> None:
        """End it, and what it has started."""
        self._control.close()
        self._process.wait()


class Child(asyncio.Protocol):
    """A process that the nursery has started; it can do what one of asyncio's own can, as far as a test asks."""

    def __init__(self) -> None:
        self.pid = 0
        self.returncode: int | None = None
        self._transport: asyncio.BaseTransport | None = None
        self._told = b""
        self._is_born = asyncio.Event()
        self._is_over = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what leads to the nursery."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hear from the nursery: its number first, and once it has ended how."""
        self._told += data
        *lines, self._told = self._told.split(b"\n")
        for line in lines:
            if self.pid:
                self.returncode = int(line)
            else:
                self.pid = int(line)
                self._is_born.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go whoever waits."""
        self._is_born.set()
        self._is_over.set()

    async def born(self) -> None:
        """Wait until there is a process."""
        await self._is_born.wait()
        assert self.pid, "the nursery has died"

    async def wait(self) -> int:
        """Wait until it has ended; return its exit code, or the signal that ended it, negative."""
        await self._is_over.wait()
        assert self.returncode is not None, "the nursery has died"
        return self.returncode

    def kill(self) -> None:
        """Kill -9."""
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        if self.returncode is None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                # It has ended a moment ago; the nursery is about to say so.
                return


def _early(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment[name] for name in _EARLY if name in environment}


class _Own:
    """The one nursery of the process that runs the tests, once there is one."""

    nursery: Nursery | None = None


def nursery(environment: Mapping[str, str]) -> Nursery:
    """Return this process's nursery; the first one makes it, for bots whose environment begins as this one."""
    if _Own.nursery is None or not _Own.nursery.is_up:
        if _Own.nursery is not None:
            _Own.nursery.end()
        _Own.nursery = Nursery(environment)
        atexit.register(_Own.nursery.end)
    return _Own.nursery


class _Forks:
    """The nursery itself: forks for who asks at *control*, and says how each child ended."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        # By the file that is readable once its process has ended.
        self._alive: dict[int, tuple[int, socket.socket]] = {}

    def asked(self) -> dict[str, Any] | None:
        """Return in each child what was asked for, and None in the nursery when nobody can ask any more."""
        while True:
            ready, _, _ = select.select([self._control, *self._alive], [], [])
            for one in ready:
                if one is not self._control:
                    self._reap(one)
                    continue
                _, files, _, _ = socket.recv_fds(self._control, 1, 1)
                if not files:
                    self._end()
                    return None
                asked = self._fork(socket.socket(fileno=files[0]))
                if asked is not None:
                    return asked

    def _fork(self, connection: socket.socket) -> dict[str, Any] | None:
        with connection.makefile("rb") as heard:
            line = heard.readline()
        pid = os.fork()
        if not pid:
            connection.close()
            self._forget()
            asked: dict[str, Any] = json.loads(line)
            return asked
        self._alive[os.pidfd_open(pid)] = pid, connection
        connection.sendall(b"%d\n" % pid)
        return None

    def _forget(self) -> None:
        """Close, in a child, what is the nursery's."""
        self._control.close()
        for ending, (_, connection) in self._alive.items():
            os.close(ending)
            connection.close()

    def _reap(self, ending: int) -> None:
        pid, connection = self._alive.pop(ending)
        os.close(ending)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with connection:
            try:
                connection.sendall(b"%d\n" % code)
            except BrokenPipeError:
                # Nobody waits for it any more.
                return

    def _end(self) -> None:
        for pid, connection in self._alive.values():
            os.kill(pid, signal.SIGKILL)
            connection.close()


class _Library:
    """
    The event loop that ib_insync's event package makes as it is imported, where it is that library.

    It is closed while there are forks to come, which would share its files, and made anew in each of them.
    """

    def __init__(self) -> None:
        self._loop: Any = getattr(sys.modules.get("eventkit.util"), "main_event_loop", None)
        if self._loop is not None:
            self._loop.close()

    def renew(self) -> None:
        """Open it again: the same object, as others hold it too."""
        if self._loop is not None:
            self._loop.__init__()


def _begin(asked: Mapping[str, Any], brought: Mapping[str, str]) -> None:
    """Make this process what Python would have started: its environment (with what imports *brought*), its outputs."""
    os.environ.clear()
    os.environ.update({**brought, **asked["environment"]})
    os.chdir(asked["folder"])
    log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def _run(first: str, rest: Sequence[str]) -> None:
    """Run a script, or the module after `-m`, as Python does."""
    if first == "-m":
        sys.path[0] = str(Path.cwd())
        sys.argv = list(rest)
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(Path(first).parent)
        sys.argv = [first, *rest]
        runpy.run_path(first, run_name="__main__")


def _main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    before = dict(os.environ)
    importlib.import_module(_BOT)
    library = _Library()
    threads = len(list(Path("/proc/self/task").iterdir()))
    assert threads == 1, f"{threads} threads, and a fork would have one of them"
    brought = {name: value for name, value in os.environ.items() if name not in before}
    # Ctrl-C at the terminal is for the tests and the children.
    interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    # What is there now is nobody's garbage: no collection of a child touches, and so copies, the pages it lies on.
    gc.freeze()
    asked = _Forks(control).asked()
    if asked is None:
        return
    signal.signal(signal.SIGINT, interrupted)
    library.renew()
    _begin(asked, brought)
    first, *rest = asked["arguments"]
    _run(first, rest)


if __name__ == "__main__":
    _main()
