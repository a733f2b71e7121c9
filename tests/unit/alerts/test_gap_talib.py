"""Indicators go on over a gap as if there had been none: against TA-Lib on the whole series."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

import numpy as np
import pytest

from alerts.indicators import Series
from alerts.operand import Indicator
from market.quote import Bar, BarSize
from tests.unit.alerts.drafts import AAPL, NOW, rule
from tests.unit.alerts.gapdesk import MINUTE, Desk

talib = pytest.importorskip("talib", reason="TA-Lib is of the test extra (make install)")

BEFORE, LIVE, GAP, AFTER = 600, 20, 30, 20
TOTAL = BEFORE + LIVE + GAP + AFTER


def walked() -> list[Bar]:
    """A price that wanders, minute by minute; the bars up to NOW are before the start."""
    random, price, made = Random(4), 200.0, []  # noqa: S311  a reproducible series, nothing secret
    for n in range(TOTAL):
        path = [price, *(price + random.gauss(0, 0.3) for _ in range(4))]
        price = path[-1]
        made.append(Bar(NOW + (n - BEFORE) * MINUTE, path[0], max(path), min(path), price, 100.0))
    return made


BARS = walked()


def column(name: str) -> Any:
    return np.array([getattr(bar, name) for bar in BARS], dtype=np.float64)


def high_low_close() -> Sequence[Any]:
    return column("high"), column("low"), column("close")


# What remembers for ever is seeded until what came before weighs less than 1/10,000.
FOREVER, WINDOW = 1e-3, 1e-9
CASES: list[tuple[str, Indicator, Callable[[], Any], float]] = [
    ("sma(20, 1m)", Indicator("AAPL", "sma", 20, BarSize.MIN_1), lambda: talib.SMA(column("close"), 20), WINDOW),
    ("ema(20, 1m)", Indicator("AAPL", "ema", 20, BarSize.MIN_1), lambda: talib.EMA(column("close"), 20), FOREVER),
    ("rsi(14, 1m)", Indicator("AAPL", "rsi", 14, BarSize.MIN_1), lambda: talib.RSI(column("close"), 14), FOREVER),
    ("atr(14, 1m)", Indicator("AAPL", "atr", 14, BarSize.MIN_1), lambda: talib.ATR(*high_low_close(), 14), FOREVER),
    ("adx(5, 1m)", Indicator("AAPL", "adx", 5, BarSize.MIN_1), lambda: talib.ADX(*high_low_close(), 5), FOREVER),
    (
        "bbands(20, 2, 1m) upper",
        Indicator("AAPL", "bbands", 20, BarSize.MIN_1, (2.0,), "upper"),
        lambda: talib.BBANDS(column("close"), 20, 2.0, 2.0)[0],
        WINDOW,
    ),
]


@pytest.mark.parametrize(("text", "indicator", "reference", "within"), CASES, ids=[case[0] for case in CASES])
async def test_an_indicator_is_after_a_gap_what_it_is_without_one(
    text: str, indicator: Indicator, reference: Callable[[], Any], within: float
) -> None:
    desk = Desk(rule(f"AAPL {text} > {99.9 if indicator.name in {'rsi', 'adx'} else 100_000}"))
    desk.past.history[AAPL.con_id, BarSize.MIN_1] = BARS
    expected = reference().tolist()
    await desk.live()
    compared = 0

    def agrees(known: int) -> None:
        nonlocal compared
        assert series_of(desk, indicator).value == pytest.approx(expected[known - 1], rel=within)
        compared += 1

    for n in range(BEFORE, BEFORE + LIVE):
        closes(desk, n)
        agrees(n + 1)
    desk.lose()
    desk.clock.advance(1)
    await desk.regain(GAP * MINUTE)
    agrees(BEFORE + LIVE + GAP)
    # The bar that is known already may come again.
    for n in range(BEFORE + LIVE + GAP - 1, TOTAL):
        closes(desk, n)
        agrees(n + 1)
    assert compared == LIVE + AFTER + 2


def closes(desk: Desk, n: int) -> None:
    """Let bar *n* close, live."""
    at = max(BARS[n].start + MINUTE, desk.clock.now())
    desk.clock.advance((at - desk.clock.now()) / timedelta(seconds=1))
    assert desk.engine.on_bar(AAPL, BarSize.MIN_1, BARS[n], at) == []


def series_of(desk: Desk, indicator: Indicator) -> Series:
    """Return the series that the alert looks at."""
    [study] = desk.engine.studies()
    return desk.engine._tape.studio.series(AAPL, indicator, regular=study.is_regular)
