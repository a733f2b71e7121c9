"""Combinations (BAG): quotes from the legs, fills leg by leg, margin of a spread."""

from typing import Any

import pytest

from simulator.tws.exchange import Exchange


@pytest.fixture
def legs(exchange: Exchange) -> Any:
    """Return a call of AAPL at 195 and one at 200, of the same week."""
    found = {(one.strike, one.right): one for one in reversed(exchange.catalogue.options(265598))}
    return found[195.0, "C"], found[200.0, "C"]


@pytest.fixture
def spread(lib: Any, legs: Any) -> Any:
    """Return the bull spread that buys the first leg and sells the second."""
    return bag(lib, (legs[0], 1, "BUY"), (legs[1], 1, "SELL"))


def bag(lib: Any, *parts: Any) -> Any:
    made = [
        lib.ComboLeg(conId=one.con_id, ratio=ratio, action=action, exchange="SMART") for one, ratio, action in parts
    ]
    return lib.Contract(secType="BAG", symbol="AAPL", currency="USD", exchange="SMART", comboLegs=made)


def rows(answers: Any, number: str) -> Any:
    return [one for one in answers if one[0] == number]


async def test_a_combination_is_quoted_as_all_of_its_legs_at_once(bare: Any, exchange: Exchange, legs: Any) -> None:
    first, second = (exchange.book(one) for one in legs)
    fields = (1, 11, 9, 0, "AAPL", "BAG", "", "0.0", "", "", "SMART", "", "USD", "", "")
    told = await bare.ask(*fields, 2, legs[0].con_id, 1, "BUY", "", legs[1].con_id, 1, "SELL", "", 0, "", 0, 0, "")
    prices = {one[3]: float(one[4]) for one in rows(told, "1")}
    assert prices["1"] == pytest.approx(first.bid - second.ask)
    assert prices["2"] == pytest.approx(first.ask - second.bid)


async def test_what_brings_money_has_a_price_below_zero(bare: Any, exchange: Exchange, legs: Any) -> None:
    fields = (1, 11, 9, 0, "AAPL", "BAG", "", "0.0", "", "", "SMART", "", "USD", "", "")
    told = await bare.ask(*fields, 2, legs[0].con_id, 1, "SELL", "", legs[1].con_id, 1, "BUY", "", 0, "", 0, 0, "")
    assert {one[3]: float(one[4]) < 0 for one in rows(told, "1") if one[3] in {"1", "2"}} == {"1": True, "2": True}


async def test_a_combination_fills_leg_by_leg_and_is_told_as_itself_too(
    trader: Any, lib: Any, exchange: Exchange, legs: Any, spread: Any
) -> None:
    net = exchange.book(legs[0]).ask - exchange.book(legs[1]).bid
    cash = exchange.accounts["DU1234567"].cash
    trader._client.placeOrder(1, spread, lib.MarketOrder("BUY", 2))
    told = await trader.bare.ask(*trader._messages.pop().split("\0")[:-1])
    executions = rows(told, "11")
    assert [(one[5], one[18], float(one[19])) for one in executions] == [
        ("BAG", "BOT", 2),
        ("OPT", "BOT", 2),
        ("OPT", "SLD", 2),
    ]
    assert float(executions[0][20]) == pytest.approx(net)
    assert {one[2] for one in rows(told, "59")} == {one[14] for one in executions[1:]}
    assert {one.instrument.strike: one.quantity for one in exchange.positions("DU1234567")[-2:]} == {
        195.0: 2,
        200.0: -2,
    }
    assert exchange.accounts["DU1234567"].cash == pytest.approx(cash - 200 * net - 2.6)
    assert (exchange.orders()[0]["avgFillPrice"], exchange.orders()[0]["status"]) == (pytest.approx(net), "Filled")


async def test_a_limit_on_a_combination_waits_for_its_net_price(
    trader: Any, lib: Any, exchange: Exchange, spread: Any
) -> None:
    await trader.place(1, lib.LimitOrder("BUY", 1, 1.0), spread)
    assert exchange.orders()[0]["status"] == "Submitted"
    exchange.push("AAPL", 194.7)
    (order,) = exchange.orders()
    assert (order["status"], order["avgFillPrice"], order["symbol"]) == ("Filled", 1.0, "AAPL")
    assert [ratio for _, ratio in order["legs"]] == [1, -1]


async def test_executions_of_a_combination_are_listed_again(
    trader: Any, lib: Any, exchange: Exchange, spread: Any
) -> None:
    await trader.place(1, lib.MarketOrder("BUY", 1), spread)
    listed = await trader.bare.ask(7, 3, 9, 0, "", "", "", "", "", "")
    assert [one[0] for one in listed] == ["11", "11", "59", "11", "59", "55"]
    only_legs = await trader.bare.ask(7, 3, 9, 0, "", "", "", "OPT", "", "SELL")
    assert [one[0] for one in only_legs] == ["11", "59", "55"]


async def test_a_covered_spread_needs_no_more_than_it_can_lose(
    trader: Any, lib: Any, exchange: Exchange, legs: Any, spread: Any
) -> None:
    account = exchange.accounts["DU1234567"]
    before = account.margin()[0]
    worth = exchange.book(legs[0]).last * 100
    await trader.place(1, lib.MarketOrder("BUY", 1), spread)
    assert account.margin()[0] - before == pytest.approx(worth)
    await trader.place(2, lib.MarketOrder("SELL", 2), bag(lib, (legs[0], 1, "BUY"), (legs[1], 1, "SELL")))
    short = exchange.book(legs[1]).last * 100
    assert account.margin()[0] - before == pytest.approx(500 + short)


async def test_a_naked_short_call_needs_a_fifth_of_its_underlying(
    trader: Any, lib: Any, exchange: Exchange, legs: Any
) -> None:
    account = exchange.accounts["DU1234567"]
    before = account.margin()[0]
    await trader.place(1, lib.MarketOrder("SELL", 1), lib.Contract(conId=legs[1].con_id, exchange="SMART"))
    premium = exchange.book(legs[1]).last
    assert account.margin()[0] - before == pytest.approx(100 * (0.2 * 196.45 - (200 - 196.45) + premium))


async def test_a_preview_of_a_combination_tells_its_margin(
    trader: Any, lib: Any, exchange: Exchange, spread: Any
) -> None:
    assert await trader.place(1, lib.MarketOrder("BUY", 1, whatIf=True), spread) == [("open", "PreSubmitted")]
    assert exchange.orders() == []


async def test_the_library_reads_a_combination_back(lib: Any, ib: Any, spread: Any, legs: Any) -> None:
    trade = ib.placeOrder(spread, lib.LimitOrder("BUY", 1, 0.5))
    await ib.reqCurrentTimeAsync()
    (found,) = await ib.reqAllOpenOrdersAsync()
    assert (trade.orderStatus.status, found.contract.secType) == ("Submitted", "BAG")
    assert [(leg.conId, leg.action) for leg in found.contract.comboLegs] == [
        (legs[0].con_id, "BUY"),
        (legs[1].con_id, "SELL"),
    ]
    ib.cancelOrder(trade.order)
    market = ib.placeOrder(spread, lib.MarketOrder("BUY", 1))
    await ib.reqCurrentTimeAsync()
    assert [fill.contract.secType for fill in market.fills] == ["BAG", "OPT", "OPT"]
    assert sum(fill.commissionReport.commission for fill in market.fills) == 2.0


@pytest.mark.parametrize(
    ("parts", "code"),
    [((), 321), (((1, 1, "BUY"),), 200), (((265598, 0, "BUY"),), 321), (((265598, 1, "HOLD"),), 321)],
)
async def test_legs_that_make_no_combination_are_refused(trader: Any, lib: Any, parts: Any, code: Any) -> None:
    made = [lib.ComboLeg(conId=con_id, ratio=ratio, action=action) for con_id, ratio, action in parts]
    contract = lib.Contract(secType="BAG", symbol="AAPL", currency="USD", exchange="SMART", comboLegs=made)
    assert await trader.place(1, lib.MarketOrder("BUY", 1), contract) == [("error", code)]


async def test_a_combination_has_no_details_no_history_and_no_single_ticks(bare: Any, legs: Any) -> None:
    contract = (0, "AAPL", "BAG", "", "0.0", "", "", "SMART", "", "USD", "", "")
    assert [one[3] for one in await bare.ask(9, 8, 5, *contract, 0, "", "", "")] == ["321"]
    told = await bare.ask(97, 6, *contract, "Last", 0, 0)
    assert [one[3] for one in told] == ["321"]
