"""What is told of the account by the day, and the process that draws."""

from dataclasses import dataclass
from datetime import timedelta

from bot.calendar import SessionCalendar
from bot.charts import ChartPainter
from bot.schedule import DailySummaries
from bot.summaries import AccountSummaries
from bot.wiring.ground import Ground
from bot.wiring.link import Link
from bot.wiring.people import People
from bot.wiring.store import Store
from storage.jobs import SqlJobs
from storage.snapshots import SqlSnapshots


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """*summaries* makes a day's summary, *daily* sends it when it is due."""

    summaries: AccountSummaries
    daily: DailySummaries
    painter: ChartPainter


def wire_report(ground: Ground, store: Store, people: People, link: Link) -> Report:
    """Make everything; the drawing process starts with the first picture."""
    settings, clock = ground.settings, ground.clock
    summaries = AccountSummaries(
        link.holdings,
        SqlSnapshots(store.database),
        store.firings,
        link.orders.executions,
        store.proposals.fills_since,
        clock,
    )
    daily = DailySummaries(
        SessionCalendar(link.contracts, settings.summary_symbol, clock),
        summaries,
        people.notices,
        store.users,
        store.outbox,
        SqlJobs(store.database, clock),
        clock,
        timedelta(seconds=settings.summary_delay_s),
        lambda: link.session.status.is_usable,
    )
    painter = ChartPainter()
    ground.stack.push_async_callback(painter.close)
    return Report(summaries=summaries, daily=daily, painter=painter)
