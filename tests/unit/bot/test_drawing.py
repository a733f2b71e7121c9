"""What the pictures of prices show, and that nothing in them can make the drawing fail."""

import json
import struct
from datetime import UTC, datetime, timedelta
from io import BytesIO
from random import Random
from typing import Any

import pytest

from alerts.history import Backtest, PastFiring
from bot.charts import ChartPainter, Line, Mark, Theme
from bot.drawing import Candle, _gathered, _price, serve
from market.quote import Bar, BarSize

START = datetime(2026, 11, 2, 14, 30, tzinfo=UTC)
HOSTILE = "$x$ \\frac{1}{ %s {0} \n 漢字 \u202e" + "A" * 500


def bars(count: int, step: timedelta = timedelta(hours=1), price: float = 190.0, start: datetime = START) -> list[Bar]:
    random, made = Random(count), []  # noqa: S311  a reproducible series, nothing secret
    for n in range(count):
        path = [price * (1 + random.gauss(0, 0.005)) for _ in range(4)]
        made.append(Bar(start + n * step, price, max(price, *path), min(price, *path), path[-1], 1000.0))
        price = path[-1]
    return made


def backtest(made: list[Bar], fired: int, size: BarSize = BarSize.HOUR_1, level: float | None = None) -> Backtest:
    firings = tuple(PastFiring(one.start, one.close, one.close * 1.01, None) for one in made[:fired])
    return Backtest(firings, tuple(made), made[0].start, made[-1].start, size, None, level)


def is_picture(body: bytes | None) -> bool:
    return body is not None and body.startswith(b"\x89PNG") and struct.unpack(">II", body[16:24]) == (1280, 720)


async def test_charts_are_drawn_of_few_bars_and_of_many_in_both_themes() -> None:
    painter = ChartPainter()
    lines = [Line(191.0, "level 191.00"), Line(191.01, "entry", "entry"), Line(150.0, "stop", "stop")]
    try:
        for count, theme in ((1, Theme.DARK), (3, Theme.LIGHT), (1000, Theme.DARK)):
            marks = [Mark(START - timedelta(days=9), 190.0), Mark(START, 190.0, "buy"), Mark(START, 190.0, "sell")]
            drawn = await painter.price_chart(bars(count), theme, title=HOSTILE, lines=lines, marks=marks)
            assert is_picture(drawn)
            tested = backtest(bars(count), min(count, 60), level=189.0)
            assert is_picture(await painter.backtest_chart(tested, theme, title=HOSTILE, zone="America/New_York"))
    finally:
        await painter.close()


async def test_what_does_not_move_or_is_not_traded_is_drawn_too() -> None:
    painter = ChartPainter()
    flat = [Bar(START + n * timedelta(minutes=1), 0.0, 0.0, 0.0, 0.0) for n in range(5)]
    below = [Bar(START + n * timedelta(minutes=1), -37.0, -36.0, -38.0, -37.63) for n in range(5)]
    try:
        for made in (flat, below):
            assert is_picture(await painter.price_chart(made))
            assert is_picture(await painter.backtest_chart(backtest(made, 2, level=1e9)))
    finally:
        await painter.close()


async def test_without_bars_there_is_no_picture() -> None:
    painter = ChartPainter()
    nothing = Backtest((), (), None, START, BarSize.DAY_1, None, unsupported="no history of news")
    assert await painter.price_chart([]) is None
    assert await painter.backtest_chart(nothing) is None


class Listening(ChartPainter):
    """Keeps what would have been drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: list[dict[str, Any]] = []

    async def _drawn(self, wanted: dict[str, Any]) -> bytes | None:
        self.wanted.append(wanted)
        return None


async def test_times_are_those_of_the_viewers_clock_and_days_keep_their_date() -> None:
    painter = Listening()
    days = bars(3, timedelta(days=1), start=datetime(2026, 11, 2, tzinfo=UTC))
    await painter.price_chart(bars(1), zone="America/New_York", marks=[Mark(START, 1.0)])
    await painter.price_chart(days, zone="America/New_York")
    closed = datetime(2026, 11, 3, 21, tzinfo=UTC)
    fired = Backtest((PastFiring(closed, 1.0, None, None),), tuple(days), START, START, BarSize.DAY_1, None)
    await painter.backtest_chart(fired, zone="Asia/Tokyo")
    hours, daily, tested = painter.wanted
    assert (hours["bars"][0][0], hours["marks"][0][0]) == ("2026-11-02T09:30:00", "2026-11-02T09:30:00")
    assert [row[0] for row in daily["bars"]] == ["2026-11-02", "2026-11-03", "2026-11-04"]
    assert tested["marks"][0][0] == "2026-11-03"


async def test_a_backtest_says_how_often_and_what_came_after() -> None:
    painter = Listening()
    made = bars(10 * 24)
    for count in (3, 0):
        await painter.backtest_chart(backtest(made, count))
    assert [(one["headline"], one["aside"]) for one in painter.wanted] == [
        ("3 \u00d7 in 9 days", "median after  1 h +1.00%"),
        ("never in 9 days", ""),
    ]


def test_candles_that_are_put_together_keep_their_extremes_and_their_volume() -> None:
    candles = [Candle(one.start, one.open, one.high, one.low, one.close, one.volume) for one in bars(1000)]
    drawn = _gathered(candles)
    assert 100 <= len(drawn) <= 130
    assert (drawn[0].open, drawn[-1].close) == (candles[0].open, candles[-1].close)
    assert max(one.high for one in drawn) == max(one.high for one in candles)
    assert min(one.low for one in drawn) == min(one.low for one in candles)
    assert sum(one.volume for one in drawn) == sum(one.volume for one in candles)
    assert _gathered(candles[:100]) == candles[:100]


@pytest.mark.parametrize(
    ("price", "text"), [(199.5, "199.50"), (1.10345, "1.1035"), (3.14159, "3.142"), (-37.63, "-37.63")]
)
def test_prices_have_the_decimals_that_their_size_calls_for(price: float, text: str) -> None:
    assert _price(price) == text


@pytest.mark.parametrize("line", ["{", "{}", '{"kind": "price"}', '{"kind": "magic", "bars": [], "marks": []}'])
def test_what_makes_no_sense_is_answered_with_an_error_and_the_next_is_drawn(line: str) -> None:
    points = {"kind": "equity", "points": [["2026-11-01", 1.0]], "theme": "dark", "title": "", "currency": ""}
    answers = BytesIO()
    serve(BytesIO(f"{line}\n{json.dumps(points)}\n".encode()), answers)
    body = answers.getvalue()
    kind, size = struct.unpack(">cI", body[:5])
    assert kind == b"E"
    assert body[5 + size : 6 + size] == b"P"


async def test_movers_are_drawn_of_one_side_of_both_and_of_hostile_names() -> None:
    painter = ChartPainter()
    full = [(f"SYM{n}", 30.0 / n) for n in range(1, 9)]
    try:
        for up, down, theme in (
            (full, [(label, -change) for label, change in full], Theme.DARK),
            ([("ONLY", 0.0)], [], Theme.LIGHT),
            ([], [(HOSTILE[:40], -99.9)], Theme.DARK),
            (full * 3, full * 3, Theme.LIGHT),
        ):
            assert is_picture(await painter.movers_chart(up, down, theme, title=HOSTILE))
        assert await painter.movers_chart([], []) is None
    finally:
        await painter.close()
