"""The limits of a real TWS are those of this one."""

from typing import Any

import pytest

from simulator.tws.clock import ManualClock
from simulator.tws.limits import HistoricalPacing, MessageRate, Query
from simulator.tws.server import TwsServer

APPLE = (265598, "AAPL", "STK", "", "0.0", "", "", "SMART", "", "USD", "", "")


def codes(messages: Any) -> Any:
    return [int(one[3]) for one in messages if one[0] == "4"]


async def test_the_fifty_first_message_of_a_second_is_refused(bare: Any) -> None:
    for _ in range(60):
        bare.send(8, 1, 1)
    answers = await bare.answers_of(60)
    assert codes(answers)[0] == 100
    assert 40 <= sum(one[0] == "9" for one in answers) <= 50


async def test_the_hundred_and_first_line_is_refused_and_a_freed_one_is_free(connect: Any, server: TwsServer) -> None:
    clients = [await connect(client_id=number) for number in range(1, 5)]
    for number, client in enumerate(clients):
        for line in range(25):
            client.send(1, 11, line + 1, *APPLE, 0, "", 0, 0, "")
        assert codes(await client.answers()) == [], number
    assert server.lines_used() == 100
    assert codes(await clients[0].ask(1, 11, 99, *APPLE, 0, "", 0, 0, "")) == [101]
    await clients[1].ask(2, 2, 7)
    assert codes(await clients[0].ask(1, 11, 99, *APPLE, 0, "", 0, 0, "")) == []


async def test_the_eleventh_scanner_is_refused(bare: Any) -> None:
    for number in range(11):
        bare.send(22, number, 5, "STK", "STK.US", "MOST_ACTIVE", *[""] * 17, "", "")
    (refused,) = [one for one in await bare.answers() if one[0] == "4"]
    assert (refused[3], refused[4].partition(" : ")[2]) == (
        "322",
        "cause - Only 10 simultaneous API scanner subscriptions are allowed.",
    )


async def test_the_fifty_first_open_historical_request_is_refused(connect: Any) -> None:
    first, second = await connect(client_id=1), await connect(client_id=2)
    for client, first_id in ((first, 0), (second, 25)):
        for number in range(first_id, first_id + 25):
            client.send(20, number, *APPLE, 0, "", "1 min", "60 S", 1, "TRADES", 1, 1, "")
        assert codes(await client.answers()) == []
    assert codes(await second.ask(20, 99, *APPLE, 0, "", "1 min", "60 S", 1, "TRADES", 1, 1, "")) == [162]


async def test_a_third_account_summary_is_refused(bare: Any) -> None:
    for number in (1, 2):
        assert codes(await bare.ask(62, 1, number, "All", "NetLiquidation")) == []
    assert codes(await bare.ask(62, 1, 3, "All", "NetLiquidation")) == [322]
    await bare.ask(63, 1, 1)
    assert codes(await bare.ask(62, 1, 3, "All", "NetLiquidation")) == []


async def test_a_second_account_subscription_replaces_the_first(bare: Any) -> None:
    assert codes(await bare.ask(6, 2, 1, "DU1234567")) == []
    assert codes(await bare.ask(6, 2, 1, "DU1234567")) == [2100]


async def test_small_bars_are_paced_on_the_wire(bare: Any, clock: ManualClock) -> None:
    request = (*APPLE, 0, "", "5 secs", "60 S", 1, "TRADES", 1, 0, "")
    assert codes(await bare.ask(20, 1, *request)) == []
    (refusal,) = await bare.ask(20, 2, *request)
    assert (refusal[3], "pacing violation" in refusal[4]) == ("162", True)
    await clock.advance(16)
    assert codes(await bare.ask(20, 3, *request)) == []


def test_large_bars_are_not_paced() -> None:
    pacing = HistoricalPacing()
    assert not any(pacing.violated(0.0, 60, Query("a", "TRADES", 0)) for _ in range(100))


def test_six_requests_for_one_contract_within_two_seconds_are_too_many() -> None:
    pacing = HistoricalPacing()
    assert [pacing.violated(number / 10, 5, Query("a", "TRADES", number)) for number in range(6)] == [False] * 5 + [
        True
    ]
    assert not pacing.violated(3.0, 5, Query("a", "TRADES", 9))


@pytest.mark.parametrize(("what", "allowed"), [("TRADES", 60), ("BID_ASK", 30)])
def test_sixty_requests_in_ten_minutes_are_enough_and_bid_ask_counts_twice(what: str, allowed: int) -> None:
    pacing = HistoricalPacing()
    answers = [pacing.violated(number * 3.0, 5, Query(number, what, number)) for number in range(allowed + 1)]
    assert answers == [False] * allowed + [True]
    assert not pacing.violated(900.0, 5, Query("late", what, 0))


def test_the_rate_counts_the_last_second_only() -> None:
    rate = MessageRate()
    assert not any(rate.exceeded(number / 49) for number in range(500))
    assert [rate.exceeded(100.0) for _ in range(51)] == [False] * 50 + [True]
