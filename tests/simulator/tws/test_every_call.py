"""Every call that a bot makes, through a real library: no decode error, no violation."""

import asyncio
import logging
from typing import Any

import pytest

from simulator.tws.clock import ManualClock
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer

# Notices that are part of a normal life and that the libraries log as errors: a cancelled order, subscription or query.
_NORMAL = ("Error 202,", "cancelled:", "unsubscribed from account data")


@pytest.fixture(autouse=True)
def _no_errors_in_the_library_log(lib: Any, caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.WARNING, logger=lib.__name__)
    yield
    errors = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.levelno >= logging.ERROR and not any(text in record.getMessage() for text in _NORMAL)
    ]
    assert errors == []


async def settled(ib: Any) -> None:
    """All answers to earlier requests have come when this one has."""
    await ib.reqCurrentTimeAsync()


async def qualified(lib: Any, ib: Any, contract: Any) -> Any:
    (found,) = await ib.qualifyContractsAsync(contract)
    return found


async def test_connecting_reads_orders_positions_and_account(ib: Any, server: TwsServer) -> None:
    assert ib.managedAccounts() == ["DU1234567"]
    held = {one.contract.symbol: one.position for one in ib.positions()}
    assert held == {"AAPL": 150, "MSFT": 60, "TSLA": -20}
    assert {one.contract.symbol for one in ib.portfolio()} == {"AAPL", "MSFT", "TSLA"}
    tags = {one.tag for one in ib.accountValues()}
    assert {"NetLiquidation", "TotalCashValue", "BuyingPower", "InitMarginReq", "MaintMarginReq", "Cushion"} <= tags


async def test_connecting_as_client_zero_and_read_only(lib: Any, server: TwsServer) -> None:
    first, second = lib.IB(), lib.IB()
    await first.connectAsync("127.0.0.1", server.port, clientId=0)
    await second.connectAsync("127.0.0.1", server.port, clientId=2, readonly=True)
    assert server.clients() == [0, 2]
    first.disconnect()
    second.disconnect()


async def test_reference_data(lib: Any, ib: Any) -> None:
    apple = await qualified(lib, ib, lib.Stock("AAPL", "SMART", "USD"))
    assert apple.conId == 265598
    (details,) = await ib.reqContractDetailsAsync(apple)
    assert (details.longName, details.minTick, details.timeZoneId) == ("APPLE INC", 0.01, "US/Eastern")
    assert details.liquidSessions()
    oreal = await ib.reqContractDetailsAsync(lib.Stock("OR", "SMART", "EUR"))
    assert oreal[0].longName == "L'ORÉAL"
    futures = await ib.reqContractDetailsAsync(lib.Future("ES", exchange="CME"))
    assert len(futures) == 2
    for contract in (lib.Forex("EURUSD"), lib.Index("SPX", "CBOE"), lib.Stock("BRK B", "SMART", "USD")):
        assert (await qualified(lib, ib, contract)).conId
    samples = await ib.reqMatchingSymbolsAsync("apple")
    assert samples[0].contract.symbol == "AAPL"
    (chain, *_) = await ib.reqSecDefOptParamsAsync("SPY", "", "STK", 756733)
    assert chain.expirations
    assert 570.0 in chain.strikes
    option = lib.Option("SPY", chain.expirations[0], 570.0, "C", "SMART", currency="USD")
    assert (await qualified(lib, ib, option)).multiplier == "100"
    assert (await ib.reqMarketRuleAsync(26))[0].increment == 0.01
    ib.client.reqIds(1)
    ib.client.reqManagedAccts()
    await settled(ib)


async def test_quotes(lib: Any, ib: Any, exchange: Exchange, clock: ManualClock) -> None:
    contracts = [
        await qualified(lib, ib, contract)
        for contract in (
            lib.Stock("AAPL", "SMART", "USD"),
            lib.Forex("EURUSD"),
            lib.Index("SPX", "CBOE"),
            lib.Future("ES", exchange.catalogue.named("ES").expiry, "CME"),
        )
    ]
    ib.reqMarketDataType(1)
    tickers = [ib.reqMktData(one, "" if one.secType != "STK" else "165,233,236,456") for one in contracts]
    await settled(ib)
    apple, euro, index, future = tickers
    assert (apple.last, apple.bid, apple.ask) == (196.45, 196.44, 196.46)
    assert apple.low52week < apple.high52week
    assert not euro.hasBidAsk() or round((euro.bid + euro.ask) / 2, 5) == 1.08345
    assert index.last == 5728.8
    assert future.bid == 5755.0
    await clock.advance(1)
    exchange.push("AAPL", 200.0, size=50)
    await settled(ib)
    assert (apple.last, apple.lastSize) == (200.0, 50)
    for one in contracts:
        ib.cancelMktData(one)
    (snapshot,) = await ib.reqTickersAsync(contracts[0])
    assert snapshot.last == 200.0
    await settled(ib)


async def test_option_quotes_carry_greeks(lib: Any, ib: Any, exchange: Exchange) -> None:
    expiry = exchange.catalogue.options(756733)[0].expiry
    option = await qualified(lib, ib, lib.Option("SPY", expiry, 570.0, "C", "SMART", currency="USD"))
    ticker = ib.reqMktData(option)
    await settled(ib)
    assert 0 < ticker.modelGreeks.delta < 1
    assert ticker.bid > 0


async def test_history(lib: Any, ib: Any, exchange: Exchange, clock: ManualClock) -> None:
    apple = await qualified(lib, ib, lib.Stock("AAPL", "SMART", "USD"))
    euro = await qualified(lib, ib, lib.Forex("EURUSD"))
    daily = await ib.reqHistoricalDataAsync(apple, "", "1 Y", "1 day", "TRADES", useRTH=True)
    assert len(daily) == 366
    minutes = await ib.reqHistoricalDataAsync(apple, "", "3600 S", "1 min", "TRADES", useRTH=False, formatDate=2)
    assert len(minutes) == 60
    quotes = await ib.reqHistoricalDataAsync(euro, "", "1 D", "1 hour", "MIDPOINT", useRTH=False)
    assert quotes[0].volume == -1
    for what in ("ADJUSTED_LAST", "BID", "ASK", "BID_ASK", "HISTORICAL_VOLATILITY"):
        assert await ib.reqHistoricalDataAsync(apple, "", "2 D", "1 hour", what, useRTH=False)
    live = await ib.reqHistoricalDataAsync(apple, "", "1 D", "1 min", "TRADES", useRTH=False, keepUpToDate=True)
    exchange.push("AAPL", 201.0)
    await settled(ib)
    assert live[-1].close == 201.0
    await clock.advance(60)
    exchange.push("AAPL", 202.0)
    await settled(ib)
    assert [bar.close for bar in live[-2:]] == [201.0, 202.0]
    ib.cancelHistoricalData(live)
    schedule = await ib.reqHistoricalScheduleAsync(apple, 5)
    assert len(schedule.sessions) == 5
    assert str(await ib.reqHeadTimeStampAsync(apple, "TRADES", useRTH=False, formatDate=1)).startswith("2022")
    assert (await ib.reqHeadTimeStampAsync(apple, "TRADES", useRTH=False, formatDate=2)).year == 2022
    await settled(ib)


async def test_bars_and_ticks_in_real_time(lib: Any, ib: Any, exchange: Exchange, clock: ManualClock) -> None:
    apple = await qualified(lib, ib, lib.Stock("AAPL", "SMART", "USD"))
    bars = ib.reqRealTimeBars(apple, 5, "TRADES", useRTH=False)
    ticker = ib.reqTickByTickData(apple, "AllLast")
    ib.reqTickByTickData(apple, "BidAsk")
    ib.reqTickByTickData(apple, "MidPoint")
    await settled(ib)
    exchange.push("AAPL", 199.0)
    await settled(ib)
    assert ticker.last == 199.0
    await clock.advance(6)
    await settled(ib)
    assert bars[-1].close == 199.0
    ib.cancelRealTimeBars(bars)
    for kind in ("AllLast", "BidAsk", "MidPoint"):
        ib.cancelTickByTickData(apple, kind)
    await settled(ib)


async def test_scanner(lib: Any, ib: Any, exchange: Exchange, clock: ManualClock) -> None:
    assert len(await ib.reqScannerParametersAsync()) > 1_500_000
    exchange.push("KO", 90.0)
    found = await ib.reqScannerDataAsync(
        lib.ScannerSubscription(instrument="STK", locationCode="STK.US.MAJOR", scanCode="TOP_PERC_GAIN")
    )
    assert found[0].contractDetails.contract.symbol == "KO"
    live = ib.reqScannerSubscription(
        lib.ScannerSubscription(
            instrument="STK", locationCode="STK.US.MAJOR", scanCode="TOP_PERC_LOSE", numberOfRows=5
        ),
        [],
        [lib.TagValue("priceAbove", "20")],
    )
    await settled(ib)
    assert len(live) == 5
    exchange.rank("TOP_PERC_LOSE", ["XOM", "JPM"])
    await settled(ib)
    assert [row.contractDetails.contract.symbol for row in live[:2]] == ["XOM", "JPM"]
    ib.cancelScannerSubscription(live)
    await settled(ib)


async def test_news(lib: Any, ib: Any, exchange: Exchange) -> None:
    apple = await qualified(lib, ib, lib.Stock("AAPL", "SMART", "USD"))
    providers = await ib.reqNewsProvidersAsync()
    codes = "+".join(one.code for one in providers)
    headlines = await ib.reqHistoricalNewsAsync(apple.conId, codes, "", "", 10)
    assert len(headlines) == 10
    first = headlines[0]
    article = await ib.reqNewsArticleAsync(first.providerCode, first.articleId)
    assert "<p>" in article.articleText
    tape = await qualified(lib, ib, lib.Contract(secType="NEWS", symbol="BRFG:BRFG_ALL", exchange="BRFG"))
    ib.reqMktData(apple, "mdoff,292")
    ib.reqMktData(tape, "mdoff,292")
    ib.reqNewsBulletins(allMessages=True)
    await settled(ib)
    exchange.publish("AAPL", "Apple opens a shop on the moon", provider="FLY")
    exchange.publish(None, "Markets are open", provider="BRFG")
    exchange.bulletin("The exchange is well")
    await settled(ib)
    assert [tick.headline.rpartition("}")[2].lstrip("!") for tick in ib.newsTicks()] == [
        "Apple opens a shop on the moon",
        "Markets are open",
    ]
    assert ib.newsBulletins()[0].message == "The exchange is well"
    ib.cancelNewsBulletins()
    await settled(ib)


async def test_orders(lib: Any, ib: Any, exchange: Exchange) -> None:
    apple = await qualified(lib, ib, lib.Stock("AAPL", "SMART", "USD"))
    state = await ib.whatIfOrderAsync(apple, lib.MarketOrder("BUY", 10))
    assert float(state.initMarginChange) > 0
    assert exchange.orders() == []
    filled = ib.placeOrder(apple, lib.MarketOrder("BUY", 10, orderRef="sb-1-0"))
    await settled(ib)
    assert (filled.orderStatus.status, filled.orderStatus.avgFillPrice) == ("Filled", 196.46)
    assert filled.fills[0].commissionReport.commission == 1.0
    resting = ib.placeOrder(apple, lib.LimitOrder("SELL", 5, 250.0, tif="GTC"))
    await settled(ib)
    resting.order.lmtPrice = 240.0
    ib.placeOrder(apple, resting.order)
    await settled(ib)
    assert resting.orderStatus.status == "Submitted"
    assert exchange.orders()[-1]["limitPrice"] == 240.0
    ib.cancelOrder(resting.order)
    await settled(ib)
    assert resting.orderStatus.status == "Cancelled"
    bracket = ib.bracketOrder("BUY", 10, 190.0, 210.0, 180.0)
    trades = [ib.placeOrder(apple, order) for order in bracket]
    await settled(ib)
    assert [trade.orderStatus.status for trade in trades] == ["Submitted", "PreSubmitted", "PreSubmitted"]
    assert len(await ib.reqOpenOrdersAsync()) == 3
    assert len(await ib.reqAllOpenOrdersAsync()) == 3
    ib.reqGlobalCancel()
    await settled(ib)
    assert len(await ib.reqCompletedOrdersAsync(apiOnly=False)) == 5
    (execution,) = await ib.reqExecutionsAsync(lib.ExecutionFilter(clientId=7))
    assert execution.execution.orderRef == "sb-1-0"


async def test_orders_of_every_kind_are_understood(lib: Any, ib: Any, exchange: Exchange) -> None:
    apple = await qualified(lib, ib, lib.Stock("AAPL", "SMART", "USD"))
    kinds = [
        lib.StopOrder("SELL", 10, 150.0),
        lib.StopLimitOrder("SELL", 10, 149.0, 150.0),
        lib.Order(orderType="TRAIL", action="SELL", totalQuantity=10, trailingPercent=5.0),
        lib.Order(orderType="MIDPRICE", action="BUY", totalQuantity=10),
        lib.Order(orderType="MOC", action="BUY", totalQuantity=10),
        lib.LimitOrder(
            "BUY", 10, 100.0, algoStrategy="Adaptive", algoParams=[lib.TagValue("adaptivePriority", "Normal")]
        ),
        lib.LimitOrder(
            "BUY", 10, 100.0, conditions=[lib.PriceCondition(conId=265598, exch="SMART", isMore=True, price=300.0)]
        ),
    ]
    trades = [ib.placeOrder(apple, order) for order in kinds]
    await settled(ib)
    waiting, resting = "PreSubmitted", "Submitted"
    expected = [waiting, waiting, waiting, "Filled", waiting, resting, resting]
    assert [trade.orderStatus.status for trade in trades] == expected
    assert len(await ib.reqAllOpenOrdersAsync()) == 6
    ib.reqGlobalCancel()
    await settled(ib)


async def test_account(lib: Any, ib: Any, exchange: Exchange, clock: ManualClock) -> None:
    summary = await ib.accountSummaryAsync()
    assert {"NetLiquidation", "BuyingPower"} <= {one.tag for one in summary}
    assert {one.currency for one in summary if one.account == "All"} <= {"BASE"}
    profit = ib.reqPnL("DU1234567", "")
    single = ib.reqPnLSingle("DU1234567", "", 265598)
    await settled(ib)
    before = profit.dailyPnL
    exchange.push("AAPL", 197.45)
    await clock.advance(1)
    await settled(ib)
    assert round(profit.dailyPnL - before, 2) == 150.0
    assert single.position == 150
    ib.cancelPnL("DU1234567", "")
    ib.cancelPnLSingle("DU1234567", "", 265598)
    positions = await ib.reqPositionsAsync()
    assert len(positions) == 3
    ib.client.reqAccountUpdates(False, "DU1234567")
    ib.client.cancelPositions()
    await asyncio.wait_for(settled(ib), 5)


async def test_the_library_reads_single_bytes(lib: Any, ib: Any, server: TwsServer) -> None:
    server.faults.split = True
    apple = await qualified(lib, ib, lib.Stock("AAPL", "SMART", "USD"))
    assert apple.conId == 265598
