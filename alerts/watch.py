"""A rule while the engine watches it, and the roster of all of them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from alerts.manner import Manner, is_plain, manner_of
from alerts.rule import Cause, Firing, Rule, RuleState
from alerts.session import Sessions

_T = TypeVar("_T")


class Watch:
    """
    A rule and what its life needs, whatever its kind; *rule* is always as it stands now, but for its memory.

    *fired_count* counts since it was armed. There may be a hundred thousand: what can be worked out takes no room.
    """

    __slots__ = ("fired_count", "manner", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.manner: Manner = manner_of(rule.draft)
        count = rule.memory.get("count", 0)
        self.fired_count = count if isinstance(count, int) else 0

    @property
    def venue(self) -> int:
        """The contract id whose hours it keeps to; 0 where it names none."""
        first = next(iter(self.rule.instruments.values()), None)
        return 0 if first is None else first.con_id

    @property
    def repeats(self) -> bool:
        """Whether it fires more than once."""
        return self.manner.repeats

    def memory(self) -> Mapping[str, object]:
        """Return what must be known after a restart."""
        if self.manner.most is None:
            return self.rule.memory
        return {**self.rule.memory, "count": self.fired_count}

    def current(self) -> Rule:
        """Return the rule as it stands, memory included."""
        memory = self.memory()
        return self.rule if memory == self.rule.memory else self.rule.remembering(memory)

    def is_over(self, at: datetime) -> bool:
        """Return whether its `until` has come."""
        return self.manner.until is not None and at >= self.manner.until

    def is_cooling(self, at: datetime) -> bool:
        """Return whether it fired so shortly before *at* that it keeps silent; or after, where *at* is told late."""
        fired = self.rule.last_fired
        return self.manner.repeats and fired is not None and abs(at - fired) < self.manner.cooldown

    def is_quiet(self, at: datetime, sessions: Sessions) -> bool:
        """Return whether nothing can come of it at *at*: over, cooling, or out of its hours."""
        return self.is_over(at) or self.is_cooling(at) or not self.is_in_hours(at, sessions)

    def is_in_hours(self, at: datetime, sessions: Sessions) -> bool:
        """Return whether it counts at *at*; where it keeps to hours that are not known, it does not."""
        return not self.manner.is_rth or sessions.is_open(self.venue, at) is True

    def fired(self, at: datetime, cause: Cause, exchange_time: datetime | None = None) -> Firing:
        """
        Take in that it fires, and return the firing.

        The key holds the rule's creation time too: an id of a deleted rule may come back, a moment does not.
        """
        self.fired_count += 1
        spent = not self.manner.repeats or (self.manner.most is not None and self.fired_count >= self.manner.most)
        ready = self.rule if self.rule.state is RuleState.ARMED else self.rule.calmed(at)
        rule = ready.fired(at, spent=spent, memory=self.memory())
        self.rule = rule
        salt = int(rule.created.timestamp() * 1_000_000)
        return Firing(f"{rule.id}:{rule.fired_count}:{salt}", rule, at, cause, exchange_time)


class Roster:
    """
    Every rule the engine was given, until it is removed.

    *aside* are those that are not watched: paused, spent, asleep or blind. *changed* are the ids of the rules whose
    state or memory changed other than by a firing, and that are to be saved. *sessions* are the venues' hours.
    """

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.watched: dict[int, Watch] = {}
        self.aside: dict[int, Rule] = {}
        self.changed: set[int] = set()
        self.odd: set[int] = set()
        """Those that are watched and compare more than a price with a number, as few of a hundred thousand do."""

    def rule(self, rule_id: int) -> Rule | None:
        """Return the rule as it stands, or None where it was never given or was removed."""
        watch = self.watched.get(rule_id)
        return self.aside.get(rule_id) if watch is None else watch.current()

    def rest(self, rule: Rule) -> None:
        """Keep *rule* without watching it."""
        self.watched.pop(rule.id, None)
        self.odd.discard(rule.id)
        self.aside[rule.id] = rule

    def enter(self, watch: Watch) -> None:
        """Watch a rule."""
        self.aside.pop(watch.rule.id, None)
        self.watched[watch.rule.id] = watch
        if not is_plain(watch.rule.draft.condition):
            self.odd.add(watch.rule.id)

    def forget(self, rule_id: int) -> Rule | None:
        """Drop a rule and return it as it stood."""
        rule = self.rule(rule_id)
        self.watched.pop(rule_id, None)
        self.odd.discard(rule_id)
        self.aside.pop(rule_id, None)
        self.changed.discard(rule_id)
        return rule

    def turned(self, watch: Watch, rule: Rule) -> None:
        """Let a watched rule be *rule* from now on: its state changed, and is to be saved."""
        watch.rule = rule
        self.changed.add(rule.id)

    def guarded(self, rule: Rule, at: datetime, action: Callable[[], _T]) -> _T | None:
        """
        Return what *action* returns; where it fails, *rule* is BLIND since *at* with the reason, and None is returned.

        One rule's failure must not keep the others from firing; so this catches whatever it is.
        """
        try:
            return action()
        except Exception as error:  # noqa: BLE001  the engine's per-rule guard (architecture, decision 6)
            self.rest(rule.blinded(at, f"{type(error).__name__}: {error}"))
            self.changed.add(rule.id)
            return None
