"""What is asked before there is a card: how much, and at what price. No answer orders anything."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from bot.callback_data import Code, Place, encode_line
from bot.views.alerts import instrument_line, kind_mark
from bot.views.keyboard import button, grid, line_button, rows
from bot.views.message import Button, Message, Style, text
from bot.views.numbers import exact, price, quantity, span
from bot.views.order_words import spelled
from market.account import Position
from market.instrument import Instrument, SecType
from market.quote import Quote
from market.ticket import OrderTicket, OrderType, Side, Size, SizeUnit, format_ticket
from trading.guarding import Guarding

TRADED = frozenset(
    {
        SecType.STOCK,
        SecType.OPTION,
        SecType.FUTURE,
        SecType.FUTURE_OPTION,
        SecType.FOREX,
        SecType.CRYPTO,
    }
)
"""The kinds whose cards have buttons to buy and to sell."""

_LOTS: dict[SecType, tuple[str, ...]] = {
    SecType.STOCK: ("1", "10", "50", "100"),
    SecType.FOREX: ("1000", "10000", "20000", "25000"),
    SecType.CRYPTO: ("0.01", "0.1", "0.5", "1"),
}
_FEW = ("1", "2", "5", "10")
_RISKED = Decimal("0.5")
_GUARDED = (Decimal(10), Decimal(50))


def price_choice(ticket: OrderTicket, instrument: Instrument, quote: Quote, *, now: datetime, kept: int = 0) -> Message:
    """
    Return the question at what price, for an order that named none.

    *kept* is the form that keeps the order where its line does not fit into a button (`fits`).
    """
    decimals = instrument.decimals
    line = format_ticket(ticket)
    near = "ask" if ticket.side is Side.BUY else "bid"
    choices = [("Market", "market")]
    if (quote.ask if ticket.side is Side.BUY else quote.bid) is not None:
        choices.append((f"Limit at {near}", "near"))
    if quote.mid is not None:
        choices.append(("Mid", "mid"))
    buttons: list[Button] = []
    for label, choice in choices:
        if kept:
            buttons.append(button(label, Code.ORDER_KEPT, kept, choice))
        else:
            buttons += line_button(label, Code.ORDER_PRICE, choice, line)
    said = line.replace(f"#{instrument.con_id}", instrument.label)
    typed = f"{said} {exact(round(quote.price, decimals), decimals)}" if quote.price else f"{said} market"
    return Message(
        f"📝 <b>{text(spelled(ticket, instrument))}</b>: at what price?\n"
        f"{instrument_line(instrument)}\n{_quoted(quote, now)}\n"
        f"Nothing is ordered yet: each choice opens a card. Or type <code>{text(typed.replace(',', ''))}</code>",
        grid(buttons, 3),
    )


def fits(ticket: OrderTicket) -> bool:
    """Return whether the line of an order without a price fits into the buttons that ask for one."""
    return encode_line(Code.ORDER_PRICE, "market", format_ticket(ticket)) is not None


def trade_size(
    side: Side, quote: Quote, position: Position | None, guarding: Guarding | None, *, now: datetime
) -> Message:
    """
    Return the question how much to trade; every answer only opens the next question or a card.

    *guarding* is a stop loss and a target to go with an order that opens a position, at the price it would meet now.
    """
    instrument = quote.instrument
    label = text(instrument.label)
    verb = side.value.lower()
    held = "" if position is None or not position.quantity else f" · you hold {quantity(position.quantity)}"
    lines = [f"📝 <b>{side.value} {label}</b>: how many?{held}", instrument_line(instrument), _quoted(quote, now)]
    guards = _guarded_buttons(side, quote, guarding)
    if guards and guarding is not None:
        lines.append(_guard_words(guarding, instrument))
    lines.append(f"Nothing is ordered yet. Or type it: <code>{verb} 25 {label}</code>")
    sizes = _size_buttons(side, instrument, position)
    quoted = button("« Quote", Code.QUOTE, Place.HERE, instrument.con_id)
    return Message("\n".join(lines), rows(*grid(sizes, 4), *grid(guards, 3), (quoted,)))


def _quoted(quote: Quote, now: datetime) -> str:
    decimals, age = quote.instrument.decimals, quote.age(now)
    facts = f"Last <code>{price(quote.last, decimals)}</code> · bid <code>{price(quote.bid, decimals)}</code>"
    facts += f" · ask <code>{price(quote.ask, decimals)}</code>"
    facts += f" · {span(age)} ago" if age is not None else ""
    return facts + kind_mark(quote.kind)


def _size_buttons(side: Side, instrument: Instrument, position: Position | None) -> list[Button]:
    style = Style.SUCCESS if side is Side.BUY else Style.DANGER
    verb, buttons = side.value.lower(), list[Button]()
    for lot in _LOTS.get(instrument.sec_type, _FEW):
        label = f"{side.value} {quantity(Decimal(lot))}"
        buttons += line_button(label, Code.ORDER_LINE, f"{verb} {lot} #{instrument.con_id}", style=style)
    held = Decimal(0) if position is None else position.quantity
    if held > 0 if side is Side.SELL else held < 0:
        for name, part in (("half", "50%"), (f"all {quantity(abs(held))}", "100%")):
            line = f"{verb} {part} position #{instrument.con_id}"
            buttons += line_button(f"{side.value} {name}", Code.ORDER_LINE, line, style=style)
    return buttons


def _guarded_buttons(side: Side, quote: Quote, guarding: Guarding | None) -> list[Button]:
    """Return buttons that open the card of a limit order with a stop loss and a target: each says how many."""
    if guarding is None:
        return []
    instrument = quote.instrument
    near = quote.ask if side is Side.BUY else quote.bid
    if near is None:
        return []
    whole = OrderTicket(
        side,
        Decimal(1),
        f"#{instrument.con_id}",
        OrderType.LIMIT,
        Decimal(repr(near)),
        take_profit=guarding.take_profit,
        stop_loss=guarding.stop_loss,
    )
    shares = _GUARDED if instrument.sec_type is SecType.STOCK else (Decimal(1),)
    tickets = [(f"🛡 {side.value} {quantity(count)}", whole.sized(count)) for count in shares]
    risk = Size(SizeUnit.RISK_PCT, _RISKED)
    tickets.append((f"🛡 Risk {exact(_RISKED)}%", replace(whole, quantity=Decimal(0), size=risk)))
    found: list[Button] = []
    for label, ticket in tickets:
        found += line_button(label, Code.ORDER_LINE, format_ticket(ticket))
    return found


def _guard_words(guarding: Guarding, instrument: Instrument) -> str:
    decimals = instrument.decimals
    basis = "2% away" if guarding.is_usual else "a usual day's range away"
    return (
        f"🛡 = with a stop loss at <b>{exact(guarding.stop_loss, decimals)}</b> ({basis}) and a target at "
        f"<b>{exact(guarding.take_profit, decimals)}</b> (twice as far)"
    )
