"""Limits as an admin sets them, and as they hold for a person."""

import re
from collections.abc import Sequence
from decimal import Decimal

from bot.views.keyboard import shortened
from bot.views.message import Message, text
from bot.views.numbers import exact
from trading.limit_book import EVERYBODY, Held, Tightening, written

BACK = "reset"
"""The word that takes a tightening back."""

_SAID = 60
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_PEOPLE = 30
LABELS = {
    "order_value": "order value",
    "daily_value": "daily value",
    "total_daily_value": "daily value of all people",
    "position_value": "position size",
    "net_liquidation_pct": "position, % of net liquidation",
    "orders_per_minute": "orders per minute",
    "total_orders_per_minute": "orders per minute of all people",
    "collar_pct": "price collar, %",
    "duplicate_s": "same order again after, s",
    "symbols": "symbols allowed",
    "forbidden": "symbols forbidden",
    "kinds": "instrument kinds",
    "short_selling": "short selling",
    "quote_age_s": "quote age, s",
    "closed_market": "orders while closed",
    "buying_power": "buying power must suffice",
    "daily_loss": "daily loss",
}
"""Each limit's name for people, in the order in which they are listed."""


def limits(held: Sequence[Held], tightened: Sequence[Tightening], *, is_admin: bool, done: str = "") -> Message:
    """
    Return the limits as they hold for the reader; an admin also sees what was *tightened* for whom.

    *done* (plain text) is what has just been changed.
    """
    known = {one.name: one for one in held}
    lines = [f"✅ <b>{text(done)}</b>" if done else "🛂 <b>Limits</b> for your orders", ""]
    lines += [f"{label}: {_standing(known[name])}" for name, label in LABELS.items()]
    lines += ["", "Money is in the account's own currency. The settings on the host are the ceiling."]
    if is_admin:
        lines += _tightened(tightened)
    return Message("\n".join(lines))


def _standing(one: Held) -> str:
    tightened = "" if one.value == one.ceiling else f" (tightened from {_value(one.name, one.ceiling)})"
    return f"<b>{_value(one.name, one.value)}</b>{tightened}"


def _value(name: str, value: object) -> str:
    return text(_plain_value(name, value))


def _plain_value(name: str, value: object) -> str:
    if isinstance(value, Decimal | float | int) and not isinstance(value, bool):
        return exact(Decimal(str(value)))
    if name == "forbidden" and not value:
        return "none"
    if value is None and name in {"symbols", "kinds"}:
        return "all"
    return written(name, value)


def _grouped(value: str) -> str:
    """Return a written value with its thousands apart, where it is one number."""
    return exact(Decimal(value)) if _NUMBER.fullmatch(value) else value


def _tightened(found: Sequence[Tightening]) -> list[str]:
    shown = [
        f"{_whom(one.user_id)}: {LABELS[one.name]} {text(_grouped(one.value))}, by <code>{one.by}</code>"
        for one in found[:_PEOPLE]
    ]
    more = [f"and {len(found) - _PEOPLE} more"] if len(found) > _PEOPLE else []
    return [
        "",
        "<b>Tightened here</b>" if found else "Nothing is tightened here.",
        *shown,
        *more,
        "",
        "<code>/limits order_value 20000</code> for everybody",
        "<code>/limits 222 order_value 5000</code> for one person",
        f"<code>/limits order_value {BACK}</code> takes that back",
        f"Names: {', '.join(f'<code>{name}</code>' for name in LABELS)}",
    ]


def _whom(user_id: int) -> str:
    return "everybody" if user_id == EVERYBODY else f"<code>{user_id}</code>"


def was_set(name: str, value: object, user_id: int) -> str:
    """Return, in plain text, which *value* of the limit is in force now that it was set."""
    return f"{LABELS[name]} for {_plain_whom(user_id)}: {shortened(_plain_value(name, value), _SAID)}"


def was_dropped(name: str, user_id: int) -> str:
    """Return, in plain text, that what was set was taken back."""
    return f"{LABELS[name]} for {_plain_whom(user_id)}: as the settings say"


def _plain_whom(user_id: int) -> str:
    return "everybody" if user_id == EVERYBODY else str(user_id)


def nobody(user_id: str) -> Message:
    """Return what is said where no person has the id."""
    return Message(
        f"🤔 <b>Nobody here has the id {text(shortened(user_id, _SAID))}.</b> Nothing was changed.\n"
        "/users shows who does."
    )


def nothing_to_drop(name: str) -> Message:
    """Return what is said where nothing was tightened."""
    return Message(f"🛂 <b>{LABELS[name]} is not tightened here.</b> Nothing was changed.")


def needs_code() -> Message:
    """Return what is said of a limit that is loosened without the code that it takes."""
    return Message(
        "🔑 <b>To allow more than now takes a code.</b> Nothing was changed.\n"
        "Put it at the end, such as <code>/limits order_value reset 123456</code>; I delete your message at once."
    )


def unreadable(name: str, value: str) -> str:
    """Return, as HTML, what is said of a limit that cannot be set so."""
    if name not in LABELS:
        names = ", ".join(f"<code>{one}</code>" for one in LABELS)
        return f"🤔 <b>There is no limit “{text(shortened(name, _SAID))}”.</b> Nothing was changed.\nThere are: {names}"
    return (
        f"🤔 <b>“{text(shortened(value, _SAID))}” is nothing for {LABELS[name]}.</b> Nothing was changed.\n"
        f"This would do: <code>/limits {name} {_EXAMPLES.get(name, '5000')}</code>"
    )


def not_tighter(name: str, ceiling: str) -> str:
    """Return, as HTML, what is said of a limit that the settings make as tight already."""
    standing = f"{LABELS[name]} {text(_grouped(ceiling))}"
    return (
        f"🛂 <b>The settings on the host allow no more than that anyway</b>: {standing}.\n"
        "Nothing was changed. Here limits can only be tightened."
    )


_EXAMPLES = {
    "net_liquidation_pct": "10",
    "orders_per_minute": "3",
    "total_orders_per_minute": "5",
    "collar_pct": "2",
    "duplicate_s": "30",
    "symbols": "AAPL SPY",
    "forbidden": "GME AMC",
    "kinds": "STK",
    "short_selling": "off",
    "quote_age_s": "15",
    "closed_market": "off",
    "buying_power": "on",
    "daily_loss": "500",
}
