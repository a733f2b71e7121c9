"""What a press on a proposal's card came to: on the card, and in the toast."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from bot.callback_data import Code, Place
from bot.views.denial import denied
from bot.views.keyboard import button, line_button, rows, shortened
from bot.views.legs import all_legs, leg_lines
from bot.views.message import Button, Message, text
from bot.views.order_words import headline, is_change, is_list
from market.ticket import OrderTicket, format_ticket
from trading.confirmation import Confirmation, Outcome
from trading.proposal import Proposal, ProposalState

_REASON = 300
_SEVERAL = {Outcome.SENT, Outcome.UNNOTED, Outcome.PARTLY, Outcome.UNKNOWN, Outcome.ALREADY}
_CLAIMED = {ProposalState.CONFIRMED, ProposalState.SUBMITTED}


def sending(proposal: Proposal) -> Message:
    """Return what the card shows, without a keyboard, while the order is checked again and sent."""
    return Message(
        f"⏳ {headline(proposal)}\nChecking once more, then sending. Ref <code>{proposal.reference}</code>",
        protect=True,
    )


def outcome(confirmation: Confirmation) -> Message | None:
    """
    Return what the card shows after a press, or None where the card must stay as it is.

    Where that may be meant again, it has a button that asks for a new card.
    """
    proposal = confirmation.proposal
    words = _OUTCOMES.get(confirmation.outcome)
    if proposal is None or words is None:
        return None
    mark, told, again = words
    body = [f"{mark} {headline(proposal)}", told]
    if confirmation.outcome is Outcome.DENIED and confirmation.denial is not None:
        body.insert(1, denied(confirmation.denial))
    elif confirmation.outcome is Outcome.ALREADY:
        body.append(f"Now: {all_legs(proposal) or 'not known yet'}")
    elif confirmation.detail and confirmation.outcome is not Outcome.PARTLY:
        said = shortened(confirmation.detail, _REASON)
        body.append(f"<i>{text(said[0].upper() + said[1:])}</i>")
    if confirmation.outcome in _SEVERAL:
        body += leg_lines(proposal)
    body.append(f"Ref <code>{text(proposal.reference)}</code>")
    fresh = anew(proposal) if again else ()
    more = () if again else (button("📋 Orders", Code.ORDER_LIST, Place.ANEW),)
    return Message("\n".join(body), rows(fresh, more), protect=True)


def anew(proposal: Proposal) -> tuple[Button, ...]:
    """Return the button that asks for the same order once more; none for lists and changes, which began elsewhere."""
    if is_list(proposal) or is_change(proposal):
        return ()
    return line_button("🔁 New card", Code.ORDER_LINE, format_ticket(asked_again(proposal)))


def asked_again(proposal: Proposal) -> OrderTicket:
    """Return the ticket as it was asked for: a size in money or percent is worked out anew."""
    if proposal.asked is None:
        return proposal.ticket
    return replace(proposal.ticket, quantity=Decimal(0), size=proposal.asked)


def interrupted(proposal: Proposal, *, now: datetime) -> Message:
    """
    Return what is told of a press on a card that an earlier process had in hand when it ended.

    Before anything is sent it is stored that it will be: a card that still waits has sent nothing.
    """
    gist, then = "not sent", "That card is over. Write the order again if you still want it."
    if proposal.state in _CLAIMED:
        legs = all_legs(proposal) or "not known yet"
        gist = "look before you repeat it"
        then = f"It is not sent again. Now: {legs}. What IBKR knows of it is told here; /orders shows how it stands."
    elif proposal.state is ProposalState.PROPOSED and now < proposal.expires:
        then = f"The card still stands: press again within <b>{seconds_left(proposal, now)} s</b>."
    elif proposal.state is ProposalState.AWAITING_SECOND and now < proposal.expires:
        gist = "not sent, waits for a second person"
        left = seconds_left(proposal, now)
        then = f"An approval within <b>{left} s</b> still sends it: do not write it again before that is over."
    about = f"I was restarted while I worked on your press. {then}\nRef <code>{text(proposal.reference)}</code>"
    return Message(f"⚠️ {headline(proposal)} · <b>{gist}</b>\n{about}", protect=True)


def seconds_left(proposal: Proposal, now: datetime) -> int:
    """Return how long a card can still be confirmed."""
    return max(0, round((proposal.expires - now).total_seconds()))


def toast(confirmation: Confirmation) -> str:
    """Return the short answer to a press on a card (Bot API: at most 200 characters)."""
    reference = confirmation.proposal.reference if confirmation.proposal else ""
    detail = f": {confirmation.detail}" if confirmation.detail and confirmation.outcome is Outcome.ALREADY else ""
    return shortened(_TOASTS[confirmation.outcome].format(ref=reference, detail=detail), 200)


# What the card then shows: its mark, its sentence, and whether a new card is offered.
_OUTCOMES = {
    Outcome.SENT: ("🕓", "Sent to IBKR. What becomes of it comes as an answer to this message.", False),
    Outcome.UNNOTED: (
        "⚠️",
        "<b>Sent to IBKR</b>, but I could not note it. <b>Do not send it again</b>; /orders shows how it stands.",
        False,
    ),
    Outcome.PARTLY: (
        "⚠️",
        "<b>Only a part was sent.</b> The rest was not, and never will be by itself. What was sent is told below.",
        False,
    ),
    Outcome.ALREADY: ("🕓", "Was confirmed before and is not sent again.", False),
    Outcome.UNKNOWN: (
        "⚠️",
        (
            "<b>Status unknown.</b> The link failed while it was sent. <b>Do not send it again</b>: I look for it at "
            "IBKR as soon as the link is back and tell you what I find."
        ),
        False,
    ),
    Outcome.EXPIRED: ("⌛", "<b>Expired.</b> Not sent. The price may have moved.", True),
    Outcome.CANCELLED: ("✖️", "<b>Cancelled.</b> Not sent.", True),
    Outcome.REPLACED: ("✖️", "<b>Replaced</b> by a newer card. This one was not sent.", False),
    Outcome.DRIFTED: (
        "⚠️",
        "<b>The price has moved.</b> Not sent. The card below asks again, with the market as it is now.",
        False,
    ),
    Outcome.DENIED: ("⛔", "Nothing was sent to the market.", True),
    Outcome.NOT_SENT: ("🔌", "<b>The link failed just before.</b> Nothing was sent.", True),
    Outcome.ORDER_GONE: ("✖️", "<b>The order does not work any more.</b> Nothing was changed or sent.", False),
    Outcome.OVERTAKEN: (
        "⚠️",
        (
            "<b>The order is another by now</b> than this card showed: a part of it or of what goes with it was "
            "filled, or it was changed in TWS. Nothing was changed or sent."
        ),
        False,
    ),
    Outcome.TOO_SLOW: (
        "🐌",
        "<b>Too late.</b> My database was slow, and the price that I had checked is old by now. Nothing was sent.",
        True,
    ),
    Outcome.GONE: ("⌛", "<b>This card is over.</b> Nothing was sent by this tap.", True),
}
_TOASTS = {
    Outcome.SENT: "Sent, ref {ref}",
    Outcome.UNNOTED: "Sent, ref {ref}, but I could not note it. Do not send it again; see /orders",
    Outcome.PARTLY: "Only a part was sent, ref {ref}: see the card. The rest never will be.",
    Outcome.ALREADY: "Confirmed before, ref {ref}{detail}. Not sent again.",
    Outcome.UNKNOWN: "Unknown whether it was sent. Do not send it again, ref {ref}",
    Outcome.EXPIRED: "Expired. Not sent.",
    Outcome.CANCELLED: "Cancelled. Not sent.",
    Outcome.REPLACED: "There is a newer card. This one was not sent.",
    Outcome.SECOND_STEP: "A second step is wanted, see below. Nothing was sent yet.",
    Outcome.DRIFTED: "The price has moved: see the new card. Not sent.",
    Outcome.DENIED: "Denied, see the card. Not sent.",
    Outcome.NOT_YOURS: "This card is someone else's. Nothing was sent.",
    Outcome.NOT_READY: "One moment, tap again. Nothing was sent yet.",
    Outcome.LINK_DOWN: "IBKR cannot be reached. Nothing was sent; tap again when the link is back.",
    Outcome.NOT_SENT: "The link failed. Nothing was sent.",
    Outcome.ORDER_GONE: "The order does not work any more. Nothing was changed or sent.",
    Outcome.OVERTAKEN: "The order is another by now than the card showed. Nothing was changed or sent.",
    Outcome.TOO_SLOW: "My database was slow, the price checked is old by now. Not sent.",
    Outcome.SECOND_STEP: "It takes a second step: see below. Nothing was sent yet.",
    Outcome.GONE: "This card is over. Nothing was sent by this tap.",
}
