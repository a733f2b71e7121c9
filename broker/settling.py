"""
Executions that the positions do not show yet: TWS tells both in frames of their own, in no order that it promises.

Between the two an account seems to hold what it has sold already. IBKR's word about the position ends that; so does
time, for what IBKR shows as no position (currencies) or has netted with what was traded by hand.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from market.account import execution_of, revision_of
from market.clock import Clock

WAIT_S = 10.0
"""How long an execution counts that no position frame has followed."""
AHEAD_S = 2.0
"""How long a position frame may be ahead of its execution."""

_KEPT = 5000
_Move = tuple[float, Decimal]


@dataclass(slots=True)
class _Open:
    """Of one holding: *executed* and not shown yet, *shown* and not executed yet; when, and how much, oldest first."""

    executed: deque[_Move] = field(default_factory=deque)
    shown: deque[_Move] = field(default_factory=deque)


class Settling:
    """Holds executions against changes of positions; quantities are signed, short of zero for what was sold."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, dict[int, _Open]] = {}
        self._known: dict[str, tuple[int, Decimal]] = {}

    def caught_up(self) -> None:
        """Forget what was shown: TWS has told all positions anew, and that is no trade."""
        for held in self._open.values():
            for found in held.values():
                found.shown.clear()

    def executed(self, account: str, con_id: int, exec_id: str, quantity: Decimal) -> None:
        """Take an execution, or the correction of one; hearing it again changes nothing."""
        execution, revision = execution_of(exec_id), revision_of(exec_id)
        before = self._known.get(execution)
        if before is not None and revision <= before[0]:
            return
        self._known[execution] = revision, quantity
        if len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]
        change = quantity - (before[1] if before is not None else Decimal(0))
        found = self._of(account, con_id)
        rest = _matched(found.shown, change, self._clock.monotonic() - AHEAD_S)
        if rest:
            found.executed.append((self._clock.monotonic(), rest))

    def moved(self, account: str, con_id: int, change: Decimal) -> None:
        """Take a *change* of a position that TWS has told."""
        found = self._of(account, con_id)
        rest = _matched(found.executed, change, self._clock.monotonic() - WAIT_S)
        if rest:
            found.shown.append((self._clock.monotonic(), rest))

    def open(self, account: str) -> Mapping[int, Decimal]:
        """Return what was executed and is not in the positions yet, by contract id."""
        since = self._clock.monotonic() - WAIT_S
        sums = {
            con_id: sum((quantity for at, quantity in found.executed if at > since), Decimal(0))
            for con_id, found in self._open.get(account, {}).items()
        }
        return {con_id: quantity for con_id, quantity in sums.items() if quantity}

    def _of(self, account: str, con_id: int) -> _Open:
        return self._open.setdefault(account, {}).setdefault(con_id, _Open())


def _matched(moves: deque[_Move], change: Decimal, since: float) -> Decimal:
    """
    Take *change* away from the *moves* after *since*, and return what is left of it.

    A frame shows a position after the first few executions, each whole; else it has some of what went the same way.
    """
    while moves and moves[0][0] <= since:
        moves.popleft()
    total = Decimal(0)
    for count, (_, quantity) in enumerate(moves, 1):
        total += quantity
        if total == change:
            for _ in range(count):
                moves.popleft()
            return Decimal(0)
    while moves and change and (moves[0][1] > 0) is (change > 0):
        at, quantity = moves.popleft()
        if abs(quantity) > abs(change):
            moves.appendleft((at, quantity - change))
            return Decimal(0)
        change -= quantity
    return change
