"""Moments where nothing can be stored for a while."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bot.moments import PatientMoments
from storage.errors import StorageUnavailable

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


class FakeMoments:
    def __init__(self) -> None:
        self.kept: dict[str, datetime] = {}
        self.is_full = False

    async def get(self, key: str) -> datetime | None:
        return self.kept.get(key)

    async def all(self, prefix: str) -> Mapping[str, datetime]:
        return {key: at for key, at in self.kept.items() if key.startswith(prefix)}

    async def put(self, key: str, at: datetime) -> None:
        self._fails()
        self.kept[key] = at

    async def drop(self, prefix: str) -> None:
        self._fails()
        self.kept = {key: at for key, at in self.kept.items() if not key.startswith(prefix)}

    def _fails(self) -> None:
        if self.is_full:
            raise StorageUnavailable("database or disk is full")


async def test_a_moment_that_cannot_be_kept_stops_nobody_and_the_next_one_is() -> None:
    disk = FakeMoments()
    moments = PatientMoments(disk)
    await moments.put("live", NOW)
    disk.is_full = True
    await moments.put("live", NOW + timedelta(minutes=1))
    assert await moments.get("live") == NOW
    disk.is_full = False
    await moments.put("live", NOW + timedelta(minutes=2))
    assert await moments.get("live") == NOW + timedelta(minutes=2)


async def test_what_could_not_be_forgotten_is_forgotten_before_the_next_is_kept() -> None:
    disk = FakeMoments()
    moments = PatientMoments(disk)
    await moments.put("caught:1", NOW)
    disk.is_full = True
    await moments.drop("caught:")
    assert await moments.all("caught:") == {"caught:1": NOW}
    disk.is_full = False
    await moments.put("caught:2", NOW)
    assert await moments.all("caught:") == {"caught:2": NOW}
