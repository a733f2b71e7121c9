"""One login with several accounts: each order, fill, position and figure belongs to one of them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from simulator.tws.clock import ManualClock
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer

FIRST, SECOND = "DU1234567", "DU7654321"


@pytest.fixture
def exchange(clock: ManualClock) -> Exchange:
    return Exchange(clock=clock, walk=False, accounts=(FIRST, SECOND))


@pytest.fixture
async def ib(server: TwsServer, lib: Any) -> AsyncIterator[Any]:
    made = lib.IB()
    await made.connectAsync("127.0.0.1", server.port, clientId=7)
    yield made
    made.disconnect()


def held(exchange: Exchange, account: str) -> dict[str, float]:
    return {one.instrument.key: one.quantity for one in exchange.positions(account)}


async def test_an_order_is_filled_in_the_account_it_names(trader: Any, exchange: Exchange) -> None:
    before = held(exchange, FIRST)
    await trader.market(1, "BUY", 10, account=SECOND)
    assert held(exchange, SECOND) == {"AAPL": 10}
    assert held(exchange, FIRST) == before
    assert exchange.orders()[0]["account"] == SECOND


async def test_an_order_must_name_an_account(trader: Any, exchange: Exchange) -> None:
    assert await trader.market(1, "BUY", 10) == [("error", 435)]
    assert await trader.market(1, "BUY", 10, whatIf=True) == [("error", 435)]
    assert await trader.market(1, "BUY", 10, account="U999") == [("error", 321)]
    assert exchange.orders() == []


async def test_an_order_does_not_move_to_another_account(trader: Any) -> None:
    await trader.limit(1, "BUY", 10, 190.0, account=SECOND)
    assert await trader.limit(1, "BUY", 10, 191.0, account=FIRST) == [("error", 105)]


async def test_what_one_account_does_not_carry_another_may(trader: Any, exchange: Exchange) -> None:
    exchange.accounts[SECOND].cash = 100.0
    assert ("error", 201) in await trader.market(1, "BUY", 10, account=SECOND)
    assert ("status", "Filled", 10) in await trader.market(2, "BUY", 10, account=FIRST)


async def test_the_library_sees_each_account_s_own(lib: Any, ib: Any) -> None:
    assert ib.managedAccounts() == [FIRST, SECOND]
    apple = lib.Stock("AAPL", "SMART", "USD", conId=265598)
    trade = ib.placeOrder(apple, lib.MarketOrder("BUY", 10, account=SECOND))
    await ib.reqCurrentTimeAsync()
    assert trade.orderStatus.status == "Filled"
    assert {(one.account, one.position) for one in ib.positions() if one.contract.symbol == "AAPL"} == {
        (FIRST, 150),
        (SECOND, 10),
    }
    summary = await ib.accountSummaryAsync()
    assert {one.account for one in summary if one.tag == "NetLiquidation"} == {FIRST, SECOND}
    (fill,) = await ib.reqExecutionsAsync(lib.ExecutionFilter(acctCode=SECOND))
    assert fill.execution.acctNumber == SECOND
    assert await ib.reqExecutionsAsync(lib.ExecutionFilter(acctCode=FIRST)) == []
