"""Algorithms work an order off in slices, and are refused where IBKR refuses them."""

from typing import Any

import pytest

from simulator.tws.algo import AlgoRefused, algo_of
from simulator.tws.clock import ManualClock
from simulator.tws.exchange import Exchange


def worked(lib: Any, strategy: str, quantity: float = 100, kind: str = "MKT", **given: Any) -> Any:
    tags = [lib.TagValue(name, str(value)) for name, value in given.items()]
    limit = {"lmtPrice": 200.0} if kind == "LMT" else {}
    return lib.Order(
        orderType=kind, action="BUY", totalQuantity=quantity, algoStrategy=strategy, algoParams=tags, **limit
    )


def filled(exchange: Exchange) -> float:
    return float(exchange.orders()[-1]["filled"])


@pytest.mark.parametrize(
    ("priority", "steps"), [("Urgent", [100]), ("Normal", [50, 50, 100]), ("Patient", [25, 25, 25, 50])]
)
async def test_the_adaptive_algorithm_takes_the_time_that_its_priority_gives(
    trader: Any, lib: Any, exchange: Exchange, clock: ManualClock, priority: Any, steps: Any
) -> None:
    await trader.place(1, worked(lib, "Adaptive", adaptivePriority=priority))
    seen = [filled(exchange)]
    while len(seen) < len(steps):
        await clock.advance(1.0 if priority == "Normal" else 2.0)
        seen.append(filled(exchange))
    assert seen == steps


async def test_a_twap_spreads_itself_evenly_from_start_to_end(
    trader: Any, lib: Any, exchange: Exchange, clock: ManualClock
) -> None:
    await trader.place(
        1, worked(lib, "Twap", startTime="14:01:00 US/Eastern", endTime="14:11:00 US/Eastern", allowPastEndTime=1)
    )
    assert (filled(exchange), exchange.orders()[0]["algo"]) == (0, "Twap")
    await clock.advance(60)
    assert filled(exchange) == 10
    await clock.advance(240)
    assert filled(exchange) == 50
    await clock.advance(300)
    assert exchange.orders()[0]["status"] == "Filled"


async def test_a_vwap_does_more_at_both_ends(trader: Any, lib: Any, exchange: Exchange, clock: ManualClock) -> None:
    await trader.place(1, worked(lib, "Vwap", 170, maxPctVol=0.1, endTime="14:10:00 US/Eastern", allowPastEndTime=0))
    amounts = [filled(exchange)]
    for _ in range(9):
        await clock.advance(60)
        amounts.append(filled(exchange))
    assert amounts == [30, 50, 65, 75, 85, 95, 105, 120, 140, 170]


async def test_what_an_algorithm_has_not_done_by_its_end_is_given_up(
    trader: Any, lib: Any, exchange: Exchange, clock: ManualClock
) -> None:
    order = worked(lib, "Twap", kind="LMT", endTime="14:10:00 US/Eastern", allowPastEndTime=0)
    await trader.place(1, order)
    exchange.push("AAPL", 210.0)
    await clock.advance(601)
    assert (exchange.orders()[0]["status"], filled(exchange)) == ("Cancelled", 10)
    await trader.place(2, worked(lib, "Twap", kind="LMT", endTime="14:20:00 US/Eastern", allowPastEndTime=1))
    await clock.advance(1200)
    assert exchange.orders()[1]["status"] == "Submitted"


async def test_slices_keep_to_the_limit(trader: Any, lib: Any, exchange: Exchange, clock: ManualClock) -> None:
    await trader.place(1, worked(lib, "Adaptive", kind="LMT", adaptivePriority="Patient"))
    exchange.push("AAPL", 210.0)
    await clock.advance(60)
    assert filled(exchange) == 25
    exchange.push("AAPL", 199.0)
    assert exchange.orders()[0]["status"] == "Filled"


@pytest.mark.parametrize(
    ("strategy", "given", "code"),
    [
        ("Sniper", {}, 439),
        ("Adaptive", {"adaptivePriority": "Soon"}, 441),
        ("Adaptive", {"speed": "1"}, 443),
        ("Twap", {"strategyType": "Random"}, 441),
        ("Twap", {"startTime": "noon"}, 441),
        ("Twap", {"startTime": "15:00:00 US/Eastern", "endTime": "14:59:00 US/Eastern"}, 441),
        ("Vwap", {"maxPctVol": "0.6"}, 441),
        ("Vwap", {"maxPctVol": "much"}, 441),
    ],
)
async def test_wrong_attributes_are_refused(
    trader: Any, lib: Any, exchange: Exchange, strategy: Any, given: Any, code: Any
) -> None:
    assert await trader.place(1, worked(lib, strategy, **given)) == [("error", code)]
    assert exchange.orders() == []


async def test_an_algorithm_is_for_market_and_limit_orders_of_shares(trader: Any, lib: Any, exchange: Exchange) -> None:
    stop = worked(lib, "Adaptive", kind="STP", adaptivePriority="Normal")
    stop.auxPrice = 190.0
    assert await trader.place(1, stop) == [("error", 442)]


async def test_an_algorithm_cannot_be_changed_but_its_order_can(trader: Any, lib: Any, exchange: Exchange) -> None:
    order = worked(lib, "Adaptive", kind="LMT", adaptivePriority="Patient")
    await trader.place(1, order)
    order.lmtPrice = 150.0
    assert ("status", "Submitted", 25) in await trader.place(1, order)
    assert exchange.orders()[0]["limitPrice"] == 150.0
    assert await trader.place(1, worked(lib, "Vwap", kind="LMT", maxPctVol=0.1)) == [("error", 440)]
    assert await trader.limit(1, "BUY", 100, 150.0) == [("error", 440)]


def test_a_schedule_never_exceeds_the_order_and_ends_with_all_of_it() -> None:
    twap = algo_of("Twap", {}, (1000.0, None), 2000.0)
    dues = [twap.due(at, 7, 1.0) for at in range(900, 2100, 50)]
    assert dues == sorted(dues)
    assert (dues[0], dues[-1], max(dues)) == (0.0, 7, 7)
    with pytest.raises(AlgoRefused):
        algo_of("Twap", {}, (1000.0, 900.0), 2000.0)
