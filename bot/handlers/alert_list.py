"""The list of a person's alerts: nearest first, narrowed, and changed many at once."""

import zlib
from collections.abc import Sequence
from datetime import timedelta

from alerts.codec import rule_from_json, rule_to_json
from alerts.errors import AlertError
from alerts.rule import Rule, RuleState
from alerts.rulebook import Rulebook
from bot.callback_data import Callback
from bot.handlers.cards import AlertCards
from bot.handlers.chores import Chores
from bot.handlers.place import show
from bot.handlers.ports import Forms, Ranges, Reply, Zones
from bot.request import Press, TextIn
from bot.views import alert_list as views
from bot.views.alerts import UNDO_S, AlertRow
from bot.views.condition import instrument_of
from bot.views.message import Message
from market.clock import Clock
from market.instrument import Instrument
from storage.forms import Form

_UNDO = timedelta(seconds=UNDO_S)
_LONGEST_FILTER = 24
PURGE, UNPURGE, UNBULK = "purge", "unpurge", "unbulk"
"""Kinds of forms: many alerts to be deleted, to be brought back, to be taken back after a bulk creation."""


class AlertListHandler:
    """Answers /alerts and its buttons. *cap* is shown as the most a person may have."""

    def __init__(  # noqa: PLR0913  what is shown, of what, for whom
        self,
        *,
        reply: Reply,
        rulebook: Rulebook,
        cards: AlertCards,
        ranges: Ranges,
        forms: Forms,
        zones: Zones,
        clock: Clock,
        chores: Chores,
        cap: int = 500,
    ) -> None:
        self._reply = reply
        self._rulebook = rulebook
        self._cards = cards
        self._ranges = ranges
        self._forms = forms
        self._zones = zones
        self._clock = clock
        self._chores = chores
        self._cap = cap

    async def show_all(self, request: TextIn) -> None:
        """Send the first page of the person's alerts, those that the command's words narrow it to."""
        what = " ".join(request.args.split())[:_LONGEST_FILTER] or views.NO_FILTER
        everything = await self._rulebook.owned_by(request.user_id)
        page = await self._shown(everything, request.user_id, 0, what)
        message_id = await self._reply.send(request.chat_id, page, reply_to=request.message_id)
        watched = [rule for rule in everything if rule.is_watching and _is_under(rule, what)]
        listed = dict.fromkeys(found for rule in watched if (found := instrument_of(rule)))
        unknown = [instrument for instrument in listed if self._ranges.atr(instrument) is None]
        if unknown:
            self._chores.begin(self._measured(request, message_id, unknown, what), "ranges for a list of alerts")

    async def on_list(self, press: Press, callback: Callback) -> None:
        """Show a page of the person's alerts; a list that has changed meanwhile is said to have."""
        await self._turned(press, callback, views.NO_FILTER)

    async def on_found(self, press: Press, callback: Callback) -> None:
        """Show a page of those under a filter."""
        await self._turned(press, callback, callback.args[3])

    async def on_filters(self, press: Press, callback: Callback) -> None:
        """Ask by what to narrow the list."""
        rules = await self._rulebook.owned_by(press.user_id)
        labels = sorted({one.label for rule in rules for one in rule.instruments.values()})
        tags = sorted({rule.draft.options.tag for rule in rules} - {""})
        states = sorted({rule.state.value for rule in rules})
        await self._reply.answer(press)
        await show(self._reply, press, callback, views.filters(labels, tags, states))

    async def on_all(self, press: Press, callback: Callback) -> None:
        """Pause all alerts, or resume those that were paused so."""
        if callback.args[1] == "pause":
            count = await self._rulebook.pause_all(press.user_id)
            toast = f"{count} alerts paused"
        else:
            count = await self._rulebook.resume_all(press.user_id)
            toast = f"{count} alerts watched again"
        await self._reply.answer(press, toast)
        await show(self._reply, press, callback, await self._page(press.user_id, 0, views.NO_FILTER))

    async def on_purge(self, press: Press, callback: Callback) -> None:
        """Ask whether all that is listed is to be deleted; a list that has changed is shown anew instead."""
        what = callback.args[2]
        rules = await self._found(press.user_id, what)
        if callback.number(1) != _version(rules) or not rules:
            await self._reply.answer(press, "The list has changed.")
            await show(self._reply, press, callback, await self._page(press.user_id, 0, what))
            return
        ids = [rule.id for rule in rules]
        form = await self._forms.open(press.user_id, press.chat_id, PURGE, {"ids": ids}, self._clock.now())
        await self._reply.answer(press)
        await show(self._reply, press, callback, views.really_delete(len(ids), form.id, what))

    async def purge(self, form: Form, press: Press) -> None:
        """Delete what the form names; for 30 s it can be brought back."""
        gone = [rule for rule_id in form.data["ids"] if (rule := await self._deleted(rule_id, press.user_id))]
        kept = {"rules": [rule_to_json(rule) for rule in gone]}
        undo = await self._forms.open(press.user_id, press.chat_id, UNPURGE, kept, self._clock.now())
        await self._reply.answer(press, f"{len(gone)} alerts deleted")
        await self._reply.edit(press.chat_id, press.message_id, views.deleted_many(len(gone), undo.id))

    async def bring_back(self, form: Form, press: Press) -> None:
        """Restore what was deleted at once. Raises TooManyAlerts, TooManyScans."""
        if self._clock.now() - form.touched > _UNDO:
            await self._reply.answer(press, "Too late to undo.")
            return
        rules = [rule_from_json(data) for data in form.data["rules"]]
        for rule in rules:
            await self._rulebook.restore(rule)
        await self._reply.answer(press, f"{len(rules)} alerts are back")
        await self._reply.edit(press.chat_id, press.message_id, await self._page(press.user_id, 0, views.NO_FILTER))

    async def take_back(self, form: Form, press: Press) -> None:
        """Delete again what a bulk creation made, within 30 s."""
        if self._clock.now() - form.touched > _UNDO:
            await self._reply.answer(press, "Too late to undo; delete them in /alerts.")
            return
        await self.purge(form, press)

    async def _deleted(self, rule_id: int, user_id: int) -> Rule | None:
        try:
            return await self._rulebook.delete(rule_id, user_id)
        except AlertError:
            return None

    async def _turned(self, press: Press, callback: Callback, what: str) -> None:
        rules = await self._found(press.user_id, what)
        version = callback.number(2)
        await self._reply.answer(press, "The list has changed." if version not in {0, _version(rules)} else "")
        await show(self._reply, press, callback, await self._page(press.user_id, callback.number(1), what))

    async def _measured(self, request: TextIn, message_id: int, unknown: Sequence[Instrument], what: str) -> None:
        """Add the distances in average true ranges by edit, once they are known; the list itself waits for nothing."""
        await self._ranges.learn(unknown)
        if any(self._ranges.atr(instrument) is not None for instrument in unknown):
            await self._reply.amend(request.chat_id, message_id, await self._page(request.user_id, 0, what))

    async def _page(self, user_id: int, page: int, what: str) -> Message:
        return await self._shown(await self._rulebook.owned_by(user_id), user_id, page, what)

    async def _shown(self, everything: Sequence[Rule], user_id: int, page: int, what: str) -> Message:
        rules = [rule for rule in everything if _is_under(rule, what)]
        rows = sorted((self._cards.row(rule) for rule in rules), key=_nearness)
        state = views.ListState(
            page,
            _version(rules),
            self._cap,
            len(everything),
            what,
            paused_all=any(views.is_paused_with_all(rule) for rule in everything),
        )
        return views.listing(rows, state, now=self._clock.now(), zone=await self._zones.zone_of(user_id))

    async def _found(self, user_id: int, what: str) -> list[Rule]:
        return [rule for rule in await self._rulebook.owned_by(user_id) if _is_under(rule, what)]


def _is_under(rule: Rule, what: str) -> bool:
    """Return whether the filter lets *rule* through: `*`, `#tag`, `!state`, a state's name, or a symbol."""
    word = what.removeprefix("!").lower()
    if what == views.NO_FILTER:
        return True
    if what.startswith("#"):
        return rule.draft.options.tag.lower() == what[1:].lower()
    if what.startswith("!") or word in {state.value for state in RuleState}:
        return rule.state.value == word
    labels = {label.upper() for symbol, one in rule.instruments.items() for label in (symbol, one.label)}
    return what.removeprefix("$").upper() in labels


def _nearness(row: AlertRow) -> tuple[bool, bool, float, int]:
    distance = row.distance_pct
    return (not row.rule.is_watching, distance is None, abs(distance or 0.0), row.rule.id)


def _version(rules: Sequence[Rule]) -> int:
    """Return a number that changes when alerts come, go or change state, whatever their order."""
    standing = sorted((rule.id, rule.state.value) for rule in rules)
    return zlib.crc32(repr(standing).encode()) or 1
