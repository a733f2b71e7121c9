"""`make bench`, on few alerts: what it measures is there, and what it prints can be read by a machine."""

import json

import pytest

from bench import __main__ as bench
from bench import polling, quiet_tick, scan_parameters
from bench.population import PRICE, instruments, rules
from bench.row import Row, table


def test_a_row_keeps_its_limit_or_says_that_it_does_not() -> None:
    most, least = Row("a", "ratio", 1.25, 1.2), Row("b", "ratio", 0.8, 0.75, is_floor=True)
    assert (most.is_within, least.is_within) == (False, True)
    assert json.loads(most.as_json()) == {"row": "a", "ratio": 1.25, "limit": 1.2, "within": False}
    assert "NOT KEPT" in table([most, least])


def test_a_row_without_a_limit_is_only_told() -> None:
    row = Row("c", "value", 3.0, unit=" s")
    assert row.is_within
    assert "3 s" in table([row])


def test_levels_lie_away_from_the_price_on_both_sides() -> None:
    levels = [float(rule.text.rsplit(" ", 1)[-1].replace(",", "")) for rule in rules(1_000, instruments(10))]
    assert min(abs(level - PRICE) for level in levels) > PRICE * 0.04
    assert min(levels) < PRICE < max(levels)


def test_quiet_ticks_and_plain_loops_are_measured() -> None:
    (quiet,) = quiet_tick.measure(many=1_000)
    (polled,) = polling.measure(alerts=1_000)
    assert quiet.limit == 1.2
    assert quiet.number > 0
    assert polled.number > 1


def test_the_scanners_document_is_loaded_and_its_load_measured() -> None:
    load, stall, again = scan_parameters.measure(times=1)
    assert (load.limit, stall.limit) == (1.0, 20.0)
    assert "scans" in load.note
    assert 0 < again.number < load.number


def test_an_unknown_row_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["quickly"]) == 2
    assert "quickly" in capsys.readouterr().err
