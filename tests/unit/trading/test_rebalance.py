"""From what a portfolio is to be made of to the orders that make it so."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.ticket import OrderType, Side
from tests.fakes.clock import FakeClock
from tests.fakes.exchange_floor import BMW, CALL, ES, EURUSD, MSFT, TSLA, ExchangeFloor
from tests.fakes.trading import AAPL, ACCOUNT, SHARE_RULES
from trading.batch import Why
from trading.errors import ListFault, ListRefused
from trading.lists import Lists
from trading.rebalance import Rebalance, Standing, Worth, plan
from trading.targets import parse_targets

NET = Decimal(100_000)


@pytest.fixture
def floor() -> ExchangeFloor:
    return ExchangeFloor(FakeClock())


@pytest.fixture
def lists(floor: ExchangeFloor) -> Lists:
    return Lists(floor, floor, floor, floor.clock)


def shown(planned: Rebalance) -> list[tuple[str, str, int]]:
    """Return the first card's orders as (side, symbol, quantity)."""
    return [(one.ticket.side.value, one.ticket.symbol, int(one.ticket.quantity)) for one in planned.orders]


async def test_each_target_becomes_the_order_that_is_missing_rounded_down(floor: ExchangeFloor, lists: Lists) -> None:
    floor.hold(AAPL, 100)
    planned = await lists.rebalance(parse_targets("AAPL 30% MSFT 30% cash 40%"))
    # 30,000 / 200.02 = 149.98 shares, 100 are held; 30,000 / 400.04 = 74.99.
    assert shown(planned) == [("BUY", "AAPL", 49), ("BUY", "MSFT", 74)]
    assert {one.ticket.order_type for one in planned.orders} == {OrderType.MARKET}
    assert {one.account for one in planned.orders} == {ACCOUNT}
    assert planned.later == ()
    assert planned.cash_after == 60_000 - 49 * Decimal("200.02") - 74 * Decimal("400.04")


async def test_sales_come_first_whatever_the_order_of_the_words(floor: ExchangeFloor, lists: Lists) -> None:
    floor.hold(AAPL, 200)
    planned = await lists.rebalance(parse_targets("MSFT 20% AAPL 10%"))
    # 40,000 are held; 10,000 / 199.98 = 50.005 are to stay: 149.99 too many.
    assert shown(planned) == [("SELL", "AAPL", 149), ("BUY", "MSFT", 49)]


async def test_purchases_that_the_cash_does_not_cover_wait_for_the_sales(floor: ExchangeFloor, lists: Lists) -> None:
    floor.fund(ACCOUNT, net=100_000, cash=20_000)
    floor.hold(AAPL, 400)
    planned = await lists.rebalance(parse_targets("AAPL 20% TSLA 10% MSFT 60%"))
    assert shown(planned) == [("SELL", "AAPL", 299), ("BUY", "TSLA", 39)]
    assert [(one.standing.symbol, one.quantity) for one in planned.later] == [("MSFT", 149)]


async def test_what_was_not_named_stays_and_is_said_with_its_part(floor: ExchangeFloor, lists: Lists) -> None:
    floor.hold(TSLA, 40)
    floor.hold(EURUSD, 500)
    planned = await lists.rebalance(parse_targets("AAPL 10%"))
    (left,) = planned.left
    assert (left.label, left.why, left.quantity, left.percent) == ("TSLA", Why.UNNAMED, 40, 10)


async def test_a_target_of_zero_sells_all_and_one_that_is_met_orders_nothing(
    floor: ExchangeFloor, lists: Lists
) -> None:
    floor.hold(AAPL, 100)
    floor.hold(MSFT, 25)
    planned = await lists.rebalance(parse_targets("AAPL 0% MSFT 10%"))
    assert shown(planned) == [("SELL", "AAPL", 100)]
    assert [(left.label, left.why) for left in planned.left] == [("MSFT", Why.NEAR)]


async def test_a_short_position_is_bought_back(floor: ExchangeFloor, lists: Lists) -> None:
    floor.hold(AAPL, -10)
    assert shown(await lists.rebalance(parse_targets("AAPL 0%"))) == [("BUY", "AAPL", 10)]


async def test_another_currency_is_converted_at_the_accounts_rate(floor: ExchangeFloor, lists: Lists) -> None:
    floor.fund(ACCOUNT, net=100_000, cash=60_000, EUR=1.25)
    planned = await lists.rebalance(parse_targets(f"#{BMW.con_id} 10%"))
    # 10,000 USD are 8,000 EUR: 99.87 shares at 80.1.
    assert shown(planned) == [("BUY", f"#{BMW.con_id}", 99)]
    assert planned.cash_after == 60_000 - 99 * Decimal("80.1") * Decimal("1.25")


async def test_an_option_counts_with_its_multiplier(lists: Lists) -> None:
    assert shown(await lists.rebalance(parse_targets(f"#{CALL.con_id} 1%"))) == [("BUY", f"#{CALL.con_id}", 2)]


@pytest.mark.parametrize(
    ("targets", "fault", "subject"),
    [
        (f"#{BMW.con_id} 10%", ListFault.RATE, "BMW"),
        ("AAPL 10% TSLA 5%", ListFault.QUOTE, "TSLA"),
        ("AAPL 10% MSFT 5%", ListFault.CLOSED, "MSFT"),
        (f"#{ES.con_id} 10%", ListFault.KIND, "ES 202612"),
        ("AAPL 10% #265598 5%", ListFault.TWICE, "AAPL"),
    ],
)
async def test_what_cannot_be_worked_out_is_refused_as_a_whole(
    floor: ExchangeFloor, lists: Lists, targets: str, fault: ListFault, subject: str
) -> None:
    del floor.prices[TSLA]
    floor.closed.add(MSFT)
    with pytest.raises(ListRefused) as refused:
        await lists.rebalance(parse_targets(targets))
    assert (refused.value.fault, refused.value.subject) == (fault, subject)


async def test_without_net_liquidation_or_cash_nothing_is_worked_out(floor: ExchangeFloor, lists: Lists) -> None:
    del floor.summaries[ACCOUNT]
    with pytest.raises(ListRefused) as refused:
        await lists.rebalance(parse_targets("AAPL 10%"))
    assert refused.value.fault is ListFault.NET_LIQUIDATION


async def test_more_than_cash_and_sales_give_is_refused_with_both_numbers(floor: ExchangeFloor, lists: Lists) -> None:
    floor.fund(ACCOUNT, net=100_000, cash=5_000)
    floor.hold(TSLA, 380)
    with pytest.raises(ListRefused) as refused:
        await lists.rebalance(parse_targets("AAPL 50%"))
    assert (refused.value.fault, refused.value.have) == (ListFault.SHORT_OF_MONEY, 5_000)
    assert refused.value.wanted == 249 * Decimal("200.02")


async def test_the_rest_is_bought_with_the_money_that_came_in_and_no_more(floor: ExchangeFloor, lists: Lists) -> None:
    waiting = [(MSFT, "MSFT", Decimal(149)), (TSLA, "TSLA", Decimal(10))]
    batch = await lists.rest(waiting, ACCOUNT, Decimal(62_200))
    assert [(one.ticket.symbol, one.ticket.quantity) for one in batch.orders] == [("MSFT", 149), ("TSLA", 10)]
    batch = await lists.rest(waiting, ACCOUNT, Decimal(40_500))
    assert [(one.ticket.symbol, one.ticket.quantity) for one in batch.orders] == [("MSFT", 101)]
    assert [(left.label, left.why, left.quantity) for left in batch.left] == [
        ("MSFT", Why.MONEY_OUT, 48),
        ("TSLA", Why.MONEY_OUT, 10),
    ]
    assert (await lists.rest(waiting, ACCOUNT, Decimal(-1))).orders == ()


_HOLDINGS = st.tuples(
    st.integers(-300, 500), st.integers(0, 1000), st.decimals("1", "900", places=2), st.decimals("0", "2", places=2)
)


@given(st.lists(_HOLDINGS, min_size=1, max_size=4), st.decimals("0", "100000", places=2))
def test_a_plan_never_overshoots_never_borrows_at_once_and_rounds_down(
    rows: list[tuple[int, int, Decimal, Decimal]], cash: Decimal
) -> None:
    whole = sum(weight for _, weight, _, _ in rows) or 1
    standings = [
        Standing(
            AAPL if number == 0 else MSFT,
            f"S{number}",
            Decimal(weight) * 100 / whole,
            Decimal(held),
            price,
            price + spread,
            SHARE_RULES,
        )
        for number, (held, weight, price, spread) in enumerate(rows)
    ]
    try:
        planned = plan(Worth(ACCOUNT, "USD", NET, cash), standings)
    except ListRefused:
        return
    for trade in (*planned.sells, *planned.buys, *planned.later):
        one = trade.standing
        after = one.held + (trade.quantity if trade.side is Side.BUY else -trade.quantity)
        aim = NET * one.percent / 100
        assert trade.quantity > 0
        assert trade.quantity == trade.quantity.to_integral_value()
        if trade.side is Side.BUY:
            assert after * one.ask <= aim
        else:
            assert after * one.bid >= aim - Decimal("0.0001")
    assert sum(trade.value for trade in planned.buys) <= cash or not planned.buys
    assert not planned.later or planned.sells
