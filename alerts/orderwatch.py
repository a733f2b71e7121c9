"""Order rules: what happened to an order, wherever it was placed, told once."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from alerts.condition import OrderMatch
from alerts.errors import NotEvaluable
from alerts.needs import instrument_of
from alerts.rule import Firing, OrderCause, OrderHappened, Rule, RuleState
from alerts.session import Sessions
from alerts.watch import Roster, Watch

# A rule remembers so many; IBKR replays today's only, and what is older than the rule is none of its business.
_KEPT = 500


class OrderWatch(Watch):
    """An order rule; *seen* are the keys of what it told."""

    __slots__ = ("con_id", "event", "seen")

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        match = rule.draft.condition
        if not isinstance(match, OrderMatch):
            raise NotEvaluable(type(match).__name__)
        self.event = match.event
        self.con_id = instrument_of(rule, match.symbol).con_id if match.symbol else None
        seen = rule.memory.get("seen", [])
        self.seen: list[str] = [str(key) for key in seen] if isinstance(seen, list) else []

    def memory(self) -> Mapping[str, object]:
        """Return what was told."""
        return {**super().memory(), "seen": list(self.seen)} if self.seen else super().memory()

    def consider(self, happened: OrderHappened, at: datetime, sessions: Sessions) -> Firing | None:
        """Return the firing of what *happened*, if it is meant, new, and not from before the rule was armed."""
        if not self._is_meant(happened) or happened.key in self.seen or happened.at < self.rule.since:
            return None
        if self.is_quiet(at, sessions):
            return None
        self.seen.append(happened.key)
        del self.seen[:-_KEPT]
        cause = OrderCause(happened.event, happened.order, happened.instrument, happened.price, happened.is_ours)
        return self.fired(at, cause, happened.at)

    def _is_meant(self, happened: OrderHappened) -> bool:
        if happened.event is not self.event:
            return False
        return self.con_id is None or (happened.instrument is not None and happened.instrument.con_id == self.con_id)


class OrderDesk:
    """All order rules."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._ids: set[int] = set()

    def enter(self, watch: OrderWatch) -> None:
        """Watch a rule."""
        self._ids.add(watch.rule.id)

    def leave(self, watch: OrderWatch) -> None:
        """Watch it no longer."""
        self._ids.discard(watch.rule.id)

    def on_order(self, happened: OrderHappened, at: datetime) -> list[Firing]:
        """Return the firings of what *happened*, heard of *at* a moment."""
        firings = []
        for rule_id in sorted(self._ids):
            watch = self._roster.watched.get(rule_id)
            if not isinstance(watch, OrderWatch):
                continue
            considered = partial(watch.consider, happened, at, self._roster.sessions)
            firing = self._roster.guarded(watch.rule, at, considered)
            if firing is None:
                continue
            firings.append(firing)
            if firing.rule.state is RuleState.FIRED:
                self.leave(watch)
                self._roster.rest(firing.rule)
        return firings
