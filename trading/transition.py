"""How an order's leg moves on from what IBKR says; pure. Duplicates are normal, and nothing goes backwards."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from market.account import Fill
from market.instrument import Instrument, SecType
from market.ticket import OrderTicket, OrderType
from trading.ports import OrderFate, OrderReport
from trading.proposal import Leg, LegOrder, LegState, Proposal, ProposalState

# IBKR's clock and ours; generous, since what is refused for its time alone is lost.
_CLOCKS_DIFFER = timedelta(minutes=5)
_ENDS = {
    OrderFate.CANCELLED: LegState.CANCELLED,
    OrderFate.REJECTED: LegState.REJECTED,
    OrderFate.EXPIRED: LegState.EXPIRED,
}


def leg_of(proposal: Proposal, order_ref: str) -> Leg | None:
    """Return the leg that *order_ref* names, if the order can have been sent at all."""
    if proposal.state not in {ProposalState.CONFIRMED, ProposalState.SUBMITTED}:
        return None
    return next((leg for leg in proposal.legs if leg.order_ref == order_ref), None)


def is_same_order(proposal: Proposal, leg: Leg, told: OrderReport | Fill) -> bool:
    """
    Return whether what IBKR told can be about this leg.

    Our references begin anew with a new database, and another bot beside us has the same ones: what both sides know of
    the order must agree, and where no identity proves it, it must not be older than the proposal, nor at other prices.
    An id is noted before an order leaves: what has none never was at IBKR.
    """
    order = proposal.order_of(leg)
    if not leg.order_id or (told.account and told.account != order.account):
        return False
    if told.instrument is not None and not _is_of(told.instrument, order.instrument):
        return False
    # An order id counts for one client only; where IBKR leaves it out, it leaves the client out too.
    client_id = told.client_id if told.order_id else 0
    identities = ((leg.perm_id, told.perm_id), (leg.order_id, told.order_id))
    known = (*identities, (leg.client_id, client_id))
    if any(ours and theirs and ours != theirs for ours, theirs in known):
        return False
    is_proven = any(ours and ours == theirs for ours, theirs in identities)
    return (is_proven or _may_be(told, proposal, order)) and _is_that_way(told, order)


def _may_be(told: OrderReport | Fill, proposal: Proposal, order: LegOrder) -> bool:
    """Return whether what no identity proves can be that order: neither older than its proposal nor at other prices."""
    at = told.time if isinstance(told, Fill) else told.at
    if at is not None and at < proposal.created - _CLOCKS_DIFFER:
        return False
    ticket = told.ticket if isinstance(told, OrderReport) else None
    return ticket is None or _priced(ticket) == _priced(order.ticket)


def _is_that_way(told: OrderReport | Fill, order: LegOrder) -> bool:
    """Return whether it buys where the order does, as far as that is told."""
    if isinstance(told, Fill):
        return is_part(order, told) or told.side is order.ticket.side
    return told.ticket is None or told.ticket.side is order.ticket.side


def _priced(ticket: OrderTicket) -> tuple[object, ...]:
    """Return the type and the prices that a person has chosen; of a midprice order TWS may tell another."""
    limit = None if ticket.order_type is OrderType.MIDPRICE else ticket.limit_price
    return ticket.order_type, limit, ticket.stop_price


def is_part(order: LegOrder, fill: Fill) -> bool:
    """
    Return whether the execution is of one leg of a combination.

    IBKR tells those besides the combination's own, and the commission of those alone.
    """
    return order.instrument.sec_type is SecType.COMBO and fill.instrument.sec_type is not SecType.COMBO


def _is_of(told: Instrument, ordered: Instrument) -> bool:
    """Return whether *told* can be what was *ordered*; IBKR has one id for all combinations that clients make up."""
    if ordered.sec_type is not SecType.COMBO:
        return told == ordered
    return told.sec_type is SecType.COMBO or any(leg.con_id == told.con_id for leg in ordered.legs)


def after_report(leg: Leg, report: OrderReport) -> Leg:
    """
    Return the leg after *report*; a final leg stays as it is.

    CHECK and PENDING say no more than that IBKR knows the order, and so does a FILLED that does not prove it (nothing
    filled, or something left): the executions tell then.
    """
    leg = identified(leg, report)
    if leg.state.is_final and not leg.is_disowned:
        return leg
    partly = replace(_filled_to(leg, report.filled, report.average_price), message=report.message)
    match report.fate:
        case OrderFate.FILLED if report.filled > 0 and report.remaining == 0:
            return replace(partly, state=LegState.FILLED)
        case OrderFate.CANCELLED | OrderFate.REJECTED | OrderFate.EXPIRED:
            return replace(partly, state=_ENDS[report.fate])
        case OrderFate.WORKING:
            return replace(partly, state=LegState.PARTIAL if partly.filled else LegState.WORKING)
        case _:
            is_new = leg.state is LegState.UNSENT or leg.is_disowned
            return replace(leg, state=LegState.SENT, message=report.message) if is_new else leg


def after_fill(leg: Leg, fill: Fill, quantity: Decimal) -> Leg:
    """
    Return the leg after an execution of an order over *quantity*.

    An execution is a fact: one that comes after a cancel crossed it, and counts.
    """
    leg = identified(leg, fill)
    if leg.state is LegState.FILLED or fill.cumulative <= leg.filled:
        return leg
    leg = _filled_to(leg, fill.cumulative, fill.average_price)
    if leg.filled >= quantity:
        # What IBKR said of it at work is no part of its end.
        return replace(leg, state=LegState.FILLED, message="")
    return leg if leg.state.is_final and not leg.is_disowned else replace(leg, state=LegState.PARTIAL)


def after_findings(leg: Leg, report: OrderReport | None, *, are_complete: bool, is_patient: bool) -> Leg:
    """
    Return the leg after IBKR was asked for its order: *report* is what it knows, None if nothing.

    What is not known anywhere, or only in words that say nothing of its life (`Inactive`), is unknown, and never sent
    again; so is what no market has taken by then. Where IBKR did not answer in full, an order that it has spoken of
    before stays as it is, and so does one of which it never has while *is_patient*.
    """
    if report is not None:
        leg = after_report(leg, report)
        is_unclear = report.fate is OrderFate.CHECK or (report.fate is OrderFate.FILLED and are_complete)
        is_unclear |= report.fate is OrderFate.PENDING and leg.state is LegState.SENT and not is_patient
        return (
            leg
            if leg.state.is_final or not is_unclear
            else replace(leg, state=LegState.UNKNOWN, message=report.message)
        )
    is_silent = leg.state in {LegState.UNSENT, LegState.SENT} and not is_patient
    return replace(leg, state=LegState.UNKNOWN) if (are_complete or is_silent) and not leg.state.is_final else leg


def identified(leg: Leg, told: OrderReport | Fill) -> Leg:
    """Return the leg with the identities it did not know yet."""
    return replace(
        leg,
        order_id=leg.order_id or told.order_id,
        perm_id=leg.perm_id or told.perm_id,
        client_id=leg.client_id or told.client_id,
    )


def is_news(before: Leg, after: Leg) -> bool:
    """Return whether the owner is to be told: another state, or more filled."""
    return (before.state, before.filled) != (after.state, after.filled)


def _filled_to(leg: Leg, filled: Decimal, average_price: Decimal | None) -> Leg:
    if filled < leg.filled or (filled == leg.filled and leg.average_price is not None):
        return leg
    return replace(leg, filled=filled, average_price=average_price or leg.average_price)
