"""When stops, trailing stops and if-touched orders are set off, and by which price."""

from typing import Any

import pytest

from simulator.tws.exchange import Exchange


def only(exchange: Exchange) -> Any:
    return exchange.orders()[-1]


def priced(lib: Any, kind: str, action: str, **terms: Any) -> Any:
    return lib.Order(orderType=kind, action=action, totalQuantity=10, **terms)


async def test_a_share_s_stop_looks_at_the_last_trade_not_at_the_quote(
    trader: Any, lib: Any, exchange: Exchange
) -> None:
    await trader.place(1, lib.StopOrder("SELL", 10, 190.0))
    exchange.push("AAPL", 190.5, bid=189.0, ask=189.5)
    assert only(exchange)["status"] == "PreSubmitted"
    exchange.push("AAPL", 190.0)
    assert only(exchange)["status"] == "Filled"


async def test_a_stop_that_is_reached_already_goes_off_at_once(trader: Any, lib: Any, exchange: Exchange) -> None:
    await trader.place(1, lib.StopOrder("SELL", 10, 200.0))
    assert (only(exchange)["status"], only(exchange)["avgFillPrice"]) == ("Filled", 196.44)


async def test_a_stop_limit_rests_at_its_limit_once_it_is_set_off(trader: Any, lib: Any, exchange: Exchange) -> None:
    await trader.place(1, lib.StopLimitOrder("SELL", 10, 189.5, 190.0))
    exchange.push("AAPL", 188.0)
    assert ("status", "Submitted", 0) in await trader.seen()
    exchange.push("AAPL", 191.0)
    assert (only(exchange)["status"], only(exchange)["avgFillPrice"]) == ("Filled", 189.5)


@pytest.mark.parametrize(
    ("action", "path", "stop", "end"),
    [("SELL", (200.0, 210.0, 205.0), 199.5, 199.4), ("BUY", (190.0, 180.0, 185.0), 189.0, 189.1)],
)
async def test_a_trail_by_percentage_keeps_its_distance_from_the_best_price(
    trader: Any, lib: Any, exchange: Exchange, action: Any, path: Any, stop: Any, end: Any
) -> None:
    await trader.place(1, priced(lib, "TRAIL", action, trailingPercent=5.0))
    for price in path:
        exchange.push("AAPL", price)
    assert only(exchange)["stopPrice"] == stop
    exchange.push("AAPL", end)
    assert only(exchange)["status"] == "Filled"


async def test_a_trailing_limit_takes_its_limit_along(trader: Any, lib: Any, exchange: Exchange) -> None:
    trail = priced(lib, "TRAIL LIMIT", "SELL", auxPrice=5.0, trailStopPrice=190.0, lmtPriceOffset=0.5)
    await trader.place(1, trail)
    assert (only(exchange)["stopPrice"], only(exchange)["limitPrice"]) == (191.45, 190.95)
    exchange.push("AAPL", 200.0)
    assert (only(exchange)["stopPrice"], only(exchange)["limitPrice"]) == (195.0, 194.5)


async def test_a_trail_is_told_where_its_stop_is(trader: Any, lib: Any, exchange: Exchange) -> None:
    await trader.place(1, priced(lib, "TRAIL", "SELL", auxPrice=5.0))
    exchange.push("AAPL", 205.0)
    (opened, _, _) = await trader.bare.ask(16, 1)
    assert "200.0" in opened


async def test_if_touched_orders_wait_on_the_other_side_of_the_market(
    trader: Any, lib: Any, exchange: Exchange
) -> None:
    await trader.place(1, priced(lib, "MIT", "BUY", auxPrice=190.0))
    await trader.place(2, priced(lib, "LIT", "SELL", auxPrice=200.0, lmtPrice=199.0))
    assert [one["status"] for one in exchange.orders()] == ["PreSubmitted", "PreSubmitted"]
    exchange.push("AAPL", 189.9)
    exchange.push("AAPL", 200.0)
    assert [one["status"] for one in exchange.orders()] == ["Filled", "Filled"]


async def test_a_currency_s_stop_looks_at_the_quote(trader: Any, lib: Any, exchange: Exchange) -> None:
    euro = lib.Contract(conId=12087792, exchange="IDEALPRO")
    await trader.place(1, lib.StopOrder("SELL", 20_000, 1.08), euro)
    exchange.push("EUR.USD", 1.0802, bid=1.0799, ask=1.0801)
    assert only(exchange)["status"] == "PreSubmitted"
    exchange.push("EUR.USD", 1.0802, bid=1.0799, ask=1.08)
    assert only(exchange)["status"] == "Filled"


async def test_an_option_s_stop_wants_two_quotes_in_a_row(trader: Any, lib: Any, exchange: Exchange) -> None:
    option = next(one for one in exchange.catalogue.options(265598) if (one.strike, one.right) == (195.0, "C"))
    contract = lib.Contract(conId=option.con_id, exchange="SMART")
    await trader.place(1, lib.StopOrder("SELL", 1, 3.0), contract)
    for price in (194.0, 193.9):
        assert only(exchange)["status"] == "PreSubmitted"
        exchange.push("AAPL", price)
    assert only(exchange)["status"] == "Filled"


@pytest.mark.parametrize(("method", "pushes"), [(1, 2), (2, 1), (3, 2), (4, 1), (7, 1), (8, 1)])
async def test_a_trigger_method_of_one_s_own_is_followed(
    trader: Any, lib: Any, exchange: Exchange, method: Any, pushes: Any
) -> None:
    await trader.place(1, lib.StopOrder("SELL", 10, 190.0, triggerMethod=method))
    for _ in range(pushes):
        assert only(exchange)["status"] == "PreSubmitted"
        exchange.push("AAPL", 189.0)
    assert only(exchange)["status"] == "Filled"


async def test_a_stop_moved_away_waits_again(trader: Any, lib: Any, exchange: Exchange) -> None:
    exchange.desk.floor.holds_fills = True
    await trader.place(1, lib.StopLimitOrder("SELL", 10, 194.0, 195.0))
    told = await trader.place(1, lib.StopLimitOrder("SELL", 10, 179.0, 180.0))
    assert told == [("open", "PreSubmitted"), ("status", "PreSubmitted", 0)]
    exchange.desk.release_fills()
    exchange.push("AAPL", 185.0)
    assert only(exchange)["status"] == "PreSubmitted"
