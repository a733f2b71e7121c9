"""Changing an alert: its level, how often, when and how loud it speaks, and the questions with a free answer."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.amendment import amount_of
from alerts.condition import Repeat, TradingTime
from alerts.default import TABLE, kind_of, repeat_of
from alerts.releveling import releveled, size_mark
from alerts.rule import Rule
from alerts.wording import number_text
from bot.callback_data import Code, Place
from bot.views.alerts import AlertRow, state_line
from bot.views.condition import describe, instrument_of, level_of
from bot.views.keyboard import button, grid, rows, shortened
from bot.views.message import Button, Message, Rows, text
from bot.views.numbers import exact, price
from bot.views.quotes import stepped

_HERE = Place.HERE
_STEPS_PCT = (-5, -2, -1, 1, 2, 5)
_TIMES = (0.5, 0.75, 1.25, 1.5, 2, 3)
_LINE = 120
_CHOSEN = "• "
_ASKED = {
    "level": ("New level", "205 or +3%"),
    "note": ("Note", "earnings on Thursday"),
    "tag": ("Tag, one word", "earnings"),
    "line": ("The whole alert", "AAPL > 205 every cooldown 1h"),
    "until": ("Until when", "friday or 2026-12-24"),
}
_NAMES = {"level": "level", "note": "note", "tag": "tag", "line": "alert", "until": "end"}
QUESTIONS = frozenset(_ASKED)
"""What can be asked for with a free answer."""


def edit_card(row: AlertRow, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return the alert with what can be changed about it; what holds now is marked with a dot."""
    rule = row.rule
    level = level_of(rule)
    instrument = instrument_of(rule)
    lines = [
        f"✏️ <b>Edit alert #{rule.id}</b> · {text(shortened(describe(rule), _LINE))}",
        state_line(rule, now=now, zone=zone),
    ]
    if row.price is not None and instrument is not None:
        lines.append(f"Now <code>{price(row.price, instrument.decimals)}</code>")
    if amount_of(rule.draft) is not None:
        lines.append("New level: tap one, or type your own." if level is not None else "How much: tap or type.")
    lines.append(f"<code>{text(rule.text)}</code>")
    return Message(
        "\n".join(lines),
        rows(
            *grid(_levels(row, now, zone), 3),
            _asking(rule),
            *_options(rule),
            (
                button("🗣 Wording", Code.TEMPLATE_CARD, _HERE, rule.id),
                button("🌐 Webhook", Code.HOOK_CARD, _HERE, rule.id),
            ),
            (button("« Back", Code.ALERT_CARD, _HERE, rule.id),),
        ),
    )


def dropped_end(before: Rule, after: Rule, now: datetime) -> str:
    """Return how an answer goes on where a rule that watches again lost its end, which was over; else ""."""
    until = before.draft.options.until
    is_dropped = until is not None and until <= now and after.draft.options.until is None
    return "; its end was over and is dropped" if is_dropped else ""


def question(rule: Rule, what: str, now_price: float | None = None) -> Message:
    """Return the question for *what* (one of `QUESTIONS`), which is answered by a reply."""
    asked, example = _ASKED[what][0], _example(rule, what)
    instrument = instrument_of(rule)
    at = ""
    if now_price is not None and instrument is not None and what == "level":
        at = f" (now {price(now_price, instrument.decimals)})"
    standing = f"\n<code>{text(rule.text)}</code>" if what == "line" else ""
    return Message(
        f"✏️ <b>{asked}</b> for alert #{rule.id}, {text(shortened(describe(rule), _LINE))}{at}?\n"
        f"Reply with it, for example <code>{text(example)}</code>{standing}",
        asks=example,
    )


def unfit(rule: Rule, what: str, said: str, expected: str, readings: Sequence[float] = ()) -> Message:
    """Return the answer to a reply that is none, with a button for each number of which one is surely meant."""
    lines = [
        f"🤔 <b>{text(shortened(said, 60))} is no {_NAMES[what]} for alert #{rule.id}.</b> Nothing was changed.",
        f"Here I expected {text(expected)}{'' if expected.endswith('?') else '.'}",
    ]
    if readings:
        lines.append("Tap the one you mean, or answer once more.")
    elif what != "line":
        lines.append(f"For example <code>{text(_example(rule, what))}</code>; you can answer once more.")
    picks = [button(exact(value), Code.ALERT_SET, _HERE, rule.id, "level", number_text(value)) for value in readings]
    return Message("\n".join(lines), rows(picks))


def _example(rule: Rule, what: str) -> str:
    """Return what could be answered; a level as this alert's own kind has it."""
    amount = amount_of(rule.draft)
    if what != "level" or amount is None or level_of(rule) is not None:
        return _ASKED[what][1]
    value, mark = number_text(abs(amount)), size_mark(rule.draft)
    return f"${value}" if mark == "$" else f"{value}{mark}" if mark else number_text(amount)


def _levels(row: AlertRow, now: datetime, zone: ZoneInfo) -> list[Button]:
    rule, instrument = row.rule, instrument_of(row.rule)
    amount = amount_of(rule.draft)
    if amount is None:
        return []
    if level_of(rule) is None or instrument is None:
        return [
            button(exact(value), Code.ALERT_SET, _HERE, rule.id, "level", number_text(value))
            for value in dict.fromkeys(float(f"{amount * times:.4g}") for times in _TIMES)
            if _is_offered(rule, value, now, zone)
        ]
    base = amount if row.price is None else row.price
    found = [(step, stepped(base * (1 + step / 100), instrument)) for step in _STEPS_PCT]
    return [
        button(
            f"{'▲' if step > 0 else '▼'} {exact(value, instrument.decimals)}",
            Code.ALERT_SET,
            _HERE,
            rule.id,
            "level",
            f"{value:f}",
        )
        for step, value in found
    ]


def _is_offered(rule: Rule, value: float, now: datetime, zone: ZoneInfo) -> bool:
    """Return whether the alert may wait for *value*: no half share of volume, no delta above one."""
    try:
        releveled(rule.draft, value, now, zone)
    except ValueError:
        return False
    return True


def _asking(rule: Rule) -> tuple[Button, ...]:
    level = () if amount_of(rule.draft) is None else (button("⌨️ Level", Code.ALERT_ASK, rule.id, "level"),)
    return (
        *level,
        button("📝 Note", Code.ALERT_ASK, rule.id, "note"),
        button("🏷 Tag", Code.ALERT_ASK, rule.id, "tag"),
        button("⌨️ Whole line", Code.ALERT_ASK, rule.id, "line"),
    )


def _options(rule: Rule) -> Rows:
    options = rule.draft.options
    every = repeat_of(rule.draft) is Repeat.EVERY
    sound = "critical" if options.critical else "silent" if options.silent else "normal"
    hours = "any" if options.hours is None else options.hours.value
    cooled = {900: "15m", 3600: "1h", 86400: "1d"}.get(
        0 if options.cooldown is None else int(options.cooldown.total_seconds()), "every"
    )
    return rows(
        _choice(rule, "repeat", cooled if every else "once", ("once", "every", "15m", "1h", "1d")),
        _choice(rule, "hours", hours, ("any", TradingTime.RTH.value, TradingTime.ETH.value)),
        _choice(rule, "sound", sound, ("normal", "critical", "silent")),
        (
            *_choice(rule, "until", "never" if options.until is None else "", ("never", "1d", "1w", "30d")),
            button("⌨️ …", Code.ALERT_ASK, rule.id, "until"),
        ),
    )


_LABELS = {
    "once": "Once",
    "every": "Every time",
    "15m": "1 / 15m",
    "1h": "1 / 1h",
    "any": "Any hour",
    "rth": "RTH",
    "eth": "ETH",
    "normal": "🔔 Normal",
    "critical": "❗ Critical",
    "silent": "🔕 Silent",
    "never": "No end",
    "1w": "⌛ 1w",
    "30d": "⌛ 30d",
}


def _choice(rule: Rule, what: str, chosen: str, values: tuple[str, ...]) -> tuple[Button, ...]:
    by_kind = TABLE[kind_of(rule.draft.condition)].session

    def label(value: str) -> str:
        if value == "any" and by_kind is TradingTime.RTH:
            return "Usual (RTH)"
        if value == "1d":
            return "⌛ 1d" if what == "until" else "1 / day"
        return _LABELS[value]

    return tuple(
        button((_CHOSEN if value == chosen else "") + label(value), Code.ALERT_SET, _HERE, rule.id, what, value)
        for value in values
    )
