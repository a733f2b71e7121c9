"""A picture of the day's movers, on demand."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from alerts.errors import TooManyScans
from bot.callback_data import Callback
from bot.handlers.chores import Chores
from bot.handlers.ports import MoversPainter, Reply, ScanRunner, Zones
from bot.request import Press, TextIn
from bot.scan_prices import ScanPrices
from bot.views import movers as views
from bot.views.message import Message
from bot.views.scan import refused
from market.clock import Clock
from market.errors import BrokerError, LinkDown, RequestTimeout
from market.quote import Quote
from market.scan import ScanRow, ScanSpec

_EACH = 8
_UP = ScanSpec("TOP_PERC_GAIN", above_price=views.LEAST_PRICE)
_DOWN = ScanSpec("TOP_PERC_LOSE", above_price=views.LEAST_PRICE)


class MoversHandler:
    """Answers /movers and its buttons, aside; the text goes out first, the picture is added to it."""

    def __init__(
        self,
        *,
        reply: Reply,
        runner: ScanRunner,
        prices: ScanPrices,
        painter: MoversPainter,
        chores: Chores,
        zones: Zones,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._runner = runner
        self._prices = prices
        self._painter = painter
        self._chores = chores
        self._zones = zones
        self._clock = clock

    async def movers(self, request: TextIn) -> None:
        """Send the movers."""
        self._begin(request.user_id, request.chat_id, request.message_id)

    async def on_movers(self, press: Press, _callback: Callback) -> None:
        """Send the movers below the pressed message."""
        await self._reply.answer(press, "⏳ Looking at the market…")
        self._begin(press.user_id, press.chat_id, press.message_id)

    def _begin(self, user_id: int, chat_id: int, reply_to: int) -> None:
        self._chores.begin(self._send(user_id, chat_id, reply_to), "movers")

    async def _send(self, user_id: int, chat_id: int, reply_to: int) -> None:
        try:
            up, down = await asyncio.gather(self._best(_UP), self._best(_DOWN))
        except (LinkDown, RequestTimeout, BrokerError, TooManyScans) as error:
            await self._reply.send(chat_id, refused(error), reply_to=reply_to)
            return
        known = await self._prices.of([row.instrument for row in (*up, *down)])
        zone = await self._zones.zone_of(user_id)
        message = views.movers(up, down, known.get, now=self._clock.now(), zone=zone)
        message_id = await self._reply.send(chat_id, message, reply_to=reply_to)
        if up or down:
            self._chores.begin(self._illustrate(chat_id, message_id, message, up, down, known), "picture of movers")

    async def _best(self, spec: ScanSpec) -> Sequence[ScanRow]:
        rows = await self._runner.run_once(spec)
        return sorted(rows, key=lambda row: row.rank)[:_EACH]

    async def _illustrate(
        self,
        chat_id: int,
        message_id: int,
        message: Message,
        up: Sequence[ScanRow],
        down: Sequence[ScanRow],
        known: Mapping[int, Quote],
    ) -> None:
        picture = await self._painter.movers_chart(
            views.changes(up, known.get), views.changes(down, known.get), title=views.TITLE
        )
        if picture is None:
            await self._reply.amend(chat_id, message_id, views.without_picture(message))
        else:
            await self._reply.attach(chat_id, message_id, replace(message, picture=picture))
