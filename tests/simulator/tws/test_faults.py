"""What a TWS breaks on command in requests, ticks and orders, and that healing mends it."""

import asyncio
from typing import Any

import pytest

from simulator.tws.clock import ManualClock
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer

APPLE = (265598, "AAPL", "STK", "", "0.0", "", "", "SMART", "", "USD", "", "")
QUOTE = (1, 11, 9, *APPLE, 0, "", 0, 0, "")


def codes(messages: Any) -> Any:
    return [int(one[3]) for one in messages if one[0] == "4"]


async def received(client: Any, *numbers: int) -> Any:
    """Return the next messages of these ids."""
    found = []
    while len(found) < len(numbers):
        message = await asyncio.wait_for(client.read(), 5)
        if int(message[0]) in numbers:
            found.append(message)
    return found


async def test_requests_are_answered_with_errors_as_often_as_asked(bare: Any, server: TwsServer) -> None:
    server.faults.answer_with("reqMktData", 10197, count=1)
    server.faults.answer_with("reqMktData", 10089, symbol="MSFT")
    assert codes(await bare.ask(*QUOTE)) == [10197]
    answer = await bare.ask(*QUOTE)
    assert answer[0][0] == "58"
    assert server.faults.active() == ["error"]


async def test_a_notice_leaves_the_order_alive(lib: Any, ib: Any, server: TwsServer, exchange: Exchange) -> None:
    server.faults.answer_with("placeOrder", 10349, proceed=True)
    ib.placeOrder(lib.Stock("AAPL", "SMART", "USD", conId=265598), lib.LimitOrder("BUY", 10, 190.0))
    await ib.reqCurrentTimeAsync()
    assert exchange.orders()[0]["status"] == "Submitted"


async def test_a_rejected_order_is_listed_as_inactive(lib: Any, ib: Any, server: TwsServer, exchange: Exchange) -> None:
    server.faults.answer_with("placeOrder", 201)
    server.faults.answer_with("whatIf", 321)
    seen = []
    ib.errorEvent += lambda *error: seen.append(error[1])
    stock = lib.Stock("AAPL", "SMART", "USD", conId=265598)
    trade = ib.placeOrder(stock, lib.MarketOrder("BUY", 10))
    ib.client.placeOrder(900, stock, lib.MarketOrder("BUY", 10, whatIf=True))
    await ib.reqCurrentTimeAsync()
    assert seen == [201, 321]
    assert exchange.orders()[0]["status"] == "Inactive"
    assert trade.orderStatus.status in {"Inactive", "Cancelled"}


async def test_read_only_refuses_order_calls(bare: Any, server: TwsServer) -> None:
    server.faults.read_only = True
    assert codes(await bare.ask(5, 1)) == [321]
    assert codes(await bare.ask(99, 0)) == [321]
    assert codes(await bare.ask(4, 1, 1, "")) == [321]
    assert (await bare.ask(61, 1))[-1] == ["62", "1"]


async def test_held_acknowledgements_come_when_healed_even_to_a_new_connection(
    lib: Any, server: TwsServer, exchange: Exchange
) -> None:
    server.faults.hold_acks()
    first = lib.IB()
    await first.connectAsync("127.0.0.1", server.port, clientId=9)
    first.placeOrder(lib.Stock("AAPL", "SMART", "USD", conId=265598), lib.LimitOrder("BUY", 10, 190.0, orderRef="sb-1"))
    await first.reqCurrentTimeAsync()
    assert [(one["orderRef"], one["status"]) for one in exchange.orders()] == [("sb-1", "PendingSubmit")]
    first.disconnect()
    server.faults.heal()
    second = lib.IB()
    await second.connectAsync("127.0.0.1", server.port, clientId=9)
    assert [trade.order.orderRef for trade in second.openTrades()] == ["sb-1"]
    second.disconnect()


async def test_held_fills_and_partial_fills(lib: Any, ib: Any, server: TwsServer, exchange: Exchange) -> None:
    stock = lib.Stock("AAPL", "SMART", "USD", conId=265598)
    server.faults.hold_fills()
    trade = ib.placeOrder(stock, lib.MarketOrder("BUY", 100))
    await ib.reqCurrentTimeAsync()
    assert trade.orderStatus.status == "PreSubmitted"
    server.faults.heal()
    await ib.reqCurrentTimeAsync()
    assert trade.orderStatus.status == "Filled"
    server.faults.partial([30, 20])
    trade = ib.placeOrder(stock, lib.MarketOrder("BUY", 100))
    await ib.reqCurrentTimeAsync()
    assert (trade.orderStatus.status, trade.orderStatus.filled) == ("Submitted", 30)
    for filled in (50, 100):
        exchange.push("AAPL", 196.45)
        await ib.reqCurrentTimeAsync()
        assert trade.orderStatus.filled == filled


async def test_a_tick_after_the_cancel(bare: Any, server: TwsServer) -> None:
    await bare.ask(*QUOTE)
    server.faults.late_frames = True
    assert [one[:3] for one in await bare.ask(2, 2, 9)] == [["2", "6", "9"]]


async def test_strange_ticks(bare: Any, server: TwsServer) -> None:
    await bare.ask(*QUOTE)
    server.faults.bad_tick("AAPL", 4, "-1")
    server.faults.bad_tick("AAPL", 4, "1.7976931348623157E308")
    server.faults.bad_tick("AAPL", 4, "")
    server.faults.unknown_tick("AAPL")
    server.faults.rt_volume("AAPL")
    server.faults.unknown_message()
    server.faults.short_frame()
    told = await bare.answers()
    assert [one[4] for one in told[:3]] == ["-1", "1.7976931348623157E308", ""]
    assert [one[0] for one in told[3:]] == ["2", "46", "777", "3"]
    assert told[4][4].startswith("0.00;0;")


async def test_delayed_data_for_those_who_ask_for_it(bare: Any, server: TwsServer) -> None:
    server.faults.delayed.add("AAPL")
    assert codes(await bare.ask(*QUOTE)) == [354]
    await bare.ask(59, 1, 3)
    told = await bare.ask(*QUOTE)
    assert codes(told) == [10167]
    assert told[1] == ["58", "1", "9", "3"]
    kinds = {int(one[3]) for one in told if one[0] in {"1", "2", "46"}}
    assert kinds == {66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 88}


async def test_a_zone_that_python_does_not_know(bare: Any, server: TwsServer) -> None:
    server.faults.zone = "JST"
    (details, _) = await bare.ask(9, 8, 5, *APPLE, 0, "", "", "")
    assert details[25] == "JST"


async def test_profit_may_be_unset_and_ids_may_jump(bare: Any, server: TwsServer) -> None:
    server.faults.unset_profit = True
    server.faults.id_jump = 1000
    assert (await bare.ask(92, 9, "DU1234567", ""))[0][2] == "1.7976931348623157E308"
    assert await bare.ask(8, 1, 1) == [["9", "1", "1001"]]


async def test_a_slow_tws_answers_later(bare: Any, server: TwsServer, clock: ManualClock) -> None:
    server.faults.delay_s = 3.0
    bare.send(8, 1, 1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bare.read(), 0.05)
    await clock.advance(3)
    assert (await received(bare, 9))[0][0] == "9"


async def test_the_library_survives_every_strange_frame(
    lib: Any, ib: Any, server: TwsServer, exchange: Exchange
) -> None:
    (stock,) = await ib.qualifyContractsAsync(lib.Stock("AAPL", "SMART", "USD"))
    ticker = ib.reqMktData(stock)
    await ib.reqCurrentTimeAsync()
    for break_it in (server.faults.unknown_message, server.faults.short_frame):
        break_it()
    server.faults.unknown_tick("AAPL")
    exchange.push("AAPL", 198.0)
    await ib.reqCurrentTimeAsync()
    assert ticker.last in {196.45, 198.0}


async def test_the_status_of_an_order_that_nobody_placed(bare: Any, server: TwsServer) -> None:
    server.faults.raw(3, 4711, "Filled", 1, 0, 10.0, 99, 0, 10.0, 8, "", 0.0)
    assert (await bare.answers())[0][:3] == ["3", "4711", "Filled"]


async def test_times_of_fills_may_come_in_utc(lib: Any, ib: Any, bare: Any, server: TwsServer) -> None:
    server.faults.utc_times = True
    ib.placeOrder(lib.Stock("AAPL", "SMART", "USD", conId=265598), lib.MarketOrder("BUY", 10))
    await ib.reqCurrentTimeAsync()
    executions = await bare.ask(7, 3, 9, 0, "", "", "", "", "", "")
    assert executions[0][15] == "20240328-18:00:00"


async def test_order_messages_may_come_twice(lib: Any, ib: Any, bare: Any, server: TwsServer) -> None:
    server.faults.duplicates = True
    ib.placeOrder(lib.Stock("AAPL", "SMART", "USD", conId=265598), lib.LimitOrder("BUY", 10, 190.0))
    await ib.reqCurrentTimeAsync()
    assert [one[0] for one in await bare.ask(16, 1)] == ["5", "5", "3", "3", "53"]
