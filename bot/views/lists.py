"""Lists of orders: what is asked before one, what it leaves as it is, and what becomes of purchases that wait."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views.keyboard import button, shortened
from bot.views.message import Button, Message, Rows, Style, text
from bot.views.numbers import moment, money, quantity, share
from bot.views.order_words import spelled as spelled_order
from bot.views.order_words import venue
from market.account import Position
from market.instrument import SecType
from trading.batch import Left, Why
from trading.proposal import LegOrder, Proposal
from trading.rebalance import Rebalance, Trade
from trading.targets import Targets

_MOST = 12
_NOTED = 8
_WORDS = {
    Why.CLOSED: "its market is closed{opens}",
    Why.HOURS: "IBKR does not say whether its market is open",
    Why.MONEY: "it is cash in another currency",
    Why.SIZE: "less than IBKR takes",
    Why.TYPE: "IBKR takes no market order of it",
    Why.UNNAMED: "not named{percent}",
    Why.NEAR: "at its part already",
    Why.REMAINDER: "left over by the division",
    Why.MONEY_OUT: "the money does not reach",
}


def left_words(left: Left, *, now: datetime, zone: ZoneInfo) -> str:
    """Return in plain text what stays as it is and why: `3 BMW stays: its market is closed until Mon 09:00`."""
    opens = "" if left.opens is None else f" until {moment(left.opens, zone, now)}"
    percent = "" if left.percent is None else f", {share(left.percent)} of net liquidation"
    why = _WORDS[left.why].format(opens=opens, percent=percent)
    if left.why is Why.SIZE and not left.quantity:
        return f"account {left.label} gets none: {why}"
    verb = "not bought" if left.why is Why.MONEY_OUT else "not ordered" if left.why is Why.REMAINDER else "stays"
    return f"{quantity(left.quantity)} {left.label} {verb}: {why}"


def notes(left: Sequence[Left], *, now: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    """Return what a list's card says of what it leaves as it is, in plain text."""
    shown = [left_words(one, now=now, zone=zone) for one in left[:_NOTED]]
    more = len(left) - len(shown)
    return (*shown, *([f"and {more} more stay as they are"] if more else []))


def rebalance_notes(planned: Rebalance, targets: Targets, *, now: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    """Return what the card of a rebalance says: what waits, what stays, and what cash comes to."""
    waits = [_waits(trade, planned.worth.currency) for trade in planned.later]
    cash = f"cash comes to about {money(planned.cash_after, planned.worth.currency)} ({share(planned.cash_percent)})"
    if targets.cash is not None:
        cash += f", {share(targets.cash)} was asked for"
    return (*waits, *notes(planned.left, now=now, zone=zone), cash)


def nothing(left: Sequence[Left], account: str, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return what is said where a list has no orders."""
    if not left:
        return no_positions(account)
    lines = [f"📂 {venue(account)} · <b>Nothing to order now.</b> Nothing was sent to the market."]
    lines += [f"• {text(one)}" for one in notes(left, now=now, zone=zone)]
    return Message("\n".join(lines), protect=True)


def no_positions(account: str) -> Message:
    """Return what is said where nothing is held."""
    return Message(
        f"📂 {venue(account)} · <b>No positions</b> in account {text(account)}. Nothing was sent to the market.",
        protect=True,
    )


def which_position(positions: Sequence[Position], account: str) -> Message:
    """Return the question which position to close, with a row of buttons for each of the largest."""
    held = [one for one in positions if one.quantity and one.instrument.sec_type is not SecType.FOREX]
    if not held:
        return no_positions(account)
    held.sort(key=lambda one: -abs(one.market_value or Decimal(0)))
    head = (
        f"📂 {venue(account)} · <b>Close which position?</b> Each choice opens a card; nothing is ordered yet.\n"
        "Or type <code>/close half AAPL</code>, <code>/close 25% AAPL market</code>; <code>/flatten</code> closes all."
    )
    return Message(head, tuple(close_buttons(one, named=True) for one in held[:_MOST]), protect=True)


def close_buttons(position: Position, *, named: bool = False) -> tuple[Button, ...]:
    """Return the buttons that close all, half or a quarter of *position*."""
    con_id = position.instrument.con_id
    label = f"Close {shortened(position.instrument.label, 10)}" if named else "Close"
    return (
        button(label, Code.POSITION_CLOSE, con_id, 100, style=Style.DANGER),
        button("50%", Code.POSITION_CLOSE, con_id, 50),
        button("25%", Code.POSITION_CLOSE, con_id, 25),
    )


def ends_too(reference: str, order: LegOrder) -> str:
    """Return in plain text that a working order ends the same position."""
    return f"{reference} {spelled_order(order.ticket, order.instrument)} still works: cancel it too, or it trades on"


def ending(found: Sequence[tuple[Proposal, LegOrder]]) -> Message:
    """Return what is told before a position is closed that working orders end already, with a button for each."""
    several = "s" if len(found) > 1 else ""
    lines = [f"⚠️ <b>Closing leaves {len(found)} working order{several} that would trade on.</b> Nothing was sent."]
    lines += [f"• {text(ends_too(proposal.reference, order))}" for proposal, order in found]
    proposals = {proposal.id: proposal for proposal, _ in found}
    cancels = [
        (button(f"✖️ Cancel {one.reference}", Code.ORDER_WITHDRAW, Place.ANEW, one.id, style=Style.DANGER),)
        for one in proposals.values()
    ]
    return Message("\n".join(lines), tuple(cancels[:_NOTED]), protect=True)


def which_targets(account: str) -> Message:
    """Return how a rebalance is written."""
    return Message(
        f"⚖️ {venue(account)} · <b>What is the account to be made of?</b>\n"
        "For example <code>/rebalance AAPL 40% MSFT 30% cash 30%</code>, in parts of net liquidation. "
        "What you do not name stays as it is; <code>TSLA 0%</code> sells all of it.\n"
        "One card shows every order, and nothing is sent before its Confirm.",
        protect=True,
    )


def balanced(planned: Rebalance, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return what is said where nothing has to be ordered."""
    lines = [f"⚖️ {venue(planned.worth.account)} · <b>It is balanced already.</b> Nothing was sent to the market."]
    lines += [f"• {text(one)}" for one in notes(planned.left, now=now, zone=zone)]
    return Message("\n".join(lines), protect=True)


def rest_note(first: str) -> str:
    """Return, in plain text, why a card with purchases comes by itself."""
    return f"The sales of {first} are done: these are the purchases that waited for their money."


def barren(payload: Mapping[str, Any], _at: datetime) -> str:
    """Return what is told where there is no money for what waited; *payload* as `Notice.REST_DROPPED` says."""
    what = f"so its purchases are dropped: {text(payload['waiting'])}. Nothing was sent for them."
    first = text(payload["first"])
    why = f"The sales of {first} brought too little" if payload["sold"] else f"Nothing was sold by {first}"
    return f"⚖️ {venue(payload['account'])} · <b>{why}</b>, {what}"


def reminder(payload: Mapping[str, Any], _at: datetime) -> str:
    """Return what is told where purchases that waited are not on a card now; *payload* as `Notice.REST_WAITS` says."""
    head = f"⚖️ {venue(payload['account'])} · <b>The purchases of {text(payload['first'])} were not ordered</b>: "
    why = f"\n{payload['why']}" if payload["why"] else ""
    return f"{head}{text(payload['waiting'])}. Nothing was sent for them.{why}"


def rest_buttons(payload: Mapping[str, Any]) -> Rows:
    """Return the button that opens a card for purchases that wait."""
    return ((button("🛒 Prepare the purchases", Code.ORDER_REST, int(payload["sequel_id"])),),)


def spelled(waiting: Iterable[tuple[Decimal, str]]) -> str:
    """Return purchases in one line of plain text: `BUY 149 MSFT, BUY 10 TSLA`."""
    return ", ".join(f"BUY {quantity(number)} {label}" for number, label in waiting)


def _waits(trade: Trade, currency: str) -> str:
    label = trade.standing.instrument.label
    cost = money(trade.value, currency)
    return f"BUY {quantity(trade.quantity)} {label} (about {cost}) waits for the sales: a second card then asks for it"
