"""From a line of text to an order: the card, the press on it, and the list. Every order goes through the desk."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Protocol

from bot.callback_data import BadCallback, Callback
from bot.errors import DeliveryError, DeliveryUnknown
from bot.handlers.place import show
from bot.handlers.ports import Reply, Zones
from bot.handlers.symbols import order_for
from bot.noted import branded
from bot.request import Press, TextIn
from bot.views import orders as list_views
from bot.views import proposal as views
from bot.views.errors import explain
from bot.views.message import Message
from bot.views.quotes import stepped
from bot.views.symbols import which_symbol
from market.clock import Clock
from market.errors import LinkDown, MarketError, NoMarketData, SymbolError
from market.instrument import Instrument
from market.quote import Quote
from market.ticket import OrderTicket, OrderType, Side, format_ticket, parse
from storage.errors import StorageUnavailable
from trading.confirmation import Confirmation, Outcome
from trading.errors import TradingError
from trading.ports import Holdings, ProposalStore, QuoteSource, SymbolBook
from trading.proposal import Proposal, ProposalState

_log = logging.getLogger(__name__)

_LISTED = 12
_PATIENCE_S = 1.0
_SENT_ANEW = "It was not known whether the first card arrived; that one is void."
_DRIFTED = "The price has moved since the last card."
_STILL_STANDS = "IBKR cannot be reached. Nothing was sent; tap again when the link is back."


class Desk(Protocol):
    """What the chat may ask of `trading.desk.OrderDesk`."""

    async def propose(self, ticket: OrderTicket, *, user_id: int, chat_id: int) -> Proposal:
        """Check and store an order to be confirmed."""
        ...

    async def shown(self, proposal_id: int, message_id: int) -> None:
        """Note the card's message."""
        ...

    async def void(self, proposal_id: int) -> bool:
        """Kill a card that may not have arrived."""
        ...

    async def confirm(self, token: str, *, user_id: int, chat_id: int, message_id: int) -> Confirmation:
        """Send the order behind the token, if this press may."""
        ...

    async def cancel(self, token: str, *, user_id: int, chat_id: int, message_id: int | None = None) -> Confirmation:
        """Close the card unconfirmed."""
        ...

    async def cancel_order(self, proposal_id: int, *, user_id: int, chat_id: int) -> Proposal:
        """Ask IBKR to cancel a working order."""
        ...

    async def expire_due(self) -> Sequence[Proposal]:
        """Close the cards whose time is up."""
        ...

    async def cancel_all_proposed(self) -> Sequence[Proposal]:
        """Close every card."""
        ...


class OrdersHandler:
    """
    Shows orders and passes presses to the desk.

    The *store* and *holdings* are only read here; whether a press counts is decided in the desk alone.
    """

    def __init__(
        self,
        *,
        reply: Reply,
        desk: Desk,
        store: ProposalStore,
        symbols: SymbolBook,
        quotes: QuoteSource,
        holdings: Holdings,
        zones: Zones,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._desk = desk
        self._store = store
        self._symbols = symbols
        self._quotes = quotes
        self._holdings = holdings
        self._zones = zones
        self._clock = clock
        self._confirming: set[str] = set()

    def branded(self, message: Message) -> Message:
        """Return *message* with PAPER or LIVE in its first line, once IBKR has told of an account."""
        accounts = self._holdings.accounts()
        return branded(message, accounts[0]) if accounts else message

    async def order(self, request: TextIn, line: str) -> None:
        """Answer an order line with its card, or with the question at what price. Raises as `OrderDesk.propose`."""
        ticket = parse(line, await self._zones.zone_of(request.user_id))
        await self._ask(request.user_id, request.chat_id, ticket, request.message_id)

    async def on_line(self, press: Press, callback: Callback) -> None:
        """Take a button's line as if it had been typed."""
        ticket = parse(callback.args[0], await self._zones.zone_of(press.user_id))
        await self._reply.answer(press)
        await self._ask(press.user_id, press.chat_id, ticket, None)

    async def on_price(self, press: Press, callback: Callback) -> None:
        """Put the chosen kind of price, as it is now, into an order that had none."""
        choice, line = callback.args
        ticket = await self._priced(parse(line), choice, press.data)
        await self._reply.answer(press)
        await self._propose(press.user_id, press.chat_id, ticket, None)

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
        await self._put_back(press, proposal)
        message = views.interrupted(proposal, now=self._clock.now())
        await self._reply.send(press.chat_id, message, reply_to=press.message_id)
        return True

    async def on_cancel(self, press: Press, callback: Callback) -> None:
        """Hand a card's Cancel to the desk."""
        answer = await self._desk.cancel(
            callback.args[0], user_id=press.user_id, chat_id=press.chat_id, message_id=press.message_id
        )
        await self._reply.answer(press, views.toast(answer))
        await self._conclude(press, answer)

    async def on_withdraw(self, press: Press, callback: Callback) -> None:
        """Ask IBKR to cancel a working order. Raises as `OrderDesk.cancel_order`, but for a link that is down."""
        number = callback.number(1)
        try:
            proposal = await self._desk.cancel_order(number, user_id=press.user_id, chat_id=press.chat_id)
        except LinkDown:
            await self._reply.answer(press, list_views.NOT_CANCELLED, alert=True)
            return
        await self._reply.answer(press, f"IBKR is asked to cancel {proposal.reference}; you will hear what it did.")

    async def show_all(self, request: TextIn) -> None:
        """Send the person's latest orders."""
        message = await self._list(request.user_id)
        await self._reply.send(request.chat_id, message, reply_to=request.message_id)

    async def on_list(self, press: Press, callback: Callback) -> None:
        """Show the person's latest orders."""
        message = await self._list(press.user_id)
        await self._reply.answer(press)
        await show(self._reply, press, callback, message)

    async def expire(self) -> int:
        """Close the cards whose time is up and say so on each; return how many. Called every few seconds."""
        return await self._close(await self._desk.expire_due(), Outcome.EXPIRED)

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

    async def _ask(self, user_id: int, chat_id: int, ticket: OrderTicket, reply_to: int | None) -> None:
        try:
            if ticket.order_type is not None:
                await self._propose(user_id, chat_id, ticket, reply_to)
                return
            question = await self._price_question(ticket)
        except SymbolError as error:
            question = which_symbol(error, order_for(ticket))
        await self._reply.send(chat_id, self.branded(question), reply_to=reply_to)

    async def _price_question(self, ticket: OrderTicket) -> Message:
        instrument = await self._symbols.find(ticket.symbol)
        quote = await self._quote(instrument)
        return views.price_choice(ticket, instrument, quote, format_ticket(ticket), now=self._clock.now())

    async def _quote(self, instrument: Instrument) -> Quote:
        """Return a quote; without market data one without prices, so that a limit can still be typed."""
        try:
            return await self._quotes.fresh(instrument)
        except NoMarketData:
            return Quote(instrument)

    async def _priced(self, ticket: OrderTicket, choice: str, data: str) -> OrderTicket:
        if choice == "market":
            return replace(ticket, order_type=OrderType.MARKET, limit_price=None)
        if choice not in {"near", "mid"}:
            raise BadCallback(data)
        instrument = await self._symbols.find(ticket.symbol)
        quote = await self._quotes.fresh(instrument)
        near = quote.ask if ticket.side is Side.BUY else quote.bid
        price = _step(near if choice == "near" else quote.mid, instrument)
        if price is None:
            raise NoMarketData(0, "there is no bid and ask just now")
        return replace(ticket, order_type=OrderType.LIMIT, limit_price=price)

    async def _propose(self, user_id: int, chat_id: int, ticket: OrderTicket, reply_to: int | None) -> None:
        proposal = await self._desk.propose(ticket, user_id=user_id, chat_id=chat_id)
        await self._present(proposal, reply_to, note="")

    async def _present(self, proposal: Proposal, reply_to: int | None, *, note: str) -> None:
        """Show the card; where nobody knows whether it arrived, a new one with a new token goes out, once."""
        if await self._show_card(proposal, reply_to, note=note):
            return
        again = await self._desk.propose(proposal.ticket, user_id=proposal.user_id, chat_id=proposal.chat_id)
        await self._show_card(again, reply_to, note=_SENT_ANEW)

    async def _show_card(self, proposal: Proposal, reply_to: int | None, *, note: str) -> bool:
        """Send the card; False when nobody knows whether it arrived. A card that is not surely there is void."""
        try:
            message_id = await self._reply.send(proposal.chat_id, self._card(proposal, note), reply_to=reply_to)
        except DeliveryError as error:
            await self._desk.void(proposal.id)
            _log.warning("the card of %s is void, its send ended with %s", proposal.reference, type(error).__name__)
            if isinstance(error, DeliveryUnknown):
                return False
            raise
        try:
            await self._desk.shown(proposal.id, message_id)
        except StorageUnavailable as error:
            # It can never be confirmed, so it must not stand there as if it could.
            with suppress(DeliveryError):
                await self._reply.edit(proposal.chat_id, message_id, self.branded(explain(error)))
        return True

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
                await self._put_back(press, await self._stored(standing))
            raise
        await _dropped(notice)
        if not live:
            await self._reply.answer(press, views.toast(answer))
        await self._conclude(press, answer)

    async def _announce(self, press: Press, standing: Proposal) -> None:
        await self._reply.answer(press, "⏳ Checking once more…")
        with suppress(DeliveryError):
            await self._reply.edit(press.chat_id, press.message_id, views.sending(standing))

    async def _conclude(self, press: Press, answer: Confirmation) -> None:
        """Make the card show what became of it, and send its successor where there is one."""
        proposal = answer.proposal
        if proposal is None or proposal.message_id not in {None, press.message_id}:
            return
        if answer.outcome is Outcome.LINK_DOWN:
            await self._reply.edit(press.chat_id, press.message_id, self._card(proposal, _STILL_STANDS))
            return
        shown = views.outcome(answer, format_ticket(proposal.ticket))
        if shown is not None:
            # What became of an order must not be lost with an edit: the new card and the thread below tell it too.
            try:
                await self._reply.edit(press.chat_id, press.message_id, shown)
            except DeliveryError:
                _log.warning("the card of %s could not be edited", proposal.reference)
        if answer.replacement is not None:
            await self._present(answer.replacement, press.message_id, note=_DRIFTED)

    async def _put_back(self, press: Press, proposal: Proposal) -> None:
        """After an error of ours the card shows again what holds: its keyboard if it still stands, else its fate."""
        live = _is_live_card(proposal, press)
        message = self._card(proposal, "") if live else list_views.fate(proposal)
        with suppress(DeliveryError):
            await self._reply.edit(press.chat_id, press.message_id, message)

    async def _close(self, proposals: Sequence[Proposal], outcome: Outcome) -> int:
        for proposal in proposals:
            shown = views.outcome(Confirmation(outcome, proposal), format_ticket(proposal.ticket))
            if proposal.message_id is None or shown is None:
                continue
            with suppress(DeliveryError):
                await self._reply.edit(proposal.chat_id, proposal.message_id, shown)
        return len(proposals)

    async def _list(self, user_id: int) -> Message:
        proposals = await self._store.recent(user_id, _LISTED)
        listing = list_views.listing(proposals, now=self._clock.now(), zone=await self._zones.zone_of(user_id))
        return self.branded(listing)

    def _card(self, proposal: Proposal, note: str) -> Message:
        summary = self._holdings.summary(proposal.account)
        base = summary.currency if summary is not None else proposal.instrument.currency
        return views.proposal_card(proposal, now=self._clock.now(), base=base, note=note)


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


def _step(price: float | None, instrument: Instrument) -> Decimal | None:
    return None if price is None else stepped(price, instrument)
