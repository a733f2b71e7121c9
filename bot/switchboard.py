"""All handlers, made of what they need and tied to each other: once by the composition root, once by the tests."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from alerts.rulebook import Rulebook
from bot.address import UrlFault
from bot.commands import Handlers
from bot.handlers import alert_list, card_edit, editing, exchange, moving, options, template, wizard
from bot.handlers import alerts as alert_lines
from bot.handlers import codes as codes_of_apps
from bot.handlers.alert_list import AlertListHandler
from bot.handlers.alerts import AlertsHandler
from bot.handlers.audit import AuditHandler, AuditTrail
from bot.handlers.card_edit import CardEditHandler
from bot.handlers.cards import AlertCards
from bot.handlers.chores import Chores
from bot.handlers.codes import CodesHandler
from bot.handlers.digest import DigestHandler, Digests
from bot.handlers.editing import EditHandler
from bot.handlers.exchange import ExchangeHandler
from bot.handlers.forms import FormsHandler
from bot.handlers.guide import GuideHandler
from bot.handlers.halt import HaltHandler
from bot.handlers.hooks import HookHandler
from bot.handlers.limits import LimitsHandler
from bot.handlers.members import Members, MembersHandler
from bot.handlers.news import NewsHandler
from bot.handlers.options import OptionsHandler
from bot.handlers.order_cards import OrderCards
from bot.handlers.orders import Desk, OrdersHandler
from bot.handlers.past import PastHandler, PastMarket
from bot.handlers.portfolio import PortfolioHandler
from bot.handlers.ports import (
    FiringHistory,
    Forms,
    HeadlineSource,
    HookBook,
    HookNews,
    LiveQuotes,
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
    WatchlistChanged,
    Watchlists,
    Zones,
)
from bot.handlers.quotes import QuotesHandler
from bot.handlers.rest import RestNews
from bot.handlers.scan import ScanHandler
from bot.handlers.second_step import ORDER_CODE, SecondStepHandler
from bot.handlers.settings import SettingsHandler
from bot.handlers.status import StatusHandler
from bot.handlers.template import TemplateHandler
from bot.handlers.ticket import TicketHandler
from bot.handlers.watching import WatchHandler
from bot.handlers.wizard import WizardHandler
from bot.handlers.working import OrderBook
from bot.list_board import connect_lists
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
    news: HeadlineSource
    scans: ScanRunner
    options: OptionBook
    status: StatusSource
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


def connect(parts: Parts) -> Handlers:
    """Return the handlers."""
    p = parts
    cards = _cards(p)
    past = _past(p)
    alerts = _alerts(p, cards, past)
    listed = _listed(p, cards)
    edits = _edits(p, cards)
    files = _files(p)
    wizards = _wizards(p, alerts)
    templates = _templates(p, cards)
    order_cards = _order_cards(p)
    second = _second_step(p, order_cards)
    orders = _orders(p, order_cards, second)
    second.connect(orders)
    codes = _codes(p, orders)
    tickets = _tickets(p, order_cards)
    optioned = _options(p, tickets, order_cards)
    card_edits = _card_edits(p, order_cards)
    board = connect_lists(p, order_cards, tickets.ask)
    doers = {
        alert_lines.LINE: alerts.go_on,
        alert_list.PURGE: listed.purge,
        alert_list.UNPURGE: listed.bring_back,
        alert_list.UNBULK: listed.take_back,
        editing.AMENDMENT: edits.go_on,
        exchange.IMPORT: files.bring_in,
    }
    readers = {
        codes_of_apps.ENROLMENT: codes.answered,
        ORDER_CODE: codes.answered,
        editing.QUESTION: edits.answered,
        card_edit.QUESTION: card_edits.answered,
        moving.QUESTION: board.moving.answered,
        template.QUESTION: templates.answered,
        wizard.QUESTION: wizards.answered,
        options.QUESTION: optioned.answered,
    }
    return Handlers(
        reply=p.reply,
        alerts=alerts,
        alert_list=listed,
        editing=edits,
        past=past,
        exchange=files,
        template=templates,
        hooks=_hooks(p),
        watching=_watching(p),
        wizard=wizards,
        forms=FormsHandler(p.reply, p.forms, p.clock, doers=doers, readers=readers),
        orders=orders,
        second_step=second,
        codes=codes,
        ticket=tickets,
        card_edit=card_edits,
        lists=board.lists,
        rest=board.rest,
        working=board.working,
        moving=board.moving,
        portfolio=_portfolio(p),
        quotes=QuotesHandler(p.reply, p.symbols, p.quotes, p.holdings, p.zones, p.clock),
        options=optioned,
        guide=GuideHandler(p.reply),
        news=NewsHandler(p.reply, p.symbols, p.news, p.zones, p.clock),
        scan=ScanHandler(p.reply, p.scans, p.zones, p.clock),
        status=StatusHandler(p.reply, p.status, p.zones, p.clock),
        settings=_settings(p, cards),
        digest=DigestHandler(p.reply, p.digests, p.live, p.zones, p.clock),
        members=_members(p),
        halt=_halt(p, orders),
        limits=LimitsHandler(reply=p.reply, book=p.limit_book, second=p.codes, audit=p.audit, clock=p.clock),
        audit=AuditHandler(p.reply, p.audit, p.zones),
    )


def _cards(p: Parts) -> AlertCards:
    return AlertCards(
        rulebook=p.rulebook,
        live=p.live,
        ranges=p.ranges,
        zones=p.zones,
        clock=p.clock,
        on_bars=p.on_bars,
        calms=lambda rule: rule.id in p.preferences.known(rule.owner_id).calming,
    )


def _past(p: Parts) -> PastHandler:
    return PastHandler(
        reply=p.reply,
        rulebook=p.rulebook,
        market=p.past,
        firings=p.firings,
        painter=p.past_painter,
        zones=p.zones,
        clock=p.clock,
        chores=p.chores,
    )


def _alerts(p: Parts, cards: AlertCards, past: PastHandler) -> AlertsHandler:
    return AlertsHandler(
        reply=p.reply,
        rulebook=p.rulebook,
        cards=cards,
        past=past,
        quotes=p.quotes,
        forms=p.forms,
        zones=p.zones,
        clock=p.clock,
        symbols=p.symbols,
    )


def _listed(p: Parts, cards: AlertCards) -> AlertListHandler:
    return AlertListHandler(
        reply=p.reply,
        rulebook=p.rulebook,
        cards=cards,
        ranges=p.ranges,
        forms=p.forms,
        zones=p.zones,
        clock=p.clock,
        chores=p.chores,
        cap=p.cap,
    )


def _edits(p: Parts, cards: AlertCards) -> EditHandler:
    return EditHandler(
        reply=p.reply,
        rulebook=p.rulebook,
        cards=cards,
        forms=p.forms,
        symbols=p.symbols,
        zones=p.zones,
        clock=p.clock,
    )


def _files(p: Parts) -> ExchangeHandler:
    return ExchangeHandler(
        reply=p.reply, rulebook=p.rulebook, symbols=p.symbols, forms=p.forms, zones=p.zones, clock=p.clock
    )


def _templates(p: Parts, cards: AlertCards) -> TemplateHandler:
    return TemplateHandler(
        reply=p.reply,
        rulebook=p.rulebook,
        templates=p.templates,
        cards=cards,
        forms=p.forms,
        zones=p.zones,
        clock=p.clock,
    )


def _hooks(p: Parts) -> HookHandler:
    return HookHandler(
        reply=p.reply,
        rulebook=p.rulebook,
        hooks=p.hooks,
        news=p.hook_news,
        check=p.check_url,
        clock=p.clock,
    )


def _portfolio(p: Parts) -> PortfolioHandler:
    return PortfolioHandler(
        reply=p.reply,
        holdings=p.holdings,
        summaries=p.summaries,
        painter=p.painter,
        zones=p.zones,
        clock=p.clock,
    )


def _settings(p: Parts, cards: AlertCards) -> SettingsHandler:
    return SettingsHandler(
        reply=p.reply,
        preferences=p.preferences,
        rulebook=p.rulebook,
        cards=cards,
        zones=p.zones,
        clock=p.clock,
        test=p.test_notification,
        let_go=p.let_go,
    )


def _order_cards(p: Parts) -> OrderCards:
    return OrderCards(
        reply=p.reply,
        desk=p.desk,
        holdings=p.holdings,
        ranges=p.ranges,
        zones=p.zones,
        clock=p.clock,
        trading_state=p.trading_state,
    )


def _orders(p: Parts, cards: OrderCards, second: SecondStepHandler) -> OrdersHandler:
    return OrdersHandler(
        reply=p.reply,
        desk=p.desk,
        store=p.proposals,
        cards=cards,
        second=second,
        zones=p.zones,
        clock=p.clock,
    )


def _second_step(p: Parts, cards: OrderCards) -> SecondStepHandler:
    return SecondStepHandler(
        reply=p.reply,
        desk=p.desk,
        store=p.proposals,
        step=p.codes,
        cards=cards,
        forms=p.forms,
        clock=p.clock,
    )


def _codes(p: Parts, orders: OrdersHandler) -> CodesHandler:
    return CodesHandler(
        reply=p.reply,
        desk=p.desk,
        store=p.proposals,
        step=p.codes,
        orders=orders,
        forms=p.forms,
        draw=p.draw_qr,
        tell_admins=p.step_news,
        zones=p.zones,
        clock=p.clock,
    )


def _tickets(p: Parts, cards: OrderCards) -> TicketHandler:
    return TicketHandler(
        reply=p.reply,
        desk=p.desk,
        cards=cards,
        symbols=p.symbols,
        quotes=p.quotes,
        rule_of=p.rulebook.get,
        holdings=p.holdings,
        ranges=p.ranges,
        forms=p.forms,
        zones=p.zones,
        clock=p.clock,
    )


def _options(p: Parts, tickets: TicketHandler, cards: OrderCards) -> OptionsHandler:
    return OptionsHandler(
        reply=p.reply,
        forms=p.forms,
        symbols=p.symbols,
        quotes=p.quotes,
        options=p.options,
        order=tickets.order,
        branded=cards.branded,
        clock=p.clock,
        chores=p.chores,
    )


def _card_edits(p: Parts, cards: OrderCards) -> CardEditHandler:
    return CardEditHandler(
        reply=p.reply,
        desk=p.desk,
        store=p.proposals,
        cards=cards,
        ranges=p.ranges,
        forms=p.forms,
        zones=p.zones,
        clock=p.clock,
    )


def _watching(p: Parts) -> WatchHandler:
    return WatchHandler(
        reply=p.reply,
        watchlists=p.watchlists,
        symbols=p.symbols,
        live=p.live,
        holdings=p.holdings,
        rulebook=p.rulebook,
        forms=p.forms,
        zones=p.zones,
        clock=p.clock,
        changed=p.watchlist_changed,
    )


def _halt(p: Parts, orders: OrdersHandler) -> HaltHandler:
    return HaltHandler(
        reply=p.reply,
        switch=p.switch,
        desk=p.desk,
        second=p.codes,
        cards=orders,
        announce=p.trading_changed,
        audit=p.audit,
        clock=p.clock,
    )


def _members(p: Parts) -> MembersHandler:
    return MembersHandler(
        reply=p.reply,
        members=p.members,
        codes=p.codes,
        name_of=p.stranger_name,
        welcome=p.welcome,
        zones=p.zones,
        clock=p.clock,
    )


def _wizards(p: Parts, alerts: AlertsHandler) -> WizardHandler:
    return WizardHandler(
        reply=p.reply,
        forms=p.forms,
        rulebook=p.rulebook,
        alerts=alerts,
        symbols=p.symbols,
        quotes=p.quotes,
        live=p.live,
        watchlists=p.watchlists,
        holdings=p.holdings,
        zones=p.zones,
        clock=p.clock,
    )
