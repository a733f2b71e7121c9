"""What answers people: the handlers, made of the parts of the house."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.pastbars import PastBars
from bot import qr, safe_web
from bot.commands import Handlers
from bot.door_news import DoorNews
from bot.handlers.chores import Chores
from bot.health import Health
from bot.hook_news import HookNews
from bot.noted import NotedReply
from bot.parts import Parts
from bot.pasts import IbPast
from bot.sieve import HOURLY
from bot.stories import Stories
from bot.switchboard import connect
from bot.views.gathered import Reason
from bot.wiring.alerting import MOST_ALERTS
from bot.wiring.house import House
from market.instrument import Instrument
from storage.forms import SqlForms
from storage.sequels import SqlSequels


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """The handlers, and what of theirs others need too."""

    handlers: Handlers
    health: Health
    door_news: DoorNews
    hook_news: HookNews
    web: safe_web.SafeWeb


def wire_chat(house: House) -> Chat:
    """Make the handlers; nothing comes to them before `wire_incoming`."""
    outbox, clock, stack = house.store.outbox, house.ground.clock, house.ground.stack
    health = _health(house)
    door_news = DoorNews(house.people.notices, outbox, clock)
    chores = Chores()
    stack.push_async_callback(chores.stop)
    web = safe_web.SafeWeb(safe_web.PUBLIC)
    stack.push_async_callback(web.close)
    hook_news = HookNews(house.people.notices, outbox, clock)
    parts = _parts(house, health=health, door_news=door_news, chores=chores, web=web, hook_news=hook_news)
    return Chat(handlers=connect(parts), health=health, door_news=door_news, hook_news=hook_news, web=web)


def _health(house: House) -> Health:
    return Health(
        link=lambda: house.link.session.status,
        down_since=lambda: house.lookout.link_watch.down_since,
        feed=house.link.feed,
        freshness=house.alerting.freshness,
        rulebook=house.alerting.rulebook,
        watcher=house.alerting.watcher,
        outbox=house.store.outbox,
        telegram=house.lookout.telegram,
        storage_trouble=lambda: house.store.database.trouble,
        switch=house.dealing.switch,
        summaries=house.report.daily,
        most_lines=house.ground.settings.ib_market_lines,
        clock=house.ground.clock,
    )


def _parts(
    house: House, *, health: Health, door_news: DoorNews, chores: Chores, web: safe_web.SafeWeb, hook_news: HookNews
) -> Parts:
    store, people, link, dealing = house.store, house.people, house.link, house.dealing
    rulebook, keeper, clock = house.alerting.rulebook, house.alerting.keeper, house.ground.clock
    link_watch = house.lookout.link_watch

    async def watchlist_changed(user_id: int, instruments: Sequence[Instrument]) -> None:
        house.alerting.engine.set_watchlist(user_id, instruments)
        await rulebook.follow()

    async def let_go(user_id: int) -> None:
        await store.outbox.let_go(user_id, Reason.QUIET.value)
        if people.personal.known(user_id).news != HOURLY:
            await store.outbox.let_go(user_id, Reason.HOURLY.value)

    return Parts(
        reply=NotedReply(house.phone.reply, lambda: link_watch.down_since, clock, lambda: link_watch.was_up),
        rulebook=rulebook,
        desk=dealing.desk,
        trading_state=dealing.switch,
        switch=dealing.switch,
        limit_book=dealing.limit_book,
        audit=store.audit,
        trading_changed=dealing.guard_news.changed,
        proposals=store.proposals,
        order_book=link.orders,
        sequels=SqlSequels(store.database),
        rest_news=people.notices,
        symbols=link.contracts,
        quotes=link.feed,
        live=keeper,
        holdings=link.holdings,
        summaries=house.report.summaries,
        painter=house.report.painter,
        past_painter=house.report.painter,
        movers_painter=house.report.painter,
        headlines=link.headlines,
        stories=Stories(link.news),
        told_firings=store.firings,
        mutes=store.mutes,
        mutes_changed=house.alerting.engine.keep_mutes,
        scans=link.scans,
        saved_scans=house.scanning.saved,
        scan_prices=house.scanning.prices,
        scan_times=house.scanning.times,
        options=link.options,
        status=health,
        is_linked=lambda: house.link.session.status.is_usable,
        preferences=people.personal,
        digests=store.outbox,
        test_notification=people.notices.test,
        let_go=let_go,
        forms=SqlForms(store.database),
        templates=store.templates,
        hooks=store.hooks,
        hook_news=hook_news,
        check_url=web.check,
        watchlists=store.watchlists,
        firings=store.aftermath,
        past=IbPast(PastBars(link.history, clock), link.contracts, clock),
        ranges=house.alerting.ranges,
        zones=people.zones,
        clock=clock,
        chores=chores,
        cap=MOST_ALERTS,
        on_bars=keeper.is_on_bars,
        watchlist_changed=watchlist_changed,
        members=people.membership,
        codes=people.second_step,
        draw_qr=qr.picture,
        step_news=door_news.second_step,
        stranger_name=door_news.name_of,
        welcome=door_news.let_in,
    )
