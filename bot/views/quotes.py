"""A quote card, and what its buttons ask: at what level to alert."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.option_wizard import UNDERLYINGS
from bot.views.alerts import instrument_line, kind_mark
from bot.views.keyboard import button, grid, line_button, rows
from bot.views.message import Button, Message, Style, text
from bot.views.numbers import arrow, big, exact, moment, money, percent, price, quantity, span
from bot.views.ticket import TRADED
from market.account import Position
from market.instrument import Instrument
from market.quote import Quote

_STALE_S = 60
TO = "\N{EN DASH}"
_STEPS_PCT = (-5, -2, -1, 1, 2, 5)


def quote_card(quote: Quote, position: Position | None, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return the card of one instrument: price, change, book, day, volume and what you hold of it."""
    instrument = quote.instrument
    decimals = instrument.decimals
    change = quote.change_pct
    parts = (instrument.label, arrow(change), price(quote.price, decimals))
    head = f"📊 <b>{text(' '.join(filter(None, parts)))}</b>"
    head += f"  {percent(change)} today" if change is not None else ""
    lines = [
        head + kind_mark(quote.kind),
        instrument_line(instrument),
        f"Bid <code>{price(quote.bid, decimals)}</code> · Ask <code>{price(quote.ask, decimals)}</code>",
        *_day_lines(quote),
        *(["⚠️ Trading in it is halted"] if quote.halted else []),
        *_position_lines(position),
        f"<i>{_age(quote, now, zone)}</i>",
    ]
    return Message("\n".join(lines), rows(_trade_buttons(instrument), _more_buttons(instrument)))


def alert_levels(quote: Quote) -> Message:
    """Return the question at what level to alert, with levels around the price as buttons."""
    instrument = quote.instrument
    label = text(instrument.label)
    if quote.price is None:
        return Message(f"🔔 <b>{label}</b>: no price yet. Type the alert, for example <code>{label} &gt; 200</code>")
    buttons: list[Button] = []
    for step in _STEPS_PCT:
        level = stepped(quote.price * (1 + step / 100), instrument)
        sign, way = (">", "▲") if step > 0 else ("<", "▼")
        line = f"#{instrument.con_id} {sign} {level:f}"
        label_ = f"{way} {exact(level, instrument.decimals)}"
        buttons += line_button(label_, Code.ALERT_LINE, line)
    now = price(quote.price, instrument.decimals)
    return Message(
        f"🔔 <b>{label}</b> now <code>{now}</code>: alert at what level?\n"
        f"Or type it, for example <code>{label} &gt; {exact(stepped(quote.price * 1.03, instrument)).replace(',', '')}"
        "</code>",
        rows(*grid(buttons, 3), (button("« Quote", Code.QUOTE, Place.HERE, instrument.con_id),)),
    )


def stepped(value: float, instrument: Instrument) -> Decimal:
    """Return *value* at the nearest price that the instrument can trade at."""
    return stepped_to(value, instrument.min_tick, instrument.decimals)


def stepped_to(value: float, min_tick: float, decimals: int) -> Decimal:
    """Return *value* at the nearest multiple of *min_tick*; without a step rounded to *decimals*."""
    step = Decimal(repr(min_tick))
    if step <= 0:
        return Decimal(repr(round(value, decimals)))
    return (Decimal(repr(value)) / step).to_integral_value() * step


def _day_lines(quote: Quote) -> list[str]:
    decimals = quote.instrument.decimals
    parts = []
    if quote.low is not None and quote.high is not None:
        parts.append(f"Day <code>{price(quote.low, decimals)}{TO}{price(quote.high, decimals)}</code>")
    if quote.volume is not None:
        parts.append(f"Vol {big(quote.volume)}")
    return [" · ".join(parts)] if parts else []


def _position_lines(position: Position | None) -> list[str]:
    if position is None or not position.quantity:
        return []
    currency = position.instrument.currency
    pnl = money(position.unrealized_pnl, currency, signed=True)
    return [f"You: {quantity(position.quantity)} @ {price(position.average_cost, 2)} · P&amp;L <b>{pnl}</b>"]


def _trade_buttons(instrument: Instrument) -> tuple[Button, ...]:
    if instrument.sec_type not in TRADED:
        return ()
    return (
        button("🟢 Buy", Code.QUOTE_TRADE, Place.HERE, instrument.con_id, "B", style=Style.SUCCESS),
        button("🔴 Sell", Code.QUOTE_TRADE, Place.HERE, instrument.con_id, "S", style=Style.DANGER),
    )


def _more_buttons(instrument: Instrument) -> tuple[Button, ...]:
    options = (button("Options", Code.OPTIONS_OPEN, Place.ANEW, instrument.con_id),)
    return (
        button("🔔 Alert", Code.QUOTE_ALERT, Place.HERE, instrument.con_id),
        button("📰 News", Code.NEWS_LIST, Place.ANEW, instrument.con_id),
        *(options if instrument.sec_type in UNDERLYINGS else ()),
        button("🔄 Refresh", Code.QUOTE, Place.HERE, instrument.con_id),
    )


def _age(quote: Quote, now: datetime, zone: ZoneInfo) -> str:
    if quote.received is None:
        return "nothing received yet"
    line = f"{moment(quote.received, zone, now, seconds=True)} · {quote.kind.value}"
    age = now - quote.received
    return f"{line} · {span(age)} old" if age.total_seconds() > _STALE_S else line
