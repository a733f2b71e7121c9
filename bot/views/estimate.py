"""What an order is expected to cost, to bring, and to leave behind: the figures of its card."""

from dataclasses import dataclass
from decimal import Decimal

from bot.views.message import text
from bot.views.numbers import MINUS, exact, fixed, money, percent, quantity
from bot.views.order_words import is_change, size_words, spelled
from market.instrument import Instrument, SecType
from market.ticket import OrderTicket, OrderType, Side
from trading.exposure import Stock, most_lost, reduces
from trading.proposal import LegOrder, LegRole, Preview, Proposal

_UNITS = {
    SecType.STOCK: ("share", "shares"),
    SecType.OPTION: ("contract", "contracts"),
    SecType.FUTURE: ("contract", "contracts"),
    SecType.FUTURE_OPTION: ("contract", "contracts"),
    SecType.COMBO: ("spread", "spreads"),
}
# A future is margined, a pair changes one currency into another: neither takes its value out of the cash.
_NOT_PAID = {SecType.FUTURE, SecType.FOREX}
_AT_STOP = {OrderType.STOP}


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a bracket's child comes to, before fees: *gain* in the instrument's currency, *away_pct* from the entry."""

    price: Decimal
    gain: Decimal
    away_pct: Decimal


def units(count: Decimal, instrument: Instrument) -> str:
    """Return a quantity with its unit where it has one: `25 shares`, `1 contract`, `20,000 EUR`."""
    names = _UNITS.get(instrument.sec_type)
    if names is None:
        return f"{quantity(count)} {instrument.symbol}"
    return f"{quantity(count)} {names[0] if count == 1 else names[1]}"


def entry_price(proposal: Proposal) -> Decimal | None:
    """Return the price that the order is expected to be filled at, None where nothing tells."""
    ticket = proposal.ticket
    if ticket.limit_price is not None and ticket.order_type is not OrderType.MIDPRICE:
        return ticket.limit_price
    if ticket.order_type in _AT_STOP:
        return ticket.stop_price
    side = proposal.ask if ticket.side is Side.BUY else proposal.bid
    return side if side is not None else proposal.reference_price


def value(ticket: OrderTicket, instrument: Instrument, each: Decimal | None) -> Decimal | None:
    """Return what the whole quantity is worth at *each*, in the instrument's currency."""
    return None if each is None else each * ticket.quantity * instrument.factor


def cost(proposal: Proposal) -> Decimal | None:
    """Return what the order is expected to cost or to bring; below zero for a spread that works the other way."""
    return value(proposal.ticket, proposal.instrument, entry_price(proposal))


def outlook(proposal: Proposal, child: Decimal | None) -> Outlook | None:
    """Return what the order comes to where it is left at *child*, None where that or the entry is not known."""
    entry = entry_price(proposal)
    if child is None or not entry:
        return None
    moved = child - entry if proposal.ticket.side is Side.BUY else entry - child
    gain = moved * proposal.ticket.quantity * proposal.instrument.factor
    return Outlook(child, gain, (child / entry - 1) * 100)


def asked_line(proposal: Proposal) -> list[str]:
    """Return what a size that was asked for came to: `5,000.00 USD → 25 shares, 4,987.50 USD`."""
    if proposal.asked is None:
        return []
    instrument, total = proposal.instrument, cost(proposal)
    came = units(proposal.ticket.quantity, instrument)
    worth = "" if total is None else f", {fixed(total, 2)} {instrument.currency}"
    return [f"{size_words(proposal.asked, instrument)} → <b>{text(came)}</b>{text(worth)}"]


def figures(proposal: Proposal, base: str) -> str:
    """Return the card's table: cost, commission, margin, cash and position after; *base* is the account's currency."""
    preview = proposal.preview or Preview()
    fee_currency = preview.commission_currency or proposal.instrument.currency
    after = _cash_after(proposal, base)
    table = [
        _cost_row(proposal),
        ("Commission", f"~{money(preview.commission, fee_currency)}" if preview.commission is not None else ""),
        ("Init margin", _change(preview.initial_margin_change, base)),
        ("Cash after", "" if after is None else money(after, base)),
        ("Position", _position(proposal)),
    ]
    return "\n".join(f"{name:<14}{value.replace(MINUS, '-'):>18}" for name, value in table if value)


def bracket_lines(proposal: Proposal) -> list[str]:
    """Return a line for each child of a bracket, with what it would come to before fees, and how long they work."""
    target, stop = outlook(proposal, proposal.ticket.take_profit), outlook(proposal, proposal.ticket.stop_loss)
    currency, decimals = proposal.instrument.currency, proposal.instrument.decimals
    lines = []
    if target is not None:
        gain = money(target.gain, currency, signed=True)
        lines.append(f"🎯 Take profit <b>{exact(target.price, decimals)}</b> ({percent(target.away_pct)}): {gain}")
    if stop is not None:
        loss = money(stop.gain, currency, signed=True)
        worst = f"at worst about <b>{loss}</b>, more where the price jumps over it"
        lines.append(f"🛑 Stop loss <b>{exact(stop.price, decimals)}</b> ({percent(stop.away_pct)}): {worst}")
    elif target is not None:
        lines.append("⚠️ No stop loss: nothing limits what it may lose")
    return lines


def risk_lines(proposal: Proposal) -> list[str]:
    """Return what vertical spreads may lose at most before fees, nothing of those that only end what is held."""
    lost = dict[str, Decimal]()
    for order in proposal.exposures:
        each = _opened_at(proposal, order)
        most = None if each is None else most_lost(order.ticket.side, order.instrument, each)
        if most is not None:
            currency = order.instrument.currency
            lost[currency] = lost.get(currency, Decimal(0)) + most * order.ticket.quantity
    return [f"May lose at most <b>{money(total, currency)}</b> before fees" for currency, total in lost.items()]


def _opened_at(proposal: Proposal, order: LegOrder) -> Decimal | None:
    """Return the price at which an order opens a position; None where it only ends one, or nothing tells."""
    if order.role is LegRole.PART:
        held = order.closable if order.closable is not None else Decimal(0)
        each = order.ticket.limit_price if order.ticket.limit_price is not None else order.reference_price
    else:
        held, each = proposal.position_before, entry_price(proposal)
    return None if reduces(order.ticket, Stock(held), strictly=False) else each


def list_lines(proposal: Proposal) -> list[str]:
    """Return a line for each order of a list with what it comes to, and the totals by currency."""
    lines, totals = [], dict[tuple[str, str], Decimal]()
    for number, order in enumerate(proposal.orders, 1):
        each = order.ticket.limit_price if order.ticket.limit_price is not None else order.reference_price
        worth, currency = value(order.ticket, order.instrument, each), order.instrument.currency
        line = f"{number}. {spelled(order.ticket, order.instrument)}"
        if order.account != proposal.account or len({one.account for one in proposal.orders}) > 1:
            line += f" · {order.account}"
        if worth is not None:
            line += f" · ~{money(worth, currency)}"
            way = "Buys" if order.ticket.side is Side.BUY else "Sells"
            totals[way, currency] = totals.get((way, currency), Decimal(0)) + worth
        lines.append(text(line))
    summed = [f"{way} <b>~{money(total, currency)}</b>" for (way, currency), total in totals.items()]
    unknown = any(one.ticket.limit_price is None and one.reference_price is None for one in proposal.orders)
    note = [" · ".join(summed) + (" and what has no price just now" if unknown else "")] if summed else []
    return [*lines, *note]


def _cost_row(proposal: Proposal) -> tuple[str, str]:
    total, currency = cost(proposal), proposal.instrument.currency
    pays = (proposal.ticket.side is Side.BUY) == (total is None or total >= 0)
    name = "Est. cost" if pays else "Est. proceeds"
    if proposal.instrument.sec_type is SecType.FUTURE:
        name = "Est. value"
    return name, money(None if total is None else abs(total), currency)


def _change(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else money(amount, currency, signed=True)


def _position(proposal: Proposal) -> str:
    """Return the position before and after; a spread is not held as such, and a change only replaces an order."""
    if proposal.instrument.sec_type is SecType.COMBO or is_change(proposal):
        return ""
    held, count = proposal.position_before, proposal.ticket.quantity
    moved = held + count if proposal.ticket.side is Side.BUY else held - count
    return f"{quantity(held)} → {quantity(moved)}"


def _cash_after(proposal: Proposal, base: str) -> Decimal | None:
    """Cash is in the account's currency; an order in another one cannot be taken from it here."""
    total, instrument = cost(proposal), proposal.instrument
    if total is None or proposal.cash_before is None or instrument.currency != base or is_change(proposal):
        return None
    if instrument.sec_type in _NOT_PAID:
        return None
    return proposal.cash_before - total if proposal.ticket.side is Side.BUY else proposal.cash_before + total


def children_last(proposal: Proposal) -> OrderTicket | None:
    """Return the ticket of a bracket's first child, which says how long the children work; None without any."""
    roles = {LegRole.TAKE_PROFIT, LegRole.STOP_LOSS}
    return next((order.ticket for order in proposal.orders if order.role in roles), None)
