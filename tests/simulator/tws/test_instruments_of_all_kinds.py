"""Options, futures, their options, currencies and coins: details, rules, chains, and what orders for them may be."""

from typing import Any

import pytest

from simulator.tws.exchange import Exchange


def contract(lib: Any, exchange: Exchange, key: str) -> Any:
    one = exchange.catalogue.named(key)
    return lib.Contract(conId=one.con_id, exchange=one.exchange)


def future_option(exchange: Exchange) -> Any:
    return exchange.catalogue.options(exchange.catalogue.named("ES").con_id)[0]


async def test_a_coin_is_described_with_its_sizes_and_its_rule(lib: Any, ib: Any) -> None:
    (details,) = await ib.reqContractDetailsAsync(lib.Crypto("BTC", "PAXOS", "USD"))
    assert (details.contract.localSymbol, details.minTick, details.minSize) == ("BTC.USD", 0.25, 1e-8)
    assert {"MKT", "LMT"} <= set(details.orderTypes.split(","))
    (rule,) = set(details.marketRuleIds.split(","))
    assert [(one.lowEdge, one.increment) for one in await ib.reqMarketRuleAsync(int(rule))] == [(0.0, 0.25)]


async def test_options_on_a_future_are_found_in_part_and_in_whole(lib: Any, ib: Any, exchange: Exchange) -> None:
    future = exchange.catalogue.named("ES")
    chains = await ib.reqSecDefOptParamsAsync("ES", "CME", "FUT", future.con_id)
    assert (chains[0].multiplier, 5750.0 in chains[0].strikes) == ("50", True)
    expiry = min(chains[0].expirations)
    of_the_day = await ib.reqContractDetailsAsync(lib.FuturesOption("ES", expiry, exchange="CME"))
    assert {one.contract.right for one in of_the_day} == {"C", "P"}
    assert len(of_the_day) == 50
    (one,) = await ib.reqContractDetailsAsync(lib.FuturesOption("ES", expiry, 5750, "C", "CME"))
    assert (one.underSymbol, one.underSecType, one.contract.multiplier) == (future.local_symbol, "FUT", "50")


@pytest.mark.parametrize("root", [("AAPL", 265598), ("SPY", 756733)])
async def test_a_chain_lists_what_exists(lib: Any, ib: Any, root: Any) -> None:
    chains = await ib.reqSecDefOptParamsAsync(root[0], "", "STK", root[1])
    smart = next(one for one in chains if one.exchange == "SMART")
    for expiry in smart.expirations:
        found = await ib.reqContractDetailsAsync(lib.Option(root[0], expiry, exchange="SMART", currency="USD"))
        assert {one.contract.strike for one in found} == set(smart.strikes)


async def test_the_greeks_of_an_option_on_a_future_are_told(lib: Any, ib: Any, exchange: Exchange) -> None:
    option = future_option(exchange)
    (found,) = await ib.qualifyContractsAsync(lib.Contract(conId=option.con_id, exchange="CME"))
    ticker = ib.reqMktData(found)
    await ib.reqCurrentTimeAsync()
    greeks = ticker.modelGreeks
    assert 0 < greeks.delta <= 1
    assert (greeks.impliedVol, greeks.undPrice) == (0.14, exchange.book(exchange.catalogue.named("ES")).last)


# Orders


@pytest.mark.parametrize(
    ("key", "kind", "terms"),
    [
        ("ES", "MOC", {}),
        ("EUR.USD", "LOC", {"lmtPrice": 1.0}),
        ("EUR.USD", "MIDPRICE", {}),
        ("BTC.USD", "STP", {"auxPrice": 60_000.0}),
        ("ETH.USD", "TRAIL", {"trailingPercent": 5.0}),
    ],
)
async def test_a_type_that_the_details_do_not_list_is_refused(
    trader: Any, lib: Any, exchange: Exchange, key: Any, kind: Any, terms: Any
) -> None:
    order = lib.Order(orderType=kind, action="BUY", totalQuantity=1, **terms)
    assert await trader.place(1, order, contract(lib, exchange, key)) == [("error", 387)]


@pytest.mark.parametrize(
    ("kind", "tif", "code"),
    [
        ("MOC", "GTC", 113),
        ("STP", "IOC", 111),
        ("MIDPRICE", "OPG", 111),
        ("TRAIL", "FOK", 111),
        ("MKT", "Minutes", 111),
    ],
)
async def test_a_time_in_force_that_the_type_does_not_know_is_refused(
    trader: Any, lib: Any, kind: Any, tif: Any, code: Any
) -> None:
    order = lib.Order(orderType=kind, action="BUY", totalQuantity=1, auxPrice=200.0, tif=tif)
    assert await trader.place(1, order) == [("error", code)]


@pytest.mark.parametrize(
    ("price", "is_taken"), [(2.51, True), (3.05, True), (3.01, False), (0.005, False), (2.995, False)]
)
async def test_the_rule_decides_how_fine_a_price_may_be(
    trader: Any, lib: Any, exchange: Exchange, price: Any, is_taken: Any
) -> None:
    option = exchange.catalogue.options(265598)[0]
    told = await trader.place(1, lib.LimitOrder("BUY", 1, price), lib.Contract(conId=option.con_id, exchange="SMART"))
    assert (told == [("error", 110)]) is not is_taken


async def test_an_expired_contract_takes_no_orders(trader: Any, lib: Any, exchange: Exchange, clock: Any) -> None:
    option = exchange.catalogue.options(265598)[0]
    await clock.skip(8 * 86400)
    told = await trader.place(1, lib.MarketOrder("BUY", 1), lib.Contract(conId=option.con_id, exchange="SMART"))
    assert told == [("error", 392)]


async def test_coins_are_bought_at_market_with_money_alone(trader: Any, lib: Any, exchange: Exchange) -> None:
    coin = contract(lib, exchange, "BTC.USD")
    assert await trader.place(1, lib.MarketOrder("BUY", 0.1, tif="IOC"), coin) == [("error", 10289)]
    assert await trader.place(1, lib.MarketOrder("BUY", 0.1, tif="IOC", cashQty=500.0), coin) == [("error", 10293)]
    assert await trader.place(1, lib.MarketOrder("BUY", 0, tif="DAY", cashQty=500.0), coin) == [("error", 201)]
    await trader.place(1, lib.MarketOrder("BUY", 0, tif="IOC", cashQty=500.0), coin)
    (order,) = exchange.orders()
    assert (order["status"], order["filled"]) == ("Filled", int(500 / 68_412.5 * 1e8) / 1e8)
    held = {one.instrument.key: one.quantity for one in exchange.positions("DU1234567")}["BTC.USD"]
    assert await trader.place(2, lib.MarketOrder("SELL", held * 2, tif="IOC"), coin) == [
        ("error", 201),
        ("status", "Inactive", 0),
    ]
    await trader.place(3, lib.MarketOrder("SELL", held, tif="IOC"), coin)
    assert exchange.orders()[-1]["status"] == "Filled"


@pytest.mark.parametrize(("quantity", "code"), [(0.000000001, 388), (0.123456789, 10250)])
async def test_a_coin_s_size_has_eight_decimals(
    trader: Any, lib: Any, exchange: Exchange, quantity: Any, code: Any
) -> None:
    order = lib.LimitOrder("BUY", quantity, 60_000.0)
    assert await trader.place(1, order, contract(lib, exchange, "BTC.USD")) == [("error", code)]


async def test_a_coin_s_order_of_minutes_works_for_five(trader: Any, lib: Any, exchange: Exchange, clock: Any) -> None:
    order = lib.LimitOrder("BUY", 0.01, 60_000.0, tif="Minutes")
    await trader.place(1, order, contract(lib, exchange, "BTC.USD"))
    await clock.skip(299)
    assert exchange.orders()[0]["status"] == "Submitted"
    await clock.skip(1)
    assert exchange.orders()[0]["status"] == "Cancelled"


async def test_currencies_are_bought_for_an_amount_of_dollars(trader: Any, lib: Any, exchange: Exchange) -> None:
    order = lib.MarketOrder("BUY", 0, cashQty=10_000.0)
    await trader.place(1, order, contract(lib, exchange, "EUR.USD"))
    bought = exchange.orders()[0]["filled"]
    assert bought * exchange.orders()[0]["avgFillPrice"] == pytest.approx(10_000, abs=0.02)
    assert await trader.place(2, lib.MarketOrder("BUY", 1, cashQty=100.0)) == [("error", 10244)]


async def test_an_option_on_a_future_costs_its_multiplier(trader: Any, lib: Any, exchange: Exchange) -> None:
    option = future_option(exchange)
    cash = exchange.accounts["DU1234567"].cash
    await trader.place(1, lib.MarketOrder("BUY", 1), lib.Contract(conId=option.con_id, exchange="CME"))
    price = exchange.orders()[0]["avgFillPrice"]
    assert exchange.accounts["DU1234567"].cash == pytest.approx(cash - 50 * price - 2.25)


async def test_a_preview_that_is_not_to_be_transmitted_makes_no_sense(trader: Any) -> None:
    assert await trader.market(1, "BUY", 10, whatIf=True, transmit=False) == [("error", 413)]
