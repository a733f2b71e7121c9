"""IBKR corrects an execution by telling it again, under an id that differs in its last digits alone."""

from dataclasses import replace
from decimal import Decimal

import pytest

from market.account import Fill
from market.ticket import Side
from tests.fakes.desk import DeskBench
from tests.fakes.order_events import fill, hear, paid, report, told
from trading.bounds import Limits
from trading.fees import Fees
from trading.ports import OrderFate
from trading.proposal import LegState

FIRST, SECOND = "0000e0d5.65f6a3b2.01", "0000e0d5.65f6a3b2.02"


@pytest.fixture
async def bench() -> DeskBench:
    bench = DeskBench()
    await bench.sent()
    return bench


def execution(bench: DeskBench, exec_id: str, quantity: int, cumulative: int, price: int = 200) -> Fill:
    made = fill(bench, 1, quantity, cumulative)
    return replace(made, exec_id=exec_id, price=Decimal(price), average_price=Decimal(price))


async def test_a_corrected_price_is_kept_once_and_tells_what_the_order_came_to(bench: DeskBench) -> None:
    await hear(bench, paid(execution(bench, f"{FIRST}.01", 4, 4)), paid(execution(bench, f"{SECOND}.01", 6, 10)))
    assert told(bench) == ["partly filled 4", "filled 10"]
    await hear(bench, paid(execution(bench, f"{FIRST}.02", 4, 4, 190), "0.50"))
    assert [(one.exec_id, one.price) for one in bench.store.fills.values()] == [
        (f"{SECOND}.01", Decimal(200)),
        (f"{FIRST}.02", Decimal(190)),
    ]
    (leg,) = bench.store.rows[1].legs
    assert (leg.filled, leg.average_price, leg.commission) == (10, Decimal(196), Decimal("1.50"))
    assert told(bench) == ["partly filled 4", "filled 10"]
    assert bench.store.retold[-1].average_price == Decimal(196)


async def test_a_correction_whose_commission_has_not_come_leaves_the_costs_as_they_were(bench: DeskBench) -> None:
    await hear(bench, paid(execution(bench, f"{FIRST}.01", 10, 10)))
    await hear(bench, execution(bench, f"{FIRST}.02", 10, 10, 190))
    (leg,) = bench.store.rows[1].legs
    assert (leg.average_price, leg.commission) == (Decimal(190), Decimal("1.00"))


async def test_a_corrected_quantity_is_what_is_filled_and_is_told(bench: DeskBench) -> None:
    await hear(bench, paid(execution(bench, f"{FIRST}.01", 4, 4)), paid(execution(bench, f"{SECOND}.01", 6, 10)))
    lowered = paid(execution(bench, f"{FIRST}.02", 3, 3))
    await hear(bench, lowered)
    await hear(bench, lowered)
    (leg,) = bench.store.rows[1].legs
    assert (leg.filled, leg.state, leg.average_price) == (9, LegState.FILLED, Decimal(200))
    assert told(bench) == ["partly filled 4", "filled 10", "filled 9"]


async def test_of_an_order_that_goes_on_what_was_taken_back_is_still_to_be_filled(bench: DeskBench) -> None:
    await hear(bench, paid(execution(bench, f"{FIRST}.01", 4, 4)), paid(execution(bench, f"{FIRST}.02", 3, 3)))
    # IBKR's status may still speak of the execution as it was first told.
    await hear(bench, report(OrderFate.WORKING, 4, 6))
    assert (bench.filled, bench.leg_state) == (3, "partly filled")
    await hear(bench, paid(execution(bench, f"{SECOND}.01", 6, 9)))
    assert (bench.filled, bench.leg_state) == (9, "partly filled")
    await hear(bench, report(OrderFate.WORKING, 9, 1))
    assert told(bench) == ["partly filled 4", "partly filled 3", "partly filled 9"]


async def test_an_execution_that_is_taken_back_leaves_nothing(bench: DeskBench) -> None:
    await hear(bench, paid(execution(bench, f"{FIRST}.01", 4, 4)), paid(execution(bench, f"{FIRST}.02", 0, 0)))
    (leg,) = bench.store.rows[1].legs
    assert (leg.filled, leg.average_price) == (0, None)


async def test_what_is_taken_back_is_held_again_and_may_be_sold_again() -> None:
    bench = DeskBench(Limits(short_selling=False))
    bench.market.held = Decimal(10)
    await bench.sent("sell 10 AAPL 199.50")
    sold = fill(bench, 1, 10, 10, side=Side.SELL)
    await hear(bench, paid(replace(sold, exec_id=f"{FIRST}.01")))
    await hear(bench, paid(replace(sold, exec_id=f"{FIRST}.02", quantity=Decimal(8), cumulative=Decimal(8))))
    assert (bench.filled, bench.leg_state) == (8, "filled")
    bench.market.held = Decimal(2)
    await bench.propose("sell 2 AAPL market")


async def test_what_was_corrected_is_no_news_when_it_is_told_again(bench: DeskBench) -> None:
    old = paid(execution(bench, f"{FIRST}.01", 10, 10))
    await hear(bench, old, paid(execution(bench, f"{FIRST}.02", 10, 10, 190)), old)
    (leg,) = bench.store.rows[1].legs
    assert (leg.average_price, leg.commission) == (Decimal(190), Decimal("1.00"))
    assert list(bench.store.fills) == [f"{FIRST}.02"]


async def test_executions_without_a_period_are_each_their_own(bench: DeskBench) -> None:
    fees = Fees()
    for number in (1, 2):
        fees.note("sb-1-1", paid(fill(bench, number, 5, 5 * number)))
    leg = replace(bench.store.rows[1].legs[0], filled=Decimal(10))
    assert fees.are_complete(leg)
    assert fees.added_to(leg).commission == Decimal("2.00")
