"""Setting, listing and changing alerts."""

import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from alerts.language import parse
from alerts.rule import Rule
from alerts.rulebook import Rulebook
from bot.callback_data import Callback
from bot.handlers.place import show
from bot.handlers.ports import LiveQuotes, Reply, Zones
from bot.handlers.symbols import alert_on
from bot.request import Press, TextIn
from bot.views import alerts as views
from bot.views.condition import instrument_of, looks_at_prices
from bot.views.errors import reason
from bot.views.help import which_alert
from bot.views.message import Message
from bot.views.symbols import which_symbol
from market.clock import Clock
from market.errors import MarketError, SymbolError
from market.quote import Quote
from trading.ports import QuoteSource

_UNDO = timedelta(seconds=views.UNDO_S)
_KEPT_DELETED = 500
_FIRST_PRICE_S = 2.0


class AlertsHandler:
    """Answers alert lines, /alerts and the buttons of alerts. *cap* is shown as the most a person may have."""

    def __init__(
        self,
        *,
        reply: Reply,
        rulebook: Rulebook,
        live: LiveQuotes,
        quotes: QuoteSource,
        zones: Zones,
        clock: Clock,
        cap: int = 200,
    ) -> None:
        self._reply = reply
        self._rulebook = rulebook
        self._live = live
        self._quotes = quotes
        self._zones = zones
        self._clock = clock
        self._cap = cap
        self._deleted: OrderedDict[tuple[int, int], tuple[Rule, datetime]] = OrderedDict()

    async def create(self, request: TextIn, line: str) -> None:
        """Set the alert that *line* asks for. Raises AlertSyntaxError, TooManyAlerts, TooManyScans, MarketError."""
        message = await self._created(line, request.user_id, request.chat_id)
        await self._reply.send(request.chat_id, message, reply_to=request.message_id)

    async def which(self, request: TextIn) -> None:
        """Say how to set an alert."""
        await self._reply.send(request.chat_id, which_alert(), reply_to=request.message_id)

    async def on_line(self, press: Press, callback: Callback) -> None:
        """Take a button's line as if it had been typed."""
        message = await self._created(callback.args[0], press.user_id, press.chat_id)
        await self._reply.answer(press)
        await self._reply.send(press.chat_id, message, reply_to=press.message_id)

    async def show_all(self, request: TextIn) -> None:
        """Send the first page of the person's alerts."""
        rows = await self._rows(request.user_id)
        await self._reply.send(request.chat_id, await self._page(rows, 0, request.user_id), reply_to=request.message_id)

    async def on_list(self, press: Press, callback: Callback) -> None:
        """Show a page of the person's alerts; a list that has changed meanwhile is said to have."""
        rows = await self._rows(press.user_id)
        version = callback.number(2)
        await self._reply.answer(press, "The list has changed." if version not in {0, _version(rows)} else "")
        await show(self._reply, press, callback, await self._page(rows, callback.number(1), press.user_id))

    async def on_card(self, press: Press, callback: Callback) -> None:
        """Show one alert. Raises RuleGone."""
        rule = await self._rulebook.get(callback.number(1), press.user_id)
        await self._reply.answer(press)
        await self._show_card(press, callback, rule)

    async def on_pause(self, press: Press, callback: Callback) -> None:
        """Stop watching an alert. Raises RuleGone."""
        await self._change(press, callback, self._rulebook.pause, "Paused")

    async def on_resume(self, press: Press, callback: Callback) -> None:
        """Watch a paused alert again. Raises RuleGone, TooManyScans."""
        await self._change(press, callback, self._rulebook.resume, "Watching again")

    async def on_rearm(self, press: Press, callback: Callback) -> None:
        """Let an alert fire again. Raises RuleGone, TooManyAlerts, TooManyScans."""
        await self._change(press, callback, self._rulebook.rearm, "Armed again")

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
        await self._show_card(press, callback, rule)

    async def _created(self, line: str, user_id: int, chat_id: int) -> Message:
        try:
            made = await self._rulebook.create(line, user_id, chat_id)
        except SymbolError as error:
            return which_symbol(error, alert_on(parse(line), error.symbol))
        quote, trouble = await self._first_price(made.rule, made.quote)
        return views.created(made.rule, quote, already_true=made.already_true, trouble=trouble, now=self._clock.now())

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
        self, press: Press, callback: Callback, change: Callable[[int, int], Awaitable[Rule]], done: str
    ) -> None:
        rule = await change(callback.number(1), press.user_id)
        await self._reply.answer(press, done)
        await self._show_card(press, callback, rule)

    async def _show_card(self, press: Press, callback: Callback, rule: Rule) -> None:
        zone = await self._zones.zone_of(press.user_id)
        card = views.card(self._row(rule), now=self._clock.now(), zone=zone)
        await show(self._reply, press, callback, card)

    async def _page(self, rows: Sequence[views.AlertRow], page: int, user_id: int) -> Message:
        zone = await self._zones.zone_of(user_id)
        return views.listing(rows, page, cap=self._cap, version=_version(rows), now=self._clock.now(), zone=zone)

    async def _rows(self, user_id: int) -> Sequence[views.AlertRow]:
        """Return the person's alerts, nearest to firing first, those without a distance after them, spent ones last."""
        rows = [self._row(rule) for rule in await self._rulebook.owned_by(user_id)]
        return sorted(rows, key=_nearness)

    def _row(self, rule: Rule) -> views.AlertRow:
        instrument = instrument_of(rule)
        quote = None if instrument is None else self._live.quote(instrument.con_id)
        distance = self._rulebook.distance(rule.id) if rule.is_watching else None
        return views.AlertRow(rule, quote.price if quote else None, distance)


def _nearness(row: views.AlertRow) -> tuple[bool, bool, float, int]:
    distance = row.distance_pct
    return (not row.rule.is_watching, distance is None, abs(distance or 0.0), row.rule.id)


def _version(rows: Sequence[views.AlertRow]) -> int:
    """Return a number that changes when alerts come, go or change state, whatever their order."""
    standing = sorted((row.rule.id, row.rule.state.value) for row in rows)
    return zlib.crc32(repr(standing).encode()) or 1
