"""Orders: how one is spelled, what became of it, and the list."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views.keyboard import button, grid, rows, shortened
from bot.views.message import Message, Style, text
from bot.views.numbers import exact, moment, quantity
from market.account import is_paper_account
from market.instrument import Instrument
from market.ticket import OrderTicket, OrderType, TimeInForce
from trading.proposal import Leg, LegState, Proposal, ProposalState

_FORCE = {TimeInForce.DAY: "Good for the day", TimeInForce.GTC: "Good till cancelled"}
_STATES = {
    LegState.UNSENT: "🕓 not sent yet",
    LegState.SENT: "🕓 sent",
    LegState.WORKING: "🕓 working",
    LegState.PARTIAL: "🕓 partly filled",
    LegState.FILLED: "✅ filled",
    LegState.REJECTED: "❌ rejected",
    LegState.CANCELLED: "✖️ cancelled",
    LegState.EXPIRED: "⌛ expired",
    LegState.UNKNOWN: "⚠️ unknown",
}
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


def venue(account: str) -> str:
    """Return PAPER, or LIVE so that it cannot be overlooked."""
    return "PAPER" if is_paper_account(account) else "🔴 <b>LIVE</b>"


def spelled(ticket: OrderTicket, instrument: Instrument) -> str:
    """Return the order in one line of plain text: `BUY 10 AAPL LIMIT 199.50`."""
    head = f"{ticket.side.value} {quantity(ticket.quantity)} {instrument.label}"
    if ticket.order_type is OrderType.LIMIT and ticket.limit_price is not None:
        return f"{head} LIMIT {exact(ticket.limit_price, instrument.decimals)}"
    return f"{head} MARKET" if ticket.order_type is OrderType.MARKET else head


def terms(ticket: OrderTicket) -> str:
    """Return how long and when the order may work."""
    hours = "outside regular hours too" if ticket.outside_rth else "regular hours only"
    return f"{_FORCE[ticket.time_in_force]} · {hours}"


def headline(proposal: Proposal) -> str:
    """Return PAPER or LIVE and the order, safe for HTML: how every message about it begins."""
    return f"{venue(proposal.account)} · <b>{text(spelled(proposal.ticket, proposal.instrument))}</b>"


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


def filled_line(leg: Leg, proposal: Proposal) -> str:
    """Return how much of an order is filled and at what average, safe for HTML."""
    line = f"filled {quantity(leg.filled)} of {quantity(proposal.ticket.quantity)}"
    if leg.average_price is not None and leg.filled:
        line += f" @ avg <code>{exact(round(leg.average_price, 4), proposal.instrument.decimals)}</code>"
    return line


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
    return ", ".join(leg_words(leg, proposal) for leg in proposal.legs) or "sent"


def leg_words(leg: Leg, proposal: Proposal) -> str:
    """Return what became of one leg, safe for HTML."""
    words = _STATES[leg.state]
    if leg.filled:
        words += f" · {filled_line(leg, proposal)}"
    if leg.message and leg.state is LegState.REJECTED:
        words += f": {text(shortened(leg.message, 120))}"
    return words
