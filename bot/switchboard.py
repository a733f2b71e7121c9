"""All handlers, made of what they need and tied to each other: once by the composition root, once by the tests."""

from bot.alert_board import AlertBoard, connect_alerts
from bot.commands import Handlers
from bot.handlers import alert_list, card_edit, editing, exchange, moving, options, template, wizard
from bot.handlers import alerts as alert_lines
from bot.handlers import codes as codes_of_apps
from bot.handlers.audit import AuditHandler
from bot.handlers.cards import AlertCards
from bot.handlers.digest import DigestHandler
from bot.handlers.forms import FormsHandler
from bot.handlers.guide import GuideHandler
from bot.handlers.members import MembersHandler
from bot.handlers.mutes import MutesHandler
from bot.handlers.news import NewsHandler
from bot.handlers.portfolio import PortfolioHandler
from bot.handlers.quotes import QuotesHandler
from bot.handlers.scan_build import QUESTION as SCAN_QUESTION
from bot.handlers.second_step import ORDER_CODE
from bot.handlers.settings import SettingsHandler
from bot.handlers.status import StatusHandler
from bot.handlers.story import StoryHandler
from bot.list_board import ListBoard, connect_lists
from bot.order_board import OrderBoard, connect_orders
from bot.parts import Parts
from bot.scan_board import ScanBoard, connect_scans


def connect(parts: Parts) -> Handlers:
    """Return the handlers."""
    p = parts
    told = connect_alerts(p)
    traded = connect_orders(p)
    listed = connect_lists(p, traded.cards, traded.ticket.ask)
    news = _news(p)
    scanned = connect_scans(p, told.alerts.on_line)
    return Handlers(
        reply=p.reply,
        alerts=told.alerts,
        alert_list=told.alert_list,
        editing=told.editing,
        past=told.past,
        exchange=told.exchange,
        template=told.template,
        hooks=told.hooks,
        watching=told.watching,
        wizard=told.wizard,
        forms=_forms(p, told, traded, listed, scanned),
        orders=traded.orders,
        second_step=traded.second_step,
        codes=traded.codes,
        ticket=traded.ticket,
        card_edit=traded.card_edit,
        lists=listed.lists,
        rest=listed.rest,
        working=listed.working,
        moving=listed.moving,
        portfolio=_portfolio(p),
        quotes=QuotesHandler(p.reply, p.symbols, p.quotes, p.holdings, p.zones, p.clock),
        options=traded.options,
        guide=GuideHandler(p.reply),
        news=news,
        stories=_stories(p),
        mutes=_mutes(p, news),
        scan=scanned.scan,
        scan_browse=scanned.browse,
        scan_build=scanned.build,
        scan_saved=scanned.saved,
        movers=scanned.movers,
        status=StatusHandler(p.reply, p.status, p.zones, p.clock),
        settings=_settings(p, told.cards),
        digest=DigestHandler(p.reply, p.digests, p.live, p.zones, p.clock),
        members=_members(p),
        halt=traded.halt,
        limits=traded.limits,
        audit=AuditHandler(p.reply, p.audit, p.zones),
    )


def _forms(p: Parts, told: AlertBoard, traded: OrderBoard, listed: ListBoard, scanned: ScanBoard) -> FormsHandler:
    """Return the handler of stored questions: who does what was asked, and who reads the answers."""
    doers = {
        alert_lines.LINE: told.alerts.go_on,
        alert_list.PURGE: told.alert_list.purge,
        alert_list.UNPURGE: told.alert_list.bring_back,
        alert_list.UNBULK: told.alert_list.take_back,
        editing.AMENDMENT: told.editing.go_on,
        exchange.IMPORT: told.exchange.bring_in,
    }
    readers = {
        codes_of_apps.ENROLMENT: traded.codes.answered,
        ORDER_CODE: traded.codes.answered,
        editing.QUESTION: told.editing.answered,
        card_edit.QUESTION: traded.card_edit.answered,
        moving.QUESTION: listed.moving.answered,
        template.QUESTION: told.template.answered,
        wizard.QUESTION: told.wizard.answered,
        options.QUESTION: traded.options.answered,
        SCAN_QUESTION: scanned.build.answered,
    }
    return FormsHandler(p.reply, p.forms, p.clock, doers=doers, readers=readers)


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


def _news(p: Parts) -> NewsHandler:
    return NewsHandler(
        reply=p.reply,
        symbols=p.symbols,
        book=p.headlines,
        stories=p.stories,
        holdings=p.holdings,
        watchlists=p.watchlists,
        rulebook=p.rulebook,
        mutes=p.mutes,
        zones=p.zones,
        clock=p.clock,
        chores=p.chores,
    )


def _stories(p: Parts) -> StoryHandler:
    return StoryHandler(
        reply=p.reply,
        book=p.headlines,
        stories=p.stories,
        firings=p.told_firings,
        zones=p.zones,
        clock=p.clock,
        chores=p.chores,
    )


def _mutes(p: Parts, news: NewsHandler) -> MutesHandler:
    return MutesHandler(
        reply=p.reply,
        mutes=p.mutes,
        changed=p.mutes_changed,
        firings=p.told_firings,
        book=p.headlines,
        symbols=p.symbols,
        news=news,
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
