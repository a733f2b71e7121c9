"""
Conditions made ready to be evaluated, in three-valued logic: True, False or None (unknown, which is neither).

Every node answers two questions at a moment *now*:

* `truth`: is it true? Asking a crossing also lets it observe; so each node is asked exactly once an observation.
* `holds`: is it still true by its hysteresis? Only when this is False may a repeating rule fire again.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from operator import ge, gt, le, lt
from typing import Protocol

from alerts.book import Book
from alerts.condition import Direction, Op
from alerts.indicators import Series
from market.instrument import Instrument

Truth = bool | None

_COMPARE: dict[Op, Callable[[float, float], bool]] = {Op.GT: gt, Op.GE: ge, Op.LT: lt, Op.LE: le}


class Value(Protocol):
    """A number that changes with time; *text* is how the alert language writes it."""

    text: str

    def at(self, now: datetime) -> float | None:
        """Return it as it is known at *now*."""
        ...


class Fixed:
    """A number that was typed."""

    __slots__ = ("text", "value")

    def __init__(self, value: float, text: str) -> None:
        self.value = value
        self.text = text

    def at(self, _now: datetime) -> float | None:
        """Return the number."""
        return self.value


class Quoted:
    """A price out of a book."""

    __slots__ = ("book", "slot", "text")

    def __init__(self, book: Book, slot: int, text: str) -> None:
        self.book = book
        self.slot = slot
        self.text = text

    def at(self, now: datetime) -> float | None:
        """Return the price, or None where it is unknown."""
        return self.book.price(self.slot, now)


class Studied:
    """An indicator's value."""

    __slots__ = ("instrument", "series", "text")

    def __init__(self, instrument: Instrument, series: Series, text: str) -> None:
        self.instrument = instrument
        self.series = series
        self.text = text

    def at(self, now: datetime) -> float | None:
        """Return the value at the latest bar's close, or None where it is unknown."""
        return self.series.value_at(now)


class Node(Protocol):
    """A condition made ready."""

    def truth(self, now: datetime) -> Truth:
        """Observe, and return whether it is true."""
        ...

    def holds(self, now: datetime) -> Truth:
        """Return whether it is true by its hysteresis."""
        ...

    def atoms(self) -> Iterator["Atom"]:
        """Yield the comparisons and crossings in it, in order."""
        ...


class _Pair:
    """Two values that are compared; a price on either side keeps *min_tick* for the hysteresis."""

    __slots__ = ("left", "min_tick", "right")

    def __init__(self, left: Value, right: Value, min_tick: float | None) -> None:
        self.left = left
        self.right = right
        self.min_tick = min_tick

    def margin(self, level: float) -> float:
        """Return the hysteresis about *level*: 0.1 % or two ticks; none where no price is compared."""
        return 0.0 if self.min_tick is None else max(abs(level) * 0.001, 2 * self.min_tick)

    @property
    def is_floating(self) -> bool:
        """Whether no ladder can hold it: two prices are compared, so either may move the bound."""
        return isinstance(self.left, Quoted) and isinstance(self.right, Quoted)

    def bound(self, now: datetime) -> tuple[Quoted, float] | None:
        """Return the price that is watched and its level; None where there is no such level, or it is unknown."""
        if not isinstance(self.left, Quoted) or isinstance(self.right, Quoted):
            return None
        level = self.right.at(now)
        return None if level is None else (self.left, level)


class Compared(_Pair):
    """True while left stands to right as *op* says."""

    __slots__ = ("_compare", "op")

    def __init__(self, left: Value, op: Op, right: Value, min_tick: float | None) -> None:
        super().__init__(left, right, min_tick)
        self.op = op
        self._compare = _COMPARE[op]

    def truth(self, now: datetime) -> Truth:
        """Return whether the comparison holds."""
        left, right = self.left.at(now), self.right.at(now)
        return None if left is None or right is None else self._compare(left, right)

    def holds(self, now: datetime) -> Truth:
        """Return whether left has not yet left the level by the hysteresis."""
        left, right = self.left.at(now), self.right.at(now)
        if left is None or right is None:
            return None
        margin = self.margin(right)
        within = left > right - margin if self.op in {Op.GT, Op.GE} else left < right + margin
        return within or self._compare(left, right)

    def atoms(self) -> Iterator["Atom"]:
        """Yield itself."""
        yield self

    def marks(self, level: float, *, repeats: bool) -> tuple[float, ...]:
        """Return the prices at which something changes about it, its right side being *level*."""
        if not repeats:
            return (level,)
        margin = self.margin(level)
        return (level, level - margin if self.op in {Op.GT, Op.GE} else level + margin)


class Crossed(_Pair):
    """
    True at the observation at which left reached right from one side or came over to the other.

    *side* is where left was last seen: 1 above, -1 below, 0 not known yet. After a crossing the side counts only
    once left has gone from the level by the hysteresis, so that trembling about the level is one crossing.
    """

    __slots__ = ("direction", "has_crossed", "side")

    def __init__(self, left: Value, direction: Direction, right: Value, min_tick: float | None) -> None:
        super().__init__(left, right, min_tick)
        self.direction = direction
        self.side = 0
        self.has_crossed = False

    def truth(self, now: datetime) -> Truth:
        """Observe, and return whether left crossed just now."""
        left, right = self.left.at(now), self.right.at(now)
        if left is None or right is None:
            return None
        crossed = self._is_crossed(left, right)
        if crossed:
            self.side = 0
            self.has_crossed = True
        margin = self.margin(right) if self.has_crossed else 0.0
        if left > right and left >= right + margin:
            self.side = 1
        elif left < right and left <= right - margin:
            self.side = -1
        return crossed

    def holds(self, now: datetime) -> Truth:  # noqa: ARG002  a node's signature
        """Return False: a crossing is over as soon as it happened, its hysteresis is in *side*."""
        return False

    def atoms(self) -> Iterator["Atom"]:
        """Yield itself."""
        yield self

    def marks(self, level: float, *, repeats: bool) -> tuple[float, ...]:  # noqa: ARG002  as `Compared.marks`
        """Return the prices at which something changes about it; beside another condition it may cross again."""
        margin = self.margin(level)
        return (level, level - margin, level + margin)

    def _is_crossed(self, left: float, right: float) -> bool:
        up = self.side < 0 and left >= right and self.direction is not Direction.BELOW
        down = self.side > 0 and left <= right and self.direction is not Direction.ABOVE
        return up or down


Atom = Compared | Crossed


class _Joined:
    """Several parts; all are asked, always, so that each crossing observes."""

    __slots__ = ("_decisive", "_parts")

    def __init__(self, parts: tuple[Node, ...], *, decisive: bool) -> None:
        self._parts = parts
        self._decisive = decisive

    def truth(self, now: datetime) -> Truth:
        """Observe all parts, and return what they say together."""
        return self._together([part.truth(now) for part in self._parts])

    def holds(self, now: datetime) -> Truth:
        """Return what the parts' hysteresis says together."""
        return self._together([part.holds(now) for part in self._parts])

    def atoms(self) -> Iterator[Atom]:
        """Yield those of the parts, in order."""
        for part in self._parts:
            yield from part.atoms()

    def _together(self, truths: list[Truth]) -> Truth:
        if self._decisive in truths:
            return self._decisive
        return None if None in truths else not self._decisive


class All(_Joined):
    """`and`: False as soon as one part is, else unknown as soon as one part is."""

    __slots__ = ()

    def __init__(self, parts: tuple[Node, ...]) -> None:
        super().__init__(parts, decisive=False)


class Any(_Joined):
    """`or`: True as soon as one part is, else unknown as soon as one part is."""

    __slots__ = ()

    def __init__(self, parts: tuple[Node, ...]) -> None:
        super().__init__(parts, decisive=True)
