"""Only prices of the line that is held now may fire: what an earlier line said is over."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.engine import Engine
from alerts.language import parse
from alerts.rule import Rule
from market.instrument import Instrument
from market.quote import Tick, TickField
from tests.unit.alerts.hours import keep_open

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
AAPL = Instrument(265598, "AAPL")


def rule(text: str, rule_id: int, at: datetime) -> Rule:
    draft = parse(text, at, ZoneInfo("America/New_York"))
    return Rule(rule_id, 111, 111, text, draft, {"AAPL": AAPL}, created=at, since=at)


def tick(field: TickField, price: float, seconds: float) -> Tick:
    return Tick(AAPL, field, price, 100, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("how", ["the line was let go of", "the link was lost"])
def test_a_price_from_before_fires_nothing_after(how: str) -> None:
    engine = Engine()
    keep_open(engine)
    engine.on_ticks([tick(TickField.LAST, 710.0, 0)])
    assert engine.add(rule("AAPL > 9000", 1, NOW)) == []
    engine.on_ticks([tick(TickField.LAST, 710.0, 1)])
    if how == "the line was let go of":
        engine.forget(AAPL)
    else:
        engine.forget_all()
    later = NOW + timedelta(seconds=20)
    assert engine.add(rule("AAPL > 705", 2, later)) == []
    assert engine.on_ticks([tick(TickField.BID, 689.9, 21), tick(TickField.ASK, 690.1, 21)]) == []
    assert engine.on_ticks([tick(TickField.LAST, 690.0, 22)]) == []
    assert [firing.rule.id for firing in engine.on_ticks([tick(TickField.LAST, 706.0, 23)])] == [2]
