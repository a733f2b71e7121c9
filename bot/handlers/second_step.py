"""What an order above the limit takes beside its Confirm, in the chat: the question for a code, the second person."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from bot.callback_data import Callback
from bot.errors import DeliveryError, DeliveryUnknown
from bot.handlers.order_cards import OrderCards
from bot.handlers.orders import Desk
from bot.handlers.ports import Forms, Reply
from bot.request import Press
from bot.views import outcome as outcomes
from bot.views import second_step as views
from market.clock import Clock
from market.errors import MarketError
from storage.errors import StorageUnavailable
from trading.access import Role
from trading.confirmation import Confirmation, Outcome
from trading.errors import TradingError
from trading.ports import ProposalStore
from trading.proposal import Proposal, ProposalState
from trading.second_step import Approval, SecondStep

_log = logging.getLogger(__name__)

ORDER_CODE = "code?"
"""The kind of the form that waits for the code of an order; its data is the proposal's id."""

_UNTOUCHED = {Outcome.GONE, Outcome.NOT_YOURS, Outcome.NOT_READY}


class RequesterCards(Protocol):
    """The requester's side; `bot/handlers/orders.py`."""

    async def conclude(self, press: Press, answer: Confirmation) -> None:
        """Make the pressed card show what became of it."""
        ...


class SecondStepHandler:
    """
    Asks for codes and for second persons, and takes the presses of these.

    `connect` comes first: the orders' handler and this one call each other.
    """

    def __init__(
        self,
        *,
        reply: Reply,
        desk: Desk,
        store: ProposalStore,
        step: SecondStep,
        cards: OrderCards,
        forms: Forms,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._desk = desk
        self._store = store
        self._step = step
        self._cards = cards
        self._forms = forms
        self._clock = clock
        self._orders: RequesterCards | None = None
        self._deciding: set[str] = set()

    def connect(self, orders: RequesterCards) -> None:
        """Tell the requester's side of what second persons decide."""
        self._orders = orders

    async def wanted(self, press: Press, proposal: Proposal) -> None:
        """Ask for what lacks, after a Confirm: nothing was sent."""
        if proposal.state is ProposalState.AWAITING_SECOND:
            await self._ask_people(press, proposal)
            return
        with suppress(DeliveryError):
            card = await self._cards.message(proposal, views.waits_for_code())
            await self._reply.edit(press.chat_id, press.message_id, card)
        await self._ask_code(proposal)

    async def over(self, answer: Confirmation) -> None:
        """Let nobody wait for an answer any more: the proposal has found its end."""
        proposal = answer.proposal
        if proposal is None or not self._step.is_on:
            return
        await self._drop_question(proposal)
        shown = views.came_of(answer, outcomes.outcome(answer), is_mine=False)
        for button in await self._step.approvals_of(proposal.id):
            if shown is not None and button.message_id is not None and button.token not in self._deciding:
                with suppress(DeliveryError):
                    await self._reply.edit(button.user_id, button.message_id, shown)

    async def on_approve(self, press: Press, callback: Callback) -> None:
        """Hand a second person's approval to the desk; their card loses its keyboard before anything is sent."""
        await self._decide(press, callback.args[0], is_approved=True)

    async def on_decline(self, press: Press, callback: Callback) -> None:
        """Hand a second person's refusal to the desk."""
        await self._decide(press, callback.args[0], is_approved=False)

    async def on_interrupted(self, press: Press, callback: Callback) -> bool:
        """Show again what holds on an approver's card that an earlier process had in hand; False for no card."""
        button = await self._step.approval(callback.args[0])
        if button is None or (button.user_id, button.message_id) != (press.user_id, press.message_id):
            return False
        proposal = await self._store.get(button.proposal_id)
        if proposal is None:
            return False
        if proposal.state is ProposalState.AWAITING_SECOND:
            await self._put_back(press, proposal, button.token)
        message = outcomes.interrupted(proposal, now=self._clock.now())
        await self._reply.send(press.chat_id, message, reply_to=press.message_id)
        return True

    async def _ask_code(self, proposal: Proposal) -> None:
        """Ask once for the code of a card, however often its Confirm is pressed."""
        standing = await self._forms.latest(proposal.user_id, proposal.chat_id, ORDER_CODE)
        if standing is not None and standing.data["proposal"] == proposal.id:
            return
        data = {"proposal": proposal.id}
        form = await self._forms.open(proposal.user_id, proposal.chat_id, ORDER_CODE, data, self._clock.now())
        question = views.code_question(proposal, now=self._clock.now())
        message_id = await self._reply.send(proposal.chat_id, question, reply_to=proposal.message_id)
        await self._forms.shown(form.id, message_id)

    async def _drop_question(self, proposal: Proposal) -> None:
        form = await self._forms.latest(proposal.user_id, proposal.chat_id, ORDER_CODE)
        if form is None or form.data["proposal"] != proposal.id or not await self._forms.close(form.id):
            return
        if form.message_id is not None:
            with suppress(DeliveryError):
                await self._reply.delete(form.chat_id, form.message_id)

    async def _ask_people(self, press: Press, proposal: Proposal) -> None:
        """Show each second person a card of their own, as far as they have none, and say on the first who is asked."""
        buttons = await self._step.approvals_of(proposal.id)
        await asyncio.gather(*(self._ask(proposal, button) for button in buttons if button.message_id is None))
        reached = sum(button.message_id is not None for button in await self._step.approvals_of(proposal.id))
        if reached:
            message = views.waiting(proposal, reached, now=self._clock.now())
        else:
            await self._desk.cancel(proposal.token, user_id=proposal.user_id, chat_id=proposal.chat_id)
            message = views.nobody_reached(proposal)
        with suppress(DeliveryError):
            await self._reply.edit(press.chat_id, press.message_id, message)

    async def _ask(self, proposal: Proposal, button: Approval) -> None:
        """Send a second person's card; where nobody knows whether it arrived, once more with a new token."""
        try:
            try:
                message_id = await self._sent(proposal, button)
            except DeliveryUnknown:
                button = await self._step.ask_anew(button)
                message_id = await self._sent(proposal, button)
        except DeliveryError as error:
            _log.warning("user %s was not asked about %s: %s", button.user_id, proposal.reference, type(error).__name__)
            return
        await self._step.shown(button.token, message_id)

    async def _sent(self, proposal: Proposal, button: Approval) -> int:
        card = views.request(proposal, await self._cards.message(proposal), button.token)
        return await self._reply.send(button.user_id, card)

    async def _decide(self, press: Press, token: str, *, is_approved: bool) -> None:
        if token in self._deciding:
            await self._reply.answer(press, "One moment, your first tap is being worked on.")
            return
        self._deciding.add(token)
        try:
            await self._decided(press, token, is_approved=is_approved)
        finally:
            self._deciding.discard(token)

    async def _decided(self, press: Press, token: str, *, is_approved: bool) -> None:
        standing = await self._standing(press, token)
        if standing is not None:
            await self._reply.answer(press, "⏳ Checking once more…" if is_approved else "Declined")
            with suppress(DeliveryError):
                await self._reply.edit(press.chat_id, press.message_id, views.approving(standing))
        decide = self._desk.approve if is_approved else self._desk.decline
        try:
            answer = await decide(token, user_id=press.user_id, chat_id=press.chat_id, message_id=press.message_id)
        except (TradingError, MarketError, StorageUnavailable):
            if standing is not None:
                await self._put_back(press, standing, token)
            raise
        if standing is None:
            await self._reply.answer(press, views.toast(answer, outcomes.toast(answer)), alert=True)
        await self._told(press, answer, token, is_approved=is_approved)

    async def _standing(self, press: Press, token: str) -> Proposal | None:
        """Return the proposal that waits for exactly this press, or None."""
        button = await self._step.approval(token)
        if button is None or (button.user_id, button.message_id) != (press.user_id, press.message_id):
            return None
        proposal = await self._store.get(button.proposal_id)
        return proposal if proposal is not None and proposal.state is ProposalState.AWAITING_SECOND else None

    async def _told(self, press: Press, answer: Confirmation, token: str, *, is_approved: bool) -> None:
        """Show on both sides what became of it."""
        proposal = answer.proposal
        if proposal is None or answer.outcome in _UNTOUCHED:
            return
        if proposal.state is ProposalState.AWAITING_SECOND:
            await self._put_back(press, proposal, token)
            message = views.still_waits(proposal)
            await self._reply.send(press.chat_id, message, reply_to=press.message_id)
            return
        mine = views.came_of(answer, outcomes.outcome(answer), is_mine=True)
        if mine is not None:
            with suppress(DeliveryError):
                await self._reply.edit(press.chat_id, press.message_id, mine)
        if answer.outcome is not Outcome.ALREADY and self._orders is not None:
            who = f"{'approved' if is_approved else 'declined'} by user {press.user_id}"
            detail = f"{answer.detail} ({who})" if answer.detail else who
            await self._orders.conclude(_requester(proposal), replace(answer, detail=detail))

    async def _put_back(self, press: Press, proposal: Proposal, token: str) -> None:
        with suppress(DeliveryError):
            card = views.request(proposal, await self._cards.message(proposal), token)
            await self._reply.edit(press.chat_id, press.message_id, card)


def _requester(proposal: Proposal) -> Press:
    """Return the requester's Confirm, as the place where its outcome is shown."""
    return Press(proposal.user_id, proposal.chat_id, proposal.message_id or 0, Role.TRADER, "", "")
