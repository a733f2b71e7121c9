"""Market scans on demand."""

from alerts.condition import Draft, ScanEntry
from alerts.errors import AlertSyntaxError
from alerts.language import parse
from alerts.wording import format_draft
from bot.callback_data import Callback
from bot.handlers.place import show
from bot.handlers.ports import Reply, ScanRunner, Zones
from bot.request import Press, TextIn
from bot.views import scan as views
from bot.views.message import Message
from market.clock import Clock

_EXAMPLES = ("scan TOP_PERC_GAIN top 10", "scan MOST_ACTIVE price > 5 volume > 1M")


class ScanHandler:
    """Answers /scan and its buttons."""

    def __init__(self, reply: Reply, runner: ScanRunner, zones: Zones, clock: Clock) -> None:
        self._reply = reply
        self._runner = runner
        self._zones = zones
        self._clock = clock

    async def choose(self, request: TextIn) -> None:
        """Offer the common scans."""
        await self._reply.send(request.chat_id, views.scan_choice(), reply_to=request.message_id)

    async def run(self, request: TextIn, bounds: str) -> None:
        """Run a scan now, *bounds* being its code and what may follow it. Raises AlertSyntaxError, MarketError."""
        message = await self._result(bounds, request.user_id)
        await self._reply.send(request.chat_id, message, reply_to=request.message_id)

    async def on_list(self, press: Press, callback: Callback) -> None:
        """Show the common scans."""
        await self._reply.answer(press)
        await show(self._reply, press, callback, views.scan_choice())

    async def on_run(self, press: Press, callback: Callback) -> None:
        """Run a scan and show its rows."""
        await self._reply.answer(press, "⏳ Scanning…")
        await show(self._reply, press, callback, await self._result(callback.args[1], press.user_id))

    async def _result(self, bounds: str, user_id: int) -> Message:
        text = f"scan {bounds}"
        now, zone = self._clock.now(), await self._zones.zone_of(user_id)
        condition = parse(text, now, zone).condition
        if not isinstance(condition, ScanEntry):
            raise AlertSyntaxError(text, len("scan "), "a scan by itself", _EXAMPLES)
        rows = await self._runner.run_once(condition.spec)
        line = format_draft(Draft(condition))
        return views.scan_result(condition.spec, rows, line, now=self._clock.now(), zone=zone)
