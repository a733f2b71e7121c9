"""The published flood limits, by a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from simulator.telegram.clock import ManualClock
from simulator.telegram.errors import ApiError
from simulator.telegram.limits import FloodControl
from simulator.telegram.params import Params


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 20, 15, 42, tzinfo=UTC))


@pytest.fixture
def flood(clock: ManualClock) -> FloodControl:
    return FloodControl(clock)


def passed(flood: FloodControl, chat_ids: list[int], method: str = "sendMessage") -> int:
    count = 0
    for chat_id in chat_ids:
        try:
            flood.check(method, Params({"chat_id": chat_id}))
        except ApiError:
            continue
        count += 1
    return count


def retry_after(flood: FloodControl, chat_id: int, method: str = "sendMessage") -> int:
    with pytest.raises(ApiError) as caught:
        flood.check(method, Params({"chat_id": chat_id}))
    assert caught.value.code == 429
    seconds = caught.value.parameters["retry_after"]
    assert caught.value.description == f"Too Many Requests: retry after {seconds}"
    return seconds


def test_thirty_a_second_over_all_chats_and_hardly_more(flood: FloodControl, clock: ManualClock) -> None:
    assert passed(flood, list(range(1, 101))) == 33
    assert retry_after(flood, 7) == 1
    clock.advance(1)
    assert passed(flood, list(range(1, 101))) == 33


def test_no_second_holds_more_than_that(flood: FloodControl, clock: ManualClock) -> None:
    assert passed(flood, list(range(1, 21))) == 20
    clock.advance(0.9)
    assert passed(flood, list(range(1, 101))) == 13
    clock.advance(0.2)
    assert passed(flood, list(range(1, 101))) == 20


def test_a_private_chat_takes_a_burst_and_then_one_a_second(flood: FloodControl, clock: ManualClock) -> None:
    assert passed(flood, [111] * 30) == 20
    assert passed(flood, [222]) == 1
    clock.advance(3)
    assert passed(flood, [111] * 5) == 3


def test_a_group_takes_twenty_a_minute(flood: FloodControl, clock: ManualClock) -> None:
    assert passed(flood, [-100] * 25) == 20
    assert retry_after(flood, -100) == 60
    assert retry_after(flood, -100, "editMessageText") == 60
    clock.advance(59)
    assert passed(flood, [-100] * 2) == 0
    clock.advance(1)
    assert passed(flood, [-100] * 25) == 20


def test_a_steady_thirty_a_second_is_never_refused(flood: FloodControl, clock: ManualClock) -> None:
    for number in range(2000):
        flood.check("sendMessage", Params({"chat_id": number % 40 + 1}))
        clock.advance(1 / 29.9)


def test_an_album_counts_its_items_and_answers_count_nothing(flood: FloodControl) -> None:
    for _ in range(2):
        flood.check("sendMediaGroup", Params({"chat_id": 111, "media": [{}] * 10}))
    assert retry_after(flood, 111) == 1
    for method in ("answerCallbackQuery", "sendChatAction", "getUpdates", "getMe"):
        assert passed(flood, [111] * 100, method) == 100


def test_edits_in_a_private_chat_count_only_over_all(flood: FloodControl) -> None:
    assert passed(flood, [111] * 40, "editMessageText") == 33
    assert retry_after(flood, 111, "editMessageText") == 1


def test_a_clock_set_back_gives_no_tokens_and_takes_none(flood: FloodControl, clock: ManualClock) -> None:
    passed(flood, [111] * 20)
    clock.advance(-3600)
    assert retry_after(flood, 111) == 1
    clock.advance(1)
    assert passed(flood, [111] * 2) == 1


def test_switched_off_nothing_is_refused(flood: FloodControl) -> None:
    flood.enabled = False
    assert passed(flood, [111] * 1000) == 1000
