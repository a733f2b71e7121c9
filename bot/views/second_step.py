"""The second step: codes of authenticator apps, and another person's approval."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import singledispatch
from typing import Any
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views.keyboard import button
from bot.views.message import Message, text
from bot.views.numbers import clock, span
from bot.views.order_words import headline
from bot.views.outcome import seconds_left
from bot.views.proposal import confirm_button
from trading.confirmation import Confirmation, Outcome
from trading.errors import CodeUsed, NoSecondPerson, NotEnrolled, SecondStepError, StepLocked, WrongCode
from trading.proposal import Proposal
from trading.second_step import Enrolment

# What a requester's card says of the step and of Confirm is nothing to who approves it.
_ASKS_ANOTHER = "⚠️ above the limit for one person"
_TO_CONFIRM, _TO_APPROVE = "⏳ Confirm within", "⏳ Approve within"
_ASKS = "the 6 digits your app shows"
_NO_MARKET = "Nothing was sent to the market."


def code_question(proposal: Proposal, *, now: datetime) -> Message:
    """Return the question for the code that sends an order."""
    return Message(
        f"🔐 {headline(proposal)} · <b>your code?</b>\n"
        f"Type the 6 digits that your authenticator app shows, within <b>{seconds_left(proposal, now)} s</b>. "
        f"Nothing was sent yet.\nRef <code>{text(proposal.reference)}</code>",
        protect=True,
        asks=_ASKS,
    )


def waits_for_code() -> str:
    """Return the note on a card that waits for a code (plain text)."""
    return "It is above the limit for one tap: it waits for your code. Nothing was sent."


def waiting(proposal: Proposal, asked: int, *, now: datetime) -> Message:
    """Return what a card shows while another person is asked; *asked* is how many have the question."""
    who = "1 person is asked" if asked == 1 else f"{asked} people are asked"
    return Message(
        f"👥 {headline(proposal)} · <b>waits for a second person</b>\n"
        f"It is above the limit for one person. {who}, for <b>{seconds_left(proposal, now)} s</b>; then the price and "
        f"the limits are checked again. Nothing was sent yet.\nRef <code>{text(proposal.reference)}</code>",
        ((button("✖️ Cancel", Code.ORDER_CANCEL, proposal.token),),),
        protect=True,
    )


def nobody_reached(proposal: Proposal) -> Message:
    """Return what a card shows that no second person could be shown."""
    return Message(
        f"⚠️ {headline(proposal)}\n<b>No second person could be reached</b>, so it was cancelled. {_NO_MARKET}\n"
        f"Ref <code>{text(proposal.reference)}</code>",
        protect=True,
    )


def request(proposal: Proposal, card: Message, token: str) -> Message:
    """Return an approver's own card: the requester's *card* with who asks, and this person's own buttons."""
    figures = "\n".join(line for line in card.html.split("\n")[1:] if not line.startswith(_ASKS_ANOTHER))
    figures = figures.replace(_TO_CONFIRM, _TO_APPROVE)
    return Message(
        f"👥 {headline(proposal)} · <b>approve?</b>\n"
        f'<a href="tg://user?id={proposal.user_id}">User {proposal.user_id}</a> asks for your approval.\n{figures}',
        (
            (confirm_button(proposal, Code.STEP_APPROVE, token, verb="Approve"),),
            (button("✖️ Decline", Code.STEP_DECLINE, token),),
        ),
        protect=True,
    )


def approving(proposal: Proposal) -> Message:
    """Return what an approver's card shows while the order is checked again and sent."""
    return Message(
        f"⏳ {headline(proposal)}\nYou approved it. Checking once more, then sending. "
        f"Ref <code>{text(proposal.reference)}</code>",
        protect=True,
    )


def came_of(answer: Confirmation, requester_card: Message | None, *, is_mine: bool) -> Message | None:
    """
    Return what an approver's card shows once the request is over; None where it must stay as it is.

    *requester_card* is what the requester's card shows, *is_mine* whether this person's press decided it.
    """
    proposal = answer.proposal
    if proposal is None or requester_card is None:
        return None
    head, _, rest = requester_card.html.partition("\n")
    who = "Your press decided it." if is_mine else "Another press or the clock decided it."
    if answer.outcome in _FOR_APPROVERS:
        rest = f"{_FOR_APPROVERS[answer.outcome]}\nRef <code>{text(proposal.reference)}</code>"
    # The buttons of the requester's card are the requester's.
    return Message(f"{head}\n{who} Asked for by user {proposal.user_id}.\n{rest}", protect=True)


# What the requester's card says of these is true in the requester's chat only.
_FOR_APPROVERS = {
    Outcome.SENT: "Sent to IBKR. Who asked for it hears what becomes of it.",
    Outcome.DRIFTED: "<b>The price has moved.</b> Not sent; who asked for it has a new card.",
}


def toast(answer: Confirmation, said: str) -> str:
    """Return the short answer to an approver's press; *said* is what a requester would read."""
    if answer.outcome is Outcome.NOT_YOURS:
        return "This request is not for you to decide. Nothing was sent."
    return said


def still_waits(proposal: Proposal) -> Message:
    """Return what an approver is told whose approval could not be acted upon."""
    return Message(
        f"🔌 {headline(proposal)}\n<b>IBKR cannot be reached.</b> Nothing was sent, and it still waits: tap again when "
        f"the link is back.\nRef <code>{text(proposal.reference)}</code>",
        protect=True,
    )


def not_six_digits() -> Message:
    """Return the answer to a reply that is no code."""
    return Message(
        f"🔐 <b>That is no code.</b> {_NO_MARKET}\nIt is the 6 digits that your app shows, and nothing else."
    )


def enrolment(secret: str, picture: bytes) -> Message:
    """Return the picture that an authenticator app reads; *secret* is for who cannot scan it."""
    spaced = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return Message(
        "🔐 <b>Scan this with an authenticator app</b>, then type the 6 digits it shows.\n"
        f"Or type this key there: <tg-spoiler><code>{text(spaced)}</code></tg-spoiler>\n"
        "It is shown this once: after your first code I delete it here. Keep the app; without it an admin must reset "
        "you.",
        picture=picture,
        protect=True,
    )


def set_up(*, is_on: bool) -> Message:
    """Return the answer to a right first code."""
    when = (
        "Orders above the limit ask for a code from now on."
        if is_on
        else "Nothing asks for it yet: SECOND_STEP is off on the host."
    )
    return Message(f"✅ <b>Your authenticator app is set up.</b>\n{when} <code>/totp off</code> takes it away.")


def status(held: Enrolment, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return the answer to /totp of someone who has set it up."""
    locked = ""
    if held.locked_until is not None and now < held.locked_until:
        locked = (
            f"\n🔒 Locked until {clock(held.locked_until, zone)} after too many wrong codes; an admin can /unlock you."
        )
    return Message(
        "🔐 <b>Your authenticator app is set up.</b>\n"
        f"To take it away or move to another phone: <code>/totp off 123456</code>, with the code it shows.{locked}"
    )


def left() -> Message:
    """Return the answer to a good /totp off."""
    return Message(
        "✅ <b>Your authenticator app is not asked for any more.</b>\n"
        "The key in it is worthless now. /totp sets up a new one."
    )


def nothing_to_leave() -> Message:
    """Return the answer to /totp off of someone who has set up nothing."""
    return Message("🔐 <b>You have no authenticator app set up.</b> Nothing was changed. /totp sets one up.")


def how() -> Message:
    """Return the answer to a /totp that makes no sense."""
    return Message(
        "🤔 <b>I don't understand that.</b> Nothing was changed.\n<code>/totp</code> sets up your authenticator app\n"
        "<code>/totp off 123456</code> takes it away, with the code it shows"
    )


def private_only() -> Message:
    """Return the refusal to speak of codes where others read along."""
    return Message("🔐 <b>In our private chat only.</b> Nothing was changed.")


def code_for_nothing() -> Message:
    """Return the answer to a code of which the question is over."""
    return Message(
        "🔐 <b>Nothing waits for a code any more.</b> Nothing was sent by this one.\n"
        "/orders shows how your orders stand."
    )


def interrupted() -> Message:
    """Return the answer to a code that was being worked on when the bot ended."""
    return Message(
        "⚠️ <b>I was restarted while I worked on your code.</b> It is not used again.\n"
        "/orders shows whether the order was sent; if its card still stands, press Confirm there."
    )


def unlocked(user_id: int, *, was_locked: bool) -> Message:
    """Return the answer to /unlock."""
    said = "may type codes again" if was_locked else "was not locked; nothing was changed"
    return Message(f"🔓 <b>User {user_id}</b> {said}.")


def reset(user_id: int, *, was_there: bool) -> Message:
    """Return the answer to /unlock … reset."""
    if not was_there:
        return Message(f"🔐 <b>User {user_id} has no authenticator app set up.</b> Nothing was changed.")
    return Message(
        f"🔐 <b>User {user_id}'s authenticator app counts no more.</b> They can set up a new one with /totp."
    )


def which_user() -> Message:
    """Return the answer to an /unlock that names nobody."""
    return Message(
        "🔓 <b>Unlock whom?</b> Nothing was changed.\n<code>/unlock 222</code> after too many wrong codes\n"
        "<code>/unlock 222 reset</code> after a lost phone\n/users shows the ids."
    )


def not_yourself() -> Message:
    """Return the refusal to unlock oneself."""
    return Message(
        "🔒 <b>Not yourself.</b> Nothing was changed.\nAnother admin can; or whoever has the host: "
        "<code>squawkbot reset-totp</code>."
    )


def news(payload: Mapping[str, Any], _at: datetime) -> str:
    """Return the notice to admins about someone's second step."""
    return f"🔐 <b>User {int(payload['user_id'])}</b>: {_NEWS[str(payload['what'])]}"


def news_buttons(payload: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what an admin can do about it."""
    return ((button("👤 Open", Code.MEMBER_CARD, Place.ANEW, int(payload["user_id"])),),)


_NEWS = {
    "set up": "an authenticator app was set up. If it was not them, someone else has their Telegram account.",
    "locked": "5 wrong codes in a row, so none counts for an hour. If it was not them, someone else has their account.",
    "off": "their authenticator app was taken away, with a right code.",
}


@singledispatch
def refused(error: SecondStepError) -> str:
    """Return as HTML why the second step was not taken."""
    raise error


@refused.register
def _(_error: NotEnrolled) -> str:
    return (
        "🔐 <b>It takes a code of your authenticator app, and you have set up none.</b>\n"
        f"{_NO_MARKET} /totp sets one up, in our private chat."
    )


@refused.register
def _(error: WrongCode) -> str:
    if error.left:
        again = "1 more wrong one locks" if error.left == 1 else f"{error.left} more wrong ones lock"
        return f"🔐 <b>That is not the code.</b> {_NO_MARKET}\nType the one that the app shows now; {again} your codes."
    return (
        f"🔒 <b>Wrong for the fifth time: no code of yours counts for an hour.</b> {_NO_MARKET}\n"
        "An admin can end that with /unlock."
    )


@refused.register
def _(error: CodeUsed) -> str:
    return (
        f"🔐 <b>That code was used already.</b> {_NO_MARKET}\n"
        f"Each counts once: the next one comes within {span(timedelta(seconds=error.wait_s))}."
    )


@refused.register
def _(_error: StepLocked) -> str:
    return (
        f"🔒 <b>Your codes are locked</b> after too many wrong ones. {_NO_MARKET}\n"
        "It ends an hour after the last one; an admin can end it with /unlock."
    )


@refused.register
def _(_error: NoSecondPerson) -> str:
    return (
        "👥 <b>It takes a second person's approval, and there is nobody to ask.</b>\n"
        f"{_NO_MARKET} Another trader or admin must be in (see /users), or SECOND_STEP on the host be changed."
    )
