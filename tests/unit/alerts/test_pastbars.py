from datetime import timedelta

import pytest

from alerts.pastbars import PastBars
from market.errors import LinkDown
from market.quote import Bar, BarSize
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import FakeBarSource
from tests.unit.alerts.drafts import AAPL, MSFT, NOW

HOUR = BarSize.HOUR_1


class Desk:
    def __init__(self, most: int = 1000) -> None:
        self.clock = FakeClock(NOW)
        self.source = FakeBarSource()
        for instrument in (AAPL, MSFT):
            self.source.history[instrument.con_id, HOUR] = [
                Bar(NOW - n * timedelta(hours=1), 1.0, 1.0, 1.0, float(n)) for n in range(100, 0, -1)
            ]
        self.past = PastBars(self.source, self.clock, most=most)


async def test_a_second_question_costs_nothing() -> None:
    desk = Desk()
    first = await desk.past.bars(AAPL, HOUR, 50)
    assert await desk.past.bars(AAPL, HOUR, 50) == first
    assert [bar.close for bar in await desk.past.bars(AAPL, HOUR, 2)] == [2.0, 1.0]
    assert len(desk.source.asked) == 1


async def test_more_bars_another_size_another_share_or_later_is_asked_anew() -> None:
    desk = Desk()
    await desk.past.bars(AAPL, HOUR, 50)
    await desk.past.bars(AAPL, HOUR, 51)
    await desk.past.bars(AAPL, BarSize.DAY_1, 50)
    await desk.past.bars(MSFT, HOUR, 50)
    desk.clock.advance(15 * 60)
    await desk.past.bars(MSFT, HOUR, 50)
    assert len(desk.source.asked) == 5


async def test_what_was_not_used_for_longest_is_forgotten() -> None:
    desk = Desk(most=150)
    await desk.past.bars(AAPL, HOUR, 100)
    await desk.past.bars(MSFT, HOUR, 100)
    await desk.past.bars(MSFT, HOUR, 100)
    await desk.past.bars(AAPL, HOUR, 100)
    assert [symbol for symbol, _, _ in desk.source.asked] == ["AAPL", "MSFT", "AAPL"]


async def test_a_failure_is_not_remembered() -> None:
    desk = Desk()
    desk.source.errors = [LinkDown()]
    with pytest.raises(LinkDown):
        await desk.past.bars(AAPL, HOUR, 5)
    assert len(await desk.past.bars(AAPL, HOUR, 5)) == 5
