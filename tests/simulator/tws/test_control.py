"""The control interface over HTTP."""

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from simulator.tws import control
from simulator.tws.control import KINDS, market_routes
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer


@pytest.fixture
async def http(exchange: Exchange, server: TwsServer) -> Any:
    app = Starlette(routes=market_routes(exchange, server))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sim/sim/market/") as client:
        yield client


async def test_a_tick_is_pushed(http: httpx.AsyncClient, exchange: Exchange) -> None:
    answer = await http.post("tick", json={"symbol": "AAPL", "last": 200, "bid": 199.5, "ask": 200.5, "size": 7})
    assert answer.status_code == 200
    book = exchange.book(exchange.catalogue.named("AAPL"))
    assert (book.last, book.bid, book.ask, book.last_size) == (200.0, 199.5, 200.5, 7.0)


@pytest.mark.parametrize("symbol", ["AAPL", "EUR.USD", "ES", "BRK B", "aapl"])
async def test_symbols_are_written_as_people_write_them(http: httpx.AsyncClient, symbol: str) -> None:
    assert (await http.post("tick", json={"symbol": symbol, "last": 10})).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("tick", {"symbol": "NOPE", "last": 1}),
        ("tick", {"symbol": "AAPL"}),
        ("tick", {"symbol": "AAPL", "last": -1}),
        ("tick", {"symbol": "AAPL", "last": "high"}),
        ("tick", []),
        ("order", {"symbol": "NOPE", "action": "BUY", "quantity": 1}),
        ("order", {"symbol": "AAPL", "action": "HOLD", "quantity": 1}),
        ("order", {"symbol": "SPX", "action": "BUY", "quantity": 1}),
        ("order", {"symbol": "AAPL", "action": "BUY", "quantity": 1e9}),
        ("cancel", {}),
        ("cancel", {"perm_id": 1}),
        ("news", {"symbol": "AAPL"}),
        ("news", {"headline": "h", "provider": "NOPE"}),
        ("scanner", {"scan_code": "MOST_ACTIVE", "symbols": ["NOPE"]}),
        ("faults", {"kind": "nonsense"}),
        ("faults", {"kind": "error"}),
        ("faults", {"kind": "refuse", "how": "politely"}),
        ("session", {"action": "pause"}),
        ("walk", {}),
    ],
)
async def test_what_makes_no_sense_is_a_bad_request(http: httpx.AsyncClient, path: str, body: Any) -> None:
    answer = await http.post(path, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_a_body_that_is_no_json_is_a_bad_request(http: httpx.AsyncClient) -> None:
    answer = await http.post("tick", content=b"{")
    assert answer.status_code == 400


async def test_news_ranks_session_and_walk(http: httpx.AsyncClient, exchange: Exchange) -> None:
    answer = await http.post("news", json={"headline": "Apple rises", "symbol": "AAPL", "article": "<p>x</p>"})
    assert answer.json()["article_id"].startswith("BRFG$")
    await http.post("scanner", json={"scan_code": "MOST_ACTIVE", "symbols": ["KO"]})
    assert exchange.ranks == {"MOST_ACTIVE": ["KO"]}
    await http.post("session", json={"action": "close"})
    assert not exchange.session_open
    await http.post("session", json={"action": "open"})
    assert exchange.session_open
    await http.post("walk", json={"on": True})
    assert exchange.walking


async def test_the_state_of_everything(http: httpx.AsyncClient, bare: Any, server: TwsServer) -> None:
    await http.post("faults", json={"kind": "read_only"})
    state = (await http.get("state")).json()
    apple = next(one for one in state["instruments"] if one["symbol"] == "AAPL")
    assert apple.keys() == {"symbol", "name", "last", "bid", "ask", "change_pct", "volume"}
    assert {one["symbol"] for one in state["positions"]} == {"AAPL", "MSFT", "TSLA"}
    assert float(state["account"]["NetLiquidation"]) > 100_000
    assert (state["clients"], state["faults"], state["walk"], state["session_open"]) == (
        [1],
        ["read_only"],
        False,
        True,
    )
    await http.post("faults", json={"kind": "heal"})
    assert (await http.get("state")).json()["faults"] == []


async def test_orders_and_violations_are_lists(http: httpx.AsyncClient, ib: Any, lib: Any, server: TwsServer) -> None:
    ib.placeOrder(lib.Stock("AAPL", "SMART", "USD", conId=265598), lib.LimitOrder("BUY", 10, 190.0, orderRef="sb-1"))
    await ib.reqCurrentTimeAsync()
    (order,) = (await http.get("orders")).json()
    assert (order["orderRef"], order["status"], order["limitPrice"]) == ("sb-1", "Submitted", 190.0)
    assert (await http.get("violations")).json() == []


OPTIONS = {
    "refuse": {"how": "eof", "count": 1},
    "slow": {"seconds": 0},
    "notice": {"code": 2110, "message": "x"},
    "error": {"request": "reqMktData", "code": 354},
    "swallow": {"messages": [62]},
    "id_jump": {"by": 5},
    "unknown_tick": {"symbol": "AAPL"},
    "bad_tick": {"symbol": "AAPL", "price": -1},
    "deafen": {"symbol": "AAPL"},
    "no_news": {"providers": ["FLY"]},
    "rt_volume": {"symbol": "AAPL", "value": "0.00;0;0;0;0;false"},
    "partial": {"sizes": [1]},
    "raw": {"fields": [49, 1, 0]},
}


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_every_kind_of_fault_can_be_made_and_healed(
    http: httpx.AsyncClient, bare: Any, kind: Any, server: TwsServer
) -> None:
    answer = await http.post("faults", json={"kind": kind, **OPTIONS.get(kind, {})})
    assert answer.status_code == 200, answer.text
    assert (await http.post("faults", json={"kind": "heal"})).status_code == 200
    assert server.faults.active() == []


def test_every_kind_of_fault_is_described() -> None:
    assert all(f"`{kind}`" in control.__doc__ for kind in KINDS)


async def test_an_order_made_by_hand_is_filled_as_any_other(http: httpx.AsyncClient, exchange: Exchange) -> None:
    for limit in (None, 1000.0):
        body = {"symbol": "KO", "action": "buy", "quantity": 100, "limit": limit}
        assert (await http.post("order", json=body)).status_code == 200
    orders = exchange.orders()
    assert [(one["orderId"], one["clientId"], one["status"]) for one in orders] == [
        (-1, 0, "Filled"),
        (-2, 0, "Filled"),
    ]
    assert {one.instrument.key: one.quantity for one in exchange.positions("DU1234567")}["KO"] == 200


async def test_an_order_cancelled_by_hand_is_told_to_its_client(http: httpx.AsyncClient, ib: Any, lib: Any) -> None:
    trade = ib.placeOrder(lib.Stock("AAPL", "SMART", "USD", conId=265598), lib.LimitOrder("BUY", 10, 190.0))
    await ib.reqCurrentTimeAsync()
    (order,) = (await http.get("orders")).json()
    assert (await http.post("cancel", json={"perm_id": order["permId"]})).status_code == 200
    await ib.reqCurrentTimeAsync()
    assert trade.orderStatus.status == "Cancelled"
