"""IBKR's own Python client against the TWS, where it is installed: every callback, no decode error, no violation."""

import asyncio
import logging
import threading
from collections import defaultdict
from typing import Any

import pytest

from simulator.tws.clock import ManualClock
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer

pytest.importorskip("ibapi", reason="ibapi, IBKR's own client, is not installed here")

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.order_condition import PriceCondition
from ibapi.scanner import ScannerSubscription
from ibapi.wrapper import EWrapper


class Recorder(EWrapper):
    """Remembers every callback."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = defaultdict(list)
        self.arrived = threading.Condition()
        for name in dir(EWrapper):
            if not name.startswith("_") and callable(getattr(EWrapper, name)):
                setattr(self, name, self._noting(name))

    def _noting(self, name: str) -> Any:
        def note(*args: Any, **named: Any) -> None:
            with self.arrived:
                self.calls[name].append((*args, *named.values()))
                self.arrived.notify_all()

        return note

    def wait_for(self, name: str, count: int = 1) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.calls[name]) >= count, timeout=20), name


def stock() -> Any:
    made = Contract()
    made.symbol, made.secType, made.exchange, made.currency = "AAPL", "STK", "SMART", "USD"
    return made


def order(**terms: Any) -> Any:
    made = Order()
    for name, value in {"action": "BUY", "totalQuantity": 10, "orderType": "MKT", **terms}.items():
        setattr(made, name, value)
    return made


def settle(client: Any, recorder: Any) -> None:
    seen = len(recorder.calls["currentTime"])
    client.reqCurrentTime()
    recorder.wait_for("currentTime", seen + 1)


def account_and_reference(client: Any, recorder: Any) -> None:
    client.reqPositions()
    client.reqAccountUpdates(True, "DU1234567")
    client.reqAccountUpdatesMulti(11, "DU1234567", "", False)
    client.reqAccountSummary(12, "All", "NetLiquidation,BuyingPower,$LEDGER:ALL")
    client.reqPnL(13, "DU1234567", "")
    client.reqPnLSingle(14, "DU1234567", "", 265598)
    client.reqContractDetails(15, stock())
    client.reqMatchingSymbols(16, "apple")
    client.reqSecDefOptParams(17, "SPY", "", "STK", 756733)
    client.reqMarketRule(26)
    client.reqIds(1)
    client.reqManagedAccts()
    settle(client, recorder)
    client.cancelPnL(13)
    client.cancelPnLSingle(14)
    client.cancelAccountSummary(12)
    client.cancelAccountUpdatesMulti(11)
    client.cancelPositions()
    client.reqAccountUpdates(False, "DU1234567")
    settle(client, recorder)


def market_data(client: Any, recorder: Any) -> None:
    client.reqMarketDataType(1)
    client.reqMktData(21, stock(), "165,233,236", False, False, [])
    client.reqMktData(22, stock(), "", True, False, [])
    client.reqMktData(23, stock(), "mdoff,292", False, False, [])
    client.reqTickByTickData(24, stock(), "AllLast", 0, False)
    client.reqTickByTickData(25, stock(), "BidAsk", 0, False)
    client.reqRealTimeBars(26, stock(), 5, "TRADES", False, [])
    client.reqHistoricalData(27, stock(), "", "2 D", "1 hour", "TRADES", 1, 1, False, [])
    client.reqHistoricalData(28, stock(), "", "1 D", "1 min", "TRADES", 1, 2, True, [])
    client.reqHistoricalData(29, stock(), "", "3 D", "1 day", "SCHEDULE", 1, 1, False, [])
    client.reqHeadTimeStamp(30, stock(), "TRADES", 1, 1)
    client.reqScannerParameters()
    scan = ScannerSubscription()
    scan.instrument, scan.locationCode, scan.scanCode = "STK", "STK.US.MAJOR", "TOP_PERC_GAIN"
    client.reqScannerSubscription(31, scan, [], [])
    client.reqNewsProviders()
    client.reqHistoricalNews(32, 265598, "BRFG+DJNL+FLY", "", "", 5, [])
    client.reqNewsBulletins(True)
    settle(client, recorder)


def orders(client: Any, recorder: Any) -> None:
    (first,) = recorder.calls["nextValidId"][0]
    client.placeOrder(first, stock(), order(whatIf=True))
    client.placeOrder(first + 1, stock(), order())
    client.placeOrder(first + 2, stock(), order(orderType="LMT", lmtPrice=100.0))
    condition = PriceCondition(0, 265598, "SMART", isMore=True, price=300.0)
    client.placeOrder(first + 3, stock(), order(orderType="LMT", lmtPrice=90.0, conditions=[condition]))
    client.cancelOrder(first + 2, "")
    client.reqOpenOrders()
    client.reqAllOpenOrders()
    client.reqGlobalCancel()
    client.reqCompletedOrders(False)
    client.reqExecutions(41, ExecutionFilter())
    settle(client, recorder)


def market_data_cancels(client: Any, recorder: Any) -> None:
    for number in (21, 23):
        client.cancelMktData(number)
    for number in (24, 25):
        client.cancelTickByTickData(number)
    client.cancelRealTimeBars(26)
    client.cancelHistoricalData(28)
    client.cancelHeadTimeStamp(30)
    client.cancelScannerSubscription(31)
    client.cancelNewsBulletins()
    settle(client, recorder)


@pytest.fixture
async def recorder() -> Any:
    return Recorder()


@pytest.fixture
async def client(server: TwsServer, recorder: Any, caplog: pytest.LogCaptureFixture) -> Any:
    """Each test has a connection of its own, for the sake of 50 messages a second; the client runs in threads."""
    caplog.set_level(logging.WARNING, logger="ibapi")
    made = EClient(recorder)
    await asyncio.to_thread(made.connect, "127.0.0.1", server.port, 5)
    running = asyncio.create_task(asyncio.to_thread(made.run))
    await asyncio.to_thread(recorder.wait_for, "nextValidId")
    assert made.serverVersion() == 176
    yield made
    await asyncio.to_thread(made.disconnect)
    await running
    assert [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR] == []
    assert {call[1] for call in recorder.calls["error"]} <= {162, 202, 2100, 2104, 2106, 2158}


def came(recorder: Any) -> Any:
    return {name for name, calls in recorder.calls.items() if calls}


async def test_account_and_reference(client: Any, recorder: Any) -> None:
    await asyncio.to_thread(account_and_reference, client, recorder)
    assert came(recorder) >= {
        "accountDownloadEnd", "accountSummary", "accountSummaryEnd", "accountUpdateMulti", "accountUpdateMultiEnd",
        "contractDetails", "contractDetailsEnd", "managedAccounts", "marketRule", "nextValidId", "pnl", "pnlSingle",
        "position", "positionEnd", "symbolSamples", "securityDefinitionOptionParameter",
        "securityDefinitionOptionParameterEnd", "updateAccountTime", "updateAccountValue", "updatePortfolio",
    }  # fmt: skip


async def test_market_data(client: Any, recorder: Any, exchange: Exchange, clock: ManualClock) -> None:
    await asyncio.to_thread(market_data, client, recorder)
    exchange.push("AAPL", 200.0)
    exchange.publish("AAPL", "Apple rises")
    exchange.bulletin("All is well")
    await clock.advance(6)
    await asyncio.to_thread(market_data_cancels, client, recorder)
    assert came(recorder) >= {
        "headTimestamp", "historicalData", "historicalDataEnd", "historicalDataUpdate", "historicalNews",
        "historicalNewsEnd", "historicalSchedule", "marketDataType", "newsProviders", "realtimeBar", "scannerData",
        "scannerDataEnd", "scannerParameters", "tickByTickAllLast", "tickByTickBidAsk", "tickGeneric", "tickNews",
        "tickPrice", "tickReqParams", "tickSize", "tickSnapshotEnd", "tickString", "updateNewsBulletin",
    }  # fmt: skip


async def test_orders(client: Any, recorder: Any) -> None:
    await asyncio.to_thread(orders, client, recorder)
    assert came(recorder) >= {
        "commissionReport", "completedOrder", "completedOrdersEnd", "execDetails", "execDetailsEnd", "openOrder",
        "openOrderEnd", "orderStatus",
    }  # fmt: skip


async def test_a_fill(client: Any, recorder: Any) -> None:
    await asyncio.to_thread(client.placeOrder, 1, stock(), order(orderRef="sb-9-1"))
    await asyncio.to_thread(settle, client, recorder)
    _, _, execution = recorder.calls["execDetails"][0]
    assert (float(execution.shares), execution.price, execution.orderRef) == (10.0, 196.46, "sb-9-1")
    assert [call[1] for call in recorder.calls["orderStatus"]] == ["PreSubmitted", "Filled", "Filled"]
