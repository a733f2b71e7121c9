"""How an order is spelled: in one line, in its terms, in the few characters of a button."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.views.message import text
from bot.views.numbers import EASTERN, exact, fixed, moment, quantity
from market.account import is_paper_account
from market.instrument import Instrument, SecType
from market.ticket import Algo, OrderTicket, OrderType, Size, SizeUnit, TimeInForce
from trading.proposal import LegRole, Proposal

_AT_CLOSE = {OrderType.MARKET_ON_CLOSE, OrderType.LIMIT_ON_CLOSE}
_HOURLESS = {SecType.CRYPTO, SecType.FOREX}
_SHORT = 34
_FORCE = {
    TimeInForce.DAY: "Good for the day",
    TimeInForce.GTC: "Good till cancelled",
    TimeInForce.IOC: "At once: what cannot be filled at once is cancelled",
    TimeInForce.OPG: "In the opening auction only",
    TimeInForce.GTD: "Good till its day",
}
# An order that is gone in a moment is another order: its line says so.
_MOMENTS = {TimeInForce.OPG: "ON OPEN", TimeInForce.IOC: "AT ONCE"}
_ROLES = {
    LegRole.ENTRY: "",
    LegRole.TAKE_PROFIT: "🎯 Take profit",
    LegRole.STOP_LOSS: "🛑 Stop loss",
    LegRole.ALTERNATIVE: "Or",
    LegRole.PART: "",
    LegRole.CHANGE: "Change",
}


def venue(account: str) -> str:
    """Return PAPER, or LIVE so that it cannot be overlooked."""
    return "PAPER" if is_paper_account(account) else "🔴 <b>LIVE</b>"


def spelled(ticket: OrderTicket, instrument: Instrument) -> str:
    """Return the order in one line of plain text: `BUY 10 AAPL LIMIT 199.50 · TP 210.00 · SL 190.00`."""
    head = f"{ticket.side.value} {amount(ticket, instrument)} {instrument.label} {how(ticket, instrument)}".rstrip()
    return " · ".join((head, *_beside(ticket, instrument)))


def brief(ticket: OrderTicket, instrument: Instrument) -> str:
    """Return the order as short as it can be said without leaving anything out: for a button."""
    full = spelled(ticket, instrument)
    if len(full) <= _SHORT:
        return full
    price = how(ticket, instrument)
    if ticket.order_type is OrderType.LIMIT and ticket.limit_price is not None:
        price = price.replace(_limit(ticket, _written(instrument)), f"@ {_short(ticket.limit_price, instrument)}", 1)
    head = f"{ticket.side.value} {amount(ticket, instrument)} {instrument.label}"
    return " ".join((head, price, *_beside(ticket, instrument, fine=False)))


def amount(ticket: OrderTicket, instrument: Instrument) -> str:
    """Return how much, as it was asked for: `10`, `5,000.00 USD of`, `50% of the position in`."""
    if ticket.size is None:
        return quantity(ticket.quantity)
    return f"{size_words(ticket.size, instrument)} {'of' if ticket.size.unit is SizeUnit.MONEY else 'in'}"


def size_words(size: Size, instrument: Instrument) -> str:
    """Return a size in words: `5,000.00 USD`, `50% of the position`, `5% of net liquidation`, `risk 0.5%`."""
    match size.unit:
        case SizeUnit.MONEY:
            return f"{fixed(size.amount, 2)} {instrument.currency}"
        case SizeUnit.POSITION_PCT:
            return f"{exact(size.amount)}% of the position"
        case SizeUnit.NET_LIQUIDATION_PCT:
            return f"{exact(size.amount)}% of net liquidation"
        case SizeUnit.RISK_PCT:
            return f"{exact(size.amount)}% at risk"


def how(ticket: OrderTicket, instrument: Instrument) -> str:
    """Return the type with its prices and its algorithm: `STOP 190.00 LIMIT 189.00`; "" while there is no price."""
    if ticket.order_type is None:
        return ""
    words = _TYPES[ticket.order_type](ticket, _written(instrument))
    worked = "" if ticket.algo is None else ticket.algo.value.upper()
    return " ".join(filter(None, (words, worked, _MOMENTS.get(ticket.time_in_force, ""))))


_Written = Callable[[Decimal], str]


def _written(instrument: Instrument) -> _Written:
    return lambda price: exact(price, instrument.decimals)


def _short(price: Decimal, instrument: Instrument) -> str:
    """Return a price for a button: whole ones without decimals."""
    return exact(price, instrument.decimals if price % 1 else 0)


def _limit(ticket: OrderTicket, written: _Written) -> str:
    return "" if ticket.limit_price is None else f"LIMIT {written(ticket.limit_price)}"


def _stop(ticket: OrderTicket, written: _Written) -> str:
    return "STOP" if ticket.stop_price is None else f"STOP {written(ticket.stop_price)}"


def _trail(ticket: OrderTicket, written: _Written) -> str:
    if ticket.trail_pct is not None:
        return f"TRAIL {exact(ticket.trail_pct)}%"
    return "TRAIL" if ticket.trail_amount is None else f"TRAIL {written(ticket.trail_amount)}"


_TYPES: dict[OrderType, Callable[[OrderTicket, _Written], str]] = {
    OrderType.MARKET: lambda _ticket, _written: "MARKET",
    OrderType.LIMIT: _limit,
    OrderType.STOP: _stop,
    OrderType.STOP_LIMIT: lambda ticket, written: f"{_stop(ticket, written)} {_limit(ticket, written)}",
    OrderType.TRAIL: _trail,
    OrderType.MARKET_ON_CLOSE: lambda _ticket, _written: "MARKET ON CLOSE",
    OrderType.LIMIT_ON_CLOSE: lambda ticket, written: f"{_limit(ticket, written)} ON CLOSE",
    OrderType.MIDPRICE: lambda ticket, written: f"MIDPRICE {_limit(ticket, written)}".rstrip(),
}


def _beside(ticket: OrderTicket, instrument: Instrument, *, fine: bool = True) -> list[str]:
    """Return what goes with the order; unless *fine*, whole prices are written without decimals."""
    named = (("TP", ticket.take_profit), ("SL", ticket.stop_loss), ("or STOP", ticket.oco_stop))
    said = _written(instrument) if fine else lambda price: _short(price, instrument)
    return [f"{name} {said(price)}" for name, price in named if price is not None]


def terms(ticket: OrderTicket, instrument: Instrument, *, now: datetime, zone: ZoneInfo) -> str:
    """Return how long and when the order may work, and who works it off."""
    parts = [lasting(ticket, now=now, zone=zone)]
    if ticket.order_type in _AT_CLOSE:
        parts = ["In today's closing auction"]
    elif ticket.time_in_force is not TimeInForce.OPG and instrument.sec_type not in _HOURLESS:
        parts.append("outside regular hours too" if ticket.outside_rth else "regular hours only")
    return " · ".join((*parts, *_algo_words(ticket)))


def lasting(ticket: OrderTicket, *, now: datetime, zone: ZoneInfo = EASTERN) -> str:
    """Return how long the order works."""
    if ticket.good_till is not None:
        return f"Good till {moment(ticket.good_till, zone, now)}"
    if ticket.last_day is not None:
        return (
            f"Good till the end of {ticket.last_day:%a} {ticket.last_day.day} {ticket.last_day:%b %Y} at the exchange"
        )
    return _FORCE[ticket.time_in_force]


def _algo_words(ticket: OrderTicket) -> list[str]:
    match ticket.algo:
        case None:
            return []
        case Algo.ADAPTIVE:
            urgency = "" if ticket.urgency is None else f", {ticket.urgency.value.lower()}"
            return [f"IBKR works it off between bid and ask (adaptive{urgency})"]
        case _:
            along = "along the day's volume" if ticket.algo is Algo.VWAP else "in even slices"
            begin = f" from {ticket.algo_start:%H:%M}" if ticket.algo_start else ""
            end = f" till {ticket.algo_end:%H:%M}" if ticket.algo_end else ""
            return [f"IBKR works it off {along}{begin}{end}{' New York time' if begin or end else ''}"]


def role_words(role: LegRole) -> str:
    """Return what a leg is for; nothing for the order itself."""
    return _ROLES[role]


def headline(proposal: Proposal) -> str:
    """Return PAPER or LIVE and the order, safe for HTML: how every message about it begins."""
    return f"{venue(proposal.account)} · <b>{text(gist(proposal))}</b>"


def gist(proposal: Proposal) -> str:
    """Return all of a proposal in one line of plain text."""
    if is_list(proposal):
        return f"{len(proposal.orders)} ORDERS"
    line = spelled(proposal.ticket, proposal.instrument)
    before = proposal.changed_from
    if not is_change(proposal) or before is None:
        return f"CHANGE to {line}" if is_change(proposal) else line
    return changed(before, proposal.ticket, proposal.instrument)


def changed(before: OrderTicket, after: OrderTicket, instrument: Instrument) -> str:
    """Return what becomes of an order's terms: `CHANGE BUY 10 AAPL LIMIT 199.50 → 200.00`."""
    old, new = how(before, instrument), how(after, instrument)
    head = f"CHANGE {before.side.value} {amount(before, instrument)}"
    if before.quantity != after.quantity:
        head += f" → {amount(after, instrument)}"
    if old == new:
        return f"{head} {instrument.label} {new}"
    same = _common_words(old, new)
    return f"{head} {instrument.label} {old} → {new[same:]}"


def _common_words(old: str, new: str) -> int:
    """Return how many characters of *new* are words that *old* begins with too."""
    length = 0
    for one, other in zip(old.split(" "), new.split(" "), strict=False):
        if one != other:
            break
        length += len(one) + 1
    return length


def is_list(proposal: Proposal) -> bool:
    """Return whether the proposal is several orders in no relation to each other."""
    return len(proposal.orders) > 1 and all(order.role is LegRole.PART for order in proposal.orders)


def is_change(proposal: Proposal) -> bool:
    """Return whether the proposal gives new terms to an order that works already."""
    return any(order.role is LegRole.CHANGE for order in proposal.orders)


def changed_reference(proposal: Proposal) -> str:
    """Return the reference of the proposal whose order a change is about, `#7`; "" where it is no change."""
    refs = (order.changes for order in proposal.orders if order.role is LegRole.CHANGE)
    ref = next(refs, "")
    return f"#{ref.split('-')[1]}" if ref.count("-") > 1 else ""


def expiry_words(instrument: Instrument) -> str:
    """Return what an option, a future or a pair is in one unit: its expiry and its multiplier; "" for a share."""
    parts = []
    if len(instrument.expiry) == len("YYYYMMDD"):
        day = datetime.strptime(instrument.expiry, "%Y%m%d").replace(tzinfo=UTC)
        parts.append(f"expires {day.day} {day:%b %Y}")
    if instrument.right and instrument.strike and not instrument.legs:
        kind = "call" if instrument.right == "C" else "put"
        parts.append(f"{kind} at {exact(Decimal(repr(instrument.strike)), 2)}")
    if instrument.multiplier not in {"", "1"}:
        parts.append(f"one costs {exact(instrument.factor)} times its price")
    elif instrument.magnifier > 1:
        parts.append(f"price in 1/{instrument.magnifier} {instrument.currency}")
    if instrument.sec_type in _HOURLESS:
        parts.append(f"quantity in {instrument.symbol}, price in {instrument.currency}")
    if instrument.sec_type is SecType.COMBO:
        parts.append(f"{len(instrument.legs)} legs as one order at their net price")
    return " · ".join(parts)
