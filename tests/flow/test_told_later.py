"""What comes after an order was told, through the real process and both simulators: its fee, a chat that was closed."""

from typing import Any

from simulator.tws.order_replies import commission_report
from tests.flow.chat import Shown, labels, said
from tests.flow.conftest import Stage

COMMISSION = 59
"""The id of TWS's commission report."""


async def confirmed(stage: Stage, line: str) -> Shown:
    """Order *line* and press Confirm once the card's own message is known; return the card."""
    card = await stage.ada.ask(line, "confirm?")
    await stage.ada.ask("/help", "/orders")
    await stage.ada.press(card, "✅", wait=10)
    return card


async def until_refused(stage: Stage, *words: str) -> None:
    """Wait until Telegram has refused messages with each of *words*, since the chat is closed."""

    async def look() -> bool:
        calls = await stage.desk.get("/sim/calls", method="sendMessage")
        refused = [str(call["params"]) for call in calls if "error" in call]
        return all(any(word in text for text in refused) for word in words)

    await stage.desk.until(look, f"{words} to be refused")


async def told_fill(stage: Stage, card: Shown) -> tuple[Shown, Shown]:
    """Return the two messages that tell the fill: the thread's, and the one that rings."""

    async def look() -> tuple[Shown, Shown] | None:
        found = [one for one in await stage.ada.from_bot(card["message_id"]) if "✅ FILLED" in said(one)]
        found.sort(key=lambda one: any("Add stop" in label for label in labels(one)))
        return (found[0], found[1]) if len(found) > 1 else None

    told: Any = await stage.desk.until(look, "two messages of the fill")
    return told[0], told[1]


async def test_a_fee_that_comes_late_goes_into_both_messages_and_makes_no_new_one(stage: Stage) -> None:
    await stage.up()
    await stage.desk.post("/sim/market/faults", kind="swallow", messages=[COMMISSION])
    card = await confirmed(stage, "buy 10 AAPL market")
    thread, ring = await told_fill(stage, card)
    assert "fee" not in said(thread) + said(ring)
    last = (await stage.ada.shown())[-1]["message_id"]
    await stage.desk.post("/sim/market/faults", kind="heal")
    (order,) = stage.world.exchange.desk.blotter.all()
    (execution,) = order.executions
    await stage.desk.post("/sim/market/faults", kind="raw", fields=list(commission_report(execution)))
    assert "🛑 Add stop" in labels(await stage.ada.becomes(ring, "fee $1.00"))
    await stage.ada.becomes(thread, "fee $1.00")
    answer = await stage.ada.ask("/orders", "filled 10 of 10")
    assert [one["message_id"] for one in await stage.ada.from_bot(last)] == [answer["message_id"]]


async def test_a_chat_that_is_open_again_is_shown_what_its_order_came_to_and_no_button_to_cancel_it(
    stage: Stage,
) -> None:
    await stage.up()
    stage.world.server.faults.hold_acks()
    card = await confirmed(stage, "buy 10 AAPL 196")
    await stage.ada.becomes(card, "Sent to IBKR")
    await stage.desk.post("/sim/chats/111/block", user_id=111)
    stage.world.server.faults.heal()
    await until_refused(stage, "Working")
    await stage.desk.push("AAPL", 195.0)
    await until_refused(stage, "Working", "Add stop", "BOT 10 AAPL")
    await stage.desk.post("/sim/chats/111/block", user_id=111, blocked=False)
    await stage.ada.say("/help")
    thread, ring = await told_fill(stage, card)
    assert "BOT 10 AAPL @ 19" in said(ring).splitlines()[0]
    assert not [one for one in labels(thread) if "Cancel" in one]
    working = [one for one in await stage.ada.from_bot(card["message_id"]) if "Working" in said(one)]
    assert working == []
