"""A split in a gap: the bars of it and the levels are of two scales. Nothing fires by that, and nothing is hidden."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from alerts.rule import Rule, RuleState
from alerts.rulebook import Rulebook
from alerts.scaleloop import ScaleLoop
from alerts.split import Split
from market.errors import LinkDown
from market.instrument import Instrument
from market.quote import Bar, BarSize, Quote
from tests.fakes.feeds import FakeBarSource, FakeFinder
from tests.fakes.rules import FakeRuleStore
from tests.unit.alerts.drafts import AAPL, MSFT, NOW, rule
from tests.unit.alerts.gapdesk import MINUTE, Desk
from tests.unit.alerts.test_split import DAY, MIDNIGHT, Closes

OTHER_SCALE = "its prices are of another scale than the close before: perhaps a split"


class SplitDesk(Desk):
    """A desk whose closes were kept: 202.5 the day before yesterday; *days* are those since, as IBKR tells them now."""

    def __init__(self, *rules: Rule, days: Sequence[float]) -> None:
        super().__init__(*rules)
        self.held: list[tuple[int, str]] = []
        self.daily = FakeBarSource()
        self.daily.history[AAPL.con_id, BarSize.DAY_1] = [
            Bar(MIDNIGHT - (2 - n) * DAY, close, close, close, close) for n, close in enumerate(days)
        ]
        closes = Closes()
        closes.kept[AAPL.con_id] = (NOW - 2 * DAY).date(), 202.5
        feeds = self.feeds
        store = FakeRuleStore(*rules)
        self.scales = ScaleLoop(
            self.engine,
            Rulebook(store, self.engine, FakeFinder(), feeds.ticks, feeds.news, feeds.scans, self.clock),
            self.daily,
            closes,
            self.clock,
            quote=lambda _con_id: self.quote,
            named=lambda _con_id: None,
            on_split=self.on_split,
            on_renamed=self.on_renamed,
        )
        self.quote: Quote | None = None

    async def settle(self, instruments: Sequence[Instrument]) -> None:
        await self.scales.settle(instruments)

    async def on_split(self, held: Rule, instrument: Instrument, split: Split) -> None:
        self.held.append((held.id, f"{instrument.symbol} {split}"))

    async def on_renamed(self, found: Rule, old: str, new: str) -> None:
        raise AssertionError(found, old, new)

    async def away(self, *prices: float) -> None:
        """Come back after a gap in which these were the minutes' prices."""
        await self.scales.begin()
        await self.live()
        self.lose()
        self.minutes(*prices)
        self.minutes(399.0, *[401.0] * (len(prices) - 1), instrument=MSFT)
        await self.regain(len(prices) * MINUTE)

    def state(self, rule_id: int) -> RuleState:
        found = self.engine.rule(rule_id)
        assert found is not None
        return found.state


async def test_a_split_in_a_gap_holds_the_alerts_before_its_bars_are_run_through_them() -> None:
    desk = SplitDesk(rule("AAPL < 150"), rule("AAPL +5%", 2), rule("MSFT > 400", 3), days=(101.25, 101.5))
    await desk.away(101.0, 101.2)
    assert desk.found() == [(3, 1)]
    assert desk.held == [(1, "AAPL 2:1")]
    assert (desk.state(1), desk.state(2)) == (RuleState.PAUSED, RuleState.ARMED)
    assert [one.rule.id for one in desk.told] == []


async def test_a_crash_in_a_gap_fires_with_its_minute() -> None:
    desk = SplitDesk(rule("AAPL < 150"), rule("AAPL crosses 150", 2), days=(202.5, 201.0))
    await desk.away(200.0, 199.0, 110.0, 190.0, 190.0)
    assert sorted(desk.found()) == [(1, 2), (2, 2)]
    assert (desk.held, desk.told) == ([], [])


async def test_bars_that_are_late_after_a_split_are_found_out_by_the_prior_close_of_the_line() -> None:
    desk = SplitDesk(rule("AAPL < 150"), days=(202.5,))
    desk.quote = Quote(AAPL, last=101.2, close=101.25)
    await desk.away(101.0, 101.2)
    assert (desk.found(), desk.held) == ([], [(1, "AAPL 2:1")])


@pytest.mark.parametrize("is_answered", [True, False])
async def test_where_nobody_can_tell_nothing_fires_and_that_it_was_not_observed_is_said(is_answered: bool) -> None:
    desk = SplitDesk(rule("AAPL < 150"), rule("MSFT > 400", 2), days=(202.5,))
    if not is_answered:
        desk.daily.errors.append(LinkDown("closed"))
    await desk.away(101.0, 101.2)
    assert desk.found() == [(2, 1)]
    assert [(one.rule.id, one.begin, one.reason) for one in desk.told] == [(1, NOW, OTHER_SCALE)]
    # Live, a minute is left to find it out; the prior close of the line does.
    desk.print(101.1)
    assert desk.engine.doubted() == [AAPL]
    assert [one.rule.id for one in desk.fired] == [2]


async def test_a_doubt_about_the_past_does_not_end_with_the_past_minutes() -> None:
    desk = SplitDesk(rule("AAPL < 150"), days=(202.5,))
    await desk.away(*[101.0] * 30)
    assert desk.found() == []
    assert [one.reason for one in desk.told] == [OTHER_SCALE]


async def test_a_gap_of_the_same_scale_costs_no_question() -> None:
    desk = SplitDesk(rule("AAPL > 210"), days=(202.5,))
    await desk.away(205.0, 211.0)
    assert desk.found() == [(1, 1)]
    assert desk.daily.asked == []


async def test_what_kept_silent_in_a_gap_fires_by_how_it_stands_once_it_is_known_that_there_was_no_split() -> None:
    desk = SplitDesk(rule("AAPL < 150"), days=(202.5,))
    await desk.away(101.0, 101.2)
    after_s = (desk.clock.now() - NOW) / timedelta(seconds=1)
    desk.print(101.1)
    assert desk.engine.doubted() == [AAPL]
    desk.engine.keep_close(AAPL, None)
    firings = desk.engine.on_time(NOW + timedelta(seconds=after_s + 1))
    assert [one.cause.price for one in firings] == [101.1]  # type: ignore[union-attr]
