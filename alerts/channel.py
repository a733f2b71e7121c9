"""A value and a range, made ready: that it was entered, or left."""

from collections.abc import Iterable
from datetime import datetime

from alerts.truth import Atom, Margin, Truth, sided
from alerts.value import Quoted, Value


class Channelled(Atom):
    """
    True at the observation at which a value entered a range (its bounds included), or left it.

    *side* is where it was last seen: 1 inside, -1 outside, 0 not known yet; after it happened, only well in or out
    (by the hysteresis) counts.
    """

    __slots__ = ("enters", "has_crossed", "high", "low", "margin", "side", "value")

    def __init__(self, value: Value, low: float, high: float, margin: Margin, *, enters: bool) -> None:
        self.value = value
        self.enters = enters
        self.low, self.high = min(low, high), max(low, high)
        self.margin = margin
        self.side = 0
        self.has_crossed = False

    @property
    def values(self) -> tuple[Value, ...]:
        """What may be in the range."""
        return (self.value,)

    @property
    def is_fixed(self) -> bool:  # type: ignore[override]
        """Whether it is a price: its bounds were typed."""
        return isinstance(self.value, Quoted)

    def truth(self, now: datetime) -> Truth:
        """Observe, and return whether it happened just now."""
        value = self.value.at(now)
        if value is None:
            return None
        is_inside = self.low <= value <= self.high
        happened = self.side == (-1 if self.enters else 1) and is_inside is self.enters
        if happened:
            self.side = 0
            self.has_crossed = True
        inner, outer = self._margins() if self.has_crossed else (0.0, 0.0)
        if is_inside and self.low + inner <= value <= self.high - inner:
            self.side = 1
        elif not is_inside and not self.low - outer < value < self.high + outer:
            self.side = -1
        return happened

    def holds(self, now: datetime) -> Truth:  # noqa: ARG002  a node's signature
        """Return False: it is over as soon as it happened."""
        return False

    def stays(self, now: datetime) -> Truth:
        """Return whether it is inside (or outside) still."""
        value = self.value.at(now)
        return None if value is None else (self.low <= value <= self.high) is self.enters

    def listens(self) -> Iterable[Quoted]:
        """Return the prices that no ladder can hold."""
        return () if isinstance(self.value, Quoted) else self.quotes

    def marks(self, now: datetime, *, repeats: bool) -> Iterable[tuple[Quoted, float]]:  # noqa: ARG002  beside others
        """Return the bounds, and where well in and well out begin."""
        if not isinstance(self.value, Quoted):
            return ()
        inner, outer = self._margins()
        low, high = self.low, self.high
        return [(self.value, mark) for mark in (low, high, low + inner, high - inner, low - outer, high + outer)]

    def level(self, _now: datetime) -> tuple[Quoted, float] | None:
        """Return the price and the bound that is nearer."""
        price = self.value.book.known(self.value.slot) if isinstance(self.value, Quoted) else None
        if price is None or not isinstance(self.value, Quoted):
            return None
        return self.value, min((self.low, self.high), key=lambda bound: abs(bound - price))

    def memory(self) -> list[object] | None:
        """Return where it was last seen."""
        return [self.side, self.has_crossed] if self.side or self.has_crossed else None

    def recall(self, memory: list[object]) -> None:
        """Take in where it was last seen."""
        self.side, self.has_crossed, _ = sided(memory)

    def _margins(self) -> tuple[float, float]:
        outer = max(self.margin.about(self.low), self.margin.about(self.high))
        return min(outer, (self.high - self.low) / 4), outer
