"""Who comes in, who goes, and who decides it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot import pairing
from bot.membership import Change, Membership
from bot.strangers import Stranger, Strangers, shown_name
from storage.errors import StorageUnavailable
from storage.members import Blocked, Member
from tests.fakes.clock import FakeClock
from tests.fakes.people import MemoryMembers
from tests.fakes.reply import FakeReply
from tests.fakes.trading import MemoryAudit
from trading.access import Role, Roster

ADA, TOM, VERA, LEE = 111, 222, 333, 999
FOUNDERS = {ADA: Role.ADMIN, TOM: Role.TRADER, VERA: Role.VIEWER}


class Bench:
    """A door with everything around it; `opened` is what a restart makes of it."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.folder = folder
        self.store = MemoryMembers()
        self.audit = MemoryAudit()
        self.reply = FakeReply()
        self.changed: list[int] = []
        self.told: list[tuple[int, Role | None]] = []
        self.roster = Roster()
        self.door = self.made()
        self.strangers = Strangers(self.door, self.reply, self._met, self.clock)

    def made(self, founders: dict[int, Role] | None = None, *, is_open: bool = True) -> Membership:
        self.roster = Roster()
        door = Membership(
            roster=self.roster,
            founders=FOUNDERS if founders is None else founders,
            store=self.store,
            clock=self.clock,
            audit=self.audit,
            folder=self.folder,
            is_open=is_open,
        )
        door.on_change(self._changed)
        return door

    async def restarted(self, founders: dict[int, Role] | None = None, *, is_open: bool = True) -> Membership:
        self.door = self.made(founders, is_open=is_open)
        await self.door.load()
        self.strangers = Strangers(self.door, self.reply, self._met, self.clock)
        return self.door

    def code(self, role: Role = Role.TRADER) -> str:
        return pairing.issue(self.folder, role, self.clock.now())

    async def says(self, said: str, user_id: int = LEE) -> None:
        await self.strangers.met(Stranger(user_id, "Lee"), said)

    def slow_saves(self) -> tuple[asyncio.Event, asyncio.Event]:
        """Let the store take its time: the first event says that something is being stored, the second ends that."""
        storing, may_go_on, save = asyncio.Event(), asyncio.Event(), self.store.save

        async def slow(member: Member) -> None:
            storing.set()
            await may_go_on.wait()
            await save(member)

        self.store.save = slow  # type: ignore[method-assign]
        return storing, may_go_on

    async def _changed(self, user_id: int) -> None:
        self.changed.append(user_id)

    async def _met(self, stranger: Stranger, role: Role | None) -> None:
        self.told.append((stranger.user_id, role))


@pytest.fixture
async def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path / "pairing")
    await made.door.load()
    return made


async def test_a_code_from_the_host_lets_a_stranger_in_with_its_role_and_the_admins_hear_of_it(bench: Bench) -> None:
    await bench.says(bench.code())
    assert bench.roster.role_of(LEE) is Role.TRADER
    assert "You are in" in bench.reply.text
    assert bench.told == [(LEE, Role.TRADER)]
    assert bench.changed == [LEE]
    await bench.restarted()
    assert bench.roster.role_of(LEE) is Role.TRADER


@pytest.mark.parametrize("shape", ["{}", "/start {}", "  {}  ", "/start   {}"])
async def test_a_code_may_come_with_a_link_or_alone(bench: Bench, shape: str) -> None:
    await bench.says(shape.format(bench.code()))
    assert bench.roster.role_of(LEE) is Role.TRADER


async def test_a_code_may_be_typed_small_without_its_dash_and_misread(bench: Bench, monkeypatch: Any) -> None:
    monkeypatch.setattr(pairing.secrets, "choice", lambda letters: letters[1])
    assert bench.code() == "pair-1111-1111"
    await bench.says("PAIR-lIl1iil1")
    assert bench.roster.role_of(LEE) is Role.TRADER


async def test_a_code_works_once(bench: Bench) -> None:
    code = bench.code()
    await bench.says(code)
    await bench.says(code, user_id=998)
    assert bench.roster.role_of(998) is None


async def test_of_ten_strangers_with_one_code_one_comes_in(bench: Bench) -> None:
    code = bench.code()
    await asyncio.gather(*(bench.says(code, user_id=1000 + number) for number in range(10)))
    assert sum(user >= 1000 for user in bench.roster.roles) == 1


async def test_a_code_works_for_ten_minutes(bench: Bench) -> None:
    code = bench.code()
    bench.clock.advance(pairing.LASTS.total_seconds())
    await bench.says(code)
    assert bench.roster.role_of(LEE) is None
    code = bench.code()
    bench.clock.advance(pairing.LASTS.total_seconds() - 1)
    await bench.says(code)
    assert bench.roster.role_of(LEE) is Role.TRADER


async def test_a_clock_that_is_set_back_does_not_make_a_code_live_longer(bench: Bench) -> None:
    code = bench.code()
    bench.clock.advance(-3600)
    await bench.says(code)
    assert bench.roster.role_of(LEE) is None


@pytest.mark.parametrize(
    "said", ["pair-0000-0000", "pair-", "hello", "", "/start", "pair-1234-567", "x pair-1234-5678"]
)
async def test_nothing_else_lets_anyone_in_and_nobody_gets_an_answer(bench: Bench, said: str) -> None:
    bench.code()
    await bench.says(said)
    assert LEE not in bench.roster.roles
    assert bench.reply.order == []


async def test_of_guesses_only_ten_a_minute_are_looked_at_whoever_makes_them(bench: Bench) -> None:
    code = bench.code()
    for number in range(10):
        await bench.says("pair-0000-0000", user_id=2000 + number)
    await bench.says(code)
    assert LEE not in bench.roster.roles
    bench.clock.advance(60)
    await bench.says(code)
    assert LEE in bench.roster.roles


async def test_the_code_lies_in_no_file_and_no_log(bench: Bench) -> None:
    letters = bench.code().removeprefix("pair-").replace("-", "")
    (path,) = bench.folder.iterdir()
    assert letters not in path.name + path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert bench.folder.stat().st_mode & 0o077 == 0
    assert letters not in str(bench.audit.lines)


async def test_codes_that_are_over_are_removed_with_the_next(bench: Bench) -> None:
    bench.code()
    bench.clock.advance(pairing.LASTS.total_seconds())
    bench.code()
    assert len(list(bench.folder.iterdir())) == 1


async def test_the_admins_hear_of_each_stranger_once(bench: Bench) -> None:
    for _ in range(3):
        await bench.says("hello")
    await bench.says("hello", user_id=998)
    assert bench.told == [(LEE, None), (998, None)]
    assert bench.reply.order == []


async def test_of_a_crowd_of_strangers_five_an_hour_are_told(bench: Bench) -> None:
    for number in range(50):
        await bench.says("hello", user_id=1000 + number)
    assert len(bench.told) == 5
    bench.clock.advance(3600)
    await bench.says("hello", user_id=1049)
    assert bench.told[-1] == (1049, None)


async def test_without_pairing_there_is_silence_and_nobody_beside_the_environments_people_is_in(bench: Bench) -> None:
    await bench.says(bench.code())
    assert LEE in bench.roster.roles
    await bench.restarted(is_open=False)
    assert LEE not in bench.roster.roles
    bench.told.clear()
    await bench.says(bench.code(), user_id=998)
    await bench.says("hello", user_id=998)
    assert bench.told == []
    assert 998 not in bench.roster.roles
    assert await bench.door.let_in(998, "x", by=ADA) is Change.ENVIRONMENT


async def test_who_is_removed_from_the_environment_is_out_at_the_next_start(bench: Bench) -> None:
    await bench.restarted({ADA: Role.ADMIN})
    assert bench.roster.role_of(TOM) is None


async def test_who_paired_and_was_then_named_in_the_environment_goes_with_it(bench: Bench) -> None:
    await bench.says(bench.code())
    await bench.restarted({**FOUNDERS, LEE: Role.VIEWER})
    assert bench.roster.role_of(LEE) is Role.VIEWER
    await bench.restarted()
    assert bench.roster.role_of(LEE) is None


async def test_the_environments_people_gain_nothing_by_a_code(bench: Bench) -> None:
    assert await bench.door.pair(VERA, "Vera", pairing.code_in(bench.code(Role.ADMIN)) or "") is None
    assert bench.roster.role_of(VERA) is Role.VIEWER


async def test_someone_who_paired_may_rise_by_another_code(bench: Bench) -> None:
    await bench.says(bench.code(Role.VIEWER))
    assert await bench.strangers.raised(Stranger(LEE, "Lee"), bench.code(Role.TRADER))
    assert bench.roster.role_of(LEE) is Role.TRADER
    assert not await bench.strangers.raised(Stranger(LEE, "Lee"), "buy 10 AAPL")
    assert await bench.strangers.raised(Stranger(TOM, "Tom"), bench.code(Role.ADMIN))
    assert "changed nothing" in bench.reply.text
    assert bench.roster.role_of(TOM) is Role.TRADER


async def test_an_admin_lets_a_stranger_in_as_a_viewer_only(bench: Bench) -> None:
    assert await bench.door.let_in(LEE, "Lee", by=ADA) is Change.DONE
    assert bench.roster.role_of(LEE) is Role.VIEWER
    assert await bench.door.let_in(LEE, "Lee", by=ADA) is Change.NOT_THERE
    await bench.restarted()
    assert bench.roster.role_of(LEE) is Role.VIEWER


async def test_the_blocked_get_nowhere_and_nobody_hears_of_them(bench: Bench) -> None:
    await bench.door.block(LEE, "Lee", by=ADA)
    await bench.says("hello")
    await bench.says(bench.code())
    await bench.restarted()
    await bench.says(bench.code())
    assert bench.told == []
    assert LEE not in bench.roster.roles
    assert await bench.door.unblock(LEE, by=ADA) is Change.DONE
    await bench.says(bench.code())
    assert LEE in bench.roster.roles


async def test_who_is_blocked_while_their_code_is_read_stays_out(bench: Bench) -> None:
    letters = pairing.code_in(bench.code())
    assert letters is not None
    role, _ = await asyncio.gather(bench.door.pair(LEE, "Lee", letters), bench.door.block(LEE, "Lee", by=ADA))
    assert role is None
    assert LEE not in bench.roster.roles


async def test_a_founder_who_is_blocked_is_out_at_once_and_after_a_restart_until_taken_off(bench: Bench) -> None:
    assert await bench.door.block(TOM, "", by=ADA) is Change.DONE
    assert bench.roster.role_of(TOM) is None
    await bench.restarted()
    assert bench.roster.role_of(TOM) is None
    await bench.door.unblock(TOM, by=ADA)
    assert bench.roster.role_of(TOM) is Role.TRADER
    await bench.restarted()
    assert bench.roster.role_of(TOM) is Role.TRADER


async def test_nobody_puts_themselves_out(bench: Bench) -> None:
    for wish in (bench.door.block(ADA, "", by=ADA), bench.door.remove(ADA, by=ADA), bench.door.lower(ADA, by=ADA)):
        assert await wish is Change.YOURSELF
    assert bench.roster.admins == (ADA,)


async def test_an_environment_whose_only_admin_is_blocked_has_an_admin(bench: Bench) -> None:
    bench.store.blocked[ADA] = Blocked(ADA, "", 555, bench.clock.now())
    await bench.restarted()
    assert bench.roster.admins == (ADA,)


async def test_who_was_let_in_may_be_lowered_and_removed_a_founder_may_not(bench: Bench) -> None:
    await bench.says(bench.code(Role.ADMIN))
    assert await bench.door.lower(LEE, by=ADA) is Change.DONE
    assert bench.roster.role_of(LEE) is Role.VIEWER
    assert await bench.door.lower(LEE, by=ADA) is Change.NOT_THERE
    assert await bench.door.remove(LEE, by=ADA) is Change.DONE
    assert LEE not in bench.roster.roles
    assert await bench.door.remove(LEE, by=ADA) is Change.NOT_THERE
    assert await bench.door.lower(TOM, by=ADA) is Change.ENVIRONMENT
    assert await bench.door.remove(TOM, by=ADA) is Change.ENVIRONMENT
    await bench.restarted()
    assert LEE not in bench.roster.roles


class TestAtOnce:
    """Admins who press at the same time, and a store that takes its time or fails."""

    @pytest.mark.parametrize(
        ("rise", "out"),
        [("lower", "block"), ("lower", "remove"), ("code", "block"), ("code", "remove"), ("let in", "block")],
    )
    async def test_who_is_put_out_while_something_about_them_is_stored_stays_out(
        self, bench: Bench, rise: str, out: str
    ) -> None:
        if rise != "let in":
            await bench.says(bench.code(Role.TRADER))
        door = bench.door
        rising = {
            "lower": lambda: door.lower(LEE, by=ADA),
            "let in": lambda: door.let_in(LEE, "Lee", by=ADA),
            "code": lambda: bench.says(bench.code(Role.ADMIN)),
        }[rise]
        putting = {"block": lambda: door.block(LEE, "Lee", by=ADA), "remove": lambda: door.remove(LEE, by=ADA)}[out]
        storing, may_go_on = bench.slow_saves()
        change = asyncio.ensure_future(rising())
        await storing.wait()
        going = asyncio.ensure_future(putting())
        await asyncio.sleep(0)
        assert bench.roster.role_of(LEE) is None
        may_go_on.set()
        await change
        assert await going is Change.DONE
        assert bench.roster.role_of(LEE) is None
        assert bench.store.members == {}
        assert (LEE in bench.store.blocked) is (out == "block")
        await bench.restarted()
        assert bench.roster.role_of(LEE) is None

    async def test_who_is_lowered_has_no_more_than_a_viewers_rights_though_that_cannot_be_stored(
        self, bench: Bench
    ) -> None:
        await bench.says(bench.code(Role.ADMIN))
        save = bench.store.save

        async def full(_member: Member) -> None:
            raise StorageUnavailable("disk full")

        bench.store.save = full  # type: ignore[method-assign]
        with pytest.raises(StorageUnavailable):
            await bench.door.lower(LEE, by=ADA)
        assert bench.roster.role_of(LEE) is Role.VIEWER
        bench.store.save = save  # type: ignore[method-assign]
        assert await bench.door.lower(LEE, by=ADA) is Change.DONE
        assert bench.store.members[LEE].role is Role.VIEWER

    async def test_of_two_admins_who_block_each_other_one_is_left(self, bench: Bench) -> None:
        door = await bench.restarted({ADA: Role.ADMIN, TOM: Role.ADMIN})
        both = await asyncio.gather(door.block(TOM, "Tom", by=ADA), door.block(ADA, "Ada", by=TOM))
        assert both == [Change.DONE, Change.NOT_ADMIN]
        assert bench.roster.admins == (ADA,)
        assert set(bench.store.blocked) == {TOM}

    @pytest.mark.parametrize("wish", ["let in", "lower", "remove", "block", "unblock"])
    async def test_a_press_of_who_is_no_admin_any_more_changes_nothing(self, bench: Bench, wish: str) -> None:
        door = await bench.restarted({ADA: Role.ADMIN, TOM: Role.ADMIN})
        await bench.says(bench.code(Role.TRADER))
        if wish == "unblock":
            await door.block(LEE, "Lee", by=ADA)
        wishes = {
            "let in": lambda: door.let_in(998, "Mia", by=TOM),
            "lower": lambda: door.lower(LEE, by=TOM),
            "remove": lambda: door.remove(LEE, by=TOM),
            "block": lambda: door.block(LEE, "Lee", by=TOM),
            "unblock": lambda: door.unblock(LEE, by=TOM),
        }
        before = dict(bench.roster.roles)
        blocking = asyncio.ensure_future(door.block(TOM, "Tom", by=ADA))
        await asyncio.sleep(0)
        assert await wishes[wish]() is Change.NOT_ADMIN
        await blocking
        assert dict(bench.roster.roles) == {who: role for who, role in before.items() if who != TOM}


async def test_each_change_is_in_the_audit_log(bench: Bench) -> None:
    await bench.says("pair-0000-0000")
    await bench.says(bench.code())
    await bench.door.lower(LEE, by=ADA)
    await bench.door.block(LEE, "Lee", by=ADA)
    await bench.door.unblock(LEE, by=ADA)
    await bench.door.let_in(LEE, "Lee", by=ADA)
    await bench.door.remove(LEE, by=ADA)
    assert [line[0] for line in bench.audit.lines] == [
        "pair", "pair", "lower", "block", "unblock", "let in", "remove",
    ]  # fmt: skip
    assert [line[2] for line in bench.audit.lines[:2]] == ["refused", "trader"]


async def test_people_are_listed_by_role_with_the_blocked_last(bench: Bench) -> None:
    await bench.says(bench.code(Role.ADMIN))
    await bench.door.block(VERA, "", by=ADA)
    assert [(one.user_id, one.role, one.is_founder) for one in bench.door.people()] == [
        (ADA, Role.ADMIN, True),
        (LEE, Role.ADMIN, False),
        (TOM, Role.TRADER, True),
        (VERA, None, True),
    ]


def test_a_name_is_one_short_line() -> None:
    assert shown_name("Lee\n\n<b>", None, "lee") == "Lee <b> (@lee)"
    assert len(shown_name("x" * 500, "y" * 500, None)) <= 60
