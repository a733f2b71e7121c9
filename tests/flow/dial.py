"""
A clock of its own, the same for the bot's process and the simulators, that a test turns forward.

What time it is to the machine is nothing to it: it begins at the moment a test names and goes on with the seconds that
pass. `python tests/flow/dial.py run` is the bot (`python -m bot run`) whose one reader of the wall clock reads the dial
that the environment names; nothing else of it differs.
"""

import asyncio
import mmap
import os
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.__main__ import main
from market.clock import SystemClock

ENVIRONMENT = "TEST_DIAL"
"""What names the dial's file to a process."""
PROGRAM = __file__
"""What Python runs for the bot's command line by the dial."""

_FORMAT = struct.Struct("d")


class Dial:
    """
    A moment and the seconds since, in a *file* that processes share; a clock for the simulators.

    The file says when (in seconds since 1970) the machine's monotonic clock was at 0: that one is the same for all
    processes, and nobody sets it.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), _FORMAT.size)
        self._machine = SystemClock()

    @classmethod
    def at(cls, file: Path, moment: datetime) -> "Dial":
        """Make *file*, and return the dial that begins at *moment*."""
        file.write_bytes(_FORMAT.pack(moment.timestamp() - SystemClock().monotonic()))
        return cls(file)

    def now(self) -> datetime:
        """Return the time."""
        return datetime.fromtimestamp(self.time(), UTC)

    def turn(self, ahead: timedelta) -> None:
        """Turn the clock forward."""
        (before,) = _FORMAT.unpack(self._map[: _FORMAT.size])
        self._map[: _FORMAT.size] = _FORMAT.pack(before + ahead.total_seconds())

    def time(self) -> float:
        """Return the seconds since 1970, as the simulators ask for them."""
        (began,) = _FORMAT.unpack(self._map[: _FORMAT.size])
        return float(began) + self._machine.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return *seconds* later by the machine's clock: what ticks goes on ticking."""
        await asyncio.sleep(seconds)


def follow() -> None:
    """Let this process go by the dial that its environment names."""
    dial = Dial(Path(os.environ[ENVIRONMENT]))
    SystemClock.now = lambda _self: dial.now()  # type: ignore[method-assign]


if __name__ == "__main__":
    follow()
    main()
