"""What the guards must know after a restart, on a real database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.database import Database
from storage.halt_file import HaltFile
from storage.trading_state import SqlTightenings, SqlTradingState
from tests.fakes.clock import FakeClock
from trading.bounds import Limits
from trading.limit_book import EVERYBODY, LimitBook, Tightening
from trading.state import StateChange, TradingState, TradingSwitch

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
ADMIN, TRADER = 111, 222


@pytest.fixture
def halt_file(path: Path, database: Database) -> HaltFile:
    return HaltFile(f"sqlite:///{path}")


async def reopened(database: Database, path: Path, clock: FakeClock) -> Database:
    await database.close()
    return await Database.open(f"sqlite:///{path}", clock=clock, boot_id="boot-2")


async def test_a_halt_outlives_a_restart(database: Database, path: Path, clock: FakeClock, halt_file: HaltFile) -> None:
    switch = TradingSwitch(SqlTradingState(database), halt_file)
    await switch.load()
    assert switch() is TradingState.ACTIVE
    await switch.set(TradingState.REDUCING, user_id=TRADER, at=NOW)
    await switch.set(TradingState.HALTED, user_id=ADMIN, at=NOW + timedelta(seconds=1))
    after = await reopened(database, path, clock)
    try:
        again = TradingSwitch(SqlTradingState(after), halt_file)
        await again.load()
        assert again() is TradingState.HALTED
        assert again.change == StateChange(TradingState.HALTED, ADMIN, NOW + timedelta(seconds=1))
    finally:
        await after.close()


async def test_what_was_tightened_outlives_a_restart(database: Database, path: Path, clock: FakeClock) -> None:
    book = LimitBook(Limits(), SqlTightenings(database))
    await book.tighten("order_value", "20,000", user_id=EVERYBODY, by=ADMIN, at=NOW)
    await book.tighten("order_value", "5000", user_id=TRADER, by=ADMIN, at=NOW)
    await book.tighten("order_value", "4000", user_id=TRADER, by=ADMIN, at=NOW)
    await book.tighten("forbidden", "gme", user_id=EVERYBODY, by=ADMIN, at=NOW)
    assert await book.drop("forbidden", user_id=EVERYBODY)
    after = await reopened(database, path, clock)
    try:
        again = LimitBook(Limits(), SqlTightenings(after))
        await again.load()
        assert again.of(TRADER) == book.of(TRADER)
        assert again.tightened == [
            Tightening(EVERYBODY, "order_value", "20000", ADMIN, NOW),
            Tightening(TRADER, "order_value", "4000", ADMIN, NOW),
        ]
    finally:
        await after.close()


def test_the_file_halts_for_as_long_as_it_is_there(halt_file: HaltFile) -> None:
    assert not halt_file.is_set()
    assert halt_file.write("halted by hand")
    assert halt_file.is_set()
    assert not halt_file.write("again")
    assert halt_file.path.read_text() == "halted by hand"
    assert halt_file.remove()
    assert not halt_file.is_set()
    assert not halt_file.remove()


@pytest.mark.parametrize("make", ["folder", "dangling link", "empty"])
def test_whatever_is_called_halt_halts(halt_file: HaltFile, make: str) -> None:
    match make:
        case "folder":
            halt_file.path.mkdir()
        case "dangling link":
            halt_file.path.symlink_to("nowhere")
        case _:
            halt_file.path.touch()
    assert halt_file.is_set()


def test_without_its_folder_nobody_can_tell(tmp_path: Path) -> None:
    lost = HaltFile(f"sqlite:///{tmp_path}/gone/squawkbot.db")
    with pytest.raises(FileNotFoundError):
        lost.is_set()


def test_it_is_beside_the_database(tmp_path: Path) -> None:
    assert HaltFile(f"sqlite:///{tmp_path}/squawkbot.db").path == tmp_path / "HALT"
    assert _names(tmp_path) == []


def _names(folder: Path) -> Sequence[str]:
    return [one.name for one in folder.iterdir()]
