"""
Changing what an order's card asks to confirm: every change is a new proposal with a new token in the same message.

The old proposal is closed before the new one is made, so that of two presses one counts; what was changed is checked
and previewed like any other order. Nothing here sends one.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from bot.callback_data import BadCallback, Callback
from bot.handlers.order_cards import OrderCards
from bot.handlers.orders import Desk, proposed_again
from bot.handlers.ports import Forms, Ranges, Reply, Zones
from bot.request import Press, TextIn
from bot.views import card_edit as views
from bot.views import outcome as outcomes
from bot.views.errors import explain
from market import retouch
from market.clock import Clock
from market.errors import MarketError
from market.ticket import Algo, OrderTicket, OrderType, Size, SizeUnit, TimeInForce
from storage.forms import Form
from trading.confirmation import Confirmation, Outcome, fate_of
from trading.errors import ProposalGone, TradingError
from trading.ports import ProposalStore
from trading.proposal import Proposal, ProposalState

QUESTION = "card?"
"""The kind of a form that asks for something of a card."""


class CardEditHandler:
    """Answers the ✏️ and 🛡 buttons of cards, and the replies to their questions."""

    def __init__(
        self,
        *,
        reply: Reply,
        desk: Desk,
        store: ProposalStore,
        cards: OrderCards,
        ranges: Ranges,
        forms: Forms,
        zones: Zones,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._desk = desk
        self._store = store
        self._cards = cards
        self._ranges = ranges
        self._forms = forms
        self._zones = zones
        self._clock = clock

    async def on_edit(self, press: Press, callback: Callback) -> None:
        """Show a screen of choices in the card's message, or the card again."""
        proposal = await self._standing(press, callback.number(0))
        if proposal is None:
            return
        await self._reply.answer(press)
        if callback.args[1] == "card":
            await self._reply.edit(press.chat_id, press.message_id, await self._cards.message(proposal))
            return
        day_range = self._ranges.atr(proposal.instrument)
        try:
            screen = views.screen(proposal, callback.args[1], now=self._clock.now(), day_range=day_range)
        except KeyError:
            raise BadCallback(press.data) from None
        await self._reply.edit(press.chat_id, press.message_id, screen)

    async def on_set(self, press: Press, callback: Callback) -> None:
        """Make a new card with the choice in it. Raises TicketContradiction where it does not go with the rest."""
        proposal = await self._standing(press, callback.number(0))
        if proposal is None:
            return
        ticket = _pressed(proposal, callback.args[1], callback.args[2], press.data)
        await self._reply.answer(press, "⏳ Checking the changed order…")
        await self._amend(proposal, ticket, press.message_id)

    async def on_ask(self, press: Press, callback: Callback) -> None:
        """Ask for what the buttons do not offer; the answer is a reply."""
        proposal = await self._standing(press, callback.number(0))
        if proposal is None:
            return
        what = callback.args[1]
        if what not in views.ASKED:
            raise BadCallback(press.data)
        data = {"proposal": proposal.id, "what": what, "card": press.message_id}
        form = await self._forms.open(press.user_id, press.chat_id, QUESTION, data, self._clock.now())
        await self._reply.answer(press)
        asked = await self._reply.send(press.chat_id, views.question(proposal, what), reply_to=press.message_id)
        await self._forms.shown(form.id, asked)

    async def answered(self, form: Form, request: TextIn) -> None:
        """Take in the reply to a question. Raises MarketError, TradingError; then it may be answered again."""
        proposal = await self._store.get(int(form.data["proposal"]))
        answer = self._fate(proposal, request.user_id, request.chat_id, int(form.data["card"]))
        if proposal is None or answer is not None:
            await self._forms.close(form.id)
            told = outcomes.toast(answer or Confirmation(Outcome.GONE))
            await self._reply.send(request.chat_id, views.over(told), reply_to=request.message_id)
            return
        zone = await self._zones.zone_of(request.user_id)
        ticket = retouch.reworded(_asked(proposal), str(form.data["what"]), request.text, zone)
        await self._forms.close(form.id)
        await self._amend(proposal, ticket, int(form.data["card"]))
        asked = () if form.message_id is None else (form.message_id,)
        await self._reply.delete(request.chat_id, *asked, request.message_id)

    async def _amend(self, old: Proposal, ticket: OrderTicket, message_id: int) -> None:
        async def make() -> Proposal:
            return await self._desk.amend(
                old.token, ticket, user_id=old.user_id, chat_id=old.chat_id, message_id=message_id
            )

        async def again() -> Proposal:
            return await proposed_again(self._desk, old, ticket)

        try:
            await self._cards.swap(make, again, old.chat_id, message_id)
        except ProposalGone:
            now = await self._store.get(old.id) or old
            told = outcomes.outcome(fate_of(now) or Confirmation(Outcome.GONE, now))
            # Of two changes at once the other one makes the new card, or has made it.
            if told is not None and now.state is not ProposalState.REPLACED:
                await self._reply.edit(old.chat_id, message_id, told)
        except (MarketError, TradingError) as error:
            # The old one may be closed already: then its card must not stand there as if it could be confirmed.
            found = await self._store.get(old.id)
            if found is None or fate_of(found) is not None:
                told = views.refused(old, explain(error), outcomes.anew(old))
                await self._reply.edit(old.chat_id, message_id, self._cards.branded(told))
                return
            raise

    async def _standing(self, press: Press, proposal_id: int) -> Proposal | None:
        """Return the proposal whose card is pressed while it can be changed; else answer why not."""
        proposal = await self._store.get(proposal_id)
        answer = self._fate(proposal, press.user_id, press.chat_id, press.message_id)
        if answer is None:
            return proposal
        await self._reply.answer(press, outcomes.toast(answer))
        return None

    def _fate(self, proposal: Proposal | None, user_id: int, chat_id: int, message_id: int) -> Confirmation | None:
        """Return why a card cannot be changed by this person from this message; None where it can."""
        if proposal is not None and (proposal.user_id, proposal.chat_id) != (user_id, chat_id):
            return Confirmation(Outcome.NOT_YOURS)
        over = fate_of(proposal)
        if proposal is None or over is not None:
            return over or Confirmation(Outcome.GONE)
        if proposal.message_id != message_id:
            return Confirmation(Outcome.GONE if proposal.message_id else Outcome.NOT_READY, proposal)
        return Confirmation(Outcome.EXPIRED, proposal) if self._clock.now() >= proposal.expires else None


def _asked(proposal: Proposal) -> OrderTicket:
    """Return the ticket as it was asked for: a size in money or percent is worked out anew at another price."""
    return outcomes.asked_again(proposal)


def _pressed(proposal: Proposal, what: str, value: str, data: str) -> OrderTicket:
    """Return the ticket with a button's choice in it. Raises BadCallback for what no button of ours says."""
    try:
        return _CHOICES[what](_asked(proposal), value, proposal)
    except (KeyError, InvalidOperation):
        raise BadCallback(data) from None
    except ValueError as error:
        if isinstance(error, MarketError):
            raise
        raise BadCallback(data) from None


def _amount(unit: SizeUnit | None) -> Callable[[OrderTicket, str, Proposal], OrderTicket]:
    def chosen(ticket: OrderTicket, value: str, _proposal: Proposal) -> OrderTicket:
        if unit is None:
            return retouch.with_amount(ticket, Decimal(value))
        return retouch.with_amount(ticket, Decimal(0), Size(unit, Decimal(value)))

    return chosen


def _type(ticket: OrderTicket, value: str, proposal: Proposal) -> OrderTicket:
    near = proposal.ask if ticket.side.value == "BUY" else proposal.bid
    known = ticket.limit_price if ticket.limit_price is not None else near
    return retouch.with_type(ticket, OrderType(value), known if known is not None else proposal.reference_price)


def _outside(ticket: OrderTicket, value: str, _proposal: Proposal) -> OrderTicket:
    return replace(ticket, outside_rth={"on": True, "off": False}[value])


def _guard(ticket: OrderTicket, value: str, _proposal: Proposal) -> OrderTicket:
    if value == "none":
        return retouch.guarded(ticket, None, None)
    stop, _, target = value.partition("_")
    return retouch.guarded(ticket, Decimal(stop), Decimal(target))


_CHOICES: Mapping[str, Callable[[OrderTicket, str, Proposal], OrderTicket]] = {
    "qty": _amount(None),
    SizeUnit.POSITION_PCT.name: _amount(SizeUnit.POSITION_PCT),
    SizeUnit.NET_LIQUIDATION_PCT.name: _amount(SizeUnit.NET_LIQUIDATION_PCT),
    "limit": lambda ticket, value, _: retouch.with_limit(ticket, Decimal(value)),
    "stop": lambda ticket, value, _: retouch.with_stop(ticket, Decimal(value)),
    "trail": lambda ticket, value, _: retouch.with_trail(ticket, pct=Decimal(value)),
    "type": _type,
    "tif": lambda ticket, value, _: retouch.with_time(ticket, TimeInForce(value)),
    "outside": _outside,
    "guard": _guard,
    "algo": lambda ticket, value, _: retouch.with_algo(ticket, None if value == "none" else Algo(value)),
}
