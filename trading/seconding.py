"""
The second step on the way of an order: between the last look at the market and the claim.

A code is looked at right then, so that a code used up is a code that had everything else right. Where another person
must approve, the proposal waits: PROPOSED -> AWAITING_SECOND, with the approvers' own buttons, and from there only one
of these leads on.
"""

from decimal import Decimal

from market.clock import Clock
from trading.access import Role, Roster
from trading.confirmation import Confirmation, Outcome, fate_of
from trading.errors import NotAllowed
from trading.exposure import value_beside
from trading.guards import Pairs
from trading.ports import ProposalStore
from trading.proposal import Proposal, ProposalState
from trading.second_step import APPROVAL_LASTS, Approval, SecondStep, StepKind

_NOTES = {
    StepKind.CODE: "above the limit for one tap: Confirm asks for your code",
    StepKind.PERSON: "above the limit for one person: Confirm asks for another's approval",
}


class Seconder:
    """
    Says what still lacks for an order to go, and whether a press of another person is the approval it waits for.

    Without a *step* nothing ever lacks.
    """

    def __init__(self, step: SecondStep | None, store: ProposalStore, roster: Roster, clock: Clock) -> None:
        self._step = step
        self._store = store
        self._roster = roster
        self._clock = clock

    def notes(self, pairs: Pairs) -> tuple[str, ...]:
        """Return what a card says before its Confirm about the second step that the orders take."""
        kind = StepKind.OFF if self._step is None else self._step.wanted(value_of(pairs))
        return (_NOTES[kind],) if kind in _NOTES else ()

    async def hold_up(self, proposal: Proposal, pairs: Pairs, code: str) -> Confirmation | None:
        """
        Return what is to be said instead of sending, or None where nothing lacks: then *code* is used up.

        Raises NotEnrolled, WrongCode, CodeUsed, StepLocked, NoSecondPerson.
        """
        if self._step is None or proposal.state is ProposalState.AWAITING_SECOND:
            return None
        match self._step.wanted(value_of(pairs)):
            case StepKind.OFF:
                return None
            case StepKind.CODE if code:
                await self._step.check(proposal.user_id, code)
                return None
            case StepKind.CODE:
                await self._step.require_enrolled(proposal.user_id)
                return Confirmation(Outcome.SECOND_STEP, proposal)
            case StepKind.PERSON:
                return await self._hold(self._step, proposal)

    async def found(self, token: str) -> Proposal | None:
        """Return the proposal that *token* would approve, whatever became of it."""
        button = await self._button(token)
        return None if button is None else await self._store.get(button.proposal_id)

    async def wanted_of(self, token: str, *, user_id: int, chat_id: int, message_id: int) -> Proposal | Confirmation:
        """
        Return the proposal that this press of another person approves, or what is to be said instead.

        Raises NotAllowed where either person is no trader any more.
        """
        button = await self._button(token)
        if button is None:
            return Confirmation(Outcome.GONE)
        proposal = await self._store.get(button.proposal_id)
        if proposal is None or not _is_own(button, proposal, user_id, chat_id):
            return Confirmation(Outcome.NOT_YOURS)
        if proposal.state is not ProposalState.AWAITING_SECOND:
            return fate_of(proposal) or Confirmation(Outcome.GONE, proposal)
        if button.message_id is None:
            return Confirmation(Outcome.NOT_READY, proposal)
        if button.message_id != message_id:
            return Confirmation(Outcome.GONE, proposal)
        for person in (user_id, proposal.user_id):
            if not self._roster.may(person, Role.TRADER):
                raise NotAllowed(Role.TRADER.name.lower())
        return proposal

    async def _button(self, token: str) -> Approval | None:
        return None if self._step is None else await self._step.approval(token)

    async def _hold(self, step: SecondStep, proposal: Proposal) -> Confirmation:
        """Let it wait for another person, unless another press was first."""
        await step.ask(proposal.id, proposal.user_id)
        now = self._clock.now()
        held = await self._store.hold(proposal, now=now, until=now + APPROVAL_LASTS)
        if held is not None:
            return Confirmation(Outcome.SECOND_STEP, held)
        standing = await self._store.get(proposal.id)
        return fate_of(standing) or Confirmation(Outcome.GONE, standing)


def value_of(pairs: Pairs) -> Decimal | None:
    """Return what the orders of one Confirm come to together, in the accounts' currency; None where it is not known."""
    total = Decimal(0)
    for order, seen in pairs:
        value = value_beside(seen.closable, order.ticket, order.instrument, seen.quote, order.rival_price)
        account = seen.summary
        in_base = None if value is None or account is None else account.in_base(value, order.instrument.currency)
        if in_base is None:
            return None
        total += in_base
    return total


def _is_own(button: Approval, proposal: Proposal, user_id: int, chat_id: int) -> bool:
    return button.user_id == user_id == chat_id and user_id != proposal.user_id
