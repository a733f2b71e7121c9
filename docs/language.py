"""Writes docs/alerts.md, the reference of the alert language, from the tables the bot itself uses: `make docs`."""

from datetime import timedelta
from pathlib import Path

from alerts.default import TABLE, Defaults, Kind, Rearm
from alerts.example import OPTIONS, SYMBOLS, TOPICS
from alerts.study import STUDIES
from alerts.wording import duration_text, number_text
from market.quote import BarSize

DOCUMENT = Path(__file__).resolve().parent / "alerts.md"
NONE = timedelta()
REARMS = {
    Rearm.FALSE: "it was false",
    Rearm.SIDE: "it was on the other side",
    Rearm.SESSION: "the next session",
    Rearm.COOLDOWN: "its cooldown is over",
    Rearm.AT_ONCE: "each is one of its own",
}
HEAD = """\
# The alert language

Type a line after `/alert`, or just type it. Upper and lower case are the same, but for tickers that are words
(`LOW`, `ON`, `IT`): `$LOW` is always a symbol, and `$5` is always money.

A line that is not understood is answered with where it broke, what could stand there, and two lines that work.
Nothing is saved then. Numbers that read two ways (`199,5`, `199,500`) are asked back, never guessed.

<!-- Written by `make docs`; a test holds it to the code. -->
"""
NUMBERS = """\
## Numbers

| where | written |
|---|---|
| prices | `200`, `199.5`, `$5`, `1,234.50`; in full, without k, m, b or % |
| volumes and money | `500000`, `500k`, `10M`, `1,000,000` |
| percentages | `5%`, `0.5%` |
| how far a price moves | `2%` or `$3`, never bare |
| time spans | `30s 15m 2h 3d 1w 6mo 1y` |
| ranges | `190..200` or `190 to 200` |
| days | `friday` (its end, in your time zone), `2026-12-24`, `24 dec`, `2026-12-24 15:30` |
"""


def document() -> str:
    """Return the whole reference in Markdown."""
    parts = (HEAD, _kinds(), _studies(), _options(), _symbols(), NUMBERS, _defaults())
    return "\n".join(parts)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    # A pipe within a cell would end it.
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _kinds() -> str:
    ordered = [TOPICS[-1], *TOPICS[:-1]]
    rows = [(topic.title, " · ".join(f"`{line}`" for line in topic.lines), topic.says) for topic in ordered]
    return "## Kinds\n\n" + _table(("kind", "lines that work", "it fires when"), rows)


def _studies() -> str:
    rows = [
        (f"`{name}`", f"`{study.usage}`", ", ".join(f"`{line}`" for line in study.lines) or "one")
        for name, study in STUDIES.items()
    ]
    sizes = " ".join(size.value for size in BarSize)
    text = f"Bar sizes: `{sizes}`. Those with usual lengths may be written with the bar size alone: `rsi(1h)`.\n\n"
    return "## Indicators\n\n" + text + _table(("name", "written", "lines"), rows)


def _options() -> str:
    rows = [(f"`{option}`", says) for option, says in OPTIONS]
    return "## Options\n\nIn any order, after the condition; they belong to the whole line.\n\n" + _table(
        ("option", "it does"), rows
    )


def _symbols() -> str:
    return "## Symbols\n\n" + _table(("written", "it means"), [(f"`{symbol}`", says) for symbol, says in SYMBOLS])


def _defaults() -> str:
    rows = [_row(kind, TABLE[kind]) for kind in Kind]
    head = ("kind", "fires", "fires again once", "hysteresis", "cooldown", "session", "data older than → unknown")
    return "## What holds where nothing is typed\n\n" + _table(head, rows)


def _row(kind: Kind, row: Defaults) -> tuple[str, ...]:
    of_bars = kind is Kind.INDICATOR
    hysteresis = f"{number_text(row.hysteresis_pct)}%" if row.hysteresis_pct else "none"
    if row.hysteresis_ticks:
        hysteresis += f", at least {row.hysteresis_ticks} ticks"
    stale = " or ".join(dict.fromkeys(duration_text(age) for age in (row.stale_after, row.stale_after_quiet) if age))
    return (
        kind.value,
        "once a session" if row.rearm is Rearm.SESSION else row.repeat.value,
        REARMS[row.rearm],
        hysteresis,
        "one bar" if of_bars else duration_text(row.cooldown) if row.cooldown != NONE else "none",
        row.session.value if row.session else "any",
        "two bars" if of_bars else stale or "never",
    )


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
