"""Orders on the wire: the sequences of real gateways, matching, brackets, previews, refusals."""

from typing import Any

import pytest

from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer


async def test_a_market_order_is_told_as_gateways_tell_it(trader: Any) -> None:
    assert await trader.market(1, "BUY", 10) == [
        ("open", "PreSubmitted"),
        ("status", "PreSubmitted", 0),
        ("execution", 10, 196.46),
        ("open", "Filled"),
        ("status", "Filled", 10),
        ("open", "Filled"),
        ("status", "Filled", 10),
        ("commission", 1.0),
    ]


async def test_a_limit_order_rests_is_changed_and_cancelled(trader: Any, exchange: Exchange) -> None:
    resting = [
        ("open", "PreSubmitted"),
        ("status", "PreSubmitted", 0),
        ("open", "Submitted"),
        ("status", "Submitted", 0),
    ]
    assert await trader.limit(1, "BUY", 10, 190.0) == resting
    assert await trader.limit(1, "BUY", 10, 191.0) == [("open", "Submitted"), ("status", "Submitted", 0)]
    assert exchange.orders()[0]["limitPrice"] == 191.0
    assert await trader.bare.told_by(4, 1, 1, "") == [
        ("status", "PendingCancel", 0),
        ("status", "Cancelled", 0),
        ("error", 202),
    ]


async def test_a_resting_order_fills_when_the_market_comes_to_it(trader: Any, exchange: Exchange) -> None:
    await trader.limit(1, "BUY", 150, 190.0)
    exchange.push("AAPL", 190.5)
    assert await trader.seen() == []
    exchange.push("AAPL", 190.0, size=100)
    assert ("execution", 100, 190.0) in await trader.seen()
    exchange.push("AAPL", 189.0)
    told = await trader.seen()
    assert ("execution", 50, 190.0) in told
    assert told[-2] == ("status", "Filled", 150)


async def test_a_large_market_order_walks_the_book(trader: Any, exchange: Exchange) -> None:
    executions = [one for one in await trader.market(1, "BUY", 1000) if one[0] == "execution"]
    assert executions == [("execution", 300, 196.46), ("execution", 700, 196.47)]
    assert exchange.orders()[0]["avgFillPrice"] == pytest.approx(196.467)


async def test_a_stop_waits_for_its_price(trader: Any, lib: Any, exchange: Exchange) -> None:
    told = await trader.place(1, lib.StopOrder("SELL", 10, 190.0))
    assert told == [("open", "PreSubmitted"), ("status", "PreSubmitted", 0)]
    exchange.push("AAPL", 190.01)
    assert await trader.seen() == []
    exchange.push("AAPL", 189.9)
    assert ("execution", 10, 189.89) in await trader.seen()


async def test_a_trailing_stop_follows_the_market_up_only(trader: Any, lib: Any, exchange: Exchange) -> None:
    await trader.place(1, lib.Order(orderType="TRAIL", action="SELL", totalQuantity=10, auxPrice=5.0))
    for price in (200.0, 205.0, 202.0):
        exchange.push("AAPL", price)
    assert exchange.orders()[0]["stopPrice"] == 200.0
    exchange.push("AAPL", 199.9)
    assert exchange.orders()[0]["status"] == "Filled"


async def test_an_order_kept_back_makes_no_sound_until_it_is_sent(trader: Any, exchange: Exchange) -> None:
    assert await trader.limit(1, "BUY", 10, 190.0, transmit=False) == []
    assert exchange.orders()[0]["transmit"] is False
    assert (await trader.limit(1, "BUY", 10, 190.0))[-1] == ("status", "Submitted", 0)


async def test_a_bracket_goes_out_with_its_last_order_and_one_exit_ends_the_other(
    trader: Any, lib: Any, exchange: Exchange
) -> None:
    assert await trader.limit(1, "BUY", 10, 190.0, transmit=False) == []
    assert await trader.limit(2, "SELL", 10, 210.0, parentId=1, transmit=False) == []
    await trader.place(3, lib.StopOrder("SELL", 10, 180.0, parentId=1))
    assert [one["status"] for one in exchange.orders()] == ["Submitted", "PreSubmitted", "PreSubmitted"]
    exchange.push("AAPL", 189.0)
    assert [one["status"] for one in exchange.orders()] == ["Filled", "Submitted", "PreSubmitted"]
    exchange.push("AAPL", 211.0)
    assert [one["status"] for one in exchange.orders()] == ["Filled", "Filled", "Cancelled"]


async def test_cancelling_a_parent_cancels_its_children(trader: Any, exchange: Exchange) -> None:
    await trader.limit(1, "BUY", 10, 190.0, transmit=False)
    await trader.limit(2, "SELL", 10, 210.0, parentId=1)
    await trader.bare.ask(4, 1, 1, "")
    assert [one["status"] for one in exchange.orders()] == ["Cancelled", "Cancelled"]


async def test_of_an_oca_group_one_fills(trader: Any, exchange: Exchange) -> None:
    await trader.limit(1, "BUY", 10, 190.0, ocaGroup="g")
    await trader.limit(2, "BUY", 10, 180.0, ocaGroup="g")
    exchange.push("AAPL", 185.0)
    assert [one["status"] for one in exchange.orders()] == ["Filled", "Cancelled"]


async def test_immediate_or_cancel_and_fill_or_kill(trader: Any, exchange: Exchange) -> None:
    assert (await trader.limit(1, "BUY", 10, 190.0, tif="IOC"))[-3:] == [
        ("status", "PendingCancel", 0),
        ("status", "Cancelled", 0),
        ("error", 202),
    ]
    assert (await trader.limit(2, "BUY", 10, 190.0, tif="FOK"))[-1] == ("status", "Inactive", 0)


async def test_a_preview_makes_no_order(trader: Any, exchange: Exchange) -> None:
    assert await trader.market(1, "BUY", 10, whatIf=True) == [("open", "PreSubmitted")]
    assert exchange.orders() == []


async def test_a_preview_with_a_warning_comes_in_two_stages(trader: Any, server: TwsServer) -> None:
    assert len(await trader.market(1, "BUY", 500, whatIf=True)) == 2
    server.faults.two_stage_previews = True
    assert len(await trader.market(2, "BUY", 1, whatIf=True)) == 2


async def test_what_the_account_cannot_carry_is_rejected(trader: Any, exchange: Exchange) -> None:
    assert await trader.market(1, "BUY", 100_000) == [("error", 201), ("status", "Inactive", 0)]
    assert exchange.orders()[0]["status"] == "Inactive"
    assert await trader.market(2, "BUY", 100_000, whatIf=True) == [("error", 201)]
    assert len(exchange.orders()) == 1


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"orderType": "LMT", "lmtPrice": 190.005}, 110),
        ({"orderType": "NONSENSE"}, 321),
        ({"totalQuantity": 0}, 434),
        ({"totalQuantity": 1.5}, 10318),
        ({"action": "HOLD"}, 321),
        ({"orderType": "LMT"}, 321),
        ({"account": "U999"}, 321),
    ],
)
async def test_a_wrong_order_is_answered_with_an_error_alone(
    trader: Any, lib: Any, exchange: Exchange, terms: Any, code: Any
) -> None:
    order = lib.Order(**{"action": "BUY", "totalQuantity": 10, "orderType": "MKT", **terms})
    assert await trader.place(1, order) == [("error", code)]
    assert exchange.orders() == []


async def test_an_order_without_exchange_or_for_an_index_is_refused(trader: Any, lib: Any) -> None:
    nowhere = lib.Contract(conId=265598)
    assert await trader.place(1, lib.MarketOrder("BUY", 1), nowhere) == [("error", 321)]
    index = lib.Index("SPX", "CBOE", "USD")
    assert await trader.place(2, lib.MarketOrder("BUY", 1), index) == [("error", 201)]


async def test_what_is_done_cannot_be_changed_or_cancelled(trader: Any) -> None:
    await trader.market(1, "BUY", 10)
    assert await trader.market(1, "BUY", 20) == [("error", 104)]
    assert await trader.bare.told_by(4, 1, 1, "") == [("error", 10148)]
    assert await trader.bare.told_by(4, 1, 99, "") == [("error", 10147)]
    await trader.limit(2, "BUY", 10, 150.0)
    assert await trader.limit(2, "SELL", 10, 250.0) == [("error", 105)]


async def test_orders_belong_to_the_client_that_placed_them(trader: Any, connect: Any) -> None:
    await trader.limit(1, "BUY", 10, 190.0)
    other = await connect(client_id=4)
    assert await other.told_by(5, 1) == []
    assert await other.told_by(16, 1) == [("open", "Submitted"), ("status", "Submitted", 0)]
    assert await other.told_by(4, 1, 1, "") == [("error", 10147)]


async def test_after_a_reconnect_orders_and_executions_are_still_there(trader: Any, connect: Any) -> None:
    await trader.market(1, "BUY", 10, orderRef="sb-1-0")
    await trader.limit(2, "BUY", 10, 190.0)
    trader.bare.hang_up()
    again = await connect(client_id=5)
    assert await again.told_by(16, 1) == [("open", "Submitted"), ("status", "Submitted", 0)]
    executions = await again.ask(7, 3, 9, 0, "", "", "", "", "", "")
    assert [one[0] for one in executions] == ["11", "59", "55"]
    assert executions[0][26] == "sb-1-0"
    (completed, end) = await again.ask(99, 0)
    assert (completed[0], completed[22], end) == ("101", "sb-1-0", ["102"])


async def test_the_next_valid_id_only_grows(trader: Any, connect: Any) -> None:
    await trader.limit(41, "BUY", 10, 190.0)
    assert await trader.bare.ask(8, 1, 1) == [["9", "1", "42"]]
