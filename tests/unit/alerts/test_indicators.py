from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.indicators import Series, bars_needed
from alerts.operand import Indicator
from alerts.streams import _Average, stream_of
from market.hours import Hours
from market.quote import Bar, BarSize
from tests.unit.alerts.drafts import NOW

CLOSES = st.lists(st.floats(1, 1000), min_size=1, max_size=60)


def bar(n: int, close: float, size: BarSize = BarSize.HOUR_1) -> Bar:
    return Bar(NOW + n * size.duration, close, close, close, close)


def study(name: str, length: int, *more: float, part: str = "", live: bool = False) -> Indicator:
    return Indicator("AAPL", name, length, BarSize.HOUR_1, more, part, live)


def series(name: str, length: int, closes: list[float]) -> Series:
    made = Series(study(name, length))
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
    fresh = Series(made.indicator)
    fresh.seed(bar(n, close) for n, close in enumerate(closes[-bars_needed(made.indicator) :]))
    assert made.value == pytest.approx(fresh.value, rel=1e-4)


def test_memory_does_not_grow_with_the_bars() -> None:
    made = series("sma", 5, [100.0 + n % 7 for n in range(1000)])
    assert isinstance(made._stream, _Average)
    assert len(made._stream._line.made) < 200


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
    made = Series(replace(study("sma", 1), bar=BarSize.DAY_1))
    made.add(bar(0, 1.0, BarSize.DAY_1))
    assert made.value_at(NOW + timedelta(days=5)) == 1.0
    assert made.value_at(NOW + timedelta(days=8)) is None


STUDIES = [
    *(study(name, 5) for name in ("sma", "ema", "rsi", "atr", "adx")),
    *(study("macd", 3, 6, 4, part=part) for part in ("", "macd", "signal", "histogram")),
    *(study("bbands", 5, 2, part=part) for part in ("", "upper", "middle", "lower")),
    *(study("stoch", 5, 3, 2, part=part) for part in ("", "k", "d")),
    study("vwap", 0),
]
BARS = st.lists(
    st.tuples(st.floats(90, 110), st.floats(0, 2), st.floats(0, 2), st.floats(0, 1), st.integers(0, 1000)),
    min_size=30,
    max_size=60,
)


def wide(drawn: list[tuple[float, float, float, float, int]]) -> list[Bar]:
    return [
        Bar(NOW + n * BarSize.HOUR_1.duration, low + up * at, low + up + over, low, low + up * at, volume)
        for n, (low, up, over, at, volume) in enumerate(drawn)
    ]


@pytest.mark.parametrize("indicator", STUDIES, ids=lambda one: f"{one.name}{one.part}")
@given(BARS)
@settings(max_examples=15)
def test_a_bar_taken_back_leaves_no_trace(
    indicator: Indicator, drawn: list[tuple[float, float, float, float, int]]
) -> None:
    bars = wide(drawn)
    plain, tried = stream_of(indicator, datetime.date), stream_of(indicator, datetime.date)
    for n, one in enumerate(bars):
        tried.add(bars[-1 - n])
        tried.drop()
        assert tried.add(one) == plain.add(one)


@pytest.mark.parametrize("indicator", STUDIES, ids=lambda one: f"{one.name}{one.part}")
def test_a_live_value_is_that_of_the_closed_bars_and_the_running_one(indicator: Indicator) -> None:
    bars = wide([(100 + n * 37 % 11, 1.0, 0.5, (n % 5) / 5, 100 + n) for n in range(40)])
    live, closed = Series(replace(indicator, live=True)), Series(indicator)
    live.seed(bars[:-1])
    closed.seed(bars[:-1])
    assert live.value == closed.value
    last, session = bars[-1], 50_000.0
    path = [last.open, last.low, last.high, last.close]
    for n, price in enumerate(path):
        live.run(price, last.start + timedelta(minutes=n), session + last.volume * n / (len(path) - 1))
        closed.run(price, last.start + timedelta(minutes=n))
    assert closed.value == live_before(indicator, bars)
    closed.add(last)
    assert live.value == pytest.approx(closed.value, rel=1e-12)
    live.add(last)
    assert live.value == closed.value


def live_before(indicator: Indicator, bars: list[Bar]) -> float | None:
    made = Series(indicator)
    made.seed(bars[:-1])
    return made.value


def test_a_trade_of_the_next_bar_waits_until_the_one_that_ran_is_closed() -> None:
    made = Series(study("sma", 2, live=True))
    made.run(50.0, NOW)
    made.seed([bar(0, 10.0), bar(1, 20.0)])
    made.run(30.0, NOW + timedelta(hours=2, minutes=59))
    assert made.value == 25.0
    made.run(90.0, NOW + timedelta(hours=3))
    assert made.value == 25.0
    made.add(bar(2, 32.0))
    assert made.value == 26.0
    made.run(92.0, NOW + timedelta(hours=3, seconds=5))
    assert (made.value, made.close) == (62.0, 92.0)


def test_a_closed_bar_that_comes_late_goes_under_the_running_one() -> None:
    made = Series(study("sma", 2, live=True))
    made.seed([bar(0, 10.0), bar(1, 20.0)])
    made.run(40.0, NOW + timedelta(hours=3))
    assert made.value == 30.0
    made.add(bar(2, 30.0))
    assert made.value == 35.0


def test_vwap_begins_anew_with_the_venues_day() -> None:
    hours = Hours("America/New_York", ())
    made = Series(study("vwap", 0), hours)
    # 23:00 to 02:00 in New York, which is one day in UTC.
    start = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
    prices = [(10.0, 100), (20.0, 100), (40.0, 300)]
    made.seed(Bar(start + n * timedelta(hours=1), p, p, p, p, v) for n, (p, v) in enumerate(prices))
    assert made.value == 35.0


def test_vwap_without_volume_is_unknown() -> None:
    assert series("vwap", 0, [1.0, 2.0]).value is None


@pytest.mark.parametrize("part", ["k", "d"])
def test_stoch_is_unknown_as_long_as_bars_without_any_range_count(part: str) -> None:
    made = Series(study("stoch", 2, 1, 2, part=part))
    made.seed(bar(n, 5.0) for n in range(5))
    assert made.value is None
    for n in (5, 6, 7):
        made.add(bar(n, 5.0 + n))
    assert made.value == 100.0


def test_what_is_no_indicator_is_refused() -> None:
    with pytest.raises(LookupError):
        Series(study("magic", 1))
    with pytest.raises(LookupError):
        Series(study("bbands", 20, 2, part="signal"))
    with pytest.raises(TypeError):
        Series(study("macd", 12))


def test_a_daily_bar_that_runs_is_the_venues_day() -> None:
    hours = Hours("America/New_York", ())
    made = Series(replace(study("sma", 2, live=True), bar=BarSize.DAY_1), hours)
    day = datetime(2026, 11, 19, tzinfo=UTC)
    made.seed(Bar(day + n * timedelta(days=1), 10.0, 10.0, 10.0, 10.0) for n in (-1, 0))
    # After the close of the 19th in New York, on the 20th in UTC.
    made.run(30.0, datetime(2026, 11, 20, 0, 30, tzinfo=UTC))
    assert made.value == 10.0
    made.run(30.0, datetime(2026, 11, 20, 14, 30, tzinfo=UTC))
    assert made.value == 20.0
