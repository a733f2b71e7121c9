"""What was found after a gap, or could not be: firings of what nobody saw live, and what stayed unknown."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerts.rule import Away, Firing
from bot.views.keyboard import shortened
from bot.views.message import Message, text
from bot.views.numbers import exact, moment, price, span
from market.quote import Quote

_MINUTE = timedelta(minutes=1)
_SHOWN = 20
_WORDS = 120
_REASON = 160


def marked(message: Message, fired: Firing, now: datetime, zone: ZoneInfo) -> Message:
    """Return *message* with when it was in its first line, where it was found after a gap."""
    away = fired.away
    if away is None:
        return message
    said = short(away)
    if away.is_observed:
        said += f", {when(away, now, zone)}"
    first, newline, rest = message.html.partition("\n")
    return replace(message, html=f"{first} · <b>{said}</b>{newline}{rest}")


def short(away: Away) -> str:
    """Return in a few words how it was found."""
    if not away.is_observed:
        return "found as I came back"
    if away.is_belated:
        return "while I caught up"
    return "as I came back" if away.is_torn else "while I was away"


def lines(fired: Firing, away: Away, now: datetime, zone: ZoneInfo, quote: Quote | None) -> list[str]:
    """Return what else there is to say of such a firing: how long ago, what is not known, the price now."""
    length = "minute" if away.span <= _MINUTE else "bar"
    if not away.is_observed:
        told = f"🕰 Not observable {_period(away.begin, away.begin + away.span, now, zone)}; this is how it stands now"
    elif away.is_belated:
        told = f"🕰 {span(now - fired.at)} ago: I was still looking up what I had missed before"
    elif away.is_torn:
        told = f"🕰 {span(now - fired.at)} ago, in the {length} in which live data came again"
    else:
        told = f"🕰 {span(now - fired.at)} ago: I had no live data then and found it afterwards"
    if quote is not None and quote.price is not None:
        told += f" · price now <code>{price(quote.price, quote.instrument.decimals)}</code>"
    found = [told]
    if away.is_unordered:
        found.append(f"⚠️ Order within the {length} unknown: by its prices it may have happened, or just not")
    return found


def when(away: Away, now: datetime, zone: ZoneInfo) -> str:
    """Return the minute in which it happened, or between which times."""
    if away.span <= _MINUTE:
        return moment(away.begin, zone, now)
    return f"between {_period(away.begin, away.begin + away.span, now, zone, 'and')}"


def unobserved(payload: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> str:
    """Return the words of a gap of which something stayed unknown."""
    begin, end = datetime.fromisoformat(payload["begin"]), datetime.fromisoformat(payload["end"])
    alerts = payload["alerts"]
    count = "1 alert" if len(alerts) == 1 else f"{len(alerts)} alerts"
    head = f"🕳 <b>{count} not observable {_period(begin, end, now, zone)}</b> ({span(end - begin)})"
    shown = [_line(one) for one in alerts[:_SHOWN]]
    if len(alerts) > _SHOWN:
        shown.append(f"and {len(alerts) - _SHOWN} more: " + ", ".join(f"#{one['rule_id']}" for one in alerts[_SHOWN:]))
    last = "What they watch may have happened then, and I cannot find out. They are watched again now."
    return "\n".join([head, *shown, last])


def _period(begin: datetime, end: datetime, now: datetime, zone: ZoneInfo, word: str = "to") -> str:
    """Return both times, the second with its date where that is not the first's."""
    return f"{moment(begin, zone, now)} {word} {moment(end, zone, begin)}"


def _line(one: Mapping[str, Any]) -> str:
    line = f"#{int(one['rule_id'])} <code>{text(shortened(str(one['alert']), _WORDS))}</code>"
    state = ", ".join(f"{name} {exact(round(float(value), 4))}" for name, value in one["state"])
    if state:
        line += f" · state now: {text(shortened(state, _REASON))}"
    return line + (f" · {text(shortened(str(one['reason']), _REASON))}" if one["reason"] else "")
