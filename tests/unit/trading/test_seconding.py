"""What an order above the limit takes beside its Confirm: a code, or a second person; and that it is sent once."""

import asyncio
from decimal import Decimal

import pytest

from tests.fakes.desk import ADMIN, CARD, CHAT, OTHER, TRADER, VIEWER, DeskBench
from tests.fakes.steps import FakePhone
from trading.access import Role
from trading.confirmation import Confirmation, Outcome
from trading.errors import CodeUsed, NoSecondPerson, NotAllowed, NotEnrolled, StepLocked, WrongCode
from trading.limits import Limits, TradingState
from trading.proposal import Proposal, ProposalState
from trading.second_step import APPROVAL_LASTS, MOST_WRONG, Approval, Policy, StepKind

ABOVE = Decimal(1000)
SMALL, LARGE = "buy 5 AAPL 199.5", "buy 10 AAPL 199.5"


class Bench(DeskBench):
    def __init__(self, kind: StepKind, limits: Limits | None = None) -> None:
        super().__init__(limits)
        self.second_step.policy = Policy(kind, ABOVE)
        self.phone = FakePhone(self.clock)

    async def enrolled(self) -> None:
        await self.second_step.enrol(TRADER)
        await self.second_step.confirm_first(TRADER, self.phone.code(-1))

    async def type(self, proposal: Proposal, code: str) -> Confirmation:
        return await self.desk.confirm(proposal.token, user_id=TRADER, chat_id=CHAT, message_id=CARD, code=code)

    async def asked(self, line: str = LARGE) -> Proposal:
        """Propose and confirm an order that waits for a second person, whose cards are all shown."""
        proposal = await self.propose(line)
        answer = await self.confirm(proposal)
        assert answer.outcome is Outcome.SECOND_STEP
        for button in await self.second_step.approvals_of(proposal.id):
            await self.second_step.shown(button.token, 70 + button.user_id)
        return self.store.rows[proposal.id]

    async def button(self, proposal: Proposal, user_id: int) -> Approval:
        return next(one for one in await self.second_step.approvals_of(proposal.id) if one.user_id == user_id)

    async def approve(self, proposal: Proposal, user_id: int = ADMIN, *, by: int | None = None) -> Confirmation:
        """Press the button of *user_id*, as *by*."""
        person, button = by or user_id, await self.button(proposal, user_id)
        return await self.desk.approve(button.token, user_id=person, chat_id=person, message_id=70 + user_id)

    async def decline(self, proposal: Proposal, user_id: int = ADMIN) -> Confirmation:
        button = await self.button(proposal, user_id)
        return await self.desk.decline(button.token, user_id=user_id, chat_id=user_id, message_id=70 + user_id)

    def state_of(self, proposal: Proposal) -> ProposalState:
        return self.store.rows[proposal.id].state


@pytest.fixture
async def codes() -> Bench:
    made = Bench(StepKind.CODE)
    await made.enrolled()
    return made


@pytest.fixture
def people() -> Bench:
    return Bench(StepKind.PERSON)


async def test_an_order_at_the_limit_goes_by_its_confirm_alone(codes: Bench, people: Bench) -> None:
    for bench in (codes, people):
        bench.second_step.policy = Policy(bench.second_step.policy.kind, Decimal(1995))
        assert (await bench.confirm(await bench.propose(LARGE))).outcome is Outcome.SENT


async def test_a_cent_above_it_a_code_is_asked_for_and_nothing_is_sent(codes: Bench) -> None:
    codes.second_step.policy = Policy(StepKind.CODE, Decimal("1994.99"))
    proposal = await codes.propose(LARGE)
    answer = await codes.confirm(proposal)
    assert answer.outcome is Outcome.SECOND_STEP
    assert codes.state_of(proposal) is ProposalState.PROPOSED
    assert codes.gateway.submitted == []


async def test_the_card_says_before_that_a_tap_is_not_enough(codes: Bench, people: Bench) -> None:
    assert (await codes.propose(SMALL)).warnings == ()
    assert (await codes.propose(LARGE)).warnings == ("above the limit for one tap: Confirm asks for your code",)
    assert any("another's approval" in said for said in (await people.propose(LARGE)).warnings)


async def test_with_the_right_code_it_is_sent(codes: Bench) -> None:
    proposal = await codes.propose(LARGE)
    await codes.confirm(proposal)
    assert (await codes.type(proposal, codes.phone.code())).outcome is Outcome.SENT
    assert len(codes.gateway.submitted) == 1


async def test_a_wrong_code_sends_nothing_and_the_card_still_stands(codes: Bench) -> None:
    proposal = await codes.propose(LARGE)
    with pytest.raises(WrongCode):
        await codes.type(proposal, codes.phone.wrong())
    assert codes.state_of(proposal) is ProposalState.PROPOSED
    assert (await codes.type(proposal, codes.phone.code())).outcome is Outcome.SENT


async def test_after_five_wrong_codes_nothing_goes_not_even_with_the_right_one(codes: Bench) -> None:
    proposal = await codes.propose(LARGE)
    for _ in range(MOST_WRONG):
        with pytest.raises(WrongCode):
            await codes.type(proposal, codes.phone.wrong())
    with pytest.raises(StepLocked):
        await codes.type(proposal, codes.phone.code())
    with pytest.raises(StepLocked):
        await codes.confirm(proposal)
    assert codes.gateway.submitted == []


async def test_who_has_set_up_no_code_cannot_send_above_the_limit(codes: Bench) -> None:
    await codes.steps.forget(TRADER)
    proposal = await codes.propose(LARGE)
    with pytest.raises(NotEnrolled):
        await codes.confirm(proposal)
    assert codes.gateway.submitted == []


async def test_of_ten_times_the_same_code_at_once_one_order_is_sent(codes: Bench) -> None:
    proposal = await codes.propose(LARGE)
    code = codes.phone.code()
    answers = await asyncio.gather(*(codes.type(proposal, code) for _ in range(10)), return_exceptions=True)
    sent = [one for one in answers if isinstance(one, Confirmation) and one.outcome is Outcome.SENT]
    assert len(sent) == 1
    assert len(codes.gateway.submitted) == 1
    assert all(isinstance(one, Confirmation | CodeUsed) for one in answers)


async def test_one_code_sends_one_of_two_orders(codes: Bench) -> None:
    first, second = await codes.propose(LARGE), await codes.propose(LARGE.replace("10", "11"), card=CARD + 1)
    code = codes.phone.code()
    assert (await codes.type(first, code)).outcome is Outcome.SENT
    with pytest.raises(CodeUsed):
        await codes.desk.confirm(second.token, user_id=TRADER, chat_id=CHAT, message_id=CARD + 1, code=code)
    assert len(codes.gateway.submitted) == 1


async def test_a_code_for_a_card_that_is_over_is_not_used_up(codes: Bench) -> None:
    proposal = await codes.propose(LARGE)
    codes.clock.advance(60)
    code = codes.phone.code()
    assert (await codes.type(proposal, code)).outcome is Outcome.EXPIRED
    await codes.second_step.check(TRADER, code)


async def test_a_code_does_not_open_what_a_limit_forbids(codes: Bench) -> None:
    proposal = await codes.propose(LARGE)
    codes.state = TradingState.HALTED
    code = codes.phone.code()
    assert (await codes.type(proposal, code)).outcome is Outcome.DENIED
    assert codes.gateway.submitted == []


async def test_the_code_counts_after_a_restart(codes: Bench) -> None:
    proposal = await codes.propose(LARGE)
    await codes.confirm(proposal)
    codes.second_step = codes.open_second_step()
    codes.second_step.policy = Policy(StepKind.CODE, ABOVE)
    codes.desk = codes.open_desk(Limits())
    assert (await codes.type(proposal, codes.phone.code())).outcome is Outcome.SENT


async def test_the_orders_of_a_bracket_are_worth_their_entry(codes: Bench) -> None:
    codes.second_step.policy = Policy(StepKind.CODE, Decimal(1995))
    proposal = await codes.propose("buy 10 AAPL 199.5 tp 210 sl 190")
    assert (await codes.confirm(proposal)).outcome is Outcome.SENT


async def test_a_second_person_is_asked_and_nothing_is_sent(people: Bench) -> None:
    proposal = await people.asked()
    assert proposal.state is ProposalState.AWAITING_SECOND
    assert proposal.expires == people.clock.now() + APPROVAL_LASTS
    assert {one.user_id for one in await people.second_step.approvals_of(proposal.id)} == {ADMIN, OTHER}
    assert people.gateway.submitted == []


@pytest.mark.parametrize("user_id", [ADMIN, OTHER])
async def test_another_trader_or_admin_approves_and_it_is_sent(people: Bench, user_id: int) -> None:
    proposal = await people.asked()
    assert (await people.approve(proposal, user_id)).outcome is Outcome.SENT
    assert len(people.gateway.submitted) == 1
    assert people.state_of(proposal) is ProposalState.SUBMITTED


async def test_the_requester_cannot_approve(people: Bench) -> None:
    proposal = await people.asked()
    assert (await people.approve(proposal, by=TRADER)).outcome is Outcome.NOT_YOURS
    assert (await people.confirm(proposal)).outcome is Outcome.SECOND_STEP
    await people.steps.add_approvals([Approval("forged", proposal.id, TRADER, 99)])
    forged = await people.desk.approve("forged", user_id=TRADER, chat_id=TRADER, message_id=99)
    assert forged.outcome is Outcome.NOT_YOURS
    assert people.gateway.submitted == []


async def test_nobody_approves_by_anothers_button_or_from_another_chat_or_message(people: Bench) -> None:
    proposal = await people.asked()
    assert (await people.approve(proposal, ADMIN, by=OTHER)).outcome is Outcome.NOT_YOURS
    assert (await people.approve(proposal, ADMIN, by=VIEWER)).outcome is Outcome.NOT_YOURS
    button = await people.button(proposal, ADMIN)
    for chat_id, message_id, outcome in ((CHAT, 70 + ADMIN, Outcome.NOT_YOURS), (ADMIN, 1, Outcome.GONE)):
        pressed = await people.desk.approve(button.token, user_id=ADMIN, chat_id=chat_id, message_id=message_id)
        assert pressed.outcome is outcome
    assert (await people.desk.approve("x" * 22, user_id=ADMIN, chat_id=ADMIN, message_id=1)).outcome is Outcome.GONE
    assert people.gateway.submitted == []


async def test_the_confirms_own_token_approves_nothing(people: Bench) -> None:
    proposal = await people.asked()
    answer = await people.desk.approve(proposal.token, user_id=ADMIN, chat_id=ADMIN, message_id=70 + ADMIN)
    assert answer.outcome is Outcome.GONE
    assert people.gateway.submitted == []


async def test_a_card_that_is_not_surely_there_approves_nothing(people: Bench) -> None:
    proposal = await people.propose(LARGE)
    await people.confirm(proposal)
    assert (await people.approve(proposal)).outcome is Outcome.NOT_READY
    assert people.gateway.submitted == []


async def test_of_two_approvals_at_once_one_sends(people: Bench) -> None:
    proposal = await people.asked()
    presses = [people.approve(proposal, user_id) for user_id in (ADMIN, OTHER) * 5]
    answers = await asyncio.gather(*presses)
    assert [answer.outcome for answer in answers].count(Outcome.SENT) == 1
    assert len(people.gateway.submitted) == 1


async def test_of_ten_confirms_at_once_one_set_of_buttons_comes(people: Bench) -> None:
    proposal = await people.propose(LARGE)
    answers = await asyncio.gather(*(people.confirm(proposal) for _ in range(10)))
    assert {answer.outcome for answer in answers} == {Outcome.SECOND_STEP}
    assert len(await people.second_step.approvals_of(proposal.id)) == 2
    assert people.gateway.submitted == []


async def test_an_approval_counts_for_two_minutes(people: Bench) -> None:
    proposal = await people.asked()
    people.clock.advance(APPROVAL_LASTS.total_seconds() - 1)
    late = await people.asked(LARGE.replace("10", "11"))
    assert (await people.approve(proposal)).outcome is Outcome.SENT
    people.clock.advance(APPROVAL_LASTS.total_seconds())
    assert (await people.approve(late)).outcome is Outcome.EXPIRED
    assert len(people.gateway.submitted) == 1


async def test_what_nobody_approved_expires(people: Bench) -> None:
    proposal = await people.asked()
    people.clock.advance(APPROVAL_LASTS.total_seconds() - 1)
    assert await people.desk.expire_due() == []
    people.clock.advance(1)
    (closed,) = await people.desk.expire_due()
    assert (closed.id, closed.state) == (proposal.id, ProposalState.EXPIRED)


async def test_after_an_approval_the_limits_count_again(people: Bench) -> None:
    proposal = await people.asked()
    people.state = TradingState.HALTED
    assert (await people.approve(proposal)).outcome is Outcome.DENIED
    assert people.gateway.submitted == []


async def test_after_an_approval_the_price_counts_again(people: Bench) -> None:
    proposal = await people.asked()
    people.move_to(people.market.last * 1.02)
    answer = await people.approve(proposal)
    assert answer.outcome is Outcome.DRIFTED
    assert answer.replacement is not None
    assert answer.replacement.user_id == TRADER
    assert people.state_of(proposal) is ProposalState.REPLACED
    assert (await people.approve(proposal)).outcome is Outcome.REPLACED
    assert people.gateway.submitted == []


@pytest.mark.parametrize("gone", [TRADER, ADMIN])
async def test_where_one_of_both_is_no_trader_any_more_nothing_is_sent(people: Bench, gone: int) -> None:
    proposal = await people.asked()
    people.roles[gone] = Role.VIEWER
    with pytest.raises(NotAllowed):
        await people.approve(proposal)
    del people.roles[gone]
    with pytest.raises(NotAllowed):
        await people.approve(proposal)
    assert people.gateway.submitted == []


async def test_a_decline_ends_it(people: Bench) -> None:
    proposal = await people.asked()
    assert (await people.decline(proposal)).outcome is Outcome.CANCELLED
    assert (await people.approve(proposal, OTHER)).outcome is Outcome.CANCELLED
    assert people.gateway.submitted == []


async def test_the_requester_cancels_what_waits(people: Bench) -> None:
    proposal = await people.asked()
    cancelled = await people.desk.cancel(proposal.token, user_id=TRADER, chat_id=CHAT, message_id=CARD)
    assert cancelled.outcome is Outcome.CANCELLED
    assert (await people.approve(proposal)).outcome is Outcome.CANCELLED
    assert people.gateway.submitted == []


async def test_a_halt_and_a_shutdown_end_what_waits(people: Bench) -> None:
    halted = await people.asked()
    assert [one.id for one in await people.desk.halt()] == [halted.id]
    waiting = await people.asked(LARGE.replace("10", "11"))
    assert [one.id for one in await people.desk.cancel_all_proposed()] == [waiting.id]
    assert (await people.approve(halted)).outcome is Outcome.DENIED
    assert (await people.approve(waiting)).outcome is Outcome.CANCELLED


async def test_where_there_is_nobody_to_ask_nothing_is_sent_and_the_card_stands(people: Bench) -> None:
    for user_id in (ADMIN, OTHER):
        people.roles[user_id] = Role.VIEWER
    proposal = await people.propose(LARGE)
    with pytest.raises(NoSecondPerson):
        await people.confirm(proposal)
    assert people.state_of(proposal) is ProposalState.PROPOSED


async def test_it_can_be_approved_after_a_restart(people: Bench) -> None:
    proposal = await people.asked()
    people.second_step = people.open_second_step()
    people.desk = people.open_desk(Limits())
    assert await people.desk.void_unshown() == 0
    assert (await people.approve(proposal)).outcome is Outcome.SENT


async def test_who_approved_and_who_declined_is_in_the_audit_log(people: Bench) -> None:
    await people.approve(await people.asked())
    await people.decline(await people.asked(LARGE.replace("10", "11")))
    assert ("approve", "#1", "sent", "") in people.audit.lines
    assert ("decline", "#2", "cancelled", "") in people.audit.lines


async def test_whoever_is_shut_out_while_the_confirm_is_checked_sends_nothing() -> None:
    bench = Bench(StepKind.OFF)
    shown = await bench.propose()
    bench.market.during_look = lambda: bench.roles.pop(TRADER, None)
    with pytest.raises(NotAllowed):
        await bench.confirm(shown)
    assert bench.gateway.submitted == []
    assert bench.store.rows[shown.id].state is ProposalState.PROPOSED


@pytest.mark.parametrize("shut_out", [TRADER, ADMIN])
async def test_whoever_of_both_is_shut_out_while_the_approval_is_checked_it_sends_nothing(shut_out: int) -> None:
    bench = Bench(StepKind.PERSON)
    waiting = await bench.asked()
    bench.market.during_look = lambda: bench.roles.pop(shut_out, None)
    with pytest.raises(NotAllowed):
        await bench.approve(waiting)
    assert bench.gateway.submitted == []


async def test_after_the_clock_was_set_back_an_approval_comes_too_late() -> None:
    bench = Bench(StepKind.PERSON)
    waiting = await bench.asked()
    bench.clock.advance(-60)
    assert (await bench.approve(waiting)).outcome is Outcome.EXPIRED
    assert bench.gateway.submitted == []
