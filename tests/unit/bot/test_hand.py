"""What is in hand, and what is written down of it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.hand import Hand
from storage.errors import StorageUnavailable
from tests.fakes.clock import FakeClock


class FakeJournal:
    def __init__(self) -> None:
        self.rows: dict[int, dict[str, Any]] = {}
        self.writes = 0
        self.is_full = False
        self.gate: asyncio.Event | None = None
        self.begun = asyncio.Event()
        self.changed = asyncio.Event()

    async def keep(self, entries: Mapping[int, dict[str, Any]], at: datetime) -> None:
        self.begun.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.is_full:
            raise StorageUnavailable("disk is full")
        self.rows |= entries
        self.writes += 1

    async def forget(self, update_id: int) -> None:
        self.rows.pop(update_id, None)
        self.changed.set()

    async def left(self) -> dict[int, dict[str, Any]]:
        return dict(self.rows)


def hand(journal: FakeJournal, grace_s: float = 0.001) -> Hand:
    return Hand(journal, FakeClock(), grace_s)


async def test_what_is_worked_off_soon_is_never_written_down() -> None:
    journal = FakeJournal()
    held = hand(journal, grace_s=60)
    held.took(1, {"update_id": 1})
    waiting = asyncio.create_task(held.secure())
    await asyncio.sleep(0)
    assert not waiting.done()
    held.worked_off(1)
    await waiting
    assert journal.writes == 0


async def test_what_takes_long_is_written_down_before_it_is_confirmed_and_forgotten_once_done() -> None:
    journal = FakeJournal()
    held = hand(journal)
    held.took(1, {"update_id": 1})
    await held.secure()
    assert journal.rows == {1: {"update_id": 1}}
    await held.secure()
    assert journal.writes == 1
    held.worked_off(1)
    await asyncio.wait_for(journal.changed.wait(), 60)
    assert journal.rows == {}


async def test_what_is_done_while_it_is_written_down_is_not_left_behind() -> None:
    journal = FakeJournal()
    journal.gate = asyncio.Event()
    held = hand(journal, grace_s=0)
    held.took(1, {"update_id": 1})
    securing = asyncio.create_task(held.secure())
    await asyncio.wait_for(journal.begun.wait(), 60)
    held.worked_off(1)
    journal.gate.set()
    await securing
    assert journal.rows == {}


async def test_what_an_earlier_process_left_is_found_once() -> None:
    journal = FakeJournal()
    journal.rows = {7: {"update_id": 7}}
    held = hand(journal)
    assert await held.left() == ({7: {"update_id": 7}}, set())
    assert await held.left() == ({}, set())
    held.worked_off(7)
    await asyncio.wait_for(journal.changed.wait(), 60)
    assert journal.rows == {}


async def test_a_full_disk_stops_no_update() -> None:
    journal = FakeJournal()
    journal.is_full = True
    held = hand(journal)
    held.took(1, {"update_id": 1})
    await held.secure()
    held.worked_off(1)
