"""Daily snapshots on a real database."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from market.account import Position
from market.instrument import Instrument
from storage.database import Database
from storage.snapshots import SqlSnapshots
from tests.fakes.clock import FakeClock
from trading.summary import Snapshot

FRIDAY = date(2026, 11, 20)
AAPL = Instrument(265598, "AAPL", name="APPLE INC")
SNAPSHOT = Snapshot(
    account="DU123",
    day=FRIDAY,
    at=FakeClock().now(),
    currency="USD",
    net_liquidation=Decimal("100000.10"),
    cash=Decimal("0.30"),
    unrealized_pnl=Decimal("-12.345678901234567890"),
    positions=(Position("DU123", AAPL, Decimal(-10), Decimal("199.10"), daily_pnl=Decimal("1.5")),),
)


@pytest.fixture
def store(database: Database) -> SqlSnapshots:
    return SqlSnapshots(database)


async def test_a_snapshot_comes_back_to_the_last_digit(store: SqlSnapshots) -> None:
    assert await store.save(SNAPSHOT)
    assert await store.series("DU123", FRIDAY) == [SNAPSHOT]


async def test_money_is_never_a_float_in_the_database(store: SqlSnapshots, path: Path) -> None:
    await store.save(SNAPSHOT)
    with closing(sqlite3.connect(path)) as other:
        kept = other.execute("SELECT net_liquidation, cash, realized_pnl FROM snapshots").fetchall()
    assert kept == [("100000.10", "0.30", None)]


async def test_a_day_has_one_snapshot_and_the_first_stays(store: SqlSnapshots) -> None:
    others = [replace(SNAPSHOT, cash=Decimal(number)) for number in range(8)]
    saved = await asyncio.gather(*(store.save(other) for other in others))
    assert sum(saved) == 1
    assert await store.series("DU123", FRIDAY) == [others[saved.index(True)]]
    assert await store.save(replace(SNAPSHOT, account="DU456"))


async def test_a_series_goes_by_day_and_the_latest_is_the_one_before(store: SqlSnapshots) -> None:
    days = [FRIDAY - timedelta(days=back) for back in (0, 3, 1)]
    for day in days:
        await store.save(replace(SNAPSHOT, day=day))
    await store.save(replace(SNAPSHOT, account="DU456", day=FRIDAY - timedelta(days=2)))
    assert [kept.day for kept in await store.series("DU123", date.min)] == sorted(days)
    assert [kept.day for kept in await store.series("DU123", FRIDAY - timedelta(days=1))] == sorted(days)[1:]
    latest = await store.latest("DU123", FRIDAY)
    assert latest is not None
    assert latest.day == FRIDAY - timedelta(days=1)
    assert await store.latest("DU123", FRIDAY - timedelta(days=3)) is None
