"""Days, times of day and zones as typed; what is relative becomes absolute by the clock and zone handed in."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.number import Misread

ZONES = {
    **dict.fromkeys(("ET", "EST", "EDT"), "America/New_York"),
    **dict.fromkeys(("CT", "CST", "CDT"), "America/Chicago"),
    **dict.fromkeys(("MT", "MST", "MDT"), "America/Denver"),
    **dict.fromkeys(("PT", "PST", "PDT"), "America/Los_Angeles"),
    **dict.fromkeys(("CET", "CEST"), "Europe/Berlin"),
    "BST": "Europe/London",
    "JST": "Asia/Tokyo",
    "HKT": "Asia/Hong_Kong",
    "UTC": "UTC",
    "GMT": "UTC",
}
"""What people call the zones of the venues; the standard and the summer name mean the same place."""

FURTHEST = timedelta(days=3 * 366)
"""How far ahead an alert may end."""

_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november"),
    "december",
)
_EXPECTED_DAY = "a day, like friday or 2026-12-24"

STILL_TO_COME = "a time that is still to come"
"""What was expected where an end is over already."""


def until(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """
    Return the end that `until` *text* names, in UTC: of a day, its last moment in *zone* (the next midnight).

    `friday` is the next one, today included; `24 dec` the next one that comes. Raises Misread, also for what is over.
    """
    tidy = " ".join(text.lower().replace(",", " ").split())
    moment = _exact(tidy, zone) or _time_of_day(tidy, now, zone)
    if moment is None:
        # A day ends where the next begins, whatever its length: clocks change.
        end = _day(tidy, now.astimezone(zone).date()) + timedelta(days=1)
        moment = datetime.combine(end, time(), zone).astimezone(UTC)
    if moment <= now:
        raise Misread(STILL_TO_COME)
    if moment - now > FURTHEST:
        raise Misread("a time within three years")
    return moment


def time_of_day(text: str) -> tuple[int, int]:
    """Read `15:45`, `3:45pm`, `9am`, `noon` as hour and minute. Raises Misread."""
    tidy = re.sub(r"\s+", "", text.lower())
    if tidy in {"noon", "midnight"}:
        return (12, 0) if tidy == "noon" else (0, 0)
    match = re.fullmatch(r"(\d{1,2})(?::(\d{2}))?([ap]m)?", tidy)
    if match is None:
        raise Misread("a time of day, like 15:45")
    hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
    if minute > 59 or not ((1 <= hour <= 12) if half else hour < 24):  # noqa: PLR2004  the clock's own numbers
        raise Misread("a time of day, like 15:45 or 3:45pm")
    return (hour % 12 + (12 if half == "pm" else 0) if half else hour), minute


def zone_name(text: str) -> str:
    """Return the IANA name of the zone *text* (`ET`, `Europe/Berlin`). Raises Misread."""
    known = ZONES.get(text.upper())
    if known is not None:
        return known
    # IANA's names are case-sensitive on disk: Europe/Isle_of_Man is the kind that title() does not meet.
    for name in dict.fromkeys((text, "/".join("_".join(map(str.capitalize, p.split("_"))) for p in text.split("/")))):
        try:
            return ZoneInfo(name).key
        except (KeyError, ValueError, OSError):
            continue
    raise Misread("a time zone, like ET or Europe/Berlin")


def days(text: str) -> tuple[int, ...]:
    """
    Read `weekdays`, `mon-fri`, `mon, wed`, `daily` as days (0 Monday to 6), in order; all of them are ().

    Raises Misread.
    """
    tidy = re.sub(r"\s+", "", re.sub(r"^on\s+", "", text.lower()))
    if tidy in {"daily", "everyday"}:
        return ()
    if tidy in {"weekdays", "weekends"}:
        return (0, 1, 2, 3, 4) if tidy == "weekdays" else (5, 6)
    found: set[int] = set()
    for part in tidy.split(","):
        first, _, last = part.partition("-")
        begin, end = _weekday(first), _weekday(last or first)
        if begin is None or end is None:
            raise Misread("days, like weekdays or mon-fri")
        found |= {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}
    return () if len(found) == len(_DAY_NAMES) else tuple(sorted(found))


def _weekday(text: str) -> int | None:
    """Return the day that *text* names: `fri`, `friday`, `fridays`, `tues`, `thurs`."""
    singular = text.removesuffix("s") if text.endswith("days") else text
    matches = [day for day, name in enumerate(_DAY_NAMES) if len(singular) > 2 and name.startswith(singular)]  # noqa: PLR2004
    return matches[0] if matches else None


def _exact(text: str, zone: ZoneInfo) -> datetime | None:
    match = re.fullmatch(r"(\d{4}-\d{2}-\d{2})[t ](\d{1,2}:\d{2}(?::\d{2})?)\s*(z|utc)?", text)
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]:0>5}")
    except ValueError:
        raise Misread("a day and time that exist, like 2026-12-24 15:30") from None
    return moment.replace(tzinfo=UTC if match[3] else zone).astimezone(UTC)


def _time_of_day(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    if not re.fullmatch(r"\d{1,2}:\d{2}(?:[ap]m)?|\d{1,2}[ap]m", text):
        return None
    hour, minute = time_of_day(text)
    today = now.astimezone(zone).date()
    return datetime.combine(today, time(hour, minute), zone).astimezone(UTC)


def _day(text: str, today: date) -> date:
    if text in {"today", "tomorrow"}:
        return today + timedelta(days=text == "tomorrow")
    weekday = _weekday(text.removeprefix("next "))
    if weekday is not None:
        coming = today + timedelta(days=(weekday - today.weekday()) % 7)
        # "next friday", said on a Friday, is not today; said on a Monday, nobody agrees: the one after this week's.
        return coming + timedelta(days=7) if text.startswith("next ") else coming
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return _date(int(text[:4]), int(text[5:7]), int(text[8:]))
    return _named_day(text, today)


def _named_day(text: str, today: date) -> date:
    match = re.fullmatch(r"(?:(\d{1,2}) ([a-z]+)|([a-z]+) (\d{1,2}))(?: (\d{4}))?", text)
    name = (match[2] or match[3]) if match else ""
    month = next((n for n, full in enumerate(_MONTH_NAMES, 1) if len(name) > 2 and full.startswith(name)), 0)  # noqa: PLR2004
    if match is None or not month:
        raise Misread(_EXPECTED_DAY)
    day = int(match[1] or match[4])
    if match[5]:
        return _date(int(match[5]), month, day)
    return next(found for year in (today.year, today.year + 1) if (found := _date(year, month, day)) >= today)


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise Misread("a day that exists, like 2026-12-24") from None
