"""Scanner rules: what is new in a list since the one before."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from alerts.condition import ScanEntry
from alerts.errors import NotEvaluable
from alerts.rule import Firing, Rule, RuleState, ScanCause
from alerts.session import Sessions
from alerts.watch import Roster, Watch
from market.scan import ScanRow, ScanSpec


class ScanWatch(Watch):
    """A scanner rule; *shown* are the contract ids of the list it last saw, None before the first."""

    __slots__ = ("shown", "spec")

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        entry = rule.draft.condition
        if not isinstance(entry, ScanEntry):
            raise NotEvaluable(type(entry).__name__)
        self.spec = entry.spec
        shown = rule.memory.get("shown")
        self.shown: set[int] | None = {int(con_id) for con_id in shown} if isinstance(shown, list) else None

    def memory(self) -> Mapping[str, object]:
        """Return what was last shown."""
        return super().memory() if self.shown is None else {**super().memory(), "shown": sorted(self.shown)}

    def entries(self, rows: Sequence[ScanRow]) -> tuple[ScanRow, ...]:
        """Take a list in and return what is new in it; of the first one nothing is, it is what to compare with."""
        before, self.shown = self.shown, {row.instrument.con_id for row in rows}
        if before is None:
            return ()
        return tuple(row for row in rows if row.instrument.con_id not in before)


class ScanDesk:
    """All scanner rules, by scan."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._of: dict[ScanSpec, set[int]] = {}

    def enter(self, watch: ScanWatch) -> None:
        """Watch a rule."""
        self._of.setdefault(watch.spec, set()).add(watch.rule.id)

    def leave(self, watch: ScanWatch) -> None:
        """Watch it no longer."""
        self._of.get(watch.spec, set()).discard(watch.rule.id)

    def on_scan(self, spec: ScanSpec, rows: Sequence[ScanRow], at: datetime) -> list[Firing]:
        """Return the firings of a complete result list, received *at*."""
        firings = []
        for rule_id in sorted(self._of.get(spec, ())):
            watch = self._roster.watched.get(rule_id)
            if not isinstance(watch, ScanWatch):
                continue
            before = watch.shown
            firing = self._roster.guarded(watch.rule, at, partial(_firing, watch, rows, at, self._roster.sessions))
            if watch.shown != before:
                self._roster.changed.add(rule_id)
            if firing is None:
                continue
            firings.append(firing)
            if firing.rule.state is RuleState.FIRED:
                self.leave(watch)
                self._roster.rest(firing.rule)
        return firings


def _firing(watch: ScanWatch, rows: Sequence[ScanRow], at: datetime, sessions: Sessions) -> Firing | None:
    # While it keeps silent the list is not taken in: what is new then is told afterwards, if it is still there.
    if watch.shown is not None and watch.is_quiet(at, sessions):
        return None
    best = [row for row in sorted(rows, key=lambda row: row.rank) if row.rank <= watch.spec.rows]
    entries = watch.entries(best)
    return watch.fired(at, ScanCause(watch.spec, entries)) if entries else None
