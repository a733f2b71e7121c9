"""
Notices: what nobody asked for and no alert says, such as a lost link.

A notice travels through the outbox as JSON: `{"notice": <Notice>, "at": <ISO time, UTC>, ...}` and the fields that its
member names. A payload that is not so raises KeyError, TypeError or ValueError.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views import away, halt, hooks, lists, members, second_step, split, trouble
from bot.views.firing import LATE
from bot.views.keyboard import button, rows, shortened
from bot.views.message import Message, Rows, text
from bot.views.numbers import moment, span
from trading.state import TradingState

_WORDS = 400


class Notice(StrEnum):
    """The notices, each with its fields beside `notice` and `at`."""

    LINK_LOST = "link lost"
    """
    reason: a `broker.status.LinkReason`; and in the edits of it since: when it was lost (ISO), advice: an `Advice`.
    """
    LINK_BACK = "link back"
    """since: when it was lost (ISO), or "" at the first connect; alerts: how many are watched again."""
    TROUBLE = "trouble"
    """trouble: a `Trouble`; subjects: symbols or names of farms."""
    TROUBLE_OVER = "trouble over"
    """trouble, subjects; since: when it began (ISO)."""
    ALERT_BLIND = "alert blind"
    """rule_id, alert: its text; reason."""
    UNOBSERVED = "unobserved"
    """
    begin, end: of a gap (ISO); alerts: of which something in it is not known, each with rule_id, alert: its text,
    reason ("": no history tells it) and state: pairs of names and values as they are now.
    """
    ALERT_EXPIRED = "alert expired"
    """rule_id, alert: its text; fired: how often it has."""
    ALERT_SPLIT = "alert split"
    """As `bot.views.split.held` says."""
    ALERT_RENAMED = "alert renamed"
    """As `bot.views.split.renamed` says."""
    ORDER_CARDS_CANCELLED = "order cards cancelled"
    """count: how many of the person's unconfirmed cards the shutdown cancelled."""
    CHAT_CLOSED = "chat closed"
    """chat_id; reason. For admins."""
    MESSAGE_FAILED = "message failed"
    """kind: the outbox row's; row_id; reason. For admins."""
    RIVAL = "another program has the token"
    """No fields. For admins."""
    RIVAL_GONE = "no other program has the token"
    """since: when it was first met (ISO). For admins."""
    TASK_DIED = "task died"
    """task: its name; reason; restart_s: when it starts again. For admins."""
    HOOK_HOST = "hook host"
    """rule_id, alert: its text; host: that needs an admin's word; owner: who asks. For admins."""
    HOOK_DECIDED = "hook decided"
    """rule_id; host; allowed: what an admin decided."""
    HOOK_TESTED = "hook tested"
    """rule_id; host; reason: why the test did not arrive, "" where it did."""
    HOOK_FAILED = "hook failed"
    """rule_id; host; reason."""
    STRANGER = "stranger"
    """user_id; name: chosen by the person. For admins."""
    PAIRED = "paired"
    """user_id; name; role: that of the code. For admins."""
    LET_IN = "let in"
    """No fields. For whom an admin has let in."""
    REST_WAITS = "purchases wait"
    """
    sequel_id; account; first: the order whose sales they waited for; waiting: what is to be bought; why: in HTML, why
    no card asks for it, "" where its card just ended.
    """
    REST_DROPPED = "purchases dropped"
    """account, first, waiting as before; sold: whether anything was sold at all."""
    SECOND_STEP = "second step"
    """user_id; what: set up, locked or off. For admins."""
    TRADING = "trading state"
    """state: a `TradingState`; by: who set it, 0 for the host."""
    HOST_LIFTED = "host lifted"
    """state: a `TradingState`, as it is without the file HALT."""
    DAY_LOST = "day lost"
    """account; loss and limit: decimals as text; currency."""
    TEST = "test"
    """No fields."""


_OVER = frozenset({Notice.LINK_BACK, Notice.TROUBLE_OVER})
_STATUS = frozenset({Notice.LINK_LOST, Notice.TROUBLE}) | _OVER


def notice(payload: Mapping[str, Any], *, now: datetime, zone: ZoneInfo, may_repeat: bool = False) -> Message:
    """Return the message of a notice. *may_repeat* marks a message that may have arrived before."""
    kind = Notice(payload["notice"])
    at = datetime.fromisoformat(payload["at"])
    said = away.unobserved(payload, now, zone) if kind is Notice.UNOBSERVED else _WRITERS[kind](payload, at)
    lines = [said, f"<i>{moment(at, zone, now, seconds=True)}</i>"]
    if now - at > LATE:
        lines.append(f"⚠️ <b>Late</b>: told {span(now - at)} after")
    if may_repeat:
        lines.append("↻ <i>may repeat: the first send was not acknowledged</i>")
    return Message("\n".join(lines), _buttons(kind, payload), silent=kind in _OVER)


def _alert_blind(payload: Mapping[str, Any], _at: datetime) -> str:
    return (
        f"⚠️ <b>Alert #{int(payload['rule_id'])} is blind</b>: {trouble.blind(payload['reason'])}\n"
        f"<code>{text(_short(payload['alert']))}</code>\nIt cannot fire before that is solved."
    )


def _alert_expired(payload: Mapping[str, Any], _at: datetime) -> str:
    fired = int(payload["fired"])
    often = "It never fired." if not fired else f"It fired {'once' if fired == 1 else f'{fired} times'}."
    return (
        f"⌛ <b>Alert #{int(payload['rule_id'])} has ended</b> and watches no more. {often}\n"
        f"<code>{text(_short(payload['alert']))}</code>"
    )


def _cards_cancelled(payload: Mapping[str, Any], _at: datetime) -> str:
    count = int(payload["count"])
    what = "Your unconfirmed order was" if count == 1 else f"Your {count} unconfirmed orders were"
    return f"✖️ <b>{what} cancelled</b>: the bot is shutting down.\nNothing was sent to the market."


def _chat_closed(payload: Mapping[str, Any], _at: datetime) -> str:
    chat_id = int(payload["chat_id"])
    again = "its person writes to me again" if chat_id > 0 else "somebody writes to me in that group again"
    return (
        f"⚠️ <b>Chat {chat_id} takes no messages</b>: {text(_short(payload['reason']))}\n"
        f"Nothing is lost: when {again}, what it missed is sent."
    )


def _rival(_payload: Mapping[str, Any], _at: datetime) -> str:
    return (
        "⚠️ <b>Another program takes my messages from Telegram</b>: it has this bot's token (409).\n"
        "Alerts still come, but what you write or press may reach the other one instead of me. I keep trying, ever "
        "less often. I send an order only after your press on Confirm has reached me.\n"
        "If it is a second squawkbot of yours, stop it. If you know of none, revoke the token: @BotFather, /revoke."
    )


def _rival_gone(payload: Mapping[str, Any], at: datetime) -> str:
    lasted = span(at - datetime.fromisoformat(payload["since"]))
    return (
        f"✅ <b>I am alone with this bot's token again</b>, after {lasted}\n"
        "What you wrote in that time may not have reached me: repeat what got no answer."
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


def _trading(payload: Mapping[str, Any], _at: datetime) -> str:
    return halt.set_by_another(TradingState(payload["state"]), int(payload["by"]))


def _host_lifted(payload: Mapping[str, Any], _at: datetime) -> str:
    return halt.host_lifted(TradingState(payload["state"]))


def _day_lost(payload: Mapping[str, Any], _at: datetime) -> str:
    loss, limit = Decimal(payload["loss"]), Decimal(payload["limit"])
    return halt.day_lost(payload["account"], loss, limit, payload["currency"])


_WRITERS: Mapping[Notice, Callable[[Mapping[str, Any], datetime], str]] = {
    Notice.LINK_LOST: trouble.link_lost,
    Notice.LINK_BACK: trouble.link_back,
    Notice.TROUBLE: trouble.trouble,
    Notice.TROUBLE_OVER: trouble.trouble_over,
    Notice.ALERT_BLIND: _alert_blind,
    Notice.ALERT_EXPIRED: _alert_expired,
    Notice.ALERT_SPLIT: split.held,
    Notice.ALERT_RENAMED: split.renamed,
    Notice.ORDER_CARDS_CANCELLED: _cards_cancelled,
    Notice.CHAT_CLOSED: _chat_closed,
    Notice.MESSAGE_FAILED: _message_failed,
    Notice.RIVAL: _rival,
    Notice.RIVAL_GONE: _rival_gone,
    Notice.TASK_DIED: _task_died,
    Notice.HOOK_HOST: hooks.host_asked,
    Notice.HOOK_DECIDED: hooks.host_decided,
    Notice.HOOK_TESTED: hooks.tested,
    Notice.HOOK_FAILED: hooks.gave_up,
    Notice.STRANGER: members.stranger,
    Notice.PAIRED: members.has_paired,
    Notice.LET_IN: members.let_in,
    Notice.REST_WAITS: lists.reminder,
    Notice.REST_DROPPED: lists.barren,
    Notice.SECOND_STEP: second_step.news,
    Notice.TRADING: _trading,
    Notice.HOST_LIFTED: _host_lifted,
    Notice.DAY_LOST: _day_lost,
    Notice.TEST: _test,
}
_OWN_BUTTONS: Mapping[Notice, Callable[[Mapping[str, Any]], Rows]] = {
    Notice.ALERT_SPLIT: split.choices,
    Notice.HOOK_HOST: hooks.host_buttons,
    Notice.HOOK_DECIDED: hooks.hook_buttons,
    Notice.HOOK_TESTED: hooks.hook_buttons,
    Notice.HOOK_FAILED: hooks.hook_buttons,
    Notice.STRANGER: members.stranger_buttons,
    Notice.PAIRED: members.has_paired_buttons,
    Notice.SECOND_STEP: second_step.news_buttons,
    Notice.REST_WAITS: lists.rest_buttons,
}


def _buttons(kind: Notice, payload: Mapping[str, Any]) -> Rows:
    if kind in _OWN_BUTTONS:
        return _OWN_BUTTONS[kind](payload)
    if kind in _STATUS:
        return rows((button("🟢 Status", Code.STATUS, Place.ANEW),))
    if kind in {Notice.ALERT_BLIND, Notice.ALERT_RENAMED}:
        return rows((button("🔔 Open alert", Code.ALERT_CARD, Place.ANEW, int(payload["rule_id"])),))
    if kind is Notice.ALERT_EXPIRED:
        number = int(payload["rule_id"])
        again = (("1 day", "1d"), ("1 week", "1w"), ("30 days", "30d"))
        return rows(
            tuple(button(f"🔁 {said}", Code.ALERT_SET, Place.HERE, number, "until", span) for said, span in again),
            (
                button("🔔 Open alert", Code.ALERT_CARD, Place.ANEW, number),
                button("🗑 Delete", Code.ALERT_DELETE, Place.HERE, number),
            ),
        )
    return ()


def _short(value: object) -> str:
    return shortened(str(value), _WORDS)
