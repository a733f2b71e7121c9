"""What a proposal is to be about, and how things stand for each of its orders: for one ticket, a list, a change."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from market.errors import TicketContradiction
from market.ticket import OrderTicket
from trading.appraisal import Appraisal, Appraiser
from trading.draft import Wish
from trading.errors import NothingToChange, NotSizable, OrderGone, ProposalGone
from trading.lifetime import ending
from trading.plan import orders_of
from trading.ports import OrderGateway, ProposalStore
from trading.proposal import Leg, LegOrder, LegRole, LegState, Proposal
from trading.revision import renewed, revised
from trading.sizing import sized

_CHANGEABLE = frozenset({LegState.SENT, LegState.WORKING, LegState.PARTIAL, LegState.UNKNOWN})


class Proposer:
    """Makes wishes; *new_group* names orders that cancel each other, as no others are named at IBKR."""

    def __init__(
        self, appraiser: Appraiser, gateway: OrderGateway, store: ProposalStore, new_group: Callable[[], str]
    ) -> None:
        self._appraiser = appraiser
        self._gateway = gateway
        self._store = store
        self._new_group = new_group

    async def of_ticket(self, ticket: OrderTicket, account: str) -> tuple[Wish, Sequence[Appraisal]]:
        """
        Return what *ticket* asks for, its size worked out, and how things stand.

        Raises UnknownAccount, NotSizable, TimeUp, SymbolError, OrderDenied (no live price), LinkDown, BrokerError.
        """
        account = self._appraiser.account(account)
        instrument = await self._appraiser.find(ticket.symbol)
        seen = await self._appraiser.appraise(instrument, account)
        whole = ending(sized(ticket, instrument, seen), seen.hours, seen.at)
        return Wish(whole, orders_of(whole, instrument, account, self._new_group()), asked=ticket.size), (seen,)

    async def of_list(
        self, ticket: OrderTicket, orders: Sequence[LegOrder], notes: Sequence[str]
    ) -> tuple[Wish, Sequence[Appraisal]]:
        """Return what a list of PART orders asks for. Raises as `of_ticket`."""
        for order in orders:
            self._appraiser.account(order.account)
        seen = await self.look(orders)
        dated = tuple(
            replace(order, ticket=ending(order.ticket, one.hours, one.at))
            for order, one in zip(orders, seen, strict=True)
        )
        return Wish(ending(ticket, seen[0].hours, seen[0].at), dated, notes=tuple(notes)), seen

    async def of_change(
        self, order_ref: str, ticket: OrderTicket, may_touch: Callable[[Proposal], bool]
    ) -> tuple[Wish, Sequence[Appraisal]]:
        """
        Return the new terms *ticket* for our working order *order_ref*, which IBKR has just shown to be open.

        What hangs on it changes its quantity by as much. Raises ProposalGone, OrderGone, NothingToChange, and as
        `of_ticket`.
        """
        found = await self._store.by_order_ref(order_ref)
        if found is None or not may_touch(found):
            raise ProposalGone
        leg = next(one for one in found.legs if one.order_ref == order_ref)
        order = found.order_of(leg)
        if order.role is LegRole.CHANGE or leg.state not in _CHANGEABLE or not leg.order_id:
            raise OrderGone(order_ref)
        if leg.client_id != self._gateway.client_id:
            raise OrderGone(order_ref, leg.client_id)
        seen = await self._appraiser.appraise(order.instrument, order.account)
        whole = ending(sized(ticket, order.instrument, seen), seen.hours, seen.at)
        whole = replace(whole, symbol=order.ticket.symbol)
        _require_change(order_ref, order.ticket, whole, leg.filled)
        await self._prove(order_ref)
        orders = revised(found, leg, whole)
        return Wish(whole, orders, asked=ticket.size, changed_from=order.ticket), (seen,)

    async def of_overtaken(
        self, change: Proposal, may_touch: Callable[[Proposal], bool]
    ) -> tuple[Wish, Sequence[Appraisal]]:
        """Return what *change* asked for, from the terms that its order has by now. Raises as `of_change`."""
        order_ref = change.orders[0].changes
        found = await self._store.by_order_ref(order_ref)
        now = (
            next((found.order_of(leg).ticket for leg in found.legs if leg.order_ref == order_ref), None)
            if found
            else None
        )
        if now is None:
            raise OrderGone(order_ref)
        try:
            ticket = renewed(change, now)
        except TicketContradiction as error:
            raise NothingToChange(order_ref) from error
        return await self.of_change(order_ref, ticket, may_touch)

    def again(self, proposal: Proposal, seen: Sequence[Appraisal]) -> Wish:
        """Return what *proposal* was about, for a new card: a size is worked out anew, at the price of now."""
        orders = proposal.orders or (proposal.order_of(Leg(1, "")),)
        wish = Wish(proposal.ticket, orders, proposal.asked, proposal.changed_from, proposal.notes)
        if proposal.asked is None or wish.changed_from is not None:
            return wish
        first = orders[0]
        try:
            ticket = replace(proposal.ticket, quantity=Decimal(0), size=proposal.asked)
            whole = sized(ticket, first.instrument, seen[0])
        except NotSizable:
            return wish
        return replace(wish, ticket=whole, orders=orders_of(whole, first.instrument, first.account, self._new_group()))

    async def look(self, orders: Sequence[LegOrder]) -> Sequence[Appraisal]:
        """Return how things stand for each order, all asked at once. Raises the first error of `Appraiser.appraise`."""
        places = dict.fromkeys((order.instrument, order.account) for order in orders)
        asked = (self._appraiser.appraise(*place) for place in places)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        found: dict[object, Appraisal] = {}
        for place, answer in zip(places, answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            found[place] = answer
        return [found[order.instrument, order.account] for order in orders]

    async def _prove(self, order_ref: str) -> None:
        """Raise OrderGone unless IBKR lists the order as open."""
        if not any(report.order_ref == order_ref for report in await self._gateway.open_orders()):
            raise OrderGone(order_ref)


def _require_change(order_ref: str, old: OrderTicket, new: OrderTicket, filled: Decimal) -> None:
    """Demand other terms, for what is still the same order."""
    children = (new.take_profit, new.stop_loss, new.oco_stop)
    is_other = new.side is not old.side or any(price is not None for price in children)
    if is_other or new == old or new.quantity <= filled:
        raise NothingToChange(order_ref)
