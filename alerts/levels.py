"""
The levels of one price of one instrument, sorted, so that a price which reaches none costs two comparisons.

The ladder knows where the price stands: strictly between `below` and `above`, or on a level (then both are it).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from math import inf


class Ladder:
    """
    Levels and the ids of the rules that watch them; *listeners* are the rules that want every move of the price.

    The caller asks `ladder.below < price < ladder.above` itself and calls `moved` only when that is false: a call
    would cost more than both comparisons.
    """

    __slots__ = ("_at", "_holders", "_values", "above", "below", "listeners")

    def __init__(self) -> None:
        # Until a first price is known no price lies "between", so that the first one always comes to `moved`.
        self.below = inf
        self.above = -inf
        self._at: float | None = None
        # Side by side: the holder of the n-th level is the n-th holder. A dict for them would take four times the room,
        # and so would a set for each level: it mostly has one holder.
        self._values: list[float] = []
        self._holders: list[int | set[int]] = []
        self.listeners: set[int] = set()

    def __len__(self) -> int:
        return len(self._values)

    @property
    def is_used(self) -> bool:
        """Whether anyone watches a level, or every move."""
        return bool(self._values or self.listeners)

    @property
    def is_placed(self) -> bool:
        """Whether a price was taken in."""
        return self._at is not None

    def fill(self, pairs: Iterable[tuple[float, int]]) -> None:
        """Take in many (level, rule id) at once: one sort instead of an insertion each."""
        for value, rule_id in pairs:
            self.note(value, rule_id)
        self.sort()

    def note(self, value: float, rule_id: int) -> None:
        """Note who watches a level; until `sort`, which is to follow, the ladder is in disorder."""
        self._values.append(value)
        self._holders.append(rule_id)

    def sort(self) -> None:
        """Find the place of all levels that were noted."""
        values, holders = self._values, self._holders
        self._values, self._holders = [], []
        for index in sorted(range(len(values)), key=values.__getitem__):
            if self._values and self._values[-1] == values[index]:
                self._holders[-1] = _joined(self._holders[-1], holders[index])
            else:
                self._values.append(values[index])
                self._holders.append(holders[index])
        self._settle()

    def insert(self, value: float, rule_id: int) -> None:
        """Let *rule_id* watch *value*."""
        index = bisect_left(self._values, value)
        if self._is_at(index, value):
            self._holders[index] = _joined(self._holders[index], rule_id)
            return
        self._values.insert(index, value)
        self._holders.insert(index, rule_id)
        self._settle()

    def discard(self, value: float, rule_id: int) -> None:
        """Let *rule_id* no longer watch *value*; nothing happens if it did not."""
        index = bisect_left(self._values, value)
        if not self._is_at(index, value):
            return
        holders = self._holders[index]
        if isinstance(holders, set):
            holders.discard(rule_id)
        if not holders or holders == rule_id:
            del self._values[index], self._holders[index]
            self._settle()

    def listen(self, rule_id: int) -> None:
        """Let *rule_id* hear of every move."""
        self.listeners.add(rule_id)
        self._settle()

    def unlisten(self, rule_id: int) -> None:
        """Let *rule_id* no longer hear of every move; nothing happens if it did not."""
        if rule_id in self.listeners:
            self.listeners.discard(rule_id)
            self._settle()

    def moved(self, price: float) -> set[int]:
        """Take *price* in and return the rules with a level that it left, passed or reached; at first: all."""
        before, self._at = self._at, price
        if before == price:
            return set()
        if before is None:
            touched = self._within(0, len(self._values))
        elif before < price:
            touched = self._within(bisect_left(self._values, before), bisect_right(self._values, price))
        else:
            touched = self._within(bisect_left(self._values, price), bisect_right(self._values, before))
        self._settle()
        return touched | self.listeners

    def stand(self, price: float) -> None:
        """Take in a price that moved between two levels unnoticed, so that a new level finds its own side of it."""
        if self.below < price < self.above:
            self._at = price

    def over(self, low: float, high: float) -> set[int]:
        """Return the rules with a level above *low*, up to and including *high*; the price stays where it is."""
        return self._within(bisect_right(self._values, low), bisect_right(self._values, high))

    def under(self, high: float, low: float) -> set[int]:
        """Return the rules with a level below *high*, down to and including *low*; the price stays where it is."""
        return self._within(bisect_left(self._values, low), bisect_left(self._values, high))

    def gap(self, price: float) -> float | None:
        """Return how far the nearest level is from *price*; None where there is none."""
        index = bisect_left(self._values, price)
        return min((abs(value - price) for value in self._values[max(index - 1, 0) : index + 1]), default=None)

    def _is_at(self, index: int, value: float) -> bool:
        return index < len(self._values) and self._values[index] == value

    def _within(self, first: int, last: int) -> set[int]:
        found = set[int]()
        for holders in self._holders[first:last]:
            if isinstance(holders, set):
                found |= holders
            else:
                found.add(holders)
        return found

    def _settle(self) -> None:
        """Find the neighbours of the price anew."""
        price, values = self._at, self._values
        if price is None or self.listeners:
            # No price lies "between" then, so that each comes to `moved`.
            self.below, self.above = inf, -inf
            return
        index = bisect_left(values, price)
        if index < len(values) and values[index] == price:
            self.below = self.above = price
        else:
            self.below = values[index - 1] if index else -inf
            self.above = values[index] if index < len(values) else inf


def _joined(holders: int | set[int], more: int | set[int]) -> int | set[int]:
    if holders == more:
        return holders
    return {*_all(holders), *_all(more)}


def _all(holders: int | set[int]) -> set[int]:
    return holders if isinstance(holders, set) else {holders}
