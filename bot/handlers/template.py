"""The wording of alerts: /template, and the buttons that ask for it and take it back."""

import re
from collections.abc import Mapping

from alerts.default import Kind, kind_of
from alerts.rule import Rule
from alerts.rulebook import Rulebook
from bot.callback_data import Callback
from bot.handlers.cards import AlertCards
from bot.handlers.place import show
from bot.handlers.ports import Forms, Reply, Templates, Zones
from bot.request import Press, TextIn
from bot.views import wording as views
from bot.views.message import Message
from bot.views.template import TemplateFault, check, filled, parse, possible, sample, sample_of
from market.clock import Clock
from storage.forms import Form
from storage.templates import of_kind, of_rule

QUESTION = "wording?"
"""The kind of a form that asks for an alert's wording."""

_NUMBER = re.compile(r"#?(?P<id>[1-9][0-9]{0,17})(?:\s+|$)")
_RESET = frozenset({"reset", "standard"})
_KINDS = sorted(Kind, key=len, reverse=True)


class TemplateHandler:
    """Sets, shows and resets what alerts say. A template is one person's and changes nobody else's messages."""

    def __init__(
        self,
        *,
        reply: Reply,
        rulebook: Rulebook,
        templates: Templates,
        cards: AlertCards,
        forms: Forms,
        zones: Zones,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._rulebook = rulebook
        self._templates = templates
        self._cards = cards
        self._forms = forms
        self._zones = zones
        self._clock = clock

    async def template(self, request: TextIn) -> None:
        """Take `/template`, `/template 3 …`, `/template level …`, each with a text, `reset`, or nothing."""
        said = request.args.strip()
        kind = next((kind for kind in _KINDS if re.match(rf"{kind.value}(\s|$)", said, re.IGNORECASE)), None)
        number = _NUMBER.match(said)
        if not said:
            answer = views.overview(await self._mine(request.user_id))
        elif kind is not None:
            answer = await self._of_kind(kind, said[len(kind.value) :].strip(), request.user_id)
        elif number is not None:
            rule = await self._rulebook.get(int(number["id"]), request.user_id)
            answer = await self._of_rule(rule, said[number.end() :].strip(), request.user_id)
        else:
            answer = views.no_such_scope(said)
        await self._reply.send(request.chat_id, answer, reply_to=request.message_id)

    async def on_card(self, press: Press, callback: Callback) -> None:
        """Show an alert's wording. Raises RuleGone."""
        rule = await self._rulebook.get(callback.number(1), press.user_id)
        await self._reply.answer(press)
        await show(self._reply, press, callback, await self._standing(rule, press.user_id))

    async def on_ask(self, press: Press, callback: Callback) -> None:
        """Ask for an alert's wording; the answer is a reply. Raises RuleGone."""
        rule = await self._rulebook.get(callback.number(0), press.user_id)
        data = {"rule": rule.id, "anchor": press.message_id}
        form = await self._forms.open(press.user_id, press.chat_id, QUESTION, data, self._clock.now())
        await self._reply.answer(press)
        question = views.question(rule, possible(kind_of(rule.draft.condition)))
        await self._forms.shown(form.id, await self._reply.send(press.chat_id, question))

    async def answered(self, form: Form, request: TextIn) -> None:
        """Take in the reply to the question. Raises RuleGone; what is no template may be answered again."""
        rule = await self._rulebook.get(int(form.data["rule"]), request.user_id)
        kind, said = kind_of(rule.draft.condition), request.text.strip()
        try:
            check(said, kind)
        except TemplateFault as fault:
            refusal = views.refused(fault, possible(kind), views.named(of_rule(rule.id)))
            await self._reply.send(request.chat_id, refusal, reply_to=request.message_id)
            return
        answer = await self._of_rule(rule, said, request.user_id)
        await self._forms.close(form.id)
        await self._reply.edit(request.chat_id, int(form.data["anchor"]), answer)
        asked = () if form.message_id is None else (form.message_id,)
        await self._reply.delete(request.chat_id, *asked, request.message_id)

    async def on_reset(self, press: Press, callback: Callback) -> None:
        """Go back to the standard words."""
        scope = callback.args[0]
        was_set = await self._templates.remove(press.user_id, scope)
        await self._reply.answer(press, "Standard words again" if was_set else "Nothing to do: it was reset before.")
        await self._reply.edit(press.chat_id, press.message_id, views.reset(scope, was_set=was_set))

    async def _of_rule(self, rule: Rule, said: str, user_id: int) -> Message:
        """Set, reset or show the wording of one alert."""
        scope, kind = of_rule(rule.id), kind_of(rule.draft.condition)
        if not said:
            return await self._standing(rule, user_id)
        if said.lower() in _RESET:
            return views.reset(scope, was_set=await self._templates.remove(user_id, scope))
        try:
            check(said, kind)
        except TemplateFault as fault:
            return views.refused(fault, possible(kind), views.named(scope))
        await self._templates.save(user_id, scope, said)
        return views.saved(scope, await self._preview(rule, said, user_id), rule)

    async def _of_kind(self, kind: Kind, said: str, user_id: int) -> Message:
        """Set, reset or show the wording of a kind of alert."""
        scope, slots = of_kind(kind.value), possible(kind)
        if not said:
            return views.kind_standing(kind, self._templates.of(user_id, scope), slots, scope)
        if said.lower() in _RESET:
            return views.reset(scope, was_set=await self._templates.remove(user_id, scope))
        try:
            parts = check(said, kind)
        except TemplateFault as fault:
            return views.refused(fault, slots, views.named(scope))
        await self._templates.save(user_id, scope, said)
        return views.saved(scope, filled(parts, sample(kind)), None)

    async def _mine(self, user_id: int) -> Mapping[str, str]:
        """Return the person's templates, those of alerts that they have and those of kinds."""
        mine = {of_rule(rule.id) for rule in await self._rulebook.owned_by(user_id)} | {of_kind(kind) for kind in Kind}
        return {scope: said for scope, said in self._templates.all_of(user_id).items() if scope in mine}

    async def _standing(self, rule: Rule, user_id: int) -> Message:
        kind = kind_of(rule.draft.condition)
        own = self._templates.of(user_id, of_rule(rule.id))
        scope = of_rule(rule.id) if own is not None else of_kind(kind.value)
        said = self._templates.of(user_id, scope)
        preview = None if said is None else await self._preview(rule, said, user_id)
        return views.standing(rule, scope, said, preview, possible(kind))

    async def _preview(self, rule: Rule, said: str, user_id: int) -> str | None:
        zone = await self._zones.zone_of(user_id)
        return filled(parse(said), sample_of(rule, self._cards.row(rule).price, self._clock.now(), zone))
