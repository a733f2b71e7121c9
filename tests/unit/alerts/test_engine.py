from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.condition import Comparison, Draft, Op
from alerts.engine import Engine
from alerts.operand import Price, PriceField
from alerts.rule import Firing, PriceCause, Rule, RuleState
from market.quote import Bar, BarSize, DataKind, TickField
from tests.unit.alerts.breaking import broken
from tests.unit.alerts.drafts import AAPL, EURUSD, MSFT, NOW, rule, tick
from tests.unit.alerts.hours import ALWAYS, keep_open


def engine_with(*rules: Rule) -> Engine:
    engine = keep_open(Engine())
    engine.load(rules)
    return engine


def prices(firings: list[Firing]) -> list[float]:
    return [firing.cause.price for firing in firings if isinstance(firing.cause, PriceCause)]


def fed(engine: Engine, *lasts: float) -> list[float]:
    """Feed last prices a second apart, and return those that fired."""
    return prices(engine.on_ticks([tick(last, after_s=n) for n, last in enumerate(lasts)]))


def test_a_level_fires_at_once_if_it_is_true() -> None:
    assert fed(engine_with(rule("AAPL > 200")), 205.0, 206.0) == [205.0]


def test_a_level_fires_once_and_never_again() -> None:
    engine = engine_with(rule("AAPL > 200"))
    assert fed(engine, 199.0, 201.0, 150.0, 250.0) == [201.0]
    fired = engine.rule(1)
    assert fired is not None
    assert (fired.state, fired.fired_count, fired.last_fired) == (RuleState.FIRED, 1, NOW + timedelta(seconds=1))


def test_greater_is_not_greater_or_equal() -> None:
    assert fed(engine_with(rule("AAPL > 200")), 199.0, 200.0) == []
    assert fed(engine_with(rule("AAPL >= 200")), 199.0, 200.0) == [200.0]
    assert fed(engine_with(rule("AAPL < 200")), 201.0, 200.0) == []
    assert fed(engine_with(rule("AAPL <= 200")), 201.0, 200.0) == [200.0]


@pytest.mark.parametrize(("turned", "line"), [("200 < AAPL", "AAPL > 200"), ("200 >= AAPL", "AAPL <= 200")])
def test_a_level_said_the_other_way_round_is_the_same_level(turned: str, line: str) -> None:
    told = (199.0, 200.0, 201.0, 199.81, 202.0, 199.8, 203.0, 200.5, 199.9)
    one, other = engine_with(rule(f"{turned} every")), engine_with(rule(f"{line} every"))
    assert fed(one, *told) == fed(other, *told)
    assert one.distance(1) == other.distance(1)
    assert one.distance(1) is not None


def test_each_tick_of_a_read_counts_not_only_the_last() -> None:
    assert prices(engine_with(rule("AAPL > 200")).on_ticks([tick(199.0), tick(201.0), tick(199.0)])) == [201.0]


def test_a_repeating_level_fires_again_only_after_it_was_false_by_the_hysteresis() -> None:
    engine = engine_with(rule("AAPL > 200 every"))
    # 0.1 % of 200 are 0.20: at 199.81 it is not false enough.
    assert fed(engine, 201.0, 199.81, 202.0, 199.8, 203.0, 204.0) == [201.0, 203.0]


def test_a_cooldown_defers_a_level_that_still_holds() -> None:
    engine = engine_with(rule("AAPL > 200 every cooldown 1m"))
    ticks = [tick(201.0), tick(190.0, after_s=1), tick(202.0, after_s=2), tick(202.5, after_s=59)]
    assert prices(engine.on_ticks(ticks)) == [201.0]
    assert engine.on_time(NOW + timedelta(seconds=59)) == []
    assert prices(engine.on_time(NOW + timedelta(seconds=60))) == [202.5]
    assert engine.on_time(NOW + timedelta(seconds=200)) == []


def test_a_crossing_needs_an_observation_on_the_other_side_first() -> None:
    assert fed(engine_with(rule("AAPL crosses above 200")), 205.0, 206.0, 199.0, 201.0) == [201.0]
    assert fed(engine_with(rule("AAPL crosses below 200")), 195.0, 201.0, 199.0) == [199.0]
    assert fed(engine_with(rule("AAPL crosses 200")), 205.0, 199.0) == [199.0]


def test_touching_a_level_is_reaching_it() -> None:
    assert fed(engine_with(rule("AAPL hits 200")), 199.0, 200.0, 199.0) == [200.0]
    assert fed(engine_with(rule("AAPL hits 200")), 200.0, 201.0, 200.0) == [200.0]


def test_trembling_about_a_level_is_one_crossing() -> None:
    engine = engine_with(rule("AAPL crosses 200 every"))
    assert fed(engine, 199.0, 200.05, 199.95, 200.1, 199.9, 200.3, 199.99) == [200.05, 199.99]


def test_fields_are_watched_by_themselves() -> None:
    engine = engine_with(rule("AAPL bid > 200", 1), rule("AAPL ask < 100", 2), rule("AAPL mid > 150", 3))
    assert engine.on_ticks([tick(250.0)]) == []
    assert engine.on_ticks([tick(149.0, TickField.BID), tick(150.0, TickField.ASK)]) == []
    (middle,) = engine.on_ticks([tick(152.0, TickField.ASK)])
    assert (middle.rule.id, middle.cause.values) == (3, {"AAPL mid": 150.5})  # type: ignore[union-attr]
    (bid,) = engine.on_ticks([tick(201.0, TickField.BID)])
    assert bid.rule.id == 1


def test_what_has_no_trades_is_watched_by_its_middle() -> None:
    engine = engine_with(rule("EUR.USD > 1.10"))
    assert engine.on_ticks([tick(1.0999, TickField.BID, EURUSD), tick(1.1001, TickField.ASK, EURUSD)]) == []
    (firing,) = engine.on_ticks([tick(1.1003, TickField.ASK, EURUSD)])
    assert firing.cause.values == {"EUR.USD": pytest.approx(1.1001)}  # type: ignore[union-attr]


def test_a_firing_says_what_did_it() -> None:
    engine = engine_with(rule("AAPL > 200", 7))
    engine.on_ticks([tick(198.0, TickField.CLOSE), tick(200.9, TickField.BID), tick(201.1, TickField.ASK)])
    exchange_time = NOW - timedelta(seconds=1)
    (firing,) = engine.on_ticks([tick(201.0, after_s=3, kind=DataKind.DELAYED, exchange_time=exchange_time)])
    cause = firing.cause
    assert isinstance(cause, PriceCause)
    assert (cause.instrument, cause.field, cause.price, cause.kind) == (AAPL, TickField.LAST, 201.0, DataKind.DELAYED)
    assert (cause.bid, cause.ask, cause.values) == (200.9, 201.1, {"AAPL": 201.0})
    assert cause.change_pct == pytest.approx(100 * (201 / 198 - 1))
    assert (firing.at, firing.exchange_time) == (NOW + timedelta(seconds=3), exchange_time)
    assert firing.key == f"7:1:{int(NOW.timestamp() * 1e6)}"


def test_keys_never_repeat() -> None:
    engine = engine_with(rule("AAPL > 200 every"), rule("AAPL > 200", 2))
    later = rule("AAPL > 200", 2, at=NOW + timedelta(microseconds=1))
    first = engine.on_ticks([tick(201.0), tick(190.0), tick(201.0)])
    engine.remove(2)
    keys = [firing.key for firing in [*first, *engine.add(later)]]
    assert len(keys) == len(set(keys)) == 4


def test_a_print_between_samples_is_found_by_the_days_high() -> None:
    engine = engine_with(rule("AAPL > 200"))
    assert engine.on_ticks([tick(199.0), tick(205.0, TickField.HIGH)]) == []
    # The high was known at arming: that print is older than the alert.
    assert engine.on_ticks([tick(199.5), tick(205.0, TickField.HIGH)]) == []
    (firing,) = engine.on_ticks([tick(205.5, TickField.HIGH)])
    assert isinstance(firing.cause, PriceCause)
    assert (firing.cause.field, firing.cause.price, firing.cause.values) == (TickField.HIGH, 205.5, {"AAPL": 205.5})


def test_a_print_between_samples_is_found_by_the_days_low() -> None:
    engine = engine_with(rule("AAPL crosses below 180"))
    engine.on_ticks([tick(185.0), tick(184.0, TickField.LOW)])
    assert prices(engine.on_ticks([tick(179.0, TickField.LOW)])) == [179.0]


def test_a_new_sessions_lower_high_is_no_print() -> None:
    engine = engine_with(rule("AAPL > 200"))
    engine.on_ticks([tick(190.0), tick(199.0, TickField.HIGH)])
    assert engine.on_ticks([tick(191.0, TickField.HIGH)]) == []
    assert prices(engine.on_ticks([tick(201.0, TickField.HIGH)])) == [201.0]


def test_a_high_that_only_repeats_a_sampled_trade_fires_nothing_anew() -> None:
    engine = engine_with(rule("AAPL > 200 every"))
    engine.on_ticks([tick(199.0), tick(199.0, TickField.HIGH)])
    assert prices(engine.on_ticks([tick(201.0), tick(199.0)])) == [201.0]
    assert engine.on_ticks([tick(201.0, TickField.HIGH)]) == []


def test_a_print_found_by_the_high_is_not_told_again_with_its_trade() -> None:
    engine = engine_with(rule("AAPL > 200 every"))
    engine.on_ticks([tick(199.0), tick(199.0, TickField.HIGH)])
    assert prices(engine.on_ticks([tick(201.0, TickField.HIGH), tick(201.0)])) == [201.0]
    assert fed(engine, 199.0, 202.0) == [202.0]


def test_unknown_is_not_false() -> None:
    both, either = rule("AAPL > 200 and MSFT > 100", 1), rule("AAPL > 200 or MSFT > 100", 2)
    engine = engine_with(both, either)
    assert [f.rule.id for f in engine.on_ticks([tick(201.0)])] == [2]
    assert [f.rule.id for f in engine.on_ticks([tick(101.0, instrument=MSFT)])] == [1]


def test_old_data_is_unknown_until_it_is_fresh() -> None:
    engine = engine_with(rule("AAPL > 200 and MSFT > 100"))
    engine.on_ticks([tick(199.0), tick(101.0, instrument=MSFT)])
    assert engine.on_ticks([tick(201.0, after_s=301)]) == []
    (firing,) = engine.on_ticks([tick(101.0, instrument=MSFT, after_s=302)])
    assert firing.cause.values == {"AAPL": 201.0, "MSFT": 101.0}  # type: ignore[union-attr]


def test_a_halted_instrument_neither_fires_nor_re_arms_until_it_trades() -> None:
    engine = engine_with(rule("AAPL bid > 200"))
    assert engine.on_ticks([tick(199.0, TickField.BID), tick(1.0, TickField.HALTED), tick(201.0, TickField.BID)]) == []
    assert len(engine.on_ticks([tick(0.0, TickField.HALTED)])) == 1


def test_a_rule_added_on_fresh_data_fires_at_once() -> None:
    engine = engine_with(rule("AAPL > 1000"))
    engine.on_ticks([tick(201.0)])
    (firing,) = engine.add(rule("AAPL > 200", 2, at=NOW + timedelta(minutes=1)))
    assert (firing.rule.state, firing.at) == (RuleState.FIRED, NOW + timedelta(minutes=1))
    assert engine.add(rule("AAPL > 202", 3)) == []


def test_a_rule_added_on_old_data_waits_for_the_next_tick() -> None:
    engine = engine_with(rule("AAPL > 1000"))
    engine.on_ticks([tick(201.0)])
    assert engine.add(rule("AAPL > 200", 2, at=NOW + timedelta(minutes=6))) == []
    assert prices(engine.on_ticks([tick(201.0, after_s=400)])) == [201.0]


def test_a_paused_rule_is_kept_but_does_not_fire() -> None:
    engine = engine_with(rule("AAPL > 200"))
    engine.rest(rule("AAPL > 200").with_state(RuleState.PAUSED, NOW))
    assert fed(engine, 201.0) == []
    assert engine.needs().ticks == set()
    kept = engine.rule(1)
    assert kept is not None
    assert kept.state is RuleState.PAUSED


def test_a_removed_rule_is_gone() -> None:
    engine = engine_with(rule("AAPL > 200"), rule("AAPL > 200", 2))
    assert engine.remove(1) == rule("AAPL > 200")
    assert engine.remove(1) is None
    assert [f.rule.id for f in engine.on_ticks([tick(201.0)])] == [2]


def test_a_rule_that_cannot_be_evaluated_is_blind_and_the_others_go_on() -> None:
    broken = replace(rule("AAPL > 200 every", 1), memory={"sides": "nonsense"})
    homeless = replace(rule("AAPL > 200", 2), instruments={})
    engine = engine_with(broken, homeless, rule("AAPL > 200", 3))
    assert [f.rule.id for f in engine.on_ticks([tick(201.0)])] == [3]
    blind = engine.take_changed()
    assert [(r.id, r.state) for r in blind] == [(1, RuleState.BLIND), (2, RuleState.BLIND)]
    assert "AAPL" in blind[1].reason
    assert engine.take_changed() == []


def test_a_failure_while_evaluating_blinds_only_that_rule() -> None:
    engine = engine_with(rule("AAPL > 200", 1), rule("AAPL bid > 200", 2))
    engine.on_ticks([tick(100.0), tick(100.0, TickField.BID)])
    broken(engine, 1)
    assert [f.rule.id for f in engine.on_ticks([tick(201.0), tick(201.0, TickField.BID)])] == [2]
    blind = engine.rule(1)
    assert blind is not None
    assert (blind.state, "ZeroDivisionError" in blind.reason) == (RuleState.BLIND, True)


def test_a_blind_rule_gets_another_try_at_the_next_start() -> None:
    engine = engine_with(rule("AAPL > 200").with_state(RuleState.BLIND, NOW, "of old"))
    assert [(r.id, r.state, r.reason) for r in engine.take_changed()] == [(1, RuleState.ARMED, "")]
    assert fed(engine, 201.0) == [201.0]


def test_after_a_restart_a_repeating_level_that_was_told_stays_told() -> None:
    first = engine_with(rule("AAPL > 200 every"))
    (firing,) = first.on_ticks([tick(201.0)])
    again = engine_with(firing.rule)
    assert fed(again, 202.0) == []
    assert fed(again, 199.0, 203.0) == [203.0]


def test_after_a_restart_a_crossing_knows_its_side() -> None:
    first = engine_with(rule("AAPL crosses above 200"))
    first.on_ticks([tick(199.0)])
    (remembered,) = first.take_changed()
    assert fed(engine_with(remembered), 201.0) == [201.0]
    assert fed(engine_with(remembered.rearmed(NOW)), 201.0) == []


def test_two_prices_can_be_compared() -> None:
    draft = Draft(Comparison(Price("AAPL"), Op.GT, Price("MSFT", PriceField.BID)))
    engine = engine_with(replace(rule("AAPL > 1 and MSFT > 1"), draft=draft))
    assert engine.on_ticks([tick(100.0), tick(101.0, TickField.BID, MSFT), tick(100.5)]) == []
    assert len(engine.on_ticks([tick(100.2, TickField.BID, MSFT)])) == 1


def test_the_distance_is_that_of_the_nearest_level() -> None:
    engine = engine_with(rule("AAPL > 220 or AAPL < 190"), rule("AAPL rsi(14, 1h) < 30", 2))
    assert engine.distance(1) is None
    engine.on_ticks([tick(200.0)])
    assert engine.distance(1) == pytest.approx(-5.0)
    assert engine.distance(2) is None
    assert engine.distance(99) is None


def test_the_distance_of_a_ratio_is_its_own_and_its_values_can_be_read() -> None:
    engine = Engine()
    engine.load([rule("AAPL / MSFT > 0.5"), rule("AAPL - MSFT > 10", 2)])
    assert engine.standing(1, NOW) == {}
    engine.on_ticks([tick(100.0), tick(250.0, instrument=MSFT)])
    assert engine.standing(1, NOW) == {"AAPL / MSFT": 0.4, "AAPL": 100.0, "MSFT": 250.0}
    assert engine.distance(1) == pytest.approx(25.0)
    assert engine.distance(2) == pytest.approx(160.0)
    assert engine.standing(99, NOW) == {}


def test_needs_name_lines_bars_news_and_scans() -> None:
    engine = engine_with(
        rule("AAPL > sma(50, 1d)", 1), rule("news MSFT", 2), rule("news *", 3), rule("scan TOP_PERC_GAIN top 5", 4)
    )
    needs = engine.needs()
    assert (needs.ticks, needs.bars) == (frozenset({AAPL}), frozenset({(AAPL, BarSize.DAY_1)}))
    assert needs.news == {MSFT, None}
    assert {spec.rows for spec in needs.scans} == {50}
    assert engine.count() == 4


def bars(*closes: float, size: BarSize = BarSize.HOUR_1, start: int = 0) -> list[Bar]:
    """Return bars that close one after the other; the first begins *start* bars after `NOW`."""
    return [Bar(NOW + (start + n) * size.duration, c, c, c, c) for n, c in enumerate(closes)]


def test_an_indicator_is_unknown_until_there_are_enough_bars() -> None:
    engine = engine_with(rule("AAPL sma(3, 1h) > 10"))
    history = bars(20.0, 20.0, 20.0, 20.0)
    assert [engine.on_bar(AAPL, BarSize.HOUR_1, bar) != [] for bar in history] == [False, False, True, False]


def test_an_indicator_fires_every_time_it_becomes_true_at_a_bars_close() -> None:
    engine = engine_with(rule("AAPL sma(1, 1h) > 10"))
    closes = [11.0, 12.0, 9.0, 13.0]
    fired = [f for bar in bars(*closes) for f in engine.on_bar(AAPL, BarSize.HOUR_1, bar)]
    assert prices(fired) == [11.0, 13.0]
    assert fired[0].cause.values == {"AAPL sma(1, 1h)": 11.0}  # type: ignore[union-attr]
    assert fired[1].at == NOW + timedelta(hours=4)


def test_a_price_crosses_an_average_that_moves_with_each_bar() -> None:
    engine = engine_with(rule("AAPL crosses above sma(2, 1h)"))
    engine.seed(AAPL, BarSize.HOUR_1, bars(100.0, 100.0, start=-2), NOW)
    assert fed(engine, 99.0) == []
    engine.on_bar(AAPL, BarSize.HOUR_1, Bar(NOW, 110, 110, 110, 110), NOW + timedelta(hours=1))
    assert prices(engine.on_ticks([tick(104.0, after_s=3600)])) == []
    assert prices(engine.on_ticks([tick(106.0, after_s=3601)])) == [106.0]


def test_two_averages_cross_at_a_bars_close() -> None:
    engine = engine_with(rule("sma(1,1d) of AAPL crosses below sma(2,1d)"))
    fired = [f for bar in bars(10, 11, 12, 9, size=BarSize.DAY_1) for f in engine.on_bar(AAPL, BarSize.DAY_1, bar)]
    assert prices(fired) == [9]


def test_an_indicator_without_new_bars_becomes_unknown() -> None:
    engine = engine_with(rule("AAPL > sma(1, 1h)"))
    engine.seed(AAPL, BarSize.HOUR_1, bars(100.0, start=-1), NOW)
    assert engine.on_ticks([tick(101.0, after_s=2 * 3600 + 1)]) == []
    bar = Bar(NOW + timedelta(hours=1), 100, 100, 100, 100)
    (firing,) = engine.on_bar(AAPL, BarSize.HOUR_1, bar, NOW + timedelta(hours=2))
    assert firing.cause.values == {"AAPL": 101.0, "AAPL sma(1, 1h)": 100.0}  # type: ignore[union-attr]


def test_seeding_on_bars_that_are_true_already_fires_at_once() -> None:
    engine = engine_with(rule("AAPL sma(1, 1h) > 10"))
    assert len(engine.seed(AAPL, BarSize.HOUR_1, bars(11.0, start=-1), NOW)) == 1
    assert engine.seed(AAPL, BarSize.HOUR_1, bars(11.0, start=-1), NOW) == []


def test_an_indicator_known_already_is_looked_at_when_a_rule_joins() -> None:
    engine = engine_with(rule("AAPL sma(1, 1h) > 100"))
    engine.seed(AAPL, BarSize.HOUR_1, bars(11.0, start=-1), NOW)
    (firing,) = engine.add(rule("AAPL sma(1, 1h) > 10", 2))
    assert prices([firing]) == [11.0]


def test_a_late_bar_is_none_of_a_newer_rules_business() -> None:
    engine = engine_with(rule("AAPL sma(1, 1h) > 10", 1), rule("AAPL sma(1, 1h) > 10", 2, at=NOW + timedelta(hours=2)))
    late = Bar(NOW, 11, 11, 11, 11)
    assert [f.rule.id for f in engine.on_bar(AAPL, BarSize.HOUR_1, late)] == [1]


def test_studies_say_how_many_bars_they_need_and_whether_they_have_them() -> None:
    engine = engine_with(rule("AAPL rsi(14, 1h) < 30", 1), rule("AAPL sma(200, 1h) < 30", 2))
    (study,) = engine.studies()
    assert (study.instrument, study.size, study.count, study.is_seeded) == (AAPL, BarSize.HOUR_1, 210, False)
    engine.seed(AAPL, BarSize.HOUR_1, bars(1.0), NOW)
    assert engine.studies()[0].is_seeded
    engine.add(rule("AAPL ema(3, 1h) < 30", 3))
    assert not engine.studies()[0].is_seeded
    for rule_id in (1, 2, 3):
        engine.remove(rule_id)
    assert engine.studies() == []


def test_those_whose_time_has_come_are_looked_at_a_few_at_a_time_each_once() -> None:
    engine = Engine()
    engine.load([rule("AAPL > 200 rth", number) for number in range(1, 11)])
    engine.on_ticks([tick(201.0)])
    engine.set_hours(AAPL, ALWAYS)
    later = NOW + timedelta(seconds=1)
    found = [engine.on_time(later, 4)]
    while engine.is_overdue:
        found.append(engine.on_overdue(later, 4))
    assert [len(firings) for firings in found] == [4, 4, 2]
    assert sorted(firing.rule.id for firings in found for firing in firings) == list(range(1, 11))


def test_those_that_are_behind_are_not_overdue_but_looked_at_once_they_are_not() -> None:
    engine = Engine()
    engine.load([rule("AAPL > 200 rth")])
    engine.on_ticks([tick(201.0)])
    engine.backlog.darken(NOW)
    engine.backlog.dawn()
    engine.set_hours(AAPL, ALWAYS)
    assert engine.on_time(NOW + timedelta(seconds=1), 4) == []
    assert not engine.is_overdue
    engine.release([AAPL.con_id])
    firings = engine.on_ticks([tick(202.0, after_s=2)]) + engine.on_time(NOW + timedelta(seconds=2), 4)
    assert prices(firings) == [202.0]
