"""Market scans on demand: run, page through, and from a row or the whole list to everything else."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from alerts.errors import AlertSyntaxError, NoSuchScan, TooManyScans
from bot.callback_data import Callback, Code
from bot.handlers.past import PastMarket
from bot.handlers.ports import PastPainter, Reply, Zones
from bot.handlers.scan_errand import ScanErrands
from bot.handlers.scan_shelf import ScanShelf, found_scan
from bot.request import Press, TextIn
from bot.scan_prices import ScanPrices
from bot.views import scan as views
from bot.views.message import Message
from bot.views.scan_table import PAGE
from market.clock import Clock
from market.errors import BrokerError, LinkDown, MarketError, RequestTimeout
from market.instrument import Instrument
from storage.saved_scan import SavedScan
from trading.ports import SymbolBook

_log = logging.getLogger(__name__)

# A line that is kept may be one that an older version wrote, or that IBKR has no more.
_REFUSALS = (LinkDown, RequestTimeout, BrokerError, TooManyScans, NoSuchScan, AlertSyntaxError)

TakeLine = Callable[[Press, Callback], Awaitable[None]]
"""Takes a line of the alert language from a button; `bot/handlers/alerts.py`."""


class ScanHandler:
    """
    Answers /scan with a line, the buttons that run scans, and those of their results.

    IBKR may take long over a scan: it is run aside, and the chat goes on meanwhile.
    """

    def __init__(  # noqa: PLR0913  a scan's rows lead everywhere
        self,
        *,
        reply: Reply,
        shelf: ScanShelf,
        prices: ScanPrices,
        alert: TakeLine,
        symbols: SymbolBook,
        past: PastMarket,
        painter: PastPainter,
        errands: ScanErrands,
        zones: Zones,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._shelf = shelf
        self._prices = prices
        self._alert = alert
        self._symbols = symbols
        self._past = past
        self._painter = painter
        self._errands = errands
        self._zones = zones
        self._clock = clock

    async def choose(self, request: TextIn) -> None:
        """Offer the common scans."""
        await self._reply.send(request.chat_id, views.scan_choice(), reply_to=request.message_id)

    async def run(self, request: TextIn, bounds: str) -> None:
        """Run a scan now, *bounds* being its code and what may follow it. Raises AlertSyntaxError."""
        scan = await self._kept(f"scan {bounds}", request.user_id, request.chat_id)
        self._errands.send(request, self._result(scan), scan.line)

    async def on_list(self, press: Press, callback: Callback) -> None:
        """Show the common scans."""
        await self._reply.answer(press)
        await self._errands.put(press, callback, views.scan_choice())

    async def on_run(self, press: Press, callback: Callback) -> None:
        """Run a button's line. Raises AlertSyntaxError."""
        await self._reply.answer(press, "⏳ Scanning…")
        scan = await self._kept(f"scan {callback.args[1]}", press.user_id, press.chat_id)
        self._errands.show(press, callback, self._result(scan), scan.line)

    async def on_again(self, press: Press, callback: Callback) -> None:
        """Run a scan that is kept."""
        scan = await self._found(press, callback, 1)
        if scan is not None:
            await self._reply.answer(press, "⏳ Scanning…")
            self._errands.show(press, callback, self._result(scan), scan.line)

    async def on_page(self, press: Press, callback: Callback) -> None:
        """Show another page of a result; one that is not known any more is made anew."""
        page, scan = callback.number(1), await self._found(press, callback, 2)
        if scan is None:
            return
        await self._reply.answer(press)
        latest = self._shelf.latest(scan)
        made = self._result(scan) if latest is None else self._priced(latest, page, press.user_id)
        self._errands.show(press, callback, made, scan.line)

    async def on_alert(self, press: Press, callback: Callback) -> None:
        """Set the alert on a scan. Raises as an alert's line does."""
        scan = await self._found(press, callback, 1)
        if scan is not None:
            await self._alert(press, Callback(Code.ALERT_LINE, (scan.line,)))

    async def on_chart(self, press: Press, callback: Callback) -> None:
        """Send a chart of one row's instrument."""
        number = callback.number(1)
        await self._reply.answer(press, "⏳ Drawing…")
        self._errands.begin(press, self._charted(number, press), f"chart of {number}")

    async def _kept(self, line: str, user_id: int, chat_id: int) -> SavedScan:
        return await self._shelf.keep(await self._shelf.entry(line, user_id), user_id, chat_id)

    async def _found(self, press: Press, callback: Callback, index: int) -> SavedScan | None:
        return await found_scan(self._shelf, self._reply, press, callback.number(index))

    async def _result(self, scan: SavedScan) -> Message:
        try:
            result = await self._shelf.run(scan)
        except _REFUSALS as error:
            return views.refused(error, scan.id)
        return await self._priced(result, 0, scan.owner_id)

    async def _priced(self, result: views.Result, page: int, user_id: int) -> Message:
        shown = result.rows[page * PAGE : (page + 1) * PAGE]
        known = await self._prices.of([row.instrument for row in shown])
        zone = await self._zones.zone_of(user_id)
        return views.scan_result(
            result, page, quotes=known.get, usual=self._prices.usual, now=self._clock.now(), zone=zone
        )

    async def _charted(self, con_id: int, press: Press) -> None:
        instrument = await self._symbols.find(f"#{con_id}")
        message = views.chart(instrument)
        message_id = await self._reply.send(press.chat_id, message, reply_to=press.message_id)
        await self._drawn(instrument, press, message_id, message)

    async def _drawn(self, instrument: Instrument, press: Press, message_id: int, message: Message) -> None:
        zone = await self._zones.zone_of(press.user_id)
        picture = None
        try:
            bars = await self._past.bars(instrument)
            picture = await self._painter.price_chart(bars, title=instrument.label, zone=zone.key)
        except MarketError as error:
            _log.info("no bars of %s for its chart: %r", instrument.label, error)
        if picture is None:
            await self._reply.amend(press.chat_id, message_id, views.no_chart(instrument))
        else:
            await self._reply.attach(press.chat_id, message_id, replace(message, picture=picture))
