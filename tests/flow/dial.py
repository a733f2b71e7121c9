"""
A clock that a test turns forward, for the bot's process and the simulators alike.

`python tests/flow/dial.py <file>` is the bot (`python -m bot run`) whose one reader of the wall clock adds the seconds
that stand in *file*; nothing else of it differs.
"""

import asyncio
import mmap
import struct
import sys
from datetime import datetime, timedelta
from pathlib import Path

from bot.__main__ import main
from market.clock import SystemClock

_FORMAT = struct.Struct("d")


class Dial:
    """Seconds that the clock is ahead of the machine's, in a file that processes share; a clock for the simulators."""

    def __init__(self, file: Path) -> None:
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), _FORMAT.size)
        self._system = SystemClock()
        self._now = SystemClock.now

    @classmethod
    def at(cls, file: Path, moment: datetime) -> "Dial":
        """Make *file*, and return the dial that begins at *moment*."""
        file.write_bytes(_FORMAT.pack((moment - SystemClock().now()).total_seconds()))
        return cls(file)

    def now(self) -> datetime:
        """Return the time."""
        (ahead,) = _FORMAT.unpack(self._map[: _FORMAT.size])
        return self._now(self._system) + timedelta(seconds=ahead)

    def turn(self, ahead: timedelta) -> None:
        """Turn the clock forward."""
        (before,) = _FORMAT.unpack(self._map[: _FORMAT.size])
        self._map[: _FORMAT.size] = _FORMAT.pack(before + ahead.total_seconds())

    def time(self) -> float:
        """Return the seconds since 1970, as the simulators ask for them."""
        return self.now().timestamp()

    async def sleep(self, seconds: float) -> None:
        """Return *seconds* later by the machine's clock: what ticks goes on ticking."""
        await asyncio.sleep(seconds)


if __name__ == "__main__":
    dial = Dial(Path(sys.argv.pop(1)))
    SystemClock.now = lambda _self: dial.now()  # type: ignore[method-assign]
    main()
