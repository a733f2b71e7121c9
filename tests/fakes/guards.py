"""What guards keep, in memory: the trading state, the host's mark, tightened limits, moments."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from trading.limit_book import Tightening
from trading.state import StateChange


class MemoryStateStore:
    """Keeps changes of the trading state; raises *error* instead, where set."""

    def __init__(self) -> None:
        self.changes: list[StateChange] = []
        self.error: Exception | None = None

    async def latest(self) -> StateChange | None:
        return self.changes[-1] if self.changes else None

    async def add(self, change: StateChange) -> None:
        if self.error:
            raise self.error
        self.changes.append(change)


class FakeMark:
    """The host's mark: *here* or not, or an *error* when looked at."""

    def __init__(self) -> None:
        self.here = False
        self.error: OSError | None = None

    def is_set(self) -> bool:
        if self.error:
            raise self.error
        return self.here


class MemoryTightenings:
    """Keeps tightened limits."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, str], Tightening] = {}

    async def all(self) -> Sequence[Tightening]:
        return list(self.rows.values())

    async def put(self, one: Tightening) -> None:
        self.rows[one.user_id, one.name] = one

    async def drop(self, user_id: int, name: str) -> None:
        self.rows.pop((user_id, name), None)


class MemoryMoments:
    """Keeps moments by key; raises *error* instead, where set."""

    def __init__(self) -> None:
        self.rows: dict[str, datetime] = {}
        self.error: Exception | None = None

    async def all(self, prefix: str) -> Mapping[str, datetime]:
        return {key: at for key, at in self.rows.items() if key.startswith(prefix)}

    async def put(self, key: str, at: datetime) -> None:
        if self.error:
            raise self.error
        self.rows[key] = at
