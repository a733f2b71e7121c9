from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.dailies import Dailies
from alerts.daily import average_range, average_volume, highest, lowest
from alerts.indicators import Series
from alerts.operand import Indicator
from alerts.rule import Firing
from market.errors import LinkDown
from market.hours import Hours, Session
from market.instrument import Instrument
from market.quote import Bar, BarSize
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import FakeBarSource
from tests.unit.alerts.drafts import AAPL, MSFT, NOW

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
TODAY = date(2026, 11, 20)


def day(n: int, high: float = 10.0, low: float = 9.0, volume: float = 100.0) -> Bar:
    """Return the daily bar of *n* days before today."""
    start = datetime(2026, 11, 20, tzinfo=UTC) - n * DAY
    return Bar(start, low, high, low, (high + low) / 2, volume)


def test_the_extremes_are_those_of_the_days_before_today() -> None:
    bars = [day(21, high=99.0, low=1.0), day(20, high=30.0), day(3, low=5.0), day(1), day(0, high=50.0, low=2.0)]
    assert (highest(bars, 20, TODAY), lowest(bars, 20, TODAY)) == (30.0, 5.0)
    assert (highest(bars, 21, TODAY), lowest(bars, 21, TODAY)) == (99.0, 1.0)


def test_without_a_bar_of_those_days_there_is_no_extreme() -> None:
    assert highest([day(0), day(30)], 20, TODAY) is None
    assert lowest([], 20, TODAY) is None


def test_the_usual_volume_needs_all_its_bars_and_some_trade() -> None:
    bars = [day(n, volume=n * 100.0) for n in range(5, 0, -1)]
    assert average_volume(bars, 2) == 150.0
    assert average_volume(bars, 5) == 300.0
    assert average_volume(bars, 6) is None
    assert average_volume([day(1, volume=0.0)], 1) is None


def test_the_average_range_is_the_indicators() -> None:
    bars = [day(40 - n, high=10.0 + n % 5, low=8.0 - n % 3) for n in range(40)]
    series = Series(Indicator("AAPL", "atr", 14, BarSize.DAY_1))
    series.seed(bars)
    assert average_range(bars) == pytest.approx(series.value)
    assert average_range(bars[:14]) is None


class Reader:
    """Wants what it is told, and keeps what it gets."""

    def __init__(self, *wanted: tuple[Instrument, int]) -> None:
        self.wanted = list(wanted)
        self.got: list[tuple[Instrument, int, datetime]] = []

    def dailies(self) -> Sequence[tuple[Instrument, int]]:
        return self.wanted

    def on_daily(self, instrument: Instrument, bars: Sequence[Bar], at: datetime) -> list[Firing]:
        self.got.append((instrument, len(bars), at))
        return []


class Sessions:
    """Every day from 14:30 to 21:00 UTC."""

    async def hours(self, instrument: Instrument) -> Hours:
        starts = [datetime(2026, 11, 18, 14, 30, tzinfo=UTC) + n * DAY for n in range(5)]
        return Hours("UTC", tuple(Session(start, start + timedelta(hours=6.5), start.date()) for start in starts))


class Desk:
    def __init__(self, *wanted: tuple[Instrument, int], sessions: Sessions | None = None) -> None:
        self.clock = FakeClock(NOW)
        self.source = FakeBarSource()
        for instrument in (AAPL, MSFT):
            self.source.history[instrument.con_id, BarSize.DAY_1] = [day(n) for n in range(30, 0, -1)]
        self.reader = Reader(*wanted)
        self.loop = Dailies(self.reader, self.source, self.clock, list, sessions)

    async def until(self, at: datetime) -> None:
        while self.clock.now() < at:
            self.clock.advance(60)
            await self.loop.round()


async def test_each_is_asked_for_once_and_then_after_the_close() -> None:
    desk = Desk((AAPL, 20), (MSFT, 5), sessions=Sessions())
    await desk.loop.round()
    await desk.loop.round()
    assert desk.source.asked == [("AAPL", BarSize.DAY_1, 20), ("MSFT", BarSize.DAY_1, 5)]
    assert [(got[0], got[1]) for got in desk.reader.got] == [(AAPL, 20), (MSFT, 5)]
    desk.source.history[AAPL.con_id, BarSize.DAY_1].append(day(0))
    desk.source.history[MSFT.con_id, BarSize.DAY_1].append(day(0))
    close = datetime(2026, 11, 20, 21, 1, tzinfo=UTC)
    await desk.until(close - MINUTE)
    assert len(desk.source.asked) == 2
    await desk.until(close)
    assert len(desk.source.asked) == 4
    await desk.until(close + timedelta(hours=6))
    assert len(desk.source.asked) == 4


async def test_a_daily_bar_that_is_late_is_looked_for_again() -> None:
    desk = Desk((AAPL, 20), sessions=Sessions())
    await desk.loop.round()
    close = datetime(2026, 11, 20, 21, 1, tzinfo=UTC)
    await desk.until(close + 2 * MINUTE)
    desk.source.history[AAPL.con_id, BarSize.DAY_1].append(day(0))
    await desk.until(close + 20 * MINUTE)
    assert len(desk.source.asked) == 3
    assert desk.reader.got[-1][2] == close + 15 * MINUTE


async def test_more_bars_are_fetched_at_once_when_they_are_wanted() -> None:
    desk = Desk((AAPL, 20), sessions=Sessions())
    await desk.loop.round()
    desk.reader.wanted = [(AAPL, 30)]
    await desk.loop.round()
    assert desk.reader.got[-1][:2] == (AAPL, 30)


async def test_what_is_no_longer_wanted_is_no_longer_asked_for() -> None:
    desk = Desk((AAPL, 20))
    await desk.loop.round()
    desk.reader.wanted = []
    await desk.until(NOW + DAY)
    assert len(desk.source.asked) == 1


async def test_a_link_that_is_down_puts_it_off_a_little_longer_each_time() -> None:
    desk = Desk((AAPL, 20), sessions=Sessions())
    desk.source.errors = [LinkDown(), LinkDown(), LinkDown()]
    for _ in range(5 + 10 + 20):
        await desk.loop.round()
        desk.clock.advance(1)
    assert (len(desk.source.asked), desk.reader.got) == (3, [])
    await desk.loop.round()
    assert len(desk.reader.got) == 1
