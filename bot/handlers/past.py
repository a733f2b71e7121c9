"""What an alert did and would have done: its history, its chart, and backtests."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from alerts.errors import AlertSyntaxError
from alerts.history import Backtest
from alerts.rule import Rule
from alerts.rulebook import Rulebook
from bot.callback_data import Callback, Code
from bot.charts import Line, Mark
from bot.handlers.chores import Chores
from bot.handlers.place import show
from bot.handlers.ports import FiringHistory, PastPainter, Reply, Zones
from bot.handlers.symbols import backtest_of
from bot.request import Press, TextIn
from bot.views import past as views
from bot.views.condition import describe, instrument_of, level_of
from bot.views.errors import which_number
from bot.views.keyboard import shortened
from bot.views.message import Message
from bot.views.numbers import exact
from bot.views.symbols import which_symbol
from market.clock import Clock
from market.errors import SymbolError
from market.instrument import Instrument
from market.quote import Bar

_SPAN = re.compile(r"\s+(?P<count>[1-9][0-9]{0,3})(?P<unit>d|w|mo|y)\s*$", re.IGNORECASE)
_DAYS = {"d": 1, "w": 7, "mo": 30, "y": 365}
_ON_CREATION_DAYS = 90
_MOST_DAYS = 730
_KEPT_FIRINGS = 200
_TITLE = 60


class PastMarket(Protocol):
    """The market's past; `bot/pasts.py`."""

    async def would_have_fired(self, rule: Rule, days: int) -> Backtest:
        """Run *rule* over the last *days*. Raises LinkDown, RequestTimeout, BrokerError."""
        ...

    async def bars(self, instrument: Instrument) -> Sequence[Bar]:
        """Return the bars of a chart, oldest first. Raises as above."""
        ...


class PastHandler:
    """Answers /backtest, and the buttons History, Chart and Backtest."""

    def __init__(
        self,
        *,
        reply: Reply,
        rulebook: Rulebook,
        market: PastMarket,
        firings: FiringHistory,
        painter: PastPainter,
        zones: Zones,
        clock: Clock,
        chores: Chores,
    ) -> None:
        self._reply = reply
        self._rulebook = rulebook
        self._market = market
        self._firings = firings
        self._painter = painter
        self._zones = zones
        self._clock = clock
        self._chores = chores

    def begin(self, chat_id: int, message_id: int, message: Message, rule: Rule) -> None:
        """Add to a new alert's message by edit how often it would have fired, as soon as that is known."""
        self._chores.begin(self._added(chat_id, message_id, message, rule), f"would have fired, alert {rule.id}")

    async def backtest(self, request: TextIn) -> None:
        """Run `/backtest AAPL rsi(14,1h) < 30 1y`. Raises AlertSyntaxError, MarketError."""
        if not request.args:
            await self._reply.send(request.chat_id, views.which_backtest(), reply_to=request.message_id)
            return
        zone = await self._zones.zone_of(request.user_id)
        line, days = spanned(request.args)
        try:
            draft = self._rulebook.read(line, zone)
        except AlertSyntaxError as error:
            if not error.readings:
                raise
            question = which_number(
                error, Code.BACKTEST_LINE, days, told=lambda reading: f"/backtest {reading} {days}d"
            )
            await self._reply.send(request.chat_id, question, reply_to=request.message_id)
            return
        try:
            rule = await self._rulebook.resolve(draft, request.user_id, request.chat_id)
        except SymbolError as error:
            question = which_symbol(error, backtest_of(draft, error.symbol, days))
            await self._reply.send(request.chat_id, question, reply_to=request.message_id)
            return
        await self._told(rule, days, request.user_id, request.chat_id, request.message_id)

    async def on_backtest(self, press: Press, callback: Callback) -> None:
        """Run an alert over the last 90 days. Raises RuleGone, MarketError."""
        rule = await self._rulebook.get(callback.number(1), press.user_id)
        await self._reply.answer(press, "⏳ Looking back…")
        await self._told(rule, _ON_CREATION_DAYS, press.user_id, press.chat_id, press.message_id)

    async def on_line(self, press: Press, callback: Callback) -> None:
        """Run the line of a button, whose symbol was asked back."""
        zone = await self._zones.zone_of(press.user_id)
        draft = self._rulebook.read(callback.args[1], zone)
        rule = await self._rulebook.resolve(draft, press.user_id, press.chat_id)
        await self._reply.answer(press, "⏳ Looking back…")
        days = min(callback.number(0), _MOST_DAYS)
        await self._told(rule, days, press.user_id, press.chat_id, press.message_id)

    async def on_history(self, press: Press, callback: Callback) -> None:
        """Show when an alert fired, and the price 1 h and 1 d after. Raises RuleGone."""
        rule = await self._rulebook.get(callback.number(1), press.user_id)
        past = await self._firings.of_rule(rule.id, _KEPT_FIRINGS)
        zone = await self._zones.zone_of(press.user_id)
        await self._reply.answer(press)
        page = views.history(rule, past, callback.number(2), now=self._clock.now(), zone=zone)
        await show(self._reply, press, callback, page)

    async def on_chart(self, press: Press, callback: Callback) -> None:
        """Send a chart with the alert's level and its firings. Raises RuleGone, MarketError."""
        rule = await self._rulebook.get(callback.number(1), press.user_id)
        instrument = instrument_of(rule)
        if instrument is None:
            await self._reply.answer(press, "This alert is about no instrument.")
            return
        await self._reply.answer(press, "⏳ Drawing…")
        message = views.chart(rule, instrument)
        message_id = await self._reply.send(press.chat_id, message, reply_to=press.message_id)
        self._chores.begin(self._drawn(rule, instrument, press, message_id, message), f"chart of alert {rule.id}")

    async def _told(self, rule: Rule, days: int, user_id: int, chat_id: int, reply_to: int) -> None:
        """Say at once that it is looked up; numbers, then the picture, follow by edit."""
        message_id = await self._reply.send(chat_id, views.looking_back(rule, days), reply_to=reply_to)
        self._chores.begin(self._tested(rule, days, user_id, chat_id, message_id), f"backtest {rule.text}")

    async def _tested(self, rule: Rule, days: int, user_id: int, chat_id: int, message_id: int) -> None:
        zone = await self._zones.zone_of(user_id)
        try:
            backtest = await self._market.would_have_fired(rule, days)
        except views.REFUSED as error:
            await self._reply.amend(chat_id, message_id, views.no_backtest(rule, error))
            return
        message = views.backtest(rule, backtest, days, now=self._clock.now(), zone=zone)
        await self._reply.amend(chat_id, message_id, message)
        if not backtest.bars:
            return
        title = shortened(describe(rule), _TITLE)
        picture = await self._painter.backtest_chart(backtest, title=title, zone=zone.key)
        if picture is not None:
            await self._reply.attach(chat_id, message_id, replace(message, picture=picture))

    async def _added(self, chat_id: int, message_id: int, message: Message, rule: Rule) -> None:
        backtest = await self._market.would_have_fired(rule, _ON_CREATION_DAYS)
        line = views.would_have_fired(backtest, _ON_CREATION_DAYS, await self._zones.zone_of(rule.owner_id))
        if line:
            await self._reply.amend(chat_id, message_id, replace(message, html=f"{message.html}\n\n{line}"))

    async def _drawn(self, rule: Rule, instrument: Instrument, press: Press, message_id: int, message: Message) -> None:
        zone = await self._zones.zone_of(press.user_id)
        bars = await self._market.bars(instrument)
        past = await self._firings.of_rule(rule.id, _KEPT_FIRINGS)
        level = level_of(rule)
        picture = await self._painter.price_chart(
            bars,
            title=f"{instrument.label} · {shortened(describe(rule), _TITLE)}",
            zone=zone.key,
            lines=[] if level is None else [Line(level, exact(level, instrument.decimals), "level")],
            marks=[Mark(one.firing.at, one.price, "firing") for one in past if one.price is not None],
        )
        after = views.chart_failed(message) if picture is None else replace(message, picture=picture)
        if picture is None:
            await self._reply.amend(press.chat_id, message_id, after)
        else:
            await self._reply.attach(press.chat_id, message_id, after)


def spanned(line: str) -> tuple[str, int]:
    """Return a backtest's line without the span at its end, and that span in days (90 where none is given)."""
    found = _SPAN.search(line)
    if found is None:
        return line, _ON_CREATION_DAYS
    days = int(found["count"]) * _DAYS[found["unit"].lower()]
    return line[: found.start()].rstrip(), min(days, _MOST_DAYS)
