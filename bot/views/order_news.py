"""
What happened to an order: told in the thread of the card that it was confirmed on.

One message shows how the orders of a proposal stand and is edited in place; what a person is called for comes as a
message of its own.
"""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views.firing import LATE
from bot.views.keyboard import button, rows, shortened
from bot.views.leg_reason import NOT_IN_TWS, leg_reason
from bot.views.legs import all_legs, costs_line, filled_line, leg_lines, leg_name
from bot.views.message import Button, Message, Rows, Style, text
from bot.views.numbers import exact, moment, money, quantity, span
from bot.views.order_words import changed_reference, headline, is_change, is_list, role_words, spelled, venue
from market.instrument import SecType
from market.ticket import OrderType, Side, TimeInForce
from trading.disowning import unheard_of
from trading.proposal import Leg, LegRole, LegState, OrderNews, Proposal

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
    LegState.NOT_SENT: "✖️ <b>NOT SENT</b>",
    LegState.CHANGED: "✅ <b>Changed</b>",
}
_ENDS = {
    LegState.UNSENT: "It never left for the market",
    LegState.REJECTED: "IBKR did not take the order",
    LegState.CANCELLED: "The order is off the market",
    LegState.EXPIRED: "Its time ran out at IBKR",
    LegState.NOT_SENT: "It never left for the market and never will",
}
_CHANGES = {
    LegState.REJECTED: "IBKR did not take the change: <b>the order goes on with its old terms</b>.",
    LegState.CANCELLED: "Nothing was changed.",
    LegState.NOT_SENT: "Nothing was changed; /orders shows how the order stands.",
    LegState.UNKNOWN: (
        "IBKR was asked and does not say whether it took the change. Look into TWS before you change it again; "
        "I never send it again by myself."
    ),
}
_TRIES = {
    LegState.REJECTED: "Mend what IBKR names and write the order again; nothing of it works at IBKR.",
    LegState.EXPIRED: "Write it again if you still want it; <code>gtc</code> lets one work longer.",
    LegState.NOT_SENT: "Look at /orders first; then write it again if you still want it.",
}
_HINTS = (
    (
        ("margin", "buying power", "insufficient", "funds"),
        "Order fewer, or free some first: /account shows what there is.",
    ),
    (("permission",), "Your IBKR account may not trade this kind yet: Client Portal, Settings, Trading Permissions."),
    (("price variation", "tick"), "Write it again with a price on the contract's steps."),
    (("short", "locate", "borrow"), "There are no shares to borrow for a short sale just now; nothing of it works."),
)
_AT_WORK = {LegState.SENT, LegState.WORKING, LegState.PARTIAL}
_CHILDREN = {LegRole.TAKE_PROFIT, LegRole.STOP_LOSS}
_NAMES = {LegRole.TAKE_PROFIT: "target", LegRole.STOP_LOSS: "stop"}
_MOVED = {OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL}


def order_news(news: OrderNews, *, now: datetime, zone: ZoneInfo, may_repeat: bool = False) -> Message:
    """
    Return the message that calls a person for what happened to an order: its end, mostly.

    *may_repeat* marks a message that may have arrived before.
    """
    proposal, leg = news.proposal, news.leg
    lines = [_first_line(proposal, leg), *_facts(proposal, leg)]
    reason = leg_reason(leg)
    if reason:
        lines.append(reason)
    elif leg.message:
        lines.append(f"<i>IBKR: {text(shortened(leg.message, _REASON))}</i>")
    lines += _what_to_do(proposal, leg)
    lines += [*_what_follows(proposal, leg), *_foot(news, now, zone)]
    if not news.found_at_reconcile and now - news.at > LATE:
        lines.append(f"⚠️ <b>Late</b>: told {span(now - news.at)} after")
    if may_repeat:
        lines.append("↻ <i>may repeat: the first send was not acknowledged</i>")
    return Message("\n".join(lines), _end_buttons(proposal, leg), silent=leg.state in _AT_WORK, protect=True)


def order_thread(news: OrderNews, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return the message that shows how the orders of a proposal stand, with what can be done about those at work."""
    proposal = news.proposal
    several = leg_lines(proposal)
    if several:
        lines = [f"{_mark(proposal)} {headline(proposal)}: {all_legs(proposal)}", *several, *costs_line(proposal)]
    else:
        lines = [_first_line(proposal, news.leg), *_standing(proposal, news.leg)]
    return Message("\n".join([*lines, *_foot(news, now, zone)]), _thread_buttons(proposal), silent=True, protect=True)


def _what_to_do(proposal: Proposal, leg: Leg) -> list[str]:
    if leg.state not in _TRIES or leg.filled or proposal.order_of(leg).role is LegRole.CHANGE:
        return []
    said = leg.message.lower()
    hints = (hint for words, hint in _HINTS if leg.state is LegState.REJECTED and any(word in said for word in words))
    if leg.state is LegState.EXPIRED and proposal.order_of(leg).ticket.time_in_force is TimeInForce.IOC:
        return ["Nobody traded at that price just then: write it again with another one if you still want it."]
    return [next(hints, _TRIES[leg.state])]


def _foot(news: OrderNews, now: datetime, zone: ZoneInfo) -> list[str]:
    at = f"<i>{moment(news.at, zone, now, seconds=True)}</i> · ref <code>{text(news.proposal.reference)}</code>"
    if news.found_at_reconcile:
        return [at, "Looked up at IBKR after a restart or a lost link; nothing was sent again."]
    return [at]


def _mark(proposal: Proposal) -> str:
    if not proposal.is_over:
        return "🕓"
    return "✅" if any(leg.state in {LegState.FILLED, LegState.CHANGED} for leg in proposal.legs) else "✖️"


def _first_line(proposal: Proposal, leg: Leg) -> str:
    head = _HEADS[leg.state]
    order = proposal.order_of(leg)
    where = venue(order.account)
    if is_list(proposal) and leg.state is LegState.FILLED:
        good = all(one.state is LegState.FILLED for one in proposal.legs)
        return f"{head if good else '⚠️ <b>OVER</b>'} · {headline(proposal)}: {all_legs(proposal)}"
    what = _bought(proposal, leg) if leg.state is LegState.FILLED else ""
    if not what:
        what = spelled(order.ticket, order.instrument)
        if len(proposal.legs) == 1:
            return f"{head} · {headline(proposal)}"
    role = role_words(order.role) if order.role in _CHILDREN else ""
    return " · ".join(filter(None, (head, where, role, f"<b>{text(what)}</b>")))


def _bought(proposal: Proposal, leg: Leg) -> str:
    order = proposal.order_of(leg)
    if leg.average_price is None:
        return ""
    verb = "BOT" if order.ticket.side is Side.BUY else "SLD"
    average = exact(round(leg.average_price, 4), order.instrument.decimals)
    return f"{verb} {quantity(leg.filled)} {order.instrument.label} @ {average}"


def _facts(proposal: Proposal, leg: Leg) -> list[str]:
    if is_list(proposal) and leg.state is LegState.FILLED:
        return [*leg_lines(proposal), *costs_line(proposal)]
    if leg.state is LegState.FILLED:
        return [_filled_facts(proposal, leg)]
    if proposal.order_of(leg).role is LegRole.CHANGE and leg.state in _CHANGES:
        return [_CHANGES[leg.state]]
    if leg.state is LegState.UNKNOWN:
        return [
            "IBKR was asked and does not say what became of it.",
            "<b>Do not send it again</b> before you have looked into TWS; I never send it again by myself.",
        ]
    return _standing(proposal, leg)


def _standing(proposal: Proposal, leg: Leg) -> list[str]:
    if leg.state is LegState.FILLED:
        return [_filled_facts(proposal, leg)]
    if leg.state is LegState.CHANGED:
        return [f"IBKR works on the new terms{_of_which(proposal)}."]
    told = _ENDS.get(leg.state)
    ticket = proposal.order_of(leg).ticket
    if leg.state is LegState.EXPIRED and ticket.time_in_force is TimeInForce.IOC:
        told = "What could not be filled at once was cancelled" if leg.filled else "It could not be filled at once"
    if told is not None:
        return [f"{told}: {_part(proposal, leg) if leg.filled else 'nothing was bought or sold.'}"]
    said = [f"<i>IBKR: {text(shortened(leg.message, _REASON))}</i>"] if leg.message and leg.state in _AT_WORK else []
    return [f"At IBKR, {filled_line(leg, proposal) if leg.filled else 'nothing filled yet'}", *said]


def _part(proposal: Proposal, leg: Leg) -> str:
    """Return what was filled of an order that ended before it was complete, and what that cost."""
    currency = leg.commission_currency or proposal.order_of(leg).instrument.currency
    fee = "" if leg.commission is None else f", fee {money(leg.commission, currency)}"
    return f"{filled_line(leg, proposal)}{fee}."


def _of_which(proposal: Proposal) -> str:
    """Return which order a change is of: ` of order #7`."""
    number = changed_reference(proposal)
    return f" of order <code>{text(number)}</code>" if number else ""


def _what_follows(proposal: Proposal, leg: Leg) -> list[str]:
    """
    Say what protects a position that has come about: the children that are at work now.

    IBKR takes the children off with an entry that is taken off, also where a part of it is filled.
    """
    hung = [proposal.order_of(one) for one in proposal.legs if proposal.order_of(one).parent == leg.number]
    if leg.state in {LegState.CANCELLED, LegState.EXPIRED} and leg.filled and hung:
        names = " and ".join(_NAMES[order.role] for order in hung)
        ends = f"⚠️ Its {names} end{'s' if len(hung) == 1 else ''} with it"
        bare = f"<b>nothing protects the {quantity(leg.filled)} that were filled</b>"
        return [f"{ends}: {bare}, unless /orders shows that something still works."]
    if leg.state is not LegState.FILLED:
        return []
    children = [
        leg_name(one, proposal)
        for one in proposal.legs
        if proposal.order_of(one).parent == leg.number and not one.state.is_final
    ]
    return [f"Now at work: {' · '.join(children)}"] if children else []


def _filled_facts(proposal: Proposal, leg: Leg) -> str:
    order = proposal.order_of(leg)
    currency = order.instrument.currency
    parts = []
    if leg.average_price is not None:
        total = leg.average_price * leg.filled * order.instrument.factor
        name = "Value" if order.instrument.sec_type is SecType.FUTURE else _way(order.ticket.side, total)
        parts.append(f"{name} {money(abs(total), currency)}")
    if leg.commission is not None:
        parts.append(f"fee {money(leg.commission, leg.commission_currency or currency)}")
    if leg.realized_pnl is not None:
        parts.append(f"realized <b>{money(leg.realized_pnl, currency, signed=True)}</b>")
    parts.append(f"of {text(spelled(order.ticket, order.instrument))}")
    return " · ".join(parts)


def _way(side: Side, total: Decimal) -> str:
    """Who buys pays, unless the price is below zero: then it is the other way round."""
    return "Cost" if (side is Side.BUY) == (total >= 0) else "Proceeds"


def _end_buttons(proposal: Proposal, leg: Leg) -> Rows:
    orders = button("📋 Orders", Code.ORDER_LIST, Place.ANEW)
    if leg.state is LegState.FILLED and not is_list(proposal):
        con_id = proposal.order_of(leg).instrument.con_id
        position = (button("📂 Position", Code.POSITION_CARD, Place.ANEW, con_id),) if con_id > 0 else ()
        return rows(_guards(proposal, leg), (*position, orders))
    if leg in unheard_of(proposal):
        return rows((button(NOT_IN_TWS, Code.ORDER_DISOWN, proposal.id),), (orders,))
    return rows((orders,))


def _guards(proposal: Proposal, leg: Leg) -> tuple[Button, ...]:
    """Return the buttons that put a stop or a target beside what was bought, where it has none; not where it closed."""
    order, held = proposal.order_of(leg), proposal.position_before
    closed = held > 0 if order.ticket.side is Side.SELL else held < 0
    if order.role is not LegRole.ENTRY or order.instrument.sec_type is SecType.COMBO or closed:
        return ()
    roles = {order.role for order in proposal.orders}
    offered = (("🛑 Add stop", "stop", LegRole.STOP_LOSS), ("🎯 Add target", "target", LegRole.TAKE_PROFIT))
    return tuple(
        button(label, Code.ORDER_GUARD, Place.ANEW, proposal.id, leg.number, what)
        for label, what, role in offered
        if role not in roles
    )


def _thread_buttons(proposal: Proposal) -> Rows:
    at_work = [leg for leg in proposal.legs if leg.state in _AT_WORK]
    orders = button("📋 Orders", Code.ORDER_LIST, Place.ANEW)
    if not at_work or is_change(proposal):
        return rows((orders,))
    moves = [
        button(_move_label(leg, proposal), Code.ORDER_MOVE, Place.ANEW, proposal.id, leg.number)
        for leg in at_work
        if not is_list(proposal) and proposal.order_of(leg).ticket.order_type in _MOVED
    ]
    label = "✖️ Cancel order" if len(at_work) == 1 else f"✖️ Cancel all {len(at_work)}"
    cancel = button(label, Code.ORDER_WITHDRAW, Place.ANEW, proposal.id, style=Style.DANGER)
    return rows(moves, (cancel, orders))


def _move_label(leg: Leg, proposal: Proposal) -> str:
    match proposal.order_of(leg).role:
        case LegRole.TAKE_PROFIT:
            return "✏️ Move target"
        case LegRole.STOP_LOSS | LegRole.ALTERNATIVE:
            return "✏️ Move stop"
        case _:
            return "✏️ Move price"
