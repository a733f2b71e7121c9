"""A whole chat in memory: the router with real handlers, a real order desk and a real rulebook on fakes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from alerts.engine import Engine
from alerts.rulebook import Rulebook
from bot.address import fault_of
from bot.charts import Points, Theme
from bot.commands import COMMANDS, Handlers
from bot.handlers.chores import Chores
from bot.headlines import HeadlineBook
from bot.membership import Membership
from bot.parts import Parts
from bot.request import FileIn, Press, TextIn
from bot.router import Router
from bot.scan_prices import ScanPrices, UsualVolumes
from bot.scan_times import ScanTimes
from bot.stories import Stories
from bot.switchboard import connect
from bot.views.message import Button
from bot.views.status import StatusReport
from broker.status import LinkReason, LinkState, LinkStatus
from market.account import AccountSummary, Position
from market.errors import AmbiguousSymbol, UnknownSymbol
from market.instrument import Instrument, SecType
from market.quote import Quote
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import FakeBarSource, FakeNewsFeed, FakeScanFeed, FakeTickFeed
from tests.fakes.forms import FakeForms, FakePast, FakeTemplates, FakeWatchlists
from tests.fakes.guards import FakeMark, MemoryStateStore, MemoryTightenings
from tests.fakes.hooks import FakeHooks
from tests.fakes.news import FakeMutes, FakeNews, FakeToldFirings
from tests.fakes.options import OptionFloor
from tests.fakes.people import FakeDigests, FakePreferences, MemoryMembers
from tests.fakes.reply import FakeReply
from tests.fakes.rules import FakeRuleStore
from tests.fakes.scans import FakeSavedScans, FakeScans, no_sessions
from tests.fakes.sequels import FakeRestNews, MemorySequels
from tests.fakes.steps import SECRET, MemoryStepStore
from tests.fakes.trading import FakeGateway, FakeMarket, MemoryAudit, MemoryProposalStore
from trading.access import Role, Roster
from trading.desk import OrderDesk
from trading.guards import Guards
from trading.limit_book import LimitBook
from trading.limits import Limits, TradingState
from trading.second_step import Policy, SecondStep
from trading.state import TradingSwitch
from trading.summary import DailySummary
from trading.turns import Turns

ADMIN, TRADER, VIEWER = 111, 222, 333
ROLES = {ADMIN: Role.ADMIN, TRADER: Role.TRADER, VIEWER: Role.VIEWER}
NEW_YORK = ZoneInfo("America/New_York")
ACCOUNT = "DU1234567"

AAPL = Instrument(265598, "AAPL", primary_exchange="NASDAQ", name="APPLE INC")
MSFT = Instrument(272093, "MSFT", primary_exchange="NASDAQ", name="MICROSOFT CORP")
BMW = Instrument(29612222, "BMW", primary_exchange="IBIS", currency="EUR", name="BAYERISCHE MOTOREN WERKE AG")
BMW_US = Instrument(4050, "BMW", primary_exchange="PINK", name="BMW ADR")
EVIL = Instrument(666, "<b>&EVIL", primary_exchange='"><i>', name="</code><a href='tg://x'>R&D & Sons <script>")
EURUSD = Instrument(12087792, "EUR", SecType.FOREX, "IDEALPRO", min_tick=0.00005)


@dataclass
class FakeFloor(FakeMarket):
    """A market of several instruments; BMW is ambiguous, and APPL is like AAPL."""

    instruments: tuple[Instrument, ...] = (AAPL, MSFT, EVIL, EURUSD)
    held_positions: list[Position] = field(default_factory=list)
    find_error: Exception | None = None

    async def find(self, symbol: str) -> Instrument:
        if self.find_error:
            raise self.find_error
        everything = (*self.instruments, BMW, BMW_US)
        if symbol.startswith("#"):
            for one in everything:
                if str(one.con_id) == symbol[1:]:
                    return one
        if symbol == "BMW":
            raise AmbiguousSymbol(symbol, (BMW, BMW_US))
        for one in self.instruments:
            if one.label == symbol.removeprefix("$").upper():
                return one
        raise UnknownSymbol(symbol, (AAPL, EVIL) if symbol == "APPL" else ())

    async def search(self, text: str) -> Sequence[Instrument]:
        everything, sought = (*self.instruments, BMW, BMW_US), text.upper()
        return [one for one in everything if one.symbol.startswith(text) or sought in one.name.upper()]

    def positions(self, account: str) -> Sequence[Position]:
        return self.held_positions


@dataclass
class FakeOffice:
    """Plays `Zones`, `Summaries`, `Painter` and `StatusSource`."""

    clock: FakeClock
    zone: ZoneInfo = NEW_YORK
    summary: DailySummary | None = None
    picture: bytes | None = b"\x89PNG"
    link: LinkStatus | None = None
    drawn: list[Points] = field(default_factory=list)
    movers: list[tuple[list[tuple[str, float]], list[tuple[str, float]]]] = field(default_factory=list)

    async def zone_of(self, user_id: int) -> ZoneInfo:
        return self.zone

    async def latest(self, user_id: int) -> DailySummary | None:
        return self.summary

    async def equity_curve(
        self, points: Points, theme: Theme = Theme.DARK, *, title: str = "", currency: str = ""
    ) -> bytes | None:
        self.drawn.append(points)
        return self.picture

    async def movers_chart(
        self,
        up: Sequence[tuple[str, float]],
        down: Sequence[tuple[str, float]],
        theme: Theme = Theme.DARK,
        *,
        title: str = "",
    ) -> bytes | None:
        self.movers.append((list(up), list(down)))
        return self.picture

    async def report(self, user_id: int) -> StatusReport:
        now = self.clock.now()
        link = self.link or LinkStatus(LinkState.DOWN, now, LinkReason.REFUSED)
        return StatusReport(version="0.1.0", started=now, link=link)


class Chat:
    """
    One private chat with each person, whose chat id is the user's id.

    `say` and `press` go through the router as the inbox would; `tap` finds a button by its label on the last message.
    """

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.roles = dict(ROLES)
        self.reply = FakeReply()
        self.office = FakeOffice(self.clock)
        self.floor = FakeFloor(self.clock)
        self.floor.summaries[ACCOUNT] = AccountSummary(
            ACCOUNT, "USD", net_liquidation=Decimal(100_000), cash=Decimal(60_000), buying_power=Decimal(200_000)
        )
        self.store, self.gateway = MemoryProposalStore(), FakeGateway()
        self.audit = MemoryAudit()
        self.roster = Roster(self.roles)
        self.members = Membership(
            roster=self.roster,
            founders=ROLES,
            store=MemoryMembers(),
            clock=self.clock,
            audit=self.audit,
            folder=Path(),
            is_open=True,
        )
        self.steps = MemoryStepStore()
        self.second_step = self._second_step()
        self.drawn_qr: list[str] = []
        self.step_news: list[tuple[int, str]] = []
        self.stranger_names: dict[int, str] = {}
        self.welcomed: list[int] = []
        self.news, self.scans, self.options = FakeNews(), FakeScans(), OptionFloor()
        self.headlines, self.stories = HeadlineBook(self.news, self.clock), Stories(self.news)
        self.told_firings, self.mutes = FakeToldFirings(), FakeMutes()
        self.rules, self.engine, self.ticks = FakeRuleStore(), Engine(), FakeTickFeed()
        self.rulebook = Rulebook(
            self.rules, self.engine, self.floor, self.ticks, FakeNewsFeed(), FakeScanFeed(), self.clock, cap=5
        )
        self.rulebook.connect(lambda firings: None, _settled)
        self.saved_scans, self.daily_bars = FakeSavedScans(), FakeBarSource()
        self.forms, self.watchlists, self.templates = FakeForms(), FakeWatchlists(), FakeTemplates()
        self.hooks = FakeHooks()
        self.preferences, self.digests = FakePreferences(), FakeDigests()
        self.sequels, self.rest_news = MemorySequels(), FakeRestNews()
        self.tested: list[int] = []
        self.is_linked = True
        self.let_go: list[int] = []
        self.past, self.chores = FakePast(self.clock), Chores()
        self.on_bars: set[int] = set()
        self.mark = FakeMark()
        self.states = MemoryStateStore()
        self.switch = TradingSwitch(self.states, self.mark)
        self.trading_state = TradingState.ACTIVE
        self.limit_book = LimitBook(Limits(), MemoryTightenings())
        self.told_of_trading: list[tuple[TradingState, int]] = []
        self._tokens = count(1)
        self._calls = count(1)
        self.desk = self._desk()
        self.handlers = self._handlers()
        self.router = Router(COMMANDS, self.handlers, self.clock)

    @property
    def trading_state(self) -> TradingState:
        """How trading stands."""
        return self.switch.state

    @trading_state.setter
    def trading_state(self, state: TradingState) -> None:
        self.switch._state = state

    async def _trading_changed(self, state: TradingState, by: int) -> None:
        self.told_of_trading.append((state, by))

    async def say(
        self,
        text: str,
        user_id: int = TRADER,
        *,
        age_s: float = 0.0,
        sent: datetime | None = None,
        reply_to: int | None = None,
    ) -> str:
        """Write *text* and return the plain text of the last answer, as it stands when nothing is under way."""
        at = sent or self.clock.now() - timedelta(seconds=age_s)
        args = text.partition(" ")[2].strip() if text.startswith("/") else text
        await self.router.on_text(TextIn(user_id, user_id, next(self._calls), ROLES[user_id], text, args, at, reply_to))
        await self.chores.idle()
        return self.reply.text

    async def send_file(self, name: str, body: bytes, user_id: int = TRADER) -> str:
        """Send a file and return the plain text of the last answer."""

        async def fetch() -> bytes:
            return body

        said = FileIn(user_id, user_id, next(self._calls), ROLES[user_id], name, len(body), self.clock.now(), fetch)
        await self.router.on_file(said)
        return self.reply.text

    async def press(self, data: str, message_id: int, user_id: int = TRADER, *, chat_id: int | None = None) -> str:
        """Press whatever says *data* and return the toast; fails if the press was not answered."""
        press = self.pressed(data, message_id, user_id, chat_id=chat_id)
        await self.router.on_press(press)
        await self.chores.idle()
        assert press.callback_id in self.reply.answers, "the press was not answered"
        return self.reply.answers[press.callback_id][0]

    def pressed(self, data: str, message_id: int = 1, user_id: int = TRADER, *, chat_id: int | None = None) -> Press:
        """Return the press of whatever says *data*, for the router."""
        chat = user_id if chat_id is None else chat_id
        return Press(user_id, chat, message_id, ROLES[user_id], data, f"cb{next(self._calls)}")

    async def tap(self, label: str, user_id: int = TRADER, *, on: int | None = None) -> str:
        """Press the button that begins with or contains *label*, on message *on* (default: the last one)."""
        message_id = self.reply.last_id if on is None else on
        return await self.press(self.button(label, on=message_id).data, message_id, user_id)

    def button(self, label: str, *, on: int | None = None) -> Button:
        """Return a button of a message by part of its label."""
        message = self.reply.shown[self.reply.last_id if on is None else on]
        found = [button for row in message.buttons for button in row if label in button.label]
        assert found, [button.label for row in message.buttons for button in row]
        return found[0]

    def labels(self, *, on: int | None = None) -> list[str]:
        """Return the labels of a message's buttons."""
        message = self.reply.shown[self.reply.last_id if on is None else on]
        return [button.label for row in message.buttons for button in row]

    def quote(self, instrument: Instrument, last: float, close: float | None = None) -> None:
        """Make *instrument* stream with this price."""
        self.ticks.quotes[instrument.con_id] = Quote(instrument, last=last, close=close, received=self.clock.now())

    def _desk(self) -> OrderDesk:
        return OrderDesk(
            store=self.store,
            gateway=self.gateway,
            quotes=self.floor,
            symbols=self.floor,
            holdings=self.floor,
            roster=self.roster,
            guards=Guards(
                limits=self.limit_book.of,
                state=self.switch,
                history=self.store,
                clock=self.clock,
                zone=NEW_YORK,
                holdings=self.floor,
            ),
            clock=self.clock,
            audit=self.audit,
            turns=Turns(),
            second_step=self.second_step,
            new_token=lambda: f"token-{next(self._tokens):016d}",
        )

    def _handlers(self) -> Handlers:
        return connect(
            Parts(
                reply=self.reply,
                rulebook=self.rulebook,
                desk=self.desk,
                trading_state=self.switch,
                switch=self.switch,
                limit_book=self.limit_book,
                audit=self.audit,
                trading_changed=self._trading_changed,
                proposals=self.store,
                order_book=self.gateway,
                sequels=self.sequels,
                rest_news=self.rest_news,
                symbols=self.floor,
                quotes=self.floor,
                live=self.ticks,
                holdings=self.floor,
                summaries=self.office,
                painter=self.office,
                past_painter=self.past,
                movers_painter=self.office,
                headlines=self.headlines,
                stories=self.stories,
                told_firings=self.told_firings,
                mutes=self.mutes,
                mutes_changed=self.mutes.changed,
                scans=self.scans,
                saved_scans=self.saved_scans,
                scan_prices=ScanPrices(self.ticks, self.floor, UsualVolumes(self.daily_bars, self.clock)),
                scan_times=ScanTimes(no_sessions, self.clock),
                options=self.options,
                status=self.office,
                is_linked=lambda: self.is_linked,
                preferences=self.preferences,
                digests=self.digests,
                test_notification=self._tested,
                let_go=self._let_go,
                forms=self.forms,
                templates=self.templates,
                hooks=self.hooks,
                hook_news=self.hooks,
                check_url=fault_of,
                watchlists=self.watchlists,
                firings=self.past,
                past=self.past,
                ranges=self.past,
                zones=self.office,
                clock=self.clock,
                chores=self.chores,
                cap=5,
                on_bars=self.on_bars.__contains__,
                watchlist_changed=self._watchlist_changed,
                members=self.members,
                codes=self.second_step,
                draw_qr=self._draw_qr,
                step_news=self._step_news,
                stranger_name=self._stranger_name,
                welcome=self._welcome,
            )
        )

    def _second_step(self, policy: Policy | None = None) -> SecondStep:
        return SecondStep(
            store=self.steps,
            roster=self.roster,
            clock=self.clock,
            audit=self.audit,
            policy=policy,
            new_secret=lambda: SECRET,
        )

    async def _draw_qr(self, content: str) -> bytes:
        self.drawn_qr.append(content)
        return b"\x89PNG"

    async def _step_news(self, user_id: int, what: str) -> None:
        self.step_news.append((user_id, what))

    async def _stranger_name(self, user_id: int) -> str:
        return self.stranger_names.get(user_id, "")

    async def _welcome(self, user_id: int) -> None:
        self.welcomed.append(user_id)

    async def _tested(self, chat_id: int) -> None:
        self.tested.append(chat_id)

    async def _let_go(self, user_id: int) -> None:
        self.let_go.append(user_id)

    async def _watchlist_changed(self, user_id: int, instruments: Sequence[Instrument]) -> None:
        self.engine.set_watchlist(user_id, instruments)
        await self.rulebook.follow()


async def _settled() -> None:
    """Wait for nothing: no watcher runs here."""
