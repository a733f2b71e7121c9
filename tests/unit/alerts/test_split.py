"""Splits: which one two closes tell of, what becomes of an alert's levels, and that nothing fires by them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from alerts.rule import Rule, RuleState
from alerts.scaleloop import ScaleLoop
from alerts.split import Split, adjusted, is_in_money, split_between, split_of
from alerts.wording import format_draft
from market.errors import LinkDown
from market.instrument import Instrument
from market.quote import Bar, BarSize, TickField
from tests.fakes.feeds import FakeBarSource
from tests.unit.alerts.drafts import AAPL, MSFT, NOW, rule, tick
from tests.unit.alerts.test_kinds import engine_with, prices, seconds
from tests.unit.alerts.test_rulebook import ME, Desk

HALF = Split(2, 1)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
MIDNIGHT = NOW.replace(hour=0)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (202.5, 101.25, "2:1"),
        (202.5, 101.9, "2:1"),
        (300.0, 200.0, "3:2"),
        (1.0, 20.1, "1:20"),
        (500.0, 10.0, "50:1"),
        (202.5, 202.5, None),
        (202.5, 196.0, None),
        (202.5, 120.0, None),
        (202.5, 0.0, None),
    ],
)
def test_a_split_is_a_usual_ratio_of_one_close(before: float, after: float, told: str | None) -> None:
    found = split_between(before, after)
    assert (None if found is None else str(found)) == told


def test_the_reason_of_a_held_alert_says_which_split_of_what() -> None:
    assert split_of(Split(1, 20).reason("BRK.B")) == (Split(1, 20), "BRK.B")
    assert split_of("with all the others") is None


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("AAPL > 202.5", "AAPL > 101.25"),
        ("AAPL bid < 33.33", "AAPL bid < 16.66"),
        ("AAPL crosses above 200", "AAPL crosses above 100"),
        ("AAPL enters 190 to 200", "AAPL enters 95..100"),
        ("sma(50, 1d) of AAPL > 200", "AAPL sma(50, 1d) > 100"),
        ("AAPL drops $3 in 5m", "AAPL drops $1.5 in 5m"),
        ("AAPL trails $3", "AAPL trails $1.5"),
        ("AAPL +5% from 180", "AAPL +5% from 90"),
        ("AAPL > 200 and MSFT > 400 and not AAPL < 150", "AAPL > 100 and MSFT > 400 and not AAPL < 75"),
        ("AAPL > 200 and AAPL > sma(50, 1d) * 0.98", "AAPL > 100 and AAPL > sma(50, 1d) * 0.98"),
    ],
)
def test_levels_in_money_go_with_the_price(text: str, then: str) -> None:
    asked = rule(text)
    draft = adjusted(asked, AAPL, HALF)
    assert is_in_money(asked, AAPL)
    assert draft is not None
    assert format_draft(draft) == format_draft(rule(then).draft)


@pytest.mark.parametrize(
    "text", ["AAPL trails 5%", "AAPL moves 2% in 15m", "AAPL / MSFT > 0.45", "AAPL - 2 * MSFT > 3"]
)
def test_what_has_no_level_of_its_own_is_held_without_one(text: str) -> None:
    assert is_in_money(rule(text), AAPL)
    assert adjusted(rule(text), AAPL, HALF) is None


@pytest.mark.parametrize(
    "text",
    ["AAPL rsi(14, 1h) < 30", "AAPL +5%", "AAPL > sma(50, 1d)", "AAPL volume > 10M", "AAPL stale 5m", "news AAPL"],
)
def test_what_has_no_scale_goes_on(text: str) -> None:
    assert not is_in_money(rule(text), AAPL)


def test_a_price_of_another_scale_fires_nothing_until_it_is_known_what_it_is() -> None:
    engine = engine_with(rule("AAPL < 150"), rule("MSFT < 150", 2))
    engine.keep_close(AAPL, 202.5)
    assert engine.on_ticks([tick(101.0), tick(101.0, instrument=MSFT)])[0].rule.id == 2
    assert engine.doubted() == [AAPL]
    engine.on_ticks([tick(101.25, TickField.CLOSE, after_s=1), tick(101.2, after_s=1)])
    assert seconds(engine, 1, 30) == []
    # It was none after all.
    engine.keep_close(AAPL, None)
    assert prices(seconds(engine, 31, 32)) == [101.2]


def test_a_fall_fires_at_once_where_the_prior_close_is_known() -> None:
    engine = engine_with(rule("AAPL < 150"))
    engine.keep_close(AAPL, 202.5)
    assert prices(engine.on_ticks([tick(202.5, TickField.CLOSE), tick(101.0)])) == [101.0]


def test_a_doubt_that_nobody_answers_ends_after_a_minute() -> None:
    engine = engine_with(rule("AAPL < 150"))
    engine.keep_close(AAPL, 202.5)
    assert engine.on_ticks([tick(101.0)]) == []
    assert seconds(engine, 1, 59) == []
    assert prices(seconds(engine, 60, 62)) == [101.0]


class Closes:
    """Implements `alerts.ports.CloseStore`."""

    def __init__(self) -> None:
        self.kept: dict[int, tuple[date, float]] = {}

    async def all(self) -> dict[int, tuple[date, float]]:
        return self.kept

    async def put(self, con_id: int, day: date, close: float) -> None:
        self.kept[con_id] = day, close


class Scales:
    """A scale loop over fakes; `told` is whom it told of what."""

    def __init__(self, *, close: float | None = 202.5) -> None:
        self.desk = Desk()
        self.closes = Closes()
        if close is not None:
            self.closes.kept[AAPL.con_id] = (NOW - DAY).date(), close
        self.told: list[tuple[int, str]] = []
        self.known: dict[int, Instrument] = {}
        self.bars = FakeBarSource()
        self.loop = ScaleLoop(
            self.desk.engine,
            self.desk.book,
            self.bars,
            self.closes,
            self.desk.clock,
            quote=self.desk.ticks.quote,
            named=self.known.get,
            on_split=self.split,
            on_renamed=self.renamed,
            nap=self.stop,
        )

    async def stop(self, _seconds: float) -> None:
        raise StopLooking

    async def split(self, held: Rule, instrument: Instrument, split: Split) -> None:
        self.told.append((held.id, f"{instrument.symbol} {split}"))

    async def renamed(self, found: Rule, old: str, new: str) -> None:
        self.told.append((found.id, f"{old} {new} {found.text}"))

    def closed(self, *closes: float) -> None:
        """Let these be the closes of the days up to yesterday."""
        days = [MIDNIGHT - (len(closes) - n) * DAY for n in range(len(closes))]
        self.bars.history[AAPL.con_id, BarSize.DAY_1] = [
            Bar(day, close, close, close, close) for day, close in zip(days, closes, strict=True)
        ]

    async def look(self) -> None:
        with pytest.raises(StopLooking):
            await self.loop.run()


class StopLooking(Exception):
    """A round is over."""


async def test_the_alerts_of_a_share_whose_old_closes_are_halved_are_held_and_told() -> None:
    scales = Scales()
    held = await scales.desk.create("AAPL > 202.5")
    free = await scales.desk.create("AAPL rsi(14, 1h) < 30")
    other = await scales.desk.create("MSFT > 400")
    scales.closed(100.0, 101.25)
    await scales.look()
    assert scales.told == [(held.id, "AAPL 2:1")]
    states = [(await scales.desk.book.get(one.id, ME)).state for one in (held, free, other)]
    assert states == [RuleState.PAUSED, RuleState.ARMED, RuleState.ARMED]
    assert scales.desk.store.rules[held.id].reason == "split 2:1 of AAPL?"
    assert scales.closes.kept[AAPL.con_id] == ((NOW - DAY).date(), 101.25)
    scales.told.clear()
    scales.desk.clock.advance(3 * 3600)
    await scales.look()
    assert scales.told == []


async def test_an_adjusted_alert_is_watched_again_at_its_new_level() -> None:
    scales = Scales()
    held = await scales.desk.create("AAPL > 202.5")
    scales.closed(101.25)
    await scales.look()
    now = await scales.desk.book.get(held.id, ME)
    draft = adjusted(now, AAPL, HALF)
    assert draft is not None
    again = await scales.desk.book.amend(held.id, ME, draft, wakes=True)
    assert (again.state, again.text) == (RuleState.ARMED, "AAPL > 101.25")
    scales.desk.ticks.push(tick(101.0), tick(101.5, after_s=1))
    assert [firing.rule.id for firing in scales.desk.fired] == [held.id]


async def test_where_the_bars_are_late_the_prior_close_tells_of_the_split() -> None:
    scales = Scales()
    held = await scales.desk.create("AAPL < 150")
    scales.closed(200.0, 202.5)
    await scales.look()
    scales.desk.ticks.push(tick(101.0))
    assert scales.desk.engine.doubted() == [AAPL]
    scales.desk.ticks.push(tick(101.25, TickField.CLOSE, after_s=1))
    await scales.look()
    assert scales.told == [(held.id, "AAPL 2:1")]
    assert scales.desk.fired == []


async def test_a_share_that_lost_half_its_worth_fires() -> None:
    scales = Scales()
    await scales.desk.create("AAPL < 150")
    scales.closed(200.0, 202.5)
    await scales.look()
    # No prior close has come yet.
    scales.desk.ticks.push(tick(101.0))
    assert scales.desk.fired == []
    await scales.look()
    assert scales.told == []
    assert prices(scales.desk.engine.on_time(NOW + SECOND)) == [101.0]


async def test_without_bars_it_is_looked_for_again_and_the_first_close_says_nothing() -> None:
    scales = Scales(close=None)
    await scales.desk.create("AAPL < 150")
    scales.bars.errors.append(LinkDown("closed"))
    scales.closed(202.5)
    await scales.look()
    assert scales.closes.kept == {}
    scales.desk.clock.advance(6)
    await scales.look()
    assert scales.closes.kept == {AAPL.con_id: ((NOW - DAY).date(), 202.5)}
    assert scales.told == []


async def test_an_alert_follows_its_instrument_to_a_new_symbol() -> None:
    scales = Scales()
    plain = await scales.desk.create("AAPL trails 5% every")
    scales.desk.ticks.push(tick(200.0), tick(204.0, after_s=1))
    scales.known[AAPL.con_id] = replace(AAPL, symbol="PEAR")
    scales.closed(202.5)
    await scales.look()
    await scales.look()
    assert scales.told == [(plain.id, "AAPL PEAR PEAR trails 5% every")]
    now = await scales.desk.book.get(plain.id, ME)
    assert [one.symbol for one in now.instruments.values()] == ["PEAR"]
    assert now.memory["best"] == [204.0]
    assert (now.state, scales.desk.store.rules[plain.id].text) == (RuleState.ARMED, "PEAR trails 5% every")
