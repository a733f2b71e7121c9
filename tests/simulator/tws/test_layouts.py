"""Field counts and field orders, held against the libraries' own encoders and decoders."""

import asyncio
from datetime import UTC, date
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

from simulator.tws import order_replies
from simulator.tws.catalogue import Catalogue
from simulator.tws.exchange import Exchange
from simulator.tws.order import Execution, Margins
from simulator.tws.order_reading import Arrival, order_of
from simulator.tws.requests import LAYOUTS, MalformedRequest, decode
from simulator.tws.server import TwsServer
from simulator.tws.session import HANDLERS
from simulator.tws.wire import text

APPLE = Catalogue(date(2024, 3, 28)).named("AAPL")


class Encoder:
    """A library's client that keeps what it would send."""

    def __init__(self, lib: Any, version: int) -> None:
        self.sent = []
        self.client = import_module(f"{lib.__name__}.client").Client(SimpleNamespace())
        self.client.isConnected = lambda: True
        self.client.serverVersion = lambda: version
        self.client.sendMsg = lambda message: self.sent.append(tuple(message.split("\0")[:-1]))

    def fields(self, call: str, *args: Any) -> Any:
        getattr(self.client, call)(*args)
        return self.sent.pop()


class Noted:
    """A wrapper that notes what a decoder calls."""

    def __init__(self) -> None:
        self.calls = []
        self.ib = SimpleNamespace(TimezoneTWS="")
        self.defaultTimezone = UTC

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.calls.append((name, *args))


def read_back(lib: Any, version: int, fields: Any) -> Any:
    """Return what the library's decoder makes of a message."""
    wrapper = Noted()
    decoder = import_module(f"{lib.__name__}.decoder").Decoder(wrapper, version)
    decoder.interpret([text(one) for one in fields])
    (call,) = wrapper.calls
    return call


def spoken_by(lib: Any, version: int) -> Any:
    newest = import_module(f"{lib.__name__}.client").Client.MaxClientVersion
    if version > newest:
        pytest.skip(f"{lib.__name__} ends at {newest}")
    return version


@pytest.fixture(params=[176, 178])
def version(request: pytest.FixtureRequest, lib: Any) -> Any:
    return spoken_by(lib, request.param)


def stock(lib: Any) -> Any:
    return lib.Stock("AAPL", "SMART", "USD", conId=265598)


def test_every_message_that_is_understood_has_a_handler() -> None:
    assert {kind for kind, _ in LAYOUTS.values()} - HANDLERS.keys() == {"startApi"}


@pytest.mark.parametrize(("at", "count"), [(176, 115), (177, 114), (178, 114)])
def test_a_plain_order_has_as_many_fields_as_real_tws_reads(lib: Any, at: int, count: int) -> None:
    fields = Encoder(lib, spoken_by(lib, at)).fields("placeOrder", 5, stock(lib), lib.MarketOrder("BUY", 10))
    assert len(fields) == count
    assert decode(fields, at).text("totalQuantity") in {"10", "10.0"}


@pytest.mark.parametrize(("at", "opened", "completed"), [(176, 136, 101), (177, 135, 100), (178, 135, 100)])
def test_orders_are_told_in_as_many_fields_as_real_tws_sends(lib: Any, at: int, opened: int, completed: int) -> None:
    order = order_from(lib, spoken_by(lib, at), lib.MarketOrder("BUY", 10))
    assert len(order_replies.open_order(order, at)) == opened
    assert len(order_replies.completed_order(order, at, "US/Eastern")) == completed


def order_from(lib: Any, version: int, wish: Any, contract: Any = None) -> Any:
    fields = Encoder(lib, version).fields("placeOrder", 5, contract or stock(lib), wish)
    return order_of(decode(fields, version), APPLE, Arrival(3, 4711, "DU1", 1711648800.0, 1711656000.0))


def sentinel_order(lib: Any) -> Any:
    """Return an order in which no two terms are alike."""
    return lib.Order(
        action="SELL", totalQuantity=11, orderType="STP LMT", lmtPrice=12.5, auxPrice=13.75, tif="GTC",
        ocaGroup="oca-1",
        orderRef="ref-2", parentId=14, outsideRth=True, goodAfterTime="20240401 10:00:00 US/Eastern",
        goodTillDate="20240402 11:00:00 US/Eastern", modelCode="model-3", faGroup="group-4", faMethod="method-5",
        faPercentage="6", triggerMethod=7, algoStrategy="Adaptive",
        algoParams=[lib.TagValue("adaptivePriority", "Urgent")],
        conditions=[lib.PriceCondition(conId=8, exch="SMART", isMore=True, price=9.0)], conditionsIgnoreRth=True,
        account="DU1", cashQty=15.0,
    )  # fmt: skip


def test_an_open_order_comes_back_with_every_term_in_its_place(lib: Any, version: int) -> None:
    wish = sentinel_order(lib)
    order = order_from(lib, version, wish)
    name, order_id, contract, read, state = read_back(lib, version, order_replies.open_order(order, version))
    assert (name, order_id, read.permId, read.clientId) == ("openOrder", 5, 4711, 3)
    assert (contract.conId, contract.symbol, contract.exchange, contract.tradingClass) == (
        265598,
        "AAPL",
        "SMART",
        "NMS",
    )
    told = (
        "action totalQuantity orderType lmtPrice auxPrice tif ocaGroup orderRef parentId outsideRth goodAfterTime"
        " goodTillDate modelCode faGroup faMethod faPercentage triggerMethod algoStrategy algoParams"
        " conditionsIgnoreRth cashQty account"
    )
    assert {one: getattr(read, one) for one in told.split()} == {one: getattr(wish, one) for one in told.split()}
    assert (read.conditions[0].price, read.conditions[0].conId) == (9.0, 8)
    assert (read.clearingIntent, read.ocaType, read.exemptCode, read.dontUseAutoPriceForHedge) == ("IB", 3, -1, True)
    assert state.status == "PendingSubmit"
    assert not read.whatIf


def test_a_preview_comes_back_with_every_figure_in_its_place(lib: Any, version: int) -> None:
    order = order_from(lib, version, lib.MarketOrder("BUY", 10))
    margins = Margins((1.0, 3.0), (10.0, 30.0), (100.0, 300.0), 1.25)
    *_, read, state = read_back(lib, version, order_replies.what_if_order(order, version, margins))
    assert (read.whatIf, read.clientId) == (True, 0)
    assert (state.initMarginBefore, state.initMarginChange, state.initMarginAfter) == ("1.00", "2.00", "3.00")
    assert (state.maintMarginBefore, state.maintMarginChange, state.maintMarginAfter) == ("10.00", "20.00", "30.00")
    assert (state.equityWithLoanBefore, state.equityWithLoanChange, state.equityWithLoanAfter) == (
        "100.00",
        "200.00",
        "300.00",
    )
    assert (state.commission, state.commissionCurrency) == (1.25, "USD")


def test_a_completed_order_comes_back_with_every_term_in_its_place(lib: Any, version: int) -> None:
    wish = sentinel_order(lib)
    order = order_from(lib, version, wish)
    order.status, order.filled, order.completed_at = "Cancelled", 4.0, 1711648800.0
    order.completed_status = "Cancelled by Trader"
    _, _, read, state = read_back(lib, version, order_replies.completed_order(order, version, "US/Eastern"))
    told = "action totalQuantity orderType lmtPrice auxPrice tif orderRef outsideRth modelCode algoStrategy cashQty"
    assert {one: getattr(read, one) for one in told.split()} == {one: getattr(wish, one) for one in told.split()}
    assert (read.permId, read.orderId, read.filledQuantity) == (4711, 0, 4.0)
    assert state.completedTime == "20240328 14:00:00 US/Eastern"
    assert (state.status, state.completedStatus) == ("Cancelled", "Cancelled by Trader")


def test_an_execution_comes_back_with_every_term_in_its_place(lib: Any, version: int) -> None:
    order = order_from(lib, version, sentinel_order(lib))
    one = Execution("0001.01", 1711648800.0, APPLE, -1, 5.0, 12.25, "ARCA", 6.0, 12.5, 1.0, None)
    when = order_replies.execution_time(one.time, "US/Eastern")
    fields = order_replies.execution_details(-1, order, one, version, when)
    _, req_id, _, read = read_back(lib, version, fields)
    assert (req_id, read.execId, read.side, read.shares, read.price) == (-1, "0001.01", "SLD", 5.0, 12.25)
    assert (read.cumQty, read.avgPrice, read.orderRef, read.permId, read.clientId) == (6.0, 12.5, "ref-2", 4711, 3)
    assert read.time.timestamp() == 1711648800.0


def test_a_combination_is_read_with_its_legs(lib: Any, version: int) -> None:
    bag = lib.Contract(secType="BAG", symbol="AAPL", currency="USD", exchange="SMART")
    bag.comboLegs = [lib.ComboLeg(conId=1, ratio=1, action="BUY"), lib.ComboLeg(conId=2, ratio=1, action="SELL")]
    encoder = Encoder(lib, version)
    request = decode(encoder.fields("placeOrder", 5, bag, lib.LimitOrder("BUY", 1, 2.5)), version)
    assert [leg[0] for leg in request.groups["legs"]] == ["1", "2"]
    request = decode(encoder.fields("reqMktData", 6, bag, "", False, False, []), version)
    assert [leg[2] for leg in request.groups["legs"]] == ["BUY", "SELL"]


@pytest.mark.parametrize("change", ["one more", "one less"])
def test_a_field_too_many_or_too_few_is_a_violation(lib: Any, version: int, change: str) -> None:
    encoder = Encoder(lib, version)
    every = [
        encoder.fields("placeOrder", 5, stock(lib), lib.MarketOrder("BUY", 10)),
        encoder.fields("reqMktData", 5, stock(lib), "", False, False, []),
        encoder.fields("reqContractDetails", 5, stock(lib)),
        encoder.fields("reqHistoricalData", 5, stock(lib), "", "1 D", "1 min", "TRADES", 1, 1, False, []),
        encoder.fields("cancelOrder", 5, ""),
    ]
    for fields in every:
        wrong = (*fields, "") if change == "one more" else fields[:-1]
        with pytest.raises(MalformedRequest):
            decode(wrong, version)


def test_an_unknown_message_and_a_wrong_version_are_violations() -> None:
    for fields in ((), ("",), ("999", "1"), ("61", "2"), ("6x",)):
        with pytest.raises(MalformedRequest):
            decode(fields, 178)


async def test_a_violation_is_kept_and_answered(server: TwsServer, bare: Any) -> None:
    (answer,) = await bare.ask(61, 1, "surplus")
    assert answer[:4] == ["4", "2", "-1", "320"]
    assert len(server.violations) == 1
    server.violations.clear()


async def test_no_number_where_one_belongs_is_a_violation(server: TwsServer, bare: Any) -> None:
    await bare.ask(2, 2, "seven")
    assert "reqId is no number" in server.violations[0]
    server.violations.clear()


@pytest.mark.parametrize(("cap", "offered", "spoken"), [(178, 178, "178"), (178, 176, "176"), (176, 178, "176")])
async def test_the_lower_version_of_both_sides_is_spoken(
    exchange: Exchange, cap: int, offered: int, spoken: str
) -> None:
    server = TwsServer(exchange, server_version=cap)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    offer = f"v157..{offered}".encode()
    writer.write(b"API\0" + len(offer).to_bytes(4, "big") + offer)
    length = int.from_bytes(await reader.readexactly(4), "big")
    assert (await reader.readexactly(length)).decode().split("\0")[0] == spoken
    writer.close()
    await server.stop()
