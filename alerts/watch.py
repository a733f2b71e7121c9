"""A rule while the engine watches it, and the roster of all of them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from alerts.condition import Repeat
from alerts.default import cooldown_of, repeat_of
from alerts.rule import Cause, Firing, Rule, RuleState

_T = TypeVar("_T")


class Watch:
    """A rule and what its life needs, whatever its kind; *rule* is always as it stands now, but for its memory."""

    __slots__ = ("cooldown", "repeats", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.repeats = repeat_of(rule.draft) is Repeat.EVERY
        self.cooldown = cooldown_of(rule.draft)

    def memory(self) -> Mapping[str, object]:
        """Return what must be known after a restart."""
        return self.rule.memory

    def current(self) -> Rule:
        """Return the rule as it stands, memory included."""
        memory = self.memory()
        return self.rule if memory == self.rule.memory else self.rule.remembering(memory)

    def is_cooling(self, at: datetime) -> bool:
        """Return whether it fired so shortly before *at* that it keeps silent."""
        fired = self.rule.last_fired
        return self.repeats and fired is not None and at < fired + self.cooldown

    def fired(self, at: datetime, cause: Cause, exchange_time: datetime | None = None) -> Firing:
        """
        Take in that it fires, and return the firing.

        The key holds the rule's creation time too: an id of a deleted rule may come back, a moment does not.
        """
        rule = self.rule.fired(at, spent=not self.repeats, memory=self.memory())
        self.rule = rule
        salt = int(rule.created.timestamp() * 1_000_000)
        return Firing(f"{rule.id}:{rule.fired_count}:{salt}", rule, at, cause, exchange_time)


class Roster:
    """
    Every rule the engine was given, until it is removed.

    *aside* are those that are not watched: paused, spent, or blind. *changed* are the ids of the rules whose state or
    memory changed other than by a firing, and that are to be saved.
    """

    def __init__(self) -> None:
        self.watched: dict[int, Watch] = {}
        self.aside: dict[int, Rule] = {}
        self.changed: set[int] = set()

    def rule(self, rule_id: int) -> Rule | None:
        """Return the rule as it stands, or None where it was never given or was removed."""
        watch = self.watched.get(rule_id)
        return self.aside.get(rule_id) if watch is None else watch.current()

    def rest(self, rule: Rule) -> None:
        """Keep *rule* without watching it."""
        self.watched.pop(rule.id, None)
        self.aside[rule.id] = rule

    def enter(self, watch: Watch) -> None:
        """Watch a rule."""
        self.aside.pop(watch.rule.id, None)
        self.watched[watch.rule.id] = watch

    def forget(self, rule_id: int) -> Rule | None:
        """Drop a rule and return it as it stood."""
        rule = self.rule(rule_id)
        self.watched.pop(rule_id, None)
        self.aside.pop(rule_id, None)
        self.changed.discard(rule_id)
        return rule

    def guarded(self, rule: Rule, at: datetime, action: Callable[[], _T]) -> _T | None:
        """
        Return what *action* returns; where it fails, *rule* is BLIND since *at* with the reason, and None is returned.

        One rule's failure must not keep the others from firing; so this catches whatever it is.
        """
        try:
            return action()
        except Exception as error:  # noqa: BLE001  the engine's per-rule guard (architecture, decision 6)
            reason = f"{type(error).__name__}: {error}"
            self.rest(rule.with_state(RuleState.BLIND, at, reason))
            self.changed.add(rule.id)
            return None
