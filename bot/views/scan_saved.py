"""Saved scans: their list, what each does by itself and when, and what becomes of them."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views.alerts import UNDO_S
from bot.views.keyboard import button, clamped, grid, pager, rows, shortened
from bot.views.message import Message, Rows, text
from bot.views.numbers import moment
from bot.views.scan import scans_button
from storage.saved_scan import SavedScan

_HERE = Place.HERE
_PAGE = 8
_NAME = 40
_LINE = 300
_LISTED = 120
PRESETS = (
    "at 09:35 ET weekdays",
    "at 12:00 ET weekdays",
    "at 15:45 ET weekdays",
    "at open + 5m",
    "at close - 15m",
    "every 30m rth",
    "every 1h rth",
)
"""When a scan may run by itself, on buttons."""


def saved_list(found: Sequence[SavedScan], page: int, most: int) -> Message:
    """Return a page of a person's saved scans."""
    if not found:
        return Message(
            "💾 <b>No saved scans yet.</b>\nRun one and press 💾 Save, or let one run by itself: <code>/scan "
            "TOP_PERC_GAIN top 10 at 09:35 ET weekdays</code>",
            rows((scans_button(),)),
        )
    page = clamped(page, len(found), _PAGE)
    shown = found[page * _PAGE : (page + 1) * _PAGE]
    lines = [f"💾 <b>Saved scans</b> ({len(found)}/{most})", *(_item(scan) for scan in shown)]
    buttons = [
        (
            button(f"▶️ {scan.name}", Code.SCAN_AGAIN, Place.ANEW, scan.id, most=28),
            button("⏰", Code.SCAN_TIME, _HERE, scan.id, "?"),
            button("⚙️", Code.SCAN_CARD, _HERE, scan.id),
            button("🗑", Code.SCAN_DROP, _HERE, scan.id),
        )
        for scan in shown
    ]
    turn = pager(Code.SCAN_SAVED, page, len(found), size=_PAGE)
    return Message("\n".join(lines), rows(*buttons, turn, (scans_button(),)))


def saved(scan: SavedScan, following: datetime | None, *, now: datetime, zone: ZoneInfo, done: str = "") -> Message:
    """Return the card of a saved scan, with times to let it run by itself; *done* says what was just done."""
    lines = [
        f"💾 <b>{text(shortened(scan.name, _NAME))}</b>{f' · {text(done)}' if done else ''}",
        f"<code>/{text(shortened(scan.line, _LINE))}</code>",
        _runs(scan, following, now, zone),
    ]
    return Message("\n".join(lines), rows(*_times(scan), *_doings(scan)))


def schedule_first(scan: SavedScan) -> Message:
    """Return the answer where a scan is to run by itself: when? It is saved with the first time chosen."""
    return Message(
        f"⏰ <b>When shall it run by itself?</b>\n<code>/{text(shortened(scan.line, _LINE))}</code>",
        rows(*_times(scan), (button("« Back", Code.SCAN_CARD, _HERE, scan.id),)),
    )


def too_many(most: int) -> Message:
    """Return the refusal of one scan too many."""
    return Message(
        f"💾 <b>You have {most} saved scans, the most there may be.</b> Nothing was saved.\n"
        "Delete one, then save this one again.",
        rows((button("💾 Saved", Code.SCAN_SAVED, _HERE, 0), scans_button())),
    )


def too_often(least: str) -> Message:
    """Return the refusal of a schedule that would ask IBKR all the time."""
    return Message(
        f"⏰ <b>A scan runs by itself every {least} at most.</b> Nothing was scheduled.\n"
        "To hear at once of what is new, set an alert on it: 🔔 Alert me holds the scan and is told each change.",
        rows((button("💾 Saved", Code.SCAN_SAVED, _HERE, 0), scans_button())),
    )


def deleted(scan: SavedScan) -> Message:
    """Return what stands in the place of a scan that was deleted, with the way back."""
    return Message(
        f"🗑 <b>{text(shortened(scan.name or 'Scan', _NAME))} deleted</b>\n"
        f"<code>/{text(shortened(scan.line, _LINE))}</code>",
        rows(
            (
                button(f"↩️ Undo {UNDO_S} s", Code.SCAN_RESTORE, _HERE, scan.id),
                button("💾 Saved", Code.SCAN_SAVED, _HERE, 0),
            )
        ),
    )


def asked_time(scan: SavedScan) -> Message:
    """Return the question when a scan is to run by itself."""
    return Message(
        f"⏰ <b>{text(shortened(scan.name or 'This scan', _NAME))}</b>: when? For example <code>at 09:35 ET weekdays"
        "</code>, <code>every 30m rth</code> or <code>at close - 15m</code>",
        asks="at 09:35 ET weekdays",
    )


def _item(scan: SavedScan) -> str:
    runs = f" · ⏰ {scan.schedule}{' · paused' if scan.paused else ''}" if scan.schedule else ""
    return (
        f"• <b>{text(shortened(scan.name, _NAME))}</b>{text(runs)}\n  <code>/{text(shortened(scan.line, 120))}</code>"
    )


def _runs(scan: SavedScan, following: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    if not scan.schedule:
        return "Runs when you press Run. Let it run by itself:"
    if scan.paused:
        return f"⏸ Paused · {text(scan.schedule)}"
    then = "" if following is None else f" · next run {moment(following, zone, now)}"
    return f"⏰ {text(scan.schedule)}{then}"


def _times(scan: SavedScan) -> Rows:
    presets = [
        button(f"{'✅ ' if scan.schedule == when else ''}{when}", Code.SCAN_TIME, _HERE, scan.id, when)
        for when in PRESETS
    ]
    return rows(*grid(presets, 2), (button("✏️ Other time", Code.SCAN_ASK, scan.id, "time"),))


def _doings(scan: SavedScan) -> Rows:
    state = (
        button("▶️ Resume", Code.SCAN_PAUSE, _HERE, scan.id, "off")
        if scan.paused
        else button("⏸ Pause", Code.SCAN_PAUSE, _HERE, scan.id, "on")
    )
    timed = (state, button("✖️ No schedule", Code.SCAN_TIME, _HERE, scan.id, "never")) if scan.schedule else ()
    return rows(
        timed,
        (
            button("🔄 Run now", Code.SCAN_AGAIN, Place.ANEW, scan.id),
            button("🔔 Alert me", Code.SCAN_ALERT, Place.ANEW, scan.id),
            button("⚙️ Filters", Code.SCAN_CARD, _HERE, scan.id),
        ),
        (
            button("✏️ Name", Code.SCAN_ASK, scan.id, "name"),
            button("🗑 Delete", Code.SCAN_DROP, _HERE, scan.id),
            button("💾 Saved", Code.SCAN_SAVED, _HERE, 0),
        ),
    )
