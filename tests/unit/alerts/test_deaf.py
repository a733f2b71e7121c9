"""A rule on an instrument whose prices were known once, and are not now, hears the first that comes again."""

from datetime import datetime, timedelta

import pytest

from alerts.engine import Engine
from alerts.rule import RuleState
from market.quote import Tick, TickField
from tests.unit.alerts.drafts import AAPL, NOW, rule, tick
from tests.unit.alerts.hours import keep_open

LATER = NOW + timedelta(minutes=5)
LINES = [
    ("AAPL > 200", [201.5, 202.0]),
    ("AAPL crosses below 200", [201.5, 201.0, 199.0]),
    ("AAPL enters 150..199", [201.5, 195.0]),
    ("AAPL leaves 201..210", [201.5, 195.0]),
    ("AAPL < 300 rth", [201.5]),
    ("AAPL > 200 every", [201.5, 203.0]),
    ("AAPL > 200 for 5s", [201.5, 203.0]),
    ("AAPL trails 1%", [201.5, 203.0, 199.0]),
    ("AAPL +5% from 100", [201.5]),
    ("AAPL > 200 and AAPL < 300", [201.5]),
]


def used() -> Engine:
    """Return an engine that heard of AAPL at 201, for a rule that is gone, and its line with it."""
    engine = keep_open(Engine())
    engine.add(rule("AAPL > 500", 9))
    engine.add(rule("AAPL volume > 50M eth", 8))
    engine.on_ticks([tick(201.0), tick(201.0, TickField.BID), tick(11e6, TickField.VOLUME)])
    engine.remove(9)
    engine.remove(8)
    engine.forget(AAPL)
    return engine


def fired(engine: Engine, lasts: list[float], field: TickField = TickField.LAST) -> list[datetime]:
    """Feed prices, one every five seconds, and let the seconds pass; return when what fired."""
    firings = []
    for second in range(60):
        now = LATER + timedelta(seconds=second)
        if second % 5 == 0 and second // 5 < len(lasts):
            firings += engine.on_ticks([Tick(AAPL, field, lasts[second // 5], 100.0, now)])
        firings += engine.on_time(now)
    return [firing.at for firing in firings]


@pytest.mark.parametrize(("line", "lasts"), LINES)
def test_a_new_rule_hears_as_much_as_in_an_engine_that_knows_nothing(line: str, lasts: list[float]) -> None:
    fresh, again = keep_open(Engine()), used()
    for engine in (fresh, again):
        assert engine.add(rule(line, at=LATER)) == []
    expected = fired(fresh, lasts)
    assert len(expected) == 1
    assert fired(again, lasts) == expected


def test_a_new_volume_rule_hears_the_first_volume() -> None:
    engine = used()
    engine.add(rule("AAPL volume > 10M", at=LATER))
    assert fired(engine, [12e6, 13e6], TickField.VOLUME) == [LATER]


def test_a_rule_that_was_paused_alone_hears_the_first_price() -> None:
    engine = keep_open(Engine())
    engine.add(rule("AAPL crosses above 200"))
    engine.on_ticks([tick(199.0), tick(201.0, TickField.BID)])
    paused = engine.rule(1)
    assert paused is not None
    engine.rest(paused.with_state(RuleState.PAUSED, NOW))
    engine.forget(AAPL)
    assert engine.add(paused.rearmed(LATER)) == []
    assert fired(engine, [198.0, 201.0, 202.0]) == [LATER + timedelta(seconds=5)]


def test_a_rule_made_while_there_is_no_bid_hears_the_next_bid() -> None:
    engine = keep_open(Engine())
    engine.add(rule("AAPL bid > 500", 9))
    engine.on_ticks([tick(201.0, TickField.BID), tick(0.0, TickField.NO_BID, after_s=1)])
    assert engine.add(rule("AAPL bid > 200", at=LATER)) == []
    assert fired(engine, [201.5], TickField.BID) == [LATER]


def test_in_an_engine_that_knows_nothing_no_rule_is_looked_at_with_every_tick() -> None:
    engine = Engine()
    engine.load([rule("AAPL > 200", rule_id) for rule_id in range(1, 100)])
    engine.on_ticks([tick(100.0)])
    assert engine._tape.books[AAPL.con_id].restless == set()
