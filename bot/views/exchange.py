"""Alerts as files: what is sent, and what a file that comes back would do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from alerts.errors import AlertSyntaxError, NoSuchChat
from alerts.exchange import MOST_ENTRIES, UnreadableFile
from alerts.rule import Rule
from bot.callback_data import Code
from bot.views.condition import describe
from bot.views.errors import reason
from bot.views.keyboard import button, rows, shortened
from bot.views.message import File, Message, Style, text
from bot.views.numbers import big
from market.errors import AmbiguousSymbol, MarketError, TicketSyntaxError, UnknownSymbol

_SHOWN = 5
_LINE = 80


class Verdict(StrEnum):
    """What becomes of an alert of a file."""

    NEW = "new"
    THERE = "there"
    SPENT = "spent"
    NO_ROOM = "no room"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Trial:
    """What importing a file would do (or did): how many of each, how many of the new are paused, and what is wrong."""

    counts: Mapping[Verdict, int]
    paused: int
    rules: tuple[Rule, ...]
    broken: tuple[tuple[int, str, Exception], ...]


def which_export(count: int) -> Message:
    """Return the question as what kind of file to export."""
    return Message(
        f"📤 <b>Export your {count} alerts</b> as which kind of file?\nA file like it can be sent back any time.",
        rows((button("CSV", Code.EXPORT, "csv"), button("JSON", Code.EXPORT, "json"))),
    )


def exported(count: int, file: File, *, over: int = 0) -> Message:
    """Return the file, and what is not in it; *over* of the alerts are spent or expired."""
    lines = [
        f"📤 <b>{count} alerts</b>. Send the file back to me to import it.",
        "Not in it: your own wording, webhooks, and which alerts calm others.",
    ]
    if over:
        lines.append(f"{over} of them {'is' if over == 1 else 'are'} over: in the file to be read, not set again.")
    return Message("\n".join(lines), file=file)


def how_to_import() -> Message:
    """Return how to import alerts."""
    return Message(
        "📥 <b>Send me the file</b>: CSV or JSON as /export makes it, or a text with one alert a line.\n"
        f"I first say what it would do; nothing is set before you press Import. {MOST_ENTRIES:,} alerts at most."
    )


def too_large(size: int) -> Message:
    """Return the refusal of a file too large to be alerts."""
    return Message(f"📥 <b>That file has {big(size)} bytes; alerts need less than a million.</b> Nothing was done.")


def dry_run(name: str, trial: Trial, form_id: int) -> Message:
    """Return what importing the file would do, with the button that does it where it would do anything."""
    new = trial.counts.get(Verdict.NEW, 0)
    head = f"📥 <b>{text(shortened(name, 60)) or 'The file'}</b> would set <b>{new}</b> alert{'' if new == 1 else 's'}"
    lines = [head, *_lines(trial), "Nothing is set yet."]
    go = (button(f"✅ Import {new}", Code.FORM_DO, form_id, style=Style.SUCCESS),) if new else ()
    return Message("\n".join(lines), rows(go, (button("✖️ Cancel", Code.FORM_DROP, form_id),)))


def imported(trial: Trial) -> Message:
    """Return what importing did."""
    new = trial.counts.get(Verdict.NEW, 0)
    lines = [f"✅ <b>{new} alert{'' if new == 1 else 's'} imported</b>", *_lines(trial)]
    return Message("\n".join(lines), rows((button("🔔 All alerts", Code.ALERT_LIST, "h", 0, 0),)))


def _lines(trial: Trial) -> list[str]:
    lines = [f"· {text(shortened(describe(rule), _LINE))}" for rule in trial.rules[:_SHOWN]]
    more = len(trial.rules) - _SHOWN
    if more > 0:
        lines.append(f"… and {more} more")
    counted = [
        f"{trial.paused} of them paused" if trial.paused else "",
        _count(trial, Verdict.THERE, "there already"),
        _count(trial, Verdict.SPENT, "over already, left out"),
        _count(trial, Verdict.NO_ROOM, "too many for your cap, left out"),
        _count(trial, Verdict.BROKEN, "not understood"),
    ]
    lines += [one for one in counted if one]
    for number, said, error in trial.broken[:_SHOWN]:
        lines.append(f"⚠️ line {number}: <code>{text(shortened(said, _LINE))}</code> {text(_why(error))}")
    return lines


def _count(trial: Trial, verdict: Verdict, words: str) -> str:
    count = trial.counts.get(verdict, 0)
    return f"{count} {words}" if count else ""


def _why(error: Exception) -> str:
    match error:
        case AlertSyntaxError() | TicketSyntaxError():
            return f"expected {error.expected} at character {error.position + 1}"
        case UnknownSymbol() | AmbiguousSymbol():
            which = "is not known" if isinstance(error, UnknownSymbol) else "could be several"
            return f"{error.symbol} {which}"
        case UnreadableFile():
            return error.why
        case NoSuchChat():
            return f"there is no chat @{error.name} that you are in"
        case MarketError():
            return reason(error)
        case _:
            return type(error).__name__
