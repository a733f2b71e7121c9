"""Rules that sleep until a moment, and those that end at one."""

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush

from alerts.rule import Rule, RuleState
from alerts.watch import Roster


class Sleepers:
    """
    SNOOZED rules that wait for a moment or for their session to open, and the ends (`until`) of all rules.

    One that waits for a re-cross does not sleep: it is watched until it was false.
    """

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._asleep: set[int] = set()
        self._ends: list[tuple[datetime, int]] = []

    def enter(self, rule: Rule) -> None:
        """Take in a rule, or a new state of one."""
        self._asleep.discard(rule.id)
        if self.sleeps(rule):
            self._asleep.add(rule.id)
        until = rule.draft.options.until
        if until is not None and rule.is_watching:
            heappush(self._ends, (until, rule.id))

    @staticmethod
    def sleeps(rule: Rule) -> bool:
        """Return whether nothing is watched for *rule* until it wakes."""
        return rule.state is RuleState.SNOOZED and (rule.snoozed_until is not None or rule.wake_on != "recross")

    def asleep(self) -> list[Rule]:
        """Return the rules that sleep."""
        rules = (self._roster.rule(rule_id) for rule_id in self._asleep)
        return [rule for rule in rules if rule is not None and self.sleeps(rule)]

    def woken(self, now: datetime, is_meant: Callable[[Rule], bool]) -> list[Rule]:
        """Return the rules that wake by *now* and are meant, armed, once; the others wait."""
        found = []
        for rule_id in sorted(self._asleep):
            rule = self._roster.rule(rule_id)
            if rule is None or not self.sleeps(rule):
                self._asleep.discard(rule_id)
            elif is_meant(rule) and self._is_awake(rule, now):
                self._asleep.discard(rule_id)
                found.append(rule.woken(now))
        return found

    def over(self, now: datetime, is_meant: Callable[[Rule], bool]) -> list[int]:
        """Return the ids of the rules that end by *now* and are meant, once; the others wait."""
        found, waiting = [], []
        while self._ends and self._ends[0][0] <= now:
            until, rule_id = heappop(self._ends)
            rule = self._roster.rule(rule_id)
            # It may have been edited since: then its end is another entry.
            if rule is None or rule.draft.options.until != until:
                continue
            if is_meant(rule):
                found.append(rule_id)
            else:
                waiting.append((until, rule_id))
        for end in waiting:
            heappush(self._ends, end)
        return found

    def _is_awake(self, rule: Rule, now: datetime) -> bool:
        if rule.snoozed_until is not None:
            return now >= rule.snoozed_until
        first = next(iter(rule.instruments.values()), None)
        session = None if first is None else self._roster.sessions.running(first.con_id, now)
        return session is not None and session.start > rule.since
