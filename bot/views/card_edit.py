"""What can be changed on an order's card: how many, at what price, as what type, with what beside it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal

from bot.callback_data import Code
from bot.views import estimate
from bot.views.keyboard import button, grid, rows
from bot.views.message import Button, Message, text
from bot.views.numbers import exact, percent, price, quantity
from bot.views.order_words import headline, how
from bot.views.outcome import seconds_left
from market.instrument import SecType
from market.ticket import TIMES, Algo, OrderType, Side, SizeUnit, TimeInForce
from trading.guarding import Guarding, guarding
from trading.proposal import Proposal

_STEPS_PCT = (Decimal(-1), Decimal("-0.5"), Decimal("0.5"), Decimal(1))
_STOPS_PCT = (Decimal(1), Decimal(2), Decimal(3), Decimal(5))
_TRAILS_PCT = ("0.5", "1", "2", "3", "5", "10")
_NLV_PCT = ("1", "2", "5", "10")
_COUNTS = ("1", "10", "50", "100")
_TRIGGERED = {OrderType.STOP, OrderType.STOP_LIMIT}
_TIMES = {
    TimeInForce.DAY: "Day",
    TimeInForce.GTC: "Till cancelled",
    TimeInForce.IOC: "At once",
    TimeInForce.OPG: "Opening",
}
_TYPES = (
    ("Market", "MKT"),
    ("Limit", "LMT"),
    ("Stop", "stop"),
    ("Trailing stop", "trail"),
    ("Midprice", "MIDPRICE"),
    ("At close", "MOC"),
    ("Limit at close", "LOC"),
)
ASKED = {
    "qty": ("How many?", "25, $5000, half, 5% nlv, risk 0.5%"),
    "price": ("At what price?", "199.5, market, stop 190, trail 2%"),
    "guard": ("Stop loss and target?", "sl 190 tp 210, or none"),
}
"""What can be typed instead: the question, and examples (Bot API, ForceReply: 64 characters at most)."""


def screen(proposal: Proposal, which: str, *, now: datetime, day_range: float | None = None) -> Message:
    """
    Return the screen *which* of a card that goes on standing meanwhile. Raises KeyError where there is no such screen.

    *day_range* is how far the instrument moves in a day, where that is known.
    """
    title, lines, groups = _SCREENS[which](proposal, day_range)
    head = [
        f"✏️ {headline(proposal)}",
        f"<b>{title}</b>",
        *lines,
        f"⏳ The card still stands for <b>{seconds_left(proposal, now)} s</b>. A choice makes a new one of it.",
    ]
    typed = (button("⌨️ Type it", Code.ORDER_ASK, proposal.id, _TYPED[which]),) if which in _TYPED else ()
    back = button("« Back to the card", Code.ORDER_EDIT, proposal.id, "card")
    return Message("\n".join(head), rows(*groups, typed, (back,)), protect=True)


def question(proposal: Proposal, what: str) -> Message:
    """Return the question whose answer is typed as a reply. Raises KeyError where there is no such question."""
    asked, examples = ASKED[what]
    line = f"✏️ {headline(proposal)}\n<b>{asked}</b> Answer this message, for example <code>{text(examples)}</code>"
    return Message(line, asks=examples)


def over(told: str) -> Message:
    """Return the answer to a typed change of a card that is over: *told* says what became of it."""
    return Message(f"⌛ <b>{text(told)}</b>\nNothing was changed or sent. Write the order again if you still want it.")


def refused(proposal: Proposal, told: Message, again: Sequence[Button]) -> Message:
    """Return what stands in the card's place where its changed order may not be proposed: *told* says why."""
    line = f"✖️ {headline(proposal)}\n<b>This card is closed; nothing was sent.</b> Its change was not taken:\n"
    return Message(line + told.html, rows(again), protect=True)


_Screen = tuple[str, list[str], Sequence[Sequence[Button]]]


def _set(proposal: Proposal, label: str, what: str, value: str) -> Button:
    return button(label, Code.ORDER_SET, proposal.id, what, value)


def _quantity(proposal: Proposal, _day_range: float | None) -> _Screen:
    count, held = proposal.ticket.quantity, proposal.position_before
    chosen = dict.fromkeys((*_COUNTS, *_around(count, proposal.instrument.sec_type)))
    chosen.pop(f"{count:f}", None)
    plain = [_set(proposal, quantity(Decimal(value)), "qty", value) for value in sorted(chosen, key=Decimal)]
    closes = held > 0 if proposal.ticket.side is Side.SELL else held < 0
    parts = [
        _set(proposal, f"{name} ({_part(held, share, proposal)})", SizeUnit.POSITION_PCT.name, str(share))
        for name, share in (("A quarter", 25), ("Half", 50), ("All", 100))
        if closes
    ]
    worth = [_set(proposal, f"{share}% of net liq", SizeUnit.NET_LIQUIDATION_PCT.name, share) for share in _NLV_PCT]
    return (
        f"How many? Now {estimate.units(count, proposal.instrument)}",
        [f"You hold {quantity(held)}"] if held else [],
        (*grid(plain, 4), *grid(parts, 3), *grid(worth, 2)),
    )


def _around(count: Decimal, kind: SecType) -> list[str]:
    """Return twice as many and half as many, in whole units where they come whole."""
    found = [_whole(one, kind) for one in (count * 2, count / 2)]
    return [f"{one.normalize():f}" for one in found if one > 0]


def _part(held: Decimal, share: int, proposal: Proposal) -> str:
    return quantity(_whole(abs(held) * share / 100, proposal.instrument.sec_type))


def _whole(count: Decimal, kind: SecType) -> Decimal:
    return count if kind is SecType.CRYPTO else count.to_integral_value(ROUND_FLOOR)


def _price(proposal: Proposal, _day_range: float | None) -> _Screen:
    kind = proposal.ticket.order_type
    if kind in _TRIGGERED:
        return _stops(proposal, None)
    if kind is OrderType.TRAIL:
        return _trails(proposal, None)
    decimals = proposal.instrument.decimals
    book = [("bid", proposal.bid), ("ask", proposal.ask), ("last", proposal.reference_price)]
    at_book = [_set(proposal, f"At {name} {price(at, decimals)}", "limit", f"{at:f}") for name, at in book if at]
    base = proposal.ticket.limit_price or estimate.entry_price(proposal)
    moved = [
        _set(proposal, f"{percent(step, 1)} {exact(at, decimals)}", "limit", f"{at:f}")
        for step, at in _levels(proposal, base, _STEPS_PCT)
    ]
    market = [] if kind is OrderType.MARKET else [_set(proposal, "Market", "type", "MKT")]
    now = how(proposal.ticket, proposal.instrument)
    return f"At what price? Now {now}", [_book_line(proposal)], (*grid(at_book, 2), *grid(moved, 2), market)


def _stops(proposal: Proposal, _day_range: float | None) -> _Screen:
    """Offer trigger prices where a stop order can be: below the market for a sale, above it for a purchase."""
    sign = -1 if proposal.ticket.side is Side.SELL else 1
    steps = tuple(step * sign for step in _STOPS_PCT)
    decimals = proposal.instrument.decimals
    offered = [
        _set(proposal, f"{percent(step, 0)} {exact(at, decimals)}", "stop", f"{at:f}")
        for step, at in _levels(proposal, proposal.reference_price or estimate.entry_price(proposal), steps)
    ]
    title = "Stop at what price? It becomes a market order there"
    if proposal.ticket.order_type is OrderType.STOP_LIMIT:
        title = "Stop at what price? Its limit moves with it"
    return title, [_book_line(proposal)], grid(offered, 2)


def _trails(proposal: Proposal, _day_range: float | None) -> _Screen:
    offered = [_set(proposal, f"{share}%", "trail", share) for share in _TRAILS_PCT]
    return "Follow the price at what distance?", [_book_line(proposal)], grid(offered, 3)


def _type(proposal: Proposal, _day_range: float | None) -> _Screen:
    ticket = proposal.ticket
    kind = "" if ticket.order_type is None else ticket.order_type.value
    types = [
        button(name, Code.ORDER_EDIT, proposal.id, value) if value.islower() else _set(proposal, name, "type", value)
        for name, value in _TYPES
        if value != kind
    ]
    fit = TIMES[ticket.order_type]
    times = [
        _set(proposal, name, "tif", force.value)
        for force, name in _TIMES.items()
        if force in fit and force is not ticket.time_in_force
    ]
    hours = ("Regular hours only", "off") if ticket.outside_rth else ("Outside hours too", "on")
    more = [_set(proposal, hours[0], "outside", hours[1])] if TimeInForce.GTC in fit else []
    if ticket.order_type in {OrderType.MARKET, OrderType.LIMIT}:
        algo = ("No algorithm", "none") if ticket.algo is not None else ("Adaptive", Algo.ADAPTIVE.value)
        more.append(_set(proposal, algo[0], "algo", algo[1]))
    title = f"As what type, and for how long? Now {how(ticket, proposal.instrument)}"
    return title, [], (*grid(types, 3), *grid(times, 3), more)


def _guard(proposal: Proposal, day_range: float | None) -> _Screen:
    """Offer a stop loss and a target: as far as the instrument moves in a day and twice that, and by percent."""
    entry, side = estimate.entry_price(proposal), proposal.ticket.side
    offered: list[Button] = []
    suited = guarding(side, entry, proposal.instrument, day_range)
    if suited is not None and not suited.is_usual:
        offered.append(_guard_button(proposal, "Day's range", suited))
    for share in (Decimal(1), Decimal(2), Decimal(5)):
        found = None if entry is None else guarding(side, entry, proposal.instrument, float(entry * share / 100))
        if found is not None:
            offered.append(_guard_button(proposal, f"{share:f}%", found))
    has = proposal.ticket.stop_loss is not None or proposal.ticket.take_profit is not None
    none = [_set(proposal, "Neither", "guard", "none")] if has else []
    at = "" if entry is None else f" with the order at {exact(entry, proposal.instrument.decimals)}"
    title = f"Stop loss and target{at}? The target is twice as far as the stop"
    return title, estimate.bracket_lines(proposal) if has else [], (*grid(offered, 1), none)


def _guard_button(proposal: Proposal, name: str, found: Guarding) -> Button:
    decimals = proposal.instrument.decimals
    label = f"{name}: SL {exact(found.stop_loss, decimals)} · TP {exact(found.take_profit, decimals)}"
    return _set(proposal, label, "guard", f"{found.stop_loss:f}_{found.take_profit:f}")


def _levels(proposal: Proposal, base: Decimal | None, steps: Sequence[Decimal]) -> list[tuple[Decimal, Decimal]]:
    """Return prices around *base* on the instrument's steps, each with how many percent it is away."""
    tick = Decimal(repr(proposal.instrument.min_tick))
    if base is None or tick <= 0:
        return []
    found = [(step, (base * (1 + step / 100) / tick).to_integral_value() * tick) for step in steps]
    return [(step, at) for step, at in found if at != base]


def _book_line(proposal: Proposal) -> str:
    decimals = proposal.instrument.decimals
    return (
        f"Last <code>{price(proposal.reference_price, decimals)}</code> · bid "
        f"<code>{price(proposal.bid, decimals)}</code> · ask <code>{price(proposal.ask, decimals)}</code>"
    )


_SCREENS: Mapping[str, Callable[[Proposal, float | None], _Screen]] = {
    "qty": _quantity,
    "price": _price,
    "type": _type,
    "stop": _stops,
    "trail": _trails,
    "guard": _guard,
}
_TYPED = {"qty": "qty", "price": "price", "stop": "price", "trail": "price", "type": "price", "guard": "guard"}
