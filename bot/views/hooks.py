"""Webhooks in the chat: what is set, what an admin is asked, and what became of them."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from alerts.rule import Rule
from bot.address import LONGEST_URL, UrlFault
from bot.callback_data import Code, Place
from bot.views.condition import describe
from bot.views.keyboard import button, rows, shortened
from bot.views.message import Message, Rows, Style, text
from storage.hook import Hook

_HERE = Place.HERE
_LINE = 120
_URL = 200
_SHOWN = 20
_EXAMPLE = "https://example.com/alerts"
_FAULTS = {
    UrlFault.LONG: f"it has more than {LONGEST_URL} characters",
    UrlFault.SCHEME: "it must begin with https://",
    UrlFault.USER: "a user name or password in an address is not taken",
    UrlFault.NAME: "it needs a host's full name, no number and no name of your own network",
    UrlFault.PORT: "its port is none",
    UrlFault.CHARACTERS: "it has characters in it that an address has not",
}
_ALLOWED_NOT_YET = "⏳ waits for an admin to allow the host"


def digest_of(host: str) -> str:
    """Return what a button says of *host*, which may be too long for one: enough to know it again."""
    return hashlib.sha256(host.encode()).hexdigest()[:16]


def overview(hooks: Sequence[Hook], allowed: Sequence[str]) -> Message:
    """Return a person's webhooks, by alert."""
    if not hooks:
        return Message("🌐 <b>None of your alerts has a webhook.</b>\n" + _how())
    lines = [f"🌐 <b>{len(hooks)} alert{' sends' if len(hooks) == 1 else 's send'} to the web too</b>"]
    waits = f" · {_ALLOWED_NOT_YET}"
    lines += [f"#{one.rule_id} → {text(one.host)}{'' if one.host in allowed else waits}" for one in hooks[:_SHOWN]]
    if len(hooks) > _SHOWN:
        lines.append(f"and {len(hooks) - _SHOWN} more")
    each = [button(f"🌐 #{hook.rule_id}", Code.HOOK_CARD, _HERE, hook.rule_id) for hook in hooks[:_SHOWN]]
    in_rows = [each[start : start + 5] for start in range(0, len(each), 5)]
    return Message("\n".join([*lines, _how()]), rows(*in_rows))


def card(rule: Rule, hook: Hook | None, *, is_allowed: bool) -> Message:
    """Return one alert's webhook, its secret not shown again."""
    about = f"alert #{rule.id} · {text(shortened(describe(rule), _LINE))}"
    back = (button("🔔 Open alert", Code.ALERT_CARD, _HERE, rule.id),)
    if hook is None:
        how = f"Set it: <code>/hook {rule.id} {_EXAMPLE}</code>"
        return Message(f"🌐 <b>No webhook</b> for {about}\nIt is told in the chat only. {how}", rows(back))
    state = "✅ each firing is sent there too" if is_allowed else _ALLOWED_NOT_YET
    test = (button("🧪 Test", Code.HOOK_TEST, _HERE, rule.id),) if is_allowed else ()
    return Message(
        f"🌐 <b>Webhook</b> of {about}\n<code>{text(shortened(hook.url, _URL))}</code>\n{state}\n"
        "A new secret comes with setting it anew.",
        rows((*test, button("🗑 Remove", Code.HOOK_REMOVE, _HERE, rule.id)), back),
    )


def saved(hook: Hook, *, is_allowed: bool, asked: int) -> Message:
    """Return the answer to a webhook that is set: its secret, this once. *asked*: how many admins were."""
    if is_allowed:
        state = "From now on each of its firings is sent there too."
    elif asked:
        state = f"⏳ Nothing is sent before an admin allows <b>{text(hook.host)}</b>. I have asked."
    else:
        state = f"⚠️ An admin must allow <b>{text(hook.host)}</b>, and none has written to me yet: nothing is sent."
    test = (button("🧪 Test", Code.HOOK_TEST, _HERE, hook.rule_id),) if is_allowed else ()
    return Message(
        f"✅ <b>Webhook of alert #{hook.rule_id} set</b> to {text(hook.host)}\n{state}\n"
        f"Its secret, shown this once: <code>{text(hook.secret)}</code>\n"
        "With it the other end checks <code>X-Squawkbot-Signature</code> (docs/webhook.md).",
        rows((*test, button("🗑 Remove", Code.HOOK_REMOVE, _HERE, hook.rule_id))),
        protect=True,
    )


def refused(url: str, fault: UrlFault) -> Message:
    """Return why *url* is none to send to."""
    return Message(
        f"🤔 <b>I cannot send there</b>: {_FAULTS[fault]}.\n<code>{text(shortened(url, _URL))}</code>\n"
        f"Nothing was changed. For example: <code>{_EXAMPLE}</code>"
    )


def removed(rule_id: int, *, was_set: bool) -> Message:
    """Return the answer to a removal."""
    if not was_set:
        return Message(f"🌐 <b>Alert #{rule_id} has no webhook.</b> Nothing was changed.\n{_how()}")
    return Message(f"🗑 <b>Webhook of alert #{rule_id} removed.</b> It is told in the chat only.")


def not_allowed_yet(hook: Hook) -> Message:
    """Return the answer to a test before the host is allowed."""
    return Message(f"⏳ <b>Not sent</b>: an admin has not allowed {text(hook.host)} yet.")


def testing(hook: Hook) -> Message:
    """Return the answer to a test: what became of it comes as a message of its own."""
    return Message(f"🧪 <b>Test of alert #{hook.rule_id}'s webhook is on its way</b> to {text(hook.host)}.")


def private_only() -> Message:
    """Return the answer to /hook in a group: addresses and secrets are nobody else's business."""
    return Message("🌐 <b>Webhooks are set in the private chat with me.</b> Nothing was done.")


def what_of_it(said: str) -> Message:
    """Return the answer to a /hook that is not understood."""
    return Message(f"🤔 <b>I don't understand /hook {text(shortened(said, 60))}.</b> Nothing was changed.\n{_how()}")


def hosts(allowed: Sequence[str]) -> Message:
    """Return the hosts that webhooks may go to, for admins."""
    if not allowed:
        return Message("🌐 <b>No host is allowed yet.</b> I ask you when somebody needs one.")
    listed = "\n".join(text(host) for host in allowed[:_SHOWN])
    forbid = [(button(f"🚫 {host}", Code.HOOK_FORBID, digest_of(host)),) for host in allowed[:_SHOWN]]
    more = f"\nand {len(allowed) - _SHOWN} more" if len(allowed) > _SHOWN else ""
    return Message(f"🌐 <b>Webhooks may go to</b>\n{listed}{more}\nForbid one by its button.", rows(*forbid))


def decided(host: str, *, is_allowed: bool) -> Message:
    """Return what stands in the place of the question once an admin has answered it."""
    if is_allowed:
        return Message(f"✅ <b>{text(host)} is allowed</b> for everybody's webhooks.\n/hook hosts takes it back.")
    return Message(f"✖️ <b>{text(host)} is not allowed.</b> Nothing is sent there.")


def host_asked(payload: Mapping[str, Any], _at: datetime) -> str:
    """Return the question to the admins: may alerts be sent to this host?"""
    return (
        f"🌐 <b>May alerts be sent to {text(payload['host'])}?</b>\n"
        f"User {int(payload['owner'])} asks for alert #{int(payload['rule_id'])}: "
        f"<code>{text(shortened(str(payload['alert']), _LINE))}</code>\n"
        "What it sends there: the alert, its note and the price. Allowing it holds for everybody's webhooks."
    )


def host_buttons(payload: Mapping[str, Any]) -> Rows:
    """Return the answers to it; they hold for the host that the question shows and for no other."""
    known = int(payload["rule_id"]), digest_of(str(payload["host"]))
    return rows(
        (
            button("✅ Allow", Code.HOOK_ALLOW, *known, style=Style.SUCCESS),
            button("✖️ Refuse", Code.HOOK_REFUSE, *known, style=Style.DANGER),
        )
    )


def host_decided(payload: Mapping[str, Any], _at: datetime) -> str:
    """Return what the webhook's owner hears of it."""
    rule_id, host = int(payload["rule_id"]), text(payload["host"])
    if payload["allowed"]:
        return f"✅ <b>An admin allowed {host}</b>\nFrom now on the firings of alert #{rule_id} are sent there too."
    return f"✖️ <b>An admin did not allow {host}</b>\nAlert #{rule_id} is told in the chat only."


def tested(payload: Mapping[str, Any], _at: datetime) -> str:
    """Return what became of a test."""
    host, reason = text(payload["host"]), str(payload["reason"])
    if not reason:
        number = int(payload["rule_id"])
        return f"✅ <b>The test arrived</b>: {host} took it.\nAlert #{number} is sent there when it fires."
    return (
        f"❌ <b>The test did not arrive</b>: {host}, {text(shortened(reason, _LINE))}.\n"
        "A firing would be tried again for a day. In the chat you are told in any case."
    )


def gave_up(payload: Mapping[str, Any], _at: datetime) -> str:
    """Return that a firing could not be handed over."""
    return (
        f"❌ <b>Webhook of alert #{int(payload['rule_id'])} failed for a day</b>: {text(payload['host'])}, "
        f"{text(shortened(str(payload['reason']), _LINE))}.\n"
        "What it could not take is not sent there any more; in the chat you were told. Newer firings are tried."
    )


def hook_buttons(payload: Mapping[str, Any]) -> Rows:
    """Return the way to the webhook that a notice speaks of."""
    return rows((button("🌐 Webhook", Code.HOOK_CARD, Place.ANEW, int(payload["rule_id"])),))


def _how() -> str:
    return (
        f"Set one: <code>/hook 3 {_EXAMPLE}</code>\nTry it: <code>/hook 3 test</code> · "
        "end it: <code>/hook 3 off</code>"
    )
