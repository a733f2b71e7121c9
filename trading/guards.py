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
from market.instrument import SecType
from market.ticket import OrderTicket, OrderType, Side
from trading.appraisal import Appraisal, position_now, position_to_come
from trading.bounds import Limits
from trading.circumstances import Circumstances
from trading.covering import Trade, covered, pledged
from trading.elsewhere import elsewhere
from trading.errors import Limit, OrderDenied
from trading.exposure import OPTIONS, Flight, held_against
from trading.ledger import Ledger
from trading.limits import check_all
from trading.ports import FollowedHoldings, OrderHistory, OrderReport
from trading.proposal import LegOrder, LegRole, Proposal
from trading.state import TradingState, TradingStateSource

LimitSource = Callable[[int], Limits]
"""Tells the limits that hold for a person (Telegram user id) now."""

Pairs = Sequence[tuple[LegOrder, Appraisal]]
"""
The orders of one Confirm that count (see `trading.ledger.COUNTED`), each with the market and the account as just seen.

An entry has its whole ticket, its children's prices too.
"""

Others = Sequence[OrderReport] | None
"""The open orders that are none of ours, as IBKR has just told; None where they were not asked for."""


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

    @property
    def state(self) -> TradingState:
        """The trading state; one that cannot be read is HALTED."""
        try:
            return self._source()
        except OSError:
            return TradingState.HALTED

    async def check(self, pairs: Pairs, *, user_id: int, proposal_id: int = 0) -> Others:
        """
        Return if nothing forbids the orders together; *proposal_id* is theirs where they are stored already.

        What others have placed is handed back, for whatever is asked of these orders next.

        Raises OrderDenied, and StorageUnavailable, LinkDown, RequestTimeout, BrokerError where what was ordered before
        cannot be known.
        """
        await self._ledger.refresh()
        others: Others = None
        if self._open_orders is None:
            others = ()
        elif self._is_shared(pairs, user_id, self.state):
            others = [one for one in await self._open_orders() if not self._ledger.knows(one)]
        self._decide(pairs, user_id, proposal_id, self.state, others)
        return others

    def notes(self, pairs: Pairs, others: Others) -> tuple[str, ...]:
        """Return what a card says of orders at work that would trade on after one that closes; right after `check`."""
        found = (
            (order, self._beyond(order, seen, others)) for order, seen in pairs if order.role is not LegRole.CHANGE
        )
        return tuple(
            f"{order.instrument.label}: {words}" if len(pairs) > 1 else words for order, words in found if words
        )

    def covering(self, orders: Sequence[LegOrder], others: Others) -> tuple[LegOrder, ...]:
        """Return *orders* with how many calls of each are covered by shares; right after `check`."""
        return tuple(
            replace(order, covered=self._covered(order, self._trades(order, 0, others)) or None) for order in orders
        )

    def last_check(self, pairs: Pairs, claimed: Proposal, others: Others) -> TradingState:
        """
        Check once more what may have changed during the claim, count the orders, and return the state they pass in.

        To be called right before the first of them is sent, with nothing awaited in between. *others* is what `check`
        has told of them: where what others have placed counts only now, nobody has asked for it, and they are denied.
        Raises OrderDenied.
        """
        # Read once: a halt between two looks must not become the state that the rest of a list passes in.
        state = self.state
        self._decide(pairs, claimed.user_id, claimed.id, state, others)
        if others is None and self._is_shared(pairs, claimed.user_id, state):
            if state is TradingState.REDUCING:
                raise OrderDenied(Limit.TRADING_STATE, None, state.value)
            raise OrderDenied(Limit.SHORT_SELLING, Decimal(0), pairs[0][0].ticket.quantity)
        self._ledger.book(claimed)
        return state

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

    def _decide(self, pairs: Pairs, user_id: int, proposal_id: int, state: TradingState, others: Others) -> None:
        accounts = [(one, self._holdings.summary(one)) for one in self._holdings.accounts()]
        self._require_managed(pairs)
        summaries = {name: summary for name, summary in accounts if summary is not None}
        changed = {order.changes for order, _ in pairs if order.changes}
        mine = self._ledger.past(summaries, user_id=user_id, but=proposal_id, changed=changed)
        total = self._ledger.past(summaries, user_id=None, but=proposal_id, changed=changed)
        placed = others if others is not None and self._is_shared(pairs, user_id, state) else ()
        found = []
        for number, (order, seen) in enumerate(pairs):
            trades = self._trades(order, proposal_id, others)
            given = replace(
                seen.circumstances(state),
                recent_orders=mine.recent,
                day_value=mine.day_value,
                total_recent_orders=total.recent,
                total_day_value=total.day_value,
                since_same_s=self._ledger.since_same(order, user_id=user_id, but=proposal_id),
                flight=self._flight(order, proposal_id, placed),
                spent=self._ledger.spent(order, summaries, but=proposal_id),
                arriving=self._ledger.arriving(order.changes) if order.changes else Decimal(0),
                is_loss_locked=self._loss_locked(order.account) is not None,
                rival_price=order.rival_price,
                covered=self._covered(order, trades),
                pledged=self._pledged(order, trades, [one for one, _ in pairs[:number]]),
            )
            found.append((order, self._remaining(order), given))
        self._hold(self._limits(user_id), found)

    def _require_managed(self, pairs: Pairs) -> None:
        """Return if each order's account is one of the login: it may be another login than when the card was made."""
        managed = self._holdings.accounts()
        for order, _ in pairs:
            if order.account not in managed:
                raise OrderDenied(Limit.ACCOUNT, order.account, None)

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

    def _is_shared(self, pairs: Pairs, user_id: int, state: TradingState) -> bool:
        """Return whether orders that others have placed count: they may be half an answer old, in the last check."""
        sales = [order for order, _ in pairs if order.ticket.side is Side.SELL]
        if state is TradingState.REDUCING or any(order.instrument.sec_type in OPTIONS for order in sales):
            return True
        return bool(sales) and not self._limits(user_id).short_selling

    def _flight(self, order: LegOrder, proposal_id: int, placed: Sequence[OrderReport]) -> Flight:
        return self._ledger.flight(order, but=proposal_id).joined(elsewhere(placed, order))

    def _trades(self, order: LegOrder, proposal_id: int, others: Others) -> Sequence[Trade]:
        """Return what other orders of the order's account may still trade, those that others have placed too."""
        placed = [
            (one.instrument, one.ticket.side, one.remaining)
            for one in others or ()
            if one.account == order.account and one.instrument is not None and one.ticket is not None
        ]
        return [*self._ledger.beside(order, but=proposal_id), *placed]

    def _covered(self, order: LegOrder, trades: Sequence[Trade]) -> Decimal:
        """Return how many calls that the order sells are covered by shares, which no other *trades* take."""
        return covered(order, self._holdings.positions(order.account), trades)

    def _pledged(self, order: LegOrder, trades: Sequence[Trade], earlier: Sequence[LegOrder]) -> Decimal:
        """
        Return what of the order's instrument covers options that were sold.

        What is bought back counts where it goes *earlier* in the same list, and at the market: else it may never be.
        """
        sales = [one for one in trades if one[1] is Side.SELL or one[0].sec_type is SecType.COMBO]
        sales += [
            (one.instrument, one.ticket.side, one.ticket.quantity)
            for one in earlier
            if one.account == order.account
            and (one.ticket.side is Side.SELL or one.ticket.order_type is OrderType.MARKET)
        ]
        return pledged(order.instrument, self._holdings.positions(order.account), sales)

    def _beyond(self, order: LegOrder, seen: Appraisal, others: Others) -> str:
        """Return in words what orders at work and this one would trade beyond what is held, "" if nothing."""
        ticket, is_sale = order.ticket, order.ticket.side is Side.SELL
        if ticket.take_profit is not None or ticket.stop_loss is not None:
            return ""
        held = held_against(ticket.side, seen.position)
        flight = self._flight(order, 0, others or ())
        at_work = sum((flight.of(ticket.side, stops=stops) for stops in (True, False)), Decimal(0))
        beyond = ticket.quantity + at_work - held
        if held <= 0 or not at_work or beyond <= 0:
            return ""
        verb, state = ("sell", "hold") if is_sale else ("buy", "are short")
        return f"orders at work {verb} {at_work:f} too: with this one {beyond:f} more than you {state}"

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
