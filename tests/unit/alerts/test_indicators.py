from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.indicators import Series, bars_needed
from market.quote import Bar, BarSize
from tests.unit.alerts.drafts import NOW

CLOSES = st.lists(st.floats(1, 1000), min_size=1, max_size=60)


def bar(n: int, close: float, size: BarSize = BarSize.HOUR_1) -> Bar:
    return Bar(NOW + n * size.duration, close, close, close, close)


def series(name: str, length: int, closes: list[float]) -> Series:
    made = Series(name, length, BarSize.HOUR_1)
    made.seed(bar(n, close) for n, close in enumerate(closes))
    return made


def wilder(closes: list[float], length: int) -> float:
    """RSI as Wilder wrote it (New Concepts in Technical Trading Systems, 1978)."""
    moves = [after - before for before, after in pairwise(closes)]
    gain = sum(max(move, 0) for move in moves[:length]) / length
    loss = sum(max(-move, 0) for move in moves[:length]) / length
    for move in moves[length:]:
        gain = (gain * (length - 1) + max(move, 0)) / length
        loss = (loss * (length - 1) + max(-move, 0)) / length
    return 100.0 if loss == 0 else 100 - 100 / (1 + gain / loss)


@given(CLOSES, st.integers(1, 20))
@settings(max_examples=50)
def test_sma_is_the_mean_of_the_last_closes(closes: list[float], length: int) -> None:
    value = series("sma", length, closes).value
    assert value == (None if len(closes) < length else pytest.approx(sum(closes[-length:]) / length))


@given(CLOSES, st.integers(1, 20))
@settings(max_examples=50)
def test_ema_begins_with_the_mean_and_follows(closes: list[float], length: int) -> None:
    expected = None
    if len(closes) >= length:
        expected = sum(closes[:length]) / length
        for close in closes[length:]:
            expected += 2 / (length + 1) * (close - expected)
    assert series("ema", length, closes).value == (None if expected is None else pytest.approx(expected))


@given(CLOSES, st.integers(2, 20))
@settings(max_examples=50)
def test_rsi_is_wilders(closes: list[float], length: int) -> None:
    value = series("rsi", length, closes).value
    if len(closes) <= length or len(set(closes)) == 1:
        assert value is None
    else:
        assert value == pytest.approx(wilder(closes, length))


def test_rsi_of_a_market_that_does_not_move_is_unknown() -> None:
    assert series("rsi", 3, [5.0] * 10).value is None
    assert series("rsi", 3, [5.0] * 10 + [6.0]).value == 100.0


@pytest.mark.parametrize("name", ["sma", "ema", "rsi"])
def test_what_is_dropped_from_memory_does_not_change_the_value(name: str) -> None:
    closes = [100 + (n * 37 % 23) / 7 for n in range(1000)]
    made = series(name, 5, closes)
    assert len(made._stream) < 200
    fresh = Series(name, 5, BarSize.HOUR_1)
    fresh.seed(bar(n, close) for n, close in enumerate(closes[-bars_needed(name, 5) :]))
    assert made.value == pytest.approx(fresh.value, rel=0.01)


def test_a_bar_counts_once_and_only_forwards() -> None:
    made = series("sma", 2, [1.0, 3.0])
    made.add(bar(1, 100.0))
    made.add(bar(0, 100.0))
    assert made.value == 2.0


def test_a_value_is_unknown_two_bars_after_its_close() -> None:
    made = series("sma", 1, [1.0])
    closed = NOW + timedelta(hours=1)
    assert made.value_at(closed + timedelta(hours=2)) == 1.0
    assert made.value_at(closed + timedelta(hours=2, seconds=1)) is None


def test_a_day_bar_lasts_over_a_long_weekend() -> None:
    made = Series("sma", 1, BarSize.DAY_1)
    made.add(bar(0, 1.0, BarSize.DAY_1))
    assert made.value_at(NOW + timedelta(days=5)) == 1.0
    assert made.value_at(NOW + timedelta(days=8)) is None
