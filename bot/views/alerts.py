"""Alerts as they are set, listed and changed; what they say when they fire is in `bot/views/firing.py`."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.condition import Both, Comparison, Either, Repeat
from alerts.default import Rearm, cooldown_of, defaults_of, repeat_of
from alerts.rule import Rule, RuleState
from alerts.spelling import duration_text
from bot.callback_data import Code, Place
from bot.views.condition import crossing_line, describe, direction_of, instrument_of, level_of, looks_at_prices
from bot.views.gauge import Values, gauge, speaks_of_price
from bot.views.keyboard import button, grid, line_button, rows, shortened
from bot.views.message import Button, Message, text
from bot.views.numbers import exact, fixed, moment, percent, price, span
from market.instrument import Instrument
from market.quote import DataKind, Quote

UNDO_S = 30
_HERE = Place.HERE
_NOTE = 300
_DAY_S = 86_400
_NONE_KNOWN: Values = {}
LINE = 120
MARKS = {
    RuleState.ARMED: "",
    RuleState.PENDING: "⏳ ",
    RuleState.FIRED: "✔️ ",
    RuleState.SNOOZED: "😴 ",
    RuleState.PAUSED: "⏸ ",
    RuleState.BLIND: "⚠️ ",
    RuleState.EXPIRED: "⌛ ",
}
_WAKES = {"recross": "until it has been false once", "open": "until the market opens"}


@dataclass(frozen=True, slots=True)
class AlertRow:
    """
    One alert as listed, with its instrument's *price* now.

    *distance_pct* is how far the price must move to fire it (signed), *distance_atr* the same in daily average true
    ranges; None where there is no such number. *values* are those of its condition, by their text. *on_bars*: it has
    no market data line and runs on 1-minute bars. *calms*: when it fires, it speaks for its owner's other price alerts
    for a while.
    """

    rule: Rule
    price: float | None = None
    distance_pct: float | None = None
    distance_atr: float | None = None
    on_bars: bool = False
    calms: bool = False
    values: Values = field(default_factory=dict)

    @property
    def reading(self) -> str:
        """
        What the alert's number is now, as plain text, "" where it is not known.

        That is the instrument's price, but for an alert that speaks about another number: a ratio, an indicator, a bid.
        """
        told = gauge(self.rule, self.values)
        if told is not None:
            return told.told
        return "" if self.price is None or not speaks_of_price(self.rule) else price(self.price, decimals_of(self.rule))


def created(
    rule: Rule,
    quote: Quote | None,
    *,
    already_true: bool,
    now: datetime,
    zone: ZoneInfo,
    trouble: str = "",
    values: Values = _NONE_KNOWN,
) -> Message:
    """
    Return the answer to a new alert: what is watched, the price now and how far it is.

    One that is *already_true* says that it fires at once, and offers to wait for the next crossing instead. *trouble*
    (plain text) says why there is no price. *values* are those of its condition, by their text.
    """
    lines = [
        f"✅ <b>Alert #{rule.id} set</b> · {text(shortened(describe(rule), LINE))}",
        *_instrument_lines(rule),
        "",
        *_measured(rule, values),
        *_now_lines(rule, quote, now, trouble),
        _repeats(rule),
        *_option_lines(rule, now, zone),
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
            (button("✏️ Edit", Code.ALERT_EDIT, _HERE, rule.id), *_state_buttons(rule)),
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
        f"🔔 <b>Alert #{rule.id}</b> · {text(shortened(describe(rule), LINE))}",
        *_instrument_lines(rule),
        "",
        state_line(rule, now=now, zone=zone),
        *_distance_lines(row),
        _repeats(rule),
        *_option_lines(rule, now, zone),
        *(["🤫 When it fires, it speaks for your other price alerts for 15 min"] if row.calms else []),
        *_fired_lines(rule, now=now, zone=zone),
        *_note(rule),
        f"<code>{text(rule.text)}</code>",
    ]
    edit = button("✏️ Edit", Code.ALERT_EDIT, _HERE, rule.id)
    return Message(
        "\n".join(lines),
        rows((edit, *_state_buttons(rule)), snooze_buttons(rule, _HERE), _more_buttons(rule), _subject_buttons(row)),
    )


def snooze_buttons(rule: Rule, place: Place) -> tuple[Button, ...]:
    """Return the ways to be left in peace for a while; none for an alert that was put aside by hand."""
    if rule.state in {RuleState.PAUSED, RuleState.EXPIRED, RuleState.SNOOZED}:
        return ()
    return tuple(
        button(f"😴 {label}", Code.ALERT_SNOOZE, place, rule.id, what)
        # A fourth would not fit a phone's width; tomorrow is behind the last.
        for label, what in (("15m", "15m"), ("1h", "1h"), ("Longer…", "more"))
    )


def snoozing(rule: Rule, *, place: Place) -> Message:
    """Return the question for how long an alert is to be silent."""
    choices = [("15 min", "15m"), ("1 hour", "1h"), ("Tomorrow", "tomorrow")]
    if instrument_of(rule) is not None:
        choices.insert(2, ("Until open", "open"))
    if looks_at_prices(rule):
        choices.append(("Until re-cross", "recross"))
    asked = [button(f"😴 {label}", Code.ALERT_SNOOZE, place, rule.id, what) for label, what in choices]
    back = (button("« Back", Code.ALERT_CARD, place, rule.id),)
    return Message(
        f"😴 <b>Snooze alert #{rule.id}</b> · {text(shortened(describe(rule), LINE))}\n"
        "For how long? It tells you again after that if it still holds.",
        rows(*grid(asked, 3), back),
    )


def deleted(rule: Rule) -> Message:
    """Return what stands in the place of an alert that was deleted, with the way back."""
    return Message(
        f"🗑 <b>Alert #{rule.id} deleted</b> · {text(shortened(describe(rule), LINE))}\n<code>{text(rule.text)}</code>",
        rows(
            (
                button(f"↩️ Undo {UNDO_S} s", Code.ALERT_RESTORE, _HERE, rule.id),
                button("🔔 All alerts", Code.ALERT_LIST, _HERE, 0, 0),
            )
        ),
    )


def state_line(rule: Rule, *, now: datetime, zone: ZoneInfo) -> str:
    """Return where the alert is in its life, since when, until when it sleeps, and for a blind one why."""
    since = moment(rule.since, zone, now)
    reason = f": {text(shortened(rule.reason, _NOTE))}" if rule.reason else ""
    until = ""
    if rule.state is RuleState.SNOOZED:
        ends = [f"until {moment(rule.snoozed_until, zone, now)}"] if rule.snoozed_until is not None else []
        ends += [_WAKES[rule.wake_on]] if rule.wake_on in _WAKES and not ends else []
        until = f", {ends[0]}" if ends else ""
    return f"{MARKS[rule.state]}{rule.state.value.capitalize()} since {since}{until}{reason}"


def kind_mark(kind: DataKind) -> str:
    """Return the mark that data other than live always bears."""
    return "" if kind is DataKind.LIVE else f" · ⏱ {kind.value}"


def needs_of(row: AlertRow) -> str:
    """
    Return how far it is from firing, in percent and, where known, in average true ranges. HTML.

    Of several conditions together it is the nearest level that is so far away, which may not be all it takes.
    """
    atr = "" if row.distance_atr is None else f" ({fixed(abs(row.distance_atr), 1)} ATR)"
    whose = "nearest level " if isinstance(row.rule.draft.condition, Both | Either) else ""
    return f"{whose}needs <b>{percent(row.distance_pct)}</b>{atr}"


def _distance_lines(row: AlertRow) -> list[str]:
    told = gauge(row.rule, row.values)
    if told is not None and not told.is_price:
        line = f"{text(told.name)} now <code>{text(told.told)}</code>"
    elif row.price is not None:
        line = f"{_now(row.rule, instrument_of(row.rule))} <code>{price(row.price, decimals_of(row.rule))}</code>"
    else:
        return []
    if row.distance_pct is not None and row.rule.is_watching:
        line += f" · {needs_of(row)}"
    return [line + (" · 1m bars" if row.on_bars else "")]


def _now_lines(rule: Rule, quote: Quote | None, now: datetime, trouble: str) -> list[str]:
    if not looks_at_prices(rule):
        return []
    if quote is None or quote.price is None:
        why = f" ({text(shortened(trouble, _NOTE))})" if trouble else ""
        return [f"No price yet{why}. I watch as soon as one comes."]
    line = f"{_now(rule, quote.instrument)} <code>{price(quote.price, quote.instrument.decimals)}</code>"
    level = level_of(rule)
    if level is not None and quote.price and rule.is_watching and not _is_reached(rule, quote.price, level):
        line += f" · needs <b>{percent((level / quote.price - 1) * 100)}</b>"
    age = quote.age(now)
    if age is not None and age > timedelta(minutes=1):
        line += f" · {span(age)} old"
    return [line + kind_mark(quote.kind)]


def _measured(rule: Rule, values: Values) -> list[str]:
    """Return the number that the alert speaks about, where that is no instrument's price."""
    told = gauge(rule, values)
    return [] if told is None or told.is_price else [f"{text(told.name)} now <code>{text(told.told)}</code>"]


def _now(rule: Rule, instrument: Instrument | None) -> str:
    """Return the word before a price: of several instruments it says whose price that is."""
    return "Now" if instrument is None or len(rule.instruments) == 1 else f"{text(instrument.label)} now"


def _is_reached(rule: Rule, now: float, level: float) -> bool:
    """Return whether the price stands where the rule waits for it, so that there is no way to go to speak of."""
    way = direction_of(rule)
    is_there = now >= level if way == "▲" else now <= level
    return isinstance(rule.draft.condition, Comparison) and way != "↕" and is_there


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
    if defaults_of(rule.draft).rearm is Rearm.SESSION:
        return "Fires once a session"
    cooldown = cooldown_of(rule.draft)
    return "Fires every time" + (f", at most once in {_length(cooldown)}" if cooldown else "")


def _option_lines(rule: Rule, now: datetime, zone: ZoneInfo) -> list[str]:
    """Return the options that change when it speaks and to whom, on one line; none where none was given."""
    options = rule.draft.options
    parts = [
        f"only {options.most} time{'' if options.most == 1 else 's'}" if options.most is not None else "",
        f"after it held {_length(options.hold)}" if options.hold is not None else "",
        f"hysteresis {exact(options.hysteresis_pct)}%" if options.hysteresis_pct is not None else "",
        {"rth": "regular hours", "eth": "extended hours too"}.get(str(options.hours), ""),
        f"until {_end(options.until, now, zone)}" if options.until is not None else "",
        "critical" if options.critical else "",
        "silent" if options.silent else "",
        f"#{options.tag}" if options.tag else "",
        f"to @{options.to}" if options.to else "",
        f"then: {options.then}" if options.then else "",
    ]
    told = " · ".join(text(shortened(part, LINE)) for part in parts if part)
    return [told] if told else []


def _length(length: timedelta) -> str:
    """Return a length as it was typed, to the second: `1 h 30 min`, `90s`."""
    seconds = int(length.total_seconds())
    unit = 1 if seconds < 60 else 60 if seconds < _DAY_S else 3600  # noqa: PLR2004  a minute
    return duration_text(length) if seconds % unit else span(length)


def _end(until: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return when an alert ends, in the person's time: a midnight as the end of the day before it."""
    own = until.astimezone(zone)
    if own.time() != time():
        return moment(until, zone, now)
    last = own - timedelta(days=1)
    year = "" if last.year == now.astimezone(zone).year else f" {last.year}"
    return f"the end of {last:%a} {last.day} {last:%b}{year}"


def _note(rule: Rule) -> list[str]:
    note = rule.draft.options.note
    return [f"📝 {text(shortened(note, _NOTE))}"] if note else []


def _state_buttons(rule: Rule) -> tuple[Button, ...]:
    if rule.state in {RuleState.PAUSED, RuleState.SNOOZED}:
        wakes = Code.ALERT_RESUME if rule.state is RuleState.PAUSED else Code.ALERT_REARM
        change = button("▶️ Resume", wakes, _HERE, rule.id)
    elif rule.is_watching:
        change = button("⏸ Pause", Code.ALERT_PAUSE, _HERE, rule.id)
    else:
        change = button("🔁 Re-arm", Code.ALERT_REARM, _HERE, rule.id)
    return (change, button("🗑 Delete", Code.ALERT_DELETE, _HERE, rule.id))


def _more_buttons(rule: Rule) -> tuple[Button, ...]:
    chart = () if instrument_of(rule) is None else (button("📈 Chart", Code.ALERT_CHART, Place.ANEW, rule.id),)
    past = (button("🧮 Backtest", Code.ALERT_BACKTEST, Place.ANEW, rule.id),) if looks_at_prices(rule) else ()
    return (
        *chart,
        button("🕘 History", Code.ALERT_HISTORY, _HERE, rule.id, 0),
        *past,
        button("⧉ Clone", Code.ALERT_CLONE, Place.ANEW, rule.id),
    )


def _subject_buttons(row: AlertRow) -> tuple[Button, ...]:
    rule = row.rule
    instrument = instrument_of(rule)
    quote = () if instrument is None else (button("📊 Quote", Code.QUOTE, Place.ANEW, instrument.con_id),)
    calm: tuple[Button, ...] = ()
    if looks_at_prices(rule):
        label, to = ("🔊 Calm no more", "off") if row.calms else ("🤫 Calm others", "on")
        calm = (button(label, Code.ALERT_CALM, _HERE, rule.id, to),)
    return (*quote, *calm, button("« All alerts", Code.ALERT_LIST, _HERE, 0, 0))


def decimals_of(rule: Rule) -> int:
    """Return how many decimals prices of the rule's first instrument have."""
    instrument = instrument_of(rule)
    return 2 if instrument is None else instrument.decimals
