"""What a rule would have done: the same engine over bars, and what the price did next."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from alerts.history import Backtest, PastFiring, would_have_fired
from alerts.indicators import Series
from alerts.operand import Indicator
from alerts.rule import RuleState
from market.errors import LinkDown
from market.hours import Hours, Session
from market.instrument import Instrument
from market.quote import Bar, BarSize
from tests.fakes.feeds import FakeBarSource
from tests.unit.alerts.drafts import AAPL, EURUSD, MSFT, rule

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Saturday noon; the last session closed on Friday at 21:00 UTC.
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 20, tzinfo=UTC)


class Sessions:
    """Regular hours of Friday and the week after, at a venue that never changes its clocks."""

    async def hours(self, instrument: Instrument) -> Hours:
        days = [FRIDAY + n * DAY for n in (0, 3, 4, 5)]
        return Hours(
            "Etc/GMT+5",
            tuple(Session(day + 14.5 * HOUR, day + 21 * HOUR, day.date()) for day in days),
        )


class Past:
    """A source of bars of AAPL: *closes* end with the last bar of Friday's regular session."""

    def __init__(self) -> None:
        self.source = FakeBarSource()
        self.pauses = 0

    def trade(self, size: BarSize, prices: list[tuple[float, ...]], instrument: Instrument = AAPL) -> None:
        """Let *prices* (close, or open, high, low, close) be those of the last bars before Friday's close."""
        starts = before_close(size, len(prices))
        self.source.history[instrument.con_id, size] = [
            Bar(start, *(price * 4 if len(price) == 1 else price), volume=100.0)
            for start, price in zip(starts, prices, strict=True)
        ]

    async def run(self, text: str, days: int = 90, sessions: Sessions | None = None, **changes: Any) -> Backtest:
        return await would_have_fired(rule(text, at=NOW, **changes), self.source, NOW, days, sessions, self.pause)

    async def pause(self, seconds: float) -> None:
        self.pauses += 1


def before_close(size: BarSize, count: int) -> list[datetime]:
    """Return the starts of the last *count* bars in regular sessions (14:00 to 21:00 UTC; days as they are)."""
    found: list[datetime] = []
    at = FRIDAY + (21 * HOUR - size.duration if size is not BarSize.DAY_1 else timedelta())
    while len(found) < count:
        if at.weekday() < 5 and (size is BarSize.DAY_1 or 14 * HOUR <= at - at.replace(hour=0, minute=0) < 21 * HOUR):
            found.append(at)
        at -= size.duration
    return found[::-1]


def flat(*closes: float) -> list[tuple[float, ...]]:
    return [(close,) for close in closes]


async def test_a_level_counts_each_time_it_becomes_true() -> None:
    past = Past()
    past.trade(BarSize.HOUR_1, flat(190, 201, 202, 190, 189, 203, 204))
    tested = await past.run("AAPL > 200")
    starts = before_close(BarSize.HOUR_1, 7)
    assert [firing.at for firing in tested.firings] == [starts[1], starts[5]]
    assert [firing.price for firing in tested.firings] == [201.0, 203.0]
    assert (tested.size, tested.instrument, tested.level, tested.unsupported) == (BarSize.HOUR_1, AAPL, 200.0, "")


async def test_a_price_within_a_bar_is_found() -> None:
    past = Past()
    past.trade(BarSize.HOUR_1, [(190, 191, 189, 190), (190, 201, 189, 191), (191, 192, 179, 190)])
    assert len((await past.run("AAPL crosses 200")).firings) == 2
    assert [firing.price for firing in (await past.run("AAPL < 180")).firings] == [179.0]
    assert (await past.run("AAPL > 202")).firings == ()


async def test_what_the_price_did_next_is_told_with_its_median() -> None:
    past = Past()
    second = (202.0, 202.0, 201.0, 201.0)
    past.trade(
        BarSize.HOUR_1, [*flat(190, 190), (190, 201, 190, 201), *flat(203), *flat(*[190] * 8), second, *flat(190)]
    )
    tested = await past.run("AAPL > 200")
    # A day after the second it is Saturday.
    assert [(one.price, one.after_1h, one.after_1d) for one in tested.firings] == [
        (201.0, 203.0, 190.0),
        (202.0, 201.0, None),
    ]
    assert tested.median_1h_pct == pytest.approx((2 / 201 - 1 / 202) / 2 * 100)
    assert tested.median_1d_pct == pytest.approx(-11 / 201 * 100)


async def test_an_indicator_fires_where_its_own_bars_say_so() -> None:
    closes = [100 + (n * 37 % 23) / 3 - (n // 40 % 2) * 12 for n in range(460)]
    past = Past()
    past.trade(BarSize.HOUR_1, flat(*closes))
    tested = await past.run("AAPL rsi(14, 1h) < 40", sessions=Sessions())
    series = Series(Indicator("AAPL", "rsi", 14, BarSize.HOUR_1))
    below: list[tuple[datetime, bool]] = []
    for bar in past.source.history[AAPL.con_id, BarSize.HOUR_1]:
        series.add(bar)
        # The bar from 14:00 closes in regular hours too.
        below.append((bar.start + HOUR, series.value is not None and series.value < 40))
    began = [now for (_, was), (now, is_below) in pairwise(below) if is_below and not was]
    assert [firing.at for firing in tested.firings] == [at for at in began if at >= NOW - 90 * DAY]
    assert len(tested.firings) > 3


async def test_daily_bars_alone_fire_at_their_sessions_close() -> None:
    past = Past()
    past.trade(BarSize.DAY_1, flat(*[100.0] * 60, 90.0, 91.0))
    tested = await past.run("AAPL sma(2, 1d) < 99", sessions=Sessions())
    assert [firing.at for firing in tested.firings] == [FRIDAY - DAY + 21 * HOUR]
    assert tested.size is BarSize.DAY_1
    assert [firing.after_1h for firing in tested.firings] == [91.0]


async def test_a_days_move_is_from_the_close_before_and_in_regular_hours() -> None:
    past = Past()
    quarter = BarSize.MIN_15
    past.trade(quarter, flat(*[100.0] * 28, *[103.0] * 28, *[109.0] * 28))
    tested = await past.run("AAPL +5%", sessions=Sessions())
    (firing,) = tested.firings
    # The bar of 14:15 lies before the session.
    assert (firing.at, firing.price) == (FRIDAY + 14.5 * HOUR, 109.0)
    assert tested.size is quarter


async def test_an_extreme_of_the_last_days_is_that_of_daily_bars() -> None:
    past = Past()
    past.trade(BarSize.DAY_1, [(100.0, 110.0, 90.0, 100.0)] * 120)
    past.trade(BarSize.HOUR_1, flat(*[100.0] * 20, 111.0, 109.0, 109.0))
    tested = await past.run("AAPL > high(20d)", sessions=Sessions())
    assert [firing.price for firing in tested.firings] == [111.0]


async def test_a_move_within_minutes_is_sought_in_bars_that_show_it() -> None:
    past = Past()
    past.trade(BarSize.MIN_5, flat(*[100.0] * 50, 103.0, *[103.0] * 50))
    tested = await past.run("AAPL moves 2% in 5m", 90)
    assert len(tested.firings) == 1
    assert (tested.size, tested.note) == (BarSize.MIN_5, "only since 19 Nov 2026, in 5m bars")


async def test_two_instruments_are_compared_at_the_close_of_their_bars() -> None:
    past = Past()
    past.trade(BarSize.HOUR_1, [(100, 200, 50, 100)] * 10 + [(100, 100, 100, 110)])
    past.trade(BarSize.HOUR_1, [(100, 200, 50, 100)] * 11, MSFT)
    tested = await past.run("AAPL / MSFT > 1.05")
    assert [firing.price for firing in tested.firings] == [110.0]
    assert tested.note.endswith("; compared at the close of 1h bars")


async def test_currencies_have_no_trades_and_are_run_on_their_middle() -> None:
    past = Past()
    past.trade(BarSize.HOUR_1, flat(1.09, 1.11, 1.12), EURUSD)
    tested = await past.run("EUR.USD > 1.10")
    assert len(tested.firings) == 1
    assert tested.instrument == EURUSD


async def test_bid_and_ask_are_said_to_be_taken_as_the_trades() -> None:
    past = Past()
    past.trade(BarSize.HOUR_1, flat(200, 199))
    tested = await past.run("AAPL bid <= 199.5")
    assert len(tested.firings) == 1
    assert tested.note.endswith("; bid and ask taken as the trades")


async def test_how_the_rule_stands_now_does_not_matter() -> None:
    past = Past()
    past.trade(BarSize.HOUR_1, flat(190, 201, 190, 202, 190))
    told = {"state": RuleState.PAUSED, "fired_count": 7, "last_fired": NOW, "memory": {"armed": False}}
    tested = await past.run("AAPL > 200 once until 2026-12-24", **told)
    assert len(tested.firings) == 2
    assert len((await past.run("AAPL > 200 every max 1")).firings) == 2


async def test_a_cooldown_that_was_typed_counts() -> None:
    past = Past()
    past.trade(BarSize.HOUR_1, flat(190, 201, 190, 202, 190))
    assert len((await past.run("AAPL > 200 every cooldown 1d")).firings) == 1


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('news AAPL "guidance"', "news"),
        ("scan TOP_PERC_GAIN top 10", "scans"),
        ("account cushion < 10%", "account values"),
        ("position AAPL pnl < -500", "positions"),
        ("positions any -5%", "positions"),
        ("AAPL > avgcost * 1.1", "average costs"),
        ("orders filled", "orders"),
        ('at 15:45 ET weekdays "check MOC"', "times"),
        ("every 30m", "times"),
        ("AAPL stale 5m", "missing data"),
    ],
)
async def test_what_is_not_in_bars_has_no_past(text: str, what: str) -> None:
    past = Past()
    tested = await past.run(text)
    assert (tested.unsupported, tested.firings, tested.bars) == (f"no history of {what}", (), ())
    assert past.source.asked == []


async def test_without_any_bars_it_says_so() -> None:
    tested = await Past().run("AAPL > 200")
    assert (tested.unsupported, tested.start, tested.median_1h_pct) == ("no bars of it", None, None)


async def test_a_link_that_is_down_is_told() -> None:
    past = Past()
    past.source.errors = [LinkDown()]
    with pytest.raises(LinkDown):
        await past.run("AAPL > 200")


async def test_others_have_their_turn_while_it_runs() -> None:
    past = Past()
    past.trade(BarSize.HOUR_1, flat(*[190.0] * 400))
    await past.run("AAPL > 200")
    assert past.pauses >= 4 * 400 // 100


async def test_it_asks_once_for_each_kind_of_bars() -> None:
    past = Past()
    past.trade(BarSize.HOUR_1, flat(*[190.0] * 400))
    await past.run("AAPL > 200 and rsi(14, 1h) < 70 and sma(50, 1d) > 3", sessions=Sessions())
    assert sorted((symbol, size) for symbol, size, _ in past.source.asked) == [
        ("AAPL", BarSize.DAY_1),
        ("AAPL", BarSize.HOUR_1),
    ]


async def test_volume_alerts_tell_the_price_too() -> None:
    past = Past()
    past.trade(BarSize.MIN_15, flat(*[100.0] * 5, 101.0, 102.0))
    tested = await past.run("AAPL volume > 550", sessions=Sessions())
    assert [firing.price for firing in tested.firings] == [101.0]


@pytest.mark.parametrize(("text", "count"), [("AAPL > 200", 70 * 16), ("EUR.USD > 1.1", 84 * 24)])
async def test_it_asks_for_no_more_bars_than_there_are(text: str, count: int) -> None:
    past = Past()
    past.trade(BarSize.HOUR_1, flat(1.0))
    past.trade(BarSize.HOUR_1, flat(1.0), EURUSD)
    await past.run(text)
    assert [asked for _, _, asked in past.source.asked] == [count]


async def test_a_year_is_covered_by_hours() -> None:
    past = Past()
    past.trade(BarSize.HOUR_1, flat(*[190.0] * 7 * 300))
    tested = await past.run("AAPL > 200", 365)
    assert tested.note == ""
    assert tested.start is not None
    assert tested.start.date() == date(2025, 11, 21)


def test_a_price_of_nothing_has_no_moves_in_percent() -> None:
    firing = PastFiring(NOW, 0.0, 1.0, None)
    assert Backtest((firing,), (), None, NOW, BarSize.DAY_1, None).median_1h_pct is None
