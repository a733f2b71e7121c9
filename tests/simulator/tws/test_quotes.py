"""Quotes on the wire: what is told at once, what is sampled, what each kind of instrument has."""

from typing import Any

from simulator.tws.clock import ManualClock
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer

APPLE = (265598, "AAPL", "STK", "", "0.0", "", "", "SMART", "", "USD", "", "")
EURO = (0, "EUR", "CASH", "", "0.0", "", "", "IDEALPRO", "", "USD", "", "")
SPX = (0, "SPX", "IND", "", "0.0", "", "", "CBOE", "", "USD", "", "")


def quote(req_id: Any, contract: Any = APPLE, generics: Any = "", snapshot: Any = 0) -> Any:
    return (1, 11, req_id, *contract, 0, generics, snapshot, 0, "")


def ticks(messages: Any) -> Any:
    """Return {tick type: value} of price, size, generic and string ticks, the last of each."""
    return {int(one[3]): one[4] for one in messages if one[0] in {"1", "2", "45", "46"}}


def errors(messages: Any) -> Any:
    return [int(one[3]) for one in messages if one[0] == "4"]


def prices(messages: Any, kind: Any = 4) -> Any:
    return [float(one[4]) for one in messages if one[0] == "1" and int(one[3]) == kind]


async def test_a_quote_begins_with_data_type_parameters_and_all_that_is_known(bare: Any) -> None:
    first, second, *rest = await bare.ask(*quote(9))
    assert first == ["58", "1", "9", "1"]
    assert second[:3] == ["81", "9", "0.01"]
    known = ticks(rest)
    assert (known[1], known[2], known[4]) == ("196.44", "196.46", "196.45")
    assert {0, 3, 5, 6, 7, 8, 9, 14, 45, 49, 84} <= known.keys()
    assert all(len(one) == 7 for one in rest if one[0] == "1")


async def test_a_print_is_told_at_once_and_those_that_follow_too_soon_only_by_the_last(
    bare: Any, exchange: Exchange, clock: ManualClock
) -> None:
    await bare.ask(*quote(9))
    await clock.advance(1)
    for price in (197.0, 205.0, 190.0, 198.0):
        exchange.push("AAPL", price)
    assert prices(await bare.answers()) == [197.0]
    await clock.advance(0.25)
    told = await bare.answers()
    assert prices(told) == [198.0]
    assert (prices(told, 6), prices(told, 7)) == ([205.0], [190.0])
    await clock.advance(10)
    assert await bare.answers() == []


async def test_the_volume_counts_every_print(bare: Any, exchange: Exchange, clock: ManualClock) -> None:
    before = float(ticks(await bare.ask(*quote(9)))[8])
    await clock.advance(1)
    for _ in range(3):
        exchange.push("AAPL", 197.0, size=50)
    await clock.advance(1)
    assert float(ticks(await bare.answers())[8]) == before + 150


async def test_a_print_at_the_same_price_is_told_as_a_size(bare: Any, exchange: Exchange, clock: ManualClock) -> None:
    await bare.ask(*quote(9))
    exchange.push("AAPL", 197.0, size=100)
    await clock.advance(1)
    await bare.answers()
    exchange.push("AAPL", 197.0, size=70)
    told = await bare.answers()
    assert prices(told) == []
    assert ticks(told)[5] == "70"


async def test_a_side_that_is_gone_is_told_as_minus_one(bare: Any, exchange: Exchange, clock: ManualClock) -> None:
    await bare.ask(*quote(9))
    await clock.advance(1)
    exchange.push("AAPL", 197.0, bid=0, ask=197.5)
    told = await bare.answers()
    assert (prices(told, 1), prices(told, 2)) == ([-1.0], [197.5])


async def test_a_currency_pair_has_no_last_price_and_an_index_no_quote(bare: Any) -> None:
    pair = ticks(await bare.ask(*quote(1, EURO)))
    assert {1, 2, 9} <= pair.keys()
    assert not {4, 5, 8} & pair.keys()
    index = ticks(await bare.ask(*quote(2, SPX)))
    assert 4 in index
    assert not {0, 1, 2, 3, 8} & index.keys()


async def test_a_snapshot_ends_and_leaves_nothing_behind(bare: Any, exchange: Exchange, server: TwsServer) -> None:
    assert (await bare.ask(*quote(9, snapshot=1)))[-1] == ["57", "1", "9"]
    exchange.push("AAPL", 197.0)
    assert await bare.answers() == []
    assert server.lines_used() == 0
    assert errors(await bare.ask(*quote(9, generics="233", snapshot=1))) == [321]


async def test_rt_volume_comes_for_those_who_ask(bare: Any, exchange: Exchange, clock: ManualClock) -> None:
    await bare.ask(*quote(9, generics="233"))
    exchange.push("AAPL", 197.0, size=30)
    await clock.advance(1)
    assert ticks(await bare.answers())[48].startswith("197.00;30;")


async def test_a_cancelled_quote_is_silent_and_an_unknown_one_an_error(bare: Any, exchange: Exchange) -> None:
    await bare.ask(*quote(9))
    assert await bare.ask(2, 2, 9) == []
    exchange.push("AAPL", 197.0)
    assert await bare.answers() == []
    assert errors(await bare.ask(2, 2, 9)) == [300]
