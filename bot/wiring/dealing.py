"""What may be ordered: the switch, the limits, the order desk and the tracker of what it has sent."""

from dataclasses import dataclass

from bot.guard_news import GuardNews
from bot.wiring.ground import Ground
from bot.wiring.link import Link
from bot.wiring.people import People
from bot.wiring.store import Store
from storage.halt_file import HaltFile
from storage.moments import SqlMoments
from storage.trading_state import SqlTightenings, SqlTradingState
from trading.desk import OrderDesk
from trading.guards import Guards
from trading.limit_book import EVERYBODY, LimitBook
from trading.loss_lock import LossLock
from trading.state import TradingSwitch
from trading.tracker import OrderTracker
from trading.turns import Turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealing:
    """Everything about orders."""

    switch: TradingSwitch
    limit_book: LimitBook
    losses: LossLock
    guard_news: GuardNews
    tracker: OrderTracker
    desk: OrderDesk


async def wire_dealing(ground: Ground, store: Store, people: People, link: Link) -> Dealing:
    """Load what trading is bound by, and let the tracker hear of orders. Raises StorageError."""
    settings, clock = ground.settings, ground.clock
    switch = TradingSwitch(SqlTradingState(store.database), HaltFile(settings.database_url))
    await switch.load()
    limit_book = LimitBook(settings.limits, SqlTightenings(store.database))
    await limit_book.load()
    losses = LossLock(lambda: limit_book.of(EVERYBODY).daily_loss, link.holdings, SqlMoments(store.database), clock)
    await losses.load()
    # One turn for a proposal at a time, whoever writes: the desk and the tracker share them.
    turns = Turns()
    tracker = OrderTracker(store.proposals, link.orders, clock, turns=turns)
    tracker.connect()
    link.session.on_up(tracker.reconcile)
    guards = Guards(
        limits=limit_book.of,
        state=switch,
        history=store.proposals,
        clock=clock,
        zone=settings.zone,
        holdings=link.holdings,
        loss_locked=losses.since,
        open_orders=link.orders.open_orders,
    )
    return Dealing(
        switch=switch,
        limit_book=limit_book,
        losses=losses,
        guard_news=GuardNews(people.notices, switch, clock),
        tracker=tracker,
        desk=_desk(ground, store, people, link, guards, turns),
    )


def _desk(ground: Ground, store: Store, people: People, link: Link, guards: Guards, turns: Turns) -> OrderDesk:
    return OrderDesk(
        store=store.proposals,
        gateway=link.orders,
        quotes=link.feed,
        symbols=link.contracts,
        holdings=link.holdings,
        roster=people.roster,
        guards=guards,
        clock=ground.clock,
        audit=store.audit,
        turns=turns,
        confirm_timeout_s=ground.settings.confirm_timeout_s,
        second_step=people.second_step,
        drift_pct=ground.settings.confirm_drift_pct,
    )
