"""What the handlers need of the outside, so that a test can cut the wire there."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from alerts.aftermath import Aftermath
from alerts.history import Backtest
from alerts.mute import Mutes
from alerts.rule import Firing
from bot.charts import Line, Mark, Points, Theme
from bot.request import Press
from bot.views.message import Message, Rows
from bot.views.status import StatusReport
from market.instrument import Instrument
from market.news import Article, Headline, Provider
from market.option import Greeks, OptionChain
from market.quote import Bar, Quote
from market.scan import ScanRow, ScanSpec
from market.scan_catalogue import ScanCatalogue
from storage.forms import Form
from storage.hook import Hook
from storage.mute import Mute
from storage.users import UserSettings
from trading.ports import SymbolBook
from trading.summary import DailySummary


class Reply(Protocol):
    """The way back to the person; `bot/reply.py`."""

    async def send(self, chat_id: int, message: Message, *, reply_to: int | None = None) -> int:
        """
        Send *message* and return Telegram's id of it.

        Raises DeliveryUnknown (timed out after it left), NotDelivered.
        """
        ...

    async def edit(self, chat_id: int, message_id: int, message: Message) -> int:
        """Make a message show *message*; one that is gone is sent anew. Return the id of what shows it now."""
        ...

    async def amend(self, chat_id: int, message_id: int, message: Message) -> None:
        """Add by edit what became known later, unless an `edit` has made another of it meanwhile. Raises as `send`."""
        ...

    async def attach(self, chat_id: int, message_id: int, message: Message) -> None:
        """As `amend`: turn a text message into its picture with the text as caption. Raises as `send`."""
        ...

    async def rekey(self, chat_id: int, message_id: int, buttons: Rows) -> None:
        """Put other buttons below a message, whose words stay; one that is gone stays gone. Raises as `send`."""
        ...

    async def delete(self, chat_id: int, *message_ids: int) -> None:
        """Remove messages, as far as Telegram lets it."""
        ...

    async def answer(self, press: Press, text: str = "", *, alert: bool = False) -> None:
        """Answer a press: the first answer counts, one that is too late is let go."""
        ...


class Zones(Protocol):
    """Each person's time zone."""

    async def zone_of(self, user_id: int) -> ZoneInfo:
        """Return the person's own zone, or the bot's."""
        ...


class Templates(Protocol):
    """What people want their alerts to say; `storage/templates.py`."""

    def of(self, user_id: int, *scopes: str) -> str | None:
        """Return the template of the first of *scopes* that has one, or None."""
        ...

    def all_of(self, user_id: int) -> Mapping[str, str]:
        """Return all templates of one person, by scope."""
        ...

    async def save(self, user_id: int, scope: str, said: str) -> None:
        """Store a template, in the place of an earlier one."""
        ...

    async def remove(self, user_id: int, scope: str) -> bool:
        """Forget a template; False where there was none."""
        ...


class HookBook(Protocol):
    """Webhooks and the hosts allowed for them; `storage/hooks.py`."""

    def get(self, rule_id: int) -> Hook | None:
        """Return the rule's webhook, whether its host is allowed or not."""
        ...

    def of_owner(self, owner_id: int) -> Sequence[Hook]:
        """Return a person's webhooks, by alert."""
        ...

    def of_host(self, host: str) -> Sequence[Hook]:
        """Return all webhooks that go to *host*."""
        ...

    def hosts(self) -> Sequence[str]:
        """Return the allowed hosts."""
        ...

    async def save(self, hook: Hook) -> None:
        """Store a rule's webhook, in the place of an earlier one."""
        ...

    async def remove(self, rule_id: int) -> bool:
        """Forget a rule's webhook; False where there was none."""
        ...

    async def allow(self, host: str, admin_id: int, at: datetime) -> None:
        """Let webhooks go to *host*."""
        ...

    async def forbid(self, host: str) -> bool:
        """Let no webhook go to *host* any more; False where none was let."""
        ...


class HookNews(Protocol):
    """What is told about webhooks; `bot/hook_news.py`."""

    async def ask(self, hook: Hook, alert: str) -> int:
        """Ask the admins whether the webhook's host is allowed; return how many can be asked."""
        ...

    async def decided(self, hook: Hook, *, is_allowed: bool) -> None:
        """Tell a webhook's owner what an admin decided about its host."""
        ...

    async def test(self, hook: Hook) -> None:
        """Send a test; what becomes of it is told."""
        ...


class Preferences(Protocol):
    """What each person has set; `bot/people.py`."""

    async def of(self, user_id: int) -> UserSettings:
        """Return the person's settings, or the defaults."""
        ...

    async def save(self, settings: UserSettings) -> None:
        """Store the person's settings."""
        ...

    def known(self, user_id: int) -> UserSettings:
        """Return the settings as last read or saved, or the defaults; for whoever cannot wait."""
        ...


class LiveQuotes(Protocol):
    """The quotes that stream already; asking takes no request."""

    def quote(self, con_id: int) -> Quote | None:
        """Return the latest quote of a held instrument, or None."""
        ...


class Ranges(Protocol):
    """How far instruments move in a day."""

    def atr(self, instrument: Instrument) -> float | None:
        """Return the daily average true range, None where it is not known; asks nothing."""
        ...

    async def learn(self, instruments: Iterable[Instrument]) -> bool:
        """Ask for what is not known of today; return whether anything was learnt."""
        ...


class Forms(Protocol):
    """What is begun and not finished; `storage/forms.py`."""

    async def open(self, user_id: int, chat_id: int, kind: str, data: Mapping[str, Any], at: datetime) -> Form:
        """Store a new form and return it with its id."""
        ...

    async def shown(self, form_id: int, message_id: int) -> None:
        """Note the message that shows the form."""
        ...

    async def fill(self, form_id: int, data: Mapping[str, Any], at: datetime) -> None:
        """Store what stands in the form now."""
        ...

    async def get(self, form_id: int, user_id: int) -> Form | None:
        """Return the form, or None where it is closed or someone else's."""
        ...

    async def at_message(self, chat_id: int, message_id: int, user_id: int) -> Form | None:
        """Return the person's form that a message shows, or None."""
        ...

    async def latest(self, user_id: int, chat_id: int, kind: str) -> Form | None:
        """Return the person's newest open form of *kind* in a chat, or None."""
        ...

    async def untouched_since(self, before: datetime) -> Sequence[Form]:
        """Return the forms last touched at or before *before*."""
        ...

    async def close(self, form_id: int) -> bool:
        """Remove the form; True for the one caller who did."""
        ...


class Watchlists(Protocol):
    """Each person's watchlist; `storage/watchlists.py`."""

    async def of(self, user_id: int) -> Sequence[Instrument]:
        """Return the person's instruments, oldest entry first."""
        ...

    async def add(self, user_id: int, instrument: Instrument, at: datetime) -> bool:
        """Put an instrument on the list; False if it is there already."""
        ...

    async def remove(self, user_id: int, con_id: int) -> bool:
        """Take an instrument off the list; False if it was not there."""
        ...


WatchlistChanged = Callable[[int, Sequence[Instrument]], Awaitable[None]]
"""Hears of a person's new watchlist."""


class FiringHistory(Protocol):
    """Past firings with what came after; `storage/aftermath.py`."""

    async def of_rule(self, rule_id: int, limit: int) -> Sequence[Aftermath]:
        """Return the rule's latest firings, newest first."""
        ...


class ToldFirings(Protocol):
    """What fired, by its number; `storage/firings.py`."""

    async def nth(self, rule_id: int, number: int) -> Firing | None:
        """Return a rule's firing by its number, or None; also that of a deleted rule."""
        ...


class MuteBook(Protocol):
    """What people do not want to hear of for now; `storage/mutes.py`."""

    def known(self, user_id: int) -> Mutes:
        """Return a person's mutes, for whoever cannot wait."""
        ...

    def listed(self, user_id: int) -> Sequence[Mute]:
        """Return a person's mutes one by one, by name."""
        ...

    async def add(self, user_id: int, *, con_id: int = 0, provider: str = "", name: str = "") -> bool:
        """Mute an instrument or a provider for a person; False where that was so already."""
        ...

    async def remove(self, user_id: int, *, con_id: int = 0, provider: str = "") -> bool:
        """Hear of it again; False where it was not muted."""
        ...


MutesChanged = Callable[[int, Mutes], None]
"""Hears of a person's new mutes, so that they count at once."""


class HeadlineSource(Protocol):
    """Headlines and articles on demand."""

    async def headlines(self, instrument: Instrument, count: int) -> Sequence[Headline]:
        """Return the latest headlines, newest first (300 at most). Raises LinkDown, RequestTimeout, BrokerError."""
        ...

    async def providers(self) -> Sequence[Provider]:
        """Return the account's news providers. Raises LinkDown, RequestTimeout, BrokerError."""
        ...

    async def article(self, provider: str, article_id: str) -> Article:
        """Return the story behind a headline. Raises LinkDown, RequestTimeout, BrokerError."""
        ...


class ScanRunner(Protocol):
    """Runs a scan once, and tells what scans there are."""

    @property
    def known(self) -> ScanCatalogue | None:
        """What scans there are as far as known without asking; None before IBKR has told for the first time."""
        ...

    async def run_once(self, spec: ScanSpec) -> Sequence[ScanRow]:
        """Return the scan's rows just now. Raises LinkDown, RequestTimeout, BrokerError, TooManyScans."""
        ...

    async def catalogue(self) -> ScanCatalogue:
        """
        Return what scans there are, from memory or a file where it is known already.

        Raises LinkDown, RequestTimeout, BrokerError.
        """
        ...

    def warning(self, spec: ScanSpec) -> str:
        """Return what IBKR warned of when it last ran *spec* (it lacks data: ranks are not exact), or ""."""
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


class PastPainter(Protocol):
    """Draws prices; `bot/charts.py`."""

    async def price_chart(
        self,
        bars: Sequence[Bar],
        theme: Theme = Theme.DARK,
        *,
        title: str = "",
        zone: str = "UTC",
        lines: Sequence[Line] = (),
        marks: Sequence[Mark] = (),
    ) -> bytes | None:
        """Return a PNG of the bars with *lines* and *marks*, or None where it could not be drawn."""
        ...

    async def backtest_chart(
        self, backtest: Backtest, theme: Theme = Theme.DARK, *, title: str = "", zone: str = "UTC"
    ) -> bytes | None:
        """Return a PNG of the backtest's bars with each firing marked, or None where it could not be drawn."""
        ...


class MoversPainter(Protocol):
    """Draws the day's movers; `bot/charts.py`."""

    async def movers_chart(
        self,
        up: Sequence[tuple[str, float]],
        down: Sequence[tuple[str, float]],
        theme: Theme = Theme.DARK,
        *,
        title: str = "",
    ) -> bytes | None:
        """Return a PNG of changes in percent by label, or None where it could not be drawn."""
        ...


class StatusSource(Protocol):
    """Knows how everything stands."""

    async def report(self, user_id: int) -> StatusReport:
        """Return the state of the bot, with the person's own alerts counted."""
        ...


class OptionBook(Protocol):
    """Knows which options there are, and IBKR's model of them."""

    async def chain(self, instrument: Instrument) -> OptionChain:
        """Return the options on *instrument*. Raises UnknownSymbol where there are none; as `SymbolBook.find`."""
        ...

    async def greeks(self, option: Instrument, timeout_s: float = 3.0) -> Greeks:
        """Return what the model says within *timeout_s*, maybe nothing. Raises LinkDown."""
        ...


class SymbolSearch(SymbolBook, Protocol):
    """Finds instruments, also by the start of a symbol or a company's name."""

    async def search(self, text: str) -> Sequence[Instrument]:
        """Return IBKR's own matches, best first. Raises as `find`."""
        ...
