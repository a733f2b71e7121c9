"""How everything stands."""

from bot.callback_data import Callback
from bot.handlers.place import show
from bot.handlers.ports import Reply, StatusSource, Zones
from bot.request import Press, TextIn
from bot.views import status as views
from bot.views.message import Message
from market.clock import Clock


class StatusHandler:
    """Answers /status and its Refresh."""

    def __init__(self, reply: Reply, source: StatusSource, zones: Zones, clock: Clock) -> None:
        self._reply = reply
        self._source = source
        self._zones = zones
        self._clock = clock

    async def status(self, request: TextIn) -> None:
        """Send how everything stands."""
        message = await self._message(request.user_id)
        await self._reply.send(request.chat_id, message, reply_to=request.message_id)

    async def on_status(self, press: Press, callback: Callback) -> None:
        """Show how everything stands now."""
        message = await self._message(press.user_id)
        await self._reply.answer(press)
        await show(self._reply, press, callback, message)

    async def _message(self, user_id: int) -> Message:
        report = await self._source.report(user_id)
        return views.status(report, now=self._clock.now(), zone=await self._zones.zone_of(user_id))
