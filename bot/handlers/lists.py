"""Lists of orders in the chat: close, flatten, several accounts, rebalance. Each is one card with one Confirm."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.callback_data import BadCallback, Callback
from bot.handlers.order_cards import OrderCards
from bot.handlers.ports import Reply, Zones
from bot.request import Press, TextIn
from bot.views import lists as views
from market.clock import Clock
from market.errors import LinkDown, TicketSyntaxError
from market.ticket import OrderTicket, parse
from trading.batch import Left
from trading.ending import enders
from trading.lists import Lists
from trading.ports import Holdings, ProposalStore, SymbolBook
from trading.proposal import LegOrder, Proposal
from trading.rebalance import Rebalance
from trading.sequel import Sequel, SequelStore, Waiting
from trading.targets import SHARINGS, Targets, parse_targets, split_sharing

_ALL = Decimal(100)
_PARTS = frozenset({"all", "half", "quarter", "everything"})

Ask = Callable[[int, int, OrderTicket, int | None], Awaitable[None]]
"""Shows a ticket's card, or asks at what price: `TicketHandler.ask`."""


class ListDesk(Protocol):
    """What lists ask of the order desk."""

    async def propose_list(
        self, ticket: OrderTicket, orders: Sequence[LegOrder], *, user_id: int, chat_id: int, notes: Sequence[str] = ()
    ) -> Proposal:
        """Check and store several orders to be confirmed by one press."""
        ...


class ListsHandler:
    """Works lists out and has them proposed; *ask* shows the card of a single order."""

    def __init__(  # noqa: PLR0913  what a list is made of, and where it goes
        self,
        *,
        reply: Reply,
        desk: ListDesk,
        lists: Lists,
        cards: OrderCards,
        ask: Ask,
        symbols: SymbolBook,
        sequels: SequelStore,
        store: ProposalStore,
        holdings: Holdings,
        zones: Zones,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._desk = desk
        self._lists = lists
        self._cards = cards
        self._ask = ask
        self._symbols = symbols
        self._sequels = sequels
        self._store = store
        self._holdings = holdings
        self._zones = zones
        self._clock = clock

    async def close(self, request: TextIn) -> None:
        """
        Answer `/close [half | 25%] SYMBOL [price or type]`; without words ask which position.

        Raises ListRefused, TicketSyntaxError, TicketContradiction, and as `OrderDesk.propose`.
        """
        if not request.args:
            account = self._account()
            question = views.which_position(self._holdings.positions(account), account)
            await self._reply.send(request.chat_id, question, reply_to=request.message_id)
            return
        asked = parse(f"sell {_with_part(request.args)}", await self._zones.zone_of(request.user_id))
        share = asked.size.amount if asked.size is not None else _ALL
        closing = await self._lists.close(asked.symbol, share)
        whole = replace(asked, side=closing.side, quantity=closing.quantity, size=None, symbol=closing.symbol)
        await self._warn(request.chat_id, closing)
        await self._ask(request.user_id, request.chat_id, whole, request.message_id)

    async def on_close(self, press: Press, callback: Callback) -> None:
        """Open the way to a card that closes a part of a position. Raises as `close`."""
        share = Decimal(callback.number(1))
        if not 0 < share <= _ALL:
            raise BadCallback(press.data)
        closing = await self._lists.close(f"#{callback.number(0)}", share)
        await self._reply.answer(press)
        await self._warn(press.chat_id, closing)
        await self._ask(press.user_id, press.chat_id, closing, press.message_id)

    async def flatten(self, request: TextIn) -> None:
        """Show one card that closes every position whose market is open. Raises ListRefused, and as the desk."""
        batch = await self._lists.flatten(account=request.args.strip().upper())
        if not batch.orders:
            account = request.args.strip().upper() or self._account()
            told = views.nothing(batch.left, account, now=self._clock.now(), zone=await self._zone(request))
            await self._reply.send(request.chat_id, told, reply_to=request.message_id)
            return
        ending = await self._ending(batch.orders)
        if ending:
            # Also where a limit of ours denies the card: what keeps it from being sent can be cancelled right here.
            await self._reply.send(request.chat_id, self._cards.branded(views.ending(ending)))
        notes = [views.ends_too(proposal.reference, order) for proposal, order in ending]
        await self._propose(request, batch.orders, (*notes, *await self._notes(request, batch.left)))

    async def over_accounts(self, request: TextIn, line: str) -> bool:
        """
        Show one card for an order line that ends with `accounts …`; False, and nothing done, for any other.

        Raises TicketSyntaxError, ListRefused, and as the desk.
        """
        order, sharing = split_sharing(line)
        if sharing is None:
            return False
        ticket = parse(order, await self._zone(request))
        if ticket.order_type is None:
            raise TicketSyntaxError(line, len(order), "a price, or `market`, before the accounts", SHARINGS)
        batch = await self._lists.over_accounts(ticket, sharing)
        await self._propose(request, batch.orders, await self._notes(request, batch.left))
        return True

    async def rebalance(self, request: TextIn) -> None:
        """
        Show one card with every order of a rebalance; what must wait for the sales is stored with it.

        Raises TicketSyntaxError, ListRefused, and as the desk.
        """
        if not request.args:
            question = views.which_targets(self._account())
            await self._reply.send(request.chat_id, question, reply_to=request.message_id)
            return
        targets = parse_targets(request.args)
        planned = await self._lists.rebalance(targets)
        if not planned.orders:
            told = views.balanced(planned, now=self._clock.now(), zone=await self._zone(request))
            await self._reply.send(request.chat_id, told, reply_to=request.message_id)
            return
        await self._rebalance(request, targets, planned)

    async def _rebalance(self, request: TextIn, targets: Targets, planned: Rebalance) -> None:
        zone = await self._zone(request)
        notes = views.rebalance_notes(planned, targets, now=self._clock.now(), zone=zone)

        async def keep(proposal: Proposal) -> None:
            # Stored before the card is shown: nobody can confirm sales whose purchases would be forgotten.
            if planned.later:
                await self._sequels.add(_sequel(proposal, planned))

        await self._propose(request, planned.orders, notes, keep)

    async def _propose(
        self,
        request: TextIn,
        orders: Sequence[LegOrder],
        notes: Sequence[str],
        keep: Callable[[Proposal], Awaitable[None]] | None = None,
    ) -> None:
        async def make() -> Proposal:
            asks = {"user_id": request.user_id, "chat_id": request.chat_id}
            proposal = await self._desk.propose_list(orders[0].ticket, orders, **asks, notes=notes)
            if keep is not None:
                await keep(proposal)
            return proposal

        await self._cards.present(make, request.chat_id, request.message_id)

    async def _warn(self, chat_id: int, closing: OrderTicket) -> None:
        """Tell what ends the position already: with the closing order it would trade more than is held."""
        instrument = await self._symbols.find(closing.symbol)
        found = enders(await self._store.unsettled(), instrument, self._account(), closing.side)
        if found:
            await self._reply.send(chat_id, self._cards.branded(views.ending(found)))

    async def _ending(self, orders: Sequence[LegOrder]) -> list[tuple[Proposal, LegOrder]]:
        unsettled = await self._store.unsettled()
        return [
            one for order in orders for one in enders(unsettled, order.instrument, order.account, order.ticket.side)
        ]

    async def _notes(self, request: TextIn, left: Sequence[Left]) -> tuple[str, ...]:
        return views.notes(left, now=self._clock.now(), zone=await self._zone(request))

    async def _zone(self, request: TextIn) -> ZoneInfo:
        return await self._zones.zone_of(request.user_id)

    def _account(self) -> str:
        accounts = self._holdings.accounts()
        if not accounts:
            raise LinkDown
        return accounts[0]


def _with_part(args: str) -> str:
    """Return what `/close` was asked with the part in front: `AAPL` is all of it, `AAPL half` half of it."""
    words = args.split()
    if len(words) > 1 and _is_part(words[-1]) and not _is_part(words[0]):
        words = [words[-1], *words[:-1]]
    if not _is_part(words[0]) or len(words) == 1:
        words = ["all", *words]
    return " ".join(words)


def _is_part(word: str) -> bool:
    return word.lower() in _PARTS or word.endswith("%")


def _sequel(proposal: Proposal, planned: Rebalance) -> Sequel:
    return Sequel(
        id=0,
        user_id=proposal.user_id,
        chat_id=proposal.chat_id,
        account=planned.worth.account,
        digest=proposal.digest,
        cash=planned.worth.cash,
        waiting=tuple(Waiting(one.standing.instrument, one.standing.symbol, one.quantity) for one in planned.later),
        created=proposal.created,
    )
