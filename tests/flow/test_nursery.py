"""A bot from the nursery begins as one that Python starts: nothing of the nursery, or of another bot, is in it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.eventually import eventually
from tests.flow import nursery
from tests.flow.nursery import Child
from tests.flow.process import ROOT

pytestmark = pytest.mark.skipif(not nursery.IS_HERE, reason="this system cannot fork as the nursery does")

_WITHIN_S = 30.0
_SAYS_ALL = """
import asyncio, json, locale, logging, os, signal, sys, threading, time
import bot.__main__
from eventkit import util

loop = getattr(util, "main_event_loop", None)
print(json.dumps({
    "main": [__name__, sys.modules["__main__"].__dict__ is globals()],
    "file": __file__,
    "arguments": sys.argv,
    "path": sys.path,
    "folder": os.getcwd(),
    "environment": dict(os.environ),
    "files": sum(os.path.exists(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")),
    "outputs": [os.readlink("/proc/self/fd/1"), os.readlink("/proc/self/fd/2")],
    "threads": [threading.active_count(), threading.current_thread().name],
    "group": [os.getpgid(0), os.getsid(0)],
    "signals": [str(signal.getsignal(one)) for one in signal.Signals if one != signal.SIGINT],
    "interrupted": getattr(signal.getsignal(signal.SIGINT), "__name__", ""),
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "warnings": sys.warnoptions,
    "encodings": [sys.stdout.encoding, sys.stderr.encoding, locale.getpreferredencoding(False)],
    "buffers": [sys.stdout.line_buffering, sys.stderr.line_buffering],
    "log": [logging.root.level, len(logging.root.handlers)],
    "loop": [loop is not None, loop is None or asyncio.get_event_loop_policy().get_event_loop() is loop],
    "zone": time.tzname,
    "mask": os.umask(0o77),
}))
"""


class Place:
    """A folder in which a program runs, one time after another, and writes to a log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.program = folder / "program.py"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "LC_ALL"}},
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "default",
        }
        self.children: list[Child] = []

    async def born(self, code: str, *arguments: str, **more: str) -> Child:
        """Run *code* from the nursery."""
        self.program.write_text(code, encoding="utf-8")
        own = nursery.nursery(self.environment)
        program = (str(self.program), *arguments)
        self.children.append(await own.born(program, self.folder, {**self.environment, **more}, self.log))
        return self.children[-1]

    async def ended(self, code: str, *arguments: str, **more: str) -> int:
        """Run *code* from the nursery, and return its exit code."""
        return await asyncio.wait_for((await self.born(code, *arguments, **more)).wait(), _WITHIN_S)

    async def fresh(self, code: str, *arguments: str, **more: str) -> int:
        """Run *code* with a Python of its own, and return its exit code."""
        self.program.write_text(code, encoding="utf-8")
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, str(self.program), *arguments),
                cwd=self.folder,
                env={**self.environment, **more},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return await asyncio.wait_for(process.wait(), _WITHIN_S)

    def words(self) -> str:
        """Return what was written since the last time."""
        found = self.log.read_text(encoding="utf-8")
        self.log.write_text("", encoding="utf-8")
        return found

    async def heard(self, word: str) -> None:
        """Wait until a program has written *word*."""
        await eventually(lambda: self.log.exists() and word in self.log.read_text(encoding="utf-8"), _WITHIN_S)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    place = Place(tmp_path)
    yield place
    for child in place.children:
        child.kill()
        await child.wait()


async def test_a_fork_begins_with_what_an_interpreter_of_its_own_begins_with(place: Place) -> None:
    def told() -> dict[str, Any]:
        return dict(json.loads(place.words().splitlines()[-1]))

    waiting = await place.born("import signal; print('there', flush=True); signal.pause()")
    await place.heard("there")
    place.words()
    assert await place.ended(_SAYS_ALL, "run", "--now", OWN="one") == 0
    forked = told()
    assert await place.fresh(_SAYS_ALL, "run", "--now", OWN="one") == 0
    fresh = told()
    assert forked == fresh
    assert waiting.returncode is None
    assert forked["environment"]["OWN"] == "one"
    assert await place.ended(_SAYS_ALL) == 0
    assert "OWN" not in told()["environment"]


async def test_a_module_runs_from_the_nursery_as_python_runs_it(place: Place) -> None:
    module = place.folder / "told.py"
    module.write_text("import sys; print(__name__, sys.argv, sys.path[0]); sys.exit(4)", encoding="utf-8")
    own = nursery.nursery(place.environment)
    child = await own.born(("-m", "told", "run"), place.folder, place.environment, place.log)
    assert await child.wait() == 4
    assert place.words() == f"__main__ {[str(module), 'run']} {place.folder}\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('why')", 1),
        ("raise LookupError", 1),
        ("import os; os._exit(7)", 7),
        ("import os; os.abort()", -signal.SIGABRT),
        ("import threading; threading.Timer(0.01, print, ['last']).start()", 0),
    ],
)
async def test_the_tests_hear_how_a_process_ended(place: Place, code: str, expected: int) -> None:
    assert await place.ended(code) == expected
    said = place.words()
    assert await place.fresh(code) == expected
    assert said.splitlines()[-1:] == place.words().splitlines()[-1:]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_signal_ends_the_one_it_is_sent_to(place: Place, number: signal.Signals) -> None:
    waits = "import signal; print('there', flush=True); signal.pause()"
    first = await place.born(waits)
    second = await place.born(waits)
    await place.heard("there\nthere\n")
    first.send_signal(number)
    assert await first.wait() == -number
    assert second.returncode is None
    # It is over, and whoever has its number now is spared.
    first.kill()


async def test_no_two_forks_draw_the_same_numbers(place: Place) -> None:
    code = "import os, random, secrets, uuid; print(random.random(), secrets.token_hex(), uuid.uuid4())"
    for _ in range(2):
        assert await place.ended(code) == 0
    one, other = (line.split() for line in place.words().splitlines())
    assert not set(one) & set(other)


async def test_with_the_nursery_all_that_it_started_ends(place: Place) -> None:
    own = nursery.Nursery(place.environment)
    place.program.write_text("import signal; print('there', flush=True); signal.pause()", encoding="utf-8")
    child = await own.born((str(place.program),), place.folder, place.environment, place.log)
    await place.heard("there")
    own.end()
    with pytest.raises(AssertionError, match="the nursery has died"):
        await child.wait()
    await eventually(lambda: not is_alive(child.pid), _WITHIN_S)


def is_alive(pid: int) -> bool:
    """Return whether there is a process *pid* that has not ended, reaped or not."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return False
