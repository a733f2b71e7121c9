"""Alerts as they are set, listed and changed; what they say when they fire is in `bot/views/firing.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.condition import Repeat
from alerts.default import cooldown_of, repeat_of
from alerts.rule import Rule, RuleState
from bot.callback_data import Code, Place
from bot.views.condition import crossing_line, describe, instrument_of, level_of, looks_at_prices, subject
from bot.views.keyboard import PAGE, button, clamped, grid, line_button, pager, pages, rows, shortened
from bot.views.message import Button, Message, text
from bot.views.numbers import moment, percent, price, span
from market.instrument import Instrument
from market.quote import DataKind, Quote

UNDO_S = 30
_HERE = Place.HERE
_NOTE = 300
_LINE = 120
_MARKS = {
    RuleState.ARMED: "",
    RuleState.PENDING: "⏳ ",
    RuleState.FIRED: "✔️ ",
    RuleState.SNOOZED: "😴 ",
    RuleState.PAUSED: "⏸ ",
    RuleState.BLIND: "⚠️ ",
    RuleState.EXPIRED: "⌛ ",
}


@dataclass(frozen=True, slots=True)
class AlertRow:
    """
    One alert as listed, with its instrument's *price* now.

    *distance_pct* is how far the price must move to fire it (signed); None where there is no such number.
    """

    rule: Rule
    price: float | None = None
    distance_pct: float | None = None


def created(rule: Rule, quote: Quote | None, *, already_true: bool, now: datetime, trouble: str = "") -> Message:
    """
    Return the answer to a new alert: what is watched, the price now and how far it is.

    One that is *already_true* says that it fires at once, and offers to wait for the next crossing instead. *trouble*
    (plain text) says why there is no price.
    """
    lines = [
        f"✅ <b>Alert #{rule.id} set</b> · {text(shortened(describe(rule), _LINE))}",
        *_instrument_lines(rule),
        "",
        *_now_lines(rule, quote, now, trouble),
        _repeats(rule),
        *_note(rule),
    ]
    if already_true:
        lines.append("This is true already, so it fires at once.")
    crossing = crossing_line(rule) if already_true else ""
    next_crossing = line_button("⏭ Next crossing", Code.ALERT_LINE, crossing) if crossing else ()
    return Message(
        "\n".join(lines),
        rows(
            next_crossing,
            _state_buttons(rule),
            (
                button(f"↩️ Undo {UNDO_S} s", Code.ALERT_UNDO, _HERE, rule.id),
                button("🔔 All alerts", Code.ALERT_LIST, _HERE, 0, 0),
            ),
        ),
    )


def card(row: AlertRow, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return one alert with everything known about it and what can be done."""
    rule = row.rule
    lines = [
        f"🔔 <b>Alert #{rule.id}</b> · {text(shortened(describe(rule), _LINE))}",
        *_instrument_lines(rule),
        "",
        state_line(rule, now=now, zone=zone),
        *_distance_lines(row),
        _repeats(rule),
        *_fired_lines(rule, now=now, zone=zone),
        *_note(rule),
        f"<code>{text(rule.text)}</code>",
    ]
    return Message("\n".join(lines), rows(_state_buttons(rule), _subject_buttons(rule)))


def listing(alerts: Sequence[AlertRow], page: int, *, cap: int, version: int, now: datetime, zone: ZoneInfo) -> Message:
    """Return page *page* (from 0) of a user's alerts, in the order given; none at all teaches how to set one."""
    if not alerts:
        return Message(
            "🔔 <b>No alerts yet.</b>\nType one, for example:\n"
            "<code>AAPL &gt; 200</code>\n<code>news AAPL &quot;guidance&quot;</code>\n"
            "<code>scan TOP_PERC_GAIN top 10</code>"
        )
    page = clamped(page, len(alerts))
    total = pages(len(alerts))
    where = f" ({page + 1}/{total})" if total > 1 else ""
    shown = alerts[page * PAGE : (page + 1) * PAGE]
    body = "\n".join(_list_line(row, now=now, zone=zone) for row in shown)
    picks = [button(f"{row.rule.id} {_short_subject(row.rule)}", Code.ALERT_CARD, _HERE, row.rule.id) for row in shown]
    return Message(
        f"🔔 <b>Alerts</b> {len(alerts)} of {cap} · nearest first{where}\n\n{body}",
        rows(*grid(picks, 4), pager(Code.ALERT_LIST, page, len(alerts), version)),
    )


def deleted(rule: Rule) -> Message:
    """Return what stands in the place of an alert that was deleted, with the way back."""
    return Message(
        f"🗑 <b>Alert #{rule.id} deleted</b> · {text(shortened(describe(rule), _LINE))}\n<code>{text(rule.text)}</code>",
        rows(
            (
                button(f"↩️ Undo {UNDO_S} s", Code.ALERT_RESTORE, _HERE, rule.id),
                button("🔔 All alerts", Code.ALERT_LIST, _HERE, 0, 0),
            )
        ),
    )


def state_line(rule: Rule, *, now: datetime, zone: ZoneInfo) -> str:
    """Return where the alert is in its life, since when, and for a blind one why."""
    since = moment(rule.since, zone, now)
    reason = f": {text(shortened(rule.reason, _NOTE))}" if rule.reason else ""
    return f"{_MARKS[rule.state]}{rule.state.value.capitalize()} since {since}{reason}"


def kind_mark(kind: DataKind) -> str:
    """Return the mark that data other than live always bears."""
    return "" if kind is DataKind.LIVE else f" · ⏱ {kind.value}"


def _list_line(row: AlertRow, *, now: datetime, zone: ZoneInfo) -> str:
    rule = row.rule
    head = f"{_MARKS[rule.state]}#{rule.id} <b>{text(shortened(describe(rule), _LINE))}</b>"
    if rule.state is RuleState.FIRED and rule.last_fired is not None:
        return f"{head} · fired {moment(rule.last_fired, zone, now)}"
    if not rule.is_watching or rule.state is RuleState.BLIND:
        return f"{head} · {rule.state.value}"
    if row.distance_pct is None:
        return head
    at = "" if row.price is None else f" · now {price(row.price, _decimals(rule))}"
    return f"{head}{at} · needs <b>{percent(row.distance_pct)}</b>"


def _distance_lines(row: AlertRow) -> list[str]:
    if row.price is None:
        return []
    line = f"Now <code>{price(row.price, _decimals(row.rule))}</code>"
    if row.distance_pct is not None and row.rule.is_watching:
        line += f" · needs <b>{percent(row.distance_pct)}</b>"
    return [line]


def _now_lines(rule: Rule, quote: Quote | None, now: datetime, trouble: str) -> list[str]:
    if not looks_at_prices(rule):
        return []
    if quote is None or quote.price is None:
        why = f" ({text(shortened(trouble, _NOTE))})" if trouble else ""
        return [f"No price yet{why}. I watch as soon as one comes."]
    line = f"Now <code>{price(quote.price, quote.instrument.decimals)}</code>"
    level = level_of(rule)
    if level is not None and quote.price and rule.is_watching:
        line += f" · needs <b>{percent((level / quote.price - 1) * 100)}</b>"
    age = quote.age(now)
    if age is not None and age > timedelta(minutes=1):
        line += f" · {span(age)} old"
    return [line + kind_mark(quote.kind)]


def _instrument_lines(rule: Rule) -> list[str]:
    unique: dict[int, Instrument] = {instrument.con_id: instrument for instrument in rule.instruments.values()}
    return [instrument_line(instrument) for instrument in unique.values()]


def instrument_line(instrument: Instrument) -> str:
    """Return what an instrument is: its label, name, venue, and currency where that is not the dollar."""
    venue = instrument.primary_exchange or instrument.exchange
    parts = [instrument.name, venue, "" if instrument.currency == "USD" else instrument.currency]
    return " · ".join([f"<b>{text(instrument.label)}</b>", *(text(shortened(part, 60)) for part in parts if part)])


def _fired_lines(rule: Rule, *, now: datetime, zone: ZoneInfo) -> list[str]:
    if rule.last_fired is None:
        return ["Has not fired yet"]
    times = "once" if rule.fired_count == 1 else f"{rule.fired_count} times, last"
    return [f"Fired {times} {moment(rule.last_fired, zone, now)}"]


def _repeats(rule: Rule) -> str:
    if repeat_of(rule.draft) is Repeat.ONCE:
        return "Fires once"
    cooldown = cooldown_of(rule.draft)
    return "Fires every time" + (f", at most once in {span(cooldown)}" if cooldown else "")


def _note(rule: Rule) -> list[str]:
    note = rule.draft.options.note
    return [f"📝 {text(shortened(note, _NOTE))}"] if note else []


def _state_buttons(rule: Rule) -> tuple[Button, ...]:
    if rule.state is RuleState.PAUSED:
        change = button("▶️ Resume", Code.ALERT_RESUME, _HERE, rule.id)
    elif rule.is_watching:
        change = button("⏸ Pause", Code.ALERT_PAUSE, _HERE, rule.id)
    else:
        change = button("🔁 Re-arm", Code.ALERT_REARM, _HERE, rule.id)
    return (change, button("🗑 Delete", Code.ALERT_DELETE, _HERE, rule.id))


def _subject_buttons(rule: Rule) -> tuple[Button, ...]:
    instrument = instrument_of(rule)
    quote = () if instrument is None else (button("📊 Quote", Code.QUOTE, Place.ANEW, instrument.con_id),)
    return (*quote, button("« All alerts", Code.ALERT_LIST, _HERE, 0, 0))


def _short_subject(rule: Rule) -> str:
    return shortened(subject(rule), 9)


def _decimals(rule: Rule) -> int:
    instrument = instrument_of(rule)
    return 2 if instrument is None else instrument.decimals
