"""The audit log, a page at a time."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from bot.callback_data import Code
from bot.views.keyboard import pager, rows, shortened
from bot.views.message import Message, text
from storage.audit_line import AuditLine

SIZE = 12
"""How many lines are on a page."""

_DETAIL = 60


def page(lines: Sequence[AuditLine], *, number: int, count: int, zone: ZoneInfo) -> Message:
    """Return page *number* (from 0) of *count* lines in all, the latest first, with times in *zone*."""
    if not count:
        return Message("🗒 <b>The audit log is empty.</b>")
    head = f"🗒 <b>Audit</b> · {count} lines, the latest first, times in {text(zone.key)}"
    body = "\n".join([head, *(_line(one, zone) for one in lines)])
    return Message(body, rows(pager(Code.AUDIT, number, count, size=SIZE)))


def _line(one: AuditLine, zone: ZoneInfo) -> str:
    who = f"<code>{one.user_id}</code>" if one.user_id else "host"
    place = f" in <code>{one.chat_id}</code>" if one.chat_id not in {0, one.user_id} else ""
    what = " ".join(filter(None, [one.action, one.subject]))
    detail = f" <i>{text(shortened(one.detail, _DETAIL))}</i>" if one.detail else ""
    when = f"{one.at.astimezone(zone):%d %b %H:%M:%S}"
    outcome = text(shortened(one.outcome, _DETAIL))
    return f"{when} {who}{place}: {text(shortened(what, _DETAIL))} → <b>{outcome}</b>{detail}"
