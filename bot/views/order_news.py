"""What happened to an order: told in the thread of the card that it was confirmed on."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views.firing import LATE
from bot.views.keyboard import button, rows, shortened
from bot.views.message import Message, Rows, Style, text
from bot.views.numbers import exact, moment, money, quantity, span
from bot.views.orders import filled_line, headline, spelled, venue
from market.ticket import Side
from trading.proposal import Leg, LegState, OrderNews, Proposal

_REASON = 400
_HEADS = {
    LegState.UNSENT: "🕓 <b>Not sent</b>",
    LegState.SENT: "🕓 <b>Sent</b>",
    LegState.WORKING: "🕓 <b>Working</b>",
    LegState.PARTIAL: "🕓 <b>Partly filled</b>",
    LegState.FILLED: "✅ <b>FILLED</b>",
    LegState.REJECTED: "❌ <b>REJECTED</b>",
    LegState.CANCELLED: "✖️ <b>CANCELLED</b>",
    LegState.EXPIRED: "⌛ <b>EXPIRED</b>",
    LegState.UNKNOWN: "⚠️ <b>Status unknown</b>",
}
_ENDS = {
    LegState.UNSENT: "It never left for the market",
    LegState.REJECTED: "IBKR did not take the order",
    LegState.CANCELLED: "The order is off the market",
    LegState.EXPIRED: "Its time ran out at IBKR",
}


def order_news(news: OrderNews, *, now: datetime, zone: ZoneInfo, may_repeat: bool = False) -> Message:
    """
    Return the message about one change of an order. Working and partly filled are silent.

    *may_repeat* marks a message that may have arrived before.
    """
    proposal, leg = news.proposal, news.leg
    lines = [_first_line(proposal, leg), *_facts(proposal, leg)]
    if leg.message:
        lines.append(f"<i>IBKR: {text(shortened(leg.message, _REASON))}</i>")
    lines.append(f"<i>{moment(news.at, zone, now, seconds=True)}</i> · ref <code>{text(proposal.reference)}</code>")
    if news.found_at_reconcile:
        lines.append("Looked up at IBKR after a restart or a lost link; nothing was sent again.")
    elif now - news.at > LATE:
        lines.append(f"⚠️ <b>Late</b>: told {span(now - news.at)} after")
    if may_repeat:
        lines.append("↻ <i>may repeat: the first send was not acknowledged</i>")
    silent = leg.state in {LegState.SENT, LegState.WORKING, LegState.PARTIAL}
    return Message("\n".join(lines), _buttons(proposal, leg), silent=silent, protect=True)


def _first_line(proposal: Proposal, leg: Leg) -> str:
    head = _HEADS[leg.state]
    if leg.state is LegState.FILLED and leg.average_price is not None:
        verb = "BOT" if proposal.ticket.side is Side.BUY else "SLD"
        average = exact(round(leg.average_price, 4), proposal.instrument.decimals)
        what = f"{verb} {quantity(leg.filled)} {proposal.instrument.label} @ {average}"
        return f"{head} · {venue(proposal.account)} · <b>{text(what)}</b>"
    return f"{head} · {headline(proposal)}"


def _facts(proposal: Proposal, leg: Leg) -> list[str]:
    if leg.state is LegState.FILLED:
        return [_filled_facts(proposal, leg)]
    if leg.state is LegState.UNKNOWN:
        return [
            "IBKR was asked and does not say what became of it.",
            "<b>Do not send it again</b> before you have looked into TWS; I never send it again by myself.",
        ]
    told = _ENDS.get(leg.state)
    if told is not None:
        return [f"{told}: " + (f"{filled_line(leg, proposal)}." if leg.filled else "nothing was bought or sold.")]
    return [f"At IBKR, {filled_line(leg, proposal) if leg.filled else 'nothing filled yet'}"]


def _filled_facts(proposal: Proposal, leg: Leg) -> str:
    currency = proposal.instrument.currency
    parts = []
    if leg.average_price is not None:
        total = leg.average_price * leg.filled * Decimal(proposal.instrument.multiplier or 1)
        parts.append(f"{'Cost' if proposal.ticket.side is Side.BUY else 'Proceeds'} {money(total, currency)}")
    if leg.commission is not None:
        parts.append(f"fee {money(leg.commission, leg.commission_currency or currency)}")
    if leg.realized_pnl is not None:
        parts.append(f"realized <b>{money(leg.realized_pnl, currency, signed=True)}</b>")
    parts.append(f"of {text(spelled(proposal.ticket, proposal.instrument))}")
    return " · ".join(parts)


def _buttons(proposal: Proposal, leg: Leg) -> Rows:
    orders = button("📋 Orders", Code.ORDER_LIST, Place.ANEW)
    if leg.state is LegState.FILLED:
        return rows((button("📂 Position", Code.POSITION_CARD, Place.ANEW, proposal.instrument.con_id), orders))
    if leg.state in {LegState.SENT, LegState.WORKING, LegState.PARTIAL}:
        return rows(
            (button("✖️ Cancel order", Code.ORDER_WITHDRAW, Place.ANEW, proposal.id, style=Style.DANGER), orders)
        )
    return rows((orders,))
