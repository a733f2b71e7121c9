"""
Notices: what nobody asked for and no alert says, such as a lost link.

A notice travels through the outbox as JSON: `{"notice": <Notice>, "at": <ISO time, UTC>, ...}` and the fields that its
member names. A payload that is not so raises KeyError, TypeError or ValueError.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views.errors import LINK_REASONS
from bot.views.firing import LATE
from bot.views.keyboard import button, rows, shortened
from bot.views.message import Message, Rows, text
from bot.views.numbers import moment, span

_WORDS = 400


class Notice(StrEnum):
    """The notices, each with its fields beside `notice` and `at`."""

    LINK_LOST = "link lost"
    """reason: a `broker.status.LinkReason`."""
    LINK_BACK = "link back"
    """since: when it was lost (ISO), or "" at the first connect; alerts: how many are watched again."""
    ALERT_BLIND = "alert blind"
    """rule_id, alert: its text; reason."""
    ORDER_CARDS_CANCELLED = "order cards cancelled"
    """count: how many of the person's unconfirmed cards the shutdown cancelled."""
    CHAT_CLOSED = "chat closed"
    """chat_id; reason. For admins."""
    MESSAGE_FAILED = "message failed"
    """kind: the outbox row's; row_id; reason. For admins."""
    TASK_DIED = "task died"
    """task: its name; reason; restart_s: when it starts again. For admins."""
    TEST = "test"
    """No fields."""


def notice(payload: Mapping[str, Any], *, now: datetime, zone: ZoneInfo, may_repeat: bool = False) -> Message:
    """Return the message of a notice. *may_repeat* marks a message that may have arrived before."""
    kind = Notice(payload["notice"])
    at = datetime.fromisoformat(payload["at"])
    lines = [_WRITERS[kind](payload, at), f"<i>{moment(at, zone, now, seconds=True)}</i>"]
    if now - at > LATE:
        lines.append(f"⚠️ <b>Late</b>: told {span(now - at)} after")
    if may_repeat:
        lines.append("↻ <i>may repeat: the first send was not acknowledged</i>")
    return Message("\n".join(lines), _buttons(kind, payload), silent=kind is Notice.LINK_BACK)


def _link_lost(payload: Mapping[str, Any], _at: datetime) -> str:
    why = LINK_REASONS.get(payload["reason"], "the link is down.")
    return (
        f"🔌 <b>IBKR link lost</b>: {text(why)}\n"
        "Alerts see no prices and no order can be sent until it is back. I keep trying by myself."
    )


def _link_back(payload: Mapping[str, Any], at: datetime) -> str:
    since = payload["since"]
    alerts = int(payload["alerts"])
    watched = f"{alerts} alert{' is' if alerts == 1 else 's are'} watched again."
    if not since:
        return f"✅ <b>IBKR link is up</b>\n{watched}"
    gone = span(at - datetime.fromisoformat(since))
    return f"✅ <b>IBKR link is up again</b> after {gone}\nIn that time alerts saw no prices. {watched}"


def _alert_blind(payload: Mapping[str, Any], _at: datetime) -> str:
    return (
        f"⚠️ <b>Alert #{int(payload['rule_id'])} is blind</b>: {text(_short(payload['reason']))}\n"
        f"<code>{text(_short(payload['alert']))}</code>\nIt cannot fire before that is solved."
    )


def _cards_cancelled(payload: Mapping[str, Any], _at: datetime) -> str:
    count = int(payload["count"])
    what = "Your unconfirmed order was" if count == 1 else f"Your {count} unconfirmed orders were"
    return f"✖️ <b>{what} cancelled</b>: the bot is shutting down.\nNothing was sent to the market."


def _chat_closed(payload: Mapping[str, Any], _at: datetime) -> str:
    return (
        f"⚠️ <b>Chat {int(payload['chat_id'])} takes no messages</b>: {text(_short(payload['reason']))}\n"
        "I send it nothing more until its person writes to me again."
    )


def _message_failed(payload: Mapping[str, Any], _at: datetime) -> str:
    return (
        f"⚠️ <b>A message could not be sent</b> ({text(_short(payload['kind']))}, row {int(payload['row_id'])})\n"
        f"{text(_short(payload['reason']))}\nThe others go on."
    )


def _task_died(payload: Mapping[str, Any], _at: datetime) -> str:
    return (
        f"⚠️ <b>The task “{text(_short(payload['task']))}” died</b>: {text(_short(payload['reason']))}\n"
        f"It starts again in {float(payload['restart_s']):g} s; everything else goes on."
    )


def _test(_payload: Mapping[str, Any], _at: datetime) -> str:
    return "🔔 <b>This is a test.</b>\nNotifications reach you."


_WRITERS: Mapping[Notice, Callable[[Mapping[str, Any], datetime], str]] = {
    Notice.LINK_LOST: _link_lost,
    Notice.LINK_BACK: _link_back,
    Notice.ALERT_BLIND: _alert_blind,
    Notice.ORDER_CARDS_CANCELLED: _cards_cancelled,
    Notice.CHAT_CLOSED: _chat_closed,
    Notice.MESSAGE_FAILED: _message_failed,
    Notice.TASK_DIED: _task_died,
    Notice.TEST: _test,
}


def _buttons(kind: Notice, payload: Mapping[str, Any]) -> Rows:
    if kind in {Notice.LINK_LOST, Notice.LINK_BACK}:
        return rows((button("🟢 Status", Code.STATUS, Place.ANEW),))
    if kind is Notice.ALERT_BLIND:
        return rows((button("🔔 Open alert", Code.ALERT_CARD, Place.ANEW, int(payload["rule_id"])),))
    return ()


def _short(value: object) -> str:
    return shortened(str(value), _WORDS)
