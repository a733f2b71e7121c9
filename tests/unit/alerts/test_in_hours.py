"""What a market's hours do to alerts: nights do not count, yesterday's numbers are not today's."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from alerts.engine import Engine
from alerts.needs import symbols_of
from alerts.rule import Firing, RuleState
from market.account import AccountSummary, Position
from market.instrument import Instrument
from market.news import Headline
from market.quote import Tick, TickField
from market.scan import ScanRow, ScanSpec
from tests.unit.alerts.drafts import AAPL, MSFT, rule
from tests.unit.alerts.hours import new_york
from tests.unit.alerts.test_kinds import CALL, SPY

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


def told(engine: Engine, field: TickField, price: float, at: datetime, instrument: Instrument = AAPL) -> int:
    """Let a value be told, and return how many fired."""
    return len(engine.on_ticks([Tick(instrument, field, price, 100.0, at)]))


def test_yesterdays_volume_is_not_todays() -> None:
    engine = engine_on("AAPL volume > 10M", moment(15, 50))
    assert told(engine, TickField.VOLUME, 9e6, moment(15, 51)) == 0
    engine.add(rule("AAPL volume > 8M and AAPL bid < 100", 2, at=moment(15, 52)))
    assert told(engine, TickField.VOLUME, 48e6, moment(15, 59)) == 1
    assert told(engine, TickField.BID, 99.0, moment(9, 29, 50, day=MONDAY)) == 0
    assert engine.on_time(moment(9, 30, day=MONDAY)) == []
    assert told(engine, TickField.BID, 98.0, moment(9, 30, 5, day=MONDAY)) == 0
    assert told(engine, TickField.VOLUME, 1e6, moment(9, 30, 6, day=MONDAY)) == 0
    assert told(engine, TickField.VOLUME, 11e6, moment(9, 50, day=MONDAY)) == 2


def test_a_volume_of_before_the_open_is_not_the_sessions() -> None:
    engine = engine_on("AAPL volume > 10M", moment(9, 29, day=MONDAY))
    assert told(engine, TickField.VOLUME, 48e6, moment(9, 29, 55, day=MONDAY)) == 0
    assert engine.on_time(moment(9, 30, day=MONDAY)) == []
    assert told(engine, TickField.VOLUME, 48.1e6, moment(9, 30, 1, day=MONDAY)) == 1


def test_a_greek_that_is_old_is_unknown_although_the_option_trades() -> None:
    engine = Engine()
    engine.add(rule("SPY 20261218 C600 iv > 0.25 and SPY 20261218 C600 > 1", at=moment(10, 0)))
    assert told(engine, TickField.IV, 0.3, moment(10, 0, 1), CALL) == 0
    assert told(engine, TickField.LAST, 2.0, moment(10, 10), CALL) == 0
    assert told(engine, TickField.IV, 0.31, moment(10, 10, 1), CALL) == 1


def test_the_open_interest_is_told_once_a_day_and_stays_known() -> None:
    engine = Engine()
    engine.add(rule("SPY 20261218 C600 openinterest > 1000 and SPY 20261218 C600 > 1", at=moment(10, 0)))
    assert told(engine, TickField.OPEN_INTEREST, 1500.0, moment(10, 0, 1), CALL) == 0
    assert told(engine, TickField.LAST, 2.0, moment(10, 10), CALL) == 1


@pytest.mark.parametrize("line", ["AAPL +5% eth", "AAPL ±5% eth"])
def test_a_day_move_of_all_hours_fires_once_a_day_and_on_the_next_again(line: str) -> None:
    engine = engine_on(line, moment(9, 0))
    told(engine, TickField.CLOSE, 200.0, moment(9, 1))
    trembling = [209.0, 211.0]
    days = {FRIDAY: [(10, 0), (12, 0), (16, 1), (19, 59)], MONDAY: [(5, 0), (9, 31), (17, 0)]}
    fired = [
        (day, time)
        for day, times in days.items()
        for time in times
        for price in trembling
        if told(engine, TickField.LAST, price, moment(*time, day=day))
    ]
    assert fired == [(FRIDAY, (10, 0)), (MONDAY, (5, 0))]


def test_a_weekend_belongs_to_the_next_session() -> None:
    engine = engine_on("AAPL +5% eth", moment(17, 0))
    told(engine, TickField.CLOSE, 200.0, moment(17, 1))
    assert told(engine, TickField.LAST, 211.0, moment(18, 0)) == 1
    assert told(engine, TickField.LAST, 209.0, moment(20, 0, day=date(2026, 11, 22))) == 0
    assert told(engine, TickField.LAST, 211.0, moment(20, 1, day=date(2026, 11, 22))) == 1
    assert told(engine, TickField.LAST, 209.0, moment(9, 31, day=MONDAY)) == 0
    assert told(engine, TickField.LAST, 211.0, moment(9, 32, day=MONDAY)) == 0


LISTED = ScanSpec("TOP_PERC_GAIN")


def scanned(engine: Engine, at: datetime) -> int:
    """Let a list be received that AAPL is new in, and return how many fired."""
    rows = [ScanRow(1, MSFT), ScanRow(2, AAPL)]
    fired = engine.on_scan(LISTED, rows[:1], at)
    return len(fired + engine.on_scan(LISTED, rows, at + timedelta(seconds=30)))


def headlined(engine: Engine, at: datetime) -> int:
    """Let a headline about AAPL, which is held, be received, and return how many fired."""
    return len(engine.on_headline(Headline("BRFG", str(at), f"x at {at}", at, AAPL.con_id), at))


@pytest.mark.parametrize(
    ("line", "happens"),
    [("scan TOP_PERC_GAIN rth", scanned), ('news * "x" rth', headlined), ("news portfolio rth", headlined)],
)
def test_what_names_no_instrument_keeps_the_hours_of_spy(line: str, happens: Callable[[Engine, datetime], int]) -> None:
    engine = Engine()
    engine.set_hours(SPY, new_york(FRIDAY, MONDAY))
    asked = rule(line, at=moment(9, 0))
    assert symbols_of(asked.draft) == ("SPY",)
    engine.add(replace(asked, instruments={"SPY": SPY}))
    needs = engine.needs_of(1)
    assert needs is not None
    assert (needs.hours, SPY in needs.news) == ({SPY}, False)
    engine.on_account(AccountSummary("DU1", "USD"), [Position("DU1", AAPL, Decimal(10), Decimal(150))], moment(9, 1))
    assert happens(engine, moment(9, 20)) == 0
    assert happens(engine, moment(10, 0)) == 1
    assert happens(engine, moment(16, 30)) == 0


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("at close rth", [(16, 0)]),
        ("at open - 10m rth", [(9, 20)]),
        ("at close - 10m rth", [(15, 50)]),
        ("at 16:00 ET rth", [(16, 0)]),
        ("at 20:00 ET rth", []),
        ("every 3h rth", [(10, 0), (13, 0)]),
    ],
)
def test_what_goes_by_the_session_keeps_to_it_also_at_its_edges(line: str, expected: list[tuple[int, int]]) -> None:
    engine = Engine()
    engine.set_hours(SPY, new_york(FRIDAY, MONDAY))
    engine.add(replace(rule(line, at=moment(9, 0)), instruments={"SPY": SPY}))
    times = [moment(9, 0) + timedelta(minutes=n) for n in range(12 * 60)]
    assert [firing.at for now in times for firing in engine.on_time(now)] == [moment(*time) for time in expected]
