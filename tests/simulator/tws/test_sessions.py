"""What the time of day does to orders: bells, auctions, dates, and hours of one's own."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from simulator.tws.clock import ManualClock
from simulator.tws.exchange import Exchange
from simulator.tws.plan import NEW_YORK, RegularUS
from simulator.tws.server import TwsServer

_DAY = 28  # a Thursday in March 2024; Friday the 29th was Good Friday, which the plan does not know


@pytest.fixture
async def opened_at(trade_with: Any, dial: Any) -> AsyncIterator[Any]:
    """Return a coroutine function that opens an exchange with regular hours at a time, with a trader on it."""
    servers = []

    async def opened(hour: int, minute: int, day: int = _DAY) -> Any:
        clock = ManualClock(datetime(2024, 3, day, hour, minute, tzinfo=NEW_YORK))
        exchange = Exchange(clock=clock, walk=False, plan=RegularUS())
        servers.append(TwsServer(exchange))
        await servers[-1].start()
        return trade_with(await dial(servers[-1].port, 3, 176)), exchange, clock

    yield opened
    for server in servers:
        await server.stop()
        assert server.violations == []


def statuses(exchange: Exchange) -> list[str]:
    return [one["status"] for one in exchange.orders()]


def order(lib: Any, kind: str, action: str = "BUY", **terms: Any) -> Any:
    return lib.Order(orderType=kind, action=action, totalQuantity=10, **terms)


async def test_orders_of_the_day_end_with_their_session(opened_at: Any) -> None:
    trader, exchange, clock = await opened_at(15, 59)
    await trader.limit(1, "BUY", 10, 190.0)
    await trader.limit(2, "BUY", 10, 190.0, outsideRth=True)
    await trader.limit(3, "BUY", 10, 190.0, tif="GTC")
    await clock.advance(61)
    assert statuses(exchange) == ["Cancelled", "Submitted", "Submitted"]
    assert ("error", 202) in await trader.seen()
    await clock.skip(4 * 3600)
    assert statuses(exchange) == ["Cancelled", "Cancelled", "Submitted"]


async def test_an_order_placed_after_the_close_is_for_the_next_session(opened_at: Any) -> None:
    trader, exchange, clock = await opened_at(16, 30, 27)
    assert (await trader.limit(1, "BUY", 10, 190.0))[-1] == ("error", 399)
    await clock.skip(17.5 * 3600)
    assert statuses(exchange) == ["Submitted"]
    await clock.skip(6 * 3600)
    assert statuses(exchange) == ["Cancelled"]


async def test_outside_regular_hours_only_those_trade_that_may(opened_at: Any) -> None:
    trader, exchange, _ = await opened_at(17, 0)
    await trader.limit(1, "BUY", 10, 190.0, tif="GTC")
    await trader.limit(2, "BUY", 10, 190.0, tif="GTC", outsideRth=True)
    exchange.push("AAPL", 189.0)
    assert statuses(exchange) == ["PreSubmitted", "Filled"]


async def test_a_stop_is_not_set_off_outside_its_hours(opened_at: Any, lib: Any) -> None:
    trader, exchange, clock = await opened_at(8, 0)
    await trader.place(1, lib.StopOrder("SELL", 10, 190.0))
    await trader.place(2, lib.StopOrder("SELL", 10, 190.0, outsideRth=True))
    exchange.push("AAPL", 189.0)
    assert statuses(exchange) == ["PreSubmitted", "Filled"]
    exchange.push("AAPL", 195.0)
    await clock.skip(2 * 3600)
    assert statuses(exchange) == ["PreSubmitted", "Filled"]


async def test_an_order_for_the_opening_fills_there_or_ends(opened_at: Any, lib: Any) -> None:
    trader, exchange, clock = await opened_at(9, 20)
    await trader.place(1, order(lib, "MKT", tif="OPG"))
    await trader.place(2, order(lib, "LMT", tif="OPG", lmtPrice=190.0))
    await trader.place(3, order(lib, "LMT", tif="OPG", lmtPrice=199.0))
    exchange.push("AAPL", 198.0)
    assert statuses(exchange) == ["PreSubmitted"] * 3
    await clock.advance(601)
    assert statuses(exchange) == ["Filled", "Cancelled", "Filled"]
    assert {one["avgFillPrice"] for one in exchange.orders()} == {0.0, 198.0}


async def test_an_order_for_the_close_fills_there_or_ends(opened_at: Any, lib: Any) -> None:
    trader, exchange, clock = await opened_at(15, 30)
    await trader.place(1, order(lib, "MOC"))
    await trader.place(2, order(lib, "LOC", lmtPrice=190.0))
    await trader.place(3, order(lib, "LOC", "SELL", lmtPrice=190.0))
    exchange.push("AAPL", 185.0)
    exchange.push("AAPL", 195.0)
    assert statuses(exchange) == ["PreSubmitted"] * 3
    await clock.advance(1801)
    assert statuses(exchange) == ["Filled", "Cancelled", "Filled"]
    assert exchange.orders()[0]["avgFillPrice"] == exchange.orders()[2]["avgFillPrice"] == 195.0


async def test_a_bell_by_command_is_heard_once(trader: Any, lib: Any, exchange: Exchange, clock: ManualClock) -> None:
    await clock.advance(61)
    await trader.limit(1, "BUY", 10, 190.0)
    exchange.close_session()
    assert statuses(exchange) == ["Cancelled"]
    await trader.place(2, order(lib, "MOC"))
    await trader.limit(3, "BUY", 10, 190.0)
    await clock.advance(5)
    assert statuses(exchange)[1:] == ["PreSubmitted", "PreSubmitted"]
    exchange.open_session()
    assert statuses(exchange)[1:] == ["PreSubmitted", "Submitted"]


async def test_outside_hours_mean_nothing_to_an_auction(opened_at: Any, lib: Any) -> None:
    trader, exchange, _ = await opened_at(15, 30)
    told = await trader.place(1, order(lib, "MOC", outsideRth=True))
    assert told == [("open", "PreSubmitted"), ("status", "PreSubmitted", 0), ("error", 2109)]
    assert statuses(exchange) == ["PreSubmitted"]


@pytest.mark.parametrize("written", ["20240328 15:00:00 US/Eastern", "20240328-19:00:00", "20240328 15:00:00"])
async def test_a_date_ends_an_order_to_the_second(opened_at: Any, written: Any) -> None:
    trader, exchange, clock = await opened_at(14, 0)
    await trader.limit(1, "BUY", 10, 190.0, tif="GTD", goodTillDate=written)
    await clock.skip(3599)
    assert statuses(exchange) == ["Submitted"]
    await clock.advance(1)
    assert statuses(exchange) == ["Cancelled"]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"tif": "GTD", "goodTillDate": "tomorrow"}, 10314),
        ({"tif": "GTD", "goodTillDate": "20240328 15:00:00 Mars/Base"}, 10314),
        ({"tif": "GTD"}, 391),
        ({"tif": "GTD", "goodTillDate": "20240328 09:00:00 US/Eastern"}, 201),
        ({"tif": "GTC", "goodTillDate": "20240329 15:00:00 US/Eastern"}, 321),
        ({"tif": "SOON"}, 321),
    ],
)
async def test_a_date_that_makes_no_sense_is_refused(trader: Any, terms: Any, code: Any) -> None:
    assert await trader.limit(1, "BUY", 10, 190.0, **terms) == [("error", code)]


async def test_an_order_waits_until_its_time(trader: Any, exchange: Exchange, clock: ManualClock) -> None:
    await trader.market(1, "BUY", 10, goodAfterTime="20240328 14:01:00 US/Eastern")
    await clock.advance(59)
    assert statuses(exchange) == ["PreSubmitted"]
    await clock.advance(1)
    assert statuses(exchange) == ["Filled"]


@pytest.mark.parametrize(
    ("day", "hour", "minute", "open_markets"),
    [(28, 3, 0, {"ES", "EUR.USD"}), (28, 17, 5, {"AAPL"}), (28, 17, 30, {"AAPL", "EUR.USD"}), (30, 12, 0, set())],
)
async def test_futures_and_currencies_keep_their_own_hours(
    opened_at: Any, lib: Any, day: Any, hour: Any, minute: Any, open_markets: Any
) -> None:
    trader, exchange, _ = await opened_at(hour, minute, day)
    for number, key in enumerate(("AAPL", "ES", "EUR.USD"), 1):
        one = exchange.catalogue.named(key)
        wish = lib.LimitOrder("BUY", 1, one.on_grid(one.price * 1.01), outsideRth=True)
        await trader.place(number, wish, lib.Contract(conId=one.con_id, exchange=one.exchange))
    assert {one["symbol"] for one in exchange.orders() if one["status"] == "Filled"} == {
        key.partition(".")[0] for key in open_markets
    }


async def test_contract_details_tell_those_hours(opened_at: Any) -> None:
    trader, exchange, _ = await opened_at(12, 0)

    async def hours(key: str) -> str:
        one = exchange.catalogue.named(key)
        request = (9, 8, 5, one.con_id, "", "", "", "0.0", "", "", one.exchange, "", "", "", "", 0, "", "", "")
        return str((await trader.bare.ask(*request))[0][26]).split(";")[0]

    assert await hours("AAPL") == "20240328:0400-20240328:2000"
    assert await hours("EUR.USD") == "20240328:0000-20240328:1700"
    assert await hours("ES") == "20240327:2300-20240328:1600"
    assert await hours("BTC.USD") == "20240328:0000-20240329:0000"
