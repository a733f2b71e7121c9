"""
The rows of a scan: a table of them, and a row of buttons for each, from which it is one tap to everything else.

A scan itself tells who is in its list and at which rank, and nothing of prices (TWS API, market scanners): those come
from quotes. RVol is the day's volume so far, as a multiple of a usual whole day's.
"""

from collections.abc import Callable, Collection, Sequence

from bot.callback_data import Code, Place
from bot.views.keyboard import button, shortened
from bot.views.message import Button, Rows, Style, text
from bot.views.numbers import NOTHING, fixed
from bot.views.ticket import TRADED
from market.quote import Quote
from market.scan import ScanRow

PAGE = 8
"""So many rows are shown at once: each has buttons of its own."""

Quotes = Callable[[int], Quote | None]
"""Gives the latest quote of an instrument by its contract id, as far as there is one."""

Volumes = Callable[[int], float | None]
"""Gives the usual volume of a day of an instrument by its contract id, as far as it is known."""

_LABEL = 8
_HEAD = " #  Sym          Last     Chg  RVol"


def unquoted(_con_id: int) -> Quote | None:
    """Know no quote."""
    return None


def unmeasured(_con_id: int) -> float | None:
    """Know no usual volume."""
    return None


def table(
    found: Sequence[ScanRow], quotes: Quotes = unquoted, usual: Volumes = unmeasured, new: Collection[int] = ()
) -> str:
    """Return rows as a table, safe for HTML; those whose contract id is among *new* are marked ▲."""
    lines = [_line(row, quotes(row.instrument.con_id), usual(row.instrument.con_id), new) for row in found]
    mark = "  " if new else ""
    return f"<pre>{text(chr(10).join([mark + _HEAD, *lines]))}</pre>"


def row_buttons(found: Sequence[ScanRow]) -> Rows:
    """Return for each row the way to its quote, its chart, an alert on it, and an order for it."""
    return tuple(_buttons(row) for row in found)


def rank_changes(jumps: Sequence[tuple[ScanRow, int]]) -> str:
    """Return jumps in words: `ARM 9 → 2`."""
    return ", ".join(f"{row.instrument.label} {before} → {row.rank}" for row, before in jumps)


def _line(row: ScanRow, quote: Quote | None, usual: float | None, new: Collection[int]) -> str:
    instrument = row.instrument
    last = change = rvol = NOTHING
    if quote is not None:
        if quote.price is not None:
            last = fixed(quote.price, instrument.decimals, minus="-")
        if quote.change_pct is not None:
            change = f"{fixed(quote.change_pct, 1, signed=True, minus='-')}%"
        if quote.volume is not None and usual:
            rvol = fixed(quote.volume / usual, 1)
    mark = "" if not new else "▲ " if instrument.con_id in new else "  "
    return f"{mark}{row.rank:>2}  {shortened(instrument.label, _LABEL):<{_LABEL}} {last:>8} {change:>7} {rvol:>5}"


def _buttons(row: ScanRow) -> tuple[Button, ...]:
    instrument = row.instrument
    con_id = instrument.con_id
    trade: tuple[Button, ...] = ()
    if instrument.sec_type in TRADED:
        trade = (button("🟢 Buy", Code.QUOTE_TRADE, Place.ANEW, con_id, "B", style=Style.SUCCESS),)
    return (
        button(f"{row.rank} {instrument.label}", Code.QUOTE, Place.ANEW, con_id, most=12),
        button("📈", Code.SCAN_CHART, Place.ANEW, con_id),
        button("🔔", Code.QUOTE_ALERT, Place.ANEW, con_id),
        *trade,
    )
