"""
How long the bot's event loop was ever busy with one thing: in the loop's own thread, by its processor time.

Another program that has the processor meanwhile does not count: what is measured is work, not the machine.
"""

from asyncio import Handle
from pathlib import Path
from time import thread_time


def watch(file: Path) -> None:
    """Write to *file*, in seconds, each longest time so far, with what it was."""
    run = Handle._run
    longest = 0.0

    def timed(self: Handle) -> None:
        nonlocal longest
        begun = thread_time()
        run(self)
        took = thread_time() - begun
        if took > longest:
            longest = took
            with file.open("a", encoding="utf-8") as lines:
                lines.write(f"{took:.4f} {self!r}\n")

    Handle._run = timed  # type: ignore[method-assign]


def longest(file: Path) -> tuple[float, str]:
    """Return the longest time in *file*, in seconds, and what it was."""
    seconds, _, what = file.read_text(encoding="utf-8").splitlines()[-1].partition(" ")
    return float(seconds), what
