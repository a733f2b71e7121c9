"""Shares in London are quoted in pence, grain in cents: what they are worth is a hundredth of that, everywhere."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from alerts.ledger import Ledger
from bot.views.estimate import cost
from bot.views.order_words import expiry_words
from market.account import AccountSummary, Position
from market.codec import instrument_from_json, instrument_to_json
from market.instrument import Instrument, SecType
from market.order_rules import OrderRules
from market.quote import Quote
from market.ticket import Side, parse
from tests.fakes.desk import CHAT, TRADER, DeskBench
from tests.fakes.trading import ACCOUNT
from trading.confirmation import Outcome
from trading.errors import Limit, OrderDenied
from trading.exposure import order_value
from trading.limits import Limits
from trading.proposal import Leg, LegState
from trading.rebalance import Standing, Worth, plan
from trading.sequel import Sequel, money_of

VOD = Instrument(7, "VOD", exchange="SMART", primary_exchange="LSE", currency="GBP", min_tick=0.02, magnifier=100)
ZC = Instrument(8, "ZC", SecType.FUTURE, "CBOT", expiry="20261214", multiplier="5000", min_tick=0.25, magnifier=100)
RULES = OrderRules(frozenset(), Decimal(1), Decimal(1), ((Decimal(0), Decimal("0.02")),))


@pytest.fixture
def bench() -> DeskBench:
    """A desk of an account in pounds before a share at 75 pence."""
    bench = DeskBench(Limits(order_value=Decimal(1000)))
    bench.market.instrument, bench.market.order_rules = VOD, RULES
    bench.market.last, bench.market.bid, bench.market.ask = 75.0, 74.98, 75.02
    bench.market.summaries = {
        ACCOUNT: AccountSummary(
            ACCOUNT, "GBP", net_liquidation=Decimal(10_000), cash=Decimal(9_000), buying_power=Decimal(20_000)
        )
    }
    return bench


@pytest.mark.parametrize(
    ("line", "instrument", "bid", "ask", "worth"),
    [
        ("buy 100 VOD 75", VOD, 74.98, 75.02, "75"),
        ("sell 100 VOD market", VOD, 74.98, 75.02, "74.98"),
        ("buy 1 ZC 202612 450", ZC, 449.75, 450.0, "22500"),
    ],
)
def test_an_order_is_worth_what_it_costs(line: str, instrument: Instrument, bid: float, ask: float, worth: str) -> None:
    assert order_value(parse(line), instrument, Quote(instrument, bid=bid, ask=ask)) == Decimal(worth)


async def test_the_limit_of_an_orders_value_is_met_in_pounds(bench: DeskBench) -> None:
    # 1,333 shares at 75 pence are 999.75 pounds.
    shown = await bench.propose("buy 1333 VOD 75")
    assert (await bench.confirm(shown)).outcome is Outcome.SENT
    with pytest.raises(OrderDenied) as caught:
        await bench.propose("buy 1334 VOD 75")
    assert (caught.value.limit, caught.value.actual) == (Limit.ORDER_VALUE, Decimal("1000.5"))


@pytest.mark.parametrize(
    ("line", "quantity"),
    [
        ("buy $750 VOD 75", 1000),
        ("buy 5% nlv VOD 75", 666),
        # A pound is lost with each 20 shares: 50 pounds.
        ("buy VOD 75 risk 0.5% sl 70", 1000),
    ],
)
async def test_a_size_in_money_buys_for_that_much(bench: DeskBench, line: str, quantity: int) -> None:
    assert (await bench.propose(line)).ticket.quantity == quantity


def test_a_rebalance_weighs_what_is_held_by_its_worth() -> None:
    held = Standing(VOD, "VOD", Decimal(10), Decimal(1000), Decimal("74.98"), Decimal("75.02"), RULES)
    # 1,000 are about 750 pounds, 7.5 % of ten thousand; 10 % are about 1,333.
    planned = plan(Worth(ACCOUNT, "GBP", Decimal(10_000), Decimal(9_000)), [held], ())
    (order,) = planned.orders
    assert order.ticket.side is Side.BUY
    assert 325 <= order.ticket.quantity <= 334


async def test_the_second_card_of_a_rebalance_counts_what_the_sale_brought(bench: DeskBench) -> None:
    bench.market.held = Decimal(1000)
    sold = await bench.propose("sell 1000 VOD 75")
    leg = Leg(1, "sb-1-1", LegState.FILLED, filled=Decimal(1000), average_price=Decimal(75))
    sequel = Sequel(1, TRADER, CHAT, ACCOUNT, sold.digest, Decimal(100), (), bench.clock.now())
    found = money_of(sequel, replace(sold, legs=(leg,)), lambda amount, _currency: amount)
    assert found == Decimal(850)


async def test_the_card_says_what_it_costs_and_how_the_price_is_meant(bench: DeskBench) -> None:
    shown = await bench.propose("buy 100 VOD 75")
    assert cost(shown) == Decimal(75)
    assert expiry_words(VOD) == "price in 1/100 GBP"
    assert "one costs 50 times its price" in expiry_words(ZC)


@pytest.mark.parametrize(("instrument", "told", "quoted"), [(VOD, "0.74", 74.0), (ZC, "22500", 450.0)])
def test_what_one_cost_is_told_as_its_price_is_quoted(instrument: Instrument, told: str, quoted: float) -> None:
    now = datetime(2026, 11, 20, 15, tzinfo=UTC)
    ledger = Ledger()
    # IBKR's average cost is in the currency (nautechsystems/nautilus_trader#2531).
    ledger.take(AccountSummary(ACCOUNT, "GBP"), [Position(ACCOUNT, instrument, Decimal(1), Decimal(told))], now)
    assert ledger.cost(instrument, now) == pytest.approx(quoted)


def test_a_stored_instrument_keeps_how_it_is_quoted() -> None:
    assert instrument_from_json(instrument_to_json(VOD)).magnifier == 100
    assert "magnifier" not in instrument_to_json(replace(VOD, magnifier=1))
