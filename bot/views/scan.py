"""Market scans: which there are, and what one shows just now."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views.condition import scan_phrase
from bot.views.keyboard import button, grid, line_button, rows, shortened
from bot.views.message import Message, text
from bot.views.numbers import moment
from market.instrument import Instrument
from market.scan import ScanRow, ScanSpec

COMMON = {
    "TOP_PERC_GAIN": "Top % gainers",
    "TOP_PERC_LOSE": "Top % losers",
    "MOST_ACTIVE": "Most active",
    "HOT_BY_VOLUME": "Hot by volume",
    "HOT_BY_PRICE": "Hot by price",
    "HIGH_VS_52W_HL": "Near 52w high",
    "LOW_VS_52W_HL": "Near 52w low",
    "TOP_OPEN_PERC_GAIN": "Up since open",
    "TOP_OPEN_PERC_LOSE": "Down since open",
    "HALTED": "Halted",
}
"""IBKR's scan codes that a trader asks for most (TWS API, reqScannerParameters), and what they mean."""

_ROWS = 20


def scan_choice() -> Message:
    """Return the common scans as buttons."""
    buttons = [button(name, Code.SCAN_RUN, Place.HERE, code) for code, name in COMMON.items()]
    return Message(
        "🛰 <b>Which scan of US stocks?</b>\nPick one, or type it with bounds:\n"
        "<code>/scan TOP_PERC_GAIN price &gt; 5 volume &gt; 1M top 10</code>",
        grid(buttons, 2),
    )


def scan_result(spec: ScanSpec, found: Sequence[ScanRow], line: str, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return what the scan shows at *now*; *line* is the alert that tells of its new entries."""
    name = COMMON.get(spec.code, spec.code)
    lines = [f"🛰 <b>{text(name)}</b> · {len(found)} found", text(f"{spec.code} · {scan_phrase(spec)}")]
    shown = found[:_ROWS]
    if shown:
        lines.append(table(shown))
    else:
        lines.append("Nothing meets it just now.")
    if len(found) > len(shown):
        lines.append(f"… and {len(found) - len(shown)} more")
    lines.append(f"<i>{moment(now, zone, now, seconds=True)}</i>")
    picks = [
        button(shortened(row.instrument.label, 12), Code.QUOTE, Place.ANEW, row.instrument.con_id) for row in shown
    ]
    rerun = line_button("🔄 Run again", Code.SCAN_RUN, Place.HERE, line.removeprefix("scan "))
    alert = line_button("🔔 Alert me on new entries", Code.ALERT_LINE, line)
    return Message(
        "\n".join(lines), rows(*grid(picks, 4), alert, (*rerun, button("« Scans", Code.SCAN_LIST, Place.HERE)))
    )


def table(found: Sequence[ScanRow]) -> str:
    """Return rows as a table, safe for HTML."""
    body = text("\n".join(_line(row.rank, row.instrument) for row in found))
    return f"<pre>{body}</pre>"


def _line(rank: int, instrument: Instrument) -> str:
    return f"{rank:>2}  {shortened(instrument.label, 10):<10} {shortened(instrument.name, 18)}".rstrip()
