"""
How long the bot's event loop was ever busy with one thing: in the loop's own thread, by its processor time.

Another program that has the processor meanwhile does not count: what is measured is work, not the machine.
"""

from asyncio import Handle
from pathlib import Path
from time import thread_time

_WORTH_NOTING_S = 0.02


def watch(file: Path) -> None:
    """Write to *file* each time of more than 20 ms, in seconds, with what it was."""
    run = Handle._run
    file.touch()

    def timed(self: Handle) -> None:
        begun = thread_time()
        run(self)
        took = thread_time() - begun
        if took > _WORTH_NOTING_S:
            with file.open("a", encoding="utf-8") as lines:
                lines.write(f"{took:.4f} {self!r}\n")

    Handle._run = timed  # type: ignore[method-assign]


def forget(file: Path) -> None:
    """Begin anew: what a start takes is another matter."""
    file.write_text("", encoding="utf-8")


def longest(file: Path) -> tuple[float, str]:
    """Return the longest time in *file*, in seconds, and what it was; 0 where none was worth noting."""
    noted = [line.partition(" ") for line in file.read_text(encoding="utf-8").splitlines()]
    return max(((float(seconds), what) for seconds, _, what in noted), default=(0.0, ""))
