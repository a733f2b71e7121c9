"""The watchlist, and what came of one alert for each of a list."""

from collections.abc import Sequence

from alerts.rule import Rule
from bot.callback_data import Code, Place
from bot.views.alerts import UNDO_S, instrument_line
from bot.views.condition import describe
from bot.views.keyboard import PAGE, button, clamped, grid, pager, rows, shortened
from bot.views.message import Message, text
from bot.views.numbers import arrow, percent, price
from market.instrument import Instrument
from market.quote import Quote

_HERE = Place.HERE
_SHOWN = 8
_LINE = 80


def watchlist(entries: Sequence[tuple[Instrument, Quote | None]], page: int) -> Message:
    """Return a page of the person's watchlist, each with its price where one streams."""
    if not entries:
        return Message(
            "👀 <b>Your watchlist is empty.</b>\nPut something on it: <code>/watch AAPL MSFT</code>\n"
            "Then <code>/alert each of watchlist -3% today</code> sets an alert for each of it."
        )
    page = clamped(page, len(entries))
    shown = entries[page * PAGE : (page + 1) * PAGE]
    lines = [_line(instrument, quote) for instrument, quote in shown]
    cards = [button(one.label, Code.QUOTE, Place.ANEW, one.con_id) for one, _ in shown]
    drops = [button(f"✖️ {one.label}", Code.WATCH_DROP, _HERE, one.con_id) for one, _ in shown]
    return Message(
        f"👀 <b>Watchlist</b> {len(entries)}\n\n" + "\n".join(lines),
        rows(*grid(cards, 4), *grid(drops, 4), pager(Code.WATCH_LIST, page, len(entries))),
    )


def each_of_what(said: str) -> Message:
    """Return the answer to a line that says no list, an empty one, or no alert."""
    return Message(
        f"🤔 <b>Each of what?</b> <code>{text(shortened(said, _LINE))}</code>\n"
        "The list is empty or not named. Nothing was set. These work:\n"
        "<code>/alert each of watchlist -3% today</code>\n<code>/alert each of portfolio trails 5%</code>\n"
        "<code>/alert each of AAPL, MSFT rsi(14, 1h) &lt; 30</code>"
    )


def no_room(count: int, room: int) -> Message:
    """Return the refusal of more alerts than the person may have."""
    return Message(
        f"🔔 <b>That would be {count} alerts, and there is room for {room}.</b> Nothing was set.\n"
        "Delete some in /alerts, then try again."
    )


def each_set(made: Sequence[Rule], failed: Sequence[Rule], undo_id: int) -> Message:
    """Return which alerts were set and which were not, with the way back."""
    lines = [f"✅ <b>{len(made)} alert{'' if len(made) == 1 else 's'} set</b>"]
    lines += [f"#{rule.id} {text(shortened(describe(rule), _LINE))}" for rule in made[:_SHOWN]]
    if len(made) > _SHOWN:
        lines.append(f"… and {len(made) - _SHOWN} more")
    if failed:
        lines.append(f"⚠️ Not set: {text(', '.join(shortened(describe(rule), _LINE) for rule in failed[:_SHOWN]))}")
    undo = (button(f"↩️ Undo {UNDO_S} s", Code.FORM_DO, undo_id),) if made else ()
    return Message("\n".join(lines), rows((*undo, button("🔔 All alerts", Code.ALERT_LIST, _HERE, 0, 0))))


def _line(instrument: Instrument, quote: Quote | None) -> str:
    if quote is None or quote.price is None:
        return instrument_line(instrument)
    change = quote.change_pct
    moved = "" if change is None else f" {arrow(change)} {percent(change)}"
    return f"<b>{text(instrument.label)}</b> <code>{price(quote.price, instrument.decimals)}</code>{moved}"
