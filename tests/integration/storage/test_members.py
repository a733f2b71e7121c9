"""Who is in and who is out, over restarts."""

from datetime import timedelta

from storage.database import Database
from storage.members import Blocked, Member, SqlMembers
from tests.fakes.clock import FakeClock
from trading.access import Role


async def test_members_come_change_and_go(database: Database, clock: FakeClock) -> None:
    members = SqlMembers(database)
    lee = Member(999, Role.VIEWER, "Lee <b>", 111, clock.now())
    await members.save(lee)
    assert await SqlMembers(database).all() == [lee]
    later = Member(999, Role.TRADER, "Lee", 0, clock.now() + timedelta(hours=1))
    await members.save(later)
    assert await members.all() == [later]
    await members.remove([999, 111])
    assert await members.all() == []


async def test_the_blocked_stay_out_until_they_are_taken_off(database: Database, clock: FakeClock) -> None:
    members = SqlMembers(database)
    entry = Blocked(999, "Lee", 111, clock.now())
    await members.block(entry)
    await members.block(entry)
    assert await SqlMembers(database).all_blocked() == [entry]
    assert await members.unblock(999)
    assert not await members.unblock(999)
    assert await members.all_blocked() == []
