"""Market scans: which there are, what one shows just now, and why one shows nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.errors import TooManyScans
from bot.callback_data import Code, Place
from bot.views.condition import scan_phrase
from bot.views.errors import explain
from bot.views.keyboard import button, clamped, grid, pager, rows, shortened
from bot.views.message import Button, Message, text
from bot.views.numbers import moment
from bot.views.scan_table import PAGE, Quotes, Volumes, row_buttons, table, unmeasured, unquoted
from market.errors import BrokerError
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

_HERE = Place.HERE
_WARNING = 300
_RVOL = "RVol: the day's volume so far, to a usual whole day's (20 days)"
# IBKR's error codes of scans: 162 the scanner service, 321 and 322 TWS itself, 490 and 492 permissions. What they say
# is put into plain words in `broker/errors.py`.
_PERMISSIONS = frozenset({490, 492})
_OF_SCANS = _PERMISSIONS | {162, 321, 322}
_SUBSCRIBE = "It takes a market data subscription for that market, in the account's settings at IBKR."
_ELSEWHERE = "Try another place, other filters, or a scan like it: /scan find finds one."


@dataclass(frozen=True, slots=True)
class Result:
    """What scan *id*, called *name* ("" for none), found *at* a moment, and what IBKR warned of."""

    id: int
    name: str
    spec: ScanSpec
    rows: Sequence[ScanRow]
    at: datetime
    warning: str = ""


def name_of(spec: ScanSpec) -> str:
    """Return what a scan is called that nobody gave a name."""
    return COMMON.get(spec.code, spec.code)


def scan_choice() -> Message:
    """Return the common scans as buttons, and the ways to all others."""
    buttons = [button(name, Code.SCAN_RUN, _HERE, code) for code, name in COMMON.items()]
    return Message(
        "🛰 <b>Which scan of US stocks?</b>\nPick one, or type it with bounds:\n"
        "<code>/scan TOP_PERC_GAIN price &gt; 5 volume &gt; 1M top 10</code>\n"
        "<code>/scan find gap</code> looks through all of IBKR's scans and filters.",
        rows(
            *grid(buttons, 2),
            (
                button("🗂 Browse", Code.SCAN_TYPES, _HERE, 0),
                button("🔎 Search", Code.SCAN_ASK, 0, "find"),
            ),
            (button("💾 Saved", Code.SCAN_SAVED, _HERE, 0), button("🖼 Movers", Code.SCAN_MOVERS, Place.ANEW)),
        ),
    )


def scan_result(
    result: Result,
    page: int = 0,
    *,
    quotes: Quotes = unquoted,
    usual: Volumes = unmeasured,
    now: datetime,
    zone: ZoneInfo,
) -> Message:
    """Return a page (from 0) of what a scan showed."""
    found = list(result.rows)
    page = clamped(page, len(found), PAGE)
    shown = found[page * PAGE : (page + 1) * PAGE]
    lines = [f"🛰 <b>{text(result.name or name_of(result.spec))}</b> · {len(found)} found", bounds_line(result.spec)]
    if shown:
        lines.append(table(shown, quotes, usual))
    else:
        lines.append("Nothing meets it just now.")
    if result.warning:
        warning = shortened(result.warning, _WARNING)
        lines.append(f"⚠️ {text(warning[:1].upper() + warning[1:])}")
    foot = moment(result.at, zone, now, seconds=True)
    if any(usual(row.instrument.con_id) for row in shown):
        foot += f" · {_RVOL}"
    lines.append(f"<i>{text(foot)}</i>")
    turn = pager(Code.SCAN_PAGE, page, len(found), result.id, size=PAGE)
    return Message("\n".join(lines), rows(*row_buttons(shown), turn, *_doings(result.id)))


def bounds_line(spec: ScanSpec) -> str:
    """Return a scan's code, place and bounds in one line, safe for HTML."""
    return text(f"{spec.code} · {scan_phrase(spec)}")


def refused(error: Exception, scan_id: int = 0) -> Message:
    """Return why a scan was not run, and where to go on. Raises TypeError for what is no error of a room."""
    again = () if not scan_id else (button("🔄 Try again", Code.SCAN_AGAIN, _HERE, scan_id), filters_button(scan_id))
    return replace(_refusal(error), buttons=rows(again, (scans_button(),)))


def gone() -> Message:
    """Return the answer to a button whose scan is forgotten."""
    return replace(
        scan_choice(),
        html="🛰 <b>That scan is not kept any more.</b> Nothing was run.\nPick one, or type it again: <code>/scan "
        "TOP_PERC_GAIN price &gt; 5 top 10</code>",
    )


def chart(instrument: Instrument) -> Message:
    """Return the message that a row's chart is added to."""
    con_id = instrument.con_id
    return Message(
        f"📈 <b>{text(instrument.label)}</b> · hourly bars",
        rows(
            (
                button("📊 Quote", Code.QUOTE, Place.ANEW, con_id),
                button("🔔 Alert", Code.QUOTE_ALERT, Place.ANEW, con_id),
            )
        ),
    )


def no_chart(instrument: Instrument) -> Message:
    """Return the message of a chart that could not be drawn."""
    message = chart(instrument)
    return replace(message, html=f"{message.html}\n<i>The picture could not be drawn.</i>")


def scans_button() -> Button:
    """Return the button back to the choice of scans."""
    return button("« Scans", Code.SCAN_LIST, _HERE)


def filters_button(scan_id: int) -> Button:
    """Return the button to where a scan is put together."""
    return button("⚙️ Filters", Code.SCAN_CARD, _HERE, scan_id)


def _doings(scan_id: int) -> tuple[tuple[Button, ...], ...]:
    return (
        (
            button("🔄 Run again", Code.SCAN_AGAIN, _HERE, scan_id),
            button("🔔 Alert me", Code.SCAN_ALERT, Place.ANEW, scan_id),
            button("💾 Save", Code.SCAN_SAVE, Place.ANEW, scan_id),
        ),
        (filters_button(scan_id), button("🖼 Movers", Code.SCAN_MOVERS, Place.ANEW), scans_button()),
    )


def _refusal(error: Exception) -> Message:
    match error:
        case TooManyScans():
            return Message(
                f"🛰 <b>All {error.cap} of IBKR's scans are busy</b>: it runs no more at once. Nothing was run.\n"
                "Try again in a moment. Scan alerts hold one each for as long as they watch: /alerts"
            )
        case BrokerError() if error.code in _OF_SCANS:
            hint = _SUBSCRIBE if error.code in _PERMISSIONS else _ELSEWHERE
            why = text(shortened(error.text, _WARNING))
            return Message(f"🛰 <b>IBKR did not run this scan</b>: {why} (IBKR {error.code}).\n{hint}")
        case _:
            return explain(error)
