"""A real database in a folder of its own, migrated as at every start."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from storage.database import Database
from storage.outbox import OutboxMessage, SqlOutbox
from tests.fakes.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "squawkbot.db"


@pytest.fixture
async def database(path: Path, clock: FakeClock) -> AsyncIterator[Database]:
    opened = await Database.open(f"sqlite:///{path}", clock=clock, boot_id="boot-1")
    yield opened
    await opened.close()


@pytest.fixture
def outbox(database: Database, clock: FakeClock) -> SqlOutbox:
    return SqlOutbox(database, clock, "boot-1")


@pytest.fixture
def heard(outbox: SqlOutbox) -> list[Sequence[OutboxMessage]]:
    """Return what the outbox's listeners are handed, call by call."""
    calls: list[Sequence[OutboxMessage]] = []
    outbox.on_new(calls.append)
    return calls
