"""The recent prices of one instrument: the highest and the lowest of the last minutes, however many ticks."""

from collections import deque
from datetime import datetime, timedelta

# After so long without a tick the price in between is not known: it did not hold, it was merely not heard of.
_GAP = timedelta(minutes=5)

_Seen = tuple[datetime, float]
Kept = tuple[tuple[_Seen, ...], tuple[_Seen, ...], _Seen | None]
"""What a window holds at a moment."""


class Window:
    """
    Prices of the last *length*; only those that may still be an extreme are kept.

    A price holds until the next one: what was the price as the window begins is still in it.
    """

    __slots__ = ("_before", "_highs", "_lows", "length")

    def __init__(self, length: timedelta) -> None:
        self.length = length
        self._highs: deque[_Seen] = deque()
        self._lows: deque[_Seen] = deque()
        self._before: _Seen | None = None

    def add(self, price: float, at: datetime) -> None:
        """Take in that *price* was seen *at* a moment, not before any other."""
        if self._before is not None and at - self._before[0] <= _GAP:
            # It held until now, also where it was first seen before the window begins.
            self._push(self._before[1], at)
        self._before = (at, price)
        self._push(price, at)
        self._drop(at)

    def low(self, now: datetime) -> float | None:
        """Return the lowest price within the window that ends *now*; None without any."""
        self._drop(now)
        return self._lows[0][1] if self._lows else self._last()

    def high(self, now: datetime) -> float | None:
        """Return the highest price within the window that ends *now*; None without any."""
        self._drop(now)
        return self._highs[0][1] if self._highs else self._last()

    def rewind(self, at: datetime) -> None:
        """Forget what was seen after a moment: what came before it is told anew."""
        self._highs = deque(seen for seen in self._highs if seen[0] <= at)
        self._lows = deque(seen for seen in self._lows if seen[0] <= at)
        if self._before is not None and self._before[0] > at:
            self._before = None

    def kept(self) -> Kept:
        """Return what it holds, for `restore`."""
        return tuple(self._highs), tuple(self._lows), self._before

    def restore(self, kept: Kept) -> None:
        """Hold what `kept` returned."""
        highs, lows, self._before = kept
        self._highs, self._lows = deque(highs), deque(lows)

    def _last(self) -> float | None:
        return None if self._before is None else self._before[1]

    def _push(self, price: float, at: datetime) -> None:
        while self._highs and self._highs[-1][1] <= price:
            self._highs.pop()
        self._highs.append((at, price))
        while self._lows and self._lows[-1][1] >= price:
            self._lows.pop()
        self._lows.append((at, price))

    def _drop(self, now: datetime) -> None:
        begin = now - self.length
        while self._highs and self._highs[0][0] < begin:
            self._highs.popleft()
        while self._lows and self._lows[0][0] < begin:
            self._lows.popleft()
