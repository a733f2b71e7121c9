"""Changing an alert from its message: level, options, note, snooze, clone; and the answers to its questions."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.amendment import renamed, with_options, without_past_end
from alerts.choice import LONGEST_NOTE
from alerts.condition import Draft, Options, Repeat, TradingTime
from alerts.errors import AlertSyntaxError
from alerts.releveling import Unfit, releveled, retyped, sound
from alerts.rule import Rule
from alerts.rulebook import Rulebook
from alerts.wording import format_draft
from bot.callback_data import BadCallback, Callback, Code
from bot.handlers.cards import AlertCards
from bot.handlers.place import show
from bot.handlers.ports import Forms, Reply, Zones
from bot.request import Press, TextIn
from bot.views import alerts as alert_views
from bot.views import editing as views
from bot.views.condition import instrument_of, level_of
from bot.views.errors import candidates
from bot.views.message import Message
from bot.views.numbers import moment
from bot.views.quotes import stepped
from bot.views.symbols import which_symbol
from market.clock import Clock
from market.errors import MarketError, SymbolError
from storage.forms import Form
from trading.ports import SymbolBook

QUESTION = "alert?"
"""The kind of a form that asks something about an alert."""

AMENDMENT = "amendment"
"""The kind of a form that keeps an alert's new line until it is known which instrument is meant."""

_MORNING = 9
_SPANS = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1)}
_ENDS = {"1d": timedelta(days=1), "1w": timedelta(weeks=1), "30d": timedelta(days=30)}
_COOLDOWNS = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1), "1d": timedelta(days=1)}
_RELATIVE = re.compile(r"(?P<sign>[+\-\N{MINUS SIGN}])\s*(?P<percent>\d{1,3}(?:\.\d{1,4})?)\s*%")
_ALL = 100
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
        draft = await self._pressed(rule, callback.args[2], callback.args[3], press)
        changed = await self._rulebook.amend(rule.id, press.user_id, draft)
        await self._reply.answer(press, f"Changed{views.dropped_end(rule, changed, self._clock.now())}")
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
        try:
            draft = sound(self._answer(rule, what, said, zone), self._clock.now(), zone)
        except Unfit as error:
            refusal = views.unfit(rule, what, said, error.expected, error.readings)
            await self._reply.send(request.chat_id, refusal, reply_to=request.message_id)
            return
        try:
            changed = await self._rulebook.amend(rule.id, request.user_id, draft)
        except SymbolError as error:
            question = await self._which(error, draft, form)
            await self._reply.send(request.chat_id, question, reply_to=request.message_id)
            return
        await self._forms.close(form.id)
        await self._reply.edit(
            request.chat_id, int(form.data["anchor"]), await self._cards.edit_card(changed, request.user_id)
        )
        asked = () if form.message_id is None else (form.message_id,)
        await self._reply.delete(request.chat_id, *asked, request.message_id)

    async def go_on(self, form: Form, press: Press) -> None:
        """Change the alert as was typed, about the instrument that was chosen. Raises RuleGone, AlertError."""
        zone = await self._zones.zone_of(press.user_id)
        draft = self._rulebook.read(form.data["line"], zone)
        changed = await self._rulebook.amend(int(form.data["rule"]), press.user_id, draft)
        await self._forms.close(int(form.data["question"]))
        await self._reply.answer(press, "Changed")
        card = await self._cards.edit_card(changed, press.user_id)
        await self._reply.edit(press.chat_id, press.message_id, card)

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
        draft = without_past_end(rule.draft, self._clock.now())
        new = await self._rulebook.resolve(draft, press.user_id, rule.chat_id, rule.instruments)
        made = await self._rulebook.enter(new)
        told = f"Alert #{made.rule.id} is a copy of #{rule.id}{views.dropped_end(rule, new, self._clock.now())}"
        await self._reply.answer(press, told)
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

    async def _which(self, error: SymbolError, draft: Draft, asked: Form) -> Message:
        """Return the question which instrument was meant; each candidate's line is kept in a form of this alert."""
        kept = {}
        for one in candidates(error.candidates):
            line = format_draft(replace(draft, condition=renamed(draft.condition, error.symbol, f"#{one.con_id}")))
            data = {"rule": asked.data["rule"], "question": asked.id, "line": line}
            form = await self._forms.open(asked.user_id, asked.chat_id, AMENDMENT, data, self._clock.now())
            kept[one.con_id] = form.id
        return which_symbol(error, lambda one: (Code.FORM_DO, (kept[one.con_id],)))

    def _answer(self, rule: Rule, what: str, said: str, zone: ZoneInfo) -> Draft:
        """Return the draft with the answer in it. Raises Unfit, AlertSyntaxError."""
        match what:
            case "note":
                note = " ".join(said.split())
                if len(note) > LONGEST_NOTE:
                    raise Unfit(f"at most {LONGEST_NOTE} characters")
                return with_options(rule.draft, note=note)
            case "tag":
                found = _TAG.fullmatch(said.lower())
                if found is None:
                    raise Unfit("one word of at most 24 letters and digits")
                return with_options(rule.draft, tag=found["tag"])
            case "until":
                return with_options(rule.draft, until=self._end(said, zone))
            case "line":
                return self._rulebook.read(said.removeprefix("/alert").strip(), zone)
            case _:
                return self._relative(rule, said, zone) or retyped(rule.draft, said, self._clock.now(), zone)

    def _end(self, said: str, zone: ZoneInfo) -> datetime:
        """Return the end that was typed. Raises Unfit."""
        try:
            found = self._rulebook.read(f"AAPL > 1 until {said}", zone).options
        except AlertSyntaxError as error:
            raise Unfit(error.expected) from None
        if found.until is None or found != Options(until=found.until):
            raise Unfit("a day or time, like friday or 2026-12-24")
        return found.until

    def _relative(self, rule: Rule, said: str, zone: ZoneInfo) -> Draft | None:
        """Return the draft with its price level moved to `+3%` from the price now; None where that was not said."""
        found = _RELATIVE.fullmatch(said)
        instrument, price = instrument_of(rule), self._cards.row(rule).price
        if found is None or level_of(rule) is None or instrument is None:
            return None
        percent = float(found["percent"]) * (1 if found["sign"] == "+" else -1)
        if price is None or percent <= -_ALL:
            raise Unfit("a price: there is none now to go from" if price is None else "a price above zero")
        level = float(stepped(price * (1 + percent / 100), instrument))
        return releveled(rule.draft, level, self._clock.now(), zone)

    async def _pressed(self, rule: Rule, what: str, value: str, press: Press) -> Draft:
        """Return the draft with a button's choice. Raises BadCallback for what no button of ours says."""
        now, zone = self._clock.now(), await self._zones.zone_of(press.user_id)
        try:
            if what == "level":
                return releveled(rule.draft, _amount(value), now, zone)
            return sound(_with_choice(rule.draft, what, value, now), now, zone)
        except (KeyError, ValueError):
            raise BadCallback(press.data) from None


def _amount(value: str) -> float:
    if not _LEVEL.fullmatch(value):
        raise ValueError(value)
    return float(value)


def _with_choice(draft: Draft, what: str, value: str, now: datetime) -> Draft:
    """Return *draft* with an option changed; `every` without a number leaves the kind's own cooldown."""
    match what:
        case "repeat" if value == "once":
            # How often at all is a question of those that repeat.
            return with_options(draft, repeat=Repeat.ONCE, cooldown=None, most=None)
        case "repeat" if value == "every":
            return with_options(draft, repeat=Repeat.EVERY, cooldown=None)
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
