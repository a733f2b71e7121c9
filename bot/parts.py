"""What the handlers are made of: given once by the composition root, once by the tests."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from alerts.rulebook import Rulebook
from bot.address import UrlFault
from bot.handlers.audit import AuditTrail
from bot.handlers.chores import Chores
from bot.handlers.digest import Digests
from bot.handlers.members import Members
from bot.handlers.orders import Desk
from bot.handlers.past import PastMarket
from bot.handlers.ports import (
    FiringHistory,
    Forms,
    HookBook,
    HookNews,
    LiveQuotes,
    MoversPainter,
    MuteBook,
    MutesChanged,
    OptionBook,
    Painter,
    PastPainter,
    Preferences,
    Ranges,
    Reply,
    ScanRunner,
    StatusSource,
    Summaries,
    SymbolSearch,
    Templates,
    ToldFirings,
    WatchlistChanged,
    Watchlists,
    Zones,
)
from bot.handlers.rest import RestNews
from bot.handlers.scan_shelf import SavedScans
from bot.handlers.working import OrderBook
from bot.headlines import HeadlineBook
from bot.scan_prices import ScanPrices
from bot.scan_times import ScanTimes
from bot.stories import Stories
from market.clock import Clock
from trading.limit_book import LimitBook
from trading.ports import Holdings, ProposalStore, QuoteSource
from trading.second_step import SecondStep
from trading.sequel import SequelStore
from trading.state import TradingState, TradingStateSource, TradingSwitch, always_active


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the handlers are made of; see each handler for what it does with it."""

    reply: Reply
    rulebook: Rulebook
    desk: Desk
    trading_state: TradingStateSource = always_active
    proposals: ProposalStore
    order_book: OrderBook
    sequels: SequelStore
    rest_news: RestNews
    symbols: SymbolSearch
    quotes: QuoteSource
    live: LiveQuotes
    holdings: Holdings
    summaries: Summaries
    painter: Painter
    past_painter: PastPainter
    movers_painter: MoversPainter
    headlines: HeadlineBook
    stories: Stories
    told_firings: ToldFirings
    mutes: MuteBook
    mutes_changed: MutesChanged
    scans: ScanRunner
    saved_scans: SavedScans
    scan_prices: ScanPrices
    scan_times: ScanTimes
    options: OptionBook
    status: StatusSource
    is_linked: Callable[[], bool]
    preferences: Preferences
    digests: Digests
    test_notification: Callable[[int], Awaitable[None]]
    let_go: Callable[[int], Awaitable[None]]
    forms: Forms
    templates: Templates
    hooks: HookBook
    hook_news: HookNews
    check_url: Callable[[str], UrlFault | None]
    watchlists: Watchlists
    firings: FiringHistory
    past: PastMarket
    ranges: Ranges
    zones: Zones
    clock: Clock
    chores: Chores
    cap: int
    on_bars: Callable[[int], bool]
    watchlist_changed: WatchlistChanged
    switch: TradingSwitch
    limit_book: LimitBook
    audit: AuditTrail
    trading_changed: Callable[[TradingState, int], Awaitable[None]]
    members: Members
    codes: SecondStep
    draw_qr: Callable[[str], Awaitable[bytes]]
    step_news: Callable[[int, str], Awaitable[None]]
    stranger_name: Callable[[int], Awaitable[str]]
    welcome: Callable[[int], Awaitable[None]]
