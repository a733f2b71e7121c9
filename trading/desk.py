"""
The order desk: the only door to an order.

A press on Confirm walks through it in this order: card, person, state and time; role; trading state, limits and the
live quote again; the atomic claim (durable before anything is sent); trading state and rate once more; submit. What
fails before the claim leaves the card standing or closes it; what fails after it never leads to a second try.
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from market.clock import Clock
from market.errors import BrokerError, LinkDown, MarketError, ReadOnlyApi
from market.instrument import Instrument
from market.ticket import OrderTicket, format_ticket
from trading.access import Role, Roster
from trading.appraisal import Appraisal, Appraiser
from trading.confirmation import Confirmation, Outcome, fate_of
from trading.draft import Drafter, reason
from trading.errors import NotAllowed, OrderDenied, OrderGone, ProposalGone
from trading.limits import (
    Limits,
    TradingState,
    TradingStateSource,
    always_active,
    check,
    check_rate,
    check_state,
    exact,
)
from trading.ports import AuditLog, Holdings, OrderGateway, ProposalStore, QuoteSource, SymbolBook
from trading.proposal import Leg, LegState, Proposal, ProposalState
from trading.sendable import require_sendable
from trading.turns import Turns

logger = logging.getLogger(__name__)

# A claim takes a millisecond. Where the database was locked meanwhile, what was checked before may not hold any more.
_CLAIM_TAKES_S = 5.0
_CLOCKS_DIFFER = timedelta(seconds=10)


def _new_token() -> str:
    """Return 128 random bits that fit into a button."""
    return secrets.token_urlsafe(16)


class OrderDesk:
    """
    Proposes orders, and sends the one that its person confirmed, once.

    *turns* must be the object that the `OrderTracker` holds too. *trading_state* is asked at the last line before
    the gateway. Everything is done for a `TRADER` or higher, whatever the gate said before.
    """

    def __init__(  # noqa: PLR0913  the one door has one lock for each key
        self,
        *,
        store: ProposalStore,
        gateway: OrderGateway,
        quotes: QuoteSource,
        symbols: SymbolBook,
        holdings: Holdings,
        roster: Roster,
        limits: Limits,
        clock: Clock,
        audit: AuditLog,
        turns: Turns,
        new_token: Callable[[], str] = _new_token,
        confirm_timeout_s: float = 60,
        drift_pct: float = 0.5,
        trading_state: TradingStateSource = always_active,
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._appraiser = Appraiser(quotes, symbols, holdings, clock)
        self._roster = roster
        self._limits = limits
        self._clock = clock
        self._audit = audit
        self._turns = turns
        self._drafter = Drafter(gateway, clock, new_token, timedelta(seconds=confirm_timeout_s))
        self._drift_pct = exact(drift_pct) or Decimal(0)
        self._trading_state = trading_state
        self._sent: dict[int, deque[datetime]] = {}

    async def propose(self, ticket: OrderTicket, *, user_id: int, chat_id: int) -> Proposal:
        """
        Check *ticket*, have IBKR preview it, and store it as a proposal that only *user_id* can confirm.

        The caller shows the card and then calls `shown`, or `void` if it cannot know whether the card arrived. Raises
        NotAllowed, TicketSyntaxError (see `require_sendable`), SymbolError, OrderDenied, LinkDown, RequestTimeout,
        BrokerError.
        """
        self._require_trader(user_id)
        require_sendable(ticket)
        account = self._appraiser.account()
        instrument = await self._appraiser.find(ticket.symbol)
        try:
            seen = await self._appraiser.appraise(instrument, account)
            self._check(ticket, instrument, seen, user_id)
        except OrderDenied as denial:
            await self._note(user_id, chat_id, "propose", format_ticket(ticket), "denied", denial.limit.value)
            raise
        draft = await self._drafter.draft(ticket, instrument, seen, user_id=user_id, chat_id=chat_id)
        proposal = await self._store.add(draft)
        await self._note(user_id, chat_id, "propose", proposal.reference, "proposed", format_ticket(ticket))
        return proposal

    async def shown(self, proposal_id: int, message_id: int) -> None:
        """Note the message that shows the card: only now can it be confirmed."""
        await self._store.bind(proposal_id, message_id)

    async def void(self, proposal_id: int) -> bool:
        """Kill a card of which nobody knows whether it arrived; False if it was over already."""
        return await self._store.close(proposal_id, ProposalState.VOID)

    async def confirm(self, token: str, *, user_id: int, chat_id: int, message_id: int) -> Confirmation:
        """
        Send the order behind *token*, if this press may, and say what came of it; never sends anything twice.

        Raises NotAllowed where the person is no trader (any more).
        """
        proposal = await self._store.by_token(token)
        try:
            answer = await self._confirm(proposal, user_id, chat_id, message_id)
        except NotAllowed as refusal:
            await self._note(user_id, chat_id, "confirm", _name(proposal), "not allowed", refusal.needed)
            raise
        detail = answer.denial.limit.value if answer.denial else answer.detail
        # The person must hear what became of the order, whatever becomes of the audit log.
        await _done(self._note(user_id, chat_id, "confirm", _name(proposal), answer.outcome.value, detail))
        return answer

    async def cancel(self, token: str, *, user_id: int, chat_id: int, message_id: int | None = None) -> Confirmation:
        """Close the card behind *token* unconfirmed: CANCELLED if it is now, else what became of it before."""
        proposal = await self._store.by_token(token)
        if proposal is None:
            return Confirmation(Outcome.GONE)
        if (proposal.user_id, proposal.chat_id) != (user_id, chat_id):
            return Confirmation(Outcome.NOT_YOURS)
        if message_id is not None and proposal.message_id not in {None, message_id}:
            return Confirmation(Outcome.GONE)
        answer = await self._close(proposal, ProposalState.CANCELLED, Outcome.CANCELLED)
        await _done(self._note(user_id, chat_id, "cancel", proposal.reference, answer.outcome.value, answer.detail))
        return answer

    async def cancel_order(self, proposal_id: int, *, user_id: int, chat_id: int) -> Proposal:
        """
        Ask IBKR to cancel what still works of a sent order; its end comes as news.

        For the order's own person or an admin. Raises NotAllowed, ProposalGone, OrderGone, LinkDown, RequestTimeout,
        BrokerError.
        """
        self._require_trader(user_id)
        proposal = await self._store.get(proposal_id)
        if proposal is None or not (user_id == proposal.user_id or self._roster.may(user_id, Role.ADMIN)):
            raise ProposalGone
        working = [leg for leg in proposal.legs if leg.order_id and not leg.state.is_final]
        if not working:
            raise OrderGone(proposal.legs[0].order_ref if proposal.legs else proposal.reference)
        for leg in working:
            await self._gateway.cancel(leg.order_id, leg.order_ref, leg.perm_id)
        # IBKR is asked already: nobody may hear that nothing was done.
        await _done(self._note(user_id, chat_id, "cancel order", proposal.reference, "asked", ""))
        return proposal

    async def expire_due(self) -> Sequence[Proposal]:
        """Close the cards whose time is up and return them, for their messages to be edited."""
        return await self._close_all(self._clock.now(), ProposalState.EXPIRED)

    async def cancel_all_proposed(self) -> Sequence[Proposal]:
        """Close every unconfirmed card (the bot is going down) and return them, for their messages to be edited."""
        # The longest life a setting allows is an hour: in a day each of them would be over.
        return await self._close_all(self._clock.now() + timedelta(days=1), ProposalState.CANCELLED)

    async def void_unshown(self) -> int:
        """
        Kill the cards of an earlier process whose message it did not live to note; return how many. Call at start.

        Such a card may stand in the chat, and nobody knows under which message id: it can never be claimed.
        """
        standing = await self._store.proposed_until(self._clock.now() + timedelta(days=1))
        closed = [await self.void(proposal.id) for proposal in standing if proposal.message_id is None]
        return sum(closed)

    async def _confirm(self, proposal: Proposal | None, user_id: int, chat_id: int, message_id: int) -> Confirmation:
        if proposal is not None and (proposal.user_id, proposal.chat_id) != (user_id, chat_id):
            return Confirmation(Outcome.NOT_YOURS)
        over = fate_of(proposal)
        if proposal is None or over is not None:
            return over or Confirmation(Outcome.GONE)
        now = self._clock.now()
        # The clock may have been set back since: nobody knows how old the card is then.
        if now >= proposal.expires or proposal.created - now > _CLOCKS_DIFFER:
            return await self._close(proposal, ProposalState.EXPIRED, Outcome.EXPIRED)
        if proposal.message_id is None:
            return Confirmation(Outcome.NOT_READY, proposal)
        if proposal.message_id != message_id:
            return Confirmation(Outcome.GONE, proposal)
        self._require_trader(user_id)
        return await self._check_and_send(proposal)

    async def _check_and_send(self, proposal: Proposal) -> Confirmation:
        """Look again at everything that may have changed since the card was shown, then send."""
        try:
            seen = await self._appraiser.appraise(proposal.instrument, proposal.account)
            self._check(proposal.ticket, proposal.instrument, seen, proposal.user_id)
        except LinkDown as error:
            return Confirmation(Outcome.LINK_DOWN, proposal, detail=error.reason)
        except BrokerError as error:
            return Confirmation(Outcome.LINK_DOWN, proposal, detail=reason(error))
        except OrderDenied as denial:
            answer = await self._close(proposal, ProposalState.DENIED, Outcome.DENIED)
            return replace(answer, denial=denial) if answer.outcome is Outcome.DENIED else answer
        if seen.drift_pct(proposal) > self._drift_pct:
            return await self._replace(proposal, seen)
        looked = self._clock.monotonic()
        async with self._turns.of(proposal.id):
            return await self._send(proposal, seen, looked)

    async def _send(self, proposal: Proposal, seen: Appraisal, looked: float) -> Confirmation:
        """Claim what was *seen* at *looked*, check for the last time, submit. Held in the proposal's turn."""
        claimed = await self._store.claim(
            proposal.token,
            user_id=proposal.user_id,
            chat_id=proposal.chat_id,
            message_id=proposal.message_id or 0,
            digest=proposal.digest,
            now=self._clock.now(),
        )
        if claimed is None:
            return await self._lost(proposal)
        if self._clock.monotonic() - looked > _CLAIM_TAKES_S:
            await _done(self._store.settle(claimed.id, ProposalState.CANCELLED))
            return Confirmation(Outcome.TOO_SLOW, claimed.with_state(ProposalState.CANCELLED))
        leg = claimed.legs[0]
        try:
            # From here to the gateway nothing may be awaited: another order could slip through in between.
            self._last_check(claimed, seen.position)
            order_id = await self._gateway.submit(claimed.order_of(leg), leg.order_ref)
        except OrderDenied as denial:
            await _done(self._store.settle(claimed.id, ProposalState.DENIED))
            return Confirmation(Outcome.DENIED, claimed.with_state(ProposalState.DENIED), denial=denial)
        except (LinkDown, ReadOnlyApi) as error:
            await _done(self._store.settle(claimed.id, ProposalState.CANCELLED))
            return Confirmation(Outcome.NOT_SENT, claimed.with_state(ProposalState.CANCELLED), detail=reason(error))
        except MarketError as error:
            lost = replace(leg, state=LegState.UNKNOWN, message=reason(error))
            return await self._submitted(claimed, lost, Outcome.UNKNOWN)
        sent = replace(leg, state=LegState.SENT, order_id=order_id, client_id=self._gateway.client_id)
        return await self._submitted(claimed, sent, Outcome.SENT)

    async def _submitted(self, claimed: Proposal, leg: Leg, outcome: Outcome) -> Confirmation:
        is_noted = await _done(self._note_submitted(claimed, leg))
        now = claimed.with_leg(leg).with_state(ProposalState.SUBMITTED)
        if not is_noted and outcome is Outcome.SENT:
            return Confirmation(Outcome.UNNOTED, now)
        return Confirmation(outcome, now, detail=leg.message)

    async def _note_submitted(self, claimed: Proposal, leg: Leg) -> None:
        await self._store.save_leg(claimed.id, leg)
        await self._store.settle(claimed.id, ProposalState.SUBMITTED)

    async def _lost(self, proposal: Proposal) -> Confirmation:
        """Say why there was nothing to claim: another press was first, or its time ran out meanwhile."""
        now = await self._store.get(proposal.id)
        over = fate_of(now)
        if over is not None:
            return over
        if self._clock.now() >= proposal.expires:
            return await self._close(proposal, ProposalState.EXPIRED, Outcome.EXPIRED)
        return Confirmation(Outcome.GONE, now)

    async def _replace(self, proposal: Proposal, seen: Appraisal) -> Confirmation:
        """The price moved: close this card and store a new one. Only the press that closed the old makes a new."""
        draft = await self._drafter.draft(
            proposal.ticket, proposal.instrument, seen, user_id=proposal.user_id, chat_id=proposal.chat_id
        )
        answer = await self._close(proposal, ProposalState.REPLACED, Outcome.DRIFTED)
        if answer.outcome is not Outcome.DRIFTED:
            return answer
        return replace(answer, replacement=await self._store.add(draft))

    async def _close(self, proposal: Proposal, state: ProposalState, outcome: Outcome) -> Confirmation:
        """PROPOSED -> *state* and answer *outcome*; where it was over already, what became of it."""
        if await self._store.close(proposal.id, state):
            return Confirmation(outcome, proposal.with_state(state))
        now = await self._store.get(proposal.id)
        return fate_of(now) or Confirmation(Outcome.GONE, now)

    async def _close_all(self, until: datetime, state: ProposalState) -> Sequence[Proposal]:
        closed = []
        for proposal in await self._store.proposed_until(until):
            if await self._store.close(proposal.id, state):
                closed.append(proposal.with_state(state))
                await self._note(proposal.user_id, proposal.chat_id, "close", proposal.reference, state.value, "")
        return closed

    def _check(self, ticket: OrderTicket, instrument: Instrument, seen: Appraisal, user_id: int) -> None:
        given = seen.circumstances(self._state(), self._recent(user_id))
        check(self._limits, ticket, instrument, given)

    def _last_check(self, claimed: Proposal, position: Decimal) -> None:
        """Ask once more what may have changed during the claim, and count the order; raises OrderDenied."""
        check_state(claimed.ticket, self._state(), position)
        check_rate(self._limits, self._recent(claimed.user_id))
        self._sent.setdefault(claimed.user_id, deque()).append(self._clock.now())

    def _state(self) -> TradingState:
        """Return the trading state; one that cannot be read is HALTED."""
        try:
            return self._trading_state()
        except OSError:
            return TradingState.HALTED

    def _recent(self, user_id: int) -> int:
        """Return how many orders the person sent within the last minute."""
        sent = self._sent.get(user_id, deque())
        since = self._clock.now() - timedelta(minutes=1)
        while sent and sent[0] <= since:
            sent.popleft()
        return len(sent)

    def _require_trader(self, user_id: int) -> None:
        if not self._roster.may(user_id, Role.TRADER):
            raise NotAllowed(Role.TRADER.name.lower())

    async def _note(self, user_id: int, chat_id: int, action: str, subject: str, outcome: str, detail: str) -> None:
        await self._audit.write(self._clock.now(), user_id, chat_id, action, subject, outcome, detail)


async def _done(note: Coroutine[Any, Any, None]) -> bool:
    """
    Return whether *note* was stored; log why it was not.

    The press is decided: no error of the store may keep its person from hearing how, whatever kind the store raises.
    What IBKR says of an order is stored when it comes.
    """
    noting = asyncio.ensure_future(note)
    await asyncio.wait({noting})
    error = None if noting.cancelled() else noting.exception()
    if error is not None:
        logger.error("what became of a press could not be noted", exc_info=error)
    return error is None and not noting.cancelled()


def _name(proposal: Proposal | None) -> str:
    return proposal.reference if proposal else ""
