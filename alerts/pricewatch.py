"""A price rule while it is watched: its condition made ready, and whether it may fire."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from alerts.book import MID, Book
from alerts.levels import Ladder
from alerts.needs import needs_of
from alerts.rule import Firing, PriceCause, Rule
from alerts.truth import Compared, Crossed, Fixed, Node, Quoted, Studied
from alerts.watch import Watch
from market.quote import BarSize, TickField


class PriceWatch(Watch):
    """
    A price rule.

    *is_armed*: it was false (by the hysteresis) since it last fired. *is_restless*: the last look left something
    open, so that it must be looked at with each tick. *is_floating*: it compares two prices, so no ladder holds it.
    """

    __slots__ = ("_node", "_placed", "bars", "books", "is_armed", "is_floating", "is_restless")

    def __init__(self, rule: Rule, node: Node) -> None:
        super().__init__(rule)
        self._node = node
        self._placed: tuple[tuple[Ladder, float], ...] = ()
        self.books: tuple[Book, ...] = tuple({id(quoted.book): quoted.book for quoted in _quoted(node)}.values())
        self.bars: tuple[tuple[int, BarSize], ...] = tuple(
            (instrument.con_id, size) for instrument, size in needs_of(rule).bars
        )
        self.is_armed = rule.memory.get("armed") is not False
        self.is_restless = False
        self.is_floating = any(atom.is_floating for atom in node.atoms())
        self._recall(rule.memory)

    def memory(self) -> Mapping[str, object]:
        """Return whether it is armed and where its crossings were last seen."""
        memory: dict[str, object] = {} if self.is_armed else {"armed": False}
        sides = [[atom.side, atom.has_crossed] for atom in self._crossings()]
        if any(side or crossed for side, crossed in sides):
            memory["sides"] = sides
        return memory

    def consider(self, at: datetime, cause: PriceCause, exchange_time: datetime | None) -> Firing | None:
        """Evaluate *at* a moment, and return the firing if it fires."""
        truth = self._node.truth(at)
        self.is_restless = truth is None
        if truth is False and not self.is_armed:
            holds = self._node.holds(at)
            self.is_armed = holds is False
            self.is_restless = holds is None
        if not truth or not self.is_armed:
            return None
        if self.is_cooling(at):
            self.is_restless = True
            return None
        values = dict(self._values(at))
        # A crossing is over at once, a level is not: only what still holds must become false first.
        self.is_armed = self._node.holds(at) is False
        return self.fired(at, replace(cause, values=values), exchange_time)

    def place(self, now: datetime) -> tuple[tuple[Ladder, float], ...]:
        """Return the ladders and levels at which something changes about it, and remember them."""
        self._placed = tuple(
            (bound[0].book.ladder(bound[0].slot), mark)
            for atom in self._node.atoms()
            if (bound := atom.bound(now)) is not None
            for mark in atom.marks(bound[1], repeats=self.repeats)
        )
        return self._placed

    def unplace(self) -> tuple[tuple[Ladder, float], ...]:
        """Return where it was placed last, and forget it."""
        placed, self._placed = self._placed, ()
        return placed

    def standing_cause(self) -> PriceCause | None:
        """Return what a look without a tick speaks of: the first price or bar close it knows; None without one."""
        for quoted in _quoted(self._node):
            book = quoted.book
            field = TickField.BID if quoted.slot == MID else TickField(quoted.slot)
            price = book.prices[field]
            if price is not None and book.latest is not None:
                bid, ask = book.prices[TickField.BID], book.prices[TickField.ASK]
                return PriceCause(book.instrument, field, price, book.latest.kind, bid, ask, book.change_pct)
        for atom in self._node.atoms():
            for value in (atom.left, atom.right):
                if isinstance(value, Studied) and value.series.close is not None:
                    return PriceCause(value.instrument, TickField.LAST, value.series.close)
        return None

    def distance(self) -> float | None:
        """
        Return how far the nearest price is from its level, in percent of the price: positive where it must rise.

        None where no price or no level is known.
        """
        nearest: float | None = None
        for atom in self._node.atoms():
            gap = _gap(atom)
            if gap is not None and (nearest is None or abs(gap) < abs(nearest)):
                nearest = gap
        return nearest

    def _recall(self, memory: Mapping[str, object]) -> None:
        """Let the crossings know again where they were last seen."""
        sides = memory.get("sides", [])
        if not isinstance(sides, list):
            raise TypeError(sides)
        for atom, (side, has_crossed) in zip(self._crossings(), sides, strict=False):
            atom.side, atom.has_crossed = int(side), bool(has_crossed)

    def _crossings(self) -> list[Crossed]:
        return [atom for atom in self._node.atoms() if isinstance(atom, Crossed)]

    def _values(self, at: datetime) -> Iterator[tuple[str, float]]:
        for atom in self._node.atoms():
            for value in (atom.left, atom.right):
                number = value.at(at)
                if number is not None and not isinstance(value, Fixed):
                    yield value.text, number


def _quoted(node: Node) -> Iterator[Quoted]:
    for atom in node.atoms():
        for value in (atom.left, atom.right):
            if isinstance(value, Quoted):
                yield value


def _gap(atom: Compared | Crossed) -> float | None:
    """Return how far the atom's price is from its level in percent, or None."""
    if not isinstance(atom.left, Quoted) or isinstance(atom.right, Quoted):
        return None
    price = atom.left.book.known(atom.left.slot)
    latest = atom.left.book.latest
    level = None if latest is None else atom.right.at(latest.received)
    return None if not price or level is None else (level - price) / abs(price) * 100
