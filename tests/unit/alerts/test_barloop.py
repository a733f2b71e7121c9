import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.barloop import BarLoop
from alerts.engine import Engine
from alerts.rule import Firing, Rule
from market.errors import BrokerError, LinkDown, RequestTimeout
from market.hours import Hours, Session
from market.instrument import Instrument
from market.quote import Bar, BarSize
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import FakeBarSource
from tests.unit.alerts.drafts import AAPL, NOW, rule
from tests.unit.alerts.hours import keep_open

DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)


class Sessions:
    """Every day from 14:30 to 21:00 UTC."""

    async def hours(self, instrument: Instrument) -> Hours:
        starts = [datetime(2026, 11, 18, 14, 30, tzinfo=UTC) + n * DAY for n in range(5)]
        return Hours("UTC", tuple(Session(start, start + timedelta(hours=6.5), start.date()) for start in starts))


class Course:
    """A bar loop over fakes; its market trades a bar a minute."""

    def __init__(self, *rules: Rule, hours: Sessions | None = None) -> None:
        self.clock = FakeClock(NOW)
        self.engine = keep_open(Engine())
        self.engine.load(rules)
        self.source = FakeBarSource()
        self.fired: list[Firing] = []
        self.loop = BarLoop(self.engine, self.source, self.clock, self.nap, self.fired.extend, hours)

    async def nap(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def close(self, price: float, start: datetime | None = None, size: BarSize = BarSize.MIN_1) -> None:
        """Let the bar that ends now close at *price*."""
        self.source.history[AAPL.con_id, size].append(
            Bar(start or self.clock.now() - MINUTE, price, price, price, price)
        )

    async def rounds(self, seconds: int) -> None:
        for _ in range(seconds):
            await self.loop.round()
            self.clock.advance(1)

    def history(self, *closes: float) -> None:
        for n, price in enumerate(closes):
            self.close(price, NOW + (n - len(closes)) * MINUTE)


async def test_indicators_are_seeded_and_then_fed_bar_by_bar() -> None:
    course = Course(rule("AAPL sma(2, 1m) > 10"))
    course.history(9.0, 9.0, 9.0)
    await course.rounds(60)
    assert course.source.asked == [("AAPL", BarSize.MIN_1, 12)]
    course.close(12.0)
    await course.rounds(5)
    assert course.source.asked[1:] == [("AAPL", BarSize.MIN_1, 4)]
    (firing,) = course.fired
    assert firing.at == NOW + timedelta(seconds=62)


async def test_one_slow_answer_does_not_hold_up_the_minutes_of_fifty_others() -> None:
    shares = [Instrument(9000 + n, f"Q{n}") for n in range(50)]
    course = Course(rule("AAPL sma(2, 1m) > 10"), *(_average_of(share, n) for n, share in enumerate(shares, 2)))
    never, answered = asyncio.Event(), course.source.bars

    async def bars(instrument: Instrument, size: BarSize, count: int, *, regular: bool = False) -> Sequence[Bar]:
        if instrument == AAPL:
            await never.wait()
        return await answered(instrument, size, count, regular=regular)

    async def nap(seconds: float) -> None:
        course.clock.advance(seconds)
        for _ in range(100):
            await asyncio.sleep(0)
        if course.clock.now() > NOW + 3 * MINUTE:
            await never.wait()

    course.source.bars = bars  # type: ignore[method-assign]
    course.loop = BarLoop(course.engine, course.source, course.clock, nap, course.fired.extend)
    running = asyncio.ensure_future(course.loop.run())
    for _ in range(100_000):
        await asyncio.sleep(0)
        if course.clock.now() > NOW + 3 * MINUTE:
            break
    running.cancel()
    asked = Counter(symbol for symbol, _, _ in course.source.asked)
    assert set(asked) == {share.symbol for share in shares}
    assert min(asked.values()) >= 3


async def test_indicators_see_regular_hours_unless_eth_is_said() -> None:
    course = Course(rule("AAPL sma(2, 1m) > 10"))
    course.history(9.0, 9.0)
    await course.rounds(1)
    assert course.source.hours == [True]
    course.engine.add(rule("AAPL sma(3, 1m) > 10 eth", 2))
    await course.rounds(1)
    assert course.source.hours == [True, False]
    course.engine.remove(2)
    await course.rounds(65)
    assert course.source.hours == [True, False, True]


async def test_of_two_rules_on_the_same_bars_each_sees_its_own_hours() -> None:
    course = Course(rule("AAPL sma(2, 1m) > 10"), rule("AAPL sma(2, 1m) > 10 eth", 2))
    answered = course.source.bars

    async def bars(instrument: Instrument, size: BarSize, count: int, *, regular: bool = False) -> Sequence[Bar]:
        made = await answered(instrument, size, count, regular=regular)
        # Before the bell it went at 12.
        return made if regular else [replace(bar, close=12.0) for bar in made]

    course.source.bars = bars  # type: ignore[method-assign]
    course.history(9.0, 9.0, 9.0)
    await course.rounds(2)
    assert [firing.rule.id for firing in course.fired] == [2]
    course.fired.clear()
    course.clock.advance(58)
    course.close(20.0)
    await course.rounds(5)
    assert [firing.rule.id for firing in course.fired] == [1]


def _average_of(share: Instrument, rule_id: int) -> Rule:
    return replace(rule("AAPL sma(2, 1m) > 10", rule_id), instruments={"AAPL": share})


async def test_a_bar_that_is_late_is_asked_for_again_before_the_next() -> None:
    course = Course(rule("AAPL sma(2, 1m) > 10"))
    course.history(9.0, 9.0)
    await course.rounds(70)
    course.close(12.0, NOW)
    await course.rounds(15)
    assert len(course.source.asked) == 3
    assert len(course.fired) == 1


async def test_while_nothing_trades_one_question_a_bar_is_enough() -> None:
    course = Course(rule("AAPL sma(2, 1m) > 10"))
    course.history(9.0, 9.0)
    await course.rounds(5 * 60)
    asked = len(course.source.asked)
    await course.rounds(5 * 60)
    assert len(course.source.asked) - asked == 5


async def test_a_link_that_is_down_puts_it_off_a_little_longer_each_time() -> None:
    course = Course(rule("AAPL sma(2, 1m) > 10"))
    course.history(12.0, 12.0)
    course.source.errors = [LinkDown(), RequestTimeout("bars", 60), BrokerError(162, "no data")]
    await course.rounds(5 + 10 + 19)
    assert (len(course.source.asked), course.fired) == (3, [])
    await course.rounds(3)
    assert len(course.fired) == 1


async def test_bars_missed_meanwhile_are_all_taken() -> None:
    course = Course(rule("AAPL sma(1, 1m) > 10"))
    course.history(9.0)
    await course.rounds(1)
    course.clock.advance(180)
    for n, price in enumerate((12.0, 9.0, 13.0)):
        course.close(price, NOW + n * MINUTE)
    await course.rounds(1)
    told = [(firing.cause.price, firing.at) for firing in course.fired]  # type: ignore[union-attr]
    assert told == [(12.0, NOW + MINUTE), (13.0, NOW + 181 * SECOND)]


async def test_a_hole_that_cannot_be_filled_begins_the_series_anew() -> None:
    course = Course(rule("AAPL sma(2, 1m) > 10"))
    course.history(*[9.0] * 30)
    await course.rounds(1)
    course.clock.advance(3600)
    course.source.history.clear()
    for n in range(30, 60):
        course.close(12.0, NOW + n * MINUTE)
    await course.rounds(2)
    assert [count for _, _, count in course.source.asked] == [12, 12, 12]
    assert len(course.fired) == 1


async def test_a_joining_indicator_is_seeded_too() -> None:
    course = Course(rule("AAPL sma(2, 1m) > 100", 1))
    course.history(*[9.0] * 30)
    await course.rounds(1)
    course.engine.add(rule("AAPL sma(5, 1m) < 10", 2))
    await course.rounds(1)
    assert [count for _, _, count in course.source.asked] == [12, 15]
    assert [firing.rule.id for firing in course.fired] == [2]


async def test_what_nobody_needs_is_not_asked_for() -> None:
    course = Course(rule("AAPL sma(2, 1m) > 100"))
    await course.rounds(1)
    course.engine.remove(1)
    await course.rounds(200)
    assert len(course.source.asked) == 1


async def test_a_days_bar_is_looked_for_all_day() -> None:
    course = Course(rule("AAPL sma(1, 1d) > 10"))
    course.close(9.0, NOW.replace(hour=0) - timedelta(days=1), BarSize.DAY_1)
    await course.rounds(1)
    for _ in range(5):
        course.clock.advance(15 * 60)
        await course.rounds(3)
    assert len(course.source.asked) == 6
    course.close(11.0, NOW.replace(hour=0), BarSize.DAY_1)
    course.clock.advance(15 * 60)
    await course.rounds(1)
    assert len(course.fired) == 1


async def minutes_until(course: Course, at: datetime) -> None:
    while course.clock.now() < at:
        course.clock.advance(60)
        await course.loop.round()


def daily(course: Course, *closes: float) -> None:
    """Let the days until yesterday have closed so."""
    today = NOW.replace(hour=0)
    course.source.history[AAPL.con_id, BarSize.DAY_1] = []
    for n, price in enumerate(closes):
        course.close(price, today + (n - len(closes)) * DAY, BarSize.DAY_1)


async def test_where_sessions_are_known_a_days_bar_is_looked_for_after_the_close() -> None:
    course = Course(rule("AAPL sma(2, 1d) > 10"), hours=Sessions())
    daily(course, *[9.0] * 20)
    await course.loop.round()
    close = NOW.replace(hour=21)
    await minutes_until(course, close)
    assert len(course.source.asked) == 1
    await minutes_until(course, close + 10 * MINUTE)
    course.close(15.0, NOW.replace(hour=0), BarSize.DAY_1)
    assert (len(course.source.asked), course.fired) == (2, [])
    await minutes_until(course, close + DAY - MINUTE)
    assert course.source.asked == [("AAPL", BarSize.DAY_1, 12)] * 4
    assert [firing.at for firing in course.fired] == [close + 16 * MINUTE]


async def test_old_daily_bars_that_were_adjusted_for_a_split_are_taken_as_adjusted() -> None:
    course = Course(rule("AAPL sma(10, 1d) < 6"), hours=Sessions())
    daily(course, *[10.0] * 20)
    await course.loop.round()
    daily(course, *[5.0] * 20)
    course.close(5.0, NOW.replace(hour=0), BarSize.DAY_1)
    await minutes_until(course, NOW.replace(hour=22))
    assert len(course.fired) == 1


async def test_many_are_fetched_a_few_at_a_time() -> None:
    course = Course(*(rule(f"AAPL sma({n}, {size}) > 10", n) for n, size in enumerate(("1m", "5m", "15m", "1h"), 2)))
    await course.loop.round()
    assert len(course.source.asked) == 4
