"""When to speak: the engine, the lines that feed it, the rulebook, the watcher, and what was missed."""

from dataclasses import dataclass

from alerts.archive import Archive
from alerts.catchup import CatchUp
from alerts.engine import Engine
from alerts.linekeeper import LineKeeper
from alerts.ports import Feeds
from alerts.ranges import AverageRanges
from alerts.resumption import Resumption
from alerts.rulebook import Rulebook
from alerts.scaleloop import ScaleLoop
from alerts.watcher import Watcher
from bot.gaps import GapWatch
from bot.moments import PatientMoments
from bot.trouble_watch import Troubles, TroubleWatch
from bot.wiring.ground import Ground
from bot.wiring.link import Link
from bot.wiring.people import People
from bot.wiring.phone import Phone
from bot.wiring.store import Store
from broker.freshness import Freshness
from market.clock import Clock
from storage.closes import SqlCloses
from storage.moments import SqlMoments
from storage.rules import SqlRuleStore

MOST_ALERTS = 500
"""How many alerts one person may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerting:
    """Everything that evaluates alerts."""

    engine: Engine
    ranges: AverageRanges
    keeper: LineKeeper
    rulebook: Rulebook
    freshness: Freshness
    trouble_watch: TroubleWatch
    watcher: Watcher
    scales: ScaleLoop
    catchup: CatchUp


def wire_alerting(ground: Ground, store: Store, people: People, link: Link, phone: Phone) -> Alerting:
    """Tie the feeds to the engine and the engine to the log; no alert is loaded yet."""
    clock = ground.clock
    engine = Engine(people.zones.known)
    ranges = AverageRanges(link.history, clock)
    keeper = LineKeeper(link.feed, link.history, engine, ranges, clock)
    rulebook = Rulebook(
        SqlRuleStore(store.database, people.roster.role_of),
        engine,
        link.contracts,
        keeper,
        link.news,
        link.scans,
        clock,
        cap=MOST_ALERTS,
        chats=phone.groups.find,
    )
    freshness = Freshness(link.session, link.feed, link.contracts, clock)
    trouble_watch = _trouble_watch(people, link, engine, clock)
    resumption = Resumption(engine.backlog.since)
    watcher = Watcher(
        engine,
        rulebook,
        Feeds(keeper, link.news, link.scans, link.history, link.holdings, link.order_feed, link.contracts),
        store.firings,
        clock,
        on_blind=trouble_watch.blind,
        on_expired=people.notices.expired,
        resumption=resumption,
    )
    keeper.hand_to(watcher.take)
    scales = _scales(store, people, link, keeper, rulebook, engine, clock)
    catchup = CatchUp(
        engine,
        Archive(link.history, link.news, link.contracts, clock),
        PatientMoments(SqlMoments(store.database)),
        resumption,
        clock,
        take=watcher.take,
        settled=watcher.settled,
        tell=people.notices.unobserved,
        heard=lambda: link.session.heard,
        caught=keeper.caught,
        settle=scales.settle,
    )
    _tell_of_gaps(catchup, watcher, freshness, link, engine)
    return Alerting(
        engine=engine,
        ranges=ranges,
        keeper=keeper,
        rulebook=rulebook,
        freshness=freshness,
        trouble_watch=trouble_watch,
        watcher=watcher,
        scales=scales,
        catchup=catchup,
    )


def _trouble_watch(people: People, link: Link, engine: Engine, clock: Clock) -> TroubleWatch:
    troubles = Troubles(
        lambda: link.session.status, link.feed, lambda: link.orders.is_read_only, engine.chats_on, people.notices
    )
    return TroubleWatch(people.notices, troubles.look, engine.rule, clock)


def _scales(
    store: Store, people: People, link: Link, keeper: LineKeeper, rulebook: Rulebook, engine: Engine, clock: Clock
) -> ScaleLoop:
    return ScaleLoop(
        engine,
        rulebook,
        link.history,
        SqlCloses(store.database),
        clock,
        quote=keeper.quote,
        named=link.contracts.known,
        on_split=people.notices.split,
        on_renamed=people.notices.renamed,
    )


def _tell_of_gaps(catchup: CatchUp, watcher: Watcher, freshness: Freshness, link: Link, engine: Engine) -> None:
    """Let the catch-up know when the machine slept, a line was silent, or the link was down."""
    watcher.on_sleep(catchup.slept)
    freshness.on_heard(lambda instrument, since: catchup.missed({instrument.con_id: since}))
    link.session.on_status(GapWatch(catchup, engine.backlog, lambda: watcher.last_tick).take)
