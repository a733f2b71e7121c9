"""Where a working order's price is to go, and what is to protect a position: the questions."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from bot.callback_data import Code
from bot.views.alerts import kind_mark
from bot.views.keyboard import button, grid, rows
from bot.views.message import Button, Message, text
from bot.views.numbers import NOTHING, exact, price, quantity, span
from bot.views.order_words import spelled, venue
from market.instrument import Instrument
from market.quote import Quote
from market.ticket import OrderTicket, OrderType
from trading.proposal import Leg, LegOrder, Proposal
from trading.repricing import Choice, price_of

NOT_MOVABLE = "This order does not work any more, or has no price to move. Nothing was changed."
NOT_HELD = "Nothing of it is held just now, so there is nothing to protect. Nothing was ordered."
_YET = "Nothing is changed yet: each choice opens a card."
KINDS = ("stop", "target", "both")
"""What can be put beside a position."""

_NAMES = {"stop": "🛑 Stop", "target": "🎯 Target", "both": "🎯🛑 Both"}
_ASKS = {
    "move": ("New price", "A price, or how far from where it is: 199.80 or +0.5%"),
    "stop": ("Stop at", "A price, or how far from the last one: 190 or -3%"),
    "target": ("Target at", "A price, or how far from the last one: 210 or +5%"),
}


def where_to(proposal: Proposal, leg: Leg, found: Sequence[Choice], quote: Quote | None, *, now: datetime) -> Message:
    """Return the question where the price of a working leg is to go."""
    order = proposal.order_of(leg)
    at = price_of(order.ticket)
    lines = [
        f"✏️ {venue(order.account)} · <b>{text(spelled(order.ticket, order.instrument))}</b> · move to?",
        *_market(quote, order.instrument, now),
        f"Now at <code>{_written(order.ticket, at, order.instrument)}</code>. {_YET}",
    ]
    picks = [
        button(
            f"{_written(order.ticket, one.price, order.instrument)} {one.words}",
            Code.ORDER_MOVED,
            proposal.id,
            leg.number,
            f"{one.price:f}",
        )
        for one in found
    ]
    typed = button("✏️ Type a price", Code.ORDER_PRICED, proposal.id, leg.number, "move")
    return Message("\n".join(lines), rows(*grid(picks, 2), (typed,)), protect=True)


def guard_where(  # noqa: PLR0913  what is to be protected, and against what
    proposal: Proposal,
    leg: Leg,
    what: str,
    held: Decimal,
    stops: Sequence[Choice],
    targets: Sequence[Choice],
    quote: Quote | None,
    others: Sequence[str],
    *,
    now: datetime,
) -> Message:
    """Return the question where a stop or a target for what was bought is to be; *others* work for it already."""
    order = proposal.order_of(leg)
    label, decimals = order.instrument.label, order.instrument.decimals
    lines = [
        f"{_NAMES[what]} · {venue(order.account)} · <b>{text(f'{quantity(held)} {label}')}</b>: at what price?",
        *_market(quote, order.instrument, now),
        *([f"Filled at <code>{exact(round(leg.average_price, 4), decimals)}</code>"] if leg.average_price else []),
        *(f"⚠️ {text(one)} works for it already: if both are filled, more is traded than is held." for one in others),
        "Nothing is ordered yet: each choice opens a card, good till cancelled.",
    ]
    picks = stops if what == "stop" else targets
    single = [_guard(proposal, leg, what, f"{one.price:f}", f"{_at(one, order)}") for one in picks]
    pairs = [
        _guard(proposal, leg, "both", f"{up.price:f}_{down.price:f}", f"🎯 {_at(up, order)} · 🛑 {_at(down, order)}")
        for up, down in zip(targets, stops, strict=False)
    ]
    typed = button("✏️ Type a price", Code.ORDER_PRICED, proposal.id, leg.number, what)
    return Message("\n".join(lines), rows(*grid(single, 3), *grid(pairs[:2], 1), (typed,)), protect=True)


def question(order: LegOrder, what: str) -> Message:
    """Return the question for a typed price."""
    asked, asks = _ASKS[what]
    return Message(f"✏️ {asked} for <b>{text(spelled(order.ticket, order.instrument))}</b>?", asks=asks)


def working_words(order: LegOrder, reference: str) -> str:
    """Return a working order that is about the same position, in plain text."""
    return f"{reference} {spelled(order.ticket, order.instrument)}"


def _guard(proposal: Proposal, leg: Leg, what: str, where: str, label: str) -> Button:
    return button(label, Code.ORDER_GUARDED, proposal.id, leg.number, what, where)


def _at(choice: Choice, order: LegOrder) -> str:
    return f"{exact(choice.price, order.instrument.decimals)} {choice.words}"


def _written(ticket: OrderTicket, at: Decimal | None, instrument: Instrument) -> str:
    if at is None:
        return NOTHING
    if ticket.order_type is OrderType.TRAIL and ticket.trail_pct is not None:
        return f"{exact(at)}%"
    return exact(at, instrument.decimals)


def _market(quote: Quote | None, instrument: Instrument, now: datetime) -> list[str]:
    if quote is None:
        return ["⚠️ There is no price of it just now."]
    decimals, age = instrument.decimals, quote.age(now)
    line = f"Last <code>{price(quote.last, decimals)}</code> · bid <code>{price(quote.bid, decimals)}</code>"
    line += f" · ask <code>{price(quote.ask, decimals)}</code>"
    return [line + (f" · {span(age)} ago" if age is not None else "") + kind_mark(quote.kind)]
