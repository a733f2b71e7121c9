"""A condition that fails while it is evaluated."""

from collections.abc import Iterator
from datetime import datetime

from alerts.engine import Engine
from alerts.truth import Atom, Node, Truth


class Broken:
    """Stands in for *node* and fails whenever it is asked."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def truth(self, now: datetime) -> Truth:
        raise ZeroDivisionError(now)

    def holds(self, now: datetime) -> Truth:
        raise ZeroDivisionError(now)

    def stays(self, now: datetime) -> Truth:
        raise ZeroDivisionError(now)

    def atoms(self) -> Iterator[Atom]:
        return self._node.atoms()


def broken(engine: Engine, rule_id: int) -> None:
    """Break one rule."""
    watch = engine._roster.watched[rule_id]
    watch._node = Broken(watch._node)  # type: ignore[attr-defined]
