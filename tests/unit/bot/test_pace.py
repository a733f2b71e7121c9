"""The limits that messages keep, on a clock that only moves when somebody naps."""

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pace import PUBLISHED, UNLIMITED, Bucket, Limits, Pace, Window
from tests.fakes.clock import FakeClock

ONE_AT_ONCE = Limits(10, 1.0, 1, 10.0, 1, 1.0, 2, 60.0)


class Street:
    """A pace, its clock, and when which chat had its turn."""

    def __init__(self, limits: Limits) -> None:
        self.clock = FakeClock()
        self.pace = Pace(self.clock, limits, self._nap)
        self.turns: list[tuple[float, int]] = []

    async def send(self, chat_id: int, count: int, rank: int = 0) -> None:
        for _ in range(count):
            await self.pace.turn(chat_id, lambda: rank)
            self.turns.append((self.clock.monotonic(), chat_id))

    async def _nap(self, seconds: float) -> None:
        # Whoever naps until an earlier moment goes first; all of them hold the one clock.
        wake = self.clock.monotonic() + seconds
        while self.clock.monotonic() < wake:
            await asyncio.sleep(0)
            self.clock.advance(min(0.01, max(wake - self.clock.monotonic(), 1e-6)))

    def times(self, chat_id: int) -> list[float]:
        return [at for at, chat in self.turns if chat == chat_id]


async def test_a_burst_to_a_private_chat_goes_at_once_and_then_one_a_second() -> None:
    street = Street(PUBLISHED)
    await street.send(111, int(PUBLISHED.private_burst) + 3)
    times = street.times(111)
    assert times[int(PUBLISHED.private_burst) - 1] < 0.5
    assert [round(at) for at in times[-3:]] == [1, 2, 3]


async def test_what_had_its_turn_and_was_held_up_does_not_leave_all_at_once() -> None:
    street = Street(PUBLISHED)
    left: list[float] = []
    disk = asyncio.Event()

    async def one(chat_id: int) -> None:
        await street.pace.turn(chat_id)
        await disk.wait()
        await street.pace.leave()
        left.append(street.clock.monotonic())

    sends = [asyncio.create_task(one(chat_id)) for chat_id in range(1, 81)]
    await asyncio.sleep(0)
    while street.clock.monotonic() < 5.0:
        street.clock.advance(0.1)
        await asyncio.sleep(0)
    disk.set()
    await asyncio.gather(*sends)
    assert len(left) == 80
    assert all(later - earlier >= 1.0 for earlier, later in zip(left, left[30:], strict=False))


async def test_a_group_gets_twenty_in_any_minute() -> None:
    street = Street(PUBLISHED)
    await street.send(-100, 45)
    times = street.times(-100)
    assert times[19] < 1
    assert all(later - earlier > 60 for earlier, later in zip(times, times[20:], strict=False))


async def test_a_chat_that_waits_holds_up_no_other() -> None:
    street = Street(PUBLISHED)
    await street.send(111, int(PUBLISHED.private_burst))
    waiting = asyncio.create_task(street.send(111, 1))
    await asyncio.sleep(0)
    await street.pace.turn(222)
    assert street.clock.monotonic() < 1
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_over_all_chats_it_is_thirty_a_second() -> None:
    street = Street(PUBLISHED)
    await asyncio.gather(*(street.send(chat, 10) for chat in range(1, 41)))
    assert len(street.turns) == 400
    times = sorted(at for at, _ in street.turns)
    assert max(sum(begin <= at < begin + 1 for at in times) for begin in times) <= 30
    # And hardly fewer than that.
    assert street.clock.monotonic() == pytest.approx(400 / 29, rel=0.02)


async def test_who_waits_for_the_limit_over_all_goes_by_rank() -> None:
    street = Street(ONE_AT_ONCE)
    await street.send(1, 1)
    await asyncio.gather(*(street.send(chat, 1, rank=rank) for chat, rank in ((2, 3), (3, 2), (4, 0), (5, 2))))
    assert [chat for _, chat in street.turns] == [1, 4, 3, 5, 2]


async def test_a_rank_counts_as_it_is_when_the_turn_is_given() -> None:
    street = Street(ONE_AT_ONCE)
    await street.send(1, 1)
    ranks = {2: 2, 3: 2}

    async def wait(chat_id: int) -> None:
        await street.pace.turn(chat_id, lambda: ranks[chat_id])
        street.turns.append((street.clock.monotonic(), chat_id))

    both = [asyncio.create_task(wait(chat_id)) for chat_id in (2, 3)]
    await asyncio.sleep(0)
    ranks[3] = 0
    await asyncio.gather(*both)
    assert [chat for _, chat in street.turns] == [1, 3, 2]


async def test_answers_go_at_once_and_the_others_wait_for_what_they_used_up() -> None:
    street = Street(ONE_AT_ONCE)
    street.pace.spend(111)
    assert street.clock.monotonic() == 0
    await street.pace.turn(111)
    assert street.clock.monotonic() >= 1


async def test_a_turn_that_was_not_used_is_there_for_the_next() -> None:
    street = Street(ONE_AT_ONCE)
    await street.pace.turn(111)
    street.pace.give_back(111)
    await street.pace.turn(111)
    assert street.clock.monotonic() == 0


async def test_who_stops_waiting_leaves_its_turn_to_the_next() -> None:
    street = Street(ONE_AT_ONCE)
    await street.send(1, 1)
    leaves = asyncio.create_task(street.send(2, 1))
    stays = asyncio.create_task(street.send(3, 1))
    await asyncio.sleep(0)
    leaves.cancel()
    await asyncio.gather(leaves, return_exceptions=True)
    await stays
    assert street.clock.monotonic() == pytest.approx(0.1, abs=0.02)


async def test_without_limits_nobody_waits() -> None:
    street = Street(UNLIMITED)
    await street.send(111, 500)
    await street.send(-100, 500)
    assert street.clock.monotonic() == 0


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_no_bucket_gives_more_than_its_burst_and_its_rate(gaps: list[float]) -> None:
    bucket, now, given_out = Bucket(5, 2.0), 0.0, 0
    for gap in gaps:
        now += gap
        if bucket.wait_s(now) <= 0:
            bucket.spend(now)
            given_out += 1
        assert given_out <= 5 + 2 * now + 1e-3


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_no_window_holds_more_than_it_may(gaps: list[float]) -> None:
    window, now, times = Window(3, 5.0), 0.0, list[float]()
    for gap in gaps:
        now += gap
        if window.wait_s(now) <= 0:
            window.spend(now)
            times.append(now)
        assert len([at for at in times if now - at < 5.0]) <= 3


def test_nothing_is_given_out_of_nothing() -> None:
    bucket = Bucket(math.inf, math.inf)
    assert bucket.wait_s(0.0) == 0


async def test_however_much_a_person_asks_their_alert_waits_a_second_at_most() -> None:
    street = Street(PUBLISHED)
    street.pace.spend(111, 15)
    await street.send(111, 1)
    assert street.times(111)[0] <= 1.01
