"""
The gate in code that each order passes: three times, and the last time without letting anyone else in between.

It looks at what was ordered before (`Ledger`), at the limits of the person, at the trading state and at the day's
loss, and has `trading/limits.py` decide. It never sends.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from market.clock import Clock
from market.ticket import OrderTicket, Side
from trading.appraisal import Appraisal, position_now, position_to_come
from trading.bounds import Limits
from trading.circumstances import Circumstances
from trading.covering import covered, is_sold_call, taken
from trading.elsewhere import elsewhere
from trading.errors import Limit, OrderDenied
from trading.exposure import Flight, held_against
from trading.ledger import Ledger
from trading.limits import check_all
from trading.ports import FollowedHoldings, OrderHistory, OrderReport
from trading.proposal import LegOrder, LegRole, Proposal
from trading.state import TradingState, TradingStateSource

OWN = "sb-"
"""How the references of our own orders begin."""

LimitSource = Callable[[int], Limits]
"""Tells the limits that hold for a person (Telegram user id) now."""

Pairs = Sequence[tuple[LegOrder, Appraisal]]
"""
The orders of one Confirm that count (see `trading.ledger.COUNTED`), each with the market and the account as just seen.

An entry has its whole ticket, its children's prices too.
"""


class Guards:
    """
    Holds the orders of people against *limits*; *zone* says when a day begins.

    *holdings* are read again at each decision: what was filled since a quote was asked for is in the position, or still
    counts as on its way, or as executed and not shown yet. *loss_locked* tells since when an account's day is over, or
    None. *open_orders* asks IBKR for those of every client: while trading reduces, and where nothing may be sold short,
    what TWS and the phone have placed has its share of a position too.
    """

    def __init__(
        self,
        *,
        limits: LimitSource,
        state: TradingStateSource,
        history: OrderHistory,
        clock: Clock,
        zone: ZoneInfo,
        holdings: FollowedHoldings,
        loss_locked: Callable[[str], datetime | None] = lambda _account: None,
        open_orders: Callable[[], Awaitable[Sequence[OrderReport]]] | None = None,
    ) -> None:
        self._limits = limits
        self._source = state
        self._ledger = Ledger(history, clock, zone)
        self._holdings = holdings
        self._loss_locked = loss_locked
        self._open_orders = open_orders
        self._elsewhere: Sequence[OrderReport] = ()

    @property
    def state(self) -> TradingState:
        """The trading state; one that cannot be read is HALTED."""
        try:
            return self._source()
        except OSError:
            return TradingState.HALTED

    async def check(self, pairs: Pairs, *, user_id: int, proposal_id: int = 0) -> None:
        """
        Return if nothing forbids the orders together; *proposal_id* is theirs where they are stored already.

        Raises OrderDenied, and StorageUnavailable, LinkDown, RequestTimeout, BrokerError where what was ordered before
        cannot be known.
        """
        await self._ledger.refresh()
        if self._open_orders is not None and self._is_shared(pairs, user_id):
            self._elsewhere = [one for one in await self._open_orders() if not one.order_ref.startswith(OWN)]
        self._decide(pairs, user_id, proposal_id)

    def notes(self, pairs: Pairs) -> tuple[str, ...]:
        """Return what a card says of orders at work that would trade on after one that closes; right after `check`."""
        found = ((order, self._beyond(order, seen)) for order, seen in pairs if order.role is not LegRole.CHANGE)
        return tuple(
            f"{order.instrument.label}: {words}" if len(pairs) > 1 else words for order, words in found if words
        )

    def covering(self, orders: Sequence[LegOrder]) -> tuple[LegOrder, ...]:
        """Return *orders* with how many calls of each are covered by shares; right after `check`."""
        return tuple(replace(order, covered=self._covered(order, 0) or None) for order in orders)

    def last_check(self, pairs: Pairs, claimed: Proposal) -> TradingState:
        """
        Check once more what may have changed during the claim, count the orders, and return the state they pass in.

        To be called right before the first of them is sent, with nothing awaited in between. Raises OrderDenied.
        """
        self._decide(pairs, claimed.user_id, claimed.id)
        self._ledger.book(claimed)
        return self.state

    def require(self, passed: TradingState) -> None:
        """
        Return if trading is no stricter now than in the state in which the first leg *passed*.

        To be called right before each further leg. Raises OrderDenied(TRADING_STATE).
        """
        state = self.state
        if state.is_stricter(passed):
            raise OrderDenied(Limit.TRADING_STATE, None, state.value)

    def release(self, proposal_id: int) -> None:
        """Count a proposal no longer, of which nothing was sent."""
        self._ledger.release(proposal_id)

    def _decide(self, pairs: Pairs, user_id: int, proposal_id: int) -> None:
        accounts = [(one, self._holdings.summary(one)) for one in self._holdings.accounts()]
        summaries = {name: summary for name, summary in accounts if summary is not None}
        changed = {order.changes for order, _ in pairs if order.changes}
        mine = self._ledger.past(summaries, user_id=user_id, but=proposal_id, changed=changed)
        total = self._ledger.past(summaries, user_id=None, but=proposal_id, changed=changed)
        is_shared = self._is_shared(pairs, user_id)
        found = []
        for order, seen in pairs:
            given = replace(
                seen.circumstances(self.state),
                recent_orders=mine.recent,
                day_value=mine.day_value,
                total_recent_orders=total.recent,
                total_day_value=total.day_value,
                since_same_s=self._ledger.since_same(order, user_id=user_id, but=proposal_id),
                flight=self._flight(order, proposal_id, is_shared=is_shared),
                spent=self._ledger.spent(order, summaries, but=proposal_id),
                arriving=self._ledger.arriving(order.changes) if order.changes else Decimal(0),
                is_loss_locked=self._loss_locked(order.account) is not None,
                rival_price=order.rival_price,
                covered=self._covered(order, proposal_id),
            )
            found.append((order, self._remaining(order), given))
        self._hold(self._limits(user_id), found)

    def _hold(self, limits: Limits, orders: Sequence[tuple[LegOrder, OrderTicket, Circumstances]]) -> None:
        """
        Hold orders against *limits*, each on what is held of it at worst.

        An execution and the position after it come one after the other: in between the worse of both positions counts,
        and what either would allow is denied for the moment alone.
        """
        # After the ledger, with nothing awaited in between: a fill may count twice, but never not at all.
        now = [position_now(self._holdings, order.account, order.instrument) for order, _, _ in orders]
        to_come = [position_to_come(self._holdings, order.account, order.instrument) for order, _, _ in orders]
        worst = [
            min(pair) if order.ticket.side is Side.SELL else max(pair)
            for (order, _, _), *pair in zip(orders, now, to_come, strict=True)
        ]

        def check(positions: Sequence[Decimal]) -> None:
            pairs = zip(orders, positions, strict=True)
            check_all(limits, [(it, one.instrument, replace(at, position=held)) for (one, it, at), held in pairs])

        try:
            check(worst)
        except OrderDenied:
            for positions in (now, to_come):
                if positions != worst and _passes(check, positions):
                    moved = (one for (one, *_), a, b in zip(orders, now, to_come, strict=True) if a != b)
                    raise OrderDenied(Limit.POSITION, None, next(moved).instrument.label) from None
            raise

    def _is_shared(self, pairs: Pairs, user_id: int) -> bool:
        """Return whether orders that others have placed count: they may be half an answer old, in the last check."""
        if self.state is TradingState.REDUCING or any(is_sold_call(order) for order, _ in pairs):
            return True
        return not self._limits(user_id).short_selling and any(order.ticket.side is Side.SELL for order, _ in pairs)

    def _flight(self, order: LegOrder, proposal_id: int, *, is_shared: bool) -> Flight:
        flight = self._ledger.flight(order, but=proposal_id)
        return flight.joined(elsewhere(self._elsewhere, order)) if is_shared else flight

    def _covered(self, order: LegOrder, proposal_id: int) -> Decimal:
        """Return how many calls that the order sells are covered by shares, which nothing else has promised."""
        if not is_sold_call(order):
            return Decimal(0)
        promised = self._ledger.promised(order, but=proposal_id)
        for one in self._elsewhere:
            if one.account == order.account and one.instrument is not None and one.ticket is not None:
                promised += taken(one.instrument, one.ticket.side, one.remaining, order.instrument)
        return covered(order, self._holdings.positions(order.account), promised)

    def _beyond(self, order: LegOrder, seen: Appraisal) -> str:
        """Return in words what orders at work and this one would trade beyond what is held, "" if nothing."""
        ticket, is_sale = order.ticket, order.ticket.side is Side.SELL
        if ticket.take_profit is not None or ticket.stop_loss is not None:
            return ""
        held = held_against(ticket.side, seen.position)
        flight = self._flight(order, 0, is_shared=True)
        others = sum((flight.of(ticket.side, stops=stops) for stops in (True, False)), Decimal(0))
        beyond = ticket.quantity + others - held
        if held <= 0 or not others or beyond <= 0:
            return ""
        verb, state = ("sell", "hold") if is_sale else ("buy", "are short")
        return f"orders at work {verb} {others:f} too: with this one {beyond:f} more than you {state}"

    def _remaining(self, order: LegOrder) -> OrderTicket:
        """Return the ticket for what it may still trade: of a changed order a part may be filled already."""
        left = order.ticket.quantity - self._ledger.filled(order.changes) if order.changes else order.ticket.quantity
        return replace(order.ticket, quantity=left) if left > 0 else order.ticket


def _passes(check: Callable[[Sequence[Decimal]], None], positions: Sequence[Decimal]) -> bool:
    try:
        check(positions)
    except OrderDenied:
        return False
    return True


def limits_for_all(limits: Limits) -> LimitSource:
    """Return a source that tells the same *limits* for everybody."""
    return lambda _user_id: limits
