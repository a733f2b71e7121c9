"""Webhooks in memory, and what is told about them."""

from collections.abc import Sequence
from datetime import datetime

from storage.hook import Hook


class FakeHooks:
    """Implements `bot.handlers.ports.HookBook` and `HookNews`; *admins* is how many can be asked."""

    def __init__(self) -> None:
        self.kept: dict[int, Hook] = {}
        self.allowed: set[str] = set()
        self.admins = 1
        self.asked: list[tuple[int, str]] = []
        self.told: list[tuple[int, bool]] = []
        self.tests: list[int] = []

    def get(self, rule_id: int) -> Hook | None:
        return self.kept.get(rule_id)

    def of_owner(self, owner_id: int) -> Sequence[Hook]:
        return [hook for hook in self.kept.values() if hook.owner_id == owner_id]

    def of_host(self, host: str) -> Sequence[Hook]:
        return [hook for hook in self.kept.values() if hook.host == host]

    def hosts(self) -> Sequence[str]:
        return sorted(self.allowed)

    async def save(self, hook: Hook) -> None:
        self.kept[hook.rule_id] = hook

    async def remove(self, rule_id: int) -> bool:
        return self.kept.pop(rule_id, None) is not None

    async def allow(self, host: str, admin_id: int, at: datetime) -> None:
        self.allowed.add(host)

    async def forbid(self, host: str) -> bool:
        is_known = host in self.allowed
        self.allowed.discard(host)
        return is_known

    async def ask(self, hook: Hook, alert: str) -> int:
        self.asked.append((hook.rule_id, hook.host))
        return self.admins

    async def decided(self, hook: Hook, *, is_allowed: bool) -> None:
        self.told.append((hook.rule_id, is_allowed))

    async def test(self, hook: Hook) -> None:
        self.tests.append(hook.rule_id)
