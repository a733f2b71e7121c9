"""Orders: what became of each."""

from bot.views.legs import all_legs
from bot.views.message import Message
from bot.views.order_words import headline
from trading.proposal import Proposal, ProposalState

_OVER = {
    ProposalState.CANCELLED: "✖️ cancelled, not sent",
    ProposalState.EXPIRED: "⌛ expired, not sent",
    ProposalState.REPLACED: "replaced by a new card, not sent",
    ProposalState.DENIED: "⛔ denied, not sent",
    ProposalState.VOID: "void, not sent",
}


def fate(proposal: Proposal) -> Message:
    """Return what became of a proposal, for its card once it is over."""
    told = f"📝 {headline(proposal)}\n{fate_words(proposal)}\nRef <code>{proposal.reference}</code>"
    return Message(told, protect=True)


def fate_words(proposal: Proposal) -> str:
    """Return in a few words how a proposal stands, safe for HTML."""
    if proposal.state is ProposalState.PROPOSED:
        return "waits for Confirm"
    if proposal.state is ProposalState.AWAITING_SECOND:
        return "waits for a second person"
    if proposal.state in _OVER:
        return _OVER[proposal.state]
    return all_legs(proposal) or "sent"
