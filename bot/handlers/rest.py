"""The second card of a rebalance: purchases that waited for the money of its sales, also over a restart."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Protocol

from bot.callback_data import Callback
from bot.errors import DeliveryError
from bot.handlers.lists import ListDesk
from bot.handlers.order_cards import OrderCards
from bot.handlers.ports import Reply, Zones
from bot.request import Press
from bot.views import lists as views
from bot.views.errors import explain
from market.account import AccountSummary
from market.clock import Clock
from market.errors import LinkDown, MarketError, RequestTimeout
from trading.batch import Batch
from trading.errors import ListFault, ListRefused, TradingError
from trading.lists import Lists
from trading.ports import ProposalStore
from trading.proposal import Proposal, ProposalState
from trading.sequel import Sequel, SequelStore, Step, latest, money_of, step_of

_log = logging.getLogger(__name__)

_RECENT = 100
# After a connect an account's values come one by one; a minute later they do not come.
_PATIENCE_S = 60.0
_CLAIMED = frozenset({ProposalState.CONFIRMED, ProposalState.SUBMITTED})


class RestNews(Protocol):
    """What a person is told of purchases that wait; through the outbox."""

    async def rest_waits(self, sequel: Sequel, first: str, why: str) -> None:
        """Tell that they are on no card now, *why* (HTML, may be empty), and how to have one."""
        ...

    async def rest_dropped(self, sequel: Sequel, first: str, *, sold: bool) -> None:
        """Tell that there is no money for them."""
        ...


class RestHandler:
    """
    Offers what waits as soon as the orders before it are over, and when its person asks for it.

    By itself it offers nothing before the link to IBKR is in step (*is_linked*) and has told of the account: what is
    held and what there is to buy with would be a guess.
    """

    def __init__(  # noqa: PLR0913  what a list is made of, and where it goes
        self,
        *,
        reply: Reply,
        desk: ListDesk,
        lists: Lists,
        cards: OrderCards,
        store: ProposalStore,
        sequels: SequelStore,
        news: RestNews,
        zones: Zones,
        is_linked: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._desk = desk
        self._lists = lists
        self._cards = cards
        self._store = store
        self._sequels = sequels
        self._news = news
        self._zones = zones
        self._is_linked = is_linked
        self._clock = clock
        self._awaited: dict[int, float] = {}
        # Two offers at once would be two cards for the same purchases.
        self._offering = asyncio.Lock()

    async def look(self) -> None:
        """Do what is due about everything that waits; called every few seconds."""
        for sequel in await self._sequels.all():
            async with self._offering:
                await self._look_at(sequel)

    async def on_rest(self, press: Press, callback: Callback) -> None:
        """Open another card for purchases that wait. Raises ListRefused, and as the desk."""
        async with self._offering:
            sequel = await self._sequels.get(callback.number(0))
            if sequel is None or sequel.user_id != press.user_id:
                await self._reply.answer(press, "These purchases do not wait any more. Nothing was ordered.")
                return
            first, second = await self._cards_of(sequel)
            if second is not None and (second.state.is_standing or second.state in _CLAIMED):
                await self._reply.answer(press, f"There is a card for them already: {second.reference}.")
                return
            if first is None or not first.is_over:
                await self._reply.answer(press, "The orders before them are not over. Nothing was ordered.")
                return
            await self._reply.answer(press)
            await self._offer(sequel, first, press.message_id)

    async def _look_at(self, sequel: Sequel) -> None:
        first, second = await self._cards_of(sequel)
        match step_of(sequel, first, second, self._clock.now()):
            case Step.OFFER if first is not None:
                await self._offer_by_itself(sequel, first)
            case Step.REMIND if first is not None:
                await self._remind(sequel, first, "")
            case Step.BARREN if first is not None:
                await self._drop(sequel, first, sold=False)
            case Step.DROP:
                await self._sequels.drop(sequel.id)
            case _:
                return

    async def _cards_of(self, sequel: Sequel) -> tuple[Proposal | None, Proposal | None]:
        """Return the newest card of the sales and the newest one of the purchases."""
        recent = await self._store.recent(sequel.user_id, _RECENT)
        offered = await self._store.get(sequel.offered) if sequel.offered else None
        second = None if offered is None else latest([offered, *recent], offered.digest, offered.created)
        return latest(recent, sequel.digest, sequel.created), second

    def _is_early(self, sequel: Sequel) -> bool:
        """Return whether what the purchases are worked out from is still about to come."""
        if not self._is_linked():
            self._awaited.pop(sequel.id, None)
            return True
        now = self._clock.monotonic()
        since = self._awaited.setdefault(sequel.id, now)
        return self._lists.is_awaited(sequel.account) and now - since < _PATIENCE_S

    async def _offer_by_itself(self, sequel: Sequel, first: Proposal) -> None:
        if self._is_early(sequel):
            return
        self._awaited.pop(sequel.id, None)
        try:
            await self._offer(sequel, first, first.message_id)
        except (LinkDown, RequestTimeout) as error:
            _log.info("the purchases after %s wait for IBKR: %s", first.reference, type(error).__name__)
        except (MarketError, TradingError) as error:
            await self._remind(sequel, first, explain(error).html)
        except DeliveryError as error:
            _log.warning("the card of the purchases after %s was not sent: %s", first.reference, type(error).__name__)
            await self._remind(sequel, first, "")

    async def _offer(self, sequel: Sequel, first: Proposal, reply_to: int | None) -> None:
        worth = self._lists.worth(sequel.account)
        money = money_of(sequel, first, worth.in_base)
        if money is None:
            raise _unrated(first, worth)
        waiting = [(one.instrument, one.symbol, one.quantity) for one in sequel.waiting]
        batch = await self._lists.rest(waiting, sequel.account, money)
        if not batch.orders:
            await self._drop(sequel, first, sold=True)
            return
        notes = await self._notes(sequel, batch)

        async def make() -> Proposal:
            asks = {"user_id": sequel.user_id, "chat_id": sequel.chat_id}
            proposal = await self._desk.propose_list(batch.orders[0].ticket, batch.orders, **asks, notes=notes)
            # Noted before the card is shown: a restart in between makes no second one that can be confirmed too.
            await self._sequels.offered(sequel.id, proposal.id)
            return proposal

        await self._cards.present(make, sequel.chat_id, reply_to, note=views.rest_note(first.reference))

    async def _notes(self, sequel: Sequel, batch: Batch) -> Sequence[str]:
        zone = await self._zones.zone_of(sequel.user_id)
        return views.notes(batch.left, now=self._clock.now(), zone=zone)

    async def _remind(self, sequel: Sequel, first: Proposal, why: str) -> None:
        await self._news.rest_waits(sequel, first.reference, why)
        await self._sequels.reminded(sequel.id)

    async def _drop(self, sequel: Sequel, first: Proposal, *, sold: bool) -> None:
        await self._news.rest_dropped(sequel, first.reference, sold=sold)
        await self._sequels.drop(sequel.id)


def _unrated(first: Proposal, worth: AccountSummary) -> ListRefused:
    """Return what to say of the first amount that has no rate: of what *first* traded, or of its fees."""
    amounts: list[tuple[str, str]] = []
    for leg in first.legs:
        traded = first.order_of(leg).instrument
        amounts.append((traded.label, traded.currency))
        amounts.append((f"the fee of {traded.label}", leg.commission_currency or traded.currency))
    what, currency = next(one for one in amounts if worth.in_base(Decimal(1), one[1]) is None)
    return ListRefused(ListFault.RATE, what, currency=currency)
