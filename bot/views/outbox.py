"""Outbox row -> message: the notifier knows no kind by name, this does."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from alerts.codec import firing_from_json
from alerts.rule import Rule
from bot.views.firing import firing
from bot.views.message import Message
from bot.views.notices import notice
from bot.views.order_news import order_news
from bot.views.summary import daily_summary
from market.quote import Quote
from trading.codec import news_from_json, summary_from_json


def render(
    kind: str,
    payload: Mapping[str, Any],
    *,
    now: datetime,
    zone: ZoneInfo,
    may_repeat: bool = False,
    quote: Quote | None = None,
    happened: datetime | None = None,
    wording: Callable[[Rule], str | None] = lambda _rule: None,
) -> Message:
    """
    Return the message of an outbox row.

    *may_repeat* marks one that may have arrived before; *quote* is the price now, told with a late firing. *happened*
    is when what it tells of happened (of a summary: when the session ended), *wording* gives an alert's template.
    Raises ValueError for an unknown kind, and KeyError, TypeError or ValueError where the payload is not of its kind.
    """
    match kind:
        case "firing":
            fired = firing_from_json(dict(payload))
            own = wording(fired.rule)
            return firing(fired, now=now, zone=zone, may_repeat=may_repeat, quote=quote, wording=own)
        case "order":
            return order_news(news_from_json(payload), now=now, zone=zone, may_repeat=may_repeat)
        case "summary":
            return daily_summary(summary_from_json(payload), now=now, zone=zone, may_repeat=may_repeat, closed=happened)
        case "notice":
            return notice(payload, now=now, zone=zone, may_repeat=may_repeat)
        case _:
            raise ValueError(kind)
