"""What the handlers need of the outside, so that a test can cut the wire there."""

from collections.abc import Sequence
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.charts import Points, Theme
from bot.request import Press
from bot.views.message import Message
from bot.views.status import StatusReport
from market.instrument import Instrument
from market.news import Article, Headline
from market.quote import Quote
from market.scan import ScanRow, ScanSpec
from trading.summary import DailySummary


class Reply(Protocol):
    """The way back to the person; `bot/reply.py`."""

    async def send(self, chat_id: int, message: Message, *, reply_to: int | None = None) -> int:
        """
        Send *message* and return Telegram's id of it.

        Raises DeliveryUnknown (timed out after it left), NotDelivered.
        """
        ...

    async def edit(self, chat_id: int, message_id: int, message: Message) -> None:
        """Make a message show *message*; one that is gone is sent anew. Raises as `send`."""
        ...

    async def attach(self, chat_id: int, message_id: int, message: Message) -> None:
        """Turn a text message into its picture with the text as caption. Raises as `send`."""
        ...

    async def answer(self, press: Press, text: str = "", *, alert: bool = False) -> None:
        """Answer a press: the first answer counts, one that is too late is let go."""
        ...


class Zones(Protocol):
    """Each person's time zone."""

    async def zone_of(self, user_id: int) -> ZoneInfo:
        """Return the person's own zone, or the bot's."""
        ...


class LiveQuotes(Protocol):
    """The quotes that stream already; asking takes no request."""

    def quote(self, con_id: int) -> Quote | None:
        """Return the latest quote of a held instrument, or None."""
        ...


class HeadlineSource(Protocol):
    """Headlines and articles on demand."""

    async def headlines(self, instrument: Instrument, count: int) -> Sequence[Headline]:
        """Return the latest headlines, newest first. Raises LinkDown, RequestTimeout, BrokerError."""
        ...

    async def article(self, provider: str, article_id: str) -> Article:
        """Return the story behind a headline. Raises LinkDown, RequestTimeout, BrokerError."""
        ...


class ScanRunner(Protocol):
    """Runs a scan once."""

    async def run_once(self, spec: ScanSpec) -> Sequence[ScanRow]:
        """Return the scan's rows just now. Raises LinkDown, RequestTimeout, BrokerError, TooManyScans."""
        ...


class Summaries(Protocol):
    """Makes a summary of the account on demand."""

    async def latest(self, user_id: int) -> DailySummary | None:
        """Return the summary as of now for the person's account, or None before IBKR has told of any account."""
        ...


class Painter(Protocol):
    """Draws pictures; `bot/charts.py`."""

    async def equity_curve(
        self, points: Points, theme: Theme = Theme.DARK, *, title: str = "", currency: str = ""
    ) -> bytes | None:
        """Return a PNG of the account's value over time, or None where it could not be drawn."""
        ...


class StatusSource(Protocol):
    """Knows how everything stands."""

    async def report(self, user_id: int) -> StatusReport:
        """Return the state of the bot, with the person's own alerts counted."""
        ...
