"""/new: an alert put together by buttons, kept in the database so that it outlives a restart."""

import re
from collections.abc import Sequence
from dataclasses import replace

from alerts.amendment import amount_of
from alerts.errors import AlertError
from alerts.number import Misread, times
from alerts.releveling import Unfit, retyped
from alerts.rulebook import Rulebook
from alerts.wording import number_text
from bot.callback_data import BadCallback, Callback
from bot.handlers.alerts import AlertsHandler
from bot.handlers.forms import LIFETIME
from bot.handlers.ports import Forms, LiveQuotes, Reply, SymbolSearch, Watchlists, Zones
from bot.request import Press, TextIn
from bot.views import forms as form_views
from bot.views import wizard as views
from bot.wizard import KINDS, Step, Wizard
from market.clock import Clock
from market.errors import MarketError, SymbolError
from market.instrument import Instrument
from storage.forms import Form
from trading.ports import Holdings, QuoteSource

WIZARD, QUESTION = "wizard", "wizard?"
"""The kinds of a wizard's forms: itself, and a question of it that a reply answers."""

_LONGEST_SEARCH = 24
_LONGEST_NOTE = 200
_PRICE_S = 2.0
_LEVEL = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,10})?")
_ASKABLE = frozenset({"level", "note", "symbol"})


class WizardHandler:
    """Answers /new, the wizard's buttons, and the replies to its questions."""

    def __init__(  # noqa: PLR0913  what it asks for comes from everywhere
        self,
        *,
        reply: Reply,
        forms: Forms,
        rulebook: Rulebook,
        alerts: AlertsHandler,
        symbols: SymbolSearch,
        quotes: QuoteSource,
        live: LiveQuotes,
        watchlists: Watchlists,
        holdings: Holdings,
        zones: Zones,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._forms = forms
        self._rulebook = rulebook
        self._alerts = alerts
        self._symbols = symbols
        self._quotes = quotes
        self._live = live
        self._watchlists = watchlists
        self._holdings = holdings
        self._zones = zones
        self._clock = clock

    async def begin(self, request: TextIn) -> None:
        """Open the wizard; one that was left unfinished is offered first."""
        left = await self._forms.latest(request.user_id, request.chat_id, WIZARD)
        if left is not None and not self._is_over(left):
            offer = views.resume_or_anew(left.id, Wizard.from_json(left.data))
            await self._reply.send(request.chat_id, offer, reply_to=request.message_id)
            return
        if left is not None:
            await self._forms.close(left.id)
        await self._open(request.user_id, request.chat_id, request.message_id)

    async def on_press(self, press: Press, callback: Callback) -> None:
        """Do what a wizard's button says; one whose form is over says so. Raises MarketError, AlertError."""
        what, value = callback.args[1], callback.args[2]
        form = await self._forms.get(callback.number(0), press.user_id)
        if what == "new":
            await self._anew(form, press)
        elif form is None or form.kind != WIZARD or self._is_over(form):
            await self._reply.answer(press, "This wizard is over. /new opens another.")
            await self._reply.edit(press.chat_id, press.message_id, form_views.expired(WIZARD))
        elif what == "resume":
            await self._resume(form, press)
        elif what == "cancel":
            await self._forms.close(form.id)
            await self._reply.answer(press)
            await self._reply.edit(press.chat_id, press.message_id, views.cancelled())
        elif what == "save":
            await self._save(form, press)
        elif what == "ask":
            await self._ask(form, press, value)
        elif what == "find":
            await self._search(form, press)
        else:
            await self._filled(form, press, what, value)

    async def answered(self, form: Form, request: TextIn) -> None:
        """Take in the reply to a wizard's question. Raises MarketError."""
        parent = await self._forms.get(int(form.data["wizard"]), request.user_id)
        if parent is None or parent.message_id is None:
            await self._reply.send(request.chat_id, form_views.too_late(), reply_to=request.message_id)
            return
        wizard, said = Wizard.from_json(parent.data), request.text.strip()
        found: Sequence[Instrument] = ()
        note = ""
        match form.data["what"]:
            case "note":
                wizard = replace(wizard, note=" ".join(said.split())[:_LONGEST_NOTE])
            case "level":
                wizard, note = await self._levelled(wizard, said, request.user_id)
            case _:
                wizard = replace(wizard, typed=said[:_LONGEST_SEARCH].upper())
                found, note = await self._found(wizard.typed)
        await self._forms.fill(parent.id, wizard.to_json(), self._clock.now())
        known = await self._known(request.user_id)
        shown = views.screen(parent.id, wizard, known=known, found=found, note=note)
        await self._reply.edit(request.chat_id, parent.message_id, shown)
        await self._forms.close(form.id)
        asked = () if form.message_id is None else (form.message_id,)
        await self._reply.delete(request.chat_id, *asked, request.message_id)

    async def _open(self, user_id: int, chat_id: int, reply_to: int | None) -> None:
        wizard = Wizard()
        form = await self._forms.open(user_id, chat_id, WIZARD, wizard.to_json(), self._clock.now())
        shown = views.screen(form.id, wizard, known=await self._known(user_id))
        await self._forms.shown(form.id, await self._reply.send(chat_id, shown, reply_to=reply_to))

    async def _anew(self, form: Form | None, press: Press) -> None:
        """Drop the unfinished one, wherever it stands, and open another in the pressed message's place."""
        if form is not None and form.kind == WIZARD:
            await self._forms.close(form.id)
            await self._cover(form, press)
        wizard = Wizard()
        fresh = await self._forms.open(press.user_id, press.chat_id, WIZARD, wizard.to_json(), self._clock.now())
        await self._forms.shown(fresh.id, press.message_id)
        await self._reply.answer(press)
        shown = views.screen(fresh.id, wizard, known=await self._known(press.user_id))
        await self._reply.edit(press.chat_id, press.message_id, shown)

    async def _resume(self, form: Form, press: Press) -> None:
        """Go on in the pressed message; the old one, far above, loses its buttons."""
        wizard = Wizard.from_json(form.data)
        await self._forms.fill(form.id, form.data, self._clock.now())
        await self._cover(form, press)
        await self._forms.shown(form.id, press.message_id)
        await self._reply.answer(press)
        shown = views.screen(form.id, wizard, known=await self._known(press.user_id))
        await self._reply.edit(press.chat_id, press.message_id, shown)

    async def _cover(self, form: Form, press: Press) -> None:
        if form.message_id is not None and form.message_id != press.message_id:
            await self._reply.edit(form.chat_id, form.message_id, views.handed_on())

    async def _save(self, form: Form, press: Press) -> None:
        """Set the alert; where that fails the wizard still stands. Raises AlertError, MarketError."""
        wizard = Wizard.from_json(form.data)
        if not wizard.is_whole:
            raise BadCallback(press.data)
        zone = await self._zones.zone_of(press.user_id)
        new = await self._rulebook.resolve(self._rulebook.read(wizard.line(), zone), press.user_id, press.chat_id)
        if not await self._forms.close(form.id):
            await self._reply.answer(press, "That is saved already.")
            return
        await self._reply.answer(press)
        try:
            await self._alerts.enter(new, press.chat_id, press.message_id)
        except AlertError:
            await self._reply.edit(press.chat_id, press.message_id, views.cancelled())
            raise
        await self._reply.edit(press.chat_id, press.message_id, views.saved(new.text))

    async def _ask(self, form: Form, press: Press, what: str) -> None:
        if what not in _ASKABLE:
            raise BadCallback(press.data)
        wizard = Wizard.from_json(form.data)
        data = {"wizard": form.id, "what": what}
        asked = await self._forms.open(press.user_id, press.chat_id, QUESTION, data, self._clock.now())
        await self._forms.fill(form.id, form.data, self._clock.now())
        await self._reply.answer(press)
        await self._forms.shown(asked.id, await self._reply.send(press.chat_id, views.question(wizard, what)))

    async def _search(self, form: Form, press: Press) -> None:
        wizard = Wizard.from_json(form.data)
        found, note = await self._found(wizard.typed)
        await self._show(form, press, wizard, found=found, note=note)

    async def _filled(self, form: Form, press: Press, what: str, value: str) -> None:
        """Take in a choice and show what is asked next."""
        try:
            wizard = await self._chosen(Wizard.from_json(form.data), what, value)
        except (KeyError, ValueError):
            raise BadCallback(press.data) from None
        await self._show(form, press, wizard)

    async def _chosen(self, wizard: Wizard, what: str, value: str) -> Wizard:
        """Return the wizard with a choice in it. Raises KeyError or ValueError for what no button of ours says."""
        match what:
            case "pick":
                instrument = await self._symbols.find(f"#{int(value)}")
                return wizard.about(instrument, await self._price(instrument))
            case "key" | "del":
                typed = wizard.typed[:-1] if what == "del" else wizard.typed + value[:1]
                return replace(wizard, typed=typed[:_LONGEST_SEARCH])
            case "kind":
                return wizard.of_kind(value)
            case "level":
                if not _LEVEL.fullmatch(value):
                    raise ValueError(value)
                return wizard.at_level(value)
            case "step":
                return wizard.at(Step(value))
            case _:
                return wizard.with_option(what, "" if value == "none" else value)

    async def _show(
        self, form: Form, press: Press, wizard: Wizard, *, found: Sequence[Instrument] = (), note: str = ""
    ) -> None:
        await self._forms.fill(form.id, wizard.to_json(), self._clock.now())
        await self._forms.shown(form.id, press.message_id)
        await self._reply.answer(press)
        known = await self._known(press.user_id) if wizard.step is Step.SYMBOL else ()
        shown = views.screen(form.id, wizard, known=known, found=found, note=note)
        await self._reply.edit(press.chat_id, press.message_id, shown)

    async def _found(self, typed: str) -> tuple[Sequence[Instrument], str]:
        """Return what IBKR finds for the letters, and what to say where that is nothing. Raises LinkDown."""
        if not typed:
            return (), "Spell a symbol first."
        try:
            found = [await self._symbols.find(typed)]
        except SymbolError as error:
            found = [one for one in error.candidates if isinstance(one, Instrument)]
        others = await self._symbols.search(typed)
        every = {one.con_id: one for one in (*found, *others)}
        return tuple(every.values()), "" if every else f"IBKR has nothing like {typed}."

    async def _known(self, user_id: int) -> Sequence[Instrument]:
        """Return the person's own instruments: watched, held, and with alerts, each once."""
        watched = await self._watchlists.of(user_id)
        held = [
            one.instrument for account in self._holdings.accounts()[:1] for one in self._holdings.positions(account)
        ]
        alerts = [one for rule in await self._rulebook.owned_by(user_id) for one in rule.instruments.values()]
        return tuple(dict.fromkeys((*watched, *held, *alerts)))

    async def _price(self, instrument: Instrument) -> float | None:
        """Return the price now for the presets, None where none comes in time."""
        quote = self._live.quote(instrument.con_id)
        if quote is not None and quote.price is not None:
            return quote.price
        try:
            return (await self._quotes.fresh(instrument, _PRICE_S)).price
        except MarketError:
            return None

    async def _levelled(self, wizard: Wizard, said: str, user_id: int) -> tuple[Wizard, str]:
        """Return the wizard with the typed level, and what to say where it is none for its kind."""
        kind = KINDS.get(wizard.kind)
        if kind is None or not kind.has_level:
            return wizard, f"{said[:40]} is no level."
        zone = await self._zones.zone_of(user_id)
        # Any level of the kind will do: it says in which slot the typed one goes.
        standing = "1" if kind.is_price else kind.presets[0]
        draft = self._rulebook.read(wizard.at_level(standing).bare().line(), zone)
        try:
            if amount_of(draft) is None:
                level = number_text(times(said))
            else:
                level = number_text(amount_of(retyped(draft, said, self._clock.now(), zone)) or 0.0)
        except (Unfit, Misread) as error:
            return wizard, f"{said[:40]} is no level. I expected {error.expected}"
        return wizard.at_level(level), ""

    def _is_over(self, form: Form) -> bool:
        return self._clock.now() - form.touched > LIFETIME
