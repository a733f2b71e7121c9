"""A newcomer's path: from an alert's message, three taps to a filled bracket order; and what its card can be made."""

from typing import Any

from tests.flow.chat import labels, said
from tests.flow.conftest import Stage


async def test_three_taps_from_an_alert_to_a_filled_bracket(stage: Stage) -> None:
    await stage.up()
    await stage.ada.ask("AAPL > 200", "Alert #1 set")
    await stage.desk.push("AAPL", 200.5)
    fired = await stage.ada.until("🔔 AAPL ▲")

    await stage.ada.press(fired, "🟢 Buy")
    sizes = await stage.ada.until("BUY AAPL", "how many?", after=fired["message_id"])
    await stage.ada.press(sizes, "🛡 BUY 10")
    card = await stage.ada.until("confirm?", "Take profit", "Stop loss", after=sizes["message_id"])
    assert said(card).startswith("📝 PAPER · BUY 10 AAPL")
    await stage.ada.press(card, "✅ Confirm")

    filled = await stage.ada.until("FILLED", "BOT 10 AAPL", after=card["message_id"])
    assert filled["reply_to_message"]["message_id"] == card["message_id"]
    entry, target, stop = await stage.desk.orders()
    assert (entry["status"], entry["filled"]) == ("Filled", 10)
    assert [one["action"] for one in (target, stop)] == ["SELL", "SELL"]
    assert (target["orderType"], stop["orderType"]) == ("LMT", "STP")
    assert [one["orderRef"] for one in (entry, target, stop)] == ["sb-1-1", "sb-1-2", "sb-1-3"]
    assert await stage.desk.until(lambda: shown(stage, card, "working"), "the thread of the bracket")


async def test_the_target_is_filled_and_its_stop_goes_without_a_sound(stage: Stage) -> None:
    await stage.up()
    await stage.desk.push("AAPL", 199.0)
    card = await stage.ada.ask("buy 10 AAPL market tp 203 sl 190", "confirm?")
    await stage.ada.press(card, "✅")
    await stage.ada.until("FILLED", "BOT 10 AAPL", after=card["message_id"])
    await stage.desk.push("AAPL", 203.5)
    target = await stage.ada.until("FILLED", "Take profit", "SLD 10 AAPL", after=card["message_id"])
    assert "realized" in said(target)
    over = await stage.desk.until(lambda: shown(stage, card, "cancelled"), "a thread that shows the end")
    assert labels(over) == ["📋 Orders"]
    rings = [said(one) for one in await stage.ada.from_bot(card["message_id"]) if "CANCELLED" in said(one)]
    assert rings == []


async def test_a_card_changed_by_button_and_by_word_is_sent_as_it_was_last_shown(stage: Stage) -> None:
    await stage.up()
    await stage.desk.push("AAPL", 199.0)
    card = await stage.ada.ask("buy 10 AAPL 150", "confirm?")
    await stage.ada.press(card, "✏️ Quantity")
    screen = await stage.desk.until(lambda: again(stage, card, "How many?"), "a screen of quantities")
    await stage.ada.press(screen, "50")
    fifty = await stage.desk.until(lambda: again(stage, card, "BUY 50 AAPL LIMIT 150.00 · confirm?"), "a card for 50")
    await stage.ada.press(fifty, "✏️ Price")
    prices = await stage.desk.until(lambda: again(stage, card, "At what price?"), "a screen of prices")
    await stage.ada.press(prices, "⌨️ Type it")
    asked = await stage.ada.until("Answer this message", after=card["message_id"])
    await stage.ada.say("151.5 gtc", reply_to_message_id=asked["message_id"])
    last = await stage.desk.until(lambda: again(stage, card, "BUY 50 AAPL LIMIT 151.50 · confirm?"), "a card at 151.50")
    assert "Good till cancelled" in said(last)
    assert await stage.desk.orders() == []
    await stage.ada.press(last, "✅")
    working = await stage.ada.until("Working", "BUY 50 AAPL LIMIT 151.50", after=card["message_id"])
    assert any("Cancel order" in label for label in labels(working))
    (order,) = await stage.desk.orders()
    assert (order["quantity"], order["limitPrice"], order["tif"]) == (50, 151.5, "GTC")
    assert order["orderRef"] == "sb-3-1"


async def test_the_working_message_loses_its_cancel_button_when_the_order_is_filled(stage: Stage) -> None:
    await stage.up()
    await stage.desk.push("AAPL", 199.0)
    card = await stage.ada.ask("buy 10 AAPL 198", "confirm?")
    await stage.ada.press(card, "✅")
    working = await stage.ada.until("Working", after=card["message_id"])
    await stage.desk.push("AAPL", 197.5)
    await stage.ada.until("FILLED", "BOT 10 AAPL", after=card["message_id"])

    async def ended() -> bool:
        now = await stage.ada.again(working)
        return "FILLED" in said(now) and not any("Cancel" in label for label in labels(now))

    await stage.desk.until(ended, "a thread without Cancel")


async def again(stage: Stage, card: dict[str, Any], words: str) -> dict[str, Any] | None:
    now = await stage.ada.again(card)
    return now if words in said(now) else None


async def shown(stage: Stage, card: dict[str, Any], words: str) -> dict[str, Any] | None:
    """Return the message that shows how the card's orders stand, once it has *words* in it."""
    for one in await stage.ada.from_bot(card["message_id"]):
        if (
            "🛑 Stop loss" in said(one)
            and "🎯 Take profit" in said(one)
            and words in said(one)
            and "FILLED" not in said(one)
        ):
            return one
    return None
