"""What is wrong and was told, over a restart of the program: it is found again in the outbox until its end is told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.link_watch import LinkWatch
from bot.notices import Notices
from bot.views.notices import Notice
from broker.status import LinkReason, LinkState, LinkStatus
from storage.database import Database
from storage.outbox import SqlOutbox
from storage.users import SqlUsers
from tests.fakes.clock import FakeClock
from trading.access import Role, Roster

ADA, TOM = 111, 222


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def database(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Database]:
    opened = await Database.open(f"sqlite:///{tmp_path / 'squawkbot.db'}", clock=clock, boot_id="boot-1")
    users = SqlUsers(opened)
    for user_id in (ADA, TOM):
        await users.saw_chat(user_id, user_id, clock.now())
    yield opened
    await opened.close()


def notices_of(database: Database, clock: FakeClock) -> Notices:
    roster = Roster({ADA: Role.ADMIN, TOM: Role.TRADER})
    return Notices(SqlOutbox(database, clock, "boot-1"), SqlUsers(database), roster, clock)


async def test_what_was_told_stands_with_its_latest_edit_until_its_end_is_told(
    database: Database, clock: FakeClock
) -> None:
    notices = notices_of(database, clock)
    since = clock.now()
    key = f"link:{since.isoformat()}"
    await notices.tell([ADA, TOM], Notice.LINK_LOST, key, at=since, reason="refused")
    clock.advance(60)
    more = {"reason": "closed", "advice": "", "since": since.isoformat()}
    await notices.tell([ADA], Notice.LINK_LOST, f"{key}:1", edits=key, **more)
    await notices.tell([ADA], Notice.TROUBLE, "trouble:x", trouble="farm down", subjects=["usfarm"])
    found = {one.chat_id: one for one in await notices.standing("link:")}
    assert {(one.key, one.since) for one in found.values()} == {(key, since)}
    assert (found[ADA].payload["reason"], found[ADA].edits) == ("closed", 1)
    assert (found[TOM].payload["reason"], found[TOM].edits) == ("refused", 0)
    await notices.tell([ADA], Notice.LINK_BACK, f"{key}:back", edits=key, since=since.isoformat(), alerts=0)
    assert [one.chat_id for one in await notices.standing("link:")] == [TOM]


async def test_a_loss_told_by_one_run_is_ended_by_the_next_in_the_same_message(
    database: Database, clock: FakeClock
) -> None:
    notices = notices_of(database, clock)
    since = clock.now()
    await notices.tell([ADA, TOM], Notice.LINK_LOST, f"link:{since.isoformat()}", at=since, reason="refused")
    clock.advance(600)
    watch = LinkWatch(notices, clock, lambda: 3)
    await watch.resume()
    running = asyncio.create_task(watch.run())
    watch.take(LinkStatus(LinkState.CONNECTING, clock.now(), LinkReason.REFUSED))
    watch.take(LinkStatus(LinkState.UP, clock.now()))
    async with asyncio.timeout(20):
        while await notices.standing("link:"):
            pass
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    again = LinkWatch(notices, clock, lambda: 3)
    await again.resume()
    assert again.down_since == clock.now()
