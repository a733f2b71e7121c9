"""Codes and approvals, at their edges."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.steps import SECRET, FakePhone, MemoryStepStore
from tests.fakes.trading import MemoryAudit
from trading.access import Role, Roster
from trading.errors import CodeUsed, NoSecondPerson, NotEnrolled, StepLocked, WrongCode
from trading.second_step import (
    LOCKED_FOR,
    MOST_WRONG,
    Policy,
    SecondStep,
    StepKind,
    address,
    looks_like_code,
    matching,
)

ADA, TOM, VERA = 111, 222, 333


class Bench:
    def __init__(self, policy: Policy | None = None) -> None:
        self.clock = FakeClock()
        self.store = MemoryStepStore()
        self.audit = MemoryAudit()
        self.roles = {ADA: Role.ADMIN, TOM: Role.TRADER, VERA: Role.VIEWER}
        self.phone = FakePhone(self.clock)
        self.step = self.opened(policy)

    def opened(self, policy: Policy | None = None) -> SecondStep:
        """Return it as a fresh start would make it."""
        return SecondStep(
            store=self.store,
            roster=Roster(self.roles),
            clock=self.clock,
            audit=self.audit,
            policy=policy,
            new_secret=lambda: SECRET,
        )

    async def enrolled(self) -> None:
        await self.step.enrol(TOM)
        await self.step.confirm_first(TOM, self.phone.code())
        self.clock.advance(60)


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    await made.enrolled()
    return made


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        (StepKind.CODE, Decimal(1000), StepKind.OFF),
        (StepKind.CODE, Decimal("1000.01"), StepKind.CODE),
        (StepKind.PERSON, Decimal(1000), StepKind.OFF),
        (StepKind.PERSON, Decimal("1000.01"), StepKind.PERSON),
        (StepKind.CODE, None, StepKind.CODE),
        (StepKind.OFF, Decimal(10**9), StepKind.OFF),
        (StepKind.OFF, None, StepKind.OFF),
    ],
)
def test_the_step_is_wanted_a_cent_above_the_limit_and_where_the_value_is_unknown(
    kind: StepKind, value: Decimal | None, wanted: StepKind
) -> None:
    assert Policy(kind, Decimal(1000)).wanted(value) is wanted


async def test_the_right_code_counts_once(bench: Bench) -> None:
    code = bench.phone.code()
    await bench.step.check(TOM, code)
    with pytest.raises(CodeUsed) as told:
        await bench.step.check(TOM, code)
    assert 0 < told.value.wait_s <= 30


async def test_a_code_used_before_a_restart_is_used_after_it(bench: Bench) -> None:
    code = bench.phone.code()
    await bench.step.check(TOM, code)
    with pytest.raises(CodeUsed):
        await bench.opened().check(TOM, code)


async def test_of_ten_times_the_same_code_at_once_one_counts_and_nobody_is_locked(bench: Bench) -> None:
    code = bench.phone.code()
    answers = await asyncio.gather(*(bench.step.check(TOM, code) for _ in range(10)), return_exceptions=True)
    assert answers.count(None) == 1
    assert sum(isinstance(answer, CodeUsed) for answer in answers) == 9
    assert bench.store.enrolments[TOM].locked_until is None


@pytest.mark.parametrize("periods", [-1, 0, 1])
async def test_the_code_before_and_the_one_after_count_too(bench: Bench, periods: int) -> None:
    await bench.step.check(TOM, bench.phone.code(periods))


@pytest.mark.parametrize("periods", [-2, 2])
async def test_an_older_or_later_code_does_not_count(bench: Bench, periods: int) -> None:
    with pytest.raises(WrongCode):
        await bench.step.check(TOM, bench.phone.code(periods))


async def test_after_the_next_code_the_present_one_is_over(bench: Bench) -> None:
    await bench.step.check(TOM, bench.phone.code(1))
    with pytest.raises(CodeUsed):
        await bench.step.check(TOM, bench.phone.code())


async def test_a_code_may_be_typed_in_two_groups(bench: Bench) -> None:
    code = bench.phone.code()
    await bench.step.check(TOM, f" {code[:3]} {code[3:]} ")


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "0x1234", "-12345"])
async def test_what_is_no_code_is_wrong(bench: Bench, code: str) -> None:
    with pytest.raises(WrongCode):
        await bench.step.check(TOM, code)


async def test_the_fifth_wrong_code_in_a_row_locks_for_an_hour_even_for_the_right_one(bench: Bench) -> None:
    for left in range(MOST_WRONG - 1, 0, -1):
        with pytest.raises(WrongCode) as told:
            await bench.step.check(TOM, bench.phone.wrong())
        assert (told.value.left, told.value.until) == (left, None)
    with pytest.raises(WrongCode) as last:
        await bench.step.check(TOM, bench.phone.wrong())
    assert (last.value.left, last.value.until) == (0, bench.clock.now() + LOCKED_FOR)
    with pytest.raises(StepLocked):
        await bench.step.check(TOM, bench.phone.code())
    with pytest.raises(StepLocked):
        await bench.opened().check(TOM, bench.phone.code())
    bench.clock.advance(LOCKED_FOR.total_seconds() - 1)
    with pytest.raises(StepLocked):
        await bench.step.check(TOM, bench.phone.code())
    bench.clock.advance(1)
    await bench.step.check(TOM, bench.phone.code())


async def test_of_twenty_wrong_codes_at_once_only_five_are_looked_at(bench: Bench) -> None:
    wrong = bench.phone.wrong()
    answers = await asyncio.gather(*(bench.step.check(TOM, wrong) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(answer, WrongCode) for answer in answers) == MOST_WRONG
    assert sum(isinstance(answer, StepLocked) for answer in answers) == 20 - MOST_WRONG


async def test_a_right_code_ends_the_row_of_wrong_ones(bench: Bench) -> None:
    for _ in range(MOST_WRONG - 1):
        with pytest.raises(WrongCode):
            await bench.step.check(TOM, bench.phone.wrong())
    await bench.step.check(TOM, bench.phone.code())
    with pytest.raises(WrongCode) as told:
        await bench.step.check(TOM, bench.phone.wrong())
    assert told.value.left == MOST_WRONG - 1


async def test_an_admin_ends_a_lock(bench: Bench) -> None:
    for _ in range(MOST_WRONG):
        with pytest.raises(WrongCode):
            await bench.step.check(TOM, bench.phone.wrong())
    assert await bench.step.unlock(TOM, by=ADA)
    await bench.step.check(TOM, bench.phone.code())
    assert not await bench.step.unlock(TOM, by=ADA)


async def test_who_has_set_up_none_is_told_so() -> None:
    bench = Bench()
    with pytest.raises(NotEnrolled):
        await bench.step.check(TOM, bench.phone.code())


async def test_a_secret_counts_only_once_its_first_code_came() -> None:
    bench = Bench()
    await bench.step.enrol(TOM)
    with pytest.raises(NotEnrolled):
        await bench.step.check(TOM, bench.phone.code())
    with pytest.raises(WrongCode):
        await bench.step.confirm_first(TOM, bench.phone.wrong())
    code = bench.phone.code()
    await bench.step.confirm_first(TOM, code)
    with pytest.raises(CodeUsed):
        await bench.step.check(TOM, code)


async def test_a_secret_that_counts_is_replaced_by_nobody(bench: Bench) -> None:
    assert await bench.step.enrol(TOM) is None
    with pytest.raises(NotEnrolled):
        await bench.step.confirm_first(TOM, bench.phone.code())


async def test_it_is_left_by_a_right_code_only(bench: Bench) -> None:
    with pytest.raises(WrongCode):
        await bench.step.leave(TOM, bench.phone.wrong())
    await bench.step.leave(TOM, bench.phone.code())
    assert await bench.step.enrolment(TOM) is None
    assert await bench.step.enrol(TOM) is not None


async def test_an_admin_resets_a_lost_phone(bench: Bench) -> None:
    assert await bench.step.reset(TOM, by=ADA)
    assert not await bench.step.reset(TOM, by=ADA)
    assert await bench.step.enrol(TOM) is not None


async def test_everything_about_codes_is_in_the_audit_log_but_no_code_and_no_secret(bench: Bench) -> None:
    for _ in range(MOST_WRONG):
        with pytest.raises(WrongCode):
            await bench.step.check(TOM, bench.phone.wrong())
    await bench.step.unlock(TOM, by=ADA)
    await bench.step.leave(TOM, bench.phone.code())
    said = [line[2] for line in bench.audit.lines]
    assert said == ["set up", *["wrong code"] * (MOST_WRONG - 1), "locked", "unlocked", "off"]
    assert SECRET not in str(bench.audit.lines)


def test_no_secret_and_no_token_is_in_what_is_printed(bench: Bench) -> None:
    assert SECRET not in repr(bench.store.enrolments[TOM])


async def test_every_other_trader_and_admin_may_approve_and_each_has_a_button_of_their_own() -> None:
    bench = Bench()
    bench.roles[444] = Role.TRADER
    asked = await bench.step.ask(7, TOM)
    assert [one.user_id for one in asked] == [ADA, 444]
    assert len({one.token for one in asked}) == 2
    await bench.step.shown(asked[0].token, 55)
    found = await bench.opened().approval(asked[0].token)
    assert found is not None
    assert (found.proposal_id, found.user_id, found.message_id) == (7, ADA, 55)


async def test_where_there_is_nobody_to_ask_it_is_said() -> None:
    bench = Bench()
    del bench.roles[ADA]
    with pytest.raises(NoSecondPerson):
        await bench.step.ask(7, TOM)


async def test_a_button_of_which_nobody_knows_whether_it_arrived_is_dead_once_there_is_a_new_one() -> None:
    bench = Bench()
    (old,) = await bench.step.ask(7, TOM)
    new = await bench.step.ask_anew(old)
    assert await bench.step.approval(old.token) is None
    assert await bench.step.approval(new.token) == new


@pytest.mark.parametrize(
    ("said", "is_code"),
    [("123456", True), ("123 456", True), ("12345", False), ("1234567", False), ("AAPL", False), ("12345a", False)],
)
def test_six_digits_look_like_a_code(said: str, is_code: bool) -> None:
    assert looks_like_code(said) is is_code


def test_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B: the last six digits of its eight, for SHA-1."""
    clock = FakeClock()
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037")):
        at = clock.now() - timedelta(seconds=clock.now().timestamp() - seconds)
        assert matching(secret, code, at) == seconds // 30


async def test_the_address_names_the_bot_and_the_person(bench: Bench) -> None:
    said = address(bench.store.enrolments[TOM])
    assert said.startswith("otpauth://totp/squawkbot:222?")
    assert f"secret={SECRET}" in said
    assert "issuer=squawkbot" in said
