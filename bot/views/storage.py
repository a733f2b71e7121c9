"""When nothing can be stored: what that means for alerts and orders, and that it is over."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views.keyboard import button, rows, shortened
from bot.views.message import Message, Rows, text
from bot.views.numbers import moment, span

_WORDS = 200
# SQLite's own words (sqlite3.c, sqlite3ErrStr), what they mean, and what helps.
_REASONS = (
    ("is full", "the disk is full", "Free some space on the disk with my database."),
    ("is locked", "another program has locked my database", "End the program that holds it open."),
    ("readonly", "my database may only be read", "Give me back the right to write to its file and folder."),
    ("disk i/o", "the disk fails to read or write", "Look after the disk with my database."),
    ("unable to open", "my database cannot be opened", "Look whether its folder is still there."),
    ("malformed", "my database is damaged", "Stop me and put a backup in its place."),
)


def why(reason: str) -> str:
    """Return in a few plain words why the database, which says *reason*, takes nothing."""
    return next((ours for theirs, ours, _ in _REASONS if theirs in reason.lower()), shortened(reason, _WORDS))


def lost(reason: str, waiting: int, *, since: datetime, now: datetime, zone: ZoneInfo) -> Message:
    """Return the message while nothing can be stored; *waiting* firings are kept in memory until it can."""
    help_ = next((help_ for theirs, _, help_ in _REASONS if theirs in reason.lower()), "Look after my database.")
    held = f" {_many(waiting)} and wait{'s' if waiting == 1 else ''} to be told." if waiting else ""
    return Message(
        f"💾 <b>I cannot store anything: {text(why(reason))}.{held}</b>\n"
        "Alerts go on: what fires is kept in memory, and told as soon as it is stored. Orders are refused, and nothing "
        f"is sent to the market.\n{help_} I try again by myself.\n<i>{_when(since, zone, now)}</i>",
        _status(),
    )


def back(waited: int, *, since: datetime, now: datetime, zone: ZoneInfo) -> Message:
    """Return the message that takes its place once all can be stored again; *waited* firings had to wait."""
    told = f"{_many(waited)} meanwhile, told now." if waited else "No alert fired meanwhile."
    return Message(
        f"✅ <b>I can store again</b> after {span(now - since)}. {told}\n"
        "Orders are taken again. What I refused meanwhile was not done: say it again.\n"
        f"<i>{_when(since, zone, now)}</i>",
        _status(),
    )


def _many(firings: int) -> str:
    return "1 alert has fired" if firings == 1 else f"{firings} alerts have fired"


def _when(since: datetime, zone: ZoneInfo, now: datetime) -> str:
    lasting = now - since >= timedelta(minutes=1)
    return f"since {moment(since, zone, now, seconds=True)}" + (
        f", as of {moment(now, zone, now, seconds=True)}" if lasting else ""
    )


def _status() -> Rows:
    return rows((button("🟢 Status", Code.STATUS, Place.ANEW),))
