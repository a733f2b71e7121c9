"""Between an execution and the position after it: nothing is sold twice, and nothing is denied for long."""

from decimal import Decimal

import pytest

from bot.views.denial import denial
from market.account import Position
from market.instrument import ComboLeg, Instrument, SecType, combo_id
from market.ticket import Side, parse
from tests.fakes.desk import CHAT, TRADER, DeskBench
from tests.fakes.order_events import fill, hear, paid
from tests.fakes.trading import AAPL, ACCOUNT
from trading.bounds import Limits
from trading.confirmation import Outcome
from trading.errors import Limit, OrderDenied
from trading.limits import TradingState

D = Decimal
NO_SHORT = Limits(short_selling=False)


async def sold(bench: DeskBench, held: int = 10) -> None:
    """Sell ten of *held*; the execution has come, the position has not."""
    bench.market.held = D(held)
    await bench.sent("sell 10 AAPL market")
    await hear(bench, paid(fill(bench, 1, 10, 10, side=Side.SELL)))
    bench.market.executed = {AAPL.con_id: D(-10)}


async def refusal(bench: DeskBench, text: str) -> OrderDenied:
    with pytest.raises(OrderDenied) as caught:
        await bench.propose(text)
    return caught.value


@pytest.mark.parametrize("state", list(TradingState)[:2])
async def test_what_is_sold_is_not_sold_again_before_ibkr_tells_the_new_position(state: TradingState) -> None:
    bench = DeskBench(NO_SHORT)
    bench.state = state
    await sold(bench)
    found = await refusal(bench, "sell 10 AAPL market")
    assert (found.limit, found.actual) == (Limit.POSITION, "AAPL")
    assert denial(found) == (
        "AAPL was traded a moment ago and IBKR has not told the new position yet. Try again in a few seconds."
    )
    assert len(bench.gateway.submitted) == 1


async def test_what_is_left_can_be_sold_at_once_up_to_its_edge() -> None:
    bench = DeskBench(NO_SHORT)
    await sold(bench, held=25)
    await bench.propose("sell 15 AAPL market")
    assert (await refusal(bench, "sell 16 AAPL market")).limit is Limit.POSITION
    assert (await refusal(bench, "sell 26 AAPL market")).limit is Limit.SHORT_SELLING


async def test_a_card_made_before_the_execution_came_is_held_against_it() -> None:
    bench = DeskBench(NO_SHORT)
    bench.market.held = D(10)
    card = await bench.propose("sell 10 AAPL market")
    bench.market.executed = {AAPL.con_id: D(-10)}
    answer = await bench.confirm(card)
    assert (answer.outcome, answer.denial and answer.denial.limit) == (Outcome.DENIED, Limit.POSITION)
    assert bench.gateway.submitted == []


async def test_once_the_position_is_told_the_usual_words_are_said() -> None:
    bench = DeskBench(NO_SHORT)
    await sold(bench)
    bench.market.held, bench.market.executed = D(0), {}
    assert (await refusal(bench, "sell 10 AAPL market")).limit is Limit.SHORT_SELLING


async def test_what_was_bought_a_moment_ago_can_be_closed_in_a_moment() -> None:
    bench = DeskBench(NO_SHORT)
    bench.market.executed = {AAPL.con_id: D(10)}
    assert (await refusal(bench, "sell 10 AAPL market")).limit is Limit.POSITION
    bench.market.held, bench.market.executed = D(10), {}
    await bench.propose("sell 10 AAPL market")


async def test_a_short_position_is_bought_back_once() -> None:
    bench = DeskBench()
    bench.state = TradingState.REDUCING
    bench.market.held, bench.market.executed = D(-10), {AAPL.con_id: D(10)}
    assert (await refusal(bench, "buy 1 AAPL market")).limit is Limit.POSITION


async def test_what_was_bought_counts_for_the_positions_size_before_it_is_shown() -> None:
    bench = DeskBench(Limits(position_value=D("3990")))
    bench.market.executed = {AAPL.con_id: D(10)}
    await bench.propose("buy 10 AAPL 199.50")
    assert (await refusal(bench, "buy 11 AAPL 199.50")).limit is Limit.POSITION
    assert (await refusal(bench, "buy 21 AAPL 199.50")).limit is Limit.POSITION_VALUE


async def test_other_holdings_are_not_held_up() -> None:
    bench = DeskBench(NO_SHORT)
    bench.market.held, bench.market.executed = D(10), {1: D(-10)}
    await bench.propose("sell 10 AAPL market")


async def test_of_a_combo_the_legs_count_that_were_traded_by_themselves() -> None:
    legs = (ComboLeg(1, 1, "BUY"), ComboLeg(2, 1, "SELL"))
    spread = Instrument(combo_id(legs), "SPY", SecType.COMBO, legs=legs, multiplier="100", width=10.0)
    bench = DeskBench(Limits(kinds=None))
    bench.state = TradingState.REDUCING
    bench.market.instrument = spread
    bench.market.last, bench.market.bid, bench.market.ask = 4.2, 4.1, 4.3
    bench.market.others = [
        Position(ACCOUNT, Instrument(leg.con_id, "SPY", SecType.OPTION), quantity, D(1))
        for leg, quantity in zip(legs, (D(2), D(-2)), strict=True)
    ]
    await bench.desk.propose(parse("sell 2 SPY 4.10"), user_id=TRADER, chat_id=CHAT)
    bench.market.executed = {1: D(-1)}
    await bench.desk.propose(parse("sell 1 SPY 4.10"), user_id=TRADER, chat_id=CHAT)
    with pytest.raises(OrderDenied) as caught:
        await bench.desk.propose(parse("sell 2 SPY 4.10"), user_id=TRADER, chat_id=CHAT)
    assert caught.value.limit is Limit.POSITION
