"""Connections that break on command: sockets, refusals, silence, and IB itself gone."""

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


async def test_a_dropped_client_sees_the_end(bare: Any, server: TwsServer) -> None:
    server.faults.drop()
    assert await bare.until_closed() == []
    assert server.clients() == []


async def test_a_refused_port_takes_connections_again_when_healed(
    server: TwsServer, connect: Any, exchange: Exchange
) -> None:
    server.faults.refuse()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)
    assert server.faults.active() == ["refuse"]
    server.faults.heal()
    assert await connect()
    assert server.faults.active() == []


@pytest.mark.parametrize("how", ["eof", "reset"])
async def test_a_number_of_connections_ends_at_once(server: TwsServer, connect: Any, how: str) -> None:
    server.faults.refuse(how, 2)
    for _ in range(2):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            assert await reader.read() == b""
        except ConnectionError:
            assert how == "reset"
        writer.close()
    assert await connect()


async def test_a_silent_port_takes_connections_and_says_nothing(server: TwsServer) -> None:
    server.faults.refuse("silence", 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"API\0\0\0\0\x09v157..178")
    await writer.drain()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.05)
    writer.close()


@pytest.mark.parametrize(("how", "code"), [("in_use", "326"), ("disclaimer", "10141")])
async def test_a_client_is_sent_away_with_an_error(server: TwsServer, how: str, code: Any) -> None:
    server.faults.refuse(how, 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"API\0\0\0\0\x09v157..178")
    writer.write(b"\0\0\0\x0871\x002\x003\0\0")
    left = await reader.read()
    assert f"4\0002\000-1\000{code}\000".encode() in left
    writer.close()


async def test_a_client_id_is_taken_once(connect: Any, server: TwsServer) -> None:
    await connect(client_id=5)
    with pytest.raises(asyncio.IncompleteReadError):
        await connect(client_id=5)
    assert server.clients() == [5]


async def test_a_freed_client_id_can_be_used_again(connect: Any, server: TwsServer) -> None:
    first = await connect(client_id=5)
    first.hang_up()
    await first.until_closed()
    second = await connect(client_id=6)
    assert await second.answers() == []
    assert await connect(client_id=5)


async def test_silence_and_swallowed_messages(bare: Any, server: TwsServer) -> None:
    server.faults.swallowed.update({62, 53})
    assert "62" not in {one[0] for one in await bare.ask(61, 1)}
    server.faults.heal()
    assert (await bare.ask(61, 1))[-1] == ["62", "1"]


async def test_loss_of_connection_stops_streams_and_its_return_resumes_them(
    bare: Any, server: TwsServer, exchange: Exchange, clock: ManualClock
) -> None:
    await bare.ask(*QUOTE)
    server.faults.lose_connection()
    assert codes(await bare.answers()) == [1100]
    exchange.push("AAPL", 190.0)
    assert await bare.ask(61, 1) == []
    server.faults.regain_connection()
    assert codes(await bare.answers()) == [1102]
    await clock.advance(1)
    exchange.push("AAPL", 191.0)
    assert any(one[0] == "1" and one[4] == "191.0" for one in await bare.answers())


async def test_after_1101_streams_are_gone(bare: Any, server: TwsServer, exchange: Exchange) -> None:
    await bare.ask(*QUOTE)
    server.faults.lose_connection()
    server.faults.regain_connection(data_lost=True)
    assert codes(await bare.answers()) == [1100, 1101]
    exchange.push("AAPL", 191.0)
    assert await bare.answers() == []
    assert server.lines_used() == 0


async def test_what_happens_to_orders_during_an_outage_is_told_after_it(
    lib: Any, ib: Any, server: TwsServer, exchange: Exchange
) -> None:
    trade = ib.placeOrder(lib.Stock("AAPL", "SMART", "USD", conId=265598), lib.LimitOrder("BUY", 10, 190.0))
    await ib.reqCurrentTimeAsync()
    server.faults.lose_connection()
    exchange.push("AAPL", 189.0)
    await ib.reqCurrentTimeAsync()
    assert trade.orderStatus.status == "Submitted"
    server.faults.regain_connection()
    await ib.reqCurrentTimeAsync()
    assert trade.orderStatus.status == "Filled"
    assert len(trade.fills) == 1


async def test_a_farm_flap(bare: Any, server: TwsServer) -> None:
    server.faults.flap("ushmds")
    assert codes(await bare.answers()) == [2103, 2104]
