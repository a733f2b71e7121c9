"""From a wish to an order's card: the line, the button, and the questions how much and at what price."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

from alerts.amendment import order_line
from alerts.rule import Rule
from bot.callback_data import BadCallback, Callback
from bot.handlers.order_cards import OrderCards
from bot.handlers.orders import Desk
from bot.handlers.place import show
from bot.handlers.ports import Forms, Ranges, Reply, Zones
from bot.handlers.symbols import order_for
from bot.request import Press, TextIn
from bot.views import ticket as views
from bot.views.message import Message
from bot.views.quotes import stepped
from bot.views.symbols import which_symbol
from market.account import Position
from market.clock import Clock
from market.errors import NoMarketData, SymbolError
from market.instrument import Instrument
from market.quote import Quote
from market.ticket import OrderTicket, OrderType, Side, format_ticket, parse
from trading.guarding import Guarding, guarding
from trading.limits import exact
from trading.ports import Holdings, QuoteSource, SymbolBook
from trading.proposal import Proposal

_PATIENCE_S = 1.5
KEPT = "order"
"""The kind of a form that keeps an order without its price, where that does not fit into a button."""


class TicketHandler:
    """
    Takes order lines, asks for what they leave open, and has the rest proposed and shown.

    *rule_of* gives an alert to its owner.
    """

    def __init__(  # noqa: PLR0913  what a wish may lack, each from where it is known
        self,
        *,
        reply: Reply,
        desk: Desk,
        cards: OrderCards,
        symbols: SymbolBook,
        quotes: QuoteSource,
        rule_of: Callable[[int, int], Awaitable[Rule]],
        holdings: Holdings,
        ranges: Ranges,
        forms: Forms,
        zones: Zones,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._desk = desk
        self._cards = cards
        self._symbols = symbols
        self._quotes = quotes
        self._rule_of = rule_of
        self._holdings = holdings
        self._ranges = ranges
        self._forms = forms
        self._zones = zones
        self._clock = clock

    async def order(self, request: TextIn, line: str) -> None:
        """Answer an order line with its card, or with the question at what price. Raises as `OrderDesk.propose`."""
        ticket = parse(line, await self._zones.zone_of(request.user_id))
        await self.ask(request.user_id, request.chat_id, ticket, request.message_id)

    async def on_line(self, press: Press, callback: Callback) -> None:
        """Take a button's line as if it had been typed."""
        ticket = parse(callback.args[0], await self._zones.zone_of(press.user_id))
        await self._reply.answer(press)
        await self.ask(press.user_id, press.chat_id, ticket, None)

    async def on_price(self, press: Press, callback: Callback) -> None:
        """Put the chosen kind of price, as it is now, into an order that had none."""
        choice, line = callback.args
        await self._choose(press, choice, line)

    async def on_kept(self, press: Press, callback: Callback) -> None:
        """As `on_price`, for an order that a form keeps; a form that is over does nothing."""
        form = await self._forms.get(callback.number(0), press.user_id)
        if form is None or form.kind != KEPT:
            await self._reply.answer(press, "That question is over. Nothing was ordered; write the order again.")
            return
        await self._choose(press, callback.args[1], str(form.data["line"]))

    async def on_then(self, press: Press, callback: Callback) -> None:
        """Take the order of an alert whose line does not fit into a button. Raises RuleGone, TicketSyntaxError."""
        line = order_line(await self._rule_of(callback.number(0), press.user_id))
        await self._reply.answer(press)
        if line:
            ticket = parse(line, await self._zones.zone_of(press.user_id))
            await self.ask(press.user_id, press.chat_id, ticket, press.message_id)

    async def on_trade(self, press: Press, callback: Callback) -> None:
        """Ask how much to buy or sell, with a stop loss and a target on offer for who opens a position."""
        instrument = await self._symbols.find(f"#{callback.number(1)}")
        side = Side.SELL if callback.args[2] == "S" else Side.BUY
        await self._reply.answer(press)
        quote, position = await self._quote(instrument), self._position(instrument)
        with suppress(TimeoutError):
            # Without the range two percent stands for it: nobody waits long for a suggestion.
            async with asyncio.timeout(_PATIENCE_S):
                await self._ranges.learn([instrument])
        suited = self._suited(side, quote, position)
        question = views.trade_size(side, quote, position, suited, now=self._clock.now())
        await show(self._reply, press, callback, self._cards.branded(question))

    async def ask(self, user_id: int, chat_id: int, ticket: OrderTicket, reply_to: int | None) -> None:
        """Show the card of *ticket*, or ask at what price. Raises as `OrderDesk.propose`, but for an unclear symbol."""
        try:
            if ticket.order_type is not None:
                await self._propose(user_id, chat_id, ticket, reply_to)
                return
            question = await self._price_question(user_id, chat_id, ticket)
        except SymbolError as error:
            question = which_symbol(error, order_for(ticket))
        await self._reply.send(chat_id, self._cards.branded(question), reply_to=reply_to)

    async def _choose(self, press: Press, choice: str, line: str) -> None:
        zone = await self._zones.zone_of(press.user_id)
        ticket = await self._priced(parse(line, zone), choice, press.data)
        await self._reply.answer(press)
        await self._propose(press.user_id, press.chat_id, ticket, None)

    async def _price_question(self, user_id: int, chat_id: int, ticket: OrderTicket) -> Message:
        instrument = await self._symbols.find(ticket.symbol)
        quote = await self._quote(instrument)
        kept, now = 0, self._clock.now()
        if not views.fits(ticket):
            kept = (await self._forms.open(user_id, chat_id, KEPT, {"line": format_ticket(ticket)}, now)).id
        return views.price_choice(ticket, instrument, quote, now=now, kept=kept)

    async def _propose(self, user_id: int, chat_id: int, ticket: OrderTicket, reply_to: int | None) -> None:
        async def make() -> Proposal:
            return await self._desk.propose(ticket, user_id=user_id, chat_id=chat_id)

        await self._cards.present(make, chat_id, reply_to)

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

    def _position(self, instrument: Instrument) -> Position | None:
        for account in self._holdings.accounts()[:1]:
            for position in self._holdings.positions(account):
                if position.instrument == instrument:
                    return position
        return None

    def _suited(self, side: Side, quote: Quote, position: Position | None) -> Guarding | None:
        """Return a stop loss and a target for an order at the price it would meet; None where it closes a position."""
        held = Decimal(0) if position is None else position.quantity
        if held > 0 if side is Side.SELL else held < 0:
            return None
        near = exact(quote.ask if side is Side.BUY else quote.bid)
        return guarding(side, near, quote.instrument, self._ranges.atr(quote.instrument))


def _step(price: float | None, instrument: Instrument) -> Decimal | None:
    return None if price is None else stepped(price, instrument)
