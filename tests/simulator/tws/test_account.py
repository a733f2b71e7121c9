"""What fills do to the account, and what sessions do to orders."""

from datetime import datetime
from typing import Any

import pytest

from simulator.tws.clock import ManualClock
from simulator.tws.exchange import Exchange
from simulator.tws.plan import NEW_YORK, RegularUS
from simulator.tws.server import TwsServer


async def test_fills_move_cash_positions_and_profit_together(trader: Any, exchange: Exchange) -> None:
    account = exchange.accounts["DU1234567"]
    cash, equity = account.cash, account.equity()
    await trader.market(1, "SELL", 150)
    assert account.cash == pytest.approx(cash + 150 * 196.44 - 1.0)
    assert account.equity() == pytest.approx(equity - 150 * 0.01 - 1.0)
    position = account.positions[265598]
    assert position.quantity == 0
    assert position.realized == pytest.approx((196.44 - 171.22) * 150 - 1.0)
    daily, _, realized = account.profit()
    assert realized == pytest.approx(position.realized)
    exchange.push("AAPL", 300.0)
    assert account.profit()[0] == pytest.approx(daily)


async def test_a_position_turns_from_long_to_short(trader: Any, exchange: Exchange) -> None:
    await trader.market(1, "SELL", 200)
    position = exchange.accounts["DU1234567"].positions[265598]
    assert (position.quantity, position.average_cost) == (-50, pytest.approx(196.44))


async def test_futures_move_cash_only_when_closed(trader: Any, lib: Any, exchange: Exchange) -> None:
    account = exchange.accounts["DU1234567"]
    future = lib.Contract(conId=exchange.catalogue.named("ES").con_id, exchange="CME")
    cash, equity = account.cash, account.equity()
    await trader.place(1, lib.MarketOrder("BUY", 1), future)
    assert account.cash == pytest.approx(cash - 2.25)
    exchange.push("ES", 5765.50)
    assert account.equity() == pytest.approx(equity + 50 * 10.0 - 2.25)
    await trader.place(2, lib.MarketOrder("SELL", 1), future)
    assert account.cash == pytest.approx(cash + 50 * 9.75 - 4.5)


@pytest.fixture
async def regular(trade_with: Any, dial: Any) -> Any:
    """Return a coroutine function that opens an exchange with regular hours at a time, with a trader on it."""
    servers = []

    async def opened_at(hour: int, minute: int) -> Any:
        clock = ManualClock(datetime(2024, 3, 28, hour, minute, tzinfo=NEW_YORK))
        exchange = Exchange(clock=clock, walk=False, plan=RegularUS())
        servers.append(TwsServer(exchange))
        await servers[-1].start()
        return trade_with(await dial(servers[-1].port, 3, 176)), exchange, clock

    yield opened_at
    for server in servers:
        await server.stop()


async def test_before_the_opening_bell_an_order_waits_for_it(regular: Any) -> None:
    trader, exchange, clock = await regular(9, 20)
    assert (await trader.market(1, "BUY", 10))[-1] == ("error", 399)
    assert exchange.orders()[0]["status"] == "PreSubmitted"
    assert (await trader.limit(2, "BUY", 10, 197.0, outsideRth=True))[-2] == ("status", "Filled", 10)
    await clock.advance(601)
    assert exchange.orders()[0]["status"] == "Filled"


async def test_an_order_of_the_evening_is_for_the_next_session(regular: Any) -> None:
    trader, exchange, clock = await regular(23, 59)
    await trader.market(1, "BUY", 10)
    await clock.advance(120)
    assert exchange.orders()[0]["status"] == "PreSubmitted"


async def test_what_is_good_for_a_day_ends_with_the_day(trade_with: Any, dial: Any) -> None:
    clock = ManualClock(datetime(2024, 3, 28, 23, 58, tzinfo=NEW_YORK))
    exchange = Exchange(clock=clock, walk=False)
    server = TwsServer(exchange)
    await server.start()
    trader = trade_with(await dial(server.port, 3, 176))
    await trader.limit(1, "BUY", 10, 190.0)
    await trader.limit(2, "BUY", 10, 190.0, tif="GTC")
    await clock.advance(180)
    assert [one["status"] for one in exchange.orders()] == ["Cancelled", "Submitted"]
    await server.stop()


async def test_a_market_on_close_fills_at_the_bell(trader: Any, lib: Any, exchange: Exchange) -> None:
    await trader.place(1, lib.Order(orderType="MOC", action="BUY", totalQuantity=10))
    exchange.push("AAPL", 198.0)
    exchange.close_session()
    assert (exchange.orders()[0]["status"], exchange.orders()[0]["avgFillPrice"]) == ("Filled", 198.0)
