"""Who is to be looked at when, though nothing may happen until then."""

from datetime import datetime
from heapq import heappop, heappush


class Alarms:
    """Rule ids by time, the earliest first."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int]] = []
        self._set: set[tuple[datetime, int]] = set()

    def at(self, when: datetime, rule_id: int) -> None:
        """Have *rule_id* come up at *when*; twice the same is once."""
        entry = when, rule_id
        if entry not in self._set:
            self._set.add(entry)
            heappush(self._heap, entry)

    def due(self, now: datetime) -> set[int]:
        """Return whose time has come by *now*, once."""
        found = set[int]()
        while self._heap and self._heap[0][0] <= now:
            entry = heappop(self._heap)
            self._set.discard(entry)
            found.add(entry[1])
        return found
