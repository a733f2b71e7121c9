"""What scans need beside the link: those that are kept, their prices, and their times."""

from dataclasses import dataclass

from bot.calendar import SessionCalendar
from bot.scan_prices import ScanPrices, UsualVolumes
from bot.scan_schedule import ScanSchedule
from bot.scan_times import ScanTimes
from bot.wiring.ground import Ground
from bot.wiring.link import Link
from bot.wiring.people import People
from bot.wiring.store import Store
from storage.saved_scans import SqlSavedScans


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanning:
    """*schedule* puts into the outbox what is due."""

    saved: SqlSavedScans
    prices: ScanPrices
    times: ScanTimes
    schedule: ScanSchedule


def wire_scanning(ground: Ground, store: Store, people: People, link: Link) -> Scanning:
    """Make everything; nothing is run before the timers ring."""
    settings, clock = ground.settings, ground.clock
    saved = SqlSavedScans(store.database, store.outbox)
    calendar = SessionCalendar(link.contracts, settings.summary_symbol, clock)
    times = ScanTimes(calendar.hours, clock)
    return Scanning(
        saved=saved,
        prices=ScanPrices(link.feed, link.feed, UsualVolumes(link.history, clock)),
        times=times,
        schedule=ScanSchedule(
            saved,
            link.scans,
            times,
            people.zones.known,
            lambda user_id: people.roster.role_of(user_id) is not None,
            lambda: link.session.status.is_usable,
            clock,
        ),
    )
