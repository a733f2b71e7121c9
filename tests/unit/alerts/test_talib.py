"""Every indicator against TA-Lib's on the same 5,000 bars, from its first value to its last."""

from collections.abc import Callable
from functools import cache
from math import isnan
from random import Random
from typing import Any

import numpy as np
import pytest

from alerts.indicators import Series
from alerts.operand import Indicator
from market.quote import Bar, BarSize
from tests.unit.alerts.drafts import NOW

talib = pytest.importorskip("talib", reason="TA-Lib is of the test extra (make install)")
COUNT = 5_000


@cache
def bars() -> list[Bar]:
    """A price that wanders, with gaps, in cents; now and then a bar that does not move at all."""
    random, price, made = Random(8), 100.0, []  # noqa: S311  a reproducible series, nothing secret
    for n in range(COUNT):
        opened = price + (random.gauss(0, 0.5) if random.random() < 0.2 else 0.0)
        steps = [0.0] if random.random() < 0.02 else [random.gauss(0, 0.3) for _ in range(4)]
        path = [opened]
        for step in steps:
            path.append(max(1.0, path[-1] + step))
        price = round(path[-1], 2)
        values = [round(value, 2) for value in (opened, max(path), min(path))]
        made.append(Bar(NOW + n * BarSize.HOUR_1.duration, *values, price, random.randrange(100, 10_000)))
    return made


def column(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([getattr(bar, name) for bar in bars()], dtype=np.float64)


def study(name: str, *given: float, part: str = "", live: bool = False) -> Series:
    length, *more = given
    return Series(Indicator("AAPL", name, int(length), BarSize.HOUR_1, tuple(more), part, live))


def high_low_close() -> tuple[Any, Any, Any]:
    return column("high"), column("low"), column("close")


ALL: list[tuple[Series, Callable[[], Any]]] = [
    (study("sma", 50), lambda: talib.SMA(column("close"), 50)),
    (study("ema", 20), lambda: talib.EMA(column("close"), 20)),
    (study("ema", 200), lambda: talib.EMA(column("close"), 200)),
    (study("rsi", 14), lambda: talib.RSI(column("close"), 14)),
    (study("rsi", 2), lambda: talib.RSI(column("close"), 2)),
    (study("macd", 12, 26, 9, part="macd"), lambda: talib.MACD(column("close"), 12, 26, 9)[0]),
    (study("macd", 12, 26, 9, part="signal"), lambda: talib.MACD(column("close"), 12, 26, 9)[1]),
    (study("macd", 12, 26, 9, part="histogram"), lambda: talib.MACD(column("close"), 12, 26, 9)[2]),
    (study("macd", 5, 35, 5, part="histogram"), lambda: talib.MACD(column("close"), 5, 35, 5)[2]),
    (study("bbands", 20, 2, part="upper"), lambda: talib.BBANDS(column("close"), 20, 2.0, 2.0)[0]),
    (study("bbands", 20, 2, part="middle"), lambda: talib.BBANDS(column("close"), 20, 2.0, 2.0)[1]),
    (study("bbands", 20, 2.5, part="lower"), lambda: talib.BBANDS(column("close"), 20, 2.5, 2.5)[2]),
    (study("atr", 14), lambda: talib.ATR(*high_low_close(), 14)),
    (study("adx", 14), lambda: talib.ADX(*high_low_close(), 14)),
    (study("adx", 5), lambda: talib.ADX(*high_low_close(), 5)),
    (study("stoch", 14, 3, 3, part="k"), lambda: talib.STOCH(*high_low_close(), 14, 3, 0, 3, 0)[0]),
    (study("stoch", 14, 3, 3, part="d"), lambda: talib.STOCH(*high_low_close(), 14, 3, 0, 3, 0)[1]),
    (study("stoch", 5, 1, 3, part="k"), lambda: talib.STOCHF(*high_low_close(), 5, 3, 0)[0]),
    (study("stoch", 5, 1, 3, part="d"), lambda: talib.STOCHF(*high_low_close(), 5, 3, 0)[1]),
]
NAMES = [f"{series.indicator.name}{series.indicator.length}{series.indicator.part}" for series, _ in ALL]


@pytest.mark.parametrize(("series", "reference"), ALL, ids=NAMES)
def test_it_agrees_with_talib_to_1e_9_at_every_bar(series: Series, reference: Callable[[], Any]) -> None:
    compared = 0
    for bar, expected in zip(bars(), reference().tolist(), strict=True):
        series.add(bar)
        if isnan(expected):
            continue
        assert series.value is not None
        assert series.value == pytest.approx(expected, rel=1e-9, abs=1e-9)
        compared += 1
    assert compared > COUNT - 250


@pytest.mark.parametrize(("series", "reference"), ALL, ids=NAMES)
def test_it_is_known_no_earlier_than_talibs(series: Series, reference: Callable[[], Any]) -> None:
    # Apart from a macd, which TA-Lib holds back until its signal is there.
    fresh = Series(series.indicator)
    for bar, expected in zip(bars()[:300], reference().tolist(), strict=False):
        fresh.add(bar)
        if isnan(expected) and series.indicator.part not in {"macd", "k"}:
            assert fresh.value is None
