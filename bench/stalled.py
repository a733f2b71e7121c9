"""
The real bot, and within its loop a watch that asks to be called each millisecond: how late it is is how long it waited.

`python -m bench.stalled <file>`; settings come from the environment, as for the bot. On SIGTERM, once the bot has
stopped, the file holds JSON: for each wait of 2 ms and more when it ended (seconds by `perf_counter`), how long it was,
and for how much of it the loop's own thread was at work (the rest was waiting for a processor, or for the interpreter).
"""

import asyncio
import json
import sys
from pathlib import Path
from time import perf_counter, thread_time

from bot import app, logs, settings

_EVERY_S = 0.001
_WORTH_TELLING_S = 0.002


class Watch:
    """Notes how long the loop kept it waiting."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.waits: list[tuple[float, float, float]] = []
        self._loop = loop
        self._due = self._busy = 0.0

    def begin(self) -> None:
        """Ask to be called in a millisecond."""
        self._due, self._busy = perf_counter() + _EVERY_S, thread_time()
        self._loop.call_later(_EVERY_S, self._called)

    def _called(self) -> None:
        now = perf_counter()
        if now - self._due >= _WORTH_TELLING_S:
            self.waits.append((now, now - self._due, thread_time() - self._busy))
        self.begin()


async def watched() -> Watch:
    """Run the bot until SIGTERM; return what its loop kept waiting."""
    given = settings.load()
    logs.configure(given.log_level, given.log_format, (given.token,))
    watch = Watch(asyncio.get_running_loop())
    watch.begin()
    await app.run(given)
    return watch


def main(place: Path) -> None:
    """Run the bot until SIGTERM, then tell."""
    place.write_text(json.dumps(asyncio.run(watched()).waits), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
