"""Lines shared out, and closed minutes for who has none."""

import asyncio
from datetime import datetime, timedelta

import pytest

from alerts.condition import Comparison, Draft, Op
from alerts.holding import Holding
from alerts.linekeeper import LineKeeper
from alerts.needs import Needs
from alerts.operand import Number, Price
from alerts.ranges import AverageRanges
from alerts.rule import Firing, PriceCause, Rule
from market.errors import BrokerError, LinkDown, PacingViolation, RequestTimeout
from market.instrument import Instrument
from market.quote import Bar, BarSize, Quote, TickField
from tests.fakes.clock import FakeClock
from tests.fakes.eventually import eventually
from tests.fakes.feeds import FakeBarSource, FakeLineFeed, FakeNewsFeed, FakeScanFeed

MINUTE = timedelta(minutes=1)


def share(number: int) -> Instrument:
    return Instrument(number, f"S{number}")


A, B, C, D = (share(number) for number in range(1, 5))


class Gauge:
    """An engine that says the gaps a test set, and keeps the minutes it was given."""

    def __init__(self) -> None:
        self.gaps: dict[Instrument, float] = {}
        self.minutes: list[tuple[str, datetime]] = []
        self.fires = False
        self.behind: set[int] = set()
        self.closes: list[tuple[str, float]] = []

    def know_close(self, instrument: Instrument, close: float) -> None:
        self.closes.append((instrument.symbol, close))

    def is_behind(self, con_id: int) -> bool:
        return con_id in self.behind

    def gap_pct(self, instrument: Instrument) -> float | None:
        return self.gaps.get(instrument)

    def on_minute(self, instrument: Instrument, bar: Bar, at: datetime) -> list[Firing]:
        self.minutes.append((instrument.symbol, bar.start))
        if not self.fires:
            return []
        draft = Draft(Comparison(Price(instrument.symbol), Op.GT, Number(1.0)))
        rule = Rule(1, 7, 7, "", draft, {instrument.symbol: instrument}, at, at)
        return [Firing("1:1:x", rule, at, PriceCause(instrument, TickField.LAST, bar.close))]


class Desk:
    """A keeper with *cap* lines."""

    def __init__(self, cap: int = 2) -> None:
        self.clock, self.feed, self.bars, self.gauge = FakeClock(), FakeLineFeed(cap), FakeBarSource(), Gauge()
        self.ranges = AverageRanges(self.bars, self.clock)
        self.keeper = LineKeeper(self.feed, self.bars, self.gauge, self.ranges, self.clock)
        self.firings: list[Firing] = []
        self.keeper.hand_to(self.firings.extend)

    def minute(self, instrument: Instrument, close: float = 100.0) -> Bar:
        """Let the minute that closed last be known at IBKR."""
        bar = Bar(self.clock.now().replace(second=0) - MINUTE, close, close, close, close, 100.0)
        self.bars.history[instrument.con_id, BarSize.MIN_1].append(bar)
        return bar

    def asked(self) -> list[str]:
        """Return whose minutes were asked for, and forget it."""
        asked, self.bars.asked = [symbol for symbol, size, _ in self.bars.asked if size is BarSize.MIN_1], []
        return asked

    def lined(self) -> set[Instrument]:
        return set(self.feed.held)


async def test_while_there_are_lines_everything_has_one_at_once() -> None:
    desk = Desk(cap=2)
    await desk.keeper.hold(A)
    await desk.keeper.hold(A, is_fast=True)
    await desk.keeper.hold(B)
    assert dict(desk.feed.held) == {A: 1, B: 1}
    await desk.keeper.release(A, is_fast=True)
    assert desk.lined() == {A, B}
    await desk.keeper.release(A)
    assert desk.lined() == {B}


async def test_one_too_many_runs_on_closed_minutes_and_says_so() -> None:
    desk = Desk(cap=1)
    await desk.keeper.hold(A)
    await desk.keeper.hold(B)
    assert (desk.keeper.is_on_bars(A.con_id), desk.keeper.is_on_bars(B.con_id)) == (False, True)
    assert not desk.keeper.is_on_bars(99)
    bar = desk.minute(B, 123.0)
    desk.gauge.gaps[A] = 50.0
    await desk.keeper.fetch()
    assert desk.asked() == ["S2"]
    assert desk.gauge.minutes == [("S2", bar.start)]
    quote = desk.keeper.quote(B.con_id)
    assert quote is not None
    assert (quote.last, quote.received) == (123.0, desk.clock.now())


async def test_without_a_line_daily_bars_tell_the_close_before() -> None:
    desk = Desk(cap=1)
    await desk.keeper.hold(A)
    await desk.keeper.hold(B)
    for one in (A, B):
        midnight = desk.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        days = [Bar(midnight - timedelta(days=ago), 99.0, 103.0, 98.0, 100.0 + ago, 1e6) for ago in range(30, 0, -1)]
        desk.bars.history[one.con_id, BarSize.DAY_1].extend(days)
        desk.minute(one)
    await desk.ranges.learn([A, B])
    await desk.keeper.fetch()
    assert desk.gauge.closes == [("S2", 101.0)]


async def test_each_minute_is_handed_on_once_and_none_is_left_out() -> None:
    desk = Desk(cap=0)
    desk.clock.advance(5)
    await desk.keeper.hold(A)
    starts = []
    for _ in range(3):
        starts.append(desk.minute(A).start)
        await desk.keeper.fetch()
        desk.clock.advance(60)
    # The link is down for four minutes.
    for _ in range(4):
        starts.append(desk.minute(A).start)
        desk.bars.errors.append(LinkDown("closed"))
        await desk.keeper.fetch()
        desk.clock.advance(60)
    await desk.keeper.fetch()
    assert [start for _, start in desk.gauge.minutes] == starts


async def test_a_minute_is_asked_for_when_it_has_closed_and_soon_again_when_it_is_late() -> None:
    desk = Desk(cap=0)
    await desk.keeper.hold(A)
    desk.minute(A)
    await desk.keeper.fetch()
    await desk.keeper.fetch()
    assert desk.asked() == ["S1"]
    desk.clock.advance(62)
    await desk.keeper.fetch()
    assert desk.asked() == []
    desk.clock.advance(1)
    await desk.keeper.fetch()
    assert desk.asked() == ["S1"]
    desk.clock.advance(14)
    await desk.keeper.fetch()
    assert desk.asked() == []
    desk.clock.advance(1)
    await desk.keeper.fetch()
    assert desk.asked() == ["S1"]
    # Nothing trades: the looks become fewer.
    looks = 0
    for _ in range(60):
        desk.clock.advance(60)
        await desk.keeper.fetch()
        looks += len(desk.asked())
    assert 10 <= looks <= 15


async def test_the_nearest_to_its_level_in_atr_gets_the_line() -> None:
    desk = Desk(cap=1)
    day = desk.clock.now() - timedelta(days=40)
    for instrument, width in ((A, 1.0), (B, 10.0)):
        for number in range(30):
            bar = Bar(day + timedelta(days=number), 100.0, 100.0 + width, 100.0, 100.0)
            desk.bars.history[instrument.con_id, BarSize.DAY_1].append(bar)
    assert await desk.ranges.learn([A, B])
    await desk.keeper.hold(A)
    await desk.keeper.hold(B)
    # Three of A's days away, and half a day of B's.
    desk.gauge.gaps = {A: 3.0, B: 5.0}
    await desk.keeper.share()
    assert desk.lined() == {B}
    assert desk.keeper.is_on_bars(A.con_id)
    desk.gauge.gaps = {A: 0.1, B: 5.0}
    await desk.keeper.share()
    assert desk.lined() == {A}


async def test_a_bar_that_comes_near_a_level_gets_its_instrument_a_line() -> None:
    desk = Desk(cap=1)
    await desk.keeper.hold(A)
    await desk.keeper.hold(B)
    desk.gauge.gaps = {A: 40.0, B: 40.0}
    await desk.keeper.share()
    assert desk.lined() == {A}
    desk.gauge.gaps[B] = 1.0
    desk.minute(B)
    task = asyncio.ensure_future(desk.keeper.run())
    await eventually(lambda: desk.lined() == {B})
    task.cancel()


async def test_fast_kinds_come_before_near_levels() -> None:
    desk = Desk(cap=1)
    await desk.keeper.hold(A)
    desk.gauge.gaps = {A: 0.0, B: 90.0}
    await desk.keeper.hold(B, is_fast=True)
    await desk.keeper.share()
    assert desk.lined() == {B}
    await desk.keeper.release(B, is_fast=True)
    await desk.keeper.hold(B)
    await desk.keeper.share()
    assert desk.lined() == {A}


async def test_an_open_card_takes_its_line_from_the_furthest_level() -> None:
    desk = Desk(cap=2)
    await desk.keeper.hold(A)
    await desk.keeper.hold(B)
    desk.gauge.gaps = {A: 5.0, B: 0.5}
    await desk.feed.hold(C)
    await desk.keeper.share()
    assert desk.lined() == {B, C}
    await desk.feed.release(C)
    await desk.keeper.share()
    assert desk.lined() == {A, B}


async def test_error_101_demotes_to_bars_and_nothing_that_ticked_is_looked_at_again() -> None:
    desk = Desk(cap=2)
    await desk.keeper.hold(A)
    await desk.keeper.hold(B)
    desk.gauge.gaps = {A: 0.1, B: 9.0}
    desk.minute(B)
    desk.feed.demote(A)
    await desk.keeper.share()
    # A is the nearer one: it is B that goes without.
    assert desk.lined() == {A}
    assert desk.keeper.is_on_bars(B.con_id)
    desk.clock.advance(63)
    later = Bar(desk.clock.now() - timedelta(seconds=63), 1.0, 1.0, 1.0, 1.0)
    desk.bars.history[B.con_id, BarSize.MIN_1].append(later)
    await desk.keeper.fetch()
    assert ("S2", later.start) in desk.gauge.minutes
    assert [start for symbol, start in desk.gauge.minutes if symbol == "S2"] == [later.start]


async def test_what_has_a_line_gets_its_minutes_too_while_it_is_near() -> None:
    desk = Desk(cap=3)
    for instrument in (A, B, C):
        await desk.keeper.hold(instrument)
        desk.minute(instrument)
    desk.gauge.gaps = {A: 1.0, B: 9.0}
    await desk.keeper.fetch()
    # Of C nothing is known.
    assert sorted(desk.asked()) == ["S1", "S3"]


async def test_pacing_is_rested_out_and_other_failures_concern_one_instrument() -> None:
    desk = Desk(cap=0)
    await desk.keeper.hold(A)
    desk.bars.errors.append(PacingViolation(162, "pacing violation"))
    await desk.keeper.fetch()
    desk.clock.advance(59)
    desk.asked()
    await desk.keeper.fetch()
    assert desk.asked() == []
    desk.clock.advance(1)
    desk.bars.errors.append(RequestTimeout("bars", 1.0))
    await desk.keeper.hold(B)
    desk.minute(B)
    await desk.keeper.fetch()
    assert sorted(desk.asked()) == ["S1", "S2"]
    assert [symbol for symbol, _ in desk.gauge.minutes] == ["S2"]


async def test_firings_of_minutes_are_handed_on() -> None:
    desk = Desk(cap=0)
    desk.gauge.fires = True
    await desk.keeper.hold(A)
    desk.minute(A)
    await desk.keeper.fetch()
    assert [firing.rule.draft.condition.left.symbol for firing in desk.firings] == ["S1"]


async def test_greeks_wanted_later_are_asked_for_on_the_line_that_is_there() -> None:
    desk = Desk()
    await desk.keeper.hold(A)
    await desk.keeper.hold(A, wants_greeks=True, is_fast=True)
    assert desk.feed.wishes[A]["wants_greeks"]
    assert dict(desk.feed.held) == {A: 1}


async def test_a_quote_is_the_feeds_where_the_feed_has_one() -> None:
    desk = Desk()
    await desk.keeper.hold(A)
    desk.feed.quotes[A.con_id] = Quote(A, last=5.0)
    quote = desk.keeper.quote(A.con_id)
    assert quote is not None
    assert quote.last == 5.0
    assert desk.keeper.quote(D.con_id) is None


@pytest.mark.parametrize("cap", [0, 1, 3])
async def test_rules_hold_each_instrument_once_for_each_wish(cap: int) -> None:
    desk = Desk(cap)
    holding = Holding(desk.keeper, FakeNewsFeed(), FakeScanFeed())
    plain = Needs(ticks=frozenset({A, B}))
    fast = Needs(ticks=frozenset({B}), fast=frozenset({B}))
    await holding.take(1, plain)
    await holding.take(2, fast)
    await holding.take(3, fast)
    await desk.keeper.share()
    assert len(desk.lined()) == min(cap, 2)
    assert cap == 0 or B in desk.lined()
    for rule_id in (1, 2, 3):
        await holding.give(rule_id)
    assert desk.lined() == set()
    assert not desk.keeper.is_on_bars(A.con_id)


async def test_minutes_that_ibkr_refuses_are_told_in_its_words_until_they_come() -> None:
    desk = Desk(cap=1)
    await desk.keeper.hold(A)
    await desk.keeper.hold(B)
    desk.gauge.gaps = {A: 50.0}
    desk.bars.errors.append(BrokerError(162, "No market data permissions for NYSE STK"))
    await desk.keeper.fetch()
    assert desk.keeper.refused() == {B.con_id: "IBKR 162: No market data permissions for NYSE STK"}
    desk.clock.advance(60)
    desk.bars.errors.append(LinkDown("closed"))
    await desk.keeper.fetch()
    assert B.con_id in desk.keeper.refused()
    desk.clock.advance(60)
    desk.minute(B)
    await desk.keeper.fetch()
    assert desk.keeper.refused() == {}


async def test_minutes_that_are_slow_to_come_are_refused_after_a_few_tries() -> None:
    desk = Desk(cap=0)
    await desk.keeper.hold(A)
    for tries in range(1, 4):
        desk.bars.errors.append(RequestTimeout("historical bars", 30))
        await desk.keeper.fetch()
        assert bool(desk.keeper.refused()) is (tries == 3)
        desk.clock.advance(600)


async def test_of_what_has_a_line_the_ticks_are_what_may_be_refused() -> None:
    desk = Desk(cap=1)
    await desk.keeper.hold(A)
    desk.bars.errors.append(BrokerError(162, "no permissions"))
    await desk.keeper.fetch()
    assert desk.keeper.refused() == {}
    desk.feed.refusals[A.con_id] = "IBKR 354: not subscribed"
    assert desk.keeper.refused() == {A.con_id: "IBKR 354: not subscribed"}
