"""Mutes on a real database: each person's own, over a restart too."""

from alerts.mute import Mutes
from storage.database import Database
from storage.firings import SqlFiringLog
from storage.mute import Mute
from storage.mutes import SqlMutes
from storage.outbox import SqlOutbox
from tests.fakes.clock import FakeClock
from tests.fakes.firings import news_firing


async def test_what_a_person_muted_is_known_after_a_restart_and_nobody_elses(database: Database) -> None:
    store = SqlMutes(database)
    assert await store.add(222, con_id=265598, name="AAPL")
    assert await store.add(222, provider="DJNL", name="Dow Jones Newsletters")
    assert not await store.add(222, con_id=265598, name="AAPL")
    again = SqlMutes(database)
    assert await again.of(222) == Mutes()
    await again.load()
    assert await again.of(222) == Mutes(frozenset({265598}), frozenset({"DJNL"}))
    assert list(again.listed(222)) == [Mute(265598, "", "AAPL"), Mute(0, "DJNL", "Dow Jones Newsletters")]
    assert await again.of(111) == Mutes()
    assert await again.all() == {222: Mutes(frozenset({265598}), frozenset({"DJNL"}))}


async def test_unmuting_takes_away_that_mute_alone(database: Database) -> None:
    store = SqlMutes(database)
    await store.add(222, con_id=265598, name="AAPL")
    await store.add(222, provider="DJNL", name="Dow Jones Newsletters")
    assert await store.remove(222, con_id=265598)
    assert not await store.remove(222, con_id=265598)
    assert not await store.remove(111, provider="DJNL")
    assert await store.of(222) == Mutes(frozenset(), frozenset({"DJNL"}))
    await store.load()
    assert await store.of(222) == Mutes(frozenset(), frozenset({"DJNL"}))


async def test_a_firing_is_found_by_its_number(database: Database, clock: FakeClock) -> None:
    log = SqlFiringLog(database, SqlOutbox(database, clock, "boot-1"))
    fired = news_firing(3, clock.now())
    await log.record([fired])
    found = await log.nth(3, fired.rule.fired_count)
    assert found is not None
    assert found.cause == fired.cause
    assert await log.nth(3, fired.rule.fired_count + 1) is None
    assert await log.nth(4, fired.rule.fired_count) is None
