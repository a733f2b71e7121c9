"""What an alert did and would have done: its history, backtests, and what its chart says."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.aftermath import Aftermath
from alerts.aftermath import instrument_of as followed_in
from alerts.errors import AlertError
from alerts.history import Backtest
from alerts.rule import AccountCause, FeedCause, Firing, NewsCause, OrderCause, PriceCause, Rule, ScanCause, TimeCause
from bot.callback_data import Code, Place
from bot.views.condition import describe, level_of
from bot.views.errors import reason
from bot.views.gauge import Gauge, gauge_of, speaks_of_price
from bot.views.keyboard import PAGE, button, clamped, pages, rows, shortened
from bot.views.message import Button, Message, text
from bot.views.numbers import day, exact, moment, percent, price
from market.errors import MarketError
from market.instrument import Instrument

REFUSED = (MarketError, AlertError)
"""What a look into the past may end with."""

_LINE = 120
_DATES = 6
_SHORT = 60
_HERE = Place.HERE
_A_DAY = timedelta(days=1)
_LACK_DAYS = 5
"""Weekends and holidays at the beginning are no lack of bars."""


def which_backtest() -> Message:
    """Return how to ask for a backtest."""
    return Message(
        "🧮 <b>Backtest what?</b> For example:\n<code>/backtest AAPL rsi(14,1h) &lt; 30 1y</code>\n"
        "<code>/backtest AAPL crosses above sma(50, 1d) 2y</code>\n"
        "The span at the end is in d, w, mo or y; without one it is 90 days."
    )


def looking_back(rule: Rule, days: int) -> Message:
    """Return what stands until the numbers are there."""
    return Message(f"🧮 <b>Backtest</b> · {_what(rule)}\n⏳ Looking back {days} days…")


def no_backtest(rule: Rule, error: Exception) -> Message:
    """Return what stands where IBKR gave no bars."""
    why = reason(error) if isinstance(error, MarketError) else type(error).__name__
    return Message(f"🧮 <b>Backtest</b> · {_what(rule)}\n❌ No history: {text(shortened(why, 300))}")


def backtest(rule: Rule, result: Backtest, days: int, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return how often *rule* would have fired in the last *days*, when, and what the price did after."""
    head = f"🧮 <b>Backtest</b> · {_what(rule)}"
    if result.unsupported:
        return Message(f"{head}\nNot possible: {text(result.unsupported)}.")
    lines = [head, _count(result, days), *_medians(result), *_dates(rule, result, now, zone), *_notes(result, zone)]
    line = f"<code>{text(rule.text)}</code>"
    buttons = rows((button("🔔 Open alert", Code.ALERT_CARD, Place.ANEW, rule.id),)) if rule.id else ()
    return Message("\n".join([*lines, line]), buttons)


def would_have_fired(result: Backtest, days: int, zone: ZoneInfo) -> str:
    """Return the lines that a new alert's message gets, HTML; "" where such an alert has no past."""
    if result.unsupported:
        return ""
    note = [f"<i>{text(result.note)}</i>"] if result.note else []
    return "\n".join([f"🧮 {_count(result, days)}", *_medians(result), *_last(result, zone), *note])


def history(rule: Rule, past: Sequence[Aftermath], page: int, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return a page of an alert's firings, newest first, with what the price did 1 h and 1 d after."""
    back = (button("« Back", Code.ALERT_CARD, _HERE, rule.id),)
    head = f"🕘 <b>History of alert #{rule.id}</b> · {_what(rule)}"
    if not past:
        return Message(f"{head}\nIt has not fired yet.", rows(back))
    page = clamped(page, len(past))
    where = f" ({page + 1}/{pages(len(past))})" if pages(len(past)) > 1 else ""
    shown = past[page * PAGE : (page + 1) * PAGE]
    lines = [_past_line(one, now=now, zone=zone) for one in shown]
    turn = _turner(rule, page, len(past))
    return Message(
        "\n".join([f"{head}\nFired {'once' if len(past) == 1 else f'{len(past)} times'}{where}", *lines]),
        rows(turn, back),
    )


def chart(rule: Rule, instrument: Instrument) -> Message:
    """Return the text that a chart becomes the picture of."""
    level = level_of(rule)
    at = "" if level is None else f" · level <code>{price(level, instrument.decimals)}</code>"
    return Message(
        f"📈 <b>{text(instrument.label)}</b> · alert #{rule.id}{at}\n{_what(rule)}",
        rows((button("🔔 Open alert", Code.ALERT_CARD, Place.ANEW, rule.id),)),
    )


def chart_failed(message: Message) -> Message:
    """Return the chart's text where there is no picture."""
    return Message(f"{message.html}\n<i>The picture could not be drawn.</i>", message.buttons)


def _what(rule: Rule) -> str:
    return text(shortened(describe(rule), _LINE))


def _count(result: Backtest, days: int) -> str:
    count, span = len(result.firings), f"the last {days} days"
    seen = days if result.start is None else math.ceil((result.end - result.start) / _A_DAY)
    if days - seen > _LACK_DAYS:
        span = f"the last {seen} day{'' if seen == 1 else 's'}, as far back as {result.size.value} bars were had"
    if not count:
        return f"Would not have fired in {span}"
    times = "once" if count == 1 else f"{count} times"
    return f"Would have fired <b>{times}</b> in {span}"


def _medians(result: Backtest) -> list[str]:
    hour, later = result.median_1h_pct, result.median_1d_pct
    if hour is None and later is None:
        return []
    return [f"Median move after: 1 h <b>{percent(hour)}</b> · 1 d <b>{percent(later)}</b>"]


def _dates(rule: Rule, result: Backtest, now: datetime, zone: ZoneInfo) -> list[str]:
    decimals = 2 if result.instrument is None else result.instrument.decimals
    # Beside a ratio or an indicator it must be said whose price that is.
    whose = "" if result.instrument is None or speaks_of_price(rule) else f"{text(result.instrument.label)} "
    latest = result.firings[-_DATES:][::-1]
    lines = []
    for one in latest:
        after = " · ".join(
            f"{name} {percent((value / one.price - 1) * 100)}"
            for name, value in (("1 h", one.after_1h), ("1 d", one.after_1d))
            if value is not None and one.price
        )
        lines.append(" · ".join(filter(None, (moment(one.at, zone, now), whose + price(one.price, decimals), after))))
    more = len(result.firings) - len(latest)
    return [*lines, *([f"… and {more} before"] if more > 0 else [])]


def _last(result: Backtest, zone: ZoneInfo) -> list[str]:
    days = list(dict.fromkeys(day(one.at, zone) for one in reversed(result.firings)))
    if not days:
        return []
    before = len(days) - _DATES
    more = f" and {before} day{'' if before == 1 else 's'} before" if before > 0 else ""
    return [f"<i>{', '.join(days[:_DATES])}{more}</i>"]


def _notes(result: Backtest, zone: ZoneInfo) -> list[str]:
    since = "" if result.start is None else f"{day(result.start, zone)} to {day(result.end, zone)}"
    told = " · ".join(filter(None, (f"{result.size.value} bars", since, result.note)))
    return [f"<i>{text(told)}</i>"]


def _past_line(past: Aftermath, *, now: datetime, zone: ZoneInfo) -> str:
    firing, at = past.firing, past.price
    followed = followed_in(firing)
    decimals = 2 if followed is None else followed.decimals
    parts = [moment(firing.at, zone, now), _told(firing, decimals)]
    told = gauge_of(firing)
    # Beside a ratio or an indicator it must be said whose price that is.
    whose = "" if followed is None or told is None or told.is_price else f"{text(followed.label)} "
    for name, value in (("1 h", past.after_hour), ("1 d", past.after_day)):
        if value is not None:
            change = f" ({percent((value / at - 1) * 100)})" if at else ""
            parts.append(f"{whose}{name} later {price(value, decimals)}{change}")
    return " · ".join(parts)


def _told(firing: Firing, decimals: int) -> str:  # noqa: PLR0911  one for each cause
    told = gauge_of(firing)
    if told is not None:
        return _measured(told)
    match firing.cause:
        case PriceCause(price=value):
            return f"<code>{price(value, decimals)}</code>"
        case NewsCause(headline):
            return text(shortened(headline.text, _SHORT))
        case ScanCause(rows=found):
            return text(", ".join(row.instrument.label for row in found[:3]))
        case AccountCause(values):
            return text(" ".join(f"{name} {exact(round(value, 4))}" for name, value in list(values.items())[:2]))
        case OrderCause(event, order):
            return text(f"{event.value}: {shortened(order, _SHORT)}")
        case TimeCause() | FeedCause():
            words = firing.cause.message if isinstance(firing.cause, TimeCause) else "nothing received"
            return text(shortened(words, _SHORT) or "its time")


def _measured(told: Gauge) -> str:
    """Return a firing's number; of a price its name need not be said, the head does."""
    value = f"<code>{text(told.told)}</code>"
    return f"{value} {text(told.after)}".rstrip() if told.is_price else f"{text(told.name)} {value}"


def _turner(rule: Rule, page: int, count: int) -> tuple[Button, ...]:
    total = pages(count)
    if total == 1:
        return ()
    return (
        button("◀️", Code.ALERT_HISTORY, _HERE, rule.id, (page - 1) % total),
        button(f"{page + 1}/{total}", Code.NOTHING),
        button("▶️", Code.ALERT_HISTORY, _HERE, rule.id, (page + 1) % total),
    )
