"""An alert that cannot be evaluated is BLIND with the reason, told once, whatever it is that it lacks."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from alerts.engine import Engine
from alerts.needs import symbols_of
from alerts.rule import Rule, RuleState
from market.account import AccountSummary, Position
from market.quote import TickField
from tests.unit.alerts.drafts import AAPL, KNOWN, NOW, rule, tick
from tests.unit.alerts.hours import ALWAYS, keep_open, new_york
from tests.unit.alerts.test_kinds import CALL, SPY

SECOND = timedelta(seconds=1)
WEEK = new_york(*(date(2026, 11, day) for day in (20, 23, 24, 25)))
LAST, BID, ASK = TickField.LAST, TickField.BID, TickField.ASK


def asked(line: str) -> Rule:
    found = rule(line)
    return replace(found, instruments={symbol: KNOWN[symbol] for symbol in symbols_of(found.draft)})


def lived(
    engine: Engine, fields: tuple[TickField, ...], first: int, last: int, *, held: tuple[Position, ...] | None = None
) -> list[tuple[RuleState, str]]:
    """Let seconds pass in which these fields are told (and the account), and return what changed about the rule."""
    changes = []
    for n in range(first, last):
        now = NOW + n * SECOND
        ticks = [tick(201.0 + n % 7 / 100, field, one, after_s=n) for one in (AAPL, CALL) for field in fields]
        engine.on_ticks(ticks)
        if held is not None and n % 60 == 0:
            summary = AccountSummary("DU1", "USD", net_liquidation=Decimal(1), cushion=Decimal("0.5"))
            engine.on_account(summary, held, now)
        engine.on_time(now)
        changes += [(each.state, each.reason) for each in engine.take_changed() if each.state is RuleState.BLIND]
    return changes


@pytest.mark.parametrize(
    ("line", "fields", "reason"),
    [
        ("AAPL volume > 10M", (LAST,), "there is no volume for AAPL"),
        ("AAPL +5%", (LAST,), "there is no prior close for AAPL"),
        ("AAPL gaps 3%", (LAST, TickField.CLOSE), "there is no opening price for AAPL"),
        ("AAPL bid > 900", (LAST,), "there is no bid for AAPL"),
        ("AAPL mid > 900", (BID,), "there is no ask for AAPL"),
        ("AAPL > 900", (BID, ASK), "there is no trade for AAPL"),
        ("AAPL > 900 for 5m", (BID, ASK), "there is no trade for AAPL"),
        ("SPY 20261218 C600 iv > 0.25", (LAST, BID), f"there is no implied volatility for {CALL.label}"),
        ("SPY 20261218 C600 delta > 0.5", (LAST, TickField.IV), f"there is no delta for {CALL.label}"),
    ],
)
def test_a_value_that_is_never_told_although_others_are(line: str, fields: tuple[TickField, ...], reason: str) -> None:
    engine = keep_open(Engine())
    engine.add(asked(line))
    assert lived(engine, fields, 0, 300) == []
    assert lived(engine, fields, 300, 900) == [(RuleState.BLIND, reason)]


def test_one_that_gets_its_value_after_all_sees_again() -> None:
    engine = keep_open(Engine())
    engine.load([asked("AAPL volume > 900M"), replace(asked("AAPL > 900"), id=2)])
    assert lived(engine, (LAST,), 0, 400) == [(RuleState.BLIND, "there is no volume for AAPL")]
    assert lived(engine, (LAST, TickField.VOLUME), 400, 800) == []
    found = engine.rule(1)
    assert found is not None
    assert found.state is RuleState.ARMED


@pytest.mark.parametrize("line", ["AAPL +5%", "AAPL > 900 rth", "AAPL stale 5m", "AAPL gaps 3%"])
def test_hours_that_are_not_known(line: str) -> None:
    engine = Engine()
    engine.load([asked(line)])
    fields = (LAST, TickField.CLOSE, TickField.OPEN)
    assert lived(engine, fields, 0, 300) == []
    assert lived(engine, fields, 300, 700) == [(RuleState.BLIND, "the trading hours of AAPL are not known")]
    engine.set_hours(AAPL, ALWAYS)
    engine.on_time(NOW + 701 * SECOND)
    found = engine.rule(1)
    assert found is not None
    assert found.state is not RuleState.BLIND


@pytest.mark.parametrize("line", ["at close - 10m", "every 30m rth", "scan TOP_PERC_GAIN rth", "orders filled rth"])
@pytest.mark.parametrize("loaded", [True, False])
def test_spys_hours_where_no_instrument_is_named(line: str, *, loaded: bool) -> None:
    engine = Engine()
    if loaded:
        engine.load([asked(line)])
    else:
        engine.add(asked(line))
    assert lived(engine, (LAST,), 0, 700) == [(RuleState.BLIND, "the trading hours of SPY are not known")]
    engine.set_hours(SPY, ALWAYS)
    engine.on_time(NOW + 701 * SECOND)
    found = engine.rule(1)
    assert found is not None
    assert found.state is RuleState.ARMED


def test_a_level_at_any_hour_needs_no_hours() -> None:
    engine = Engine()
    engine.load([asked("AAPL > 900")])
    assert lived(engine, (LAST,), 0, 700) == []


@pytest.mark.parametrize("line", ["positions any -5%", "position AAPL pnl < -500", "account cushion < 10%"])
def test_an_account_that_is_not_told(line: str) -> None:
    engine = keep_open(Engine())
    engine.load([asked(line)])
    assert lived(engine, (LAST,), 0, 700) == [(RuleState.BLIND, "no account data")]
    assert lived(engine, (LAST,), 720, 900, held=(Position("DU1", AAPL, Decimal(10), Decimal(150)),)) == []
    found = engine.rule(1)
    assert found is not None
    assert found.state is RuleState.ARMED


@pytest.mark.parametrize("line", ["position AAPL pnl < -500", "AAPL > avgcost * 1.1"])
def test_a_position_that_is_not_there(line: str) -> None:
    engine = keep_open(Engine())
    engine.load([asked(line)])
    assert lived(engine, (LAST,), 0, 900, held=()) == [(RuleState.BLIND, "there is no position in AAPL")]
    bought = (Position("DU1", AAPL, Decimal(10), Decimal(500)),)
    assert lived(engine, (LAST,), 900, 1000, held=bought) == []
    found = engine.rule(1)
    assert found is not None
    assert found.state is RuleState.ARMED


@pytest.mark.parametrize("line", ["at 20:00 ET rth", "every 1d rth"])
def test_a_time_that_is_never_in_regular_hours(line: str) -> None:
    engine = Engine()
    engine.add(asked(line))
    engine.set_hours(SPY, WEEK)
    assert lived(engine, (LAST,), 0, 30) == [(RuleState.BLIND, "its time is never within regular trading hours")]


@pytest.mark.parametrize(
    "line", ["at 15:45 ET rth", "at 16:00 ET sat rth", "every 30m rth", "at close rth", "at 20:00"]
)
def test_a_time_that_comes_is_not_blind(line: str) -> None:
    engine = Engine()
    engine.add(asked(line))
    engine.set_hours(SPY, WEEK)
    assert lived(engine, (LAST,), 0, 30) == []
