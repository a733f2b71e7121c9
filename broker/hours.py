"""
Trading hours and times as TWS writes them.

Hours: `20260406:0930-20260406:1600;20260405:CLOSED;…`, sometimes with a leading `;`, in the contract's own zone.
Zones: IANA names, old aliases (`US/Eastern`, `MET`, `GB-Eire`), Windows-like labels, Java's three letters (`JST`,
`CTT`). A name that nobody knows is logged once: hours in it are unknown, a fill's time in it counts as UTC.
"""

import logging
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from market.hours import Hours, Session

_log = logging.getLogger(__name__)

# What TWS calls zones that the database has under another name, or not at all; the three letters are Java's
# (java.time.ZoneId.SHORT_IDS), in which TWS is written.
_ALIASES = {
    "JST": "Asia/Tokyo",
    "CTT": "Asia/Shanghai",
    "IST": "Asia/Kolkata",
    "AET": "Australia/Sydney",
    "NST": "Pacific/Auckland",
    "ECT": "Europe/Paris",
    "BET": "America/Sao_Paulo",
    "CST": "US/Central",
    "PST": "US/Pacific",
    "CST (Central Standard Time)": "US/Central",
    "EST (Eastern Standard Time)": "US/Eastern",
    "BST": "Europe/London",
    "Eastern Standard Time": "US/Eastern",
    "Central Standard Time": "US/Central",
    "Pacific Standard Time": "US/Pacific",
    "Greenwich Mean Time": "Europe/London",
    "Central European Standard Time": "Europe/Berlin",
    "GMT Standard Time": "Europe/London",
    "W. Europe Standard Time": "Europe/Berlin",
    "Japan Standard Time": "Asia/Tokyo",
    "Tokyo Standard Time": "Asia/Tokyo",
    "China Standard Time": "Asia/Shanghai",
    "Singapore Standard Time": "Asia/Singapore",
    "AUS Eastern Standard Time": "Australia/Sydney",
    "Hong Kong Standard Time": "Asia/Hong_Kong",
}
_SESSION = re.compile(r"^(\d{8}):(\d{4})-(?:(\d{8}):)?(\d{4})$")
_STAMP = re.compile(r"^(\d{8})(-| {1,2})(\d{2}:\d{2}:\d{2})(?: (.+))?$")


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo | None:
    """Return the zone that TWS calls *name*; None (logged, once) for one that nobody knows."""
    try:
        return ZoneInfo(_ALIASES.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        _log.warning("Unknown time zone %r: hours in it are not known, and times of fills in it count as UTC", name)
        return None


def hours(text: str, zone_name: str) -> Hours:
    """
    Return the sessions in *text*, in order of time; days that are CLOSED and parts nobody can read have none.

    They are unknown where the zone is, or where there is no text at all.
    """
    where = zone(zone_name)
    if where is None or not text.strip():
        return Hours("UTC", (), is_known=False)
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
    read = _read(text)
    if read is None:
        return text
    at, name = read
    known = at.replace(tzinfo=(zone(name) if name else None) or UTC)
    return known.astimezone(UTC).strftime("%Y%m%d-%H:%M:%S")


def stamp(text: str) -> datetime | None:
    """
    Return the moment that *text* says, in any of the ways of `utc_stamp`.

    None for one of no known form, or in a zone that nobody knows: an order's end must not be guessed.
    """
    read = _read(text)
    if read is None:
        return None
    at, name = read
    where = zone(name) if name else UTC
    return None if where is None else at.replace(tzinfo=where).astimezone(UTC)


def _read(text: str) -> tuple[datetime, str | None] | None:
    """Return the naive time that *text* says and the name of its zone, if it has one; None where it is no time."""
    found = _STAMP.match(text.strip())
    if found is None:
        return None
    day, _, clock, name = found.groups()
    try:
        return datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S"), name  # noqa: DTZ007  its zone follows
    except ValueError:
        return None
