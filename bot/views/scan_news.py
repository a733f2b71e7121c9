"""
The message of a scheduled scan: its list, and what is new in it, dropped out of it or jumped since the last time.

What is to be told is worked out once, when the scan ran, and kept in the outbox: a repeat tells the same.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerts.condition import ScanEntry
from bot.callback_data import Code, Place
from bot.views.keyboard import button, rows, shortened
from bot.views.message import Message, text
from bot.views.numbers import moment, span
from bot.views.scan import bounds_line, refused
from bot.views.scan_table import PAGE, Quotes, Volumes, rank_changes, row_buttons, table, unmeasured, unquoted
from market.codec import row_from_json, row_to_json, spec_from_json, spec_to_json, time_from_json, time_to_json
from market.scan import ScanRow
from storage.saved_scan import SavedScan

_ANEW = Place.ANEW
LATE = timedelta(minutes=2)
_NAMED = 12
_NAME = 60


def told_to_json(
    scan: SavedScan,
    entry: ScanEntry,
    found: Sequence[ScanRow],
    *,
    due: datetime,
    missed: int,
    at: datetime,
    following: datetime | None,
) -> dict[str, Any]:
    """
    Return the payload of a scan that found these rows, compared with what was told of it before.

    A list without anybody says so, and drops nobody: IBKR also sends one where it has trouble.
    """
    before = None if scan.told is None else {row.instrument.con_id: row for row in scan.told}
    now = {row.instrument.con_id: row for row in found}
    new, dropped, jumps = list[int](), list[ScanRow](), list[tuple[ScanRow, int]]()
    if before is not None:
        new = [con_id for con_id in now if con_id not in before]
        dropped = [row for con_id, row in before.items() if con_id not in now] if now else []
        jumps = [
            (row, before[con_id].rank)
            for con_id, row in now.items()
            if con_id in before and abs(before[con_id].rank - row.rank) >= entry.jump
        ]
    return {
        **_common(scan, due, missed, at, following),
        "spec": spec_to_json(entry.spec),
        "is_first": before is None,
        "count": len(found),
        "rows": [row_to_json(row) for row in found[:PAGE]],
        "new": new,
        "entered": [now[con_id].instrument.label for con_id in new],
        "dropped": [row.instrument.label for row in dropped],
        "jumps": rank_changes(jumps[:_NAMED]),
    }


def failed_to_json(
    scan: SavedScan, error: Exception, *, due: datetime, missed: int, at: datetime, following: datetime | None
) -> dict[str, Any]:
    """Return the payload of a scan that IBKR did not run, with the reason in words."""
    return {**_common(scan, due, missed, at, following), "failed": refused(error).html}


def scan_told(
    payload: Mapping[str, Any],
    *,
    now: datetime,
    zone: ZoneInfo,
    may_repeat: bool = False,
    quotes: Quotes = unquoted,
    usual: Volumes = unmeasured,
) -> Message:
    """Return the message of a scheduled scan. Raises KeyError, TypeError or ValueError for another payload."""
    name = text(shortened(str(payload["name"]), _NAME))
    tail = _tail(payload, now, zone, may_repeat=may_repeat)
    if "failed" in payload:
        lines = [f"⚠️ <b>Scan {name}: not run</b>", str(payload["failed"]), *tail]
        return Message("\n".join(lines), _doings(payload), silent=True)
    found = [row_from_json(one) for one in payload["rows"]]
    lines = [_head(name, payload), bounds_line(spec_from_json(payload["spec"]))]
    lines.append(table(found, quotes, usual, payload["new"]) if found else "Nothing meets it just now.")
    if payload["count"] > len(found):
        lines.append(f"… and {payload['count'] - len(found)} more")
    lines += _changes(payload, found)
    return Message("\n".join([*lines, *tail]), rows(*row_buttons(found), *_doings(payload)), silent=True)


def _common(scan: SavedScan, due: datetime, missed: int, at: datetime, following: datetime | None) -> dict[str, Any]:
    return {
        "scan": scan.id,
        "name": scan.name,
        "schedule": scan.schedule,
        "due": due.isoformat(),
        "missed": missed,
        "at": at.isoformat(),
        "next": time_to_json(following),
    }


def _head(name: str, payload: Mapping[str, Any]) -> str:
    head = f"🛰 <b>{name}</b> · {payload['count']} found"
    if payload["is_first"] or not payload["count"]:
        return head
    new, dropped = len(payload["entered"]), len(payload["dropped"])
    return f"{head} · <b>{new} new</b>, {dropped} dropped" if new or dropped else f"{head} · nobody new"


def _changes(payload: Mapping[str, Any], shown: Sequence[ScanRow]) -> list[str]:
    """Return what the table does not show: who is new further down, who dropped out, who jumped."""
    labels = {row.instrument.label for row in shown}
    further = [label for label in payload["entered"] if label not in labels]
    lines = []
    if further:
        lines.append(f"New further down: {_named(further)}")
    if payload["dropped"]:
        lines.append(f"Dropped: {_named(payload['dropped'])}")
    if payload["jumps"]:
        lines.append(f"Jumped: {text(payload['jumps'])}")
    return lines


def _named(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    return text(", ".join(labels[:_NAMED])) + more


def _tail(payload: Mapping[str, Any], now: datetime, zone: ZoneInfo, *, may_repeat: bool) -> list[str]:
    due, at = datetime.fromisoformat(payload["due"]), datetime.fromisoformat(payload["at"])
    lines = []
    if at - due > LATE:
        missed = f", {payload['missed']} earlier missed" if payload["missed"] else ""
        lines.append(f"⚠️ <b>Late</b>: due {moment(due, zone, now)}, run {span(at - due)} after{missed}")
    if may_repeat:
        lines.append("↻ <i>may repeat: the first send was not acknowledged</i>")
    following = time_from_json(payload["next"])
    then = "" if following is None else f" · next run {moment(following, zone, now)}"
    return [*lines, f"<i>{moment(at, zone, now, seconds=True)}{then}</i>"]


def _doings(payload: Mapping[str, Any]) -> tuple[tuple[Any, ...], ...]:
    scan_id = payload["scan"]
    return (
        (
            button("🔄 Run now", Code.SCAN_AGAIN, _ANEW, scan_id),
            button("⚙️ Filters", Code.SCAN_CARD, _ANEW, scan_id),
            button("⏸ Pause", Code.SCAN_PAUSE, _ANEW, scan_id, "on"),
        ),
        (button("⏰ Schedule", Code.SCAN_TIME, _ANEW, scan_id, "?"), button("💾 Saved", Code.SCAN_SAVED, _ANEW, 0)),
    )
