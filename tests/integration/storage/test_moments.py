"""Moments that outlive a restart."""

from datetime import timedelta

from storage.database import Database
from storage.moments import SqlMoments
from tests.fakes.clock import FakeClock

NOW = FakeClock().now()


async def test_the_latest_moment_of_a_key_is_kept(database: Database) -> None:
    moments = SqlMoments(database)
    assert await moments.get("live") is None
    await moments.put("live", NOW)
    await moments.put("live", NOW + timedelta(seconds=10))
    assert await moments.get("live") == NOW + timedelta(seconds=10)


async def test_moments_with_a_prefix_are_found_and_forgotten_together(database: Database) -> None:
    moments = SqlMoments(database)
    for key in ("caught:1", "caught:2", "live"):
        await moments.put(key, NOW)
    assert await moments.all("caught:") == {"caught:1": NOW, "caught:2": NOW}
    await moments.drop("caught:")
    assert await moments.all("") == {"live": NOW}
