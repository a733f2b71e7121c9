"""The average true range as a yardstick."""

from datetime import timedelta

import pytest

from alerts.ranges import AverageRanges
from market.errors import BrokerError, LinkDown
from market.instrument import Instrument
from market.quote import Bar, BarSize
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import FakeBarSource

A, B = Instrument(1, "A"), Instrument(2, "B")


class Yard:
    """Ranges over a source that knows *days* daily bars of A, each 4 high around 200."""

    def __init__(self, days: int = 60) -> None:
        self.clock, self.bars = FakeClock(), FakeBarSource()
        self.ranges = AverageRanges(self.bars, self.clock)
        first = self.clock.now() - timedelta(days=days)
        self.bars.history[A.con_id, BarSize.DAY_1] = [
            Bar(first + timedelta(days=number), 200.0, 202.0, 198.0, 200.0) for number in range(days)
        ]


async def test_it_is_known_once_it_was_asked_for_and_asked_for_once() -> None:
    yard = Yard()
    assert yard.ranges.atr(A) is None
    assert await yard.ranges.learn([A])
    assert yard.ranges.atr(A) == pytest.approx(4.0)
    assert yard.ranges.atr_pct(A) == pytest.approx(2.0)
    assert not await yard.ranges.learn([A, A])
    yard.clock.advance(13 * 3600)
    assert await yard.ranges.learn([A, A])
    assert [symbol for symbol, _, _ in yard.bars.asked] == ["A", "A"]


async def test_what_began_to_trade_last_week_has_the_range_of_that_week() -> None:
    yard = Yard(days=4)
    assert await yard.ranges.learn([A])
    assert yard.ranges.atr(A) == pytest.approx(4.0)


@pytest.mark.parametrize("days", [0, 1])
async def test_without_bars_it_stays_unknown(days: int) -> None:
    yard = Yard(days)
    assert not await yard.ranges.learn([A])
    assert yard.ranges.atr_pct(A) is None


async def test_a_refusal_is_tried_again_later_and_a_lost_link_at_once() -> None:
    yard = Yard()
    yard.bars.errors += [LinkDown("closed"), BrokerError(162, "no permissions")]
    assert not await yard.ranges.learn([A])
    assert not await yard.ranges.learn([A])
    assert not await yard.ranges.learn([A])
    assert len(yard.bars.asked) == 2
    yard.clock.advance(600)
    assert await yard.ranges.learn([A])


async def test_only_so_many_are_asked_for_at_once() -> None:
    yard = Yard()
    await yard.ranges.learn([A, B], most=1)
    assert [symbol for symbol, _, _ in yard.bars.asked] == ["A"]
    await yard.ranges.learn([A, B], most=1)
    assert [symbol for symbol, _, _ in yard.bars.asked] == ["A", "B"]
