"""A vertical spread is held against the limits by what may be lost with it, and its legs are the options they are."""

from dataclasses import replace
from decimal import Decimal

import pytest

from broker.combo import vertical
from market.account import Position
from market.instrument import ComboLeg, Instrument, SecType, combo_id
from market.ticket import OrderTicket, OrderType, Side
from tests.fakes.desk import CARD, CHAT, TRADER, DeskBench
from tests.fakes.trading import ACCOUNT
from trading.confirmation import Outcome
from trading.errors import Limit, OrderDenied
from trading.exposure import most_lost
from trading.limits import Limits, TradingState
from trading.overlap import overlap
from trading.proposal import Proposal
from trading.second_step import Policy, StepKind

D = Decimal
LEGS = (ComboLeg(1, 1, "BUY"), ComboLeg(2, 1, "SELL"))
SPREAD = Instrument(
    combo_id(LEGS), "SPY", SecType.COMBO, legs=LEGS, multiplier="100", local_symbol="SPY C600/C610", width=10.0
)
LOWER = Instrument(1, "SPY", SecType.OPTION, multiplier="100", expiry="20261218", strike=600.0, right="C")
UPPER = replace(LOWER, con_id=2, strike=610.0)
LIMITS = Limits(kinds=None, duplicate_s=None, quote_age_s=None, collar_pct=None)


class Bench(DeskBench):
    def __init__(self, **limits: object) -> None:
        super().__init__(replace(LIMITS, **limits))  # type: ignore[arg-type]  fields of Limits
        self.market.instrument = SPREAD
        self.market.last, self.market.bid, self.market.ask = 4.0, 3.9, 4.1
        self.market.order_rules = replace(self.market.order_rules, price_steps=((D(0), D("0.01")),))

    def hold(self, spreads: int) -> None:
        held = [
            Position(ACCOUNT, replace(LOWER, con_id=leg.con_id), D(spreads if leg.side == "BUY" else -spreads), D(0))
            for leg in LEGS
        ]
        self.market.others = held

    async def order(self, side: Side, quantity: int, price: str, of: Instrument = SPREAD) -> Proposal:
        self.market.instrument = of
        ticket = OrderTicket(side, D(quantity), of.symbol, OrderType.LIMIT, D(price))
        shown = await self.desk.propose(ticket, user_id=TRADER, chat_id=CHAT)
        await self.desk.shown(shown.id, CARD)
        return shown


async def denied(bench: Bench, side: Side, quantity: int, price: str, of: Instrument = SPREAD) -> OrderDenied:
    with pytest.raises(OrderDenied) as caught:
        await bench.order(side, quantity, price, of)
    return caught.value


async def test_a_spread_that_is_bought_comes_to_its_price() -> None:
    bench = Bench(order_value=D(4000))
    assert await bench.order(Side.BUY, 10, "4.00")
    assert (await denied(bench, Side.BUY, 11, "4.00")).actual == D("4400.00")


async def test_a_spread_that_is_sold_comes_to_its_width() -> None:
    bench = Bench(order_value=D(10_000))
    assert await bench.order(Side.SELL, 10, "4.00")
    assert (await denied(bench, Side.SELL, 11, "4.00")).actual == D("11000.00")


async def test_a_spread_that_is_held_is_sold_for_its_price() -> None:
    bench = Bench(order_value=D(5000))
    bench.hold(10)
    assert await bench.order(Side.SELL, 10, "4.00")


@pytest.mark.parametrize(
    ("right", "bought", "sold", "width"),
    [("C", 600.0, 610.0, 10), ("C", 610.0, 600.0, -10), ("P", 600.0, 590.0, 10), ("P", 590.0, 600.0, -10)],
)
def test_a_spread_is_worth_its_width_or_owes_it_by_the_order_of_its_strikes(
    right: str, bought: float, sold: float, width: float
) -> None:
    legs = (replace(LOWER, con_id=con_id, right=right, strike=one) for con_id, one in ((1, bought), (2, sold)))
    assert vertical(*legs).width == width


OWING = replace(SPREAD, con_id=-7, width=-10.0)


@pytest.mark.parametrize(
    ("side", "of", "price", "worth"),
    [
        (Side.BUY, SPREAD, "4.00", D(400)),
        (Side.SELL, SPREAD, "4.00", D(1000)),
        (Side.SELL, SPREAD, "-0.50", D(1050)),
        (Side.BUY, OWING, "0.05", D(1005)),
        (Side.BUY, OWING, "-4.00", D(1000)),
        (Side.SELL, OWING, "-4.00", D(400)),
        (Side.SELL, OWING, "0.05", D(1000)),
        (Side.BUY, SPREAD, "-0.05", D(1000)),
    ],
)
async def test_who_may_end_up_owing_a_spreads_width_is_held_to_it_and_to_what_is_paid_besides(
    side: Side, of: Instrument, price: str, worth: Decimal
) -> None:
    bench = Bench(order_value=D("0.01"))
    bench.market.last = bench.market.bid = bench.market.ask = float(price)
    # Only what is written as a spread may have a price below zero.
    named = replace(of, symbol="SPY 20261218 C600/C610")
    assert (await denied(bench, side, 1, price, named)).actual == worth


async def test_a_spread_bought_the_losing_way_takes_the_second_step_by_its_width() -> None:
    bench = Bench(order_value=None)
    bench.second_step.policy = Policy(StepKind.PERSON, D(1_000))
    bench.market.last = bench.market.bid = bench.market.ask = 0.05
    card = bench.store.rows[(await bench.order(Side.BUY, 1, "0.05", OWING)).id]
    assert (await bench.confirm(card)).outcome is Outcome.SECOND_STEP


@pytest.mark.parametrize(
    ("side", "of", "price", "lost"),
    [
        (Side.BUY, SPREAD, "4.00", D(400)),
        (Side.SELL, SPREAD, "4.00", D(600)),
        (Side.BUY, OWING, "0.05", D(1005)),
        (Side.BUY, OWING, "-4.00", D(600)),
        (Side.SELL, OWING, "-4.00", D(400)),
        (Side.SELL, OWING, "0.05", D(0)),
        (Side.BUY, replace(SPREAD, width=0.0), "4.00", None),
    ],
)
def test_what_a_spread_may_lose_at_most_is_exact(side: Side, of: Instrument, price: str, lost: Decimal | None) -> None:
    assert most_lost(side, of, D(price)) == lost


async def test_what_is_held_of_a_spread_is_what_its_legs_make() -> None:
    bench = Bench(position_value=D(8000))
    bench.hold(10)
    assert await bench.order(Side.BUY, 10, "4.00")
    assert (await denied(bench, Side.BUY, 11, "4.00")).limit is Limit.POSITION_VALUE


async def test_while_reducing_an_order_on_a_leg_has_its_share_of_the_spread() -> None:
    bench = Bench()
    bench.hold(10)
    bench.state = TradingState.REDUCING
    await bench.confirm(await bench.order(Side.BUY, 4, "30.00", UPPER))
    assert await bench.order(Side.SELL, 6, "4.00")
    assert (await denied(bench, Side.SELL, 7, "4.00")).allowed == D(6)


async def test_while_reducing_a_spread_at_work_has_its_share_of_its_legs() -> None:
    bench = Bench()
    bench.hold(10)
    bench.state = TradingState.REDUCING
    await bench.confirm(await bench.order(Side.SELL, 4, "4.00"))
    assert await bench.order(Side.BUY, 6, "30.00", UPPER)
    assert (await denied(bench, Side.BUY, 7, "30.00", UPPER)).allowed == D(6)


def test_instruments_that_share_nothing_mean_nothing_to_each_other() -> None:
    assert overlap(SPREAD, replace(LOWER, con_id=3), Side.BUY) == {}
    assert overlap(replace(LOWER, con_id=2), SPREAD, Side.BUY) == {Side.SELL: D(1)}


PUT = replace(LOWER, con_id=7, right="P")


async def test_an_option_that_is_sold_comes_to_its_strike() -> None:
    bench = Bench(order_value=D(60_000))
    assert await bench.order(Side.SELL, 1, "4.00", PUT)
    assert (await denied(bench, Side.SELL, 2, "4.00", PUT)).actual == D("120000.00")
    assert await bench.order(Side.BUY, 100, "4.00", PUT)


async def test_options_sold_one_after_another_are_a_position_at_their_strike() -> None:
    bench = Bench(order_value=None, position_value=D(120_000))
    bench.market.others = [Position(ACCOUNT, PUT, D(-1), D(0))]
    assert await bench.order(Side.SELL, 1, "4.00", PUT)
    assert (await denied(bench, Side.SELL, 2, "4.00", PUT)).limit is Limit.POSITION_VALUE


async def test_spreads_sold_one_after_another_are_a_position_at_their_width() -> None:
    bench = Bench(position_value=D(20_000))
    bench.hold(-10)
    assert await bench.order(Side.SELL, 10, "4.00")
    assert (await denied(bench, Side.SELL, 11, "4.00")).actual == D("21000.00")


@pytest.mark.parametrize("of", [PUT, SPREAD])
async def test_what_is_held_is_sold_for_its_price_also_for_the_day_and_the_second_step(of: Instrument) -> None:
    bench = Bench(order_value=D(5000), daily_value=D(5000))
    bench.second_step.policy = Policy(StepKind.PERSON, D(5000))
    bench.hold(10)
    bench.market.others = [*bench.market.others, Position(ACCOUNT, PUT, D(10), D(0))]
    sale = await bench.confirm(bench.store.rows[(await bench.order(Side.SELL, 10, "4.00", of)).id])
    assert sale.outcome is Outcome.SENT
    assert await bench.order(Side.BUY, 2, "4.00")
    assert (await denied(bench, Side.BUY, 3, "4.00")).limit is Limit.DAILY_VALUE


async def test_selling_what_is_not_held_takes_the_second_step_by_its_strike() -> None:
    bench = Bench(order_value=None)
    bench.second_step.policy = Policy(StepKind.PERSON, D(50_000))
    card = bench.store.rows[(await bench.order(Side.SELL, 1, "4.00", PUT)).id]
    assert (await bench.confirm(card)).outcome is Outcome.SECOND_STEP


@pytest.mark.parametrize("limits", [{"position_value": D(10**9)}, {"net_liquidation_pct": D(100)}])
async def test_where_positions_are_bounded_a_combo_of_which_nobody_knows_the_strikes_is_only_closed(
    limits: dict[str, Decimal],
) -> None:
    bench, unknown = Bench(**limits), replace(SPREAD, width=0.0)
    assert (await denied(bench, Side.BUY, 1, "4.00", unknown)).limit is Limit.SEC_TYPE
    bench.hold(1)
    assert await bench.order(Side.SELL, 1, "4.00", unknown)
