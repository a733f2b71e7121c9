"""
Trading hours and times as TWS writes them.

Hours: `20260406:0930-20260406:1600;20260405:CLOSED;…`, sometimes with a leading `;`, in the contract's own zone.
Zones: IANA names, old aliases (`US/Eastern`, `MET`, `GB-Eire`), Windows-like labels, and names that Python's zone
database does not know (`JST`): those count as UTC and are logged once.
"""

import logging
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from market.hours import Hours, Session

_log = logging.getLogger(__name__)

# What TWS calls zones that the database has under another name.
_ALIASES = {
    "JST": "Asia/Tokyo",
    "CST (Central Standard Time)": "US/Central",
    "EST (Eastern Standard Time)": "US/Eastern",
    "BST": "Europe/London",
    "Eastern Standard Time": "US/Eastern",
    "Central Standard Time": "US/Central",
    "Pacific Standard Time": "US/Pacific",
    "Greenwich Mean Time": "Europe/London",
    "Central European Standard Time": "Europe/Berlin",
    "Japan Standard Time": "Asia/Tokyo",
    "Hong Kong Standard Time": "Asia/Hong_Kong",
}
_SESSION = re.compile(r"^(\d{8}):(\d{4})-(?:(\d{8}):)?(\d{4})$")
_STAMP = re.compile(r"^(\d{8})(-| {1,2})(\d{2}:\d{2}:\d{2})(?: (.+))?$")


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """Return the zone that TWS calls *name*; UTC (logged, once) for one that nobody knows."""
    try:
        return ZoneInfo(_ALIASES.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        _log.warning("Unknown time zone %r taken as UTC", name)
        return ZoneInfo("UTC")


def hours(text: str, zone_name: str) -> Hours:
    """Return the sessions in *text*, in order of time; days that are CLOSED and parts nobody can read have none."""
    where = zone(zone_name) if zone_name else ZoneInfo("UTC")
    sessions = [session for part in text.split(";") if (session := _session(part.strip(), where)) is not None]
    return Hours(where.key, tuple(sorted(sessions, key=lambda session: session.start)))


def _session(text: str, where: ZoneInfo) -> Session | None:
    found = _SESSION.match(text)
    if found is None:
        return None
    start_day, start_time, end_day, end_time = found.groups()
    try:
        start = _local(start_day, start_time, where)
        end = _local(end_day or start_day, end_time, where)
    except ValueError:
        return None
    if end <= start:
        return None
    # The date is the venue's own, not the UTC one: New York's 20:00 is tomorrow in UTC. Midnight ends the day before.
    return Session(start.astimezone(UTC), end.astimezone(UTC), (end - timedelta(microseconds=1)).date())


def _local(day: str, minute: str, where: ZoneInfo) -> datetime:
    if minute == "2400":
        return datetime.strptime(day, "%Y%m%d").replace(tzinfo=where) + timedelta(days=1)
    return datetime.strptime(day + minute, "%Y%m%d%H%M").replace(tzinfo=where)


def utc_stamp(text: str) -> str:
    """
    Return an execution's time as `YYYYMMDD-HH:MM:SS` in UTC, whichever of TWS's three ways it was written.

    `20231203 20:15:20 US/Eastern`, `20231116-12:15:35` (UTC already), `20230224  12:04:56` (the login's zone, which
    nobody tells us: taken as UTC). A text of no known form comes back as it was.
    """
    found = _STAMP.match(text.strip())
    if found is None:
        return text
    day, _, clock, name = found.groups()
    try:
        naive = datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S")  # noqa: DTZ007  its zone follows
    except ValueError:
        return text
    at = naive.replace(tzinfo=zone(name) if name else UTC)
    return at.astimezone(UTC).strftime("%Y%m%d-%H:%M:%S")


def stamp(text: str) -> datetime | None:
    """Return the moment that *text* says, in any of the ways of `utc_stamp`; None for one of no known form."""
    try:
        return datetime.strptime(utc_stamp(text), "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
