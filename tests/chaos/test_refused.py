"""IBKR refuses one order of a bracket or of a list: nothing is left half, nothing is sent later, all is told."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chaos import confirm, of_list, wake
from tests.flow.chat import said
from tests.flow.conftest import Stage, always_open, opened_stage

# Below the market, so that nothing of it is filled.
_WAITING = "buy 10 AAPL 190 tp 210 sl 180"
_WHY = "Order rejected - reason:No such thing today."
_OVER = {"Cancelled", "ApiCancelled", "Inactive"}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with opened_stage(always_open(tmp_path, sample_s=0.0), tmp_path) as stage:
        await stage.up()
        yield stage


def refuse(stage: Stage, number: int) -> None:
    """Let TWS refuse the order *number* of those to come, and take the others."""
    faults = stage.world.server.faults
    if number > 1:
        faults.answer_with("placeOrder", 399, "Order Message:\nWarning: mind it.", count=number - 1, proceed=True)
    faults.answer_with("placeOrder", 201, _WHY, count=1)


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_of_a_bracket_of_which_ibkr_refuses_one_order_nothing_works_on(stage: Stage, number: int) -> None:
    card = await confirm.opened(stage, _WAITING)
    refuse(stage, number)
    await stage.ada.press(card, "✅", wait=10)
    told = await stage.ada.until("REJECTED", "No such thing today", after=card["message_id"])
    assert "PAPER" in said(told).splitlines()[0]

    async def over() -> bool:
        return all(one["status"] in _OVER for one in await stage.desk.orders()) and not await confirm.held(stage)

    await stage.desk.until(over, "an end of all of it")
    orders = await stage.desk.orders()
    assert sum(one["filled"] for one in orders) == 0
    stage.world.server.faults.heal()
    await stage.bots[-1].kill()
    await wake.settled(stage)
    await stage.up()
    await stage.ada.ask("/orders", "Orders")
    assert len(await stage.desk.orders()) == len(orders)
    assert await over()


async def test_of_a_list_of_which_ibkr_refuses_one_order_the_others_go_and_it_is_never_sent_again(stage: Stage) -> None:
    card = await of_list.opened(stage)
    refuse(stage, 2)
    await stage.ada.press(card, "✅", wait=10)
    await stage.ada.until("2 ✅ filled", "rejected", after=card["message_id"] - 1)

    async def placed() -> list[str]:
        return sorted(one["orderRef"] for one in await stage.desk.orders() if one["status"] == "Filled")

    assert await placed() == ["sb-1-1", "sb-1-3"]
    stage.world.server.faults.heal()
    await stage.bots[-1].kill()
    await wake.settled(stage)
    await stage.up()
    await stage.ada.ask("/help", "/orders")
    assert await placed() == ["sb-1-1", "sb-1-3"]
