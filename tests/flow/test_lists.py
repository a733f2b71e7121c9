"""Lists through the real process and both simulators: each order once, the second card also after a kill -9."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from simulator.world import World
from tests.flow.chat import Shown, said
from tests.flow.conftest import Stage, exchange_at, opened_stage

ORDERS = ("SELL 150 AAPL MARKET", "SELL 60 MSFT MARKET", "BUY 20 TSLA MARKET")
TWO = ("DU1234567", "DU7654321")


@pytest.fixture
async def desk_of_two(tmp_path: Path) -> AsyncIterator[Stage]:
    """Give a stage on which IBKR's login manages two accounts."""
    world = World(exchange=exchange_at(tmp_path, accounts=TWO), limits=False)
    async with opened_stage(world, tmp_path) as stage:
        yield stage


async def ready(stage: Stage) -> None:
    """Wait until a card's own message is known: updates of a chat are worked on in order."""
    await stage.ada.ask("/help", "/orders")


async def sent(stage: Stage, count: int) -> list[dict[str, Any]]:
    async def look() -> list[dict[str, Any]] | None:
        orders = await stage.desk.orders()
        return orders if len(orders) == count else None

    found: list[dict[str, Any]] = await stage.desk.until(look, f"{count} orders at TWS")
    return found


async def held(stage: Stage) -> dict[str, float]:
    state = await stage.desk.get("/sim/market/state")
    return {one["symbol"]: one["quantity"] for one in state["positions"]}


async def flat(stage: Stage) -> bool:
    return await held(stage) == {}


async def test_flatten_closes_long_and_short_by_one_confirm(stage: Stage) -> None:
    await stage.up()
    card = await stage.ada.ask("/flatten", "confirm?")
    for line in ORDERS:
        assert line in said(card)
    assert "PAPER" in said(card).splitlines()[0]
    assert await stage.desk.orders() == []
    await ready(stage)
    await stage.ada.press(card, "✅", repeat=5)
    orders = await sent(stage, 3)
    assert sorted(one["orderRef"] for one in orders) == ["sb-1-1", "sb-1-2", "sb-1-3"]
    await stage.desk.until(lambda: flat(stage), "no positions")
    await stage.ada.ask("/flatten", "No positions")
    assert len(await stage.desk.orders()) == 3


async def test_kill_9_among_the_orders_of_a_list_sends_none_twice_and_none_later(stage: Stage) -> None:
    bot = await stage.up()
    card = await stage.ada.ask("/flatten", "confirm?")
    await ready(stage)
    await stage.ada.press(card, "✅")
    await stage.desk.until(stage.desk.orders, "an order at TWS")
    bot.strike()
    await bot.death()
    left = [one["orderRef"] for one in await stage.desk.orders()]
    assert len(set(left)) == len(left)
    await stage.up()
    await stage.ada.until("#1", after=card["message_id"])
    at_work = len(left)

    async def look() -> bool:
        listed = said(await stage.ada.ask("/orders", "📋"))
        return "all ✅ filled" in listed if at_work == len(ORDERS) else f"{at_work} ✅ filled" in listed

    await stage.desk.until(look, f"{at_work} filled orders in the list")
    assert [one["orderRef"] for one in await stage.desk.orders()] == left


async def test_half_a_position_is_closed_by_three_taps_from_its_card(stage: Stage) -> None:
    await stage.up()
    positions = await stage.ada.ask("/positions", "Positions")
    await stage.ada.press(positions, "AAPL", wait=10)
    position = await stage.ada.becomes(positions, "50%")
    await stage.ada.press(position, "50%", wait=10)
    asked = await stage.ada.until("SELL 75 AAPL", "at what price?", after=positions["message_id"])
    await stage.ada.press(asked, "Market", wait=10)
    card = await stage.ada.until("SELL 75 AAPL MARKET", "confirm?", after=asked["message_id"])
    await ready(stage)
    await stage.ada.press(card, "✅")
    (order,) = await sent(stage, 1)
    assert (order["action"], order["quantity"], order["orderType"]) == ("SELL", 75, "MKT")


async def test_while_the_market_is_closed_nothing_is_flattened_and_it_says_why(stage: Stage) -> None:
    await stage.up()
    await stage.desk.post("/sim/market/session", action="close")

    async def look() -> Shown | None:
        answer = await stage.ada.ask("/flatten", "AAPL")
        return answer if "its market is closed" in said(answer) else None

    told: Shown = await stage.desk.until(look, "closed markets")
    assert "Nothing was sent to the market" in said(told)
    assert await stage.desk.orders() == []


async def test_one_order_an_account_goes_to_each_account(desk_of_two: Stage) -> None:
    stage = desk_of_two
    await stage.up()
    await stage.desk.push("AAPL", 199.0)
    card = await stage.ada.ask("buy 11 AAPL 199.5 accounts equal", "confirm?")
    assert "1 AAPL not ordered: left over by the division" in said(card)
    await ready(stage)
    await stage.ada.press(card, "✅")
    orders = await sent(stage, 2)
    assert sorted((one["account"], one["quantity"]) for one in orders) == [(TWO[0], 5), (TWO[1], 5)]
    await stage.ada.ask("buy 11 AAPL 199.5 accounts U1=11", "there is no account U1")


async def test_the_purchases_of_a_rebalance_wait_for_its_sales_over_a_kill_9(stage: Stage) -> None:
    bot = await stage.up(limit_order_value="200000")
    card = await stage.ada.ask("/rebalance AAPL 0% MSFT 90% cash 10%", "confirm?")
    assert "SELL 150 AAPL MARKET" in said(card)
    assert "waits for the sales" in said(card)
    assert "-20 TSLA stays: not named" in said(card).replace("\N{MINUS SIGN}", "-")
    await ready(stage)
    await stage.ada.press(card, "✅")
    await sent(stage, 1)
    await bot.kill()
    await stage.up(limit_order_value="200000")
    second = await stage.ada.until("MSFT MARKET", "confirm?", "The sales of #1 are done", after=card["message_id"])
    assert second["reply_to_message"]["message_id"] == card["message_id"]
    assert len(await stage.desk.orders()) == 1
    await ready(stage)
    await stage.ada.press(second, "✅", repeat=3)
    orders = await sent(stage, 2)
    assert [(one["action"], one["symbol"]) for one in orders] == [("SELL", "AAPL"), ("BUY", "MSFT")]
    await stage.desk.until(lambda: bought(stage), "the purchase")
    await ready(stage)
    cards = [one for one in await stage.ada.from_bot(card["message_id"]) if "The sales of #1 are done" in said(one)]
    assert len(cards) <= 1
    assert len(await stage.desk.orders()) == 2


async def bought(stage: Stage) -> bool:
    return (await held(stage)).get("MSFT", 0) > 60


async def test_a_second_card_that_expires_can_be_had_again(stage: Stage) -> None:
    await stage.up(limit_order_value="200000", confirm_timeout_s="3")
    card = await stage.ada.ask("/rebalance AAPL 0% MSFT 90%", "confirm?")
    await stage.ada.press(card, "✅", wait=10)
    await sent(stage, 1)
    told = await stage.ada.until("The purchases of #1 were not ordered", after=card["message_id"])
    assert "BUY" in said(told)
    assert await sent(stage, 1)
    await stage.ada.press(told, "🛒", wait=10)
    await stage.ada.until("MSFT MARKET", "confirm?", after=told["message_id"])
