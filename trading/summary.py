"""The day in numbers: a snapshot of the account at the session's close, and the summary made of the snapshots."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from market.account import AccountSummary, Fill, Position
from market.instrument import Instrument


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    An account as it stood at the close of the session of *day*, taken at *at*; money in *currency*, its base.

    One a day is kept: week, month and year are counted from them.
    """

    account: str
    day: date
    at: datetime
    currency: str
    net_liquidation: Decimal
    cash: Decimal | None = None
    realized_pnl: Decimal | None = None
    unrealized_pnl: Decimal | None = None
    positions: tuple[Position, ...] = ()


@dataclass(frozen=True, slots=True)
class DayMove:
    """What one holding did to the account in a day: *pnl* in its own currency, *pct* on its value the day before."""

    instrument: Instrument
    pnl: Decimal
    pct: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DailySummary:
    """
    The session of *day*; money in *currency*.

    *change* and *change_pct* are against the snapshot before (None for the first). *best* and *worst* are holdings by
    their day's P&L; with one holding only there is no *worst*. *fees* are the commissions in *currency* (None where
    IBKR has not told any). *curve* is the net liquidation by day, oldest first and this day last; *since* its first.
    """

    account: str
    day: date
    at: datetime
    currency: str
    net_liquidation: Decimal
    change: Decimal | None = None
    change_pct: Decimal | None = None
    realized_pnl: Decimal | None = None
    unrealized_pnl: Decimal | None = None
    cash: Decimal | None = None
    best: DayMove | None = None
    worst: DayMove | None = None
    trades: int = 0
    fees: Decimal | None = None
    alerts_fired: int = 0
    curve: tuple[tuple[date, Decimal], ...] = ()
    since: date | None = None


def take_snapshot(
    account: AccountSummary, positions: Sequence[Position], *, day: date, at: datetime
) -> Snapshot | None:
    """Return the account as it stands, or None where IBKR has not told its value yet."""
    if account.net_liquidation is None:
        return None
    return Snapshot(
        account=account.account,
        day=day,
        at=at,
        currency=account.currency,
        net_liquidation=account.net_liquidation,
        cash=account.cash,
        realized_pnl=account.realized_pnl,
        unrealized_pnl=account.unrealized_pnl,
        positions=tuple(positions),
    )


def build_summary(
    snapshot: Snapshot, history: Sequence[Snapshot], fills: Sequence[Fill], *, alerts_fired: int
) -> DailySummary:
    """
    Return the summary of *snapshot*'s day.

    *history* are snapshots of the same account in any order (this day's own or later ones are left out), *fills* the
    day's executions: those of one order are one trade.
    """
    earlier = sorted((old for old in history if old.day < snapshot.day), key=lambda old: old.day)
    curve = (*((old.day, old.net_liquidation) for old in earlier), (snapshot.day, snapshot.net_liquidation))
    before = earlier[-1].net_liquidation if earlier else None
    best, worst = day_moves(snapshot.positions)
    return DailySummary(
        account=snapshot.account,
        day=snapshot.day,
        at=snapshot.at,
        currency=snapshot.currency,
        net_liquidation=snapshot.net_liquidation,
        change=None if before is None else snapshot.net_liquidation - before,
        change_pct=percent(snapshot.net_liquidation - before, before) if before else None,
        realized_pnl=snapshot.realized_pnl,
        unrealized_pnl=snapshot.unrealized_pnl,
        cash=snapshot.cash,
        best=best,
        worst=worst,
        trades=count_trades(fills),
        fees=_fees(fills, snapshot.currency),
        alerts_fired=alerts_fired,
        curve=curve,
        since=curve[0][0],
    )


def day_moves(positions: Sequence[Position]) -> tuple[DayMove | None, DayMove | None]:
    """Return the best and the worst holding by their day's P&L; those without one are left out."""
    moves = [
        DayMove(position.instrument, position.daily_pnl, day_percent(position))
        for position in positions
        if position.daily_pnl is not None
    ]
    moves.sort(key=lambda move: move.pnl, reverse=True)
    if not moves:
        return None, None
    return moves[0], moves[-1] if len(moves) > 1 else None


def day_percent(position: Position) -> Decimal | None:
    """Return the day's P&L in percent of the holding's value the day before, or None where IBKR has not told both."""
    if position.daily_pnl is None or position.market_value is None:
        return None
    return percent(position.daily_pnl, abs(position.market_value - position.daily_pnl))


def percent(part: Decimal, whole: Decimal) -> Decimal | None:
    """Return *part* in percent of *whole*, to two places; None of nothing."""
    return (part * 100 / whole).quantize(Decimal("0.01")) if whole else None


def count_trades(fills: Sequence[Fill]) -> int:
    """Return how many orders these executions were of."""
    return len({fill.perm_id or fill.order_ref or fill.exec_id for fill in fills})


def _fees(fills: Sequence[Fill], currency: str) -> Decimal | None:
    known = [fill.commission for fill in fills if fill.commission is not None and fill.commission_currency == currency]
    return sum(known, Decimal(0)) if known else None
