"""What works at IBKR: the list of orders, and taking one or all of them back."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.callback_data import BadCallback, Callback
from bot.handlers.order_cards import OrderCards
from bot.handlers.place import show
from bot.handlers.ports import Reply, Zones
from bot.request import Press, TextIn
from bot.views import working as views
from bot.views.message import Message
from market.clock import Clock
from market.errors import LinkDown, MarketError
from trading.access import Role
from trading.disowning import unheard_of
from trading.ending import AT_WORK
from trading.errors import OrderGone, ProposalGone
from trading.plan import is_protective
from trading.ports import OrderReport, ProposalStore
from trading.proposal import Proposal, ProposalState
from trading.withdrawal import Withdrawn

_RECENT = 30
# Where nothing ended today.
_LATEST = 3


class OrderBook(Protocol):
    """What IBKR knows of everybody's orders; `broker/orders.py`."""

    async def open_orders(self) -> Sequence[OrderReport]:
        """Return every client's open orders. Raises LinkDown, RequestTimeout, BrokerError."""
        ...

    async def completed_orders(self) -> Sequence[OrderReport]:
        """Return today's completed orders. Raises as `open_orders`."""
        ...


class WithdrawalDesk(Protocol):
    """What taking orders back asks of the order desk."""

    async def cancel_order(self, proposal_id: int, leg: int = 0, *, user_id: int, chat_id: int) -> Proposal:
        """Ask IBKR to cancel one leg (0: all that work) of a sent order."""
        ...

    async def disown(self, proposal_id: int, *, user_id: int, chat_id: int) -> Proposal:
        """End the orders of which IBKR has never spoken."""
        ...

    async def cancel_all(self, user_id: int, chat_id: int) -> Withdrawn:
        """Ask IBKR to cancel all that works of the person."""
        ...


class WorkingHandler:
    """
    Answers /orders and the Cancel buttons of working orders.

    A cancel takes one tap, two where it takes a protective stop away or more than one order could be meant. The *store*
    is only read here.
    """

    def __init__(
        self,
        *,
        reply: Reply,
        desk: WithdrawalDesk,
        store: ProposalStore,
        book: OrderBook,
        cards: OrderCards,
        zones: Zones,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._desk = desk
        self._store = store
        self._book = book
        self._cards = cards
        self._zones = zones
        self._clock = clock

    async def show_all(self, request: TextIn) -> None:
        """Send the person's orders."""
        message = await self._list(request.user_id, request.role)
        await self._reply.send(request.chat_id, message, reply_to=request.message_id)

    async def on_list(self, press: Press, callback: Callback) -> None:
        """Show the person's orders."""
        message = await self._list(press.user_id, press.role)
        await self._reply.answer(press)
        await show(self._reply, press, callback, message)

    async def on_withdraw(self, press: Press, callback: Callback) -> None:
        """Ask IBKR to cancel an order, or ask first. Raises ProposalGone, and as the desk, but for a lost link."""
        proposal = await self._mine(press, callback.number(1))
        working = [leg for leg in proposal.legs if leg.state in AT_WORK and leg.order_id]
        if len(working) > 1 or is_protective(proposal) or unheard_of(proposal):
            await self._reply.answer(press)
            await show(self._reply, press, callback, views.cancel_which(proposal, place=callback.place))
            return
        await self._withdraw(press, proposal, 0)

    async def on_call_off(self, press: Press, callback: Callback) -> None:
        """Ask IBKR to cancel what was asked about before. Raises as `on_withdraw`."""
        proposal = await self._mine(press, callback.number(1))
        if await self._withdraw(press, proposal, callback.number(2)):
            await self._reply.edit(press.chat_id, press.message_id, views.asked(proposal))

    async def on_all_off(self, press: Press, callback: Callback) -> None:
        """Ask whether all that works is to be cancelled; at the second tap ask IBKR for it. Raises as the desk."""
        match callback.args[1]:
            case "ask":
                message = views.cancel_all(await self._working(press.user_id, press.role))
            case "sure":
                message = views.all_asked(await self._desk.cancel_all(press.user_id, press.chat_id))
            case _:
                raise BadCallback(press.data)
        await self._reply.answer(press)
        await show(self._reply, press, callback, self._cards.branded(message))

    async def on_disown(self, press: Press, callback: Callback) -> None:
        """Take the person's word that an order is not in TWS. Raises as the desk."""
        proposal = await self._desk.disown(callback.number(0), user_id=press.user_id, chat_id=press.chat_id)
        await self._reply.answer(press, f"{proposal.reference} counts as never sent. If it turns up, you will hear.")

    async def _withdraw(self, press: Press, proposal: Proposal, leg: int) -> bool:
        """Ask IBKR to cancel, and say so; False, and said, where it cannot be asked."""
        try:
            await self._desk.cancel_order(proposal.id, leg, user_id=press.user_id, chat_id=press.chat_id)
        except LinkDown:
            await self._reply.answer(press, views.NOT_CANCELLED, alert=True)
            return False
        await self._reply.answer(press, f"IBKR is asked to cancel {proposal.reference}; you will hear what it did.")
        return True

    async def _mine(self, press: Press, proposal_id: int) -> Proposal:
        """Return a sent order that this person may touch. Raises ProposalGone, OrderGone where nothing of it works."""
        proposal = await self._store.get(proposal_id)
        if proposal is None or not _may_touch(proposal, press.user_id, press.role):
            raise ProposalGone
        if proposal.state not in {ProposalState.CONFIRMED, ProposalState.SUBMITTED} or proposal.is_over:
            raise OrderGone(proposal.reference)
        return proposal

    async def _working(self, user_id: int, role: Role) -> list[Proposal]:
        unsettled = await self._store.unsettled()
        return [one for one in unsettled if _may_touch(one, user_id, role) and not one.is_over]

    async def _list(self, user_id: int, role: Role) -> Message:
        zone, now = await self._zones.zone_of(user_id), self._clock.now()
        working = await self._working(user_id, role)
        recent = await self._store.recent(user_id, _RECENT)
        elsewhere, ended, is_heard = await self._elsewhere({leg.order_ref for one in working for leg in one.legs})
        standing = {one.id for one in working}
        others = [one for one in recent if one.id not in standing]
        over = [one for one in others if not _waits(one, now)]
        today = [one for one in over if _is_today(one.created, now, zone)]
        seen = views.Overview(
            working=working,
            waiting=[one for one in others if _waits(one, now)],
            over=today or over[:_LATEST],
            elsewhere=elsewhere,
            ended=ended,
            is_heard=is_heard,
        )
        return self._cards.branded(views.listing(seen, now=now, zone=zone))

    async def _elsewhere(self, own: set[str]) -> tuple[list[OrderReport], list[OrderReport], bool]:
        """Return the open and today's ended orders other than *own*, and whether IBKR could be asked."""
        try:
            found = await self._book.open_orders()
            over = await self._book.completed_orders()
        except MarketError:
            return [], [], False
        is_foreign: Callable[[OrderReport], bool] = lambda one: one.order_ref not in own  # noqa: E731  used twice
        ended = [one for one in over if is_foreign(one) and await self._is_not_ours(one)]
        return [one for one in found if is_foreign(one)], ended, True

    async def _is_not_ours(self, report: OrderReport) -> bool:
        return not report.order_ref or await self._store.by_order_ref(report.order_ref) is None


def _may_touch(proposal: Proposal, user_id: int, role: Role) -> bool:
    return proposal.user_id == user_id or role >= Role.ADMIN


def _waits(proposal: Proposal, now: datetime) -> bool:
    return proposal.state.is_standing and now < proposal.expires


def _is_today(at: datetime, now: datetime, zone: ZoneInfo) -> bool:
    return at.astimezone(zone).date() == now.astimezone(zone).date()
