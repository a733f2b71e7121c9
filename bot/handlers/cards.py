"""One alert as it stands now, ready to be shown: its price, its distance, the person's time zone."""

from collections.abc import Callable

from alerts.rule import Rule
from alerts.rulebook import Rulebook
from bot.callback_data import Callback
from bot.handlers.place import show
from bot.handlers.ports import LiveQuotes, Ranges, Reply, Zones
from bot.request import Press
from bot.views import alerts as views
from bot.views import editing
from bot.views.condition import instrument_of
from bot.views.message import Message
from market.clock import Clock


class AlertCards:
    """
    Makes cards of alerts.

    *on_bars* says which instruments have no market data line just now, *calms* whether an alert calms its owner's
    others when it fires.
    """

    def __init__(
        self,
        *,
        rulebook: Rulebook,
        live: LiveQuotes,
        ranges: Ranges,
        zones: Zones,
        clock: Clock,
        on_bars: Callable[[int], bool] = lambda _con_id: False,
        calms: Callable[[Rule], bool] = lambda _rule: False,
    ) -> None:
        self._rulebook = rulebook
        self._live = live
        self._ranges = ranges
        self._zones = zones
        self._clock = clock
        self._on_bars = on_bars
        self._calms = calms

    def row(self, rule: Rule) -> views.AlertRow:
        """Return the alert with its price now and how far that is from firing."""
        instrument = instrument_of(rule)
        if instrument is None:
            return views.AlertRow(rule, calms=self._calms(rule), values=self._rulebook.standing(rule.id))
        quote = self._live.quote(instrument.con_id)
        price = quote.price if quote else None
        distance = self._rulebook.distance(rule.id) if rule.is_watching else None
        atr = self._ranges.atr(instrument)
        in_atr = distance / 100 * price / atr if distance is not None and price and atr else None
        return views.AlertRow(
            rule,
            price,
            distance,
            in_atr,
            on_bars=rule.is_watching and self._on_bars(instrument.con_id),
            calms=self._calms(rule),
            values=self._rulebook.standing(rule.id),
        )

    async def card(self, rule: Rule, user_id: int) -> Message:
        """Return the alert's card."""
        zone = await self._zones.zone_of(user_id)
        return views.card(self.row(rule), now=self._clock.now(), zone=zone)

    async def edit_card(self, rule: Rule, user_id: int) -> Message:
        """Return the alert with what can be changed about it."""
        zone = await self._zones.zone_of(user_id)
        return editing.edit_card(self.row(rule), now=self._clock.now(), zone=zone)

    async def show(self, reply: Reply, press: Press, callback: Callback, rule: Rule) -> None:
        """Show the alert's card where the press wants it."""
        await show(reply, press, callback, await self.card(rule, press.user_id))
