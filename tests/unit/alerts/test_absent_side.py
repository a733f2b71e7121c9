"""A bid or ask that goes away: what is about it is unknown, neither true nor false, until there is one again."""

from datetime import timedelta

import pytest

from alerts.engine import Engine
from alerts.rule import RuleState
from market.instrument import Instrument
from market.quote import Quote, TickField
from tests.unit.alerts.drafts import AAPL, EURUSD, MSFT, NOW, rule, tick
from tests.unit.alerts.test_kinds import engine_with, prices, seconds, state

BID, ASK, NO_BID, NO_ASK = TickField.BID, TickField.ASK, TickField.NO_BID, TickField.NO_ASK
SECOND = timedelta(seconds=1)


def lose(engine: Engine, side: TickField = NO_BID, *, after_s: float, instrument: Instrument = AAPL) -> None:
    assert engine.on_ticks([tick(0.0, side, instrument, after_s=after_s)]) == []


@pytest.mark.parametrize("text", ["AAPL bid > 200 and MSFT > 400", "AAPL mid > 200 and MSFT > 400"])
def test_no_bid_is_unknown_to_the_bid_and_to_the_middle(text: str) -> None:
    engine = engine_with(rule(text))
    engine.on_ticks([tick(201.0, BID), tick(202.0, ASK)])
    lose(engine, after_s=1)
    assert engine.on_ticks([tick(401.0, instrument=MSFT, after_s=2)]) == []
    assert len(engine.on_ticks([tick(201.5, BID, after_s=3)])) == 1


def test_no_bid_does_not_arm_a_rule_anew() -> None:
    engine = engine_with(rule("AAPL bid < 200 every"))
    assert prices(engine.on_ticks([tick(199.0, BID)])) == [199.0]
    lose(engine, after_s=1)
    assert engine.on_ticks([tick(199.0, BID, after_s=2)]) == []


def test_the_ask_is_not_the_bid() -> None:
    engine = engine_with(rule("AAPL bid > 200 and MSFT > 400"))
    engine.on_ticks([tick(201.0, BID), tick(202.0, ASK)])
    lose(engine, NO_ASK, after_s=1)
    assert len(engine.on_ticks([tick(401.0, instrument=MSFT, after_s=2)])) == 1


def test_without_a_bid_a_currency_pair_has_no_price() -> None:
    engine = engine_with(rule("EUR.USD > 1.10 and MSFT > 400"))
    engine.on_ticks([tick(1.2, BID, EURUSD), tick(1.2002, ASK, EURUSD)])
    lose(engine, after_s=1, instrument=EURUSD)
    assert engine.on_ticks([tick(401.0, instrument=MSFT, after_s=2)]) == []


def test_the_time_that_it_must_hold_stops_with_the_bid() -> None:
    engine = engine_with(rule("AAPL bid > 200 for 1m"))
    engine.on_ticks([tick(201.0, BID)])
    seconds(engine, 1, 30)
    lose(engine, after_s=30)
    assert seconds(engine, 31, 200) == []
    engine.on_ticks([tick(201.0, BID, after_s=200)])
    assert seconds(engine, 201, 229) == []
    assert len(seconds(engine, 230, 231)) == 1


def test_the_time_that_it_must_hold_stops_with_the_line() -> None:
    engine = engine_with(rule("AAPL > 200 for 1m"))
    engine.on_ticks([tick(201.0)])
    seconds(engine, 1, 30)
    engine.forget_all()
    assert seconds(engine, 31, 200) == []
    engine.on_ticks([tick(201.0, after_s=200)])
    assert seconds(engine, 201, 228) == []
    assert len(seconds(engine, 229, 231)) == 1


def test_a_rule_on_a_bid_that_stays_away_is_blind_and_no_other() -> None:
    engine = engine_with(rule("AAPL bid > 200"), rule("AAPL > 200", 2))
    engine.on_ticks([tick(190.0, BID), tick(190.0)])
    lose(engine, after_s=1)
    for n in range(2, 330):
        engine.on_ticks([tick(190.0, after_s=n)])
        engine.on_time(NOW + n * SECOND)
    blind = engine.rule(1)
    assert blind is not None
    assert (blind.state, blind.reason) == (RuleState.BLIND, "there is no bid for AAPL")
    assert state(engine, 2) is RuleState.ARMED
    engine.on_ticks([tick(190.0, BID, after_s=330)])
    engine.on_time(NOW + 331 * SECOND)
    assert state(engine) is RuleState.ARMED


def test_a_quote_loses_its_side() -> None:
    quote = Quote(AAPL)
    for one in (tick(201.0, BID), tick(202.0, ASK), tick(0.0, NO_BID)):
        quote.applied(one)
    assert (quote.bid, quote.bid_size, quote.ask, quote.mid) == (None, None, 202.0, None)
