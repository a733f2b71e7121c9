"""The presses on an order's card. Every order goes through the desk."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

from bot.callback_data import Callback
from bot.errors import DeliveryError
from bot.handlers.order_cards import Make, OrderCards
from bot.handlers.ports import Reply, Zones
from bot.request import Press
from bot.views import orders as list_views
from bot.views import outcome as outcomes
from bot.views.message import Message
from bot.views.order_words import is_change, is_list
from bot.views.outcome import asked_again
from market.clock import Clock
from market.errors import MarketError
from market.ticket import OrderTicket
from storage.errors import StorageUnavailable
from trading.confirmation import Confirmation, Outcome
from trading.errors import Limit, OrderDenied, TradingError
from trading.ports import ProposalStore
from trading.proposal import LegOrder, Proposal, ProposalState
from trading.state import TradingState
from trading.withdrawal import Withdrawn

_log = logging.getLogger(__name__)

_LISTED = 12
_PATIENCE_S = 1.0
_NEW_CARD = {
    Outcome.DRIFTED: "The price has moved since the last card.",
    Outcome.OVERTAKEN: "The order has changed since the last card.",
}
_STILL_STANDS = "IBKR cannot be reached. Nothing was sent; tap again when the link is back."


class Desk(Protocol):
    """What the chat may ask of `trading.desk.OrderDesk`."""

    async def propose(self, ticket: OrderTicket, *, user_id: int, chat_id: int, account: str = "") -> Proposal:
        """Check and store an order to be confirmed."""
        ...

    async def propose_list(
        self, ticket: OrderTicket, orders: Sequence[LegOrder], *, user_id: int, chat_id: int, notes: Sequence[str] = ()
    ) -> Proposal:
        """Check and store several orders to be confirmed by one press."""
        ...

    async def propose_change(self, order_ref: str, ticket: OrderTicket, *, user_id: int, chat_id: int) -> Proposal:
        """Check and store new terms for a working order."""
        ...

    async def amend(self, token: str, ticket: OrderTicket, *, user_id: int, chat_id: int, message_id: int) -> Proposal:
        """Close the card behind the token and propose *ticket* in its place."""
        ...

    async def shown(self, proposal_id: int, message_id: int) -> None:
        """Note the card's message."""
        ...

    async def void(self, proposal_id: int) -> bool:
        """Kill a card that may not have arrived."""
        ...

    async def confirm(self, token: str, *, user_id: int, chat_id: int, message_id: int, code: str = "") -> Confirmation:
        """Send the order behind the token, if this press (and a *code* of the second step) may."""
        ...

    async def approve(self, token: str, *, user_id: int, chat_id: int, message_id: int) -> Confirmation:
        """Send what waits for this second person."""
        ...

    async def decline(self, token: str, *, user_id: int, chat_id: int, message_id: int) -> Confirmation:
        """Close what waits for this second person."""
        ...

    async def cancel(self, token: str, *, user_id: int, chat_id: int, message_id: int | None = None) -> Confirmation:
        """Close the card unconfirmed."""
        ...

    async def cancel_order(self, proposal_id: int, leg: int = 0, *, user_id: int, chat_id: int) -> Proposal:
        """Ask IBKR to cancel one leg (0: all that work) of a sent order."""
        ...

    async def expire_due(self) -> Sequence[Proposal]:
        """Close the cards whose time is up."""
        ...

    async def disown(self, proposal_id: int, *, user_id: int, chat_id: int) -> Proposal:
        """End the orders of which IBKR has never spoken, on the person's word."""
        ...

    async def cancel_all(self, user_id: int, chat_id: int) -> Withdrawn:
        """Ask IBKR to cancel all working orders of the person, of an admin everybody's."""
        ...

    async def cancel_all_proposed(self) -> Sequence[Proposal]:
        """Close every card."""
        ...

    async def halt(self) -> Sequence[Proposal]:
        """Close every card, since trading is halted."""
        ...


class SecondSteps(Protocol):
    """What an order may take beside its Confirm; `bot/handlers/second_step.py`."""

    async def wanted(self, press: Press, proposal: Proposal) -> None:
        """Ask for what lacks."""
        ...

    async def over(self, answer: Confirmation) -> None:
        """Let nobody wait for an answer any more."""
        ...


class OrdersHandler:
    """
    Shows orders and passes presses to the desk.

    The *store* is only read here; whether a press counts is decided in the desk alone.
    """

    def __init__(
        self,
        *,
        reply: Reply,
        desk: Desk,
        store: ProposalStore,
        cards: OrderCards,
        second: SecondSteps,
        zones: Zones,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._desk = desk
        self._store = store
        self._cards = cards
        self._second = second
        self._zones = zones
        self._clock = clock
        self._confirming: set[str] = set()
        self._editing: set[asyncio.Future[int]] = set()

    def branded(self, message: Message) -> Message:
        """As `OrderCards.branded`."""
        return self._cards.branded(message)

    async def present(self, make: Make, chat_id: int, reply_to: int | None, *, note: str = "") -> Proposal:
        """As `OrderCards.present`."""
        return await self._cards.present(make, chat_id, reply_to, note=note)

    async def on_confirm(self, press: Press, callback: Callback) -> None:
        """Hand a Confirm to the desk; the card loses its keyboard before anything is sent."""
        token = callback.args[0]
        if token in self._confirming:
            await self._reply.answer(press, "One moment, your first tap is being worked on.")
            return
        self._confirming.add(token)
        try:
            await self._confirm(press, token)
        finally:
            self._confirming.discard(token)

    async def on_interrupted(self, press: Press, callback: Callback) -> bool:
        """Say what became of a card whose press an earlier process had in hand, and show it; False for no card."""
        proposal = await self._store.by_token(callback.args[0])
        if proposal is None or not _is_card(proposal, press):
            return False
        await self.put_back(press, proposal)
        message = outcomes.interrupted(proposal, now=self._clock.now())
        await self._reply.send(press.chat_id, message, reply_to=press.message_id)
        return True

    async def on_cancel(self, press: Press, callback: Callback) -> None:
        """Hand a card's Cancel to the desk."""
        answer = await self._desk.cancel(
            callback.args[0], user_id=press.user_id, chat_id=press.chat_id, message_id=press.message_id
        )
        await self._reply.answer(press, outcomes.toast(answer))
        await self.conclude(press, answer)

    async def expire(self) -> int:
        """Close the cards whose time is up and say so on each; return how many. Called every few seconds."""
        return await self._close(await self._desk.expire_due(), Outcome.EXPIRED)

    async def halt(self) -> int:
        """Close every unconfirmed card (trading is halted) and say so on each; return how many. Raises as the store."""
        denial = OrderDenied(Limit.TRADING_STATE, None, TradingState.HALTED.value)
        closed = await self._desk.halt()
        editing = [asyncio.ensure_future(self._close([one], Outcome.DENIED, denial)) for one in closed]
        for task in editing:
            self._editing.add(task)
            task.add_done_callback(self._editing.discard)
        if editing:
            # Telegram may be slow, and whoever halts must hear that it is done.
            await asyncio.wait(editing, timeout=_PATIENCE_S)
        return len(closed)

    async def cancel_all(self, told_otherwise: Callable[[int, int], Awaitable[None]]) -> int:
        """
        Close every unconfirmed card (the bot is going down) and say so on each; return how many.

        Where the cards of a chat cannot be edited at once, *told_otherwise* gets the chat and how many they are.
        """
        closed = await self._desk.cancel_all_proposed()
        editing = {asyncio.ensure_future(self._close([one], Outcome.CANCELLED)): one for one in closed}
        if editing:
            await asyncio.wait(editing, timeout=_PATIENCE_S)
        left = Counter(one.chat_id for task, one in editing.items() if not task.done())
        for task in editing:
            task.cancel()
        for chat_id, count in left.items():
            await told_otherwise(chat_id, count)
        return len(closed)

    async def _stored(self, standing: Proposal) -> Proposal:
        """Return the proposal as it stands now, or as it stood where nothing can be read."""
        try:
            return await self._store.by_token(standing.token) or standing
        except StorageUnavailable:
            return standing

    async def _confirm(self, press: Press, token: str) -> None:
        standing = await self._store.by_token(token)
        live = standing is not None and _is_live_card(standing, press)
        notice = None
        if standing is not None and live:
            # The keyboard goes first where Telegram is quick; the order does not wait for a slow one. What makes it
            # one order is the desk's claim.
            notice = asyncio.ensure_future(self._announce(press, standing))
            await asyncio.wait({notice}, timeout=_PATIENCE_S)
        try:
            answer = await self._desk.confirm(
                token, user_id=press.user_id, chat_id=press.chat_id, message_id=press.message_id
            )
        except (TradingError, MarketError, StorageUnavailable):
            await _dropped(notice)
            if standing is not None and live:
                await self.put_back(press, await self._stored(standing))
            raise
        await _dropped(notice)
        if not live:
            await self._reply.answer(press, outcomes.toast(answer))
        await self.conclude(press, answer)

    async def _announce(self, press: Press, standing: Proposal) -> None:
        await self._reply.answer(press, "⏳ Checking once more…")
        with suppress(DeliveryError):
            await self._reply.edit(press.chat_id, press.message_id, outcomes.sending(standing))

    async def conclude(self, press: Press, answer: Confirmation) -> None:
        """Make the card show what became of it, and send its successor where there is one."""
        proposal = answer.proposal
        if proposal is None or proposal.message_id not in {None, press.message_id}:
            return
        if answer.outcome is Outcome.LINK_DOWN:
            await self._reply.edit(press.chat_id, press.message_id, await self._cards.message(proposal, _STILL_STANDS))
            return
        if answer.outcome is Outcome.SECOND_STEP:
            await self._second.wanted(press, proposal)
            return
        shown = outcomes.outcome(answer)
        if shown is not None and not await is_superseded(self._store, proposal):
            # What became of an order must not be lost with an edit: the new card and the thread below tell it too.
            try:
                await self._reply.edit(press.chat_id, press.message_id, shown)
            except DeliveryError:
                _log.warning("the card of %s could not be edited", proposal.reference)
        await self._second.over(answer)
        if answer.replacement is not None:
            await self._succeed(press, answer.replacement, _NEW_CARD.get(answer.outcome, ""))

    async def _succeed(self, press: Press, new: Proposal, note: str) -> None:
        """Show the card that takes the place of another."""

        async def again() -> Proposal:
            return await proposed_again(self._desk, new, asked_again(new))

        await self._cards.show(new, again, press.chat_id, press.message_id, note=note)

    async def put_back(self, press: Press, proposal: Proposal) -> None:
        """After an error of ours the card shows again what holds: its keyboard if it still stands, else its fate."""
        if proposal.state is ProposalState.AWAITING_SECOND and _is_card(proposal, press):
            await self._second.wanted(press, proposal)
            return
        live = _is_live_card(proposal, press)
        message = await self._cards.message(proposal) if live else list_views.fate(proposal)
        with suppress(DeliveryError):
            await self._reply.edit(press.chat_id, press.message_id, message)

    async def _close(self, proposals: Sequence[Proposal], outcome: Outcome, denial: OrderDenied | None = None) -> int:
        for proposal in proposals:
            answer = Confirmation(outcome, proposal, denial=denial)
            shown = outcomes.outcome(answer)
            if proposal.message_id is None or shown is None:
                continue
            with suppress(DeliveryError):
                await self._reply.edit(proposal.chat_id, proposal.message_id, shown)
            await self._second.over(answer)
        return len(proposals)


async def proposed_again(desk: Desk, like: Proposal, ticket: OrderTicket) -> Proposal:
    """Propose *ticket* for the same person, account and kind of order as *like*. Raises as the desk."""
    who = {"user_id": like.user_id, "chat_id": like.chat_id}
    if is_change(like):
        return await desk.propose_change(like.orders[0].changes, ticket, **who)
    if is_list(like):
        return await desk.propose_list(ticket, like.orders, notes=like.notes, **who)
    return await desk.propose(ticket, account=like.account, **who)


async def is_superseded(store: ProposalStore, proposal: Proposal) -> bool:
    """Return whether the card's message shows a newer card by now, which what became of this one must not cover."""
    if proposal.state is not ProposalState.REPLACED:
        return False
    latest = await store.recent(proposal.user_id, _LISTED)
    return any(one.id > proposal.id and one.message_id == proposal.message_id for one in latest)


def _is_live_card(proposal: Proposal, press: Press) -> bool:
    return proposal.state is ProposalState.PROPOSED and _is_card(proposal, press)


def _is_card(proposal: Proposal, press: Press) -> bool:
    mine = (proposal.user_id, proposal.chat_id, proposal.message_id)
    return mine == (press.user_id, press.chat_id, press.message_id)


async def _dropped(notice: asyncio.Future[None] | None) -> None:
    """End an announcement that is still on its way: what came of the tap is to be shown now."""
    if notice is not None:
        notice.cancel()
        await asyncio.wait({notice})
