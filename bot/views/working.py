"""All orders at a glance: what works, what waits for Confirm, what was placed elsewhere, what is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views.kept import kept_reason
from bot.views.keyboard import button, grid, rows, shortened
from bot.views.leg_reason import NOT_IN_TWS
from bot.views.legs import leg_lines, leg_name
from bot.views.message import Button, Message, Rows, Style, text
from bot.views.numbers import exact, moment, quantity
from bot.views.order_words import headline, how, is_change, is_list, spelled, venue
from bot.views.orders import fate_words
from trading.disowning import unheard_of
from trading.ending import AT_WORK
from trading.plan import ending_with, is_protective
from trading.ports import OrderFate, OrderReport
from trading.proposal import Leg, LegRole, Proposal, ProposalState
from trading.repricing import price_of
from trading.tracker import OURS
from trading.withdrawal import Withdrawn

NOT_CANCELLED = (
    "Not cancelled: IBKR cannot be reached, and the order still works there. "
    "Tap Cancel again when the link is back, or cancel it in TWS or IBKR Mobile."
)
"""The answer to a cancel while the link is down (200 characters at most: Bot API, answerCallbackQuery)."""

_MOST = 10
# Of the 4,096 characters of a message (Bot API), with room for titles and notes.
_ROOM = 3400
_ELSEWHERE = "Placed elsewhere (TWS, the phone, other programs: change them there)"
_WORDS = 100
_MOVES = 3
_SENT = frozenset({ProposalState.CONFIRMED, ProposalState.SUBMITTED})
_NAMES = {LegRole.TAKE_PROFIT: "target", LegRole.STOP_LOSS: "stop", LegRole.ALTERNATIVE: "stop"}
_FATES = {
    OrderFate.PENDING: "🕓 on its way to the market",
    OrderFate.WORKING: "🕓 working",
    OrderFate.FILLED: "✅ filled",
    OrderFate.CANCELLED: "✖️ cancelled",
    OrderFate.REJECTED: "❌ rejected",
    OrderFate.EXPIRED: "⌛ expired",
    OrderFate.CHECK: "🕓 at IBKR, its state unclear",
}


@dataclass(frozen=True, slots=True)
class Overview:
    """
    A person's orders: *working* at IBKR, *waiting* for Confirm, *over* lately.

    *elsewhere* are open orders that were not placed by this person here, *ended* those of them that ended today;
    *is_heard* says whether IBKR could be asked for them.
    """

    working: Sequence[Proposal] = ()
    waiting: Sequence[Proposal] = ()
    over: Sequence[Proposal] = ()
    elsewhere: Sequence[OrderReport] = ()
    ended: Sequence[OrderReport] = ()
    is_heard: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.working or self.waiting or self.over or self.elsewhere or self.ended)


def listing(seen: Overview, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return all orders: those that work first, each with its buttons."""
    if seen.is_empty:
        return Message(_nothing(seen.is_heard), rows((_refresh(),)))
    lines = [f"📋 <b>Orders</b> · {len(seen.working) + len(seen.elsewhere)} working"]
    blocks = (
        ("Working", [_entry(one, now, zone) for one in seen.working[:_MOST]], len(seen.working)),
        ("Waiting for Confirm", [_entry(one, now, zone) for one in seen.waiting[:_MOST]], len(seen.waiting)),
        (_ELSEWHERE, [_foreign(one) for one in seen.elsewhere[:_MOST]], len(seen.elsewhere)),
        ("Over", [_entry(one, now, zone) for one in seen.over[:_MOST]], len(seen.over)),
        ("Over, placed elsewhere, today", [_foreign(one) for one in seen.ended[:_MOST]], len(seen.ended)),
    )
    room = _ROOM
    for title, entries, count in blocks:
        shown = _fitting(entries, room)
        room -= sum(map(len, shown))
        lines += _block(title, shown, count)
    if not seen.is_heard:
        lines += ["", "⚠️ IBKR cannot be asked now: what was placed elsewhere is missing."]
    return Message("\n".join(lines), _buttons(seen.working), protect=True)


def cancel_which(proposal: Proposal, *, place: Place) -> Message:
    """Return the question before a cancel that takes away a protective stop, or of which order of several."""
    working = [leg for leg in proposal.legs if leg.state in AT_WORK and leg.order_id]
    head = f"✖️ {headline(proposal)} · <b>cancel?</b> Nothing is cancelled yet."
    lines = [head, *(f"• {leg_name(leg, proposal)}" for leg in working)]
    if is_protective(proposal):
        lines.append("⚠️ <b>A protective stop is among them.</b> Without it the position has no stop.")
    singles = [_off(proposal, leg, place) for leg in working] if len(working) > 1 else []
    label = "✖️ Cancel it" if len(working) == 1 else f"✖️ Cancel all {len(working)}"
    every = button(label, Code.ORDER_CALL_OFF, place, proposal.id, 0, style=Style.DANGER)
    keep = button("Keep", Code.ORDER_LIST, Place.HERE)
    gone = (button(NOT_IN_TWS, Code.ORDER_DISOWN, proposal.id),) if unheard_of(proposal) else ()
    return Message("\n".join(lines), rows(*grid(singles, 1), (every,), gone, (keep,)), protect=True)


def cancel_all(working: Sequence[Proposal]) -> Message:
    """Return the question before everything that works is cancelled."""
    what = "the working order" if len(working) == 1 else f"all {len(working)} working orders"
    lines = [f"✖️ <b>Cancel {what}?</b> Nothing is cancelled yet."]
    lines += [f"• {one.reference} {headline(one)}" for one in working[:_MOST]]
    lines += [f"… and {len(working) - _MOST} more"] if len(working) > _MOST else []
    protecting = [one.reference for one in working if is_protective(one)]
    if protecting:
        lines.append(f"⚠️ <b>Protective stops are among them</b>: {', '.join(protecting)}.")
    sure = button("✖️ Cancel all", Code.ORDER_ALL_OFF, Place.HERE, "sure", style=Style.DANGER)
    return Message("\n".join(lines), rows((sure,), (button("Keep", Code.ORDER_LIST, Place.HERE),)), protect=True)


def all_asked(withdrawn: Withdrawn) -> Message:
    """Return what is said once IBKR was asked to cancel all, and of what it could not be asked."""
    orders = rows((button("📋 Orders", Code.ORDER_LIST, Place.HERE),))
    asked, kept = withdrawn.asked, withdrawn.kept
    if not asked and not kept:
        return Message("📋 <b>No order of yours works.</b> Nothing was cancelled.", orders)
    named = ", ".join(one.reference for one in asked)
    lines = [f"✖️ <b>IBKR is asked to cancel {named}.</b> What it did with each comes as an answer there."]
    if kept:
        first = "Nothing was cancelled: IBKR could not be asked." if not asked else "Not everything is cancelled."
        lines = [f"⚠️ <b>{first}</b> What stands here may still work; cancel it in TWS.", *(lines if asked else [])]
    lines += [
        f"• {one.proposal.reference} {headline(one.proposal)}: {text(kept_reason(one.reason))}" for one in kept[:_MOST]
    ]
    lines += [f"… and {len(kept) - _MOST} more"] if len(kept) > _MOST else []
    return Message("\n".join(lines), orders)


def asked(proposal: Proposal) -> Message:
    """Return what is said once IBKR was asked to cancel an order that was asked about."""
    told = f"✖️ {headline(proposal)}\nIBKR is asked to cancel; what it did comes as an answer to the card."
    return Message(told, rows((button("📋 Orders", Code.ORDER_LIST, Place.HERE),)), protect=True)


def is_movable(proposal: Proposal, leg: Leg) -> bool:
    """Return whether a leg works and has a price that can be moved."""
    order = proposal.order_of(leg)
    is_ours = leg.state in AT_WORK and leg.order_id > 0 and order.role is not LegRole.CHANGE
    return is_ours and price_of(order.ticket) is not None


def _nothing(is_heard: bool) -> str:  # noqa: FBT001  one of two texts
    told = (
        "📋 <b>No orders yet.</b>\nType one, for example <code>buy 10 AAPL 199.5</code>; "
        "nothing is sent before you press Confirm."
    )
    return told if is_heard else f"{told}\n⚠️ IBKR cannot be asked now: what was placed elsewhere is missing."


def _fitting(entries: Sequence[str], room: int) -> list[str]:
    """Return the first of *entries* that fit into *room* characters."""
    shown: list[str] = []
    for entry in entries:
        room -= len(entry)
        if room < 0:
            break
        shown.append(entry)
    return shown


def _block(title: str, shown: Sequence[str], count: int) -> list[str]:
    """Return a titled part of the list: what is *shown* of *count*."""
    if not count:
        return []
    more = [f"… and {count - len(shown)} more"] if count > len(shown) else []
    return ["", f"<b>{title}</b>", *shown, *more]


def _entry(proposal: Proposal, now: datetime, zone: ZoneInfo) -> str:
    when = moment(proposal.created, zone, now)
    lines = [f"{proposal.reference} {headline(proposal)}", f"   {fate_words(proposal)} · {when}"]
    # Of a card that was never confirmed no order has a story of its own.
    told = leg_lines(proposal) if proposal.state in _SENT else _unsent(proposal)
    return "\n".join([*lines, *(f"   {line}" for line in told)])


def _unsent(proposal: Proposal) -> list[str]:
    """Return the orders of a list that was not sent: its headline only counts them."""
    return [text(spelled(one.ticket, one.instrument)) for one in proposal.orders] if is_list(proposal) else []


def _foreign(report: OrderReport) -> str:
    instrument = report.instrument
    words = text(shortened(report.words, _WORDS)) or "an order"
    who = " · of another person here" if report.order_ref.startswith(OURS) else ""
    line = f"{venue(report.account)} {text(report.account)} · {words}\n   {_FATES[report.fate]}{who}"
    if report.filled:
        line += f" · filled {quantity(report.filled)}"
        if report.average_price is not None and instrument is not None:
            line += f" @ avg <code>{exact(round(report.average_price, 4), instrument.decimals)}</code>"
    return line


def _buttons(working: Sequence[Proposal]) -> Rows:
    shown = [one for one in working[:_MOST] if not is_change(one)]
    each = [row for one in shown for row in _own_buttons(one)]
    every = (button("✖️ Cancel all", Code.ORDER_ALL_OFF, Place.HERE, "ask", style=Style.DANGER),) if shown else ()
    return rows(*each, (*every, _refresh()))


def _own_buttons(proposal: Proposal) -> list[tuple[Button, ...]]:
    label = f"✖️ Cancel {proposal.reference} {shortened(proposal.instrument.label, 10)}"
    cancel = button(label, Code.ORDER_WITHDRAW, Place.HERE, proposal.id, style=Style.DANGER)
    moves = [] if is_list(proposal) else [leg for leg in proposal.legs if is_movable(proposal, leg)]
    changes = tuple(_move(proposal, leg) for leg in moves[:_MOVES])
    # On a phone four buttons in a row cannot be read.
    return [(*changes, cancel)] if len(changes) < _MOVES else [changes, (cancel,)]


def _move(proposal: Proposal, leg: Leg) -> Button:
    what = _NAMES.get(proposal.order_of(leg).role, "price")
    return button(f"✏️ {proposal.reference} {what}", Code.ORDER_MOVE, Place.ANEW, proposal.id, leg.number)


def _off(proposal: Proposal, leg: Leg, place: Place) -> Button:
    order = proposal.order_of(leg)
    what = f"{order.ticket.side.value} {how(order.ticket, order.instrument)}"
    others = len(ending_with(proposal, leg))
    label = f"✖️ {what} (and {others} with it)" if others else f"✖️ Only {what}"
    return button(label, Code.ORDER_CALL_OFF, place, proposal.id, leg.number, style=Style.DANGER)


def _refresh() -> Button:
    return button("🔄 Refresh", Code.ORDER_LIST, Place.HERE)
