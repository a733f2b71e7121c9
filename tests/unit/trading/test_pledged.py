"""What covers options that were sold is not to be given up as if that made a position smaller."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from market.account import Position
from market.instrument import ComboLeg, Instrument, SecType, combo_id
from market.ticket import OrderType, Side, parse
from tests.fakes.desk import CARD, CHAT, TRADER, DeskBench
from tests.fakes.order_events import report
from tests.fakes.trading import AAPL, ACCOUNT
from trading.bounds import Limits
from trading.codec import order_from_json, order_to_json
from trading.confirmation import Outcome
from trading.covering import pledged
from trading.errors import Limit, OrderDenied
from trading.limits import TradingState
from trading.ports import OrderFate
from trading.proposal import LegOrder, LegRole
from trading.second_step import Policy, StepKind

D = Decimal
OPTION: dict[str, Any] = {"sec_type": SecType.OPTION, "expiry": "20261218", "multiplier": "100"}
LOWER = Instrument(901, "AAPL", strike=210.0, right="C", **OPTION)
UPPER = Instrument(902, "AAPL", strike=220.0, right="C", **OPTION)
PUT = Instrument(903, "AAPL", strike=210.0, right="P", **OPTION)
LOW_PUT = Instrument(904, "AAPL", strike=200.0, right="P", **OPTION)
FUTURE = Instrument(801, "ES", SecType.FUTURE, expiry="20261218", multiplier="50")
FUTURE_CALL = Instrument(802, "ES", SecType.FUTURE_OPTION, expiry="20261218", strike=6000, right="C", multiplier="50")


def held(**quantities: int) -> list[Position]:
    named = {"shares": AAPL, "lower": LOWER, "upper": UPPER, "put": PUT, "low_put": LOW_PUT}
    return [Position(ACCOUNT, named[name], D(quantity), D(1)) for name, quantity in quantities.items()]


def make(one: Instrument, positions: list[Position], price: float = 4.0, **limits: Any) -> DeskBench:
    """Return a desk before *one* at *price* with what is held."""
    bench = DeskBench(
        Limits(**{"kinds": None, "order_value": None, "daily_value": None, "short_selling": False} | limits)
    )
    bench.market.instrument, bench.market.others = one, positions
    bench.move_to(price)
    return bench


async def denied(bench: DeskBench, text: str) -> OrderDenied:
    with pytest.raises(OrderDenied) as caught:
        await bench.propose(text)
    return caught.value


@pytest.mark.parametrize(
    ("one", "positions", "kept"),
    [
        (LOWER, held(lower=10, upper=-10), 10),
        (LOWER, held(lower=12, upper=-10), 10),
        (LOWER, held(lower=10, upper=-10, shares=300), 7),
        (LOWER, held(lower=10, upper=-10, shares=299), 8),
        (LOWER, held(lower=10, upper=-10, shares=1000), 0),
        (LOWER, held(lower=10, put=-10), 0),
        (AAPL, held(shares=100, upper=-1), 100),
        (AAPL, held(shares=150, upper=-1), 100),
        (AAPL, held(shares=100, upper=-1, lower=1), 0),
        (AAPL, held(shares=100, low_put=-1), 0),
        (PUT, held(put=10, low_put=-10), 10),
        (PUT, held(put=10, low_put=-10, shares=5000), 10),
        (LOWER, held(lower=1, shares=-100), 0),
        (replace(LOWER, symbol="MSFT"), held(upper=-1), 0),
        (FUTURE, [Position(ACCOUNT, FUTURE_CALL, D(-2), D(1))], 2),
    ],
)
def test_so_much_is_pledged_as_what_was_sold_is_not_covered_without_it(
    one: Instrument, positions: list[Position], kept: int
) -> None:
    assert pledged(one, positions) == kept


def test_sales_on_their_way_take_of_the_cover_and_a_spread_brings_its_own() -> None:
    positions, one = held(lower=1, shares=100, upper=-1), LOWER
    assert pledged(one, positions) == 0
    assert pledged(one, positions, [(AAPL, Side.SELL, D(1))]) == 1
    legs = (ComboLeg(905, 1, "BUY"), ComboLeg(906, 1, "SELL"))
    combo = Instrument(combo_id(legs), "AAPL", SecType.COMBO, legs=legs, multiplier="100", width=10.0)
    assert pledged(one, positions, [(combo, Side.BUY, D(1))]) == 0
    assert pledged(one, positions, [(replace(combo, width=0.0), Side.BUY, D(1))]) == 1


@pytest.mark.parametrize("state", [TradingState.ACTIVE, TradingState.REDUCING])
async def test_a_call_that_covers_a_sold_one_is_not_sold_as_if_that_reduced(state: TradingState) -> None:
    bench = make(LOWER, held(lower=10, upper=-10))
    bench.state = state
    denial = await denied(bench, "sell 10 AAPL 4.00")
    assert denial.limit is (Limit.SHORT_SELLING if state is TradingState.ACTIVE else Limit.TRADING_STATE)
    assert denial.allowed == 0
    bench.market.others = held(lower=12, upper=-10)
    assert (await denied(bench, "sell 3 AAPL 4.00")).allowed == 2
    assert (await bench.confirm(await bench.propose("sell 2 AAPL 4.00"))).outcome is Outcome.SENT


async def test_shares_that_cover_a_sold_call_stay_while_trading_reduces() -> None:
    bench = make(AAPL, held(shares=150, upper=-1), 200.0)
    bench.state = TradingState.REDUCING
    assert (await denied(bench, "sell 51 AAPL 199.5")).allowed == 50
    assert await bench.propose("sell 50 AAPL 199.5")
    bench.market.others = held(shares=150)
    assert await bench.propose("sell 150 AAPL 199.5")


async def test_a_sale_on_its_way_in_tws_takes_the_cover_too() -> None:
    bench = make(LOWER, held(lower=1, upper=-1, shares=100))
    assert await bench.propose("sell 1 AAPL 4.00")
    bench.gateway.open = [
        report(OrderFate.WORKING, 0, 50, order_ref="", instrument=AAPL, ticket=parse("sell 50 AAPL 205"))
    ]
    assert (await denied(bench, "sell 1 AAPL 4.00")).limit is Limit.SHORT_SELLING


async def test_what_opens_a_risk_counts_with_its_strike_for_the_order_the_second_step_and_the_day() -> None:
    positions = held(lower=1, upper=-1)
    bench = make(LOWER, positions, short_selling=True, order_value=D(20_000))
    assert (await denied(bench, "sell 1 AAPL 4.00")).actual == D(21_000)
    bench = make(LOWER, positions, short_selling=True)
    bench.second_step.policy = Policy(StepKind.PERSON, D(20_000))
    assert (await bench.confirm(await bench.propose("sell 1 AAPL 4.00"))).outcome is Outcome.SECOND_STEP
    bench = make(LOWER, positions, short_selling=True)
    card = await bench.propose("sell 1 AAPL 4.00")
    assert [order_from_json(order_to_json(order)) for order in card.orders] == list(card.orders)
    assert (await bench.confirm(card)).outcome is Outcome.SENT
    bench.desk = bench.open_desk(Limits(kinds=None, short_selling=True, daily_value=D(21_000), order_value=None))
    bench.market.instrument, bench.market.others = AAPL, []
    bench.move_to(1.0)
    assert (await denied(bench, "buy 1 AAPL 1.00")).actual == D(21_001)


def part(one: Instrument, text: str) -> LegOrder:
    ticket = parse(text)
    return LegOrder(LegRole.PART, one, ticket, ACCOUNT, reference_price=D(4))


async def test_a_list_that_first_buys_back_what_was_sold_may_sell_what_covered_it() -> None:
    bench = make(LOWER, held(lower=10, upper=-10))
    bench.state = TradingState.REDUCING
    back, sale = part(UPPER, "buy 10 AAPL market"), part(LOWER, "sell 10 AAPL market")
    assert back.ticket.order_type is OrderType.MARKET
    with pytest.raises(OrderDenied):
        await bench.desk.propose_list(sale.ticket, [sale, back], user_id=TRADER, chat_id=CHAT)
    slow = part(UPPER, "buy 10 AAPL 4.00")
    with pytest.raises(OrderDenied):
        await bench.desk.propose_list(slow.ticket, [slow, sale], user_id=TRADER, chat_id=CHAT)
    shown = await bench.desk.propose_list(back.ticket, [back, sale], user_id=TRADER, chat_id=CHAT)
    await bench.desk.shown(shown.id, CARD)
    assert (await bench.confirm(bench.store.rows[shown.id])).outcome is Outcome.SENT
