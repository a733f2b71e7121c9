"""Changing an alert from its message: level, options, note, snooze, clone; and the answers to its questions."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.amendment import amount_of, with_amount, with_options
from alerts.condition import Draft, Repeat, TradingTime
from alerts.errors import AlertSyntaxError
from alerts.rule import Rule
from alerts.rulebook import Rulebook
from bot.callback_data import BadCallback, Callback
from bot.handlers.cards import AlertCards
from bot.handlers.place import show
from bot.handlers.ports import Forms, Reply, Zones
from bot.handlers.symbols import alert_on
from bot.request import Press, TextIn
from bot.views import alerts as alert_views
from bot.views import editing as views
from bot.views.condition import instrument_of, level_of
from bot.views.numbers import moment
from bot.views.quotes import stepped
from bot.views.symbols import which_symbol
from market.clock import Clock
from market.errors import MarketError, SymbolError
from storage.forms import Form
from trading.ports import SymbolBook

QUESTION = "alert?"
"""The kind of a form that asks something about an alert."""

_MORNING = 9
_SPANS = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1)}
_ENDS = {"1d": timedelta(days=1), "1w": timedelta(weeks=1), "30d": timedelta(days=30)}
_COOLDOWNS = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1), "1d": timedelta(days=1)}
_RELATIVE = re.compile(r"(?P<percent>[+\-\N{MINUS SIGN}]\s*\d{1,3}(?:\.\d{1,4})?)\s*%")
_LONGEST_NOTE = 300
_LEVEL = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,10})?")
_TAG = re.compile(r"#?(?P<tag>\w[\w-]{0,23})")


class EditHandler:
    """Answers the buttons that change an alert, and the replies to its questions."""

    def __init__(
        self,
        *,
        reply: Reply,
        rulebook: Rulebook,
        cards: AlertCards,
        forms: Forms,
        symbols: SymbolBook,
        zones: Zones,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._rulebook = rulebook
        self._cards = cards
        self._forms = forms
        self._symbols = symbols
        self._zones = zones
        self._clock = clock

    async def on_edit(self, press: Press, callback: Callback) -> None:
        """Show what can be changed. Raises RuleGone."""
        rule = await self._rulebook.get(callback.number(1), press.user_id)
        await self._reply.answer(press)
        await show(self._reply, press, callback, await self._cards.edit_card(rule, press.user_id))

    async def on_set(self, press: Press, callback: Callback) -> None:
        """Change one thing to what the button says. Raises RuleGone, AlertError, MarketError."""
        rule = await self._rulebook.get(callback.number(1), press.user_id)
        draft = _changed(rule.draft, callback.args[2], callback.args[3], self._clock.now(), press.data)
        changed = await self._rulebook.amend(rule.id, press.user_id, draft)
        await self._reply.answer(press, "Changed")
        await show(self._reply, press, callback, await self._cards.edit_card(changed, press.user_id))

    async def on_ask(self, press: Press, callback: Callback) -> None:
        """Ask for what the buttons do not offer; the answer is a reply. Raises RuleGone."""
        rule = await self._rulebook.get(callback.number(0), press.user_id)
        what = callback.args[1]
        if what not in views.QUESTIONS:
            raise BadCallback(press.data)
        question = views.question(rule, what, self._cards.row(rule).price)
        data = {"rule": rule.id, "what": what, "anchor": press.message_id}
        form = await self._forms.open(press.user_id, press.chat_id, QUESTION, data, self._clock.now())
        await self._reply.answer(press)
        await self._forms.shown(form.id, await self._reply.send(press.chat_id, question))

    async def answered(self, form: Form, request: TextIn) -> None:
        """Take in the reply to a question. Raises RuleGone, AlertError, MarketError; then it may be answered again."""
        rule = await self._rulebook.get(int(form.data["rule"]), request.user_id)
        said, what = request.text.strip(), str(form.data["what"])
        zone = await self._zones.zone_of(request.user_id)
        draft = self._answer(rule, what, said, zone)
        if draft is None:
            await self._reply.send(request.chat_id, views.not_a_level(said), reply_to=request.message_id)
            return
        try:
            changed = await self._rulebook.amend(rule.id, request.user_id, draft)
        except SymbolError as error:
            question = which_symbol(error, alert_on(draft, error.symbol))
            await self._reply.send(request.chat_id, question, reply_to=request.message_id)
            return
        await self._forms.close(form.id)
        await self._reply.edit(
            request.chat_id, int(form.data["anchor"]), await self._cards.edit_card(changed, request.user_id)
        )
        asked = () if form.message_id is None else (form.message_id,)
        await self._reply.delete(request.chat_id, *asked, request.message_id)

    async def on_snooze(self, press: Press, callback: Callback) -> None:
        """Keep an alert silent for a while. Raises RuleGone, TooManyAlerts, TooManyScans, MarketError."""
        rule = await self._rulebook.get(callback.number(1), press.user_id)
        how = callback.args[2]
        if how == "more":
            await self._reply.answer(press)
            await show(self._reply, press, callback, alert_views.snoozing(rule, place=callback.place))
            return
        zone = await self._zones.zone_of(press.user_id)
        until = await self._wakes(rule, how, zone, press.data)
        snoozed = await self._rulebook.snooze(rule.id, press.user_id, until, how if how in {"open", "recross"} else "")
        told = "until it has been false once" if until is None else f"until {moment(until, zone, self._clock.now())}"
        await self._reply.answer(press, f"😴 Silent {told}")
        await self._cards.show(self._reply, press, callback, snoozed)

    async def on_clone(self, press: Press, callback: Callback) -> None:
        """Set the same alert once more, to be changed. Raises RuleGone, TooManyAlerts, TooManyScans."""
        rule = await self._rulebook.get(callback.number(1), press.user_id)
        new = await self._rulebook.resolve(rule.draft, press.user_id, rule.chat_id, rule.instruments)
        made = await self._rulebook.enter(new)
        await self._reply.answer(press, f"Alert #{made.rule.id} is a copy of #{rule.id}")
        await show(self._reply, press, callback, await self._cards.edit_card(made.rule, press.user_id))

    async def _wakes(self, rule: Rule, how: str, zone: ZoneInfo, data: str) -> datetime | None:
        now = self._clock.now()
        if how in _SPANS:
            return now + _SPANS[how]
        if how == "tomorrow":
            own = now.astimezone(zone) + timedelta(days=1)
            return own.replace(hour=_MORNING, minute=0, second=0, microsecond=0).astimezone(now.tzinfo)
        if how == "open":
            return await self._opens(rule, now)
        if how == "recross":
            return None
        raise BadCallback(data)

    async def _opens(self, rule: Rule, now: datetime) -> datetime:
        """Return when the alert's market opens next; where IBKR has not said, in a day."""
        instrument = instrument_of(rule)
        try:
            opens = None if instrument is None else (await self._symbols.hours(instrument)).next_open(now)
        except MarketError:
            opens = None
        return opens or now + timedelta(days=1)

    def _answer(self, rule: Rule, what: str, said: str, zone: ZoneInfo) -> Draft | None:
        """Return the draft with the answer in it, None where it is no level. Raises AlertSyntaxError."""
        match what:
            case "note":
                return with_options(rule.draft, note=said[:_LONGEST_NOTE])
            case "tag":
                found = _TAG.fullmatch(said)
                return None if found is None else with_options(rule.draft, tag=found["tag"].lower())
            case "until":
                ends = self._rulebook.read(f"AAPL > 1 until {said}", zone).options.until
                return with_options(rule.draft, until=ends)
            case "line":
                return self._rulebook.read(said.removeprefix("/alert").strip(), zone)
            case _:
                return self._levelled(rule, said, zone)

    def _levelled(self, rule: Rule, said: str, zone: ZoneInfo) -> Draft | None:
        """Return the draft with the level that was typed: `205`, `1.2k`, or `+3%` from the price now."""
        relative = _RELATIVE.fullmatch(said)
        if relative is not None:
            return self._relative(rule, float(relative["percent"].replace("\N{MINUS SIGN}", "-").replace(" ", "")))
        try:
            amount = amount_of(self._rulebook.read(f"AAPL > {said.removesuffix('%')}", zone))
        except AlertSyntaxError:
            return None
        return None if amount is None else with_amount(rule.draft, amount)

    def _relative(self, rule: Rule, percent: float) -> Draft | None:
        instrument, price = instrument_of(rule), self._cards.row(rule).price
        if level_of(rule) is None or instrument is None or price is None:
            return with_amount(rule.draft, abs(percent)) if level_of(rule) is None else None
        return with_amount(rule.draft, float(stepped(price * (1 + percent / 100), instrument)))


def _changed(draft: Draft, what: str, value: str, now: datetime, data: str) -> Draft:
    """Return *draft* with a button's choice. Raises BadCallback for what no button of ours says."""
    if what == "level":
        amount = float(value) if _LEVEL.fullmatch(value) else None
        if amount is None or amount_of(draft) is None:
            raise BadCallback(data)
        return with_amount(draft, amount)
    try:
        return _with_choice(draft, what, value, now)
    except (KeyError, ValueError):
        raise BadCallback(data) from None


def _with_choice(draft: Draft, what: str, value: str, now: datetime) -> Draft:
    """Return *draft* with an option changed; `every` without a number leaves the kind's own cooldown."""
    match what:
        case "repeat" if value in {"once", "every"}:
            return with_options(draft, repeat=Repeat(value), cooldown=None)
        case "repeat":
            return with_options(draft, repeat=Repeat.EVERY, cooldown=_COOLDOWNS[value])
        case "hours":
            return with_options(draft, hours=None if value == "any" else TradingTime(value))
        case "sound":
            return with_options(draft, critical=value == "critical", silent=value == "silent")
        case "until":
            return with_options(draft, until=None if value == "never" else (now + _ENDS[value]).replace(microsecond=0))
        case _:
            raise KeyError(what)
