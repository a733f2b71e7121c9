"""Codes and second persons as people see them: the router and real handlers on a real desk, in memory."""

from decimal import Decimal

import pytest

from bot.callback_data import Code, encode
from bot.errors import DeliveryUnknown, NotDelivered
from bot.request import Press
from tests.fakes.chat import ADMIN, TRADER, VIEWER, Chat
from tests.fakes.reply import check_message
from tests.fakes.steps import SECRET, FakePhone
from trading.access import Role
from trading.proposal import ProposalState
from trading.second_step import MOST_WRONG, Policy, StepKind

LINE = "buy 10 AAPL 199.5"


class Bench(Chat):
    def __init__(self, kind: StepKind) -> None:
        super().__init__()
        self.second_step.policy = Policy(kind, Decimal(1000))
        self.phone = FakePhone(self.clock)

    async def enrolled(self) -> None:
        await self.second_step.enrol(TRADER)
        await self.second_step.confirm_first(TRADER, self.phone.code(-1))

    async def carded(self, line: str = LINE) -> int:
        """Ask for a card and press its Confirm; return the card's message."""
        await self.say(line)
        card = self.reply.last_id
        await self.tap("✅", on=card)
        return card

    def plain(self, message_id: int) -> str:
        return check_message(self.reply.shown[message_id])

    def head(self, message_id: int) -> str:
        return self.plain(message_id).splitlines()[0]

    def request_of(self, token_of: int) -> int:
        """Return the message that shows a second person's card."""
        (button,) = [one for one in self.steps.buttons.values() if one.user_id == token_of]
        assert button.message_id is not None
        return button.message_id


@pytest.fixture
async def codes() -> Bench:
    made = Bench(StepKind.CODE)
    await made.enrolled()
    return made


@pytest.fixture
def people() -> Bench:
    return Bench(StepKind.PERSON)


async def test_confirm_asks_for_a_code_and_the_card_keeps_its_buttons(codes: Bench) -> None:
    card = await codes.carded()
    assert codes.reply.text.splitlines()[0] == "🔐 PAPER · BUY 10 AAPL LIMIT 199.50 · your code?"
    assert "Nothing was sent yet." in codes.reply.text
    assert codes.reply.last.asks == "the 6 digits your app shows"
    assert codes.reply.replies[codes.reply.last_id] == card
    assert "waits for your code" in codes.plain(card)
    assert any(label.startswith("✅ Confirm") for label in codes.labels(on=card))
    assert codes.gateway.submitted == []


@pytest.mark.parametrize("is_reply", [True, False])
async def test_the_typed_code_sends_the_order_and_is_deleted_with_the_question(codes: Bench, is_reply: bool) -> None:
    card = await codes.carded()
    question = codes.reply.last_id
    await codes.say(codes.phone.code(), reply_to=question if is_reply else None)
    assert len(codes.gateway.submitted) == 1
    assert codes.head(card) == "🕓 PAPER · BUY 10 AAPL LIMIT 199.50"
    assert len(codes.reply.deleted) == 2
    assert question in codes.reply.deleted
    assert await codes.forms.latest(TRADER, TRADER, "code?") is None


async def test_pressing_confirm_again_asks_no_second_time(codes: Bench) -> None:
    card = await codes.carded()
    count = len(codes.reply.order)
    await codes.tap("✅", on=card)
    assert len(codes.reply.order) == count
    await codes.say(codes.phone.code())
    assert len(codes.gateway.submitted) == 1


async def test_a_wrong_code_is_told_with_the_tries_left_and_a_right_one_still_sends(codes: Bench) -> None:
    card = await codes.carded()
    said = await codes.say(codes.phone.wrong())
    assert "That is not the code." in said
    assert "4 more wrong ones lock" in said
    assert said.splitlines()[0] == "🔐 That is not the code. Nothing was sent to the market. · PAPER"
    assert any(label.startswith("✅ Confirm") for label in codes.labels(on=card))
    await codes.say(codes.phone.code())
    assert len(codes.gateway.submitted) == 1
    assert len(codes.reply.deleted) == 3


@pytest.mark.parametrize("said", ["12345", "123 45", "1234567"])
async def test_digits_that_are_no_code_are_told_so_and_cost_no_try(codes: Bench, said: str) -> None:
    await codes.carded()
    told = await codes.say(said)
    assert told.splitlines()[0] == "🔐 That is no code. Nothing was sent to the market. · PAPER"
    assert "4 more wrong ones lock" in await codes.say(codes.phone.wrong())


async def test_digits_are_no_code_where_nobody_asked_for_one(codes: Bench) -> None:
    assert "I don't understand that." in await codes.say("12345")


async def test_the_fifth_wrong_code_locks_is_told_to_the_admins_and_ends_the_question(codes: Bench) -> None:
    await codes.carded()
    for _ in range(MOST_WRONG):
        said = await codes.say(codes.phone.wrong())
    assert "no code of yours counts for an hour" in said
    assert codes.step_news == [(TRADER, "locked")]
    assert await codes.forms.latest(TRADER, TRADER, "code?") is None
    await codes.carded(LINE.replace("10", "11"))
    assert "Your codes are locked" in codes.reply.text
    assert codes.gateway.submitted == []


async def test_a_used_code_is_told_as_used(codes: Bench) -> None:
    await codes.carded()
    code = codes.phone.code()
    await codes.say(code)
    await codes.carded(LINE.replace("10", "11"))
    assert "That code was used already." in await codes.say(code)
    assert len(codes.gateway.submitted) == 1


async def test_who_has_set_up_nothing_is_told_how_and_the_card_stands(codes: Bench) -> None:
    await codes.steps.forget(TRADER)
    card = await codes.carded()
    assert "/totp sets one up" in codes.reply.text
    assert any(label.startswith("✅ Confirm") for label in codes.labels(on=card))


async def test_a_code_after_the_card_expired_sends_nothing_and_is_not_used_up(codes: Bench) -> None:
    await codes.carded()
    codes.clock.advance(61)
    await codes.handlers.orders.expire()
    assert await codes.forms.latest(TRADER, TRADER, "code?") is None
    code = codes.phone.code()
    await codes.say(code)
    assert codes.gateway.submitted == []
    await codes.second_step.check(TRADER, code)


async def test_six_digits_that_nobody_asked_for_are_no_code(codes: Bench) -> None:
    said = await codes.say("123456")
    assert codes.reply.deleted == []
    assert "understand" in said


async def test_six_digits_in_answer_to_another_question_are_no_code() -> None:
    bench = Bench(StepKind.OFF)
    await bench.say(LINE)
    card = bench.reply.last_id
    await bench.say("/totp")
    await bench.tap("✏️ Quantity", on=card)
    await bench.tap("Type it", on=card)
    await bench.say("100000", reply_to=bench.reply.last_id)
    enrolment = await bench.second_step.enrolment(TRADER)
    assert enrolment is not None
    assert (enrolment.is_confirmed, enrolment.failures) == (False, 0)
    assert "This card is closed" in bench.plain(card)


async def test_a_reply_that_is_no_code_counts_for_nothing(codes: Bench) -> None:
    await codes.carded()
    said = await codes.say("12345", reply_to=codes.reply.last_id)
    assert "That is no code." in said
    assert codes.steps.enrolments[TRADER].failures == 0


async def test_a_code_counts_for_the_person_who_was_asked_only(codes: Bench) -> None:
    await codes.carded()
    await codes.say(codes.phone.code(), ADMIN)
    assert codes.gateway.submitted == []


async def test_setting_up_shows_a_picture_and_the_key_once_and_takes_the_first_code() -> None:
    chat = Bench(StepKind.CODE)
    said = await chat.say("/totp")
    shown = chat.reply.last_id
    assert chat.reply.last.picture == b"\x89PNG"
    assert chat.reply.last.protect
    assert SECRET in said.replace(" ", "")
    assert chat.drawn_qr == [f"otpauth://totp/squawkbot:222?secret={SECRET}&issuer=squawkbot"]
    assert "That is not the code." in await chat.say(chat.phone.wrong())
    said = await chat.say(chat.phone.code())
    assert said.splitlines()[0] == "✅ Your authenticator app is set up."
    assert shown in chat.reply.deleted
    assert chat.step_news == [(TRADER, "set up")]
    assert "is set up" in await chat.say("/totp")
    assert SECRET not in chat.reply.text


async def test_a_second_totp_before_the_first_code_takes_the_first_picture_away() -> None:
    chat = Bench(StepKind.CODE)
    await chat.say("/totp")
    first = chat.reply.last_id
    await chat.say("/totp")
    assert chat.reply.deleted == [first]
    await chat.say(chat.phone.code())
    assert chat.steps.enrolments[TRADER].is_confirmed


async def test_totp_off_takes_a_code(codes: Bench) -> None:
    assert "/totp off 123456" in await codes.say("/totp off")
    assert "That is not the code." in await codes.say(f"/totp off {codes.phone.wrong()}")
    assert codes.steps.enrolments[TRADER].is_confirmed
    assert "not asked for any more" in await codes.say(f"/totp off {codes.phone.code()}")
    assert TRADER not in codes.steps.enrolments
    assert len(codes.reply.deleted) == 2
    assert "no authenticator app" in await codes.say("/totp off 123456")


async def test_totp_is_for_traders(codes: Bench) -> None:
    assert "traders only" in await codes.say("/totp", VIEWER)


async def test_an_admin_unlocks_and_resets_others_only(codes: Bench) -> None:
    await codes.carded()
    for _ in range(MOST_WRONG):
        await codes.say(codes.phone.wrong())
    assert "admins only" in await codes.say(f"/unlock {TRADER}")
    assert "may type codes again" in await codes.say(f"/unlock {TRADER}", ADMIN)
    assert "was not locked" in await codes.say(f"/unlock {TRADER}", ADMIN)
    assert "Not yourself" in await codes.say(f"/unlock {ADMIN} reset", ADMIN)
    assert "counts no more" in await codes.say(f"/unlock {TRADER} reset", ADMIN)
    assert "Unlock whom" in await codes.say("/unlock", ADMIN)
    assert TRADER not in codes.steps.enrolments


async def test_a_second_person_gets_the_whole_card_with_who_asks(people: Bench) -> None:
    card = await people.carded()
    assert people.head(card) == "👥 PAPER · BUY 10 AAPL LIMIT 199.50 · waits for a second person"
    assert "1 person is asked, for 120 s" in people.plain(card)
    assert people.labels(on=card) == ["✖️ Cancel"]
    request = people.request_of(ADMIN)
    assert people.head(request) == "👥 PAPER · BUY 10 AAPL LIMIT 199.50 · approve?"
    assert "User 222 asks for your approval." in people.plain(request)
    assert "Est. cost" in people.plain(request)
    assert people.labels(on=request) == ["✅ Approve BUY 10 AAPL LIMIT 199.50", "✖️ Decline"]
    assert "Approve within 120 s" in people.plain(request)
    assert "Confirm" not in people.plain(request)
    assert people.gateway.submitted == []


async def test_an_approval_sends_it_once_and_both_cards_say_so(people: Bench) -> None:
    card = await people.carded()
    request = people.request_of(ADMIN)
    await people.tap("✅ Approve", ADMIN, on=request)
    assert len(people.gateway.submitted) == 1
    assert "Approved by user 111" in people.plain(card)
    assert people.head(card) == "🕓 PAPER · BUY 10 AAPL LIMIT 199.50"
    assert "Your press decided it." in people.plain(request)
    assert people.labels(on=request) == []
    button = next(iter(people.steps.buttons.values()))
    toast = await people.press(encode(Code.STEP_APPROVE, button.token), request, ADMIN)
    assert "Not sent again" in toast
    assert len(people.gateway.submitted) == 1


async def test_what_waits_for_a_second_person_over_a_crash_is_told_as_waiting_on_both_sides(people: Bench) -> None:
    card = await people.carded()
    request = people.request_of(ADMIN)
    (waits,) = people.store.rows.values()
    approve = encode(Code.STEP_APPROVE, next(iter(people.steps.buttons.values())).token)
    pressed = [
        Press(TRADER, TRADER, card, Role.TRADER, encode(Code.ORDER_CONFIRM, waits.token), "a", interrupted=True),
        Press(ADMIN, ADMIN, request, Role.ADMIN, approve, "b", interrupted=True),
    ]
    for one in pressed:
        await people.router.on_press(one)
        told = people.plain(people.reply.last_id)
        assert told.splitlines()[0].endswith("not sent, waits for a second person")
        assert "still sends it: do not write it again" in told
        assert "over. Write" not in told
    await people.tap("✅ Approve", ADMIN, on=request)
    assert len(people.gateway.submitted) == 1


async def test_a_decline_ends_it_and_says_who(people: Bench) -> None:
    card = await people.carded()
    await people.tap("✖️ Decline", ADMIN, on=people.request_of(ADMIN))
    assert "Declined by user 111" in people.plain(card)
    assert "Not sent." in people.plain(card)
    assert people.gateway.submitted == []


async def test_a_cancel_by_the_requester_takes_the_request_back(people: Bench) -> None:
    card = await people.carded()
    await people.tap("✖️ Cancel", on=card)
    request = people.request_of(ADMIN)
    assert people.head(request).startswith("✖️ PAPER")
    assert people.labels(on=request) == []


async def test_what_nobody_approved_expires_on_both_cards(people: Bench) -> None:
    card = await people.carded()
    people.clock.advance(120)
    await people.handlers.orders.expire()
    for message in (card, people.request_of(ADMIN)):
        assert people.head(message).startswith("⌛ PAPER")
        assert "Not sent" in people.plain(message)


async def test_another_person_cannot_press_the_request(people: Bench) -> None:
    people.roles[VIEWER] = people.roles[TRADER]
    await people.carded()
    request = people.request_of(ADMIN)
    toast = await people.press(people.button("Approve", on=request).data, request, TRADER)
    assert toast == "This request is not for you to decide. Nothing was sent."
    assert people.gateway.submitted == []


async def test_a_viewer_cannot_approve(people: Bench) -> None:
    await people.carded()
    request = people.request_of(ADMIN)
    toast = await people.press(people.button("Approve", on=request).data, request, VIEWER)
    assert toast == "That is for traders only. Nothing was done."


async def test_a_price_that_moved_meanwhile_makes_a_new_card_for_the_requester(people: Bench) -> None:
    card = await people.carded()
    people.floor.last = people.floor.last * 1.02
    people.floor.bid, people.floor.ask = people.floor.last, people.floor.last
    await people.tap("✅ Approve", ADMIN, on=people.request_of(ADMIN))
    assert people.head(card).startswith("⚠️ PAPER")
    assert people.reply.replies[people.reply.last_id] == card
    assert any(label.startswith("✅ Confirm") for label in people.labels())
    assert people.gateway.submitted == []


async def test_where_nobody_else_is_a_trader_it_is_said_and_the_card_stands(people: Bench) -> None:
    people.roles[ADMIN] = people.roles[VIEWER]
    card = await people.carded()
    assert "there is nobody to ask" in people.reply.text
    assert any(label.startswith("✅ Confirm") for label in people.labels(on=card))


async def test_a_request_of_which_nobody_knows_whether_it_arrived_is_dead_and_another_one_goes(people: Bench) -> None:
    await people.say(LINE)
    card = people.reply.last_id
    people.reply.failures = [DeliveryUnknown("timed out")]
    await people.tap("✅", on=card)
    (button,) = people.steps.buttons.values()
    assert button.message_id == people.reply.last_id
    await people.tap("✅ Approve", ADMIN, on=people.request_of(ADMIN))
    assert len(people.gateway.submitted) == 1


async def test_where_nobody_could_be_reached_it_is_cancelled_and_said(people: Bench) -> None:
    await people.say(LINE)
    card = people.reply.last_id
    people.reply.failures = [NotDelivered("blocked")]
    await people.tap("✅", on=card)
    assert "No second person could be reached" in people.plain(card)
    assert next(iter(people.store.rows.values())).state is ProposalState.CANCELLED
