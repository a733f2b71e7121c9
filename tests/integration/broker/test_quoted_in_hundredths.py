"""What is quoted in hundredths of its currency, over the wire: shares in London, corn in Chicago."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal

import pytest

from market.ticket import parse
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.fakes.trading import entry
from tests.integration.broker.conftest import Desk, desk_at, running

ACCOUNT = "DU1234567"


@pytest.fixture
async def informed(server: TwsServer) -> AsyncIterator[Desk]:
    """A desk that knows its account."""
    async with AsyncExitStack() as stack:
        desk = await stack.enter_async_context(running(desk_at(server.port)))
        await desk.up()
        await eventually(lambda: desk.portfolio.summary(ACCOUNT))
        yield desk


@pytest.mark.parametrize(
    ("symbol", "currency", "factor", "tick"),
    [
        ("VOD", "GBP", "0.01", 0.02),
        ("ZC 202612", "USD", "50", 0.25),
        ("AAPL", "USD", "1", 0.01),
        ("ES 202612", "USD", "50", 0.25),
    ],
)
async def test_ibkrs_price_magnifier_is_in_what_a_unit_is_worth(
    server: TwsServer, symbol: str, currency: str, factor: str, tick: float
) -> None:
    async with running(desk_at(server.port)) as desk:
        await desk.up()
        found = await desk.contracts.find(symbol)
        rules = await desk.contracts.rules(found)
    assert (found.currency, found.factor, found.min_tick) == (currency, Decimal(factor), tick)
    assert rules.price_steps == ((Decimal(0), Decimal(str(tick))),)


async def test_a_share_in_pence_is_bought_at_its_price_and_paid_in_pounds(informed: Desk, exchange: Exchange) -> None:
    exchange.push("VOD", 75.0, bid=74.98, ask=75.02)
    vod = await informed.contracts.find("VOD")
    account = exchange.accounts[ACCOUNT]
    before, pound = account.cash, next(one.last for one in exchange.books() if one.instrument.key == "GBP.USD")
    await informed.orders.submit(entry(vod, parse("buy 100 VOD 75.02")), "sb-1-1")
    await eventually(lambda: any(fill.cumulative == 100 for fill in informed.fills))
    assert {fill.price for fill in informed.fills} == {Decimal("75.02")}
    paid = before - account.cash
    assert paid == pytest.approx(100 * 0.7502 * pound, abs=2.0)
    (held,) = await eventually(
        lambda: [one for one in informed.portfolio.positions(ACCOUNT) if one.instrument == vod and one.market_value]
    )
    assert held.instrument.factor == Decimal("0.01")
    assert held.market_value is not None
    assert float(held.market_value) == pytest.approx(75 * pound, rel=0.05)


async def test_a_preview_of_corn_asks_for_the_margin_of_five_thousand_bushels(informed: Desk) -> None:
    found = await informed.contracts.find("ZC 202612")
    one = await informed.orders.preview(found, parse("buy 1 ZC 202612 450"), ACCOUNT)
    assert one.initial_margin_change is not None
    # Not a hundred times as much: a contract is worth about 22,500 dollars.
    assert one.initial_margin_change < Decimal(22_500)
