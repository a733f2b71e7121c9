"""What a market's hours do to alerts: nights do not count, yesterday's numbers are not today's."""

from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.engine import Engine
from alerts.rule import Firing, RuleState
from market.quote import Tick, TickField
from tests.unit.alerts.drafts import AAPL, rule
from tests.unit.alerts.hours import new_york

FRIDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 23)


def moment(hour: int, minute: int, second: int = 0, *, day: date = FRIDAY) -> datetime:
    """Return a time of New York's winter day."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC) + timedelta(hours=5)


def engine_on(line: str, at: datetime) -> Engine:
    engine = Engine()
    engine.set_hours(AAPL, new_york(FRIDAY, MONDAY))
    engine.add(rule(line, at=at))
    return engine


def passed(engine: Engine, begin: datetime, end: datetime, price: float, *, step_s: int = 1) -> list[datetime]:
    """Let *price* stand from *begin* to *end*, told each step, and return when something fired."""
    firings: list[Firing] = []
    while begin < end:
        firings += engine.on_ticks([Tick(AAPL, TickField.LAST, price, 100.0, begin)])
        firings += engine.on_time(begin)
        begin += timedelta(seconds=step_s)
    return [firing.at for firing in firings]


@pytest.mark.parametrize("at_night", [True, False])
def test_what_must_hold_for_five_minutes_of_trading_does_not_hold_over_the_night(at_night: bool) -> None:
    engine = engine_on("AAPL > 200 for 5m rth", moment(15, 50))
    passed(engine, moment(15, 50, 1), moment(15, 57), 199.0)
    assert passed(engine, moment(15, 57), moment(16, 0, 30), 201.0) == []
    found = engine.rule(1)
    assert found is not None
    assert found.state is RuleState.PENDING
    if at_night:
        passed(engine, moment(16, 1), moment(9, 29, day=MONDAY), 201.0, step_s=600)
    # Three minutes less a second were held on Friday: until its last look.
    assert passed(engine, moment(9, 30, day=MONDAY), moment(9, 40, day=MONDAY), 201.0) == [moment(9, 32, 1, day=MONDAY)]


def test_what_was_false_by_the_next_morning_begins_anew() -> None:
    engine = engine_on("AAPL > 200 for 5m rth", moment(15, 50))
    passed(engine, moment(15, 57), moment(16, 0), 201.0)
    assert passed(engine, moment(9, 30, day=MONDAY), moment(9, 31, day=MONDAY), 199.0) == []
    assert passed(engine, moment(9, 31, day=MONDAY), moment(9, 40, day=MONDAY), 201.0) == [moment(9, 36, day=MONDAY)]


def test_a_night_without_a_look_does_not_count_either() -> None:
    engine = engine_on("AAPL > 200 for 5m rth", moment(15, 50))
    passed(engine, moment(15, 57), moment(15, 58), 201.0)
    # The machine slept: the first look is out of hours, and long after the close.
    engine.on_time(moment(20, 0))
    assert passed(engine, moment(9, 30, day=MONDAY), moment(9, 30, 30, day=MONDAY), 201.0) == []
