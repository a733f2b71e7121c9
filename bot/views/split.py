"""Alerts on shares that were split, or that have another symbol now: what is told, and what may be done."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.callback_data import Code, Place
from bot.views.keyboard import button, rows, shortened
from bot.views.message import Rows, text
from bot.views.numbers import exact

_LINE = 400


def held(payload: Mapping[str, Any], _at: datetime) -> str:
    """
    Return the notice of an alert that is held.

    Fields: rule_id, symbol, split (`2:1`), alert: its line, adjusted: the line with its levels in the new scale, ""
    where there are none; before and after: its one level (numbers, null where it has none or several).
    """
    seems = f"{text(payload['symbol'])} was split {text(payload['split'])}, it seems"
    lines = [
        f"✂️ <b>{seems}: alert #{int(payload['rule_id'])} is held</b>",
        "It watches nothing until you choose. Nothing was sent to the market.",
        f"<code>{text(_short(payload['alert']))}</code>",
    ]
    if payload["adjusted"]:
        lines += ["In today's prices:", f"<code>{text(_short(payload['adjusted']))}</code>"]
    else:
        lines.append("I cannot say what it becomes: edit it, or keep it as it is.")
    return "\n".join(lines)


def choices(payload: Mapping[str, Any]) -> Rows:
    """Return the buttons of that notice."""
    number = int(payload["rule_id"])
    before, after = payload["before"], payload["after"]
    adjust = "✅ Adjust" if after is None else f"✅ Adjust to {exact(float(after))}"
    keep = "Keep it as it is" if before is None else f"Keep {exact(float(before))}"
    wanted = (button(adjust, Code.ALERT_SPLIT, Place.HERE, number, "adjust"),) if payload["adjusted"] else ()
    return rows(
        (*wanted, button(keep, Code.ALERT_SPLIT, Place.HERE, number, "keep")),
        (button("✏️ Edit", Code.ALERT_EDIT, Place.ANEW, number),),
    )


def renamed(payload: Mapping[str, Any], _at: datetime) -> str:
    """Return the notice of a new symbol. Fields: rule_id, old, new: symbols; alert: its line with the new one."""
    return (
        f"🏷 <b>{text(payload['old'])} is {text(payload['new'])} now</b>: alert #{int(payload['rule_id'])} follows it\n"
        f"<code>{text(_short(payload['alert']))}</code>"
    )


def _short(value: object) -> str:
    return shortened(str(value), _LINE)
