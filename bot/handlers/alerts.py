"""Setting alerts, and what is done to one of them: pausing, arming, deleting, undoing."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.amendment import renamed
from alerts.company import STAND_IN, Company, company_of
from alerts.condition import Draft
from alerts.errors import AlertSyntaxError
from alerts.rule import Rule, RuleState
from alerts.rulebook import Rulebook
from alerts.split import adjusted, split_of
from bot.callback_data import BadCallback, Callback, Code, encode_line
from bot.handlers.cards import AlertCards
from bot.handlers.past import PastHandler
from bot.handlers.place import show
from bot.handlers.ports import Forms, Reply, SymbolSearch, Zones
from bot.handlers.symbols import alert_on
from bot.request import Press, TextIn
from bot.views import alerts as views
from bot.views.condition import instrument_of, looks_at_prices
from bot.views.editing import dropped_end
from bot.views.errors import candidates, reason, which_number
from bot.views.help import which_alert
from bot.views.message import Message
from bot.views.symbols import which_symbol
from market.clock import Clock
from market.errors import AmbiguousSymbol, MarketError, SymbolError
from market.instrument import Instrument, SecType
from market.quote import Quote
from storage.forms import Form
from trading.ports import QuoteSource

_UNDO = timedelta(seconds=views.UNDO_S)
_KEPT_DELETED = 500
_FIRST_PRICE_S = 2.0
LINE = "line"
"""The kind of form that keeps a line which is too long for a button."""


class AlertsHandler:
    """Answers alert lines and the buttons of single alerts."""

    def __init__(  # noqa: PLR0913  everything it asks and tells
        self,
        *,
        reply: Reply,
        rulebook: Rulebook,
        cards: AlertCards,
        past: PastHandler,
        quotes: QuoteSource,
        forms: Forms,
        zones: Zones,
        clock: Clock,
        symbols: SymbolSearch,
    ) -> None:
        self._reply = reply
        self._rulebook = rulebook
        self._cards = cards
        self._past = past
        self._quotes = quotes
        self._forms = forms
        self._zones = zones
        self._symbols = symbols
        self._clock = clock
        self._deleted: OrderedDict[tuple[int, int], tuple[Rule, datetime]] = OrderedDict()

    async def create(self, request: TextIn, line: str) -> None:
        """Set the alert that *line* asks for. Raises AlertError, MarketError; then nothing is set."""
        try:
            await self._create(line, request.user_id, request.chat_id, request.message_id)
        except AlertSyntaxError as error:
            if not error.readings:
                raise
            question = which_number(error, Code.ALERT_LINE)
            await self._reply.send(request.chat_id, question, reply_to=request.message_id)

    async def which(self, request: TextIn) -> None:
        """Say how to set an alert."""
        await self._reply.send(request.chat_id, which_alert(), reply_to=request.message_id)

    async def on_line(self, press: Press, callback: Callback) -> None:
        """Take a button's line as if it had been typed."""
        await self._create(callback.args[0], press.user_id, press.chat_id, press.message_id)
        await self._reply.answer(press)

    async def on_card(self, press: Press, callback: Callback) -> None:
        """Show one alert. Raises RuleGone."""
        rule = await self._rulebook.get(callback.number(1), press.user_id)
        await self._reply.answer(press)
        await self._cards.show(self._reply, press, callback, rule)

    async def on_pause(self, press: Press, callback: Callback) -> None:
        """Stop watching an alert. Raises RuleGone."""
        await self._change(press, callback, self._rulebook.pause, "Paused", RuleState.PAUSED)

    async def on_resume(self, press: Press, callback: Callback) -> None:
        """Watch a paused alert again, unless its end has come meanwhile. Raises RuleGone, TooManyScans."""
        rule = await self._rulebook.resume(callback.number(1), press.user_id)
        is_over = rule.state is RuleState.EXPIRED
        await self._reply.answer(press, "Its end has come: it watches no more." if is_over else "Watching again")
        await self._cards.show(self._reply, press, callback, rule)

    async def on_split(self, press: Press, callback: Callback) -> None:
        """
        Watch an alert again that is held because of a split, with its levels adjusted or kept.

        Of two taps the first one counts: then the alert is held no more. Raises RuleGone, TooManyScans.
        """
        rule = await self._rulebook.get(callback.number(1), press.user_id)
        found = split_of(rule.reason) if rule.state is RuleState.PAUSED else None
        if found is None:
            await self._reply.answer(press, "That was decided already. Nothing was changed.")
        elif callback.args[2] == "adjust":
            split, symbol = found
            draft = adjusted(rule, rule.instruments[symbol], split) or rule.draft
            rule = await self._rulebook.amend(rule.id, press.user_id, draft, wakes=True)
            await self._reply.answer(press, "Adjusted and watching again")
        elif callback.args[2] == "keep":
            rule = await self._rulebook.resume(rule.id, press.user_id)
            await self._reply.answer(press, "Watching again, as it was")
        else:
            raise BadCallback(press.data)
        await self._cards.show(self._reply, press, callback, rule)

    async def on_rearm(self, press: Press, callback: Callback) -> None:
        """Let an alert fire again. Raises RuleGone, TooManyAlerts, TooManyScans."""
        before = await self._rulebook.get(callback.number(1), press.user_id)
        rule = await self._rulebook.rearm(before.id, press.user_id)
        await self._reply.answer(press, f"Armed again{dropped_end(before, rule, self._clock.now())}")
        await self._cards.show(self._reply, press, callback, rule)

    async def on_delete(self, press: Press, callback: Callback) -> None:
        """Delete an alert; for 30 s it can be brought back. Raises RuleGone."""
        rule = await self._delete(callback.number(1), press.user_id)
        await self._reply.answer(press, f"Alert #{rule.id} deleted")
        await show(self._reply, press, callback, views.deleted(rule))

    async def on_undo(self, press: Press, callback: Callback) -> None:
        """Take back a new alert, within 30 s. Raises RuleGone."""
        rule = await self._rulebook.get(callback.number(1), press.user_id)
        if self._clock.now() - rule.created > _UNDO:
            await self._reply.answer(press, "Too late to undo; delete it instead.")
            return
        await self.on_delete(press, callback)

    async def on_restore(self, press: Press, callback: Callback) -> None:
        """Bring a deleted alert back, within 30 s. Raises TooManyAlerts, TooManyScans."""
        kept = self._deleted.get((press.user_id, callback.number(1)))
        if kept is None or self._clock.now() - kept[1] > _UNDO:
            await self._reply.answer(press, "Too late to undo; type the alert again.")
            return
        rule = await self._rulebook.restore(kept[0])
        self._deleted.pop((press.user_id, callback.number(1)), None)
        await self._reply.answer(press, f"Alert #{rule.id} is back")
        await self._cards.show(self._reply, press, callback, rule)

    async def _create(self, line: str, user_id: int, chat_id: int, reply_to: int) -> None:
        zone = await self._zones.zone_of(user_id)
        try:
            draft = self._rulebook.read(line, zone)
        except AlertSyntaxError:
            company = company_of(line)
            if company is None or not await self._named(company, zone, user_id, chat_id, reply_to):
                raise
            return
        try:
            new = await self._rulebook.resolve(draft, user_id, chat_id)
        except SymbolError as error:
            question = await self._which(error, draft, user_id, chat_id)
            await self._reply.send(chat_id, question, reply_to=reply_to)
            return
        await self.enter(new, chat_id, reply_to)

    async def _named(self, company: Company, zone: ZoneInfo, user_id: int, chat_id: int, reply_to: int) -> bool:
        """Set an alert on a company by its name, or ask which is meant; False where nobody has such a name."""
        found = [one for one in await self._symbols.search(company.name) if one.sec_type is SecType.STOCK]
        if not found:
            return False
        draft = self._rulebook.read(company.line, zone)
        if len(found) > 1:
            question = await self._which(AmbiguousSymbol(STAND_IN, tuple(found)), draft, user_id, chat_id, company.name)
            await self._reply.send(chat_id, question, reply_to=reply_to)
            return True
        (only,) = found
        condition = renamed(draft.condition, STAND_IN, f"#{only.con_id}")
        new = await self._rulebook.resolve(replace(draft, condition=condition), user_id, chat_id)
        await self.enter(new, chat_id, reply_to)
        return True

    async def go_on(self, form: Form, press: Press) -> None:
        """Set the alert of a line that was too long for its button. Raises as `create`."""
        await self._create(form.data["line"], press.user_id, press.chat_id, press.message_id)
        await self._reply.answer(press)

    async def _which(self, error: SymbolError, draft: Draft, user_id: int, chat_id: int, name: str = "") -> Message:
        """Return the question which was meant (by *name*); lines that fit into no button are kept in forms."""
        onward, kept = alert_on(draft, error.symbol), dict[int, int]()
        for one in candidates(error.candidates):
            code, args = onward(one)
            if encode_line(code, *args) is None:
                form = await self._forms.open(user_id, chat_id, LINE, {"line": args[0]}, self._clock.now())
                kept[one.con_id] = form.id

        def kept_onward(one: Instrument) -> tuple[Code, tuple[object, ...]]:
            return (Code.FORM_DO, (kept[one.con_id],)) if one.con_id in kept else onward(one)

        return which_symbol(AmbiguousSymbol(name, error.candidates) if name else error, kept_onward)

    async def enter(self, new: Rule, chat_id: int, reply_to: int) -> None:
        """
        Set an alert that is resolved, tell so, and add by edit how often it would have fired.

        Raises TooManyAlerts, TooManyScans, RuleGone where it was deleted elsewhere before the answer.
        """
        made = await self._rulebook.enter(new)
        quote, trouble = await self._first_price(made.rule, made.quote)
        # Of a symbol that nobody watched before, the first price has come by now, and the rule may be true by it.
        rule = await self._rulebook.get(made.rule.id, made.rule.owner_id)
        is_true = made.already_true or rule.fired_count > made.rule.fired_count
        values = self._rulebook.standing(rule.id)
        now, zone = self._clock.now(), await self._zones.zone_of(rule.owner_id)
        message = views.created(rule, quote, already_true=is_true, now=now, zone=zone, trouble=trouble, values=values)
        message_id = await self._reply.send(chat_id, message, reply_to=reply_to)
        self._past.begin(chat_id, message_id, message, rule)

    async def _first_price(self, rule: Rule, quote: Quote | None) -> tuple[Quote | None, str]:
        """Return a price to tell the distance from, or why there is none: the alert is set in any case."""
        instrument = instrument_of(rule)
        known = quote is not None and quote.price is not None
        if instrument is None or known or not looks_at_prices(rule):
            return quote, ""
        try:
            return await self._quotes.fresh(instrument, _FIRST_PRICE_S), ""
        except MarketError as error:
            return None, reason(error)

    async def _delete(self, rule_id: int, user_id: int) -> Rule:
        rule = await self._rulebook.delete(rule_id, user_id)
        self._deleted[user_id, rule_id] = (rule, self._clock.now())
        if len(self._deleted) > _KEPT_DELETED:
            self._deleted.popitem(last=False)
        return rule

    async def _change(
        self,
        press: Press,
        callback: Callback,
        change: Callable[[int, int], Awaitable[Rule]],
        done: str,
        expected: RuleState | None = None,
    ) -> None:
        """Change an alert and say *done*, unless it is not in its *expected* state then: it may have fired first."""
        rule = await change(callback.number(1), press.user_id)
        is_so = expected is None or rule.state is expected
        await self._reply.answer(press, done if is_so else f"Nothing to do: it has {rule.state.value} already.")
        await self._cards.show(self._reply, press, callback, rule)
