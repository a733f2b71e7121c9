"""Move the price of a working order, put a stop or a target beside what was filled: each becomes a card of its own."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Protocol

from bot.callback_data import BadCallback, Callback
from bot.handlers.order_cards import OrderCards
from bot.handlers.place import show
from bot.handlers.ports import Forms, Reply
from bot.request import Press, TextIn
from bot.views import moving as views
from bot.views.working import is_movable
from market.clock import Clock
from market.errors import NoMarketData, RequestTimeout
from market.instrument import Instrument
from market.quote import Quote
from market.ticket import OrderTicket, Side
from market.ticket_line import Line
from market.ticket_number import read_price
from storage.forms import Form
from trading.access import Role
from trading.ending import enders
from trading.errors import ProposalGone
from trading.limits import exact
from trading.ports import Holdings, ProposalStore, QuoteSource, SymbolBook
from trading.proposal import Leg, LegOrder, Proposal
from trading.repricing import choices, guard, moved, shifted, stops, targets

QUESTION = "reprice?"
"""The kind of a form that asks for a price of a working order or of one that protects."""

_PERCENT = re.compile(r"(?P<sign>[+\-\N{MINUS SIGN}])?\s*(?P<number>\d{1,3}(?:\.\d{1,4})?)\s*%")
_ASKED = frozenset({"move", "stop", "target"})


class ChangeDesk(Protocol):
    """What changes ask of the order desk."""

    async def propose(self, ticket: OrderTicket, *, user_id: int, chat_id: int, account: str = "") -> Proposal:
        """Check and store an order to be confirmed."""
        ...

    async def propose_change(self, order_ref: str, ticket: OrderTicket, *, user_id: int, chat_id: int) -> Proposal:
        """Check and store new terms for a working order."""
        ...


class MovingHandler:
    """Answers ✏️ Move price, 🛑 Add stop and 🎯 Add target, for the order's own person or an admin."""

    def __init__(  # noqa: PLR0913  an order, its market, and the position it made
        self,
        *,
        reply: Reply,
        desk: ChangeDesk,
        store: ProposalStore,
        cards: OrderCards,
        quotes: QuoteSource,
        symbols: SymbolBook,
        holdings: Holdings,
        forms: Forms,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._desk = desk
        self._store = store
        self._cards = cards
        self._quotes = quotes
        self._symbols = symbols
        self._holdings = holdings
        self._forms = forms
        self._clock = clock

    async def on_move(self, press: Press, callback: Callback) -> None:
        """Ask where the price is to go. Raises ProposalGone."""
        proposal, leg = await self._leg(press, callback.number(1), callback.number(2))
        if not is_movable(proposal, leg):
            await self._reply.answer(press, views.NOT_MOVABLE)
            return
        await self._reply.answer(press)
        order = proposal.order_of(leg)
        quote, rules = await self._quote(order.instrument), await self._symbols.rules(order.instrument)
        question = views.where_to(proposal, leg, choices(order.ticket, quote, rules), quote, now=self._clock.now())
        await show(self._reply, press, callback, question)

    async def on_moved(self, press: Press, callback: Callback) -> None:
        """Open the card of a change to the price on the button. Raises ProposalGone, and as the desk."""
        proposal, leg = await self._leg(press, callback.number(0), callback.number(1))
        if not is_movable(proposal, leg):
            await self._reply.answer(press, views.NOT_MOVABLE)
            return
        ticket = moved(proposal.order_of(leg).ticket, _number(callback.args[2], press.data))
        await self._reply.answer(press, "⏳ Checking the change…")
        await self._change(leg, ticket, press.user_id, press.chat_id, press.message_id)

    async def on_guard(self, press: Press, callback: Callback) -> None:
        """Ask where a stop or a target is to be. Raises ProposalGone."""
        what = callback.args[3]
        if what not in {"stop", "target"}:
            raise BadCallback(press.data)
        proposal, leg = await self._leg(press, callback.number(1), callback.number(2))
        order = proposal.order_of(leg)
        held = await self._to_protect(order, leg)
        if not held:
            await self._reply.answer(press, views.NOT_HELD)
            return
        await self._reply.answer(press)
        quote, rules = await self._quote(order.instrument), await self._symbols.rules(order.instrument)
        last = (exact(quote.price) if quote is not None else None) or leg.average_price or Decimal(0)
        side = order.ticket.side
        question = views.guard_where(
            proposal,
            leg,
            what,
            held,
            stops(side, last, rules),
            targets(side, last, rules),
            quote,
            await self._others(order),
            now=self._clock.now(),
        )
        await show(self._reply, press, callback, question)

    async def on_guarded(self, press: Press, callback: Callback) -> None:
        """Open the card of what protects. Raises ProposalGone, TicketContradiction, and as the desk."""
        what, where = callback.args[2], callback.args[3].split("_")
        if what not in views.KINDS or len(where) != (2 if what == "both" else 1):
            raise BadCallback(press.data)
        prices = [_number(one, press.data) for one in where]
        proposal, leg = await self._leg(press, callback.number(0), callback.number(1))
        if not await self._to_protect(proposal.order_of(leg), leg):
            await self._reply.answer(press, views.NOT_HELD)
            return
        await self._reply.answer(press, "⏳ Checking the order…")
        stop = None if what == "target" else prices[-1]
        target = None if what == "stop" else prices[0]
        await self._protect(proposal, leg, stop, target, press.user_id, press.chat_id, press.message_id)

    async def on_ask(self, press: Press, callback: Callback) -> None:
        """Ask for a price that no button offers; the answer is a reply. Raises ProposalGone."""
        proposal, leg = await self._leg(press, callback.number(0), callback.number(1))
        what = callback.args[2]
        if what not in _ASKED:
            raise BadCallback(press.data)
        data = {"proposal": proposal.id, "leg": leg.number, "what": what, "anchor": press.message_id}
        form = await self._forms.open(press.user_id, press.chat_id, QUESTION, data, self._clock.now())
        await self._reply.answer(press)
        question = views.question(proposal.order_of(leg), what)
        await self._forms.shown(form.id, await self._reply.send(press.chat_id, question, reply_to=press.message_id))

    async def answered(self, form: Form, request: TextIn) -> None:
        """Take in the reply to a question. Raises MarketError, TradingError; then it may be answered again."""
        proposal, leg = await self._leg(request, int(form.data["proposal"]), int(form.data["leg"]))
        order, what, anchor = proposal.order_of(leg), str(form.data["what"]), int(form.data["anchor"])
        if what == "move":
            if not is_movable(proposal, leg):
                raise ProposalGone(proposal.state.value)
            ticket = await self._typed(order, request.text)
            await self._change(leg, ticket, request.user_id, request.chat_id, anchor)
        else:
            at = await self._level(order, leg, request.text)
            stop, target = (at, None) if what == "stop" else (None, at)
            await self._protect(proposal, leg, stop, target, request.user_id, request.chat_id, anchor)
        await self._forms.close(form.id)
        asked = () if form.message_id is None else (form.message_id,)
        await self._reply.delete(request.chat_id, *asked, request.message_id)

    async def _change(self, leg: Leg, ticket: OrderTicket, user_id: int, chat_id: int, reply_to: int) -> None:
        async def make() -> Proposal:
            return await self._desk.propose_change(leg.order_ref, ticket, user_id=user_id, chat_id=chat_id)

        await self._cards.present(make, chat_id, reply_to)

    async def _protect(
        self,
        proposal: Proposal,
        leg: Leg,
        stop: Decimal | None,
        target: Decimal | None,
        user_id: int,
        chat_id: int,
        reply_to: int,
    ) -> None:
        order = proposal.order_of(leg)
        quantity = await self._to_protect(order, leg)
        ticket = guard(order.ticket.side, quantity, order.ticket.symbol, stop=stop, target=target)

        async def make() -> Proposal:
            return await self._desk.propose(ticket, user_id=user_id, chat_id=chat_id, account=order.account)

        await self._cards.present(make, chat_id, reply_to)

    async def _leg(self, who: Press | TextIn, proposal_id: int, number: int) -> tuple[Proposal, Leg]:
        """Return a leg that this person may touch. Raises ProposalGone."""
        proposal = await self._store.get(proposal_id)
        if proposal is None or not (proposal.user_id == who.user_id or who.role >= Role.ADMIN):
            raise ProposalGone
        leg = next((one for one in proposal.legs if one.number == number), None)
        if leg is None:
            raise ProposalGone(proposal.state.value)
        return proposal, leg

    async def _to_protect(self, order: LegOrder, leg: Leg) -> Decimal:
        """Return how much of what the leg filled is still held, in a size that IBKR takes."""
        positions = self._holdings.positions(order.account)
        held = sum((one.quantity for one in positions if one.instrument == order.instrument), Decimal(0))
        held = held if order.ticket.side is Side.BUY else -held
        if held <= 0 or not leg.filled:
            return Decimal(0)
        rules = await self._symbols.rules(order.instrument)
        return rules.size_below(min(held, leg.filled))

    async def _others(self, order: LegOrder) -> Sequence[str]:
        """Return the working orders that end the same position, in words."""
        found = enders(await self._store.unsettled(), order.instrument, order.account, order.ticket.side.opposite)
        return [views.working_words(its, one.reference) for one, its in found]

    async def _quote(self, instrument: Instrument) -> Quote | None:
        try:
            return replace(await self._quotes.fresh(instrument))
        except (NoMarketData, RequestTimeout):
            return None

    async def _typed(self, order: LegOrder, said: str) -> OrderTicket:
        """Return the order's ticket at the price that was typed. Raises TicketSyntaxError, TicketContradiction."""
        share = _PERCENT.fullmatch(said.strip())
        if share is not None and order.ticket.trail_pct is not None and share["sign"] is None:
            return moved(order.ticket, Decimal(share["number"]))
        if share is not None and share["sign"] is not None:
            rules = await self._symbols.rules(order.instrument)
            return shifted(order.ticket, _percent(share), rules)
        return moved(order.ticket, _price(said, order.instrument))

    async def _level(self, order: LegOrder, leg: Leg, said: str) -> Decimal:
        """Return the price that was typed, or so many percent from the last one. Raises TicketSyntaxError."""
        share = _PERCENT.fullmatch(said.strip())
        if share is None or share["sign"] is None:
            return _price(said, order.instrument)
        quote, rules = await self._quote(order.instrument), await self._symbols.rules(order.instrument)
        last = (exact(quote.price) if quote is not None else None) or leg.average_price or Decimal(0)
        return rules.price_below(last * (100 + _percent(share)) / 100)


def _percent(share: re.Match[str]) -> Decimal:
    return Decimal(share["number"]) * (1 if share["sign"] == "+" else -1)


def _price(said: str, instrument: Instrument) -> Decimal:
    line = Line(" ".join(said.split()))
    price = read_price(line, line.take(), below_zero=bool(instrument.legs))
    if line.peek() is not None:
        line.refuse(line.peek(), "nothing after the price")
    return price


def _number(word: str, data: str) -> Decimal:
    """Return the price on a button. Raises BadCallback for what no button of ours says."""
    try:
        price = Decimal(word)
    except InvalidOperation:
        raise BadCallback(data) from None
    if not price.is_finite():
        raise BadCallback(data)
    return price
