"""
Indicators over closed bars: sma, ema and rsi (Wilder), one number a bar.

talipp keeps the running sums; it has no types and is wrapped here, once.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol, cast

from talipp.indicators import EMA, RSI, SMA

from market.quote import Bar, BarSize

# Sessions are not around the clock: over a long weekend the latest day bar is still the latest.
_REST = {BarSize.DAY_1: timedelta(days=4)}


class _Stream(Protocol):
    """The part of a talipp indicator that is used."""

    def add(self, value: float) -> None: ...

    def purge_oldest(self, size: int) -> None: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> float | None: ...


class Series:
    """
    One indicator of one instrument at one bar size; *value* is that of the latest closed bar, *close* its price.

    None until there are enough bars: *length* for sma and ema, one more for rsi.
    """

    def __init__(self, name: str, length: int, size: BarSize) -> None:
        self._make = {"sma": SMA, "ema": EMA, "rsi": RSI}[name]
        self._name = name
        self._length = length
        self._size = size
        self._stream = self._made()
        self._latest: datetime | None = None
        self.value: float | None = None
        self.close: float | None = None

    def seed(self, bars: Iterable[Bar]) -> None:
        """Begin anew with *bars*, oldest first."""
        self._stream = self._made()
        self._latest = None
        self.value = None
        for bar in bars:
            self.add(bar)

    def add(self, bar: Bar) -> None:
        """Take the next closed bar in; one that is not newer than the latest changes nothing."""
        if self._latest is not None and bar.start <= self._latest:
            return
        self._latest = bar.start
        self.close = bar.close
        self._stream.add(bar.close)
        self.value = self._stream[-1]
        if self._is_flat():
            self.value = None
        # talipp keeps every value it ever saw. Never down to the length itself: there it would begin anew.
        if len(self._stream) > 4 * self._length + 100:
            self._stream.purge_oldest(2 * self._length)

    def value_at(self, now: datetime) -> float | None:
        """Return the value, or None where it is unknown at *now*: too few bars, or none for two bars' time."""
        if self._latest is None:
            return None
        closed = self._latest + self._size.duration
        return None if now - closed > 2 * self._size.duration + _REST.get(self._size, timedelta()) else self.value

    def _is_flat(self) -> bool:
        # Without any move there is no ratio of gains to losses; talipp would say 100, TA-Lib 0.
        if self._name != "rsi" or self.value is None:
            return False
        rsi = cast("RSI", self._stream)
        return not rsi.avg_gain[-1] and not rsi.avg_loss[-1]

    def _made(self) -> _Stream:
        return cast("_Stream", self._make(self._length))


def bars_needed(name: str, length: int) -> int:
    """
    Return how many bars to seed with.

    Ema and rsi remember for ever; after five lengths what came before weighs less than 1 %.
    """
    return length + 10 if name == "sma" else 5 * length + 50
