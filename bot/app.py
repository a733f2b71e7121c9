"""
The composition root: one straight line from settings to a running bot.

Each resource goes on the stack the line after it is made, and is closed in the reverse order. Long work runs in named,
supervised tasks. Telegram and IBKR may each be down at start; neither stops the other.

Longer than 400 lines, because what is wired to what can be read here from top to bottom.
"""

import asyncio
import functools
import gc
import logging
import secrets
import signal
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

from alerts.archive import Archive
from alerts.catchup import CatchUp
from alerts.engine import Engine
from alerts.linekeeper import LineKeeper
from alerts.pastbars import PastBars
from alerts.ports import Feeds
from alerts.ranges import AverageRanges
from alerts.resumption import Resumption
from alerts.rulebook import Rulebook
from alerts.scaleloop import ScaleLoop
from alerts.watcher import Watcher
from bot import http, inbound_http, pace, pairing, polling, qr, safe_web
from bot.calendar import SessionCalendar
from bot.charts import ChartPainter
from bot.commands import COMMANDS
from bot.door_news import DoorNews
from bot.gaps import GapWatch
from bot.gate import Gate
from bot.groups import GroupBook
from bot.guard_news import GuardNews
from bot.guard_watch import GuardWatch
from bot.handlers.chores import Chores
from bot.health import Health
from bot.heartbeat import Heartbeat
from bot.hook_news import HookNews
from bot.hooks import Courier
from bot.inbound import KIND as INBOUND
from bot.inbound import Inbound, InboundOrders
from bot.inbound_reading import Kind
from bot.inbox import Inbox
from bot.late import NO_QUOTES, LatePrices
from bot.link_watch import LinkWatch
from bot.membership import Membership
from bot.menus import Menus
from bot.moments import PatientMoments
from bot.moves import Moves
from bot.noted import NotedReply
from bot.notices import Notices
from bot.notifier import Notifier
from bot.pasts import AftermathKeeper, IbPast
from bot.people import PersonalSettings, PersonalZones
from bot.reply import TelegramReply
from bot.rivals import RIVALS, RivalWatch
from bot.router import Router
from bot.schedule import DailySummaries, Timers
from bot.settings import Settings
from bot.sieve import OutboxSieve
from bot.storage_watch import StorageWatch
from bot.strangers import Strangers
from bot.summaries import AccountSummaries
from bot.supervise import Supervisor
from bot.switchboard import Parts, connect
from bot.trouble_watch import Troubles, TroubleWatch
from bot.views import outbox as outbox_views
from bot.views.gathered import Reason
from bot.views.message import Message
from broker.contracts import IbContracts
from broker.freshness import Freshness
from broker.history import IbHistory
from broker.market_data import IbTickFeed
from broker.news import IbNewsFeed
from broker.options import IbOptions
from broker.order_feed import IbOrderFeed
from broker.orders import IbOrders
from broker.portfolio import IbPortfolio
from broker.scanner import IbScanFeed
from broker.session import IbAddress, IbSession
from market.clock import SystemClock
from market.instrument import Instrument
from market.quote import Quote
from storage.aftermath import SqlAftermath
from storage.audit import SqlAuditLog
from storage.closes import SqlCloses
from storage.database import Database
from storage.firings import SqlFiringLog
from storage.forms import SqlForms
from storage.groups import SqlGroups
from storage.halt_file import HaltFile
from storage.hooks import SqlHooks
from storage.inbound import SqlInbound
from storage.jobs import SqlJobs
from storage.members import SqlMembers
from storage.message import OutboxMessage
from storage.moments import SqlMoments
from storage.outbox import SqlOutbox
from storage.proposals import SqlProposalStore
from storage.rules import SqlRuleStore
from storage.second_step import SqlStepStore
from storage.sequels import SqlSequels
from storage.snapshots import SqlSnapshots
from storage.templates import SqlTemplates
from storage.trading_state import SqlTightenings, SqlTradingState
from storage.updates import SqlUpdates
from storage.users import SqlUsers
from storage.watchlists import SqlWatchlists
from trading.access import Roster
from trading.codec import summary_from_json
from trading.desk import OrderDesk
from trading.guards import Guards
from trading.limit_book import EVERYBODY, LimitBook
from trading.loss_lock import LossLock
from trading.second_step import Policy, SecondStep
from trading.state import TradingSwitch
from trading.tracker import OrderTracker
from trading.turns import Turns

_log = logging.getLogger(__name__)

_REFUSED = 2
_NEWS_LASTS = timedelta(hours=12)
_FLUSH_S = 1.5
_STEP_S = 2.0
_EXPIRY_LOOK_S = 1.0
_REST_LOOK_S = 2.0
_GUARD_LOOK_S = 1.0
_FORMS_LOOK_S = 20.0
_HEARTBEAT_LOOK_S = 20.0
_AFTERMATH_LOOK_S = 60.0
_FOLLOW_S = 60.0
_MOST_ALERTS = 500


async def run(settings: Settings) -> int:  # noqa: C901, PLR0915  one straight line, on purpose
    """
    Run the bot until SIGTERM or SIGINT, or until Telegram refuses the token; return the exit code.

    Raises StorageError for a database that cannot be used.
    """
    stop = _Stop()
    clock = SystemClock()
    boot_id = secrets.token_hex(8)
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url, clock=clock, boot_id=boot_id)
        stack.push_async_callback(database.close)
        outbox = SqlOutbox(database, clock, boot_id)
        hooks = SqlHooks(database)
        await hooks.load()
        firings = SqlFiringLog(database, outbox, hooks.target_of)
        proposals = SqlProposalStore(database, outbox)
        users = SqlUsers(database)
        # One for all, and alive: people come and go while the bot runs.
        roster = Roster()
        audit = SqlAuditLog(database)
        membership = Membership(
            roster=roster,
            founders=settings.telegram_users,
            store=SqlMembers(database),
            clock=clock,
            audit=audit,
            folder=settings.data_folder / pairing.FOLDER,
            is_open=settings.pairing,
        )
        await membership.load()
        second_step = SecondStep(
            store=SqlStepStore(database),
            roster=roster,
            clock=clock,
            audit=audit,
            policy=Policy(settings.second_step, settings.second_step_above),
        )
        notices = Notices(outbox, users, roster, clock)
        people = PersonalSettings(users)
        zones = PersonalZones(people, settings.zone)

        session = IbSession(_address(settings), clock)
        contracts = IbContracts(session, clock, hours_ttl_s=min(900.0, settings.session_refresh_s))
        feed = IbTickFeed(session, clock, most=settings.ib_market_lines)
        history = IbHistory(session, clock, contracts)
        news = IbNewsFeed(session)
        scans = IbScanFeed(session)
        options = IbOptions(session, feed, clock)
        orders = IbOrders(session, clock)
        holdings = IbPortfolio(session, contracts)
        order_feed = IbOrderFeed(session, orders, clock)

        application = polling.build(settings.token, settings.telegram_api_url)
        known_groups = SqlGroups(database)
        moves = Moves(known_groups, clock)
        await moves.load()
        telegrams_pace = pace.Pace(clock, pace.PUBLISHED)
        reply = TelegramReply(application.bot, telegrams_pace, moves)
        # Whichever of its two ids a group is allowed by.
        allowed = settings.telegram_groups | {moves.home(chat_id) for chat_id in settings.telegram_groups}
        groups = GroupBook(known_groups, reply, allowed, clock)

        engine = Engine(zones.known)
        ranges = AverageRanges(history, clock)
        keeper = LineKeeper(feed, history, engine, ranges, clock)
        rulebook = Rulebook(
            SqlRuleStore(database, roster.role_of),
            engine,
            contracts,
            keeper,
            news,
            scans,
            clock,
            cap=_MOST_ALERTS,
            chats=groups.find,
        )
        freshness = Freshness(session, feed, contracts, clock)
        link_now = lambda: session.status  # noqa: E731  read where it is used
        troubles = Troubles(link_now, feed, lambda: orders.is_read_only, engine.chats_on, notices)
        trouble_watch = TroubleWatch(notices, troubles.look, engine.rule, clock)
        feeds = Feeds(keeper, news, scans, history, holdings, order_feed, contracts)
        resumption = Resumption(engine.backlog.since)
        watcher = Watcher(
            engine,
            rulebook,
            feeds,
            firings,
            clock,
            on_blind=trouble_watch.blind,
            on_expired=notices.expired,
            resumption=resumption,
        )
        keeper.hand_to(watcher.take)
        catchup = CatchUp(
            engine,
            Archive(history, news, contracts, clock),
            PatientMoments(SqlMoments(database)),
            resumption,
            clock,
            take=watcher.take,
            settled=watcher.settled,
            tell=notices.unobserved,
            heard=lambda: session.heard,
            caught=keeper.caught,
            settle=lambda instruments: scales.settle(instruments),  # noqa: PLW0108  made below
        )
        watcher.on_sleep(catchup.slept)
        freshness.on_heard(lambda instrument, since: catchup.missed({instrument.con_id: since}))
        session.on_status(GapWatch(catchup, engine.backlog, lambda: watcher.last_tick).take)

        scales = ScaleLoop(
            engine,
            rulebook,
            history,
            SqlCloses(database),
            clock,
            quote=keeper.quote,
            named=contracts.known,
            on_split=notices.split,
            on_renamed=notices.renamed,
        )

        switch = TradingSwitch(SqlTradingState(database), HaltFile(settings.database_url))
        await switch.load()
        limit_book = LimitBook(settings.limits, SqlTightenings(database))
        await limit_book.load()
        losses = LossLock(
            lambda: limit_book.of(EVERYBODY).daily_loss, holdings, SqlMoments(database), clock, settings.zone
        )
        await losses.load()
        guard_news = GuardNews(notices, switch, clock)

        turns = Turns()
        tracker = OrderTracker(proposals, orders, clock, turns=turns)
        tracker.connect()
        session.on_up(tracker.reconcile)
        desk = OrderDesk(
            store=proposals,
            gateway=orders,
            quotes=feed,
            symbols=contracts,
            holdings=holdings,
            roster=roster,
            guards=Guards(
                limits=limit_book.of,
                state=switch,
                history=proposals,
                clock=clock,
                zone=settings.zone,
                loss_locked=losses.since,
                open_orders=orders.open_orders,
            ),
            clock=clock,
            audit=audit,
            turns=turns,
            confirm_timeout_s=settings.confirm_timeout_s,
            second_step=second_step,
            drift_pct=settings.confirm_drift_pct,
        )

        snapshots = SqlSnapshots(database)
        summaries = AccountSummaries(holdings, snapshots, firings, orders.executions, proposals.fills_since, clock)
        calendar = SessionCalendar(contracts, settings.summary_symbol, clock)
        delay = timedelta(seconds=settings.summary_delay_s)
        jobs = SqlJobs(database, clock)
        is_linked = lambda: session.status.is_usable  # noqa: E731  read where it is used
        daily = DailySummaries(calendar, summaries, notices, users, outbox, jobs, clock, delay, is_linked)
        painter = ChartPainter()
        stack.push_async_callback(painter.close)

        link_watch = LinkWatch(notices, clock, watching=engine.count)
        session.on_status(link_watch.take)
        session.on_status(lambda status: None if status.is_usable else engine.forget_all())
        noted = NotedReply(reply, lambda: link_watch.down_since, clock, lambda: link_watch.was_up)
        rivals = RivalWatch(notices.tell, lambda: notices.chats(admins_only=True), clock)
        telegram = polling.TelegramLink(
            application,
            Menus(roster, users).all,
            clock,
            on_refused=stop.refused,
            journal=SqlUpdates(database),
            rivals=rivals,
        )
        stack.push_async_callback(telegram.close)
        health = Health(
            link=lambda: session.status,
            down_since=lambda: link_watch.down_since,
            feed=feed,
            freshness=freshness,
            rulebook=rulebook,
            watcher=watcher,
            outbox=outbox,
            telegram=telegram,
            storage_trouble=lambda: database.trouble,
            switch=switch,
            summaries=daily,
            most_lines=settings.ib_market_lines,
            clock=clock,
        )
        storage_watch = StorageWatch(
            database, reply, notices.chats, roster.roles, lambda: watcher.pending, zones.known, clock
        )

        async def came_or_went(user_id: int) -> None:
            await people.of(user_id)
            await sieve.load(user_id)
            await telegram.publish(user_id)

        membership.on_change(came_or_went)
        door_news = DoorNews(notices, outbox, clock)
        chores = Chores()
        stack.push_async_callback(chores.stop)
        watchlists, forms, aftermath = SqlWatchlists(database), SqlForms(database), SqlAftermath(database)
        templates = SqlTemplates(database)
        await templates.load()
        web = safe_web.SafeWeb(safe_web.PUBLIC)
        stack.push_async_callback(web.close)
        hook_news = HookNews(notices, outbox, clock)
        past_bars = PastBars(history, clock)

        async def watchlist_changed(user_id: int, instruments: Sequence[Instrument]) -> None:
            engine.set_watchlist(user_id, instruments)
            await rulebook.follow()

        handlers = connect(
            Parts(
                reply=noted,
                rulebook=rulebook,
                desk=desk,
                trading_state=switch,
                switch=switch,
                limit_book=limit_book,
                audit=audit,
                trading_changed=guard_news.changed,
                proposals=proposals,
                order_book=orders,
                sequels=SqlSequels(database),
                rest_news=notices,
                symbols=contracts,
                quotes=feed,
                live=keeper,
                holdings=holdings,
                summaries=summaries,
                painter=painter,
                past_painter=painter,
                news=news,
                scans=scans,
                options=options,
                status=health,
                preferences=people,
                digests=outbox,
                test_notification=notices.test,
                let_go=lambda user_id: outbox.let_go(user_id, Reason.QUIET.value),
                forms=forms,
                templates=templates,
                hooks=hooks,
                hook_news=hook_news,
                check_url=web.check,
                watchlists=watchlists,
                firings=aftermath,
                past=IbPast(past_bars, contracts, clock),
                ranges=ranges,
                zones=zones,
                clock=clock,
                chores=chores,
                cap=_MOST_ALERTS,
                on_bars=keeper.is_on_bars,
                watchlist_changed=watchlist_changed,
                members=membership,
                codes=second_step,
                draw_qr=qr.picture,
                step_news=door_news.second_step,
                stranger_name=door_news.name_of,
                welcome=door_news.let_in,
            )
        )

        async def opened(chat_id: int) -> None:
            if chat_id in roster.roles:
                await users.saw_chat(chat_id, chat_id, clock.now())
                await telegram.publish(chat_id)
            # First: what its digests told is gathered anew if it did not arrive.
            sieve.forget(chat_id)
            await outbox.reopen(chat_id, clock.now() - _NEWS_LASTS)

        router = Router(COMMANDS, handlers, clock)
        inbox = Inbox(router, roster, reply, opened, groups.named, moves.home, telegram.met)
        strangers = Strangers(membership, reply, door_news.met, clock)
        telegram.connect(Gate(roster, allowed, clock, moves, strangers), inbox)

        def is_welcome(chat_id: int) -> bool:
            return roster.role_of(chat_id) is not None or chat_id in allowed

        def render(row: OutboxMessage, known: Mapping[int, Quote] = NO_QUOTES) -> Message:
            def quotes(con_id: int) -> Quote | None:
                return known.get(con_id) or feed.quote(con_id)

            words = outbox_views.render(
                row.kind,
                row.payload,
                now=clock.now(),
                zone=zones.known(row.chat_id),
                may_repeat=row.may_repeat,
                quote=quotes(_con_id(row)),
                happened=row.happened,
                wording=templates.of_alert,
                row_id=row.id,
                silence=row.silence,
                quotes=quotes,
                source=row.source,
            )
            if row.kind == INBOUND and row.payload["what"] == Kind.ORDER:
                words = handlers.orders.branded(words)
            return replace(words, silent=words.silent or row.silent)

        async def chat_closed(chat_id: int, reason: str) -> None:
            inbox.forget(chat_id)
            await notices.chat_closed(chat_id, reason)

        async def illustrate(row: OutboxMessage, message_id: int) -> None:
            summary = summary_from_json(row.payload)
            await handlers.portfolio.illustrate(row.chat_id, message_id, render(row), summary)

        async def amend(row: OutboxMessage, message_id: int, known: Mapping[int, Quote]) -> None:
            await reply.amend(row.chat_id, message_id, render(row, known))

        late = LatePrices(feed, feed, contracts, amend, clock)
        asked_for = InboundOrders(router.on_text, roster, clock)
        sieve = OutboxSieve(outbox, people.known, zones.known, clock)
        notifier = Notifier(
            outbox,
            reply,
            render,
            probe=reply.probe,
            chat_closed=chat_closed,
            failed=notices.message_failed,
            is_welcome=is_welcome,
            pace=telegrams_pace,
            clock=clock,
            after={"summary": illustrate, "firing": late.add, "digest": late.add, INBOUND: asked_for.follow},
            sieve=sieve,
        )

        courier = Courier(
            outbox,
            hooks,
            web,
            may_send=lambda user_id: roster.role_of(user_id) is not None,
            gave_up=hook_news.gave_up,
            tested=hook_news.tested,
            failed=notices.message_failed,
            clock=clock,
        )

        repeated = await outbox.recover()
        await desk.void_unshown()
        _log.info("squawkbot starts, boot %s; %s messages may have to be repeated", boot_id, repeated)
        for user_id in roster.roles:
            await people.of(user_id)
            await sieve.load(user_id)
            engine.set_watchlist(user_id, await watchlists.of(user_id))
        await _loaded(rulebook)
        await catchup.begin()
        await scales.begin()
        await link_watch.resume()
        await trouble_watch.resume()
        for told in await notices.standing(RIVALS):
            rivals.resume(told.since)
        timers = Timers()
        timers.every(settings.session_refresh_s, "daily summary", daily.look)
        timers.every(_EXPIRY_LOOK_S, "order cards", handlers.orders.expire)
        timers.every(_REST_LOOK_S, "purchases that wait", handlers.rest.look)
        guard_watch = GuardWatch(
            switch,
            losses,
            close_cards=handlers.orders.halt,
            host_halted=guard_news.host_halted,
            day_lost=guard_news.day_lost,
            audit=audit,
            clock=clock,
        )
        timers.every(_GUARD_LOOK_S, "guards", guard_watch.look)

        beats = Heartbeat(notices.chats, people.of, zones.known, health.report, firings.count_since, outbox, clock)
        timers.every(_HEARTBEAT_LOOK_S, "heartbeat", beats.look)
        timers.every(_FORMS_LOOK_S, "forms left alone", handlers.forms.expire)
        timers.every(_AFTERMATH_LOOK_S, "prices after firings", AftermathKeeper(aftermath, history, clock).look)
        timers.every(_FOLLOW_S, "alerts on what is held", rulebook.follow)

        supervisor = await stack.enter_async_context(Supervisor(notices.task_died))
        supervisor.start("ibkr", session.run)
        supervisor.start("watcher", watcher.run)
        supervisor.start("bars", watcher.run_bars)
        supervisor.start("lines", keeper.run)
        supervisor.start("gaps", catchup.run)
        supervisor.start("time", watcher.run_clock)
        supervisor.start("hours", watcher.run_hours)
        supervisor.start("splits", scales.run)
        supervisor.start("orders", tracker.run)
        supervisor.start("orders placed elsewhere", order_feed.run)
        supervisor.start("notifier", notifier.run)
        supervisor.start("webhooks", courier.run)
        supervisor.start("link watch", link_watch.run)
        supervisor.start("trouble watch", trouble_watch.run)
        supervisor.start("silent lines", freshness.run)
        supervisor.start("storage watch", storage_watch.run)
        supervisor.start("telegram", telegram.run)
        if settings.http_port:
            supervisor.start("health page", lambda: http.serve(settings.http_port, health.check))
        if settings.hook_port:
            inbound = Inbound(
                secret=settings.hook_secret.get_secret_value(),
                store=SqlInbound(database, outbox),
                roster=roster,
                audit=SqlAuditLog(database),
                clock=clock,
                per_minute=settings.hook_per_minute,
                holds=timedelta(seconds=settings.hook_dedup_s),
            )
            door = functools.partial(inbound_http.serve, settings.hook_host, settings.hook_port, inbound.take)
            supervisor.start("inbound webhook", door)
        timers.start()
        stack.callback(timers.stop)

        code = await stop.wait()
        _log.info("squawkbot stops")
        # Each step may fail or hang without costing the others; together they stay within the 15 s promised.
        await _within(_STEP_S, "telegram", supervisor.stop("telegram"))
        await _within(_STEP_S, "order cards", handlers.orders.cancel_all(notices.cards_cancelled))
        await _within(_STEP_S, "orders", supervisor.stop("orders"))
        await _within(_STEP_S, "order news", tracker.flush())
        await _within(_STEP_S, "firings", watcher.settled())
        await _within(_STEP_S, "live until", catchup.note())
        await _within(_STEP_S, "outbox", notifier.drain(_FLUSH_S))
        await _within(_STEP_S, "webhooks", courier.drain())
        await _within(_STEP_S, "ibkr", session.stop())
    return code


async def _within(seconds: float, name: str, step: Awaitable[object]) -> None:
    """Wait for a step of the shutdown, so many seconds at most; what it leaves undone the next start finds."""
    task = asyncio.ensure_future(step)
    # Not wait_for: that waits for what it cancels, and a step may not heed.
    await asyncio.wait({task}, timeout=seconds)
    if not task.done():
        task.cancel()
        _log.warning("stopping: %s was not finished in time", name)
    elif not task.cancelled() and (error := task.exception()) is not None:
        _log.warning("stopping: %s failed", name, exc_info=error)


class _Stop:
    """Why and when to stop: a signal, or a token that Telegram refuses."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self._code = 0
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked.set)

    def refused(self) -> None:
        """Stop because of the token."""
        _log.critical("TELEGRAM_BOT_TOKEN: Telegram does not know this token")
        self._code = _REFUSED
        self._asked.set()

    async def wait(self) -> int:
        """Wait until it is time to stop; return the exit code."""
        await self._asked.wait()
        return self._code


async def _loaded(rulebook: Rulebook) -> None:
    """
    Load every alert, and take them out of the garbage collector's sight.

    A full collection over 100,000 alerts stalls the loop for 144 ms, and while they are made it only looks in vain.
    """
    gc.disable()
    try:
        await rulebook.load()
    finally:
        gc.enable()
    gc.collect()
    gc.freeze()


def _address(settings: Settings) -> IbAddress:
    return IbAddress(
        settings.ib_host, settings.ib_port, settings.ib_client_id, settings.ib_readonly, settings.ib_account
    )


def _con_id(row: OutboxMessage) -> int:
    """Return the instrument of a price alert's row, 0 for any other: its price now is told when it is late."""
    instrument = row.payload.get("cause", {}).get("instrument") if row.kind == "firing" else None
    return int(instrument["con_id"]) if instrument else 0
