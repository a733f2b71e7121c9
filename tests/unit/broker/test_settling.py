"""Executions held against the positions that TWS shows: before, after, in parts, and never for long."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from broker.settling import AHEAD_S, WAIT_S, Settling
from tests.fakes.clock import FakeClock

D = Decimal
ACCOUNT, AAPL = "DU1", 265598


class Bench:
    """Speaks of one holding, each execution under an id of its own."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.settling = Settling(self.clock)
        self._count = 0

    def executed(self, *quantities: int) -> None:
        for quantity in quantities:
            self._count += 1
            self.settling.executed(ACCOUNT, AAPL, f"0001.{self._count:08}.01.01", D(quantity))

    def moved(self, change: int) -> None:
        self.settling.moved(ACCOUNT, AAPL, D(change))

    @property
    def open(self) -> Mapping[int, Decimal]:
        return self.settling.open(ACCOUNT)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_an_execution_counts_until_the_position_shows_it(bench: Bench) -> None:
    bench.executed(-10)
    assert bench.open == {AAPL: -10}
    bench.moved(-10)
    assert bench.open == {}


def test_a_position_may_come_before_its_execution(bench: Bench) -> None:
    bench.moved(-10)
    bench.clock.advance(AHEAD_S - 0.1)
    bench.executed(-10)
    assert bench.open == {}


def test_an_older_change_of_the_position_was_another_trade(bench: Bench) -> None:
    bench.moved(-10)
    bench.clock.advance(AHEAD_S)
    bench.executed(-10)
    assert bench.open == {AAPL: -10}


def test_no_execution_counts_for_long(bench: Bench) -> None:
    bench.executed(-10)
    bench.clock.advance(WAIT_S - 0.1)
    bench.executed(-5)
    assert bench.open == {AAPL: -15}
    bench.clock.advance(0.1)
    assert bench.open == {AAPL: -5}


def test_a_position_that_shows_the_first_part_leaves_the_second(bench: Bench) -> None:
    bench.executed(-4, -6)
    bench.moved(-4)
    assert bench.open == {AAPL: -6}
    bench.moved(-6)
    assert bench.open == {}


def test_one_frame_may_show_a_purchase_and_a_sale(bench: Bench) -> None:
    bench.executed(10, -4)
    bench.moved(6)
    assert bench.open == {}


def test_what_was_traded_by_hand_meanwhile_hides_no_more_than_itself(bench: Bench) -> None:
    bench.executed(-10)
    bench.moved(-3)
    assert bench.open == {AAPL: -7}
    bench.moved(5)
    assert bench.open == {AAPL: -7}


def test_a_frame_that_shows_more_than_was_executed_leaves_the_rest_for_the_next_execution(bench: Bench) -> None:
    bench.executed(-4)
    bench.moved(-10)
    bench.executed(-6)
    assert bench.open == {}


def test_an_execution_that_is_told_again_counts_once_and_its_correction_the_difference(bench: Bench) -> None:
    for exec_id, quantity in (("7.01.01", -10), ("7.01.01", -10), ("7.01.02", -8), ("7.01.01", -10)):
        bench.settling.executed(ACCOUNT, AAPL, exec_id, D(quantity))
    assert bench.open == {AAPL: -8}


def test_what_is_told_at_a_connect_is_no_trade(bench: Bench) -> None:
    bench.moved(150)
    bench.settling.caught_up()
    bench.executed(10)
    assert bench.open == {AAPL: 10}


def test_accounts_and_holdings_are_apart(bench: Bench) -> None:
    bench.executed(-10)
    bench.settling.moved("DU2", AAPL, D(-10))
    bench.settling.moved(ACCOUNT, 1, D(-10))
    assert bench.open == {AAPL: -10}
    assert bench.settling.open("DU2") == {}
