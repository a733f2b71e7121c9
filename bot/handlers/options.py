"""/options: an order for an option or a vertical spread, put together by buttons; its card is that of a typed line."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal

from bot.callback_data import BadCallback, Callback, Code, Place
from bot.handlers.chores import Chores
from bot.handlers.forms import LIFETIME
from bot.handlers.place import show
from bot.handlers.ports import Forms, OptionBook, Reply
from bot.handlers.symbols import card_of
from bot.option_quotes import OptionQuotes
from bot.option_wizard import PRICES, UNDERLYINGS, OptionWizard, Step
from bot.request import Press, TextIn
from bot.views import forms as form_views
from bot.views import options as views
from bot.views.message import Message
from bot.views.numbers import EASTERN
from bot.views.symbols import which_symbol
from market.clock import Clock
from market.errors import MarketError, NoMarketData, SymbolError, UnknownSymbol
from market.instrument import Instrument
from market.option import OptionChain
from storage.forms import Form
from trading.ports import QuoteSource, SymbolBook

OPTIONS, QUESTION = "options", "options?"
"""The kinds of the wizard's forms: itself, and a question of it that a reply answers."""

_PRICE_S = 2.0
_ASKABLE = frozenset({"quantity", "at"})

Order = Callable[[TextIn, str], Awaitable[None]]
"""Answers an order line as if it had been typed: `OrdersHandler.order`."""


class OptionsHandler:
    """
    Answers /options, its buttons, and the replies to its questions.

    A screen is shown at once and its prices are added when they come, unless another one was asked for meanwhile.
    """

    def __init__(  # noqa: PLR0913  what it asks for comes from everywhere
        self,
        *,
        reply: Reply,
        forms: Forms,
        symbols: SymbolBook,
        quotes: QuoteSource,
        options: OptionBook,
        order: Order,
        branded: Callable[[Message], Message],
        clock: Clock,
        chores: Chores,
    ) -> None:
        self._reply = reply
        self._forms = forms
        self._symbols = symbols
        self._quotes = quotes
        self._options = options
        self._prices = OptionQuotes(symbols, quotes, options)
        self._order = order
        self._branded = branded
        self._clock = clock
        self._chores = chores
        self._looking: dict[int, object] = {}

    async def begin(self, request: TextIn) -> None:
        """Open the wizard on the symbol that was typed. Raises MarketError."""
        symbol = request.args.strip()
        if not symbol:
            await self._reply.send(request.chat_id, views.which(), reply_to=request.message_id)
            return
        try:
            instrument = await self._symbols.find(symbol.upper())
        except SymbolError as error:
            question = which_symbol(error, card_of(Code.OPTIONS_OPEN, Place.HERE))
            await self._reply.send(request.chat_id, question, reply_to=request.message_id)
            return
        form, screen = await self._opened(instrument, request.user_id, request.chat_id)
        await self._forms.shown(form.id, await self._reply.send(request.chat_id, screen, reply_to=request.message_id))

    async def on_open(self, press: Press, callback: Callback) -> None:
        """Open the wizard on an instrument, from its quote. Raises MarketError."""
        instrument = await self._symbols.find(f"#{callback.number(1)}")
        form, screen = await self._opened(instrument, press.user_id, press.chat_id)
        await self._reply.answer(press)
        if callback.place is Place.HERE:
            await self._forms.shown(form.id, press.message_id)
            await show(self._reply, press, callback, screen)
        else:
            shown = await self._reply.send(press.chat_id, screen, reply_to=press.message_id)
            await self._forms.shown(form.id, shown)

    async def on_press(self, press: Press, callback: Callback) -> None:
        """Do what a wizard's button says; one whose form is over says so. Raises MarketError, TradingError."""
        what, value = callback.args[1], callback.args[2]
        form = await self._forms.get(callback.number(0), press.user_id)
        if form is None or form.kind != OPTIONS or self._clock.now() - form.touched > LIFETIME:
            # Whoever closed it has said so in its place, or will within moments.
            await self._reply.answer(press, "This is over. /options opens another.")
        elif what == "cancel":
            self._looking.pop(form.id, None)
            await self._forms.close(form.id)
            await self._reply.answer(press)
            await self._reply.edit(press.chat_id, press.message_id, views.cancelled())
        elif what == "ask":
            await self._ask(form, press, value)
        elif what == "card":
            await self._card(form, press)
        else:
            await self._filled(form, press, what, value)

    async def answered(self, form: Form, request: TextIn) -> None:
        """Take in the reply to a question. Raises MarketError."""
        parent = await self._forms.get(int(form.data["options"]), request.user_id)
        if parent is None or parent.message_id is None:
            await self._reply.send(request.chat_id, form_views.too_late(), reply_to=request.message_id)
            return
        wizard, said = OptionWizard.from_json(parent.data), request.text.strip().replace("\N{MINUS SIGN}", "-")
        chain = await self._chain(wizard)
        try:
            wizard = wizard.chosen(form.data["what"], said.removeprefix("$"), chain)
        except (KeyError, ValueError):
            what, example = ("number of contracts", "3") if form.data["what"] == "quantity" else ("price", "4.20")
            words = views.not_understood(said[:40], what, example)
            await self._reply.send(request.chat_id, words, reply_to=request.message_id)
            return
        await self._show(parent, wizard, chain, request.chat_id, parent.message_id)
        await self._forms.close(form.id)
        asked = () if form.message_id is None else (form.message_id,)
        await self._reply.delete(request.chat_id, *asked, request.message_id)

    async def _opened(self, instrument: Instrument, user_id: int, chat_id: int) -> tuple[Form, Message]:
        """Return a new form and its first screen. Raises UnknownSymbol where there are no options on *instrument*."""
        if instrument.sec_type not in UNDERLYINGS:
            raise UnknownSymbol(f"options on {instrument.label}")
        chain = await self._options.chain(instrument)
        wizard = OptionWizard.about(instrument, await self._price(instrument))
        form = await self._forms.open(user_id, chat_id, OPTIONS, wizard.to_json(), self._clock.now())
        return form, self._screen(form.id, wizard, chain)

    async def _filled(self, form: Form, press: Press, what: str, value: str) -> None:
        """Take in a choice and show what is asked next."""
        wizard = OptionWizard.from_json(form.data)
        chain = await self._chain(wizard)
        try:
            wizard = wizard.chosen(what, value, chain)
        except (KeyError, ValueError):
            raise BadCallback(press.data) from None
        await self._reply.answer(press)
        await self._forms.shown(form.id, press.message_id)
        await self._show(form, wizard, chain, press.chat_id, press.message_id)

    async def _show(self, form: Form, wizard: OptionWizard, chain: OptionChain, chat_id: int, message_id: int) -> None:
        """Keep the wizard and show its screen; prices come by a second edit."""
        self._looking.pop(form.id, None)
        await self._forms.fill(form.id, wizard.to_json(), self._clock.now())
        await self._reply.edit(chat_id, message_id, self._screen(form.id, wizard, chain))
        priced = {
            Step.STRIKE: self._with_strikes,
            Step.SECOND: self._with_strikes,
            Step.TERMS: self._with_terms,
        }.get(wizard.step)
        if priced is not None:
            mine = self._looking[form.id] = object()
            work = self._added(form.id, mine, priced(form.id, wizard, chain), chat_id, message_id)
            self._chores.begin(work, f"prices of options on {wizard.label}")

    async def _added(
        self, form_id: int, mine: object, priced: Awaitable[Message], chat_id: int, message_id: int
    ) -> None:
        """Show what *priced* makes of a screen, unless another one was asked for by then."""
        screen = await priced
        if self._looking.get(form_id) is mine:
            del self._looking[form_id]
            # Whoever asks for another screen from now on edits after this.
            await self._reply.edit(chat_id, message_id, screen)

    async def _with_strikes(self, form_id: int, wizard: OptionWizard, chain: OptionChain) -> Message:
        shown, _, _ = wizard.strikes(chain)
        known = {row.symbol: row for row in await self._prices.page(wizard, shown)}
        return self._branded(views.strikes(form_id, wizard, chain, known))

    async def _with_terms(self, form_id: int, wizard: OptionWizard, chain: OptionChain) -> Message:
        row = await self._prices.terms(wizard)
        return self._branded(views.terms(form_id, wizard, row, chain.multiplier))

    async def _ask(self, form: Form, press: Press, what: str) -> None:
        wizard = OptionWizard.from_json(form.data)
        if what not in _ASKABLE or not wizard.symbol:
            raise BadCallback(press.data)
        data = {"options": form.id, "what": what}
        asked = await self._forms.open(press.user_id, press.chat_id, QUESTION, data, self._clock.now())
        await self._forms.fill(form.id, form.data, self._clock.now())
        await self._reply.answer(press)
        question = self._branded(views.question(wizard, what))
        await self._forms.shown(asked.id, await self._reply.send(press.chat_id, question))

    async def _card(self, form: Form, press: Press) -> None:
        """Hand the line to whoever makes cards; where that fails the wizard still stands."""
        wizard = OptionWizard.from_json(form.data)
        if wizard.step is not Step.TERMS or not wizard.symbol:
            raise BadCallback(press.data)
        self._looking.pop(form.id, None)
        await self._reply.answer(press, "⏳ Making the card…")
        line = wizard.line(await self._price_of(wizard))
        await self._order(
            TextIn(press.user_id, press.chat_id, press.message_id, press.role, line, line, self._clock.now()), line
        )
        if await self._forms.close(form.id):
            await self._reply.edit(press.chat_id, press.message_id, self._branded(views.done(line)))

    async def _price_of(self, wizard: OptionWizard) -> str:
        """
        Return the price as it is now, on IBKR's grid and never worse for the person than what was chosen.

        Raises NoMarketData where there is no bid or ask.
        """
        if wizard.at not in PRICES or wizard.at == "market":
            return wizard.at
        row = await self._prices.terms(wizard)
        if row.instrument is None:
            raise UnknownSymbol(wizard.symbol)
        value = {"bid": row.bid, "ask": row.ask, "mid": row.mid}[wizard.at]
        if value is None:
            raise NoMarketData(0, f"there is no {wizard.at} just now")
        rules = await self._symbols.rules(row.instrument)
        exact = round(Decimal(repr(value)), 6)
        return f"{(rules.price_below if wizard.side == 'buy' else rules.price_above)(exact):f}"

    def _screen(self, form_id: int, wizard: OptionWizard, chain: OptionChain) -> Message:
        """Return the screen without what has to be asked for."""
        match wizard.step:
            case Step.EXPIRY:
                screen = views.expiries(form_id, wizard, chain, self._today())
            case Step.RIGHT:
                screen = views.rights(form_id, wizard)
            case Step.STRIKE | Step.SECOND:
                screen = views.strikes(form_id, wizard, chain)
            case Step.TERMS:
                screen = views.terms(form_id, wizard)
        return self._branded(screen)

    def _today(self) -> date:
        """Return the day in New York, where most of these options end."""
        return self._clock.now().astimezone(EASTERN).date()

    async def _chain(self, wizard: OptionWizard) -> OptionChain:
        return await self._options.chain(await self._symbols.find(f"#{wizard.con_id}"))

    async def _price(self, instrument: Instrument) -> float | None:
        """Return the price around which strikes are shown, None where none comes in time."""
        try:
            return (await self._quotes.fresh(instrument, _PRICE_S)).price
        except MarketError:
            return None
