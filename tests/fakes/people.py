"""What people have set, and what digests tell, in memory."""

from collections.abc import Sequence

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
