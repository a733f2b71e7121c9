"""Golden texts of people, codes and approvals; GOLDEN=write writes them anew, and a person reads the difference."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from zlib import crc32

import pytest

from bot import qr
from bot.views import members, outcome, second_step
from bot.views.errors import explain
from bot.views.message import Message
from bot.views.notices import Notice
from bot.views.proposal import proposal_card
from tests.fakes.golden import check_golden
from tests.fakes.reply import check_message
from tests.fakes.steps import SECRET
from tests.unit.bot.samples import BERLIN, NOW, TOKEN, notice_message, proposal
from trading.access import Role
from trading.confirmation import Confirmation, Outcome
from trading.errors import CodeUsed, NoSecondPerson, NotEnrolled, StepLocked, WrongCode
from trading.proposal import ProposalState
from trading.second_step import Enrolment

EVIL = "<b>&Lee</b>"
PEOPLE = (
    members.Shown(111, Role.ADMIN, is_founder=True, has_code=True),
    members.Shown(999, Role.TRADER, EVIL, at=NOW - timedelta(days=2), locked_until=NOW + timedelta(minutes=20)),
    members.Shown(998, None, "Mallory", at=NOW - timedelta(hours=1)),
)
WAITING = replace(proposal(), state=ProposalState.AWAITING_SECOND, message_id=55, expires=NOW + timedelta(seconds=120))
SENT = Confirmation(Outcome.SENT, replace(proposal(), state=ProposalState.SUBMITTED))
HELD = Enrolment(222, SECRET, NOW, is_confirmed=True, locked_until=NOW + timedelta(minutes=20))


def card(person: members.Shown, **more: bool) -> Message:
    return members.card(person, now=NOW, zone=BERLIN, is_you=more.get("is_you", False))


VIEWS: dict[str, Callable[[], Message | None]] = {
    "users": lambda: members.listing(PEOPLE, 0, now=NOW, zone=BERLIN, is_open=True),
    "users-closed": lambda: members.listing(PEOPLE[:1], 0, now=NOW, zone=BERLIN, is_open=False),
    "user-member": lambda: card(PEOPLE[1]),
    "user-founder": lambda: card(members.Shown(222, Role.TRADER, is_founder=True)),
    "user-blocked": lambda: card(PEOPLE[2]),
    "user-you": lambda: card(PEOPLE[0], is_you=True),
    "stranger": lambda: notice_message(Notice.STRANGER, user_id=999, name=EVIL),
    "stranger-paired": lambda: notice_message(Notice.PAIRED, user_id=999, name=EVIL, role="trader"),
    "stranger-let-in": lambda: notice_message(Notice.LET_IN),
    "step-locked-notice": lambda: notice_message(Notice.SECOND_STEP, user_id=222, what="locked"),
    "paired": lambda: members.paired(Role.TRADER),
    "step-question": lambda: second_step.code_question(proposal(), now=NOW),
    "step-waiting": lambda: second_step.waiting(WAITING, 2, now=NOW),
    "step-request": lambda: second_step.request(WAITING, proposal_card(WAITING, now=NOW), TOKEN),
    "step-approved": lambda: second_step.came_of(SENT, outcome.outcome(SENT), is_mine=True),
    "step-nobody": lambda: second_step.nobody_reached(WAITING),
    "totp-enrol": lambda: second_step.enrolment(SECRET, b"\x89PNG"),
    "totp-status": lambda: second_step.status(HELD, now=NOW, zone=BERLIN),
    "totp-set-up": lambda: second_step.set_up(is_on=True),
    "step-not-enrolled": lambda: explain(NotEnrolled()),
    "step-wrong": lambda: explain(WrongCode(1)),
    "step-fifth": lambda: explain(WrongCode(0, NOW)),
    "step-used": lambda: explain(CodeUsed(17)),
    "step-locked": lambda: explain(StepLocked(NOW)),
    "step-alone": lambda: explain(NoSecondPerson()),
}


@pytest.mark.parametrize("name", VIEWS)
def test_every_message_says_what_its_golden_file_says(name: str) -> None:
    message = VIEWS[name]()
    assert message is not None
    check_message(message)
    check_golden(name, message)


async def test_the_picture_is_a_png_of_its_own_content_large_enough_for_a_camera() -> None:
    one, other = await qr.picture("otpauth://totp/a?secret=A"), await qr.picture("otpauth://totp/a?secret=B")
    for png in (one, other):
        assert png.startswith(b"\x89PNG\r\n\x1a\n")
        # IHDR: width and height, and its checksum.
        width, height = int.from_bytes(png[16:20]), int.from_bytes(png[20:24])
        assert width == height >= 200
        assert crc32(png[12:29]) == int.from_bytes(png[29:33])
    assert one != other
