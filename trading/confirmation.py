"""What came of a press on a proposal's card."""

from dataclasses import dataclass
from enum import StrEnum

from trading.errors import OrderDenied
from trading.leaving import may_have_left
from trading.proposal import Proposal, ProposalState


class Outcome(StrEnum):
    """
    What became of the press. Only SENT, UNNOTED, PARTLY and UNKNOWN may have reached IBKR.

    * SENT         this press sent the order
    * UNNOTED      this press sent the order, but the store could not keep that
    * PARTLY       of several orders some were sent and some not, and those never will be: the legs tell, `detail` why
    * ALREADY      an earlier press confirmed it; the proposal's legs say what became of it
    * UNKNOWN      the library failed while sending: perhaps sent, never sent again, reconciled later
    * EXPIRED      its time ran out
    * CANCELLED    a person cancelled it (also the answer to a good Cancel)
    * REPLACED     there is a newer card
    * DRIFTED      the price moved too far: `replacement` is the new card to show, this one is dead
    * DENIED       a limit of ours forbids it now: `denial` says which; this card is dead
    * NOT_YOURS    someone else's card, or another chat
    * NOT_READY    Telegram has not told the card's message id yet: tap again in a moment
    * LINK_DOWN    no usable link to IBKR: nothing sent, the card still stands until its time
    * NOT_SENT     the link (or the gateway's read-only setting) failed right after the claim: nothing sent, card dead
    * ORDER_GONE   the order whose terms were to change does not work any more: nothing sent, card dead
    * OVERTAKEN    the order whose terms were to change has others by now than the card showed: nothing sent, card dead,
                   `replacement` is the new card to show, None where there can be none
    * TOO_SLOW     the claim took so long that what was checked before it is too old: nothing sent, card dead
    * SECOND_STEP  a code is wanted (the card still stands), or another person's approval (it is AWAITING_SECOND now)
    * GONE         no such card, or an old copy of it
    """

    SENT = "sent"
    UNNOTED = "sent unnoted"
    PARTLY = "partly"
    ALREADY = "already"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REPLACED = "replaced"
    DRIFTED = "drifted"
    DENIED = "denied"
    NOT_YOURS = "not yours"
    NOT_READY = "not ready"
    LINK_DOWN = "link down"
    NOT_SENT = "not sent"
    ORDER_GONE = "order gone"
    OVERTAKEN = "overtaken"
    TOO_SLOW = "too slow"
    SECOND_STEP = "second step"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """
    The answer to a press; *proposal* as it now stands (None for GONE without a trace and NOT_YOURS).

    *replacement* is the new proposal of DRIFTED and OVERTAKEN, *denial* the limit of DENIED (None where an earlier
    press met it). *detail* is IBKR's or the link's own reason, or for ALREADY the state of the order; never a sentence.
    """

    outcome: Outcome
    proposal: Proposal | None = None
    replacement: Proposal | None = None
    detail: str = ""
    denial: OrderDenied | None = None


_FATES = {
    ProposalState.CONFIRMED: Outcome.ALREADY,
    ProposalState.SUBMITTED: Outcome.ALREADY,
    ProposalState.CANCELLED: Outcome.CANCELLED,
    ProposalState.EXPIRED: Outcome.EXPIRED,
    ProposalState.REPLACED: Outcome.REPLACED,
    ProposalState.DENIED: Outcome.DENIED,
    ProposalState.VOID: Outcome.GONE,
    ProposalState.AWAITING_SECOND: Outcome.SECOND_STEP,
}


def fate_of(proposal: Proposal | None) -> Confirmation | None:
    """Return the answer to a press on a *proposal* that is over or AWAITING_SECOND, or None for a PROPOSED one."""
    if proposal is None:
        return Confirmation(Outcome.GONE)
    outcome = _FATES.get(proposal.state)
    if outcome is None:
        return None
    detail = _standing(proposal) if outcome is Outcome.ALREADY and proposal.legs else ""
    return Confirmation(outcome, proposal, detail=detail)


def _standing(proposal: Proposal) -> str:
    first = proposal.legs[0]
    return "perhaps sent" if may_have_left(proposal, first) else first.state.value
