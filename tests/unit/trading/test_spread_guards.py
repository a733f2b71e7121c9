"""A vertical spread is held against the limits by what may be lost with it, and its legs are the options they are."""

from dataclasses import replace
from decimal import Decimal

import pytest

from market.account import Position
from market.instrument import ComboLeg, Instrument, SecType, combo_id
from market.ticket import OrderTicket, OrderType, Side
from tests.fakes.desk import CARD, CHAT, TRADER, DeskBench
from tests.fakes.trading import ACCOUNT
from trading.errors import Limit, OrderDenied
from trading.limits import Limits, TradingState
from trading.overlap import overlap
from trading.proposal import Proposal

D = Decimal
LEGS = (ComboLeg(1, 1, "BUY"), ComboLeg(2, 1, "SELL"))
SPREAD = Instrument(
    combo_id(LEGS), "SPY", SecType.COMBO, legs=LEGS, multiplier="100", local_symbol="SPY C600/C610", width=10.0
)
LOWER = Instrument(1, "SPY", SecType.OPTION, multiplier="100", expiry="20261218", strike=600.0, right="C")
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
        ticket = OrderTicket(side, D(quantity), "SPY", OrderType.LIMIT, D(price))
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


async def test_what_is_held_of_a_spread_is_what_its_legs_make() -> None:
    bench = Bench(position_value=D(8000))
    bench.hold(10)
    assert await bench.order(Side.BUY, 10, "4.00")
    assert (await denied(bench, Side.BUY, 11, "4.00")).limit is Limit.POSITION_VALUE


async def test_while_reducing_an_order_on_a_leg_has_its_share_of_the_spread() -> None:
    bench = Bench()
    bench.hold(10)
    bench.state = TradingState.REDUCING
    await bench.confirm(await bench.order(Side.SELL, 4, "30.00", LOWER))
    assert await bench.order(Side.SELL, 6, "4.00")
    assert (await denied(bench, Side.SELL, 7, "4.00")).allowed == D(6)


async def test_while_reducing_a_spread_at_work_has_its_share_of_its_legs() -> None:
    bench = Bench()
    bench.hold(10)
    bench.state = TradingState.REDUCING
    await bench.confirm(await bench.order(Side.SELL, 4, "4.00"))
    assert await bench.order(Side.SELL, 6, "30.00", LOWER)
    assert (await denied(bench, Side.SELL, 7, "30.00", LOWER)).allowed == D(6)


def test_instruments_that_share_nothing_mean_nothing_to_each_other() -> None:
    assert overlap(SPREAD, replace(LOWER, con_id=3), Side.BUY) == {}
    assert overlap(replace(LOWER, con_id=2), SPREAD, Side.BUY) == {Side.SELL: D(1)}
