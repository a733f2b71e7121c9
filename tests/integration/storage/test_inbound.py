"""What the inbound webhook took, on a real database."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select

from storage.database import Database
from storage.inbound import SqlInbound
from storage.message import NewMessage
from storage.outbox import OutboxMessage, SqlOutbox
from storage.tables import inbound
from tests.fakes.clock import FakeClock

MINUTE = timedelta(minutes=1)
_NUMBERS = count(1)


def message(clock: FakeClock) -> NewMessage:
    payload = {"what": "alert", "text": "x", "at": clock.now().isoformat()}
    return NewMessage(222, "inbound", f"inbound:{next(_NUMBERS)}", payload)


@pytest.fixture
def store(database: Database, outbox: SqlOutbox) -> SqlInbound:
    return SqlInbound(database, outbox)


async def test_a_call_is_known_until_its_time_is_over(
    store: SqlInbound, clock: FakeClock, heard: list[Sequence[OutboxMessage]]
) -> None:
    assert await store.put("a", message(clock), clock.now(), MINUTE)
    clock.advance(59)
    assert not await store.put("a", message(clock), clock.now(), MINUTE)
    assert await store.put("b", message(clock), clock.now(), MINUTE)
    clock.advance(1)
    assert await store.put("a", message(clock), clock.now(), MINUTE)
    assert len(heard) == 3


async def test_a_call_is_known_after_a_restart(
    store: SqlInbound, database: Database, outbox: SqlOutbox, clock: FakeClock
) -> None:
    await store.put("a", message(clock), clock.now(), MINUTE)
    assert not await SqlInbound(database, outbox).put("a", message(clock), clock.now() + MINUTE / 2, MINUTE)
    assert await outbox.depth() == 1


async def test_a_clock_that_was_set_back_swallows_no_call(store: SqlInbound, clock: FakeClock) -> None:
    await store.put("a", message(clock), clock.now() + timedelta(hours=5), MINUTE)
    assert await store.put("a", message(clock), clock.now(), MINUTE)


async def test_the_call_and_its_message_are_one_transaction(
    store: SqlInbound, outbox: SqlOutbox, clock: FakeClock, heard: list[Sequence[OutboxMessage]]
) -> None:
    unstorable = NewMessage(222, "inbound", "x", {"said": object()})
    with pytest.raises(TypeError):
        await store.put("a", unstorable, clock.now(), MINUTE)
    assert await outbox.depth() == 0
    assert heard == []
    assert await store.put("a", message(clock), clock.now(), MINUTE)


async def test_old_calls_are_forgotten(store: SqlInbound, database: Database, clock: FakeClock) -> None:
    await store.put("a", message(clock), clock.now(), MINUTE)
    clock.advance(3 * 86_400)
    await store.put("b", message(clock), clock.now(), MINUTE)
    async with database.reading() as connection:
        assert (await connection.execute(select(inbound.c.key))).scalars().all() == ["b"]
