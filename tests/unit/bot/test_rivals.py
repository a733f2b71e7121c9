"""Another program with our token: told once, edited when it has gone."""

from typing import Any

import pytest

from bot.rivals import GONE_AFTER_S, RivalWatch
from bot.views.notices import Notice
from tests.fakes.clock import FakeClock


class Town:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.told: list[tuple[Notice, str, str | None]] = []
        self.watch = RivalWatch(self._tell, self._admins, self.clock)

    async def _tell(self, _chats: Any, notice: Notice, key: str, edits: str | None = None, **_fields: object) -> None:
        self.told.append((notice, key, edits))

    async def _admins(self) -> list[int]:
        return [111]


@pytest.fixture
def town() -> Town:
    return Town()


async def test_it_is_told_once_however_often_it_is_met(town: Town) -> None:
    for _ in range(5):
        await town.watch.conflict()
        await town.watch.alone()
        town.clock.advance(1)
    assert [notice for notice, _, _ in town.told] == [Notice.RIVAL]
    assert town.watch.met == 5


async def test_the_message_is_edited_after_a_while_alone(town: Town) -> None:
    await town.watch.conflict()
    town.clock.advance(GONE_AFTER_S)
    await town.watch.alone()
    await town.watch.alone()
    (_, first, _), (gone, _, edits) = town.told
    assert (gone, edits) == (Notice.RIVAL_GONE, first)
    assert town.watch.met == 0


async def test_the_next_time_it_is_told_anew(town: Town) -> None:
    await town.watch.conflict()
    town.clock.advance(GONE_AFTER_S)
    await town.watch.alone()
    await town.watch.conflict()
    assert [notice for notice, _, _ in town.told] == [Notice.RIVAL, Notice.RIVAL_GONE, Notice.RIVAL]
    assert len({key for _, key, _ in town.told}) == 3


async def test_one_that_an_earlier_run_told_of_is_ended_in_the_same_message(town: Town) -> None:
    since = town.clock.now()
    await town.watch.conflict()
    again = RivalWatch(town._tell, town._admins, town.clock)
    again.resume(since)
    town.clock.advance(GONE_AFTER_S)
    await again.alone()
    (_, first, _), (gone, _, edits) = town.told
    assert (gone, edits) == (Notice.RIVAL_GONE, first)
