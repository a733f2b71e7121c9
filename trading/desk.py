"""
The order desk: the only door to an order.

A press on Confirm walks through it in this order: card, person, state and time; role; trading state, limits and the
live quote again; the second step where one is wanted; the atomic claim (durable before anything is sent); trading state
and limits once more; submit. What fails before the claim leaves the card standing or closes it; what fails after it
never leads to a second try.

Longer than 400 lines, because who may do what to a proposal is to be read in one place.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from market.clock import Clock
from market.errors import BrokerError, LinkDown, MarketError
from market.ticket import OrderTicket, format_ticket
from trading.access import Role, Roster
from trading.age import Ages
from trading.appraisal import Appraisal, Appraiser
from trading.confirmation import Confirmation, Outcome, fate_of
from trading.disowning import Disowning
from trading.draft import Drafter, Wish, reason
from trading.drift import drift_pct
from trading.errors import NotAllowed, OrderDenied, ProposalGone, TradingError
from trading.exposure import exact
from trading.guards import Guards, Others, Pairs
from trading.ports import AuditLog, Holdings, OrderGateway, ProposalStore, QuoteSource, SymbolBook
from trading.proposal import LegOrder, LegRole, Proposal, ProposalState
from trading.proposing import Proposer
from trading.second_step import APPROVAL_LASTS, SecondStep
from trading.seconding import Seconder
from trading.sendable import require_sendable
from trading.sending import Sender, done
from trading.turns import Turns
from trading.withdrawal import Withdrawal, Withdrawn

_CLOCKS_DIFFER = timedelta(seconds=10)


def _new_token() -> str:
    """Return 128 random bits that fit into a button."""
    return secrets.token_urlsafe(16)


def _new_group() -> str:
    """Return a name for orders that cancel each other, as there is none at IBKR, whatever a database begins anew."""
    return f"sb-{secrets.token_hex(8)}"


class OrderDesk:
    """
    Proposes orders, and sends the one that its person confirmed, once.

    *turns* must be the object that the `OrderTracker` holds too. The *guards* are asked up to the last line before the
    gateway. Everything is done for a `TRADER` or higher, whatever the gate said before. *second_step* says which orders
    take more than a Confirm; without it none does.
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
        guards: Guards,
        clock: Clock,
        audit: AuditLog,
        turns: Turns,
        new_token: Callable[[], str] = _new_token,
        new_group: Callable[[], str] = _new_group,
        confirm_timeout_s: float = 60,
        drift_pct: float = 0.5,
        second_step: SecondStep | None = None,
    ) -> None:
        self._store = store
        self._roster = roster
        self._guards = guards
        self._clock = clock
        self._audit = audit
        self._turns = turns
        self._proposer = Proposer(Appraiser(quotes, symbols, holdings, clock), gateway, store, new_group)
        self._drafter = Drafter(gateway, clock, new_token, timedelta(seconds=confirm_timeout_s))
        self._sender = Sender(store, gateway, guards, clock)
        self._withdrawal = Withdrawal(store, gateway, turns)
        self._disowning = Disowning(store, gateway, turns, clock)
        self._seconder = Seconder(second_step, store, roster, clock)
        self._drift_pct = exact(drift_pct) or Decimal(0)
        self._ages = Ages(clock)

    async def propose(self, ticket: OrderTicket, *, user_id: int, chat_id: int, account: str = "") -> Proposal:
        """
        Check *ticket*, have IBKR preview it, and store it as a proposal that only *user_id* can confirm.

        It is for *account*, "" for the default one. The caller shows the card and then calls `shown`, or `void` if it
        cannot know whether the card arrived. Raises NotAllowed, TicketSyntaxError (no price), SymbolError, NotSizable,
        UnknownAccount, OrderDenied, LinkDown, RequestTimeout, BrokerError.
        """
        self._require_trader(user_id)
        require_sendable(ticket)
        try:
            wish, seen = await self._proposer.of_ticket(ticket, account)
        except OrderDenied as denial:
            await self._note_denied(user_id, chat_id, ticket, denial)
            raise
        return await self._propose(wish, seen, user_id, chat_id)

    async def propose_list(
        self, ticket: OrderTicket, orders: Sequence[LegOrder], *, user_id: int, chat_id: int, notes: Sequence[str] = ()
    ) -> Proposal:
        """
        Propose several orders (of role PART) as one, to be sent in their order by one Confirm.

        *ticket* is that of the first; *notes* stand on the card with the warnings. Raises as `propose`.
        """
        self._require_trader(user_id)
        for order in orders:
            require_sendable(order.ticket)
        try:
            wish, seen = await self._proposer.of_list(ticket, orders, notes)
        except OrderDenied as denial:
            await self._note_denied(user_id, chat_id, ticket, denial)
            raise
        return await self._propose(wish, seen, user_id, chat_id)

    async def propose_change(self, order_ref: str, ticket: OrderTicket, *, user_id: int, chat_id: int) -> Proposal:
        """
        Propose the terms of *ticket* for our working order *order_ref*, which IBKR must show to be open.

        For the order's own person or an admin. Raises as `propose`, and ProposalGone, OrderGone, NothingToChange.
        """
        self._require_trader(user_id)
        require_sendable(ticket)
        try:
            wish, seen = await self._proposer.of_change(order_ref, ticket, self._may_touch(user_id))
        except OrderDenied as denial:
            await self._note_denied(user_id, chat_id, ticket, denial)
            raise
        return await self._propose(wish, seen, user_id, chat_id)

    async def amend(
        self, token: str, ticket: OrderTicket, *, user_id: int, chat_id: int, message_id: int | None = None
    ) -> Proposal:
        """
        Close the card behind *token* and propose *ticket* in its place, with a token of its own.

        The old card is dead whatever becomes of the new one, unless the ticket has no price. Raises ProposalGone where
        it was over already, is not this person's or is a list, and as `propose` or `propose_change`.
        """
        self._require_trader(user_id)
        require_sendable(ticket)
        old = await self._store.by_token(token)
        if old is None or (old.user_id, old.chat_id) != (user_id, chat_id):
            raise ProposalGone
        if message_id is not None and old.message_id not in {None, message_id}:
            raise ProposalGone
        first = old.exposures[0]
        if first.role is LegRole.PART:
            raise ProposalGone(old.state.value)
        if not await self._store.close(old.id, ProposalState.REPLACED):
            # Also of two edits at once: the other one makes the new card.
            now = await self._store.get(old.id)
            raise ProposalGone(now.state.value if now else "")
        await done(self._note(user_id, chat_id, "amend", old.reference, "replaced", format_ticket(ticket)))
        if first.changes:
            return await self.propose_change(first.changes, ticket, user_id=user_id, chat_id=chat_id)
        return await self.propose(ticket, user_id=user_id, chat_id=chat_id, account=old.account)

    async def shown(self, proposal_id: int, message_id: int) -> None:
        """Note the message that shows the card: only now can it be confirmed."""
        await self._store.bind(proposal_id, message_id)

    async def void(self, proposal_id: int) -> bool:
        """Kill a card of which nobody knows whether it arrived; False if it was over already."""
        return await self._store.close(proposal_id, ProposalState.VOID)

    async def confirm(self, token: str, *, user_id: int, chat_id: int, message_id: int, code: str = "") -> Confirmation:
        """
        Send the orders behind *token*, if this press may, and say what came of it; never sends anything twice.

        *code* is the person's own of the second step. Raises NotAllowed where the person is no trader (any more), and
        SecondStepError; then the card still stands.
        """
        proposal = await self._store.by_token(token)
        confirming = self._confirm(proposal, user_id, chat_id, message_id, code)
        return await self._noted("confirm", proposal, user_id, chat_id, confirming)

    async def approve(self, token: str, *, user_id: int, chat_id: int, message_id: int) -> Confirmation:
        """
        Send the orders that wait for a second person, if this press is that person's; as `confirm` in all else.

        *token* is the person's own. Raises NotAllowed where one of both is no trader (any more).
        """
        return await self._seconded("approve", token, user_id, chat_id, message_id)

    async def decline(self, token: str, *, user_id: int, chat_id: int, message_id: int) -> Confirmation:
        """Close what waits for a second person, by that person's own *token*. Raises as `approve`."""
        return await self._seconded("decline", token, user_id, chat_id, message_id)

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
        await done(self._note(user_id, chat_id, "cancel", proposal.reference, answer.outcome.value, answer.detail))
        return answer

    async def cancel_order(self, proposal_id: int, leg: int = 0, *, user_id: int, chat_id: int) -> Proposal:
        """
        Ask IBKR to cancel one leg (0: all that work) of what was sent; its end comes as news.

        For the order's own person or an admin. `trading.plan.is_protective` says before whether a second tap is due.
        Raises NotAllowed, ProposalGone, OrderGone, LinkDown, RequestTimeout, BrokerError.
        """
        self._require_trader(user_id)
        proposal = await self._withdrawal.one(proposal_id, leg, self._may_touch(user_id))
        # IBKR is asked already: nobody may hear that nothing was done.
        await done(self._note(user_id, chat_id, "cancel order", proposal.reference, "asked", ""))
        return proposal

    async def disown(self, proposal_id: int, *, user_id: int, chat_id: int) -> Proposal:
        """
        End the orders of which IBKR has never spoken, on the word of the person who looked for them in TWS.

        For the order's own person or an admin. Raises NotAllowed, ProposalGone, OrderGone, LinkDown, RequestTimeout.
        """
        self._require_trader(user_id)
        proposal = await self._disowning.one(proposal_id, self._may_touch(user_id))
        await done(self._note(user_id, chat_id, "disown", proposal.reference, "not sent", "not in TWS"))
        return proposal

    async def cancel_all(self, user_id: int, chat_id: int) -> Withdrawn:
        """
        Ask IBKR to cancel all working orders of the person, of an admin all of everybody; say of which it was asked.

        What it could not be asked about is told beside, a lost link too. Raises NotAllowed.
        """
        self._require_trader(user_id)
        withdrawn = await self._withdrawal.all(self._may_touch(user_id))
        for proposal in withdrawn.asked:
            await done(self._note(user_id, chat_id, "cancel order", proposal.reference, "asked", "all"))
        for kept in withdrawn.kept:
            await done(self._note(user_id, chat_id, "cancel order", kept.proposal.reference, "not asked", kept.reason))
        return withdrawn

    async def expire_due(self) -> Sequence[Proposal]:
        """Close the cards whose time is up and return them, for their messages to be edited."""
        return await self._close_all(self._clock.now(), ProposalState.EXPIRED)

    async def cancel_all_proposed(self) -> Sequence[Proposal]:
        """Close every unconfirmed card (the bot is going down) and return them, for their messages to be edited."""
        # The longest life a setting allows is an hour: in a day each of them would be over.
        return await self._close_all(self._clock.now() + timedelta(days=1), ProposalState.CANCELLED)

    async def halt(self) -> Sequence[Proposal]:
        """Close every unconfirmed card (trading is halted) and return them, for their messages to be edited."""
        return await self._close_all(self._clock.now() + timedelta(days=1), ProposalState.DENIED)

    async def void_unshown(self) -> int:
        """
        Kill the cards of an earlier process whose message it did not live to note; return how many. Call at start.

        Such a card may stand in the chat, and nobody knows under which message id: it can never be claimed.
        """
        standing = await self._store.proposed_until(self._clock.now() + timedelta(days=1))
        closed = [await self.void(proposal.id) for proposal in standing if proposal.message_id is None]
        return sum(closed)

    async def _propose(self, wish: Wish, seen: Sequence[Appraisal], user_id: int, chat_id: int) -> Proposal:
        try:
            others = await self._guards.check(_pairs(wish.exposures, seen), user_id=user_id)
        except OrderDenied as denial:
            await self._note_denied(user_id, chat_id, wish.ticket, denial)
            raise
        draft = await self._draft(wish, seen, others, user_id, chat_id)
        proposal = await self._add(draft)
        await self._note(user_id, chat_id, "propose", proposal.reference, "proposed", _spelled(wish))
        return proposal

    async def _add(self, draft: Proposal) -> Proposal:
        proposal = await self._store.add(draft)
        self._ages.begin(proposal.id, draft.expires - draft.created)
        return proposal

    async def _draft(
        self, wish: Wish, seen: Sequence[Appraisal], others: Others, user_id: int, chat_id: int
    ) -> Proposal:
        """Return the proposal with what its Confirm alone will not do among the warnings."""
        wish = replace(wish, orders=self._guards.covering(wish.orders, others))
        draft = await self._drafter.draft(wish, seen, user_id=user_id, chat_id=chat_id)
        pairs = _pairs(wish.exposures, seen)
        return replace(draft, warnings=draft.warnings + self._guards.notes(pairs, others) + self._seconder.notes(pairs))

    async def _noted(
        self, action: str, proposal: Proposal | None, user_id: int, chat_id: int, doing: Awaitable[Confirmation]
    ) -> Confirmation:
        try:
            answer = await doing
        except NotAllowed as refusal:
            await self._note(user_id, chat_id, action, _name(proposal), "not allowed", refusal.needed)
            raise
        detail = answer.denial.limit.value if answer.denial else answer.detail
        # The person must hear what became of the order, whatever becomes of the audit log.
        await done(self._note(user_id, chat_id, action, _name(proposal), answer.outcome.value, detail))
        return answer

    async def _seconded(self, action: str, token: str, user_id: int, chat_id: int, message_id: int) -> Confirmation:
        found = await self._seconder.found(token)
        doing = self._by_second(action, token, user_id, chat_id, message_id)
        return await self._noted(action, found, user_id, chat_id, doing)

    async def _by_second(self, action: str, token: str, user_id: int, chat_id: int, message_id: int) -> Confirmation:
        wanted = await self._seconder.wanted_of(token, user_id=user_id, chat_id=chat_id, message_id=message_id)
        if isinstance(wanted, Confirmation):
            return wanted
        if self._is_late(wanted):
            return await self._close(wanted, ProposalState.EXPIRED, Outcome.EXPIRED)
        if action == "decline":
            return await self._close(wanted, ProposalState.CANCELLED, Outcome.CANCELLED)
        return await self._check_and_send(wanted, "", user_id)

    async def _confirm(
        self, proposal: Proposal | None, user_id: int, chat_id: int, message_id: int, code: str
    ) -> Confirmation:
        if proposal is not None and (proposal.user_id, proposal.chat_id) != (user_id, chat_id):
            return Confirmation(Outcome.NOT_YOURS)
        over = fate_of(proposal)
        if proposal is None or over is not None:
            return over or Confirmation(Outcome.GONE)
        if self._is_late(proposal):
            return await self._close(proposal, ProposalState.EXPIRED, Outcome.EXPIRED)
        if proposal.message_id is None:
            return Confirmation(Outcome.NOT_READY, proposal)
        if proposal.message_id != message_id:
            return Confirmation(Outcome.GONE, proposal)
        self._require_trader(user_id)
        return await self._check_and_send(proposal, code, user_id)

    async def _check_and_send(self, proposal: Proposal, code: str, presser: int) -> Confirmation:
        """Look again at everything that may have changed since the card was shown, then send: *presser* wants it."""
        try:
            seen = await self._proposer.look(proposal.exposures)
            pairs = _pairs(proposal.exposures, seen)
            others = await self._guards.check(pairs, user_id=proposal.user_id, proposal_id=proposal.id)
        except LinkDown as error:
            return Confirmation(Outcome.LINK_DOWN, proposal, detail=error.reason)
        except BrokerError as error:
            return Confirmation(Outcome.LINK_DOWN, proposal, detail=reason(error))
        except OrderDenied as denial:
            answer = await self._close(proposal, ProposalState.DENIED, Outcome.DENIED)
            return replace(answer, denial=denial) if answer.outcome is Outcome.DENIED else answer
        if drift_pct(proposal, seen) > self._drift_pct:
            return await self._replace(proposal, seen, others)
        looked = self._clock.monotonic()
        lacking = await self._seconder.hold_up(proposal, pairs, code)
        if lacking is not None:
            return self._waiting(lacking)
        async with self._turns.of(proposal.id):
            # Whoever was shut out while all this was asked sends nothing any more, nor does an approval of theirs.
            for user_id in (proposal.user_id, presser):
                self._require_trader(user_id)
            answer = await self._send(proposal, pairs, others, looked)
        return await self._renewed(answer) if answer.outcome is Outcome.OVERTAKEN else answer

    def _waiting(self, lacking: Confirmation) -> Confirmation:
        """Return what is said of an order that waits; for another person's approval it has a time of its own."""
        now = lacking.proposal
        if now is not None and lacking.outcome is Outcome.SECOND_STEP and now.state is ProposalState.AWAITING_SECOND:
            self._ages.begin(now.id, APPROVAL_LASTS)
        return lacking

    async def _send(self, proposal: Proposal, pairs: Pairs, others: Others, looked: float) -> Confirmation:
        """Claim what was seen at *looked* and send it. Held in the proposal's turn."""
        if self._ages.is_over(proposal.id):
            return await self._close(proposal, ProposalState.EXPIRED, Outcome.EXPIRED)
        claimed = await self._store.claim(
            proposal.token,
            user_id=proposal.user_id,
            chat_id=proposal.chat_id,
            message_id=proposal.message_id or 0,
            digest=proposal.digest,
            now=self._clock.now(),
            state=proposal.state,
        )
        if claimed is None:
            return await self._lost(proposal)
        return await self._sender.send(claimed, pairs, others, looked)

    async def _lost(self, proposal: Proposal) -> Confirmation:
        """Say why there was nothing to claim: another press was first, or its time ran out meanwhile."""
        now = await self._store.get(proposal.id)
        over = fate_of(now)
        if over is not None:
            return over
        if self._clock.now() >= proposal.expires:
            return await self._close(proposal, ProposalState.EXPIRED, Outcome.EXPIRED)
        return Confirmation(Outcome.GONE, now)

    async def _replace(self, proposal: Proposal, seen: Sequence[Appraisal], others: Others) -> Confirmation:
        """The price moved: close this card and store a new one. Only the press that closed the old makes a new."""
        wish = self._proposer.again(proposal, seen)
        draft = await self._draft(wish, seen, others, proposal.user_id, proposal.chat_id)
        answer = await self._close(proposal, ProposalState.REPLACED, Outcome.DRIFTED)
        if answer.outcome is not Outcome.DRIFTED:
            return answer
        return replace(answer, replacement=await self._add(draft))

    async def _renewed(self, answer: Confirmation) -> Confirmation:
        """Return *answer*, OVERTAKEN, with a new card for the order as it is now, where there can be one."""
        change = answer.proposal
        if change is None:
            return answer
        try:
            wish, seen = await self._proposer.of_overtaken(change, self._may_touch(change.user_id))
            new = await self._propose(wish, seen, change.user_id, change.chat_id)
        except (TradingError, MarketError):
            return answer
        return replace(answer, replacement=new)

    async def _close(self, proposal: Proposal, state: ProposalState, outcome: Outcome) -> Confirmation:
        """PROPOSED or AWAITING_SECOND -> *state* and answer *outcome*; where it was over already, what became of it."""
        if await self._store.close(proposal.id, state):
            return Confirmation(outcome, proposal.with_state(state))
        now = await self._store.get(proposal.id)
        return fate_of(now) or Confirmation(Outcome.GONE, now)

    async def _close_all(self, until: datetime, state: ProposalState) -> Sequence[Proposal]:
        closed = []
        for proposal in await self._store.proposed_until(until):
            if await self._store.close(proposal.id, state):
                closed.append(proposal.with_state(state))
                # Whatever becomes of the audit log: the other cards must not stand, and these must be shown as closed.
                await done(self._note(proposal.user_id, proposal.chat_id, "close", proposal.reference, state.value, ""))
        return closed

    def _is_late(self, proposal: Proposal) -> bool:
        """Return whether its time is up; where the clock was set back since, nobody knows how old the card is."""
        now = self._clock.now()
        is_past = now >= proposal.expires or self._ages.is_over(proposal.id)
        return is_past or proposal.created - now > _CLOCKS_DIFFER

    def _may_touch(self, user_id: int) -> Callable[[Proposal], bool]:
        """Return whether the person may change or cancel what a proposal sent: its own, or as an admin."""
        is_admin = self._roster.may(user_id, Role.ADMIN)
        return lambda proposal: is_admin or proposal.user_id == user_id

    def _require_trader(self, user_id: int) -> None:
        if not self._roster.may(user_id, Role.TRADER):
            raise NotAllowed(Role.TRADER.name.lower())

    async def _note_denied(self, user_id: int, chat_id: int, ticket: OrderTicket, denial: OrderDenied) -> None:
        await self._note(user_id, chat_id, "propose", format_ticket(ticket), "denied", denial.limit.value)

    async def _note(self, user_id: int, chat_id: int, action: str, subject: str, outcome: str, detail: str) -> None:
        await self._audit.write(self._clock.now(), user_id, chat_id, action, subject, outcome, detail)


def _pairs(orders: Sequence[LegOrder], seen: Sequence[Appraisal]) -> Pairs:
    return list(zip(orders, seen, strict=True))


def _spelled(wish: Wish) -> str:
    """Return the order's line, of a list all of them, of a change which order it is about too."""
    lines = [format_ticket(order.ticket) for order in wish.exposures]
    return "; ".join(f"{order.changes} {line}".strip() for order, line in zip(wish.exposures, lines, strict=True))


def _name(proposal: Proposal | None) -> str:
    return proposal.reference if proposal else ""
