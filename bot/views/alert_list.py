"""The list of a person's alerts: pages, filters, and what is done to many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.rule import Rule, RuleState
from alerts.rulebook import WITH_ALL
from bot.callback_data import Code, Place
from bot.views.alerts import LINE, MARKS, UNDO_S, AlertRow, needs_of
from bot.views.condition import describe, subject
from bot.views.keyboard import PAGE, button, clamped, grid, line_button, pages, rows, shortened
from bot.views.message import Button, Message, Rows, text
from bot.views.numbers import moment

NO_FILTER = "*"
_HERE = Place.HERE
_MOST_CHOICES = 60


@dataclass(frozen=True, slots=True)
class ListState:
    """What is listed: *page* (from 0), the list's *version*, the *filter* ("*": none), and how many of *cap* exist."""

    page: int
    version: int
    cap: int
    total: int
    filter: str = NO_FILTER
    paused_all: bool = False


def listing(alerts: Sequence[AlertRow], state: ListState, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return a page of a user's alerts, in the order given; none at all teaches how to set one."""
    if not alerts:
        return _nothing(state)
    page = clamped(state.page, len(alerts))
    total = pages(len(alerts))
    where = f" ({page + 1}/{total})" if total > 1 else ""
    shown = alerts[page * PAGE : (page + 1) * PAGE]
    body = "\n".join(_list_line(row, now=now, zone=zone) for row in shown)
    picks = [button(f"{row.rule.id} {_short_subject(row.rule)}", Code.ALERT_CARD, _HERE, row.rule.id) for row in shown]
    of_filter = "" if state.filter == NO_FILTER else f" · <code>{text(state.filter)}</code> {len(alerts)}"
    return Message(
        f"🔔 <b>Alerts</b> {state.total} of {state.cap}{of_filter} · nearest first{where}\n\n{body}",
        rows(*grid(picks, 4), _pager(page, len(alerts), state), *_list_buttons(alerts, state)),
    )


def filters(symbols: Sequence[str], tags: Sequence[str], states: Sequence[str]) -> Message:
    """Return the choice by what to narrow the list: a symbol, a tag or a state."""
    wanted = [*symbols, *(f"#{tag}" for tag in tags), *(f"!{state}" for state in states)]
    picks = [one for name in wanted for one in line_button(name, Code.ALERT_FOUND, _HERE, 0, 0, name)]
    return Message(
        "🔎 <b>Which alerts?</b>\nBy symbol, #tag or !state; or type <code>/alerts AAPL</code>",
        rows(*grid(picks[:_MOST_CHOICES], 4), (button("« All alerts", Code.ALERT_LIST, _HERE, 0, 0),)),
    )


def really_delete(count: int, form_id: int, what: str) -> Message:
    """Return the question whether *count* alerts are to go at once."""
    which = "all your alerts" if what == NO_FILTER else f"the alerts under {what}"
    return Message(
        f"🗑 <b>Delete {count} alerts?</b>\nThat is {text(which)}. They can be brought back for {UNDO_S} s.",
        rows(
            (button(f"🗑 Delete {count} alerts", Code.FORM_DO, form_id),),
            (button("« Back", Code.ALERT_LIST, _HERE, 0, 0),),
        ),
    )


def deleted_many(count: int, form_id: int) -> Message:
    """Return what stands after many alerts were deleted, with the way back."""
    return Message(
        f"🗑 <b>{count} alerts deleted</b>",
        rows(
            (
                button(f"↩️ Undo {UNDO_S} s", Code.FORM_DO, form_id),
                button("🔔 All alerts", Code.ALERT_LIST, _HERE, 0, 0),
            )
        ),
    )


def _nothing(state: ListState) -> Message:
    if state.total:
        return Message(
            f"🔎 <b>None of your {state.total} alerts is under</b> <code>{text(state.filter)}</code>",
            rows((button("« All alerts", Code.ALERT_LIST, _HERE, 0, 0),)),
        )
    return Message(
        "🔔 <b>No alerts yet.</b>\nType one, or tap one together with /new. For example:\n"
        "<code>AAPL &gt; 200</code>\n<code>news AAPL &quot;guidance&quot;</code>\n"
        "<code>scan TOP_PERC_GAIN top 10</code>"
    )


def _pager(page: int, count: int, state: ListState) -> tuple[Button, ...]:
    total = pages(count)
    if total == 1:
        return ()

    def turn(label: str, to: int) -> tuple[Button, ...]:
        if state.filter == NO_FILTER:
            return (button(label, Code.ALERT_LIST, _HERE, to, state.version),)
        return line_button(label, Code.ALERT_FOUND, _HERE, to, state.version, state.filter)

    middle = button(f"{page + 1}/{total}", Code.NOTHING)
    return (*turn("◀️", (page - 1) % total), middle, *turn("▶️", (page + 1) % total))


def _list_buttons(alerts: Sequence[AlertRow], state: ListState) -> Rows:
    if state.paused_all:
        every = button("▶️ Resume all", Code.ALERT_ALL, _HERE, "resume")
    else:
        every = button("⏸ Pause all", Code.ALERT_ALL, _HERE, "pause")
    is_whole = state.filter == NO_FILTER
    narrow = (
        button("🔎 Filter", Code.ALERT_FILTERS, _HERE)
        if is_whole
        else button("« All alerts", Code.ALERT_LIST, _HERE, 0, 0)
    )
    purge = line_button(f"🗑 Delete {len(alerts)}", Code.ALERT_PURGE, _HERE, state.version, state.filter)
    return rows((narrow, every, *(purge if len(alerts) > 1 else ())))


def _list_line(row: AlertRow, *, now: datetime, zone: ZoneInfo) -> str:
    rule = row.rule
    head = f"{MARKS[rule.state]}#{rule.id} <b>{text(shortened(describe(rule), LINE))}</b>"
    if rule.state is RuleState.FIRED and rule.last_fired is not None:
        return f"{head} · fired {moment(rule.last_fired, zone, now)}"
    if not rule.is_watching or rule.state in {RuleState.BLIND, RuleState.SNOOZED}:
        return f"{head} · {rule.state.value}"
    bars = " · 1m bars" if row.on_bars else ""
    at = f" · now {text(row.reading)}" if row.reading else ""
    return f"{head}{at}{'' if row.distance_pct is None else f' · {needs_of(row)}'}{bars}"


def _short_subject(rule: Rule) -> str:
    return shortened(subject(rule), 9)


def is_paused_with_all(rule: Rule) -> bool:
    """Return whether "pause all" stopped it."""
    return rule.state is RuleState.PAUSED and rule.reason == WITH_ALL
