"""What happened in a gap, through the rules as they stand: once, when it did, and not again live."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from alerts.engine import Engine
from alerts.missed import Missed
from alerts.operand import PriceField
from alerts.rule import Firing, Rule, RuleState
from market.instrument import Instrument
from market.news import Headline
from market.quote import Bar, BarSize, TickField
from tests.unit.alerts.drafts import AAPL, MSFT, NOW, rule, tick
from tests.unit.alerts.hours import ALWAYS, keep_open

MINUTE = timedelta(minutes=1)
Prices = tuple[float, float, float, float]
FIELDS = {PriceField.LAST: TickField.LAST, PriceField.BID: TickField.BID, PriceField.ASK: TickField.ASK}


def flat(price: float) -> Prices:
    return price, price, price, price


def bars(*prices: Prices, start: datetime = NOW, volume: float = 100.0) -> list[Bar]:
    """Return minutes from *start* on."""
    return [Bar(start + n * MINUTE, *each, volume) for n, each in enumerate(prices)]


def watching(*rules: Rule) -> Engine:
    engine = keep_open(Engine())
    engine.load(rules)
    return engine


def caught_up(
    engine: Engine,
    *missed: tuple[Instrument, PriceField, Sequence[Bar]],
    begin: datetime = NOW,
    until: datetime | None = None,
    headlines: Sequence[Headline] = (),
    **more: object,
) -> list[Firing]:
    """Let the engine be in the dark from *begin* on, and catch up with what it *missed*."""
    engine.backlog.darken(begin)
    engine.backlog.dawn()
    found: dict[Instrument, dict[PriceField, Sequence[Bar]]] = {}
    for instrument, field, made in missed:
        found.setdefault(instrument, {})[field] = made
    last = max((bar.start for _, _, made in missed for bar in made), default=begin)
    parts = []
    for con_id in list(engine.backlog.since):
        wanted = engine.backlog.wanted(con_id)
        assert wanted is not None
        parts.append(Missed(wanted, ALWAYS, found.get(wanted.instrument, {}), headlines=headlines, **more))  # type: ignore[arg-type]
    firings = engine.retrace(parts, BarSize.MIN_1, until or last + MINUTE)
    engine.release(list(engine.backlog.since))
    return firings


def minutes(firings: Sequence[Firing]) -> list[int]:
    """Return in which minute after NOW each fired."""
    return [int((firing.at - NOW) / MINUTE) for firing in firings]


def last(*prices: Prices, instrument: Instrument = AAPL) -> tuple[Instrument, PriceField, list[Bar]]:
    return instrument, PriceField.LAST, bars(*prices)


def test_a_level_that_was_reached_in_the_gap_fires_once_with_its_minute() -> None:
    engine = watching(rule("AAPL > 200"))
    engine.on_ticks([tick(199.0)])
    [firing] = caught_up(engine, last(flat(199.0), flat(199.5), (199.5, 201.0, 199.4, 199.6), flat(199.6)))
    assert minutes([firing]) == [2]
    assert firing.away is not None
    assert (firing.away.begin, firing.away.span, firing.away.is_unordered) == (NOW + 2 * MINUTE, MINUTE, False)
    assert firing.rule.state is RuleState.FIRED
    assert engine.on_ticks([tick(205.0, after_s=600)]) == []


def test_a_level_that_was_not_reached_fires_live_afterwards() -> None:
    engine = watching(rule("AAPL > 200"))
    assert caught_up(engine, last(flat(199.0), flat(199.5))) == []
    assert len(engine.on_ticks([tick(201.0, after_s=600)])) == 1


def test_a_repeated_crossing_fires_at_each_minute_it_happened_and_live_goes_on_from_there() -> None:
    engine = watching(rule("AAPL crosses above 200 every"))
    engine.on_ticks([tick(199.0)])
    fired = caught_up(engine, last(flat(199.0), flat(201.0), flat(198.0), flat(202.0), flat(202.0)))
    assert minutes(fired) == [1, 3]
    assert engine.on_ticks([tick(203.0, after_s=600)]) == []
    assert len(engine.on_ticks([tick(198.0, after_s=601), tick(201.0, after_s=602)])) == 1


def test_what_was_crossed_live_in_the_minute_of_the_loss_is_not_crossed_again_by_its_bar() -> None:
    engine = watching(rule("AAPL crosses above 200 every"))
    assert len(engine.on_ticks([tick(199.0), tick(201.0, after_s=5)])) == 1
    begin = NOW + timedelta(seconds=20)
    assert caught_up(engine, last((199.0, 201.0, 198.9, 200.8), flat(201.0)), begin=begin) == []


def test_a_rule_that_was_made_in_the_gap_hears_of_nothing_before() -> None:
    engine = watching(rule("AAPL > 200"))
    engine.backlog.darken(NOW)
    engine.add(rule("AAPL > 300", 2, at=NOW + 150 * MINUTE / 60))
    fired = caught_up(engine, last(flat(199.0), flat(301.0), flat(199.0), flat(199.0), flat(302.0)))
    assert [(firing.rule.id, *minutes([firing])) for firing in fired] == [(1, 1), (2, 4)]


def test_bids_are_told_by_bids() -> None:
    engine = watching(rule("AAPL bid > 200"), rule("AAPL ask > 200", 2), rule("AAPL > 200", 3))
    fired = caught_up(
        engine,
        (AAPL, PriceField.BID, bars(flat(198.0), flat(199.0), flat(200.5))),
        (AAPL, PriceField.ASK, bars(flat(198.2), flat(200.2), flat(200.9))),
        last(flat(198.1), flat(199.5), flat(199.9)),
    )
    assert [(firing.rule.id, *minutes([firing])) for firing in fired] == [(2, 1), (1, 2)]


def test_a_middle_is_told_by_midpoints() -> None:
    engine = watching(rule("AAPL mid > 200"), rule("AAPL > 210", 2))
    fired = caught_up(engine, (AAPL, PriceField.MID, bars(flat(199.0), flat(201.0))), last(flat(198.1), flat(199.5)))
    assert [(firing.rule.id, *minutes([firing])) for firing in fired] == [(1, 1)]


def test_a_trail_whose_order_within_the_minute_is_unknown_fires_and_says_so() -> None:
    engine = watching(rule("AAPL trails 5%"))
    engine.on_ticks([tick(100.0)])
    # A new high of 105 and a low of 99.6: 5 % under it only if the high came first. It rose, so the low came first.
    [firing] = caught_up(engine, last(flat(100.0), (100.0, 105.0, 99.6, 104.0)))
    assert minutes([firing]) == [1]
    assert firing.away is not None
    assert firing.away.is_unordered


def test_the_best_of_the_gap_is_trailed_on() -> None:
    engine = watching(rule("AAPL trails 5%"))
    engine.on_ticks([tick(100.0)])
    assert caught_up(engine, last(flat(101.0), flat(110.0), flat(107.0))) == []
    assert len(engine.on_ticks([tick(104.0, after_s=600)])) == 1


def test_two_instruments_are_compared_at_the_same_moments() -> None:
    engine = watching(rule("AAPL / MSFT > 0.5"))
    engine.on_ticks([tick(190.0), tick(400.0, instrument=MSFT)])
    fired = caught_up(
        engine,
        last(flat(190.0), flat(210.0), flat(210.0)),
        last(flat(400.0), flat(450.0), flat(410.0), instrument=MSFT),
    )
    assert minutes(fired) == [2]
    assert fired[0].away is not None
    assert not fired[0].away.is_unordered


def test_two_instruments_whose_highs_may_have_met_fire_and_say_that_the_order_is_unknown() -> None:
    engine = watching(rule("AAPL > 200 and MSFT > 400"))
    engine.on_ticks([tick(190.0), tick(390.0, instrument=MSFT)])
    [firing] = caught_up(
        engine,
        last(flat(190.0), (190.0, 201.0, 190.0, 195.0)),
        last(flat(390.0), (390.0, 401.0, 390.0, 395.0), instrument=MSFT),
    )
    assert firing.away is not None
    assert firing.away.is_unordered


def test_what_must_hold_for_two_minutes_fires_when_it_has() -> None:
    engine = watching(rule("AAPL > 200 for 2m"))
    engine.on_ticks([tick(199.0)])
    fired = caught_up(engine, last(flat(199.0), flat(201.0), flat(199.0), *[flat(202.0)] * 5))
    assert minutes(fired) in ([5], [4])


def test_a_move_within_a_window_is_found() -> None:
    engine = watching(rule("AAPL moves 2% in 5m"))
    engine.on_ticks([tick(100.0)])
    fired = caught_up(engine, last(flat(100.0), flat(100.5), flat(102.5), flat(102.5)))
    assert minutes(fired) == [2]


def test_a_day_move_is_measured_from_the_close_before() -> None:
    engine = watching(rule("AAPL +5%"))
    closes = {NOW.date() - timedelta(days=1): 100.0, NOW.date(): 150.0}
    fired = caught_up(engine, last(flat(103.0), flat(105.5), flat(104.0)), closes=closes)
    assert minutes(fired) == [1]


def test_a_sessions_volume_is_counted_from_its_beginning() -> None:
    engine = watching(rule("AAPL volume > 450"))
    early = bars(*[flat(100.0)] * 3, start=NOW - 3 * MINUTE)
    fired = caught_up(engine, (AAPL, PriceField.LAST, [*early, *bars(flat(100.0), flat(100.0), flat(100.0))]))
    assert minutes(fired) == [1]


def test_an_end_within_the_gap_is_an_end() -> None:
    engine = watching(rule("AAPL > 200 until 2026-12-24"), rule("AAPL > 200", 2))
    until = engine.rule(1)
    assert until is not None
    end = until.draft.options.until
    assert end is not None
    begin = end - 2 * MINUTE
    made = (AAPL, PriceField.LAST, bars(flat(199.0), flat(199.0), flat(199.0), flat(201.0), start=begin))
    engine.backlog.darken(begin)
    engine.on_time(end + 10 * MINUTE)
    assert [firing.rule.id for firing in caught_up(engine, made, begin=begin)] == [2]
    engine.on_time(end + 10 * MINUTE)
    ended = engine.rule(1)
    assert ended is not None
    assert ended.state is RuleState.EXPIRED


def test_one_that_ended_after_it_was_reached_in_the_gap_fires() -> None:
    engine = watching(rule("AAPL > 200 until 2026-12-24"))
    found = engine.rule(1)
    assert found is not None
    end = found.draft.options.until
    assert end is not None
    begin = end - 5 * MINUTE
    engine.backlog.darken(begin)
    engine.on_time(end + 10 * MINUTE)
    made = (AAPL, PriceField.LAST, bars(flat(199.0), flat(201.0), start=begin))
    assert len(caught_up(engine, made, begin=begin, until=end + 10 * MINUTE)) == 1


def test_a_snooze_that_ended_in_the_gap_ends_then() -> None:
    engine = watching(rule("AAPL crosses above 200").snoozed(NOW, NOW + 3 * MINUTE))
    fired = caught_up(engine, last(flat(199.0), flat(201.0), flat(199.0), flat(199.0), flat(201.0)))
    assert minutes(fired) == [4]


def test_a_headline_of_the_gap_is_told_with_its_time_and_not_again() -> None:
    engine = watching(rule('news AAPL "guidance"'))
    story = Headline("DJNL", "DJNL$1", "Apple raises guidance", NOW + 3 * MINUTE, AAPL.con_id)
    [firing] = caught_up(engine, headlines=[story], until=NOW + 5 * MINUTE)
    assert firing.at == story.time
    assert firing.away is not None
    assert engine.on_headline(story, NOW + 6 * MINUTE) == []


def test_nothing_live_moves_a_rule_that_is_behind() -> None:
    engine = watching(rule("AAPL > 200 for 1m"))
    engine.on_ticks([tick(201.0)])
    engine.backlog.darken(NOW + MINUTE / 2)
    for second in range(40, 600):
        assert engine.on_time(NOW + timedelta(seconds=second)) == []
    found = engine.rule(1)
    assert found is not None
    assert found.state is RuleState.PENDING


def test_a_lost_link_makes_no_rule_blind() -> None:
    engine = watching(rule("AAPL > 200"), rule("account cushion < 10%", 2))
    engine.on_ticks([tick(199.0)])
    engine.on_time(NOW)
    engine.backlog.darken(NOW)
    for minute in range(30):
        engine.on_time(NOW + minute * MINUTE)
    caught_up(engine, last(*[flat(199.0)] * 30))
    engine.on_time(NOW + 30 * MINUTE)
    assert [found.state for n in (1, 2) if (found := engine.rule(n))] == [RuleState.ARMED, RuleState.ARMED]


@pytest.mark.parametrize("size", [BarSize.MIN_5, BarSize.HOUR_1])
def test_coarser_bars_say_how_long_they_are(size: BarSize) -> None:
    engine = watching(rule("AAPL > 200"))
    engine.backlog.darken(NOW)
    wanted = engine.backlog.wanted(AAPL.con_id)
    assert wanted is not None
    made = [Bar(NOW + n * size.duration, *flat(199.0 + n), 1.0) for n in range(5)]
    [firing] = engine.retrace([Missed(wanted, ALWAYS, {PriceField.LAST: made})], size, NOW + 5 * size.duration)
    assert firing.away is not None
    assert (firing.away.begin, firing.away.span) == (NOW + 2 * size.duration, size.duration)
