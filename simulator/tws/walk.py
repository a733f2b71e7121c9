"""The random walk: which instruments print in a step, and at what price."""

import math
import random
from collections.abc import Iterable, Iterator

from simulator.tws.book import Book

# A regular session's seconds in a year: the walk moves as fast as a stock does while its exchange is open.
_YEAR = 252 * 6.5 * 3600
_CHANCE = 0.5
_SIZES = (1, 5, 10, 20, 50, 100, 100, 100, 200, 300, 500)


class Walk:
    """Seeded moves for a step of *step_s* seconds."""

    def __init__(self, seed: int, step_s: float) -> None:
        self._rng = random.Random(f"{seed}:walk")  # noqa: S311 - no secret
        self._root = math.sqrt(step_s / _CHANCE / _YEAR)

    def step(self, books: Iterable[Book]) -> Iterator[tuple[Book, float, float]]:
        """Yield book, price and size of each print of this step."""
        for book in books:
            if self._rng.random() < _CHANCE:
                yield self._print(book)

    def _print(self, book: Book) -> tuple[Book, float, float]:
        one = book.instrument
        move = self._rng.gauss(0, one.volatility * self._root)
        return book, one.on_grid(book.last * math.exp(move)), float(self._rng.choice(_SIZES))
