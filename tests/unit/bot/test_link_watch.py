"""A lost link is told once it has lasted, and that message is edited when it is back."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.link_watch import LinkWatch, advice
from bot.notices import Standing
from bot.views.notices import Notice
from bot.views.trouble import Advice
from broker.status import LinkReason, LinkState, LinkStatus
from storage.errors import StorageUnavailable
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.looptime


class FakeNotices:
    def __init__(self) -> None:
        self.told: list[tuple[Notice, str, str | None, dict[str, Any]]] = []
        self.left: list[Standing] = []
        self.failures = 0

    async def standing(self, prefix: str) -> list[Standing]:
        return [one for one in self.left if one.key.startswith(prefix)]

    async def chats(self, *, admins_only: bool = False) -> tuple[int, ...]:
        return (111, 222)

    async def tell(
        self, chats: Iterable[int], notice: Notice, key: str, *, edits: str | None = None, **fields: Any
    ) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageUnavailable("full")
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


async def test_a_new_reason_takes_the_place_of_the_old_one_once_it_has_stood(bench: Bench) -> None:
    bench.goes(LinkState.DOWN, LinkReason.CLOSED)
    await bench.passes(11)
    bench.goes(LinkState.DOWN, LinkReason.REFUSED)
    await bench.passes(6)
    bench.goes(LinkState.DOWN, LinkReason.PAPER_DISCLAIMER)
    await bench.passes(20)
    bench.goes(LinkState.CONNECTING, LinkReason.PAPER_DISCLAIMER)
    await bench.passes(20)
    told = [(notice, edits, fields["reason"]) for notice, _, edits, fields in bench.notices.told]
    key = bench.notices.told[0][1]
    assert told == [(Notice.LINK_LOST, None, "closed"), (Notice.LINK_LOST, key, "paper disclaimer")]


async def test_after_a_quarter_of_an_hour_without_ibkr_a_restart_is_advised_by_edit(bench: Bench) -> None:
    bench.goes(LinkState.DEGRADED, LinkReason.LOST_IBKR)
    for _ in range(16):
        await bench.passes(60)
    lost, more = bench.notices.told
    assert (more[0], more[2]) == (Notice.LINK_LOST, lost[1])
    assert (more[3]["advice"], more[3]["reason"]) == ("restart", "lost ibkr")
    bench.goes(LinkState.UP)
    await bench.passes(1)
    assert bench.notices.told[-1][0] is Notice.LINK_BACK
    assert bench.notices.told[-1][2] == lost[1]


@pytest.mark.parametrize(
    ("lost", "after_min", "reason", "helps"),
    [
        # 22 November 2026 is a Sunday; New York is five hours behind UTC.
        ("2026-11-22 00:59", 5, LinkReason.REFUSED, Advice.LOGIN),
        ("2026-11-22 23:45", 30, LinkReason.LOST_IBKR, Advice.LOGIN),
        ("2026-11-22 00:59", 2, LinkReason.REFUSED, Advice.NONE),
        ("2026-11-22 00:59", 60, LinkReason.CLIENT_ID_IN_USE, Advice.NONE),
        ("2026-11-22 00:30", 60, LinkReason.REFUSED, Advice.NONE),
        ("2026-11-23 00:59", 60, LinkReason.REFUSED, Advice.NONE),
        ("2026-11-21 23:59", 20, LinkReason.SILENT, Advice.RESTART),
        ("2026-11-20 12:00", 14, LinkReason.LOST_IBKR, Advice.NONE),
        ("2026-11-20 12:00", 15, LinkReason.LOST_IBKR, Advice.RESTART),
        # The day on which the clocks go back has 25 hours.
        ("2026-11-01 23:50", 10, LinkReason.REFUSED, Advice.LOGIN),
    ],
)
async def test_what_helps_depends_on_the_reason_the_day_and_how_long(
    lost: str, after_min: int, reason: LinkReason, helps: Advice
) -> None:
    since = datetime.fromisoformat(lost).replace(tzinfo=ZoneInfo("America/New_York"))
    assert advice(reason, since, since + timedelta(minutes=after_min)) is helps


def lost_before(bench: Bench, minutes: float, **payload: str) -> Standing:
    """Return what an earlier run of the program told of a link that was lost so long ago."""
    since = bench.clock.now() - timedelta(minutes=minutes)
    return Standing(111, f"link:{since.isoformat()}", since, {"notice": "link lost", **payload}, 1)


async def test_a_loss_that_was_told_before_a_restart_is_ended_in_the_same_message(bench: Bench) -> None:
    before = lost_before(bench, 5, reason="refused")
    bench.notices.left = [before]
    await bench.watch.resume()
    assert bench.watch.down_since == before.since
    bench.goes(LinkState.CONNECTING)
    bench.goes(LinkState.UP)
    await bench.passes(1)
    ((notice, key, edits, fields),) = bench.notices.told
    assert (notice, key, edits) == (Notice.LINK_BACK, f"{before.key}:back", before.key)
    assert fields["since"] == before.since.isoformat()
    assert bench.watch.down_since is None


async def test_a_loss_that_goes_on_over_a_restart_is_not_told_anew_but_edited(bench: Bench) -> None:
    before = lost_before(bench, 14, reason="lost ibkr")
    bench.notices.left = [before]
    await bench.watch.resume()
    bench.goes(LinkState.DEGRADED, LinkReason.LOST_IBKR)
    await bench.passes(30)
    assert bench.notices.told == []
    await bench.passes(60)
    ((notice, key, edits, fields),) = bench.notices.told
    assert (notice, key, edits) == (Notice.LINK_LOST, f"{before.key}:2", before.key)
    assert fields["advice"] == "restart"


async def test_what_could_not_be_stored_is_told_once_it_can(bench: Bench) -> None:
    for state in (LinkState.DOWN, LinkState.UP):
        bench.goes(state)
        bench.notices.failures = 1
        await bench.passes(11)
        assert bench.running is not None
        assert isinstance(bench.running.exception(), StorageUnavailable)
        bench.running = None
        bench.goes(state)
        await bench.passes(1)
    assert [(notice, edits) for notice, _, edits, _ in bench.notices.told] == [
        (Notice.LINK_LOST, None),
        (Notice.LINK_BACK, bench.notices.told[0][1]),
    ]
