"""Times as clients write them in orders: `20260406 15:59:00 US/Eastern`, `20260406-19:59:00` (UTC), `15:59:00`."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from simulator.tws.plan import NEW_YORK, day_of

_FORM = re.compile(r"(?:(\d{8})([ -]))?\s*(\d{2}:\d{2}:\d{2})(?:\s+(\S+))?")


class NoTime(Exception):
    """Something written is no time that TWS would read."""


def moment_of(written: str, now: float) -> float:
    """
    Return the seconds since 1970 that *written* means; raises NoTime.

    Without a zone the operator's counts (here New York's); a hyphen between date and time makes it UTC; without a
    date it is today's, as IBKR documents it.
    """
    found = _FORM.fullmatch(written.strip())
    if found is None:
        raise NoTime(written)
    day, separator, clock, zone = found.groups()
    try:
        wall = datetime.strptime(f"{day or format(day_of(now), '%Y%m%d')} {clock}", "%Y%m%d %H:%M:%S")  # noqa: DTZ007 - the zone follows
        place = UTC if separator == "-" else ZoneInfo(zone) if zone else NEW_YORK
    except (ValueError, KeyError, OSError):
        raise NoTime(written) from None
    return wall.replace(tzinfo=place).timestamp()
