"""Sold calls count with their price where shares cover them that nobody else was promised, else with their strike."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from market.account import Position
from market.instrument import ComboLeg, Instrument, SecType, combo_id
from market.ticket import Side, parse
from tests.fakes.desk import DeskBench
from tests.fakes.order_events import fill, hear, report
from tests.fakes.trading import AAPL, ACCOUNT
from trading.bounds import Limits
from trading.codec import order_from_json, order_to_json
from trading.errors import Limit, OrderDenied
from trading.ports import OrderFate

D = Decimal
OPTION: dict[str, Any] = {
    "sec_type": SecType.OPTION,
    "expiry": "20261218",
    "strike": 210.0,
    "right": "C",
    "multiplier": "100",
    "trading_class": "AAPL",
}
CALL = Instrument(901, "AAPL", **OPTION)
OTHER_CALL = Instrument(902, "AAPL", **OPTION | {"strike": 220.0})
PUT = Instrument(903, "AAPL", **OPTION | {"right": "P"})
ONE = D(420)
NAKED = D(21_000)


def make(shares: int = 100, *, one: Instrument = CALL, **limits: Any) -> DeskBench:
    """Return a desk before options at 4.18 to 4.22, with so many shares held."""
    bench = DeskBench(Limits(**{"kinds": None, "order_value": None} | limits))
    trade(bench, one)
    bench.market.others = [Position(ACCOUNT, AAPL, D(shares), D(150))] if shares else []
    return bench


def trade(bench: DeskBench, one: Instrument, price: float = 4.20) -> None:
    bench.market.instrument = one
    bench.move_to(price)


async def value(bench: DeskBench, text: str = "sell 1 AAPL 4.20") -> Decimal:
    """Return what the order counts with."""
    free, bench.desk = bench.desk, bench.open_desk(Limits(kinds=None, order_value=D("0.01")))
    with pytest.raises(OrderDenied) as caught:
        await bench.propose(text)
    bench.desk = free
    assert caught.value.limit is Limit.ORDER_VALUE
    assert isinstance(caught.value.actual, Decimal)
    return caught.value.actual


@pytest.mark.parametrize(
    ("shares", "text", "worth"),
    [
        (100, "sell 1 AAPL 4.20", ONE),
        (99, "sell 1 AAPL 4.20", NAKED),
        (299, "sell 3 AAPL 4.20", 2 * ONE + NAKED),
        (300, "sell 3 AAPL 4.20", 3 * ONE),
        (0, "sell 1 AAPL 4.20", NAKED),
        (-100, "sell 1 AAPL 4.20", NAKED),
    ],
)
async def test_a_call_is_covered_by_its_shares_to_the_last(shares: int, text: str, worth: Decimal) -> None:
    assert await value(make(shares), text) == worth


@pytest.mark.parametrize(
    "changed",
    [{"right": "P"}, {"trading_class": "2AAPL"}, {"currency": "EUR"}, {"sec_type": SecType.FUTURE_OPTION}],
    ids=["a put", "an adjusted one", "in another currency", "on a future"],
)
async def test_what_the_shares_would_not_deliver_they_do_not_cover(changed: dict[str, Any]) -> None:
    bench = make(one=replace(CALL, **changed))
    bench.market.summaries[ACCOUNT] = replace(bench.market.summaries[ACCOUNT], rates={"EUR": D(1)})
    assert await value(bench) == NAKED


@pytest.mark.parametrize(
    ("held", "quantity", "worth"),
    [(OTHER_CALL, -1, NAKED), (OTHER_CALL, 1, ONE), (PUT, -1, ONE), (replace(OTHER_CALL, symbol="MSFT"), -1, ONE)],
)
async def test_the_shares_of_calls_that_were_sold_before_are_taken(
    held: Instrument, quantity: int, worth: Decimal
) -> None:
    bench = make()
    bench.market.others.append(Position(ACCOUNT, held, D(quantity), D(400)))
    assert await value(bench) == worth


async def test_calls_that_are_on_their_way_take_theirs_and_give_them_back_when_cancelled() -> None:
    bench = make(200)
    await bench.sent("sell 1 AAPL 4.20")
    trade(bench, OTHER_CALL)
    assert await value(bench) == ONE
    assert await value(bench, "sell 2 AAPL 4.20") == ONE + 22_000
    await hear(bench, report(OrderFate.CANCELLED))
    assert await value(bench, "sell 2 AAPL 4.20") == 2 * ONE


async def test_a_call_that_was_filled_a_moment_ago_takes_its_shares_before_ibkr_shows_it() -> None:
    bench = make()
    await bench.sent("sell 1 AAPL 4.20")
    await hear(bench, replace(fill(bench, 1, 1, 1, side=Side.SELL), instrument=CALL), report(OrderFate.FILLED, 1, 0))
    assert await value(bench) == NAKED


async def test_shares_that_are_being_sold_cover_nothing_those_of_a_stop_neither() -> None:
    for text in ("sell 1 AAPL 199.50", "sell 1 AAPL stop 190"):
        bench = make()
        bench.market.instrument, bench.market.held = AAPL, bench.market.others.pop().quantity
        bench.move_to(200.0)
        await bench.sent(text)
        bench.market.others, bench.market.held = [Position(ACCOUNT, AAPL, D(100), D(150))], D(0)
        trade(bench, CALL)
        assert await value(bench) == NAKED


async def test_what_was_placed_in_tws_counts_too() -> None:
    bench = make()
    placed = report(OrderFate.WORKING, 0, 1, order_ref="", instrument=AAPL, ticket=parse("sell 1 AAPL 205"))
    bench.gateway.open = [placed]
    assert await value(bench) == NAKED
    bench.gateway.open = [replace(placed, account="DU2")]
    assert await value(bench) == ONE


async def test_a_spread_on_its_way_may_sell_a_call_with_each_of_its_legs() -> None:
    legs = (ComboLeg(901, 1, "BUY"), ComboLeg(902, 1, "SELL"))
    spread = Instrument(combo_id(legs), "AAPL", SecType.COMBO, legs=legs, multiplier="100", width=10.0)
    bench = make(300, one=spread)
    await bench.sent("buy 1 AAPL 4.20")
    trade(bench, CALL)
    assert await value(bench) == ONE
    assert await value(bench, "sell 2 AAPL 4.20") == ONE + NAKED


async def test_the_day_counts_a_covered_call_as_its_card_did_also_after_a_restart() -> None:
    bench = make(200)
    await bench.sent("sell 1 AAPL 4.20")
    bench.desk = bench.open_desk(Limits(kinds=None, order_value=None, daily_value=2 * ONE))
    await bench.propose("sell 1 AAPL 4.20")
    (order,) = bench.store.rows[1].orders
    assert order.covered == 1
    assert order_from_json(order_to_json(order)) == order
    bench.desk = bench.open_desk(Limits(kinds=None, order_value=None, daily_value=2 * ONE - D("0.01")))
    with pytest.raises(OrderDenied) as caught:
        await bench.propose("sell 1 AAPL 4.20")
    assert (caught.value.limit, caught.value.actual) == (Limit.DAILY_VALUE, 2 * ONE)


async def test_shares_that_are_gone_when_confirm_is_pressed_cover_nothing() -> None:
    bench = make(order_value=D(1_000))
    card = await bench.propose("sell 1 AAPL 4.20")
    bench.market.others = []
    answer = await bench.confirm(card)
    assert answer.denial is not None
    assert (answer.denial.limit, answer.denial.actual) == (Limit.ORDER_VALUE, NAKED)
    assert bench.gateway.submitted == []
