"""
What was confirmed before, as far as the guards want to know: the last minute, the day, and what still works.

The database knows it, so that a restart forgets nothing. Between two looks at it the ledger adds what was confirmed
meanwhile, so that two orders on their way at once see each other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from market.account import AccountSummary
from market.clock import Clock
from market.quote import Quote
from market.ticket import Side
from trading.covering import Trade
from trading.exposure import STOPS, Flight, Stock, closing_value, is_paid_for, reduces, value_beside
from trading.lifetime import is_past
from trading.overlap import overlap
from trading.ports import Claim, OrderHistory, OrderReport
from trading.proposal import Leg, LegOrder, LegRole, LegState, Proposal
from trading.transition import is_same_order

COUNTED = frozenset({LegRole.ENTRY, LegRole.PART, LegRole.CHANGE})
"""
The legs that count as orders. A bracket is one: its children only close what it opens, and its alternative replaces it.
"""

_OTHER = LegRole.ALTERNATIVE
_MINUTE = timedelta(minutes=1)
_LATE = timedelta(seconds=10)
"""For how long the account's values may not show yet what was filled."""


@dataclass(frozen=True, slots=True)
class Past:
    """What some people confirmed: how many orders within the minute, and what the day's come to in base currency."""

    recent: int
    day_value: Decimal


class Ledger:
    """Keeps the claims of the day (midnight to midnight in *zone*), of the last minute, and those that still work."""

    def __init__(self, history: OrderHistory, clock: Clock, zone: ZoneInfo) -> None:
        self._history = history
        self._clock = clock
        self._zone = zone
        self._claims: dict[int, Claim] = {}
        self._booked: dict[int, int] = {}
        self._looks = 0

    async def refresh(self) -> None:
        """Look at the database. Raises StorageUnavailable."""
        self._looks += 1
        look = self._looks
        found = await self._history.claims(min(self._midnight(), self._clock.now() - _MINUTE))
        # What was booked while the database was asked it may not have told.
        kept = {one: claim for one, claim in self._claims.items() if self._booked.get(one, 0) >= look}
        self._claims = kept | {claim.proposal.id: claim for claim in found}
        self._booked = {one: at for one, at in self._booked.items() if one in self._claims}

    def book(self, proposal: Proposal) -> None:
        """Count a proposal that is being sent."""
        self._claims[proposal.id] = Claim(proposal, self._clock.now())
        self._booked[proposal.id] = self._looks

    def release(self, proposal_id: int) -> None:
        """Count a proposal no longer: nothing of it was sent."""
        self._claims.pop(proposal_id, None)

    def past(
        self,
        summaries: Mapping[str, AccountSummary],
        *,
        user_id: int | None,
        but: int,
        changed: Collection[str] = (),
    ) -> Past:
        """
        Return what the person (None: everybody) confirmed, *but* for one proposal.

        Of the orders *changed* (by their references) only what is filled counts: the rest is about to be counted anew.
        """
        now, midnight = self._clock.now(), self._midnight()
        mine = [one for one in self._others(but) if user_id is None or one.proposal.user_id == user_id]
        recent = sum(len(_counted(one.proposal)) for one in mine if now - one.at < _MINUTE)
        values = (
            _value(one.proposal, pair, summaries, changed)
            for one in mine
            if one.at >= midnight
            for pair in _pairs(one.proposal)
        )
        return Past(recent, sum(values, Decimal(0)))

    def since_same(self, order: LegOrder, *, user_id: int, but: int) -> float | None:
        """Return how many seconds ago the person last confirmed the same order, or None where never, or long ago."""
        terms = _terms(order)
        ago = [
            (self._clock.now() - one.at).total_seconds()
            for one in self._others(but)
            if one.proposal.user_id == user_id
            for _, other in _counted(one.proposal)
            if _terms(other) == terms
        ]
        return min(ago, default=None)

    def flight(self, order: LegOrder, *, but: int) -> Flight:
        """Return what else works on the order's instrument and account; not the order it changes, nor its rivals."""
        flight, more = Flight(), self._asked(but)
        for one in self._others(but):
            for leg, other in _working(one, self._clock.now(), more, order.changes):
                if other.account != order.account:
                    continue
                left = other.ticket.quantity - leg.filled
                for side, units in overlap(order.instrument, other.instrument, other.ticket.side).items():
                    flight = flight.plus(side, left * units, stops=_protects(one.proposal, other))
        return flight

    def spent(self, order: LegOrder, summaries: Mapping[str, AccountSummary], *, but: int) -> Decimal:
        """
        Return the buying power that other orders of the order's account take, in base currency; not one it changes.

        IBKR's figure is of what is held (its guide to the account window: available funds are the equity less the
        margin of the portfolio), and it comes late: so what still works counts, and for ten seconds what was filled.
        """
        return sum(
            (
                _worth(one, _dearer(one, other) if works else other, quantity, summaries)
                for one, other, quantity, works in self._fresh(order, but)
                if _adds(one, other)
            ),
            Decimal(0),
        )

    def beside(self, order: LegOrder, *, but: int) -> Sequence[Trade]:
        """Return what other orders of the order's account may still trade, or have traded just now."""
        found = self._fresh(order, but)
        return [(other.instrument, other.ticket.side, quantity) for _, other, quantity, _ in found]

    def _fresh(self, order: LegOrder, but: int) -> Iterable[tuple[Proposal, LegOrder, Decimal, bool]]:
        """
        Yield what IBKR's account may not show yet, of the order's account; not an order that it changes.

        That is what still works, with what is left of it (True), and what was filled of the latest orders (False).
        """
        now, more = self._clock.now(), self._asked(but)
        for one in self._others(but):
            for leg, other in _working(one, now, more, order.changes):
                if other.account == order.account:
                    yield one.proposal, other, other.ticket.quantity - leg.filled, True
            for leg in one.proposal.legs if now - one.at < _LATE else ():
                if one.proposal.order_of(leg).account == order.account:
                    yield one.proposal, one.proposal.order_of(leg), leg.filled, False

    def knows(self, report: OrderReport) -> bool:
        """Return whether IBKR tells of an order of these claims: another bot's have the same references as ours."""
        return any(
            leg.order_ref == report.order_ref and is_same_order(one.proposal, leg, report)
            for one in self._claims.values()
            for leg in one.proposal.legs
        )

    def arriving(self, order_ref: str) -> Decimal:
        """Return what the order that *order_ref* hangs on may still bring, 0 where it hangs on none."""
        for one in self._claims.values():
            for leg in one.proposal.legs:
                if leg.order_ref == order_ref and (number := one.proposal.order_of(leg).parent):
                    parent = one.proposal.legs[number - 1]
                    left = one.proposal.order_of(parent).ticket.quantity - parent.filled
                    return Decimal(0) if parent.state.is_final else left
        return Decimal(0)

    def filled(self, order_ref: str) -> Decimal:
        """Return how much of an order that still works is filled, 0 for one that nobody knows."""
        legs = (leg for one in self._claims.values() for leg in one.proposal.legs)
        return next((leg.filled for leg in legs if leg.order_ref == order_ref), Decimal(0))

    def _asked(self, but: int) -> Mapping[str, Decimal]:
        """Return the quantities that changes on their way ask for, by the reference of the order."""
        asked: dict[str, Decimal] = {}
        for one in self._others(but):
            for leg in one.proposal.legs:
                order = one.proposal.order_of(leg)
                if order.role is LegRole.CHANGE and not _is_settled(one, leg, self._clock.now()):
                    asked[order.changes] = max(asked.get(order.changes, Decimal(0)), order.ticket.quantity)
        return asked

    def _others(self, but: int) -> Iterable[Claim]:
        return (claim for one, claim in self._claims.items() if one != but)

    def _midnight(self) -> datetime:
        here = self._clock.now().astimezone(self._zone)
        return datetime.combine(here.date(), time(), self._zone)


def _counted(proposal: Proposal) -> list[tuple[Leg, LegOrder]]:
    return [(leg, order) for leg in proposal.legs if (order := proposal.order_of(leg)).role in COUNTED]


def _pairs(proposal: Proposal) -> list[list[tuple[Leg, LegOrder]]]:
    """Return the legs that count, each with those that may be filled in its place."""
    alternatives = [(leg, order) for leg in proposal.legs if (order := proposal.order_of(leg)).role is _OTHER]
    return [
        [(leg, order), *(other for other in alternatives if order.group and other[1].group == order.group)]
        for leg, order in _counted(proposal)
    ]


def _value(
    proposal: Proposal,
    pair: Sequence[tuple[Leg, LegOrder]],
    summaries: Mapping[str, AccountSummary],
    changed: Collection[str],
) -> Decimal:
    """Return what came of the orders that are over or *changed*, and the most that one of the others may come to."""
    is_changed = any(leg.order_ref in changed for leg, _ in pair)
    found = [(leg.state.is_final or is_changed, leg, order) for leg, order in pair]
    done = [_worth(proposal, order, leg.filled, summaries) for is_over, leg, order in found if is_over]
    rest = [_worth(proposal, order, order.ticket.quantity, summaries) for is_over, _, order in found if not is_over]
    return sum(done, Decimal(0)) + max(rest, default=Decimal(0))


def _worth(proposal: Proposal, order: LegOrder, quantity: Decimal, summaries: Mapping[str, AccountSummary]) -> Decimal:
    """Return what *quantity* of the order comes to in base currency."""
    if not quantity:
        return Decimal(0)
    ticket = replace(order.ticket, quantity=quantity, size=None)
    held, quote = _held(proposal, order), _shown(proposal, order)
    if held is not None:
        rival, covered = order.rival_price, order.covered or Decimal(0)
        value = value_beside(held, ticket, order.instrument, quote, rival, covered) or Decimal(0)
    else:
        value = closing_value(ticket, order.instrument, quote) or Decimal(0)
    summary = summaries.get(order.account)
    known = summary.in_base(value, order.instrument.currency) if summary is not None else None
    # There was a rate when it was confirmed; where IBKR tells none any more the bare number is better than nothing.
    return value if known is None else known


def _held(proposal: Proposal, order: LegOrder) -> Decimal | None:
    """Return what the order could end when it was proposed; None where an earlier version kept that of one alone."""
    if order.closable is not None:
        return order.closable
    return proposal.position_before if order.instrument == proposal.instrument else None


def _dearer(proposal: Proposal, order: LegOrder) -> LegOrder:
    """Return one of a pair with the price of the other half: either may be filled."""
    others = (one.ticket for one in proposal.orders if order.group and one.group == order.group)
    prices = [price for one in others for price in (one.limit_price, one.stop_price) if price is not None]
    return replace(order, rival_price=max(prices, default=None))


def _adds(proposal: Proposal, order: LegOrder) -> bool:
    """Return whether the order, an entry or one beside it, was to add to a position, and for its price."""
    if order.parent or order.role is LegRole.CHANGE or not is_paid_for(order.ticket.side, order.instrument):
        return False
    held = _held(proposal, order)
    if held is None:
        # What a list sold besides was held.
        return order.ticket.side is Side.BUY
    return not reduces(order.ticket, Stock(held), strictly=False)


def _shown(proposal: Proposal, order: LegOrder) -> Quote:
    """Return the prices that the order's card showed."""
    shown = proposal if order.reference_price is None else order
    prices = (shown.reference_price, shown.bid, shown.ask)
    last, bid, ask = (None if price is None else float(price) for price in prices)
    return Quote(order.instrument, last=last, bid=bid, ask=ask)


def _terms(order: LegOrder) -> tuple[object, ...]:
    """Return what makes two orders the same; a change of an order is the same as nothing."""
    ticket = order.ticket
    price = ticket.limit_price, ticket.stop_price, ticket.trail_amount, ticket.trail_pct
    return (order.account, order.instrument, ticket.side, ticket.quantity, ticket.order_type, price, order.changes)


def _protects(proposal: Proposal, order: LegOrder) -> bool:
    """
    Return whether the order is a stop, or one that ends a position together with one, or with the entry it hangs on.

    Such a target leaves the position to what closes it, as its stop does: else nobody could close at once what a
    bracket guards.
    """
    partners = (one for one in proposal.orders if order.group and one.group == order.group)
    stands = (one.ticket.order_type in STOPS and one.ticket.side is order.ticket.side for one in partners)
    return order.ticket.order_type in STOPS or bool(order.parent) or any(stands)


def _is_settled(claim: Claim, leg: Leg, now: datetime) -> bool:
    """
    Return whether nothing more can come of the leg.

    One that was never sent will not be, once its turn is over, and one of which IBKR never spoke does not work longer
    than its own time.
    """
    is_stale = leg.state is LegState.UNSENT and now - claim.at >= _MINUTE
    return leg.state.is_final or is_stale or _is_lost(claim.proposal, leg, now)


def _working(claim: Claim, now: datetime, asked: Mapping[str, Decimal], but: str) -> list[tuple[Leg, LegOrder]]:
    """
    Return the legs that may still trade, of several that cancel each other the largest.

    Not the order *but*, by its reference, nor those that it cancels and that cancel it: they are one order with it.
    A child works once what it hangs on has been filled. Until IBKR has answered a change, an order has the larger of
    its quantity and the one *asked* for.
    """
    proposal = claim.proposal
    filled = {leg.number: leg.filled for leg in proposal.legs}
    left_out = {_place(proposal, leg) for leg in proposal.legs if leg.order_ref == but}
    found: dict[object, tuple[Leg, LegOrder]] = {}
    for leg in proposal.legs:
        order = proposal.order_of(leg)
        sleeps = order.parent and not filled.get(order.parent)
        if sleeps or order.role is LegRole.CHANGE or _is_settled(claim, leg, now):
            continue
        quantity = max(order.ticket.quantity, asked.get(leg.order_ref, Decimal(0)))
        order = replace(order, ticket=replace(order.ticket, quantity=quantity))
        place = _place(proposal, leg)
        if place in left_out:
            continue
        rival = found.get(place)
        if rival is None or rival[1].ticket.quantity < order.ticket.quantity:
            found[place] = (leg, order)
    return list(found.values())


def _is_lost(proposal: Proposal, leg: Leg, now: datetime) -> bool:
    never_heard_of = leg.state is LegState.UNKNOWN and not leg.perm_id and not leg.filled
    return never_heard_of and is_past(proposal, leg, now)


def _place(proposal: Proposal, leg: Leg) -> object:
    """Return what the leg has in common with those that cancel it when they trade, and it them; else its number."""
    order = proposal.order_of(leg)
    return (order.group, order.ticket.side) if order.group else leg.number
