"""What became of each order of a proposal, in words."""

from decimal import Decimal

from bot.views.keyboard import shortened
from bot.views.leg_reason import leg_reason
from bot.views.message import text
from bot.views.numbers import exact, money, quantity
from bot.views.order_words import how, is_list, role_words, spelled
from trading.leaving import may_have_left
from trading.proposal import Leg, LegRole, LegState, Proposal

_REASON = 120
_STATES = {
    LegState.UNSENT: "🕓 not sent",
    LegState.SENT: "🕓 sent",
    LegState.WORKING: "🕓 working",
    LegState.PARTIAL: "🕓 partly filled",
    LegState.FILLED: "✅ filled",
    LegState.REJECTED: "❌ rejected",
    LegState.CANCELLED: "✖️ cancelled",
    LegState.EXPIRED: "⌛ expired",
    LegState.UNKNOWN: "⚠️ unknown",
    LegState.NOT_SENT: "✖️ never sent",
    LegState.CHANGED: "✅ changed",
}
_WAITS = "🕓 waiting for the fill"
_PERHAPS = "⚠️ perhaps sent"
# What is filled says it all.
_MARKS = {LegState.PARTIAL: "🕓", LegState.FILLED: "✅"}
_AT_WORK = {LegState.SENT, LegState.WORKING, LegState.PARTIAL}
_SPOKEN = {LegState.REJECTED, LegState.UNKNOWN}


def leg_words(leg: Leg, proposal: Proposal) -> str:
    """Return what became of one leg, safe for HTML."""
    words = _standing(leg, proposal)
    if leg.filled and leg.state in _MARKS:
        words = f"{_MARKS[leg.state]} {filled_line(leg, proposal)}"
    elif leg.filled:
        words += f" · {filled_line(leg, proposal)}"
    reason = leg_reason(leg)
    if reason:
        words += f": {reason[0].lower()}{reason[1:].rstrip('.')}" if not reason.startswith("I ") else f": {reason}"
    elif leg.message and leg.state in _SPOKEN:
        words += f": {text(shortened(leg.message, _REASON))}"
    return words


def all_legs(proposal: Proposal) -> str:
    """Return what became of the order; of several, how many stand how."""
    if len(proposal.legs) == 1:
        return leg_words(proposal.legs[0], proposal)
    counts: dict[str, int] = {}
    for leg in proposal.legs:
        words = _standing(leg, proposal)
        counts[words] = counts.get(words, 0) + 1
    return ", ".join(f"{count} {words}" if len(counts) > 1 else f"all {words}" for words, count in counts.items())


def _standing(leg: Leg, proposal: Proposal) -> str:
    """Return how a leg stands; one that hangs on an entry waits until that has filled something."""
    parent = proposal.order_of(leg).parent
    entry = next((one for one in proposal.legs if one.number == parent), None)
    if leg.state is LegState.WORKING and entry is not None and not entry.filled:
        return _WAITS
    if may_have_left(proposal, leg):
        return _PERHAPS
    return _STATES[leg.state]


def leg_lines(proposal: Proposal) -> list[str]:
    """Return a line for each of several legs: what it is and what became of it; nothing for a single one."""
    if len(proposal.legs) < 2:  # noqa: PLR2004  one order needs no list
        return []
    return [f"{leg_name(leg, proposal)}: {leg_words(leg, proposal)}{_said(leg)}" for leg in proposal.legs]


def _said(leg: Leg) -> str:
    """Return what IBKR says of an order that goes on; of one that ended, its words are the reason."""
    is_told = leg.state in _AT_WORK and leg.message
    return f" · <i>IBKR: {text(shortened(leg.message, _REASON))}</i>" if is_told else ""


def leg_name(leg: Leg, proposal: Proposal) -> str:
    """Return what a leg is, safe for HTML: the order of a list, the child of a bracket with its price."""
    order = proposal.order_of(leg)
    if is_list(proposal):
        accounts = {one.account for one in proposal.orders}
        where = f" · {order.account}" if len(accounts) > 1 else ""
        return text(f"{leg.number}. {spelled(order.ticket, order.instrument)}{where}")
    if order.role is LegRole.ENTRY:
        return text(spelled(order.ticket, order.instrument))
    return text(f"{role_words(order.role)} {how(order.ticket, order.instrument)}".strip())


def costs_line(proposal: Proposal) -> list[str]:
    """Return what several orders cost and brought together, for each currency; nothing where none is known."""
    fees: dict[str, Decimal] = {}
    realized: dict[str, Decimal] = {}
    for leg in proposal.legs if len(proposal.legs) > 1 else ():
        currency = proposal.order_of(leg).instrument.currency
        if leg.commission is not None:
            paid_in = leg.commission_currency or currency
            fees[paid_in] = fees.get(paid_in, Decimal(0)) + leg.commission
        if leg.realized_pnl is not None:
            realized[currency] = realized.get(currency, Decimal(0)) + leg.realized_pnl
    parts = [f"fees {' + '.join(money(fee, currency) for currency, fee in fees.items())}"] if fees else []
    parts += [f"realized <b>{money(gain, currency, signed=True)}</b>" for currency, gain in realized.items()]
    line = " · ".join(parts)
    return [f"{line[0].upper()}{line[1:]}"] if line else []


def filled_line(leg: Leg, proposal: Proposal) -> str:
    """Return how much of a leg is filled and at what average, safe for HTML."""
    order = proposal.order_of(leg)
    line = f"filled {quantity(leg.filled)} of {quantity(order.ticket.quantity)}"
    if leg.average_price is not None and leg.filled:
        line += f" @ avg <code>{exact(round(leg.average_price, 4), order.instrument.decimals)}</code>"
    return line
