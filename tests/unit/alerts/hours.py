"""Trading hours for tests: always open, and New York's."""

from datetime import UTC, date, datetime, time, timedelta

from alerts.engine import Engine
from market.hours import Hours, Session
from tests.unit.alerts.drafts import KNOWN, NOW

_DAY = timedelta(days=1)


def _around_the_clock(first: date, days: int) -> Hours:
    starts = [datetime.combine(first + n * _DAY, time(), UTC) for n in range(days)]
    return Hours("UTC", tuple(Session(start, start + _DAY, start.date()) for start in starts))


ALWAYS = _around_the_clock(NOW.date() - 30 * _DAY, 90)
"""One session a day, from midnight UTC to midnight."""


def new_york(*days: date) -> Hours:
    """Return 14:30 to 21:00 UTC (winter) on *days*."""
    sessions = (datetime.combine(day, time(14, 30), UTC) for day in days)
    return Hours(
        "America/New_York", tuple(Session(start, start + timedelta(hours=6.5), start.date()) for start in sessions)
    )


def keep_open(engine: Engine) -> Engine:
    """Let all instruments of the tests trade around the clock."""
    for instrument in KNOWN.values():
        engine.set_hours(instrument, ALWAYS)
    return engine
