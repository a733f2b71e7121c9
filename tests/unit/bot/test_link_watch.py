"""A lost link is told once it has lasted, and that message is edited when it is back."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Any

import pytest

from bot.notices import LinkWatch
from bot.views.notices import Notice
from broker.status import LinkReason, LinkState, LinkStatus
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.looptime


class FakeNotices:
    def __init__(self) -> None:
        self.told: list[tuple[Notice, str, str | None, dict[str, Any]]] = []

    async def chats(self, *, admins_only: bool = False) -> tuple[int, ...]:
        return (111, 222)

    async def tell(
        self, chats: Iterable[int], notice: Notice, key: str, *, edits: str | None = None, **fields: Any
    ) -> None:
        self.told.append((notice, key, edits, fields))


class Bench:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.notices = FakeNotices()
        self.watch = LinkWatch(self.notices, self.clock, lambda: 7)  # type: ignore[arg-type]  # a fake of its two methods
        self._status = LinkStatus(LinkState.DOWN, self.clock.now())
        self.running: asyncio.Task[None] | None = None

    def goes(self, state: LinkState, reason: LinkReason = LinkReason.NONE) -> None:
        if self.running is None:
            # Not in the fixture: looptime's time starts with the test.
            self.running = asyncio.create_task(self.watch.run())
        self._status = replace(self._status, state=state, reason=reason, since=self.clock.now())
        self.watch.take(self._status)

    async def passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await asyncio.sleep(seconds)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    if bench.running is not None:
        bench.running.cancel()
        await asyncio.gather(bench.running, return_exceptions=True)


async def test_a_start_without_a_gateway_is_told_after_the_grace(bench: Bench) -> None:
    bench.goes(LinkState.CONNECTING)
    bench.goes(LinkState.DOWN, LinkReason.REFUSED)
    await bench.passes(9)
    assert bench.notices.told == []
    await bench.passes(2)
    ((notice, _, _, fields),) = bench.notices.told
    assert (notice, fields["reason"]) == (Notice.LINK_LOST, "refused")


async def test_a_flap_is_no_news(bench: Bench) -> None:
    bench.goes(LinkState.UP)
    await bench.passes(1)
    bench.goes(LinkState.DOWN, LinkReason.CLOSED)
    await bench.passes(5)
    bench.goes(LinkState.UP)
    await bench.passes(60)
    assert bench.notices.told == []


async def test_a_lost_link_is_told_once_and_its_message_is_edited_when_it_is_back(bench: Bench) -> None:
    bench.goes(LinkState.UP)
    await bench.passes(1)
    for _ in range(5):
        bench.goes(LinkState.DOWN, LinkReason.CLOSED)
        await bench.passes(20)
        bench.goes(LinkState.CONNECTING)
        await bench.passes(20)
    bench.goes(LinkState.UP)
    await bench.passes(1)
    (lost, back) = bench.notices.told
    assert lost[0] is Notice.LINK_LOST
    assert (back[0], back[2], back[3]["alerts"]) == (Notice.LINK_BACK, lost[1], 7)


async def test_the_next_loss_is_told_anew(bench: Bench) -> None:
    for _ in range(2):
        bench.goes(LinkState.DEGRADED, LinkReason.LOST_IBKR)
        await bench.passes(30)
        bench.goes(LinkState.UP)
        await bench.passes(30)
    keys = [key for _, key, _, _ in bench.notices.told]
    assert len(set(keys)) == 4
