"""Purchases that wait, and what is told of them, in memory."""

from collections.abc import Sequence
from dataclasses import replace

from trading.sequel import Sequel


class MemorySequels:
    """Implements `trading.sequel.SequelStore`."""

    def __init__(self) -> None:
        self.rows: dict[int, Sequel] = {}
        self._next = 1

    async def add(self, sequel: Sequel) -> Sequel:
        mine = (sequel.user_id, sequel.digest)
        self.rows = {number: one for number, one in self.rows.items() if (one.user_id, one.digest) != mine}
        self.rows[self._next] = replace(sequel, id=self._next)
        self._next += 1
        return self.rows[self._next - 1]

    async def get(self, sequel_id: int) -> Sequel | None:
        return self.rows.get(sequel_id)

    async def all(self) -> Sequence[Sequel]:
        return tuple(self.rows.values())

    async def offered(self, sequel_id: int, proposal_id: int) -> None:
        self.rows[sequel_id] = replace(self.rows[sequel_id], offered=proposal_id, reminded=False)

    async def reminded(self, sequel_id: int) -> None:
        self.rows[sequel_id] = replace(self.rows[sequel_id], reminded=True)

    async def drop(self, sequel_id: int) -> None:
        self.rows.pop(sequel_id, None)


class FakeRestNews:
    """Implements `bot.handlers.rest.RestNews`; *told* is what people would read."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, str]] = []

    async def rest_waits(self, sequel: Sequel, first: str, why: str) -> None:
        self.told.append(("waits", sequel.id, why))

    async def rest_dropped(self, sequel: Sequel, first: str, *, sold: bool) -> None:
        self.told.append(("dropped", sequel.id, "sold" if sold else "not sold"))
