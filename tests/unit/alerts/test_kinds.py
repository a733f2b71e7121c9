"""Each kind of alert, and what its options change: when it fires, and when it stays silent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from alerts.condition import OrderEvent
from alerts.engine import Engine
from alerts.rule import (
    AccountCause,
    FeedCause,
    Firing,
    OrderCause,
    OrderHappened,
    PriceCause,
    Rule,
    RuleState,
    TimeCause,
)
from market.account import AccountSummary, Position
from market.instrument import Instrument, SecType
from market.news import Headline
from market.quote import Bar, BarSize, TickField
from tests.unit.alerts.drafts import AAPL, EURUSD, KNOWN, MSFT, NOW, rule, tick
from tests.unit.alerts.hours import ALWAYS, keep_open, new_york

CALL = Instrument(600, "SPY", SecType.OPTION, expiry="20261218", strike=600.0, right="C", multiplier="100")
SPY = Instrument(756733, "SPY", primary_exchange="ARCA")
KNOWN |= {"SPY 20261218 C600": CALL, "SPY": SPY}

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def engine_with(*rules: Rule) -> Engine:
    engine = keep_open(Engine())
    engine.load(rules)
    return engine


def fed(engine: Engine, *lasts: float, start_s: float = 0, every_s: float = 1) -> list[float]:
    """Feed last prices, and return those that fired."""
    ticks = [tick(last, after_s=start_s + n * every_s) for n, last in enumerate(lasts)]
    return prices(engine.on_ticks(ticks))


def prices(firings: Sequence[Firing]) -> list[float]:
    return [firing.cause.price for firing in firings if isinstance(firing.cause, PriceCause)]


def state(engine: Engine, rule_id: int = 1) -> RuleState:
    found = engine.rule(rule_id)
    assert found is not None
    return found.state


def seconds(engine: Engine, first: int, last: int) -> list[Firing]:
    """Let each second pass, and return what fired."""
    return [firing for n in range(first, last + 1) for firing in engine.on_time(NOW + n * SECOND)]


def test_a_channel_is_entered_from_outside_and_left_from_inside() -> None:
    engine = engine_with(rule("AAPL enters 190..200", 1), rule("AAPL leaves 190..200", 2))
    fired = engine.on_ticks([tick(195.0), tick(201.0, after_s=1), tick(200.0, after_s=2)])
    assert [(f.rule.id, f.cause.price) for f in fired] == [(2, 201.0), (1, 200.0)]  # type: ignore[union-attr]


def test_a_day_move_counts_from_the_prior_close_once_a_session() -> None:
    engine = engine_with(rule("AAPL +5%"))
    engine.on_ticks([tick(200.0, TickField.CLOSE)])
    assert fed(engine, 209.9, 210.0, 205.0, 211.0) == [210.0]
    assert engine.on_time(NOW + 8 * HOUR) == []
    # The next session begins at midnight; the close is still the old one.
    engine.on_ticks([tick(211.0, after_s=9 * 3600 - 5)])
    assert prices(engine.on_time(NOW + 9 * HOUR)) == [211.0]


def test_a_day_move_follows_a_close_that_comes_late() -> None:
    engine = engine_with(rule("AAPL -3% today"))
    assert fed(engine, 190.0) == []
    (firing,) = engine.on_ticks([tick(197.0, TickField.CLOSE)])
    assert isinstance(firing.cause, PriceCause)
    # The close is what the price is measured by, not a price of now.
    assert (firing.cause.field, firing.cause.price) == (TickField.LAST, 190.0)


def test_a_level_that_was_passed_in_a_halt_fires_with_the_price_that_stands() -> None:
    engine = engine_with(rule("AAPL > 200"))
    engine.on_ticks([tick(190.0), tick(1.0, TickField.HALTED, after_s=1), tick(205.0, after_s=2)])
    (firing,) = engine.on_ticks([tick(0.0, TickField.HALTED, after_s=3)])
    assert isinstance(firing.cause, PriceCause)
    assert (firing.cause.field, firing.cause.price) == (TickField.LAST, 205.0)


def test_a_gap_fires_with_the_opening_price() -> None:
    engine = engine_with(rule("AAPL gaps 3%"))
    (firing,) = engine.on_ticks([tick(200.0), tick(207.0, TickField.OPEN), tick(200.0, TickField.CLOSE)])
    assert isinstance(firing.cause, PriceCause)
    assert (firing.cause.field, firing.cause.price) == (TickField.OPEN, 207.0)


def test_a_move_from_a_given_price_goes_either_way() -> None:
    assert fed(engine_with(rule("AAPL ±4% from 200")), 200.0, 207.9, 208.0) == [208.0]
    assert fed(engine_with(rule("AAPL ±4% from 200")), 200.0, 192.0) == [192.0]


@pytest.mark.parametrize(("typed", "back"), [("", 209.8), (" hysteresis 1%", 207.91)])
@pytest.mark.parametrize("way", ["+", "±"])
def test_a_day_move_that_repeats_must_go_back_by_the_hysteresis(typed: str, back: float, way: str) -> None:
    engine = engine_with(rule(f"AAPL {way}5% every{typed}"))
    engine.on_ticks([tick(200.0, TickField.CLOSE)])
    assert len(fed(engine, *[209.99, 210.01] * 10)) == 1
    assert fed(engine, back, 210.01, start_s=30) == []
    assert fed(engine, back - 0.03, 210.01, start_s=40) == [210.01]


def test_a_day_move_below_does_so_too() -> None:
    engine = engine_with(rule("AAPL -5% every"))
    engine.on_ticks([tick(200.0, TickField.CLOSE)])
    assert fed(engine, *[190.01, 189.99] * 10) == [189.99]
    assert fed(engine, 190.2, 189.0, start_s=30) == [189.0]


@pytest.mark.parametrize(
    ("line", "silent", "loud"),
    [
        ("AAPL +5% from -10", [-10.0, -10.5, -9.6], -9.5),
        ("AAPL -5% from -10", [-10.0, -9.5, -10.4], -10.5),
        ("AAPL ±5% from -10", [-10.0, -9.6, -10.4], -10.5),
    ],
)
def test_up_is_up_below_zero_too(line: str, silent: list[float], loud: float) -> None:
    assert fed(engine_with(rule(line)), *silent, loud) == [loud]


def test_the_change_since_a_close_below_zero_has_the_sign_of_the_way() -> None:
    engine = engine_with(rule("AAPL > -9"))
    (firing,) = engine.on_ticks([tick(-10.0, TickField.CLOSE), tick(-8.0)])
    assert isinstance(firing.cause, PriceCause)
    assert firing.cause.change_pct == pytest.approx(20.0)


def test_a_gap_is_the_sessions_open_and_not_yesterdays() -> None:
    engine = engine_with(rule("AAPL gaps 3%"))
    engine.set_hours(AAPL, new_york(date(2026, 11, 20), date(2026, 11, 23)))
    before = -3600
    engine.on_ticks([tick(210.0, TickField.OPEN, after_s=before), tick(200.0, TickField.CLOSE, after_s=before)])
    assert fed(engine, 201.0) == []
    assert prices(engine.on_ticks([tick(207.0, TickField.OPEN, after_s=1)])) == [207.0]
    assert engine.on_ticks([tick(208.0, TickField.OPEN, after_s=2)]) == []


def test_a_velocity_is_measured_within_its_window() -> None:
    engine = engine_with(rule("AAPL moves 2% in 15m"))
    assert fed(engine, 200.0, 201.0, 202.0, every_s=600) == []
    assert fed(engine, 197.9, start_s=1300) == [197.9]


def test_a_velocity_fires_again_after_its_cooldown() -> None:
    engine = engine_with(rule("AAPL drops $3 in 5m"))
    assert fed(engine, 200.0, 196.9, 196.0) == [196.9]
    assert fed(engine, 200.0, 196.0, start_s=1200) == [196.0]


def test_a_slow_move_is_no_velocity() -> None:
    assert fed(engine_with(rule("AAPL moves 2% in 5m")), *[200.0 + n for n in range(20)], every_s=120) == []


def test_a_trailing_alert_follows_the_best_price_and_remembers_it() -> None:
    engine = engine_with(rule("AAPL trails 5%"))
    assert fed(engine, 200.0, 220.0, 210.0) == []
    (remembered,) = engine.take_changed()
    assert remembered.memory["best"] == [220.0]
    assert fed(engine_with(remembered), 210.0, 209.1, 209.0, start_s=60) == [209.0]


def test_a_trailing_alert_sees_the_high_between_samples() -> None:
    engine = engine_with(rule("AAPL trails 5%"))
    engine.on_ticks([tick(200.0), tick(200.0, TickField.HIGH)])
    engine.on_ticks([tick(220.0, TickField.HIGH, after_s=1)])
    assert fed(engine, 210.0, 208.0, start_s=2) == [208.0]


def test_a_trailing_alert_may_be_measured_in_atr_and_from_the_low() -> None:
    engine = engine_with(rule("AAPL trails 2 atr(1, 1h)", 1), rule("AAPL trails 5% up", 2))
    engine.seed(AAPL, BarSize.HOUR_1, [Bar(NOW - n * HOUR, 200, 203, 200, 201) for n in (3, 2, 1)], NOW)
    fired = engine.on_ticks([tick(p, after_s=n) for n, p in enumerate((200.0, 195.0, 194.0, 203.0, 204.75))])
    assert [(f.rule.id, f.cause.price) for f in fired] == [(1, 194.0), (2, 204.75)]  # type: ignore[union-attr]


def test_volume_is_compared_once_a_session() -> None:
    engine = engine_with(rule("AAPL volume > 2 * avgvolume(2)", 1), rule("AAPL volume > 10M", 2))
    days = [Bar(datetime(2026, 11, d, tzinfo=NOW.tzinfo), 1, 1, 1, 1, 3e6) for d in (18, 19)]
    engine.seed(AAPL, BarSize.DAY_1, days, NOW)
    volumes = [tick(v, TickField.VOLUME, after_s=n) for n, v in enumerate((1e6, 6e6, 7e6, 9e6, 11e6, 12e6))]
    assert [(f.rule.id, f.cause.price) for f in engine.on_ticks(volumes)] == [(1, 7e6), (2, 11e6)]  # type: ignore[union-attr]


def test_a_range_is_that_of_the_days_before() -> None:
    engine = engine_with(rule("AAPL > high(52w)", 1), rule("AAPL < low(20d)", 2))
    bars = [Bar(NOW.replace(hour=0) - n * DAY, 200, 210 + n % 7, 190 - n % 3, 200) for n in range(300, 0, -1)]
    engine.seed(AAPL, BarSize.DAY_1, bars, NOW)
    fired = engine.on_ticks([tick(p, after_s=n) for n, p in enumerate((200.0, 216.0, 216.5, 188.0, 187.5))])
    assert [(f.rule.id, f.cause.price) for f in fired] == [(1, 216.5), (2, 187.5)]  # type: ignore[union-attr]


def test_a_level_that_comes_with_the_bars_is_told_with_the_price_as_it_stands() -> None:
    engine = engine_with(rule("AAPL > high(20d)"))
    assert fed(engine, 230.0) == []
    bars = [Bar(NOW.replace(hour=0) - n * DAY, 200, 210, 190, 200) for n in range(30, 0, -1)]
    assert prices(engine.seed(AAPL, BarSize.DAY_1, bars, NOW + SECOND)) == [230.0]


def test_two_instruments_move_each_others_bound() -> None:
    engine = engine_with(rule("AAPL / MSFT > 0.5", 1), rule("AAPL - 2*MSFT > 10", 2))
    assert engine.on_ticks([tick(200.0), tick(401.0, instrument=MSFT)]) == []
    (ratio,) = engine.on_ticks([tick(399.0, instrument=MSFT)])
    assert ratio.rule.id == 1
    (spread,) = engine.on_ticks([tick(90.0, instrument=MSFT)])
    assert spread.rule.id == 2


def test_a_compound_is_true_only_together_and_not_is_the_opposite() -> None:
    engine = engine_with(rule("AAPL > 200 and not MSFT -1%"))
    engine.on_ticks([tick(100.0, TickField.CLOSE, MSFT), tick(98.0, instrument=MSFT)])
    assert fed(engine, 201.0) == []
    assert len(engine.on_ticks([tick(99.5, instrument=MSFT)])) == 1


def test_not_of_unknown_is_unknown() -> None:
    engine = engine_with(rule("AAPL > 200 and not MSFT -1%"))
    assert fed(engine, 201.0) == []


def test_an_options_values_are_levels_too() -> None:
    engine = engine_with(rule("SPY 20261218 C600 iv > 0.25", 1), rule("SPY 20261218 C600 delta < 0.3", 2))
    ticks = [tick(0.2, TickField.IV, CALL), tick(0.5, TickField.DELTA, CALL), tick(0.26, TickField.IV, CALL)]
    assert [f.rule.id for f in engine.on_ticks(ticks)] == [1]
    assert [f.rule.id for f in engine.on_ticks([tick(0.29, TickField.DELTA, CALL)])] == [2]


def test_days_to_expiry_pass_by_themselves() -> None:
    engine = engine_with(rule("SPY 20261218 C600 dte < 7"))
    assert engine.on_time(datetime(2026, 12, 11, 12, tzinfo=NOW.tzinfo)) == []
    (firing,) = engine.on_time(datetime(2026, 12, 12, 12, tzinfo=NOW.tzinfo))
    assert isinstance(firing.cause, AccountCause)
    assert set(firing.cause.values.values()) == {6.0}


def position(instrument: Instrument = AAPL, *, pnl: float = 0.0, day: float = 0.0, quantity: int = 100) -> Position:
    value = Decimal(20_000)
    return Position(
        "DU1", instrument, Decimal(quantity), Decimal(180), Decimal(200), value, Decimal(pnl), Decimal(0), Decimal(day)
    )


def summary(**values: float) -> AccountSummary:
    return AccountSummary("DU1", "USD", **{name: Decimal(str(value)) for name, value in values.items()})


def test_a_position_is_looked_at_with_the_account() -> None:
    engine = engine_with(rule("position AAPL pnl < -500", 1), rule("position AAPL pnl% > 20", 2))
    assert engine.on_account(summary(), [position(pnl=-400)], NOW) == []
    (firing,) = engine.on_account(summary(), [position(pnl=-501)], NOW + MINUTE)
    assert isinstance(firing.cause, AccountCause)
    assert (firing.rule.id, firing.cause.instrument, firing.cause.values) == (1, AAPL, {"position AAPL pnl": -501.0})
    assert [f.rule.id for f in engine.on_account(summary(), [position(pnl=3601)], NOW + 2 * MINUTE)] == [2]


def test_any_position_is_each_by_itself_those_opened_later_too() -> None:
    engine = engine_with(rule("positions any -5%"))
    assert engine.on_account(summary(), [position(day=-500)], NOW) == []
    first = engine.on_account(summary(), [position(day=-1200), position(MSFT, day=-1100)], NOW + MINUTE)
    assert [f.cause.instrument for f in first] == [AAPL, MSFT]  # type: ignore[union-attr]
    assert len({f.key for f in first}) == 2
    eurusd = [position(day=-1200), position(EURUSD, day=-1100)]
    assert [f.cause.instrument for f in engine.on_account(summary(), eurusd, NOW + 2 * MINUTE)] == [EURUSD]  # type: ignore[union-attr]
    after = engine_with(*(found for found in [engine.rule(1)] if found))
    assert after.on_account(summary(), eurusd, NOW + 3 * MINUTE) == []


def test_what_was_paid_is_a_level_that_moves_with_the_position() -> None:
    engine = engine_with(rule("AAPL > avgcost * 1.1"))
    assert fed(engine, 197.0) == []
    engine.on_account(summary(), [position()], NOW)
    assert fed(engine, 198.1, start_s=1) == [198.1]


def test_account_values_are_in_percent_or_money() -> None:
    engine = engine_with(
        rule("account cushion < 10%", 1), rule("account dailypnl < -1000", 2), rule("account margin > 80%", 3)
    )
    calm = summary(cushion=0.5, daily_pnl=-10, net_liquidation=1000, maintenance_margin=100)
    assert engine.on_account(calm, [], NOW) == []
    tight = summary(cushion=0.09, daily_pnl=-1001, net_liquidation=1000, maintenance_margin=801)
    assert [f.rule.id for f in engine.on_account(tight, [], NOW + MINUTE)] == [1, 2, 3]
    assert engine.on_account(tight, [], NOW + 2 * HOUR) == []


def happened(key: str, event: OrderEvent = OrderEvent.FILLED, after_s: float = 0) -> OrderHappened:
    return OrderHappened(event, "BUY 10 AAPL", AAPL, 199.5, False, NOW + after_s * SECOND, key)


def test_what_happens_to_an_order_is_told_once_for_ever() -> None:
    engine = engine_with(rule("orders filled", 1), rule("orders rejected", 2))
    (firing,) = engine.on_order(happened("a"))
    assert isinstance(firing.cause, OrderCause)
    assert (firing.rule.id, firing.cause.order, firing.cause.is_ours) == (1, "BUY 10 AAPL", False)
    assert engine.on_order(happened("a")) == []
    assert engine_with(firing.rule).on_order(happened("a")) == []
    assert engine.on_order(happened("old", after_s=-60)) == []
    assert [f.rule.id for f in engine.on_order(happened("b", OrderEvent.REJECTED))] == [2]


def timed(text: str, zone: str = "America/New_York", at: datetime = NOW) -> Engine:
    engine = Engine(lambda _owner: ZoneInfo(zone))
    engine.set_hours(SPY, new_york(*(date(2026, 11, day) for day in (19, 20, 23, 24))))
    engine.load([replace(rule(text, at=at), instruments={"SPY": SPY})])
    return engine


def due(engine: Engine, now: datetime) -> list[tuple[datetime, int]]:
    found = []
    for firing in engine.on_time(now):
        assert isinstance(firing.cause, TimeCause)
        found.append((firing.cause.due, firing.cause.collapsed))
    return found


def test_a_time_of_day_comes_on_its_days_once() -> None:
    engine = timed('at 15:45 ET weekdays "check MOC"')
    moment = datetime(2026, 11, 20, 20, 45, tzinfo=NOW.tzinfo)
    assert due(engine, moment - SECOND) == []
    (firing,) = engine.on_time(moment)
    assert firing.cause == TimeCause(moment, "check MOC")
    assert due(engine, moment + SECOND) == []
    assert due(engine, moment + 2 * DAY) == []
    assert due(engine, moment + 3 * DAY) == [(moment + 3 * DAY, 0)]


def test_a_time_of_day_follows_its_owner_into_another_zone() -> None:
    zones = {1: "America/New_York"}
    engine = Engine(lambda _owner: ZoneInfo(zones[1]))
    engine.load([rule("at 21:00", at=NOW)])
    zones[1] = "Europe/Berlin"
    moment = datetime(2026, 11, 20, 20, 0, tzinfo=NOW.tzinfo)
    assert due(engine, moment - SECOND) == []
    assert due(engine, moment) == [(moment, 0)]


def test_times_that_were_missed_are_told_together() -> None:
    engine = timed("every 30m")
    assert due(engine, NOW + 95 * MINUTE) == [(NOW + 90 * MINUTE, 2)]


@pytest.mark.parametrize(
    ("day", "hour_utc"),
    [(date(2027, 3, 13), 7.5), (date(2027, 3, 14), 7.5), (date(2027, 11, 7), 5.5), (date(2027, 11, 8), 6.5)],
)
def test_a_time_is_safe_from_daylight_saving(day: date, hour_utc: float) -> None:
    clock = "02:30" if day.month == 3 else "01:30"
    midnight = datetime(day.year, day.month, day.day, tzinfo=NOW.tzinfo)
    engine = timed(f"at {clock}", at=midnight)
    assert due(engine, midnight + 24 * HOUR) == [(midnight + hour_utc * HOUR, 0)]


def test_every_so_often_in_regular_hours_alone() -> None:
    engine = timed("every 30m rth")
    close = datetime(2026, 11, 20, 21, tzinfo=NOW.tzinfo)
    assert due(engine, close - MINUTE) == [(close - 30 * MINUTE, 10)]
    assert due(engine, close + 8 * HOUR) == []


def test_the_close_is_that_of_the_session() -> None:
    engine = timed("at close - 10m")
    close = datetime(2026, 11, 20, 21, tzinfo=NOW.tzinfo)
    assert due(engine, close - 11 * MINUTE) == []
    assert due(engine, close - 10 * MINUTE) == [(close - 10 * MINUTE, 0)]
    assert due(engine, close + 2 * DAY) == []


def test_a_feed_is_stale_only_while_its_market_is_open() -> None:
    engine = engine_with(rule("AAPL stale 5m"))
    engine.set_hours(AAPL, new_york(date(2026, 11, 20), date(2026, 11, 23)))
    engine.on_ticks([tick(200.0)])
    assert engine.on_time(NOW + 299 * SECOND) == []
    (firing,) = engine.on_time(NOW + 300 * SECOND)
    assert firing.cause == FeedCause(AAPL, NOW)
    assert engine.on_time(NOW + 400 * SECOND) == []
    engine.on_ticks([tick(200.0, after_s=6 * 3600 - 30)])
    assert engine.on_time(NOW + 8 * HOUR) == []
    assert state(engine) is RuleState.ARMED


def test_words_and_patterns_may_be_joined() -> None:
    engine = engine_with(rule('news AAPL "guidance" and /rais(e|ing)/i', 1), rule('news AAPL /downgrad/i or "cut"', 2))

    def told(text: str, article: str) -> list[int]:
        return [f.rule.id for f in engine.on_headline(Headline("DJNL", article, text, NOW, AAPL.con_id))]

    assert told("Apple RAISES guidance", "1") == [1]
    assert told("Apple lowers guidance", "2") == []
    assert told("Apple downgraded", "3") == [2]


def test_a_headline_may_wait_for_the_price() -> None:
    engine = engine_with(rule('news AAPL "guidance" if moves 1% in 5m'))
    engine.on_ticks([tick(200.0)])
    story = Headline("DJNL", "1", "guidance", NOW + SECOND, AAPL.con_id)
    assert engine.on_headline(story, NOW + SECOND) == []
    engine.on_ticks([tick(202.1, after_s=60)])
    (firing,) = engine.on_time(NOW + MINUTE)
    assert firing.at == NOW + MINUTE
    again = replace(story, article_id="2", text="more guidance", time=NOW + 20 * MINUTE)
    assert engine.on_headline(again, NOW + 20 * MINUTE) == []
    engine.on_ticks([tick(202.0, after_s=25 * 60 + 30), tick(210.0, after_s=25 * 60 + 31)])
    assert engine.on_time(NOW + 26 * MINUTE) == []


def test_news_of_the_portfolio_follows_what_is_held() -> None:
    engine = engine_with(rule("news portfolio"))
    story = Headline("DJNL", "1", "up", NOW, AAPL.con_id)
    assert engine.on_headline(story) == []
    engine.on_account(summary(), [position()], NOW)
    assert [f.cause.instrument for f in engine.on_headline(story)] == [AAPL]  # type: ignore[union-attr]
    needs = engine.needs_of(1)
    assert needs is not None
    assert needs.news == {AAPL}
    engine.on_account(summary(), [], NOW + MINUTE)
    assert engine.on_headline(replace(story, article_id="2", text="down")) == []


def test_news_of_a_watchlist_are_its_owners() -> None:
    engine = engine_with(rule("news watchlist"), replace(rule("news watchlist", 2), owner_id=222))
    engine.set_watchlist(111, [MSFT])
    story = Headline("DJNL", "1", "up", NOW, MSFT.con_id)
    assert [f.rule.id for f in engine.on_headline(story)] == [1]


def test_for_needs_it_to_hold_and_begins_anew_when_false() -> None:
    engine = engine_with(rule("AAPL > 200 for 2m"))
    assert fed(engine, 199.0, 201.0) == []
    assert state(engine) is RuleState.PENDING
    assert seconds(engine, 2, 60) == []
    assert fed(engine, 199.0, 201.0, start_s=61) == []
    assert seconds(engine, 63, 181) == []
    assert prices(seconds(engine, 182, 183)) == [201.0]
    assert state(engine) is RuleState.FIRED


def test_for_pauses_while_it_is_unknown() -> None:
    engine = engine_with(rule("AAPL > 200 for 2m"))
    fed(engine, 201.0)
    seconds(engine, 1, 60)
    engine.on_ticks([tick(1.0, TickField.HALTED, after_s=60)])
    assert seconds(engine, 61, 300) == []
    engine.on_ticks([tick(0.0, TickField.HALTED, after_s=300)])
    assert seconds(engine, 301, 358) == []
    assert len(seconds(engine, 359, 362)) == 1


def test_for_after_a_crossing_asks_whether_it_stays_across() -> None:
    engine = engine_with(rule("AAPL crosses above 200 for 1m"))
    fed(engine, 199.0, 201.0)
    assert seconds(engine, 2, 60) == []
    assert len(seconds(engine, 61, 61)) == 1
    again = engine_with(rule("AAPL crosses above 200 for 1m"))
    fed(again, 199.0, 201.0, 199.5)
    assert seconds(again, 3, 100) == []


def test_what_was_held_survives_a_restart() -> None:
    engine = engine_with(rule("AAPL > 200 for 2m"))
    fed(engine, 201.0)
    seconds(engine, 1, 95)
    found = engine.rule(1)
    assert found is not None
    assert found.memory["held_s"] == 90.0
    again = engine_with(found)
    fed(again, 201.0, start_s=200)
    assert seconds(again, 201, 229) == []
    assert len(seconds(again, 230, 231)) == 1


def test_most_is_how_often_it_fires() -> None:
    engine = engine_with(rule("AAPL > 200 max 2"))
    assert fed(engine, 201.0, 190.0, 202.0, 190.0, 203.0) == [201.0, 202.0]
    assert state(engine) is RuleState.FIRED


def test_regular_hours_are_those_of_the_contract() -> None:
    engine = engine_with(rule("AAPL > 200 rth"))
    engine.set_hours(AAPL, new_york(date(2026, 11, 20), date(2026, 11, 23)))
    early = -3600
    assert fed(engine, 201.0, start_s=early) == []
    engine.on_ticks([tick(202.0, after_s=-1801)])
    assert engine.on_time(NOW - 1801 * SECOND) == []
    (firing,) = engine.on_time(NOW - 1800 * SECOND)
    assert prices([firing]) == [202.0]


def test_without_hours_a_rule_that_keeps_to_them_waits_for_them() -> None:
    engine = Engine()
    engine.load([rule("AAPL > 200 rth")])
    assert fed(engine, 201.0) == []
    engine.set_hours(AAPL, ALWAYS)
    assert prices(engine.on_time(NOW + SECOND)) == [201.0]


def test_a_rule_expires() -> None:
    soon = rule("AAPL > 200")
    options = replace(soon.draft.options, until=NOW + MINUTE)
    engine = engine_with(replace(soon, draft=replace(soon.draft, options=options)))
    assert fed(engine, 201.0, start_s=60) == []
    assert engine.on_time(NOW + MINUTE) == []
    assert state(engine) is RuleState.EXPIRED
    assert [r.state for r in engine.take_changed()] == [RuleState.EXPIRED]


def test_a_snoozed_rule_wakes_and_fires_if_it_is_true() -> None:
    engine = engine_with(rule("AAPL > 200"))
    engine.add(rule("AAPL > 200").snoozed(NOW, NOW + 15 * MINUTE))
    assert fed(engine, 201.0) == []
    engine.add(rule("AAPL > 900", 2))
    engine.on_ticks([tick(202.0, after_s=890)])
    assert engine.on_time(NOW + 899 * SECOND) == []
    assert prices(engine.on_time(NOW + 900 * SECOND)) == [202.0]


def test_one_that_sleeps_until_it_recrosses_wakes_when_it_was_false() -> None:
    engine = engine_with(rule("AAPL > 200").snoozed(NOW, wake_on="recross"))
    assert fed(engine, 201.0, 199.9) == []
    assert state(engine) is RuleState.SNOOZED
    assert fed(engine, 199.0, start_s=3) == []
    assert state(engine) is RuleState.ARMED
    assert fed(engine, 200.5, start_s=4) == [200.5]


def test_one_that_sleeps_until_the_open_wakes_with_the_session() -> None:
    engine = engine_with(rule("AAPL > 200").snoozed(NOW, wake_on="open"))
    engine.set_hours(AAPL, new_york(date(2026, 11, 20), date(2026, 11, 23)))
    monday = datetime(2026, 11, 23, 14, 30, tzinfo=NOW.tzinfo)
    engine.on_time(monday - SECOND)
    assert state(engine) is RuleState.SNOOZED
    engine.on_time(monday)
    assert state(engine) is RuleState.ARMED


def test_an_alert_without_data_is_blind_once_and_sees_again() -> None:
    engine = engine_with(rule("AAPL > 200"))
    fed(engine, 199.0)
    seconds(engine, 1, 300)
    assert state(engine) is RuleState.ARMED
    engine.take_changed()
    seconds(engine, 301, 400)
    (blind,) = engine.take_changed()
    assert (blind.state, blind.reason, blind.since) == (RuleState.BLIND, "no data for AAPL", NOW + 302 * SECOND)
    fed(engine, 198.0, start_s=401)
    engine.on_time(NOW + 402 * SECOND)
    assert state(engine) is RuleState.ARMED
    assert fed(engine, 201.0, start_s=403) == [201.0]


def test_at_night_nobody_is_blind() -> None:
    engine = engine_with(rule("AAPL > 200"))
    engine.set_hours(AAPL, new_york(date(2026, 11, 20), date(2026, 11, 23)))
    engine.on_ticks([tick(199.0, after_s=6 * 3600)])
    for minutes in range(0, 600, 5):
        engine.on_time(NOW + 6 * HOUR + minutes * MINUTE)
    assert state(engine) is RuleState.ARMED


def test_a_blind_rule_that_is_true_with_the_first_tick_fires() -> None:
    engine = engine_with(rule("AAPL > 200"))
    fed(engine, 199.0)
    seconds(engine, 1, 310)
    assert state(engine) is RuleState.BLIND
    assert fed(engine, 201.0, start_s=311) == [201.0]


def test_what_trades_every_second_is_unknown_after_half_a_minute() -> None:
    engine = engine_with(rule("AAPL > 200 and MSFT > 100"))
    for n in range(61):
        engine.on_ticks([tick(199.0 + n / 1000, after_s=n), tick(99.0, instrument=MSFT, after_s=n)])
        engine.on_time(NOW + n * SECOND)
    engine.on_ticks([tick(201.0, after_s=61)])
    assert engine.on_ticks([tick(101.0, instrument=MSFT, after_s=95)]) == []
    assert len(engine.on_ticks([tick(201.0, TickField.BID, after_s=96)])) == 1


def minute(open_: float, high: float, low: float, close: float, start: int = 0) -> Bar:
    return Bar(NOW + start * MINUTE, open_, high, low, close)


def test_a_minute_without_ticks_tells_all_its_prices() -> None:
    engine = engine_with(rule("AAPL > 200", 1), rule("AAPL crosses below 190", 2), rule("AAPL > 210", 3))
    fired = engine.on_minute(AAPL, minute(195, 201, 189, 196), NOW + 63 * SECOND)
    assert [(f.rule.id, f.cause.price) for f in fired] == [(2, 189), (1, 201)]  # type: ignore[union-attr]
    assert {f.exchange_time for f in fired} == {NOW}
    assert all(f.cause.from_minute for f in fired)  # type: ignore[union-attr]
    assert engine.gap_pct(AAPL) == pytest.approx(14 / 196 * 100)


def test_without_a_line_a_day_move_and_a_gap_go_by_daily_bars_and_the_days_first_minute() -> None:
    engine = engine_with(rule("AAPL +5%", 1), rule("AAPL gaps 3%", 2))
    assert engine.on_minute(AAPL, minute(206, 212, 206, 211), NOW + 63 * SECOND) == []
    engine.know_close(AAPL, 200.0)
    (moved,) = engine.on_minute(AAPL, minute(206, 212, 206, 211, 1), NOW + 123 * SECOND)
    assert moved.rule.id == 1
    # At midnight the next session opens.
    engine.know_close(AAPL, 211.0)
    first = NOW + 9 * HOUR
    fired = engine.on_minute(AAPL, Bar(first, 218.0, 219.0, 217.0, 218.5), first + 63 * SECOND)
    assert [one.rule.id for one in fired] == [2]


def test_a_minute_beside_ticks_adds_the_prints_they_did_not_show() -> None:
    engine = engine_with(rule("AAPL > 200 every", 1), rule("AAPL > 198 every", 2))
    assert fed(engine, 197.0, 199.0, 197.0, start_s=1, every_s=10) == [199.0]
    found = engine.on_minute(AAPL, minute(197, 201, 197, 197), NOW + 63 * SECOND)
    assert [(f.rule.id, f.cause.from_minute) for f in found] == [(1, True)]  # type: ignore[union-attr]
    assert engine.on_minute(AAPL, minute(197, 197, 197, 197, 1), NOW + 123 * SECOND) == []


def test_prints_from_before_an_alert_was_armed_are_none_of_its_business() -> None:
    late = rule("AAPL > 200", at=NOW + 30 * SECOND)
    engine = engine_with(late)
    assert engine.on_minute(AAPL, minute(195, 201, 189, 196), NOW + 63 * SECOND) == []
    assert len(engine.on_minute(AAPL, minute(195, 201, 189, 196, 1), NOW + 123 * SECOND)) == 1


def test_a_live_indicator_moves_with_each_trade() -> None:
    engine = engine_with(rule("AAPL sma(2, 1h) live > 100"))
    engine.seed(AAPL, BarSize.HOUR_1, [Bar(NOW - n * HOUR, 90, 90, 90, 90) for n in (2, 1)], NOW)
    assert fed(engine, 105.0) == []
    assert fed(engine, 111.0, start_s=1) == [111.0]


def test_a_trade_that_came_before_the_bars_moves_a_live_indicator_once_they_are_there() -> None:
    engine = engine_with(rule("AAPL sma(2, 1h) live > 100"))
    assert fed(engine, 111.0) == []
    found = engine.seed(AAPL, BarSize.HOUR_1, [Bar(NOW - n * HOUR, 90, 90, 90, 90) for n in (2, 1)], NOW + SECOND)
    assert [firing.cause.price for firing in found] == [111.0]  # type: ignore[union-attr]


def test_a_trade_of_the_next_bar_moves_a_live_indicator_once_the_bar_before_it_is_there() -> None:
    engine = engine_with(rule("AAPL sma(2, 1h) live > 100"))
    engine.seed(AAPL, BarSize.HOUR_1, [Bar(NOW - n * HOUR, 90, 90, 90, 90) for n in (2, 1)], NOW)
    assert fed(engine, 91.0) == []
    assert fed(engine, 111.0, start_s=3601) == []
    found = engine.on_bar(AAPL, BarSize.HOUR_1, Bar(NOW, 91, 91, 91, 91), NOW + HOUR + 3 * SECOND)
    assert [firing.cause.price for firing in found] == [111.0]  # type: ignore[union-attr]


def test_a_volume_wants_a_line_and_no_minutes() -> None:
    needs = engine_with(rule("AAPL volume > 10M")).needs()
    assert (needs.ticks, needs.fast) == ({AAPL}, {AAPL})
