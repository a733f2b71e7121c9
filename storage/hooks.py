"""Webhooks: where an alert's firings are sent beside the chat, and the hosts that an admin has allowed for that."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select

from storage.database import Database
from storage.hook import Hook
from storage.statement import upsert
from storage.tables import hook_hosts, hooks, rules


class SqlHooks:
    """
    Keeps webhooks and allowed hosts; all of them in memory too, since each firing asks for its own.

    `load` comes first.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hooks: Mapping[int, Hook] = {}
        self._hosts: frozenset[str] = frozenset()
        self._targets: Mapping[int, str] = {}

    async def load(self) -> None:
        """Read everything; the webhooks of alerts that are gone for good are forgotten."""
        async with self._database.writing() as connection:
            await connection.execute(delete(hooks).where(hooks.c.rule_id.not_in(select(rules.c.id))))
            rows = await connection.execute(select(hooks).order_by(hooks.c.rule_id))
            self._hooks = {row.rule_id: _hook(row) for row in rows}
            self._hosts = frozenset((await connection.execute(select(hook_hosts.c.host))).scalars())
        self._retarget()

    def target_of(self, rule_id: int) -> str | None:
        """Return where the rule's firings go, None where nowhere (yet). From any thread; asks nothing."""
        return self._targets.get(rule_id)

    def get(self, rule_id: int) -> Hook | None:
        """Return the rule's webhook, whether its host is allowed or not."""
        return self._hooks.get(rule_id)

    def of_owner(self, owner_id: int) -> Sequence[Hook]:
        """Return a person's webhooks, by alert."""
        return [hook for _, hook in sorted(self._hooks.items()) if hook.owner_id == owner_id]

    def of_host(self, host: str) -> Sequence[Hook]:
        """Return all webhooks that go to *host*."""
        return [hook for _, hook in sorted(self._hooks.items()) if hook.host == host]

    def hosts(self) -> Sequence[str]:
        """Return the allowed hosts."""
        return sorted(self._hosts)

    async def save(self, hook: Hook) -> None:
        """Store a rule's webhook, in the place of an earlier one."""
        async with self._database.writing() as connection:
            statement = upsert(connection, hooks, "rule_id")
            values = {
                "rule_id": hook.rule_id,
                "owner_id": hook.owner_id,
                "url": hook.url,
                "secret": hook.secret,
                "at": hook.at,
            }
            await connection.execute(statement, values)
        self._hooks = {**self._hooks, hook.rule_id: hook}
        self._retarget()

    async def remove(self, rule_id: int) -> bool:
        """Forget a rule's webhook; False where there was none."""
        async with self._database.writing() as connection:
            removed = (await connection.execute(delete(hooks).where(hooks.c.rule_id == rule_id))).rowcount == 1
        self._hooks = {key: hook for key, hook in self._hooks.items() if key != rule_id}
        self._retarget()
        return removed

    async def allow(self, host: str, admin_id: int, at: datetime) -> None:
        """Let webhooks go to *host*."""
        async with self._database.writing() as connection:
            statement = upsert(connection, hook_hosts, "host")
            await connection.execute(statement, {"host": host, "approved_by": admin_id, "at": at})
        self._hosts |= {host}
        self._retarget()

    async def forbid(self, host: str) -> bool:
        """Let no webhook go to *host* any more; False where none was let."""
        async with self._database.writing() as connection:
            removed = (await connection.execute(delete(hook_hosts).where(hook_hosts.c.host == host))).rowcount == 1
        self._hosts -= {host}
        self._retarget()
        return removed

    def _retarget(self) -> None:
        # A new mapping each time: the writer's thread reads it meanwhile.
        self._targets = {key: hook.url for key, hook in self._hooks.items() if hook.host in self._hosts}


def _hook(row: Row[Any]) -> Hook:
    return Hook(**row._asdict())
