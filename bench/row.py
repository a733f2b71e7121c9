"""One line of `make bench`: what was measured, against what, and whether it keeps its limit."""

import gc
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Row:
    """
    *name* is what is measured, *kind* "ratio" or "value", *limit* what it must keep, *note* the numbers behind it.

    *is_floor*: the limit is the least it must reach, not the most it may be. Without a limit it is only told.
    """

    name: str
    kind: str
    number: float
    limit: float | None = None
    unit: str = ""
    is_floor: bool = False
    note: str = ""

    @property
    def is_within(self) -> bool:
        """Whether the limit is kept."""
        if self.limit is None:
            return True
        return self.number >= self.limit if self.is_floor else self.number <= self.limit

    def as_json(self) -> str:
        """Return the row as one line of JSON."""
        return json.dumps(
            {"row": self.name, self.kind: round(self.number, 4), "limit": self.limit, "within": self.is_within},
            ensure_ascii=False,
        )


def table(rows: Sequence[Row]) -> str:
    """Return *rows* as a table for people."""
    lines = [("what", "measured", "limit", "", "")]
    for row in rows:
        sign = "≥" if row.is_floor else "≤"
        limit = "" if row.limit is None else f"{sign} {row.limit:g}{row.unit}"
        verdict = "" if row.limit is None else "kept" if row.is_within else "NOT KEPT"
        measured = f"{row.number:.4g}{row.unit or ' times'}"
        lines.append((row.name, measured, limit, verdict, row.note))
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[4]]).rstrip()
        for line in lines
    )


@contextmanager
def frozen() -> Iterator[None]:
    """Keep the garbage collector from looking at what is loaded, as the bot does after its start."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def in_turns(first: Callable[[], object], second: Callable[[], object], rounds: int) -> tuple[float, float, float]:
    """
    Return the median seconds of *first* and of *second*, and the median of their ratio round by round.

    They run in turns, so that whatever else the machine does meets both.
    """
    pairs: list[tuple[float, float]] = []
    for number in range(rounds + 1):
        # Whoever runs second finds warmer caches: so they swap.
        if number % 2:
            pairs.append((_seconds(first), _seconds(second)))
        else:
            late = _seconds(second)
            pairs.append((_seconds(first), late))
    counted = pairs[1:]
    return median(a for a, _ in counted), median(b for _, b in counted), median(a / b for a, b in counted)


def _seconds(work: Callable[[], object]) -> float:
    begun = perf_counter()
    work()
    return perf_counter() - begun
