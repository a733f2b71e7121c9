"""
Scanner rules: what is new in a list, has dropped out of it or has jumped in rank since it was last told.

A list's lower edge is restless: the tenth and the eleventh change places all day. So an instrument is in from rank N
on, and out only when it is some ranks below that, or was missing in two lists running (an empty list, which TWS sends
as "no items retrieved", drops nothing by itself either). One that comes back soon after it left is not told again. A
jump is measured against the rank that was last told, so that a slow climb is told too, once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from alerts.condition import ScanChange, ScanEntry
from alerts.errors import NotEvaluable
from alerts.rule import Firing, Rule, RuleState, ScanCause
from alerts.session import Sessions
from alerts.watch import Roster, Watch
from market.codec import instrument_from_json, instrument_to_json
from market.instrument import Instrument
from market.scan import ScanRow, ScanSpec, whole

RETURNS = timedelta(minutes=30)
"""Who left so recently and is back is neither new nor, when it leaves again soon, dropped."""

_MISSED = 2
_LEAST_MARGIN = 2
_PART = 5


@dataclass(frozen=True, slots=True)
class _Member:
    """An instrument of the list: the *rank* last told, in how many lists running it *missed*, since when it is back."""

    instrument: Instrument
    rank: int
    missed: int = 0
    back: datetime | None = None


class ScanWatch(Watch):
    """A scanner rule; *members* are who is in its list by contract id, None before the first list."""

    __slots__ = ("entry", "left", "members", "spec")

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        entry = rule.draft.condition
        if not isinstance(entry, ScanEntry):
            raise NotEvaluable(type(entry).__name__)
        self.entry = entry
        self.spec = entry.spec
        self.members = _remembered(rule.memory.get("members"))
        self.left = _departed(rule.memory.get("left"))

    def memory(self) -> Mapping[str, object]:
        """Return what was last told."""
        if self.members is None:
            return super().memory()
        members = [_member_to_json(member) for member in self.members.values()]
        left = {str(con_id): at.isoformat() for con_id, at in self.left.items()}
        return {**super().memory(), "members": members, **({"left": left} if left else {})}

    def changed(self, rows: Sequence[ScanRow], at: datetime) -> ScanCause | None:
        """Take a complete list in, received *at*, and return what is to be told of it; of the first one nothing is."""
        ranks = {row.instrument.con_id: row for row in rows}
        top = [row for row in sorted(rows, key=lambda row: row.rank) if row.rank <= self.spec.rows]
        if self.members is None:
            self.members = {row.instrument.con_id: _Member(row.instrument, row.rank) for row in top}
            return None
        self.left = {con_id: then for con_id, then in self.left.items() if at - then < RETURNS}
        dropped = self._dropped(ranks, at)
        jumps = self._jumped(top)
        new = self._entered(top, at)
        told = set(self.entry.changes)
        cause = ScanCause(
            self.spec,
            new if ScanChange.NEW in told else (),
            dropped if ScanChange.DROPPED in told else (),
            jumps if ScanChange.JUMPED in told else (),
        )
        return cause if cause.rows or cause.dropped or cause.jumps else None

    def _dropped(self, ranks: Mapping[int, ScanRow], at: datetime) -> tuple[ScanRow, ...]:
        assert self.members is not None  # noqa: S101  changed() sees to that
        edge = self.spec.rows + max(_LEAST_MARGIN, self.spec.rows // _PART)
        gone = []
        for con_id, member in list(self.members.items()):
            row = ranks.get(con_id)
            if row is not None and row.rank <= edge:
                self.members[con_id] = replace(member, missed=0) if member.missed else member
                continue
            if row is None and member.missed + 1 < _MISSED:
                self.members[con_id] = replace(member, missed=member.missed + 1)
                continue
            del self.members[con_id]
            self.left[con_id] = at
            if member.back is None or at - member.back >= RETURNS:
                gone.append(ScanRow(member.rank, member.instrument))
        return tuple(sorted(gone, key=lambda row: row.rank))

    def _jumped(self, top: Iterable[ScanRow]) -> tuple[tuple[ScanRow, int], ...]:
        assert self.members is not None  # noqa: S101  changed() sees to that
        jumps = []
        for row in top:
            member = self.members.get(row.instrument.con_id)
            if member is not None and abs(member.rank - row.rank) >= self.entry.jump:
                self.members[row.instrument.con_id] = replace(member, rank=row.rank)
                jumps.append((row, member.rank))
        return tuple(jumps)

    def _entered(self, top: Iterable[ScanRow], at: datetime) -> tuple[ScanRow, ...]:
        assert self.members is not None  # noqa: S101  changed() sees to that
        new = []
        for row in top:
            con_id = row.instrument.con_id
            if con_id in self.members:
                continue
            is_back = self.left.pop(con_id, None) is not None
            self.members[con_id] = _Member(row.instrument, row.rank, back=at if is_back else None)
            if not is_back:
                new.append(row)
        return tuple(new)


class ScanDesk:
    """All scanner rules, by scan."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._of: dict[ScanSpec, set[int]] = {}

    def enter(self, watch: ScanWatch) -> None:
        """Watch a rule."""
        self._of.setdefault(whole(watch.spec), set()).add(watch.rule.id)

    def leave(self, watch: ScanWatch) -> None:
        """Watch it no longer."""
        self._of.get(whole(watch.spec), set()).discard(watch.rule.id)

    def on_scan(self, spec: ScanSpec, rows: Sequence[ScanRow], at: datetime) -> list[Firing]:
        """Return the firings of a complete result list, received *at*."""
        firings = []
        for rule_id in sorted(self._of.get(whole(spec), ())):
            watch = self._roster.watched.get(rule_id)
            if not isinstance(watch, ScanWatch):
                continue
            before = watch.members, watch.left
            held = None if watch.members is None else dict(watch.members)
            firing = self._roster.guarded(watch.rule, at, partial(_firing, watch, rows, at, self._roster.sessions))
            if (held, before[1]) != (watch.members, watch.left):
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
    if watch.members is not None and watch.is_quiet(at, sessions):
        return None
    cause = watch.changed(rows, at)
    return None if cause is None else watch.fired(at, cause)


def _member_to_json(member: _Member) -> dict[str, object]:
    written: dict[str, object] = {"rank": member.rank, "instrument": instrument_to_json(member.instrument)}
    if member.missed:
        written["missed"] = member.missed
    if member.back is not None:
        written["back"] = member.back.isoformat()
    return written


def _remembered(memory: object) -> dict[int, _Member] | None:
    """Return the members that `ScanWatch.memory` wrote. Raises KeyError, TypeError, ValueError where it is broken."""
    if not isinstance(memory, list):
        return None
    found = {}
    for written in memory:
        instrument = instrument_from_json(written["instrument"])
        back = written.get("back")
        since = None if back is None else datetime.fromisoformat(back)
        found[instrument.con_id] = _Member(instrument, int(written["rank"]), int(written.get("missed", 0)), since)
    return found


def _departed(memory: object) -> dict[int, datetime]:
    if not isinstance(memory, dict):
        return {}
    return {int(con_id): datetime.fromisoformat(at) for con_id, at in memory.items()}
