"""A store of rules and a log of firings, in memory."""

from collections.abc import Sequence
from dataclasses import replace

from alerts.rule import Firing, Rule


class FakeRuleStore:
    """Implements `alerts.ports.RuleStore`; *failing* makes each call raise it."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self.failing: Exception | None = None
        self._next = max(self.rules, default=0) + 1

    async def add(self, rule: Rule) -> Rule:
        self._check()
        stored = rule if rule.id else replace(rule, id=self._next)
        self._next = max(self._next, stored.id + 1)
        self.rules[stored.id] = stored
        return stored

    async def get(self, rule_id: int) -> Rule | None:
        return self.rules.get(rule_id)

    async def owned_by(self, owner_id: int) -> Sequence[Rule]:
        return [rule for rule in self.rules.values() if rule.owner_id == owner_id]

    async def watching(self) -> Sequence[Rule]:
        return [rule for rule in self.rules.values() if rule.is_watching]

    async def save(self, rule: Rule) -> None:
        self._check()
        known = self.rules.get(rule.id)
        if known is not None and known.fired_count <= rule.fired_count:
            self.rules[rule.id] = rule

    async def delete(self, rule_id: int) -> None:
        self._check()
        self.rules.pop(rule_id, None)

    def _check(self) -> None:
        if self.failing is not None:
            raise self.failing


class FakeFiringLog:
    """
    Implements `alerts.ports.FiringLog`, over the rules of *store*.

    *failures* are raised first, one a call; a firing whose key is in *poison* fails each call that has it.
    """

    def __init__(self, store: FakeRuleStore | None = None) -> None:
        self.store = store or FakeRuleStore()
        self.firings: dict[str, Firing] = {}
        self.failures: list[Exception] = []
        self.poison: set[str] = set()
        self.calls = 0

    async def record(self, firings: Sequence[Firing]) -> None:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        if any(firing.key in self.poison for firing in firings):
            raise ValueError
        for firing in firings:
            known = self.store.rules.get(firing.rule.id)
            if firing.key not in self.firings and known and known.fired_count < firing.rule.fired_count:
                self.store.rules[firing.rule.id] = firing.rule
            self.firings.setdefault(firing.key, firing)
