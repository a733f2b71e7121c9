"""Time rules: each moment once, those that were missed together with the latest of them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from alerts.condition import AtSession, AtTime, EveryTime
from alerts.errors import NotEvaluable
from alerts.rule import Firing, Rule, RuleState, TimeCause
from alerts.session import Sessions
from alerts.timing import Course
from alerts.watch import Roster, Watch

# What lies further back is not counted any more: one is told that it was due, not how often in all that time.
_COUNTED = timedelta(days=7)
_COUNTED_OFTEN = timedelta(days=1)
# A moment told so far ahead was told by a clock that was wrong: it must not keep the rule silent until then.
_TOO_FAR = timedelta(hours=12)


class TimeWatch(Watch):
    """A time rule; *told* is the latest moment it told, or that it need not tell any more."""

    __slots__ = ("_judged", "_zone_of", "course", "message", "told")

    def __init__(self, rule: Rule, zone_of: Callable[[int], ZoneInfo]) -> None:
        super().__init__(rule)
        when = rule.draft.condition
        if not isinstance(when, AtTime | EveryTime | AtSession):
            raise NotEvaluable(type(when).__name__)
        self.message = when.message
        self._zone_of = zone_of
        self._judged: tuple[object, bool] = (None, False)
        self.course = Course(when, zone_of(rule.owner_id), rule.created, self.venue, self.manner.is_rth)
        told = rule.memory.get("due")
        self.told = datetime.fromisoformat(told) if isinstance(told, str) else rule.since

    def memory(self) -> Mapping[str, object]:
        """Return the latest moment it told."""
        return {**super().memory(), "due": self.told.astimezone(UTC).isoformat()}

    def is_vain(self, sessions: Sessions) -> bool:
        """Return whether it keeps to regular hours that none of its times is in; worked out once for the same hours."""
        hours = sessions.hours(self.venue)
        if hours is not self._judged[0]:
            self._judged = hours, self.course.is_vain(sessions)
        return self._judged[1]

    def consider(self, now: datetime, sessions: Sessions) -> Firing | None:
        """Return the firing of the moments that came since the last one told, by the owner's clock as it is set now."""
        zone = self._zone_of(self.rule.owner_id)
        if zone != self.course.zone:
            self.course = replace(self.course, zone=zone)
        if self.told - now > _TOO_FAR:
            self.told = now
        is_often = isinstance(self.course.when, EveryTime)
        begin = max(self.told, now - (_COUNTED_OFTEN if is_often else _COUNTED))
        end = now if self.manner.until is None else min(now, self.manner.until)
        due = list(self.course.after(begin, end, sessions))
        if not due or self.is_cooling(due[-1]):
            return None
        self.told = due[-1]
        return self.fired(now, TimeCause(due[-1], self.message, len(due) - 1))


class TimeDesk:
    """All time rules; each is looked at every second, so that hours that change are never the wrong ones."""

    def __init__(self, roster: Roster, zone_of: Callable[[int], ZoneInfo]) -> None:
        self._roster = roster
        self._zone_of = zone_of
        self._ids: set[int] = set()

    def made(self, rule: Rule) -> TimeWatch:
        """Return *rule* made ready, in its owner's zone. Raises NotEvaluable."""
        return TimeWatch(rule, self._zone_of)

    def enter(self, watch: TimeWatch) -> None:
        """Watch a rule."""
        self._ids.add(watch.rule.id)

    def leave(self, watch: TimeWatch) -> None:
        """Watch it no longer."""
        self._ids.discard(watch.rule.id)

    def on_time(self, now: datetime) -> list[Firing]:
        """Return the firings of what is due."""
        firings = []
        for rule_id in sorted(self._ids):
            watch = self._roster.watched.get(rule_id)
            if not isinstance(watch, TimeWatch):
                continue
            firing = self._roster.guarded(watch.rule, now, partial(watch.consider, now, self._roster.sessions))
            if firing is None:
                continue
            firings.append(firing)
            if firing.rule.state is RuleState.FIRED:
                self.leave(watch)
                self._roster.rest(firing.rule)
        return firings
