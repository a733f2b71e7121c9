"""getUpdates: confirmation, retention, conflicts and waits."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from simulator.telegram.clock import ManualClock
from simulator.telegram.errors import ApiError
from simulator.telegram.updates import UpdateQueue

if TYPE_CHECKING:
    from simulator.telegram.server import Telegram
    from tests.simulator.telegram.conftest import Api

START = datetime(2026, 11, 20, 15, 42, tzinfo=UTC)


@pytest.fixture
def queue() -> UpdateQueue:
    return UpdateQueue(ManualClock(START))


def fill(queue: UpdateQueue, count: int) -> list[int]:
    return [queue.push("message", {"text": str(number)}) or 0 for number in range(count)]


def ids(batch: list[dict[str, Any]]) -> list[int]:
    return [update["update_id"] for update in batch]


async def test_an_offset_confirms_what_came_before_it(queue: UpdateQueue) -> None:
    first, second, third = fill(queue, 3)
    assert ids(await queue.poll(0, 100, 0)) == [first, second, third]
    assert ids(await queue.poll(second, 100, 0)) == [second, third]
    assert len(queue) == 2
    assert ids(await queue.poll(first, 1, 0)) == [second]


async def test_a_negative_offset_keeps_the_last_ones(queue: UpdateQueue) -> None:
    numbers = fill(queue, 5)
    assert ids(await queue.poll(-2, 100, 0)) == numbers[-2:]
    assert len(queue) == 2
    assert ids(await queue.poll(-9, 100, 0)) == numbers[-2:]


async def test_an_offset_from_another_life_does_not_lose_updates(queue: UpdateQueue) -> None:
    numbers = fill(queue, 2)
    assert ids(await queue.poll(numbers[-1] + 5000, 100, 0)) == numbers


async def test_the_limit_is_clamped(queue: UpdateQueue) -> None:
    fill(queue, 120)
    assert len(await queue.poll(0, 0, 0)) == 1
    assert len(await queue.poll(-120, 1000, 0)) == 100


async def test_ids_grow_over_a_cleared_queue_and_a_new_simulator(queue: UpdateQueue) -> None:
    (before,) = fill(queue, 1)
    queue.clear()
    (after,) = fill(queue, 1)
    assert after > before
    clock = ManualClock(START)
    clock.advance(60)
    assert fill(UpdateQueue(clock), 1)[0] > after


@pytest.mark.looptime
async def test_a_poll_waits_for_the_first_update(queue: UpdateQueue) -> None:
    loop = asyncio.get_running_loop()
    poll = asyncio.create_task(queue.poll(0, 100, 50))
    loop.call_later(10, fill, queue, 1)
    assert len(await poll) == 1
    assert loop.time() == pytest.approx(10)


@pytest.mark.looptime
async def test_a_poll_gives_up_after_50_seconds_at_most(queue: UpdateQueue) -> None:
    assert await queue.poll(0, 100, 500) == []
    assert asyncio.get_running_loop().time() == pytest.approx(50)


@pytest.mark.looptime
async def test_the_same_offset_again_waits_three_seconds(queue: UpdateQueue) -> None:
    loop = asyncio.get_running_loop()
    assert await queue.poll(5, 100, 0) == []
    assert await queue.poll(5, 100, 0) == []
    assert loop.time() == pytest.approx(3)
    assert await queue.poll(6, 100, 0) == []
    assert loop.time() == pytest.approx(3)


@pytest.mark.looptime
async def test_the_same_offset_within_half_a_second_brings_one_update(queue: UpdateQueue) -> None:
    numbers = fill(queue, 3)
    assert ids(await queue.poll(numbers[0], 100, 0)) == numbers
    assert ids(await queue.poll(numbers[0], 100, 0)) == numbers[:1]
    await asyncio.sleep(0.6)
    assert ids(await queue.poll(numbers[0], 100, 0)) == numbers


@pytest.mark.looptime
async def test_of_two_polls_the_older_gets_the_conflict(queue: UpdateQueue) -> None:
    loop = asyncio.get_running_loop()
    polls = [asyncio.create_task(queue.poll(0, 100, 20)) for _ in range(3)]
    loop.call_later(5, fill, queue, 1)
    outcomes = await asyncio.gather(*polls, return_exceptions=True)
    reason = "terminated by other getUpdates request; make sure that only one bot instance is running"
    for conflict in outcomes[:2]:
        assert isinstance(conflict, ApiError)
        assert (conflict.code, conflict.description) == (409, f"Conflict: {reason}")
    assert isinstance(outcomes[2], list)


@pytest.mark.looptime
async def test_a_repeated_conflict_is_answered_three_seconds_late(queue: UpdateQueue) -> None:
    loop = asyncio.get_running_loop()
    queue.set_webhook("https://example.org/hook")
    for expected in (0.0, 3.0):
        with pytest.raises(ApiError, match="deleteWebhook"):
            await queue.poll(0, 100, 0)
        assert loop.time() == pytest.approx(expected)


@pytest.mark.looptime
async def test_closing_ends_a_poll_at_once(queue: UpdateQueue) -> None:
    asyncio.get_running_loop().call_later(1, queue.close)
    assert await queue.poll(0, 100, 50) == []
    assert asyncio.get_running_loop().time() == pytest.approx(1)


@pytest.mark.parametrize(("kind", "life"), [("message", 86_400), ("callback_query", 150), ("inline_query", 30)])
async def test_updates_expire_by_kind(kind: str, life: int) -> None:
    clock = ManualClock(START)
    queue = UpdateQueue(clock)
    queue.push(kind, {})
    clock.advance(life - 1)
    assert len(queue) == 1
    clock.advance(1)
    assert len(queue) == 0


async def test_old_messages_are_not_kept_for_another_day(api: Api, clock: ManualClock) -> None:
    await api.write("from yesterday", date=int(clock.now().timestamp()) - 86_401)
    await api.write("from this morning", date=int(clock.now().timestamp()) - 40_000)
    (update,) = await api.ok("getUpdates")
    assert update["message"]["text"] == "from this morning"


async def test_allowed_updates_are_remembered(api: Api) -> None:
    await api.ok("getUpdates", allowed_updates=["callback_query"])
    await api.write("unheard")
    assert await api.ok("getUpdates") == []
    await api.ok("getUpdates", allowed_updates=[])
    await api.write("heard")
    assert len(await api.ok("getUpdates")) == 1


async def test_reactions_come_only_on_request(api: Api) -> None:
    message = await api.write("x")
    act = {"from_id": 111, "message_id": message["message_id"], "emoji": "👍"}
    await api.updates()
    await api.act("/chats/111/react", **act)
    assert await api.updates() == []
    await api.updates(allowed_updates=["message", "message_reaction"])
    await api.act("/chats/111/react", **{**act, "emoji": ""})
    (update,) = await api.updates()
    assert update["message_reaction"]["old_reaction"] == [{"type": "emoji", "emoji": "👍"}]


async def test_a_webhook_excludes_polling(api: Api) -> None:
    assert await api.ok("setWebhook", url="https://example.org/hook")
    assert await api.refused("getUpdates") == (
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
    )
    await api.write("waiting")
    info = await api.ok("getWebhookInfo")
    assert (info["url"], info["pending_update_count"]) == ("https://example.org/hook", 1)
    assert await api.call("deleteWebhook", drop_pending_updates=True) == {
        "ok": True,
        "result": True,
        "description": "Webhook was deleted",
    }
    assert (await api.call("deleteWebhook"))["description"] == "Webhook is already deleted"
    assert await api.ok("getUpdates") == []
    assert await api.refused("setWebhook", url="http://example.org") == (
        "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
    )


async def test_a_running_poll_loses_to_a_newer_one_over_http(api: Api, telegram: Telegram) -> None:
    older = asyncio.create_task(api.call("getUpdates", timeout=20))
    await telegram.updates.polled.wait()
    newer = asyncio.create_task(api.call("getUpdates", timeout=20))
    assert (await older)["error_code"] == 409
    await api.write("x")
    assert len((await newer)["result"]) == 1
