"""Orders: what became of each, and the list."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views.keyboard import button, grid, rows, shortened
from bot.views.legs import all_legs
from bot.views.message import Message, Style
from bot.views.numbers import moment
from bot.views.order_words import headline
from trading.proposal import Proposal, ProposalState

_OVER = {
    ProposalState.CANCELLED: "✖️ cancelled, not sent",
    ProposalState.EXPIRED: "⌛ expired, not sent",
    ProposalState.REPLACED: "replaced by a new card, not sent",
    ProposalState.DENIED: "⛔ denied, not sent",
    ProposalState.VOID: "void, not sent",
}


NOT_CANCELLED = (
    "Not cancelled: IBKR cannot be reached, and the order still works there. "
    "Tap Cancel again when the link is back, or cancel it in TWS or IBKR Mobile."
)
"""The answer to a cancel while the link is down (200 characters at most: Bot API, answerCallbackQuery)."""


def listing(proposals: Sequence[Proposal], *, now: datetime, zone: ZoneInfo) -> Message:
    """Return a user's latest orders: those that work first, each with its cancel button."""
    if not proposals:
        return Message(
            "📋 <b>No orders yet.</b>\nType one, for example <code>buy 10 AAPL 199.5</code>; "
            "nothing is sent before you press Confirm."
        )
    working = [one for one in proposals if _is_open(one)]
    settled = [one for one in proposals if not _is_open(one)]
    lines = [f"📋 <b>Orders</b> · {len(working)} open"]
    for title, some in (("Open", working), ("Latest", settled)):
        if some:
            lines += ["", f"<b>{title}</b>", *(_list_line(one, now=now, zone=zone) for one in some)]
    cancels = [
        button(
            f"✖️ Cancel {one.reference} {shortened(one.instrument.label, 10)}",
            Code.ORDER_WITHDRAW,
            Place.HERE,
            one.id,
            style=Style.DANGER,
        )
        for one in working
        if one.state is ProposalState.SUBMITTED
    ]
    return Message(
        "\n".join(lines), rows(*grid(cancels, 2), (button("🔄 Refresh", Code.ORDER_LIST, Place.HERE),)), protect=True
    )


def fate(proposal: Proposal) -> Message:
    """Return what became of a proposal, for its card once it is over."""
    return Message(f"📝 {headline(proposal)}\n{_fate(proposal)}\nRef <code>{proposal.reference}</code>", protect=True)


def _is_open(proposal: Proposal) -> bool:
    if proposal.state is ProposalState.PROPOSED:
        return True
    settled = {ProposalState.CONFIRMED, ProposalState.SUBMITTED}
    return proposal.state in settled and any(not leg.state.is_final for leg in proposal.legs)


def _list_line(proposal: Proposal, *, now: datetime, zone: ZoneInfo) -> str:
    when = moment(proposal.created, zone, now)
    return f"{proposal.reference} {headline(proposal)}\n   {_fate(proposal)} · {when}"


def _fate(proposal: Proposal) -> str:
    if proposal.state is ProposalState.PROPOSED:
        return "waits for Confirm"
    if proposal.state in _OVER:
        return _OVER[proposal.state]
    return all_legs(proposal) or "sent"
