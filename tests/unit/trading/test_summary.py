"""The day's numbers."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from market.account import AccountSummary, Fill, Position
from market.instrument import Instrument
from market.ticket import Side
from trading.summary import DayMove, Snapshot, build_summary, day_moves, take_snapshot

CLOSE = datetime(2026, 11, 20, 21, 5, tzinfo=UTC)
DAY = date(2026, 11, 20)
AAPL, TSLA, NVDA = Instrument(1, "AAPL"), Instrument(2, "TSLA"), Instrument(3, "NVDA")


def snapshot(day: date, value: str, **more: Any) -> Snapshot:
    return Snapshot("DU1", day, CLOSE, "USD", Decimal(value), **more)


def held(instrument: Instrument, value: str | None, day: str | None) -> Position:
    return Position(
        "DU1",
        instrument,
        Decimal(10),
        Decimal(100),
        market_value=None if value is None else Decimal(value),
        daily_pnl=None if day is None else Decimal(day),
    )


def fill(number: int, order: int, commission: str | None, currency: str = "USD") -> Fill:
    return Fill(
        f"e{number}",
        "DU1",
        AAPL,
        Side.BUY,
        Decimal(1),
        Decimal(200),
        CLOSE,
        perm_id=order,
        commission=None if commission is None else Decimal(commission),
        commission_currency=currency if commission else "",
    )


def test_a_day_is_compared_with_the_snapshot_before_it() -> None:
    history = [snapshot(date(2026, 11, 19), "125000"), snapshot(date(2026, 11, 3), "100000")]
    summary = build_summary(snapshot(DAY, "127500", cash=Decimal(40_000)), history, [], alerts_fired=5)
    assert (summary.change, summary.change_pct) == (Decimal(2500), Decimal("2.00"))
    assert summary.curve == (
        (date(2026, 11, 3), Decimal(100_000)),
        (date(2026, 11, 19), Decimal(125_000)),
        (DAY, Decimal(127_500)),
    )
    assert summary.since == date(2026, 11, 3)
    assert (summary.cash, summary.alerts_fired, summary.trades, summary.fees) == (Decimal(40_000), 5, 0, None)


def test_the_first_day_has_nothing_to_be_compared_with() -> None:
    summary = build_summary(snapshot(DAY, "127500"), [], [], alerts_fired=0)
    assert (summary.change, summary.change_pct, summary.since) == (None, None, DAY)
    assert summary.curve == ((DAY, Decimal(127_500)),)


def test_its_own_day_and_later_ones_are_not_history() -> None:
    history = [snapshot(DAY, "1"), snapshot(date(2026, 11, 23), "2"), snapshot(date(2026, 11, 19), "100")]
    summary = build_summary(snapshot(DAY, "110"), history, [], alerts_fired=0)
    assert (summary.change, len(summary.curve)) == (Decimal(10), 2)


def test_a_fall_has_its_sign() -> None:
    summary = build_summary(snapshot(DAY, "99"), [snapshot(date(2026, 11, 19), "100")], [], alerts_fired=0)
    assert (summary.change, summary.change_pct) == (Decimal(-1), Decimal("-1.00"))


def test_from_nothing_there_is_a_change_but_no_percentage() -> None:
    summary = build_summary(snapshot(DAY, "99"), [snapshot(date(2026, 11, 19), "0")], [], alerts_fired=0)
    assert (summary.change, summary.change_pct) == (Decimal(99), None)


def test_best_and_worst_are_by_the_days_money() -> None:
    positions = [held(AAPL, "2040", "40"), held(TSLA, "1764", "-36"), held(NVDA, None, None)]
    assert day_moves(positions) == (
        DayMove(AAPL, Decimal(40), Decimal("2.00")),
        DayMove(TSLA, Decimal(-36), Decimal("-2.00")),
    )


def test_a_short_positions_percentage_has_its_pnls_sign() -> None:
    best, worst = day_moves([held(AAPL, "-980", "20")])
    assert best == DayMove(AAPL, Decimal(20), Decimal("2.00"))
    assert worst is None


def test_without_day_pnl_there_is_neither() -> None:
    assert day_moves([held(AAPL, "2040", None)]) == (None, None)


def test_the_executions_of_one_order_are_one_trade() -> None:
    fills = [fill(1, 7, "0.35"), fill(2, 7, "0.65"), fill(3, 8, None), fill(4, 9, "1.00", "EUR")]
    summary = build_summary(snapshot(DAY, "1"), [], fills, alerts_fired=0)
    assert (summary.trades, summary.fees) == (3, Decimal("1.00"))


def test_no_snapshot_without_a_value() -> None:
    assert take_snapshot(AccountSummary("DU1", "USD"), [], day=DAY, at=CLOSE) is None
    account = AccountSummary("DU1", "EUR", net_liquidation=Decimal(5), cash=Decimal(4), realized_pnl=Decimal(1))
    taken = take_snapshot(account, [held(AAPL, "1", "1")], day=DAY, at=CLOSE)
    assert taken == Snapshot(
        "DU1",
        DAY,
        CLOSE,
        "EUR",
        Decimal(5),
        cash=Decimal(4),
        realized_pnl=Decimal(1),
        positions=(held(AAPL, "1", "1"),),
    )
