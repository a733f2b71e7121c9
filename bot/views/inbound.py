"""What the inbound webhook brought: an alert's text, or an order line with a button to its card."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.callback_data import Code
from bot.views.firing import LATE
from bot.views.keyboard import line_button, rows
from bot.views.message import Message, Rows, Style, text
from bot.views.numbers import moment, span


def inbound(payload: Mapping[str, Any], *, now: datetime, zone: ZoneInfo, may_repeat: bool = False) -> Message:
    """
    Return the message about a call (`what`, `text`, and `at`, ISO); the card that it asks for comes below it.

    Raises KeyError or ValueError where the payload is not ours.
    """
    what, said, happened = payload["what"], payload["text"], datetime.fromisoformat(payload["at"])
    buttons: Rows = ()
    if what == "alert":
        first, _, rest = said.partition("\n")
        lines = [f"🔔 <b>{text(first)}</b>", *([text(rest)] if rest else [])]
    elif what == "order":
        buttons = rows(line_button("📝 Prepare the card", Code.ORDER_LINE, said, style=Style.PRIMARY))
        way = "Nothing is sent before you press Confirm on its card." if buttons else "Type the line to see its card."
        lines = [f"📝 <b>Order asked for by the webhook:</b> <code>{text(said)}</code>", f"Nothing was ordered. {way}"]
    else:
        raise ValueError(what)
    lines.append(f"<i>{moment(happened, zone, now, seconds=True)} · from the webhook</i>")
    if now - happened > LATE:
        lines.append(f"⚠️ <b>Late</b>: told {span(now - happened)} after")
    if may_repeat:
        lines.append("↻ <i>may repeat: the first send was not acknowledged</i>")
    return Message("\n".join(lines), buttons)
