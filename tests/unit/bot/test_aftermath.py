"""The price an hour and a day after a firing, from IBKR's bars; closed markets included."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.pasts import AftermathKeeper
from market.errors import LinkDown
from market.quote import Bar, BarSize
from storage.aftermath import Followed
from tests.fakes.chat import AAPL
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import FakeBarSource

NOW = FakeClock().now()
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class FakeAftermath:
    """Plays `SqlAftermath`; what is noted and what is postponed."""

    def __init__(self, *followed: Followed) -> None:
        self.followed = followed
        self.noted: list[float] = []
        self.postponed = 0

    async def due(self, now: object, limit: int) -> Sequence[Followed]:
        return self.followed

    async def note(self, followed: Followed, price: float) -> None:
        self.noted.append(price)

    async def postpone(self, followed: Followed, now: object) -> None:
        self.postponed += 1


def bars(size: BarSize, first: object, *closes: float) -> list[Bar]:
    return [Bar(first + n * size.duration, c - 0.5, c, c, c) for n, c in enumerate(closes)]  # type: ignore[operator]  # a datetime


async def looked(followed: Followed, later: timedelta, size: BarSize, history: list[Bar]) -> FakeAftermath:
    clock, source, after = FakeClock(NOW + later), FakeBarSource(), FakeAftermath(followed)
    source.history[AAPL.con_id, size] = history
    await AftermathKeeper(after, source, clock).look()  # type: ignore[arg-type]  # a fake
    return after


async def test_an_hour_later_it_is_the_last_price_until_then() -> None:
    minutes = bars(BarSize.MIN_1, NOW + HOUR - 3 * MINUTE, 201.0, 202.0, 203.0, 204.0, 205.0)
    after = await looked(Followed(1, AAPL, NOW, is_hour=True), HOUR + 2 * MINUTE, BarSize.MIN_1, minutes)
    assert after.noted == [203.0]


async def test_of_a_market_that_has_closed_meanwhile_it_is_the_last_price_there_was() -> None:
    minutes = bars(BarSize.MIN_1, NOW, 201.0, 202.0)
    after = await looked(Followed(1, AAPL, NOW, is_hour=True), HOUR, BarSize.MIN_1, minutes)
    assert after.noted == [202.0]


async def test_a_day_later_over_a_weekend_it_is_the_first_price_of_the_next_session() -> None:
    friday = bars(BarSize.MIN_5, NOW, 201.0, 202.0)
    monday = bars(BarSize.MIN_5, NOW + 3 * DAY, 190.5, 191.0)
    waiting = await looked(Followed(1, AAPL, NOW, is_hour=False), 2 * DAY, BarSize.MIN_5, friday)
    assert (waiting.noted, waiting.postponed) == ([], 1)
    told = await looked(Followed(1, AAPL, NOW, is_hour=False), 3 * DAY + HOUR, BarSize.MIN_5, friday + monday)
    assert told.noted == [190.0]


@pytest.mark.parametrize("error", [LinkDown("refused")])
async def test_what_ibkr_does_not_say_now_is_asked_again(error: Exception) -> None:
    source, after = FakeBarSource(), FakeAftermath(Followed(1, AAPL, NOW, is_hour=True))
    source.errors.append(error)
    await AftermathKeeper(after, source, FakeClock(NOW + HOUR)).look()  # type: ignore[arg-type]  # a fake
    assert (after.noted, after.postponed) == ([], 1)
