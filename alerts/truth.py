"""
Conditions made ready to be evaluated, in three-valued logic: True, False or None (unknown, which is neither).

Every node answers three questions at a moment *now*:

* `truth`: is it true? Asking a crossing also lets it observe; so each node is asked exactly once an observation.
* `holds`: is it still true by its hysteresis? Only when this is False may a repeating rule fire again.
* `stays`: is what was true still so, without observing? That is what `for 2m` asks after the crossing itself.

Ranges stand in `alerts/channel.py`, moves (of the day, in a window, from the best) in `alerts/motion.py`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import ge, gt, le, lt
from typing import Protocol

from alerts.condition import Direction, Op
from alerts.value import Fixed, Quoted, Value

Truth = bool | None

_COMPARE: dict[Op, Callable[[float, float], bool]] = {Op.GT: gt, Op.GE: ge, Op.LT: lt, Op.LE: le}


@dataclass(frozen=True, slots=True)
class Margin:
    """The hysteresis about a level: *pct* percent of it, at least *least*."""

    pct: float = 0.0
    least: float = 0.0

    def about(self, level: float) -> float:
        """Return how far from *level* false begins."""
        return max(abs(level) * self.pct / 100, self.least)


class Node(Protocol):
    """A condition made ready."""

    def truth(self, now: datetime) -> Truth:
        """Observe, and return whether it is true."""
        ...

    def holds(self, now: datetime) -> Truth:
        """Return whether it is true by its hysteresis."""
        ...

    def stays(self, now: datetime) -> Truth:
        """Return whether what was true is so still."""
        ...

    def atoms(self) -> "Iterator[Atom]":
        """Yield the single conditions in it, in order."""
        ...


class Atom:
    """
    A single condition.

    A price with a level to reach is on a ladder (`marks`); of any other price every move counts (`listens`).
    """

    __slots__ = ()

    is_moving = False
    """Whether its marks may change as it observes."""
    is_timed = False
    """Whether time alone may make it true."""
    is_fixed = False
    """Whether its marks never change."""

    @property
    def values(self) -> tuple[Value, ...]:
        """What it looks at."""
        return ()

    def atoms(self) -> "Iterator[Atom]":
        """Yield itself."""
        yield self

    @property
    def quotes(self) -> Iterator[Quoted]:
        """The prices it hangs on."""
        for value in self.values:
            yield from value.quotes

    def listens(self) -> Iterable[Quoted]:
        """Return the prices of which every move counts."""
        return self.quotes

    def marks(self, _now: datetime, *, repeats: bool) -> Iterable[tuple[Quoted, float]]:  # noqa: ARG002  for others
        """Return prices and levels at which something changes about it as things are now."""
        return ()

    def numbers(self, now: datetime) -> Iterator[tuple[str, float]]:
        """Yield what a firing tells of it: the values as they stand, and what they are made of, by their text."""
        for value in self.values:
            for each in dict.fromkeys((value, *value.parts)):
                number = None if isinstance(each, Fixed) else each.at(now)
                if number is not None:
                    yield each.text, number

    def level(self, _now: datetime) -> tuple[Quoted, float] | None:
        """Return the price that is watched and its nearest level, or None where there is none."""
        return None

    def memory(self) -> list[object] | None:
        """Return what it must know after a restart, as JSON; None for nothing."""
        return None

    def recall(self, memory: list[object]) -> None:
        """Take in what `memory` returned."""

    def began(self, at: datetime) -> None:
        """Note that its rule fired *at* a moment, and what it measures begins anew."""


class _Pair(Atom):
    """Two values that are compared; a number that was typed is kept as such, since nearly all alerts have one."""

    __slots__ = ("_right", "left", "margin")

    def __init__(self, left: Value, right: Value, margin: Margin) -> None:
        self.left = left
        self._right: Value | float = float(right.value) if isinstance(right, Fixed) else right
        self.margin = margin

    @property
    def right(self) -> Value:
        """What the left one is compared with."""
        return Fixed(self._right) if isinstance(self._right, float) else self._right

    @property
    def values(self) -> tuple[Value, ...]:
        """Both."""
        return (self.left, self.right)

    @property
    def quotes(self) -> Iterator[Quoted]:
        """The prices it hangs on."""
        yield from self.left.quotes
        if not isinstance(self._right, float):
            yield from self._right.quotes

    @property
    def is_fixed(self) -> bool:  # type: ignore[override]
        """Whether it is a price and a number that was typed."""
        return isinstance(self._right, float) and isinstance(self.left, Quoted)

    def listens(self) -> Iterable[Quoted]:
        """Return the prices that no ladder can hold: where two are compared, either moves the other's bound."""
        return () if self._is_laddered else self.quotes

    def level(self, now: datetime) -> tuple[Quoted, float] | None:
        """Return the price that is watched and its level; None where there is no such level, or it is unknown."""
        if not isinstance(self.left, Quoted) or not self._is_laddered:
            return None
        level = self._bound(now)
        return None if level is None else (self.left, level)

    def marks(self, now: datetime, *, repeats: bool) -> Iterable[tuple[Quoted, float]]:
        """Return the price and the levels at which something changes about it."""
        found = self.level(now)
        if found is None:
            return ()
        quoted, level = found
        return [(quoted, mark) for mark in self._marks(level, repeats=repeats)]

    def _bound(self, now: datetime) -> float | None:
        """Return the right one as it is known at *now*."""
        return self._right if isinstance(self._right, float) else self._right.at(now)

    @property
    def _is_laddered(self) -> bool:
        if not isinstance(self.left, Quoted):
            return False
        return isinstance(self._right, float) or not self._right.quotes

    def _marks(self, level: float, *, repeats: bool) -> tuple[float, ...]:
        raise NotImplementedError


class Compared(_Pair):
    """True while left stands to right as *op* says."""

    __slots__ = ("op",)

    def __init__(self, left: Value, op: Op, right: Value, margin: Margin) -> None:
        super().__init__(left, right, margin)
        self.op = op

    @property
    def is_timed(self) -> bool:  # type: ignore[override]
        """Whether time alone may make it true (days left)."""
        return self.left.is_timed or self.right.is_timed

    def truth(self, now: datetime) -> Truth:
        """Return whether the comparison holds."""
        left, right = self.left.at(now), self._bound(now)
        return None if left is None or right is None else _COMPARE[self.op](left, right)

    def holds(self, now: datetime) -> Truth:
        """Return whether left has not yet left the level by the hysteresis."""
        left, right = self.left.at(now), self._bound(now)
        if left is None or right is None:
            return None
        margin = self.margin.about(right)
        within = left > right - margin if self.op in {Op.GT, Op.GE} else left < right + margin
        return within or _COMPARE[self.op](left, right)

    def stays(self, now: datetime) -> Truth:
        """Return whether the comparison holds."""
        return self.truth(now)

    def _marks(self, level: float, *, repeats: bool) -> tuple[float, ...]:
        if not repeats:
            return (level,)
        margin = self.margin.about(level)
        return (level, level - margin if self.op in {Op.GT, Op.GE} else level + margin)


class Crossed(_Pair):
    """
    True at the observation at which left reached right from one side or came over to the other.

    *side* is where left was last seen: 1 above, -1 below, 0 not known yet; *came_from* where it last crossed from.
    After a crossing the side counts only
    once left has gone from the level by the hysteresis, so that trembling about the level is one crossing.
    """

    __slots__ = ("came_from", "direction", "has_crossed", "side")

    def __init__(self, left: Value, direction: Direction, right: Value, margin: Margin) -> None:
        super().__init__(left, right, margin)
        self.direction = direction
        self.side = 0
        self.has_crossed = False
        self.came_from = 0

    def truth(self, now: datetime) -> Truth:
        """Observe, and return whether left crossed just now."""
        left, right = self.left.at(now), self._bound(now)
        if left is None or right is None:
            return None
        crossed = self._is_crossed(left, right)
        if crossed:
            self.came_from = self.side
            self.side = 0
            self.has_crossed = True
        margin = self.margin.about(right) if self.has_crossed else 0.0
        if left > right and left >= right + margin:
            self.side = 1
        elif left < right and left <= right - margin:
            self.side = -1
        return crossed

    def holds(self, now: datetime) -> Truth:  # noqa: ARG002  a node's signature
        """Return False: a crossing is over as soon as it happened, its hysteresis is in *side*."""
        return False

    def stays(self, now: datetime) -> Truth:
        """Return whether left has not gone back behind the level it crossed."""
        left, right = self.left.at(now), self._bound(now)
        if left is None or right is None:
            return None
        if not self.came_from:
            return False
        return left >= right if self.came_from < 0 else left <= right

    def memory(self) -> list[object] | None:
        """Return where left was last seen, and whence it crossed."""
        if not self.side and not self.has_crossed:
            return None
        return [self.side, self.has_crossed, self.came_from] if self.came_from else [self.side, self.has_crossed]

    def recall(self, memory: list[object]) -> None:
        """Take in what `memory` returned."""
        self.side, self.has_crossed, self.came_from = sided(memory)

    def _marks(self, level: float, *, repeats: bool) -> tuple[float, ...]:  # noqa: ARG002  beside others it may repeat
        margin = self.margin.about(level)
        return (level, level - margin, level + margin)

    def _is_crossed(self, left: float, right: float) -> bool:
        up = self.side < 0 and left >= right and self.direction is not Direction.BELOW
        down = self.side > 0 and left <= right and self.direction is not Direction.ABOVE
        return up or down


class Not:
    """`not`, of what has no opposite of its own: unknown stays unknown."""

    __slots__ = ("_part",)

    def __init__(self, part: Node) -> None:
        self._part = part

    def truth(self, now: datetime) -> Truth:
        """Observe, and return the opposite of what the part says."""
        return _opposite(self._part.truth(now))

    def holds(self, now: datetime) -> Truth:
        """Return the opposite of what the part's hysteresis says; `not` a crossing is never false for good."""
        return _opposite(self._part.holds(now))

    def stays(self, now: datetime) -> Truth:
        """Return whether the part is not true."""
        return _opposite(self._part.stays(now))

    def atoms(self) -> Iterator[Atom]:
        """Yield those of the part."""
        yield from self._part.atoms()


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

    def stays(self, now: datetime) -> Truth:
        """Return whether what was true together is so still."""
        return self._together([part.stays(now) for part in self._parts])

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


def _opposite(truth: Truth) -> Truth:
    return None if truth is None else not truth


def sided(memory: list[object]) -> tuple[int, bool, int]:
    """Return a side, whether it was crossed, and whence, out of JSON. Raises TypeError, ValueError."""
    side, has_crossed, *rest = memory
    came_from = rest[0] if rest else 0
    if not isinstance(side, int) or not isinstance(has_crossed, bool) or not isinstance(came_from, int):
        raise TypeError(memory)
    return side, has_crossed, came_from
