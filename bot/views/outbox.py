"""Outbox row -> message: the notifier knows no kind by name, this does."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from alerts.codec import firing_from_json
from alerts.rule import Firing, Rule
from bot.views.digest import Quotes, calmed, digest
from bot.views.firing import firing
from bot.views.gathered import Reason, gathered_from_json
from bot.views.heartbeat import heartbeat
from bot.views.inbound import inbound
from bot.views.message import Message
from bot.views.news_alert import Around
from bot.views.notices import notice
from bot.views.order_news import order_news, order_thread
from bot.views.scan_news import scan_told
from bot.views.scan_table import Volumes, unmeasured
from bot.views.summary import daily_summary
from market.quote import Quote
from trading.codec import news_from_json, summary_from_json

_OF_ITSELF: Mapping[str, Callable[..., Message]] = {"notice": notice, "heartbeat": heartbeat, "inbound": inbound}
_HELD = "🌙 <i>It waited for the end of your quiet hours.</i>"


def render(  # noqa: PLR0913  all that surrounds a row
    kind: str,
    payload: Mapping[str, Any],
    *,
    now: datetime,
    zone: ZoneInfo,
    may_repeat: bool = False,
    quote: Quote | None = None,
    happened: datetime | None = None,
    wording: Callable[[Rule], str | None] = lambda _rule: None,
    row_id: int = 0,
    silence: str | None = None,
    quotes: Quotes = lambda _con_id: None,
    source: object | None = None,
    around: Callable[[Firing, Quote | None], Around] = lambda _fired, quote: Around(quote=quote),
    usual: Volumes = unmeasured,
) -> Message:
    """
    Return the message of an outbox row.

    *may_repeat* marks one that may have arrived before; *quote* is the price now, told with a late firing. *happened*
    is when what it tells of happened (of a summary: when the session ended), *wording* gives an alert's template.
    *row_id* is the row's own, *silence* why it was held, *quotes* gives the prices now for a late digest and for
    the rows of scans, whose usual volumes *usual* gives. *source* is
    what the payload was made of, where that is still known. *around* tells what a news alert says beside its headline.
    Raises ValueError for an unknown kind, and KeyError, TypeError or ValueError where the payload is not of its kind.
    """
    match kind:
        case "firing":
            fired = source if isinstance(source, Firing) else firing_from_json(dict(payload))
            own, beside = wording(fired.rule), around(fired, quote)
            message = firing(
                fired,
                now=now,
                zone=zone,
                may_repeat=may_repeat,
                quote=quote,
                wording=own,
                around=beside,
                quotes=quotes,
                usual=usual,
            )
        case "order":
            # An edit is no later news: it is as late as what it changes was.
            noted = datetime.fromisoformat(payload["told"]) if "told" in payload else now
            message = order_news(news_from_json(payload), now=noted, zone=zone, may_repeat=may_repeat)
        case "thread":
            message = order_thread(news_from_json(payload), now=now, zone=zone)
        case "summary":
            told = summary_from_json(payload)
            message = daily_summary(told, now=now, zone=zone, may_repeat=may_repeat, closed=happened)
        case "notice" | "heartbeat" | "inbound" | "scan":
            told_by: Mapping[str, Callable[..., Message]] = {
                **_OF_ITSELF,
                "scan": partial(scan_told, quotes=quotes, usual=usual),
            }
            message = told_by[kind](payload, now=now, zone=zone, may_repeat=may_repeat)
        case "digest":
            root = payload["root"] or row_id
            gathered = gathered_from_json(payload)
            return digest(gathered, root, now=now, zone=zone, may_repeat=may_repeat, quotes=quotes)
        case "calmed":
            # As it stood when it was first sent: an edit is no later news of it.
            sent, repeats = datetime.fromisoformat(payload["sent"]), may_repeat or bool(payload["may_repeat"])
            first = render(
                "firing", payload["firing"], now=sent, zone=zone, may_repeat=repeats, quote=quote, wording=wording
            )
            return calmed(first, gathered_from_json(payload["told"]), payload["root"])
        case _:
            raise ValueError(kind)
    return replace(message, html=f"{message.html}\n{_HELD}") if silence == Reason.QUIET.value else message
