"""The day's movers: a picture of the largest gains and losses, and the numbers beneath it."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views.keyboard import button, grid, rows, shortened
from bot.views.message import Button, Message, text
from bot.views.numbers import NOTHING, fixed, moment
from bot.views.scan_table import Quotes
from market.quote import DataKind
from market.scan import ScanRow

LEAST_PRICE = 5.0
"""Cheaper stocks are left out: a cent more is a mover there."""

TITLE = "Movers · US stocks above $5"
_LABEL = 8


def movers(up: Sequence[ScanRow], down: Sequence[ScanRow], quotes: Quotes, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return the movers with their changes; short enough to stand beneath a picture."""
    if not up and not down:
        return Message("🖼 <b>Movers</b>: IBKR's scans show nothing just now.", rows((_scans(),)))
    lines = ["🖼 <b>Movers</b> · US stocks above $5", _table(up, down, quotes)]
    kinds = {quote.kind for row in (*up, *down) if (quote := quotes(row.instrument.con_id)) is not None}
    old = f" · {', '.join(sorted(kind.value for kind in kinds))} data" if kinds - {DataKind.LIVE} else ""
    lines.append(f"<i>IBKR scans TOP_PERC_GAIN and TOP_PERC_LOSE · {moment(now, zone, now, seconds=True)}{old}</i>")
    picks = [
        button(row.instrument.label, Code.QUOTE, Place.ANEW, row.instrument.con_id, most=10) for row in (*up, *down)
    ]
    again = button("🔄 Refresh", Code.SCAN_MOVERS, Place.ANEW)
    return Message("\n".join(lines), rows(*grid(picks, 4), (again, _scans())))


def changes(found: Sequence[ScanRow], quotes: Quotes) -> list[tuple[str, float]]:
    """Return the rows whose change is known, by label and percent, the largest first."""
    known = [
        (row.instrument.label, quote.change_pct)
        for row in found
        if (quote := quotes(row.instrument.con_id)) is not None and quote.change_pct is not None
    ]
    return sorted(known, key=lambda one: -abs(one[1]))


def without_picture(message: Message) -> Message:
    """Return the movers where the picture could not be drawn."""
    return Message(f"{message.html}\n<i>The picture could not be drawn.</i>", message.buttons)


def _table(up: Sequence[ScanRow], down: Sequence[ScanRow], quotes: Quotes) -> str:
    lines = []
    for place in range(max(len(up), len(down))):
        cells = [_cell(side[place], quotes) if place < len(side) else " " * (_LABEL + 9) for side in (up, down)]
        lines.append("  ".join(cells).rstrip())
    return f"<pre>{text(chr(10).join(lines))}</pre>"


def _cell(row: ScanRow, quotes: Quotes) -> str:
    quote = quotes(row.instrument.con_id)
    change = None if quote is None else quote.change_pct
    said = NOTHING if change is None else f"{fixed(change, 1, signed=True, minus='-')}%"
    return f"{shortened(row.instrument.label, _LABEL):<{_LABEL}} {said:>8}"


def _scans() -> Button:
    return button("🛰 Scans", Code.SCAN_LIST, Place.ANEW)
