"""What is held, what it is worth, and the day's summary with its picture."""

import logging
from dataclasses import replace

from bot.callback_data import Callback
from bot.charts import Points, Theme
from bot.errors import DeliveryError
from bot.handlers.place import show
from bot.handlers.ports import Painter, Reply, Summaries, Zones
from bot.request import Press, TextIn
from bot.views import portfolio as views
from bot.views.message import Message
from bot.views.summary import daily_summary, picture_title
from market.clock import Clock
from trading.portfolio import PortfolioView, view_portfolio
from trading.ports import Holdings
from trading.summary import DailySummary

_log = logging.getLogger(__name__)


class PortfolioHandler:
    """Answers /positions, /account and /summary and their buttons; reads what streams, asks IBKR nothing."""

    def __init__(
        self, *, reply: Reply, holdings: Holdings, summaries: Summaries, painter: Painter, zones: Zones, clock: Clock
    ) -> None:
        self._reply = reply
        self._holdings = holdings
        self._summaries = summaries
        self._painter = painter
        self._zones = zones
        self._clock = clock

    async def positions(self, request: TextIn) -> None:
        """Send the first page of the positions."""
        await self._send(request, await self._page(request.user_id, 0))

    async def account(self, request: TextIn) -> None:
        """Send the account's state."""
        await self._send(request, await self._account(request.user_id))

    async def summary(self, request: TextIn) -> None:
        """Send the summary as of now, then add its picture."""
        await self._summary(request.user_id, request.chat_id, request.message_id)

    async def on_positions(self, press: Press, callback: Callback) -> None:
        """Show a page of the positions."""
        message = await self._page(press.user_id, callback.number(1))
        await self._reply.answer(press)
        await show(self._reply, press, callback, message)

    async def on_position(self, press: Press, callback: Callback) -> None:
        """Show the card of one position."""
        view = self._view()
        held = None if view is None else view.holding(callback.number(1))
        zone = await self._zones.zone_of(press.user_id)
        await self._reply.answer(press)
        if view is None or held is None:
            await show(self._reply, press, callback, views.position_gone())
        else:
            card = views.position_card(view, held, now=self._clock.now(), zone=zone)
            await show(self._reply, press, callback, card)

    async def on_account(self, press: Press, callback: Callback) -> None:
        """Show the account's state."""
        message = await self._account(press.user_id)
        await self._reply.answer(press)
        await show(self._reply, press, callback, message)

    async def on_summary(self, press: Press, _callback: Callback) -> None:
        """Send the summary as of now, then add its picture."""
        await self._reply.answer(press, "⏳ Summing up…")
        await self._summary(press.user_id, press.chat_id, None)

    async def illustrate(self, chat_id: int, message_id: int, message: Message, summary: DailySummary) -> None:
        """Add the picture of *summary* to its message; without one the text stays as it is."""
        picture = await self._painter.equity_curve(
            curve_of(summary), Theme.DARK, title=picture_title(summary), currency=summary.currency
        )
        if picture is None:
            return
        try:
            await self._reply.attach(chat_id, message_id, replace(message, picture=picture))
        except DeliveryError as error:
            _log.warning("the summary's picture could not be added: %s", type(error).__name__)

    async def _summary(self, user_id: int, chat_id: int, reply_to: int | None) -> None:
        summary = await self._summaries.latest(user_id)
        if summary is None:
            named = next(iter(self._holdings.accounts()), "")
            await self._reply.send(chat_id, views.not_yet(named), reply_to=reply_to)
            return
        zone = await self._zones.zone_of(user_id)
        message = daily_summary(summary, now=self._clock.now(), zone=zone, asked=True)
        message_id = await self._reply.send(chat_id, message, reply_to=reply_to)
        await self.illustrate(chat_id, message_id, message, summary)

    async def _send(self, request: TextIn, message: Message) -> None:
        await self._reply.send(request.chat_id, message, reply_to=request.message_id)

    async def _page(self, user_id: int, page: int) -> Message:
        view = self._view()
        if view is None:
            return views.not_yet()
        if view.summary is None and not view.holdings:
            # What is held comes before what it is worth: until then, that nothing is held is not known.
            return views.not_yet(view.account)
        return views.positions(view, page, now=self._clock.now(), zone=await self._zones.zone_of(user_id))

    async def _account(self, user_id: int) -> Message:
        view = self._view()
        if view is None:
            return views.not_yet()
        return views.account(view, now=self._clock.now(), zone=await self._zones.zone_of(user_id))

    def _view(self) -> PortfolioView | None:
        accounts = self._holdings.accounts()
        return view_portfolio(self._holdings, accounts[0]) if accounts else None


def curve_of(summary: DailySummary) -> Points:
    """Return the summary's curve as the painter takes it."""
    return [(day, float(value)) for day, value in summary.curve]
