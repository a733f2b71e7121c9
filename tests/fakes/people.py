"""What people have set, and what digests tell, in memory."""

from collections.abc import Collection, Sequence

from storage.members import Blocked, Member
from storage.message import OutboxMessage, Told
from storage.users import UserSettings


class FakePreferences:
    """Implements `bot.handlers.ports.Preferences`."""

    def __init__(self) -> None:
        self.saved: dict[int, UserSettings] = {}

    async def of(self, user_id: int) -> UserSettings:
        return self.known(user_id)

    async def save(self, settings: UserSettings) -> None:
        self.saved[settings.user_id] = settings

    def known(self, user_id: int) -> UserSettings:
        return self.saved.get(user_id) or UserSettings(user_id)


class FakeDigests:
    """Implements `bot.handlers.digest.Digests` over *rows*, by id."""

    def __init__(self) -> None:
        self.rows: dict[int, OutboxMessage] = {}

    async def get(self, row_id: int) -> OutboxMessage | None:
        return self.rows.get(row_id)

    async def told(self, told_by: int) -> Told | None:
        times = [row.happened for row in self._members(told_by)]
        return Told(len(times), min(times), max(times)) if times else None

    async def told_page(self, told_by: int, offset: int, limit: int) -> Sequence[OutboxMessage]:
        members = sorted(self._members(told_by), key=lambda row: (row.happened, row.id), reverse=True)
        return members[offset : offset + limit]

    def _members(self, told_by: int) -> list[OutboxMessage]:
        return sorted((row for row in self.rows.values() if row.told_by == told_by), key=lambda row: row.id)


class MemoryMembers:
    """Implements `bot.membership.Store`."""

    def __init__(self) -> None:
        self.members: dict[int, Member] = {}
        self.blocked: dict[int, Blocked] = {}

    async def all(self) -> Sequence[Member]:
        return list(self.members.values())

    async def all_blocked(self) -> Sequence[Blocked]:
        return list(self.blocked.values())

    async def save(self, member: Member) -> None:
        self.members[member.user_id] = member

    async def remove(self, user_ids: Collection[int]) -> None:
        for user_id in user_ids:
            self.members.pop(user_id, None)

    async def block(self, entry: Blocked) -> None:
        self.blocked[entry.user_id] = entry

    async def unblock(self, user_id: int) -> bool:
        return self.blocked.pop(user_id, None) is not None
