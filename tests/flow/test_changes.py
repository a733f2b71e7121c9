"""Orders that work, through the real process and both simulators: listed, moved, protected, cancelled."""

from typing import Any

from tests.flow.chat import Shown, labels, said
from tests.flow.conftest import Stage


async def confirmed(stage: Stage, line: str) -> Shown:
    """Order *line* and confirm it; return its card."""
    card = await stage.ada.ask(line, "confirm?")
    await stage.ada.ask("/help", "/orders")
    await stage.ada.press(card, "✅", wait=10)
    return card


async def order(stage: Stage, **wanted: Any) -> dict[str, Any]:
    """Return the one order at TWS that is as *wanted*, now or when it is."""

    async def look() -> dict[str, Any] | None:
        found = [one for one in await stage.desk.orders() if all(one[name] == value for name, value in wanted.items())]
        return found[0] if len(found) == 1 else None

    found: dict[str, Any] = await stage.desk.until(look, f"an order {wanted}")
    return found


async def listed(stage: Stage, *words: str) -> Shown:
    """Return /orders when it has all of *words* on it."""

    async def look() -> Shown | None:
        answer = await stage.ada.ask("/orders", "Orders")
        everything = said(answer) + "\n".join(labels(answer))
        return answer if all(word in everything for word in words) else None

    found: Shown = await stage.desk.until(look, f"{words} in /orders")
    return found


async def offering(stage: Stage, button: str, after: Shown) -> Shown:
    """Return the first message after *after* that has *button*: a fill is told in its thread and in one that rings."""

    async def look() -> Shown | None:
        shown = await stage.ada.from_bot(after["message_id"])
        return next((one for one in shown if any(label.startswith(button) for label in labels(one))), None)

    found: Shown = await stage.desk.until(look, f"a message with {button}")
    return found


async def test_a_price_is_moved_by_its_own_card_and_confirm(stage: Stage) -> None:
    await stage.up()
    await confirmed(stage, "buy 10 AAPL 150")
    orders = await listed(stage, "1 working", "✏️ #1 price")
    await stage.ada.press(orders, "✏️ #1 price", wait=10)
    asked = await stage.ada.until("move to?", after=orders["message_id"])
    await stage.ada.press(asked, "150.01", wait=10)
    card = await stage.ada.until("CHANGE BUY 10 AAPL LIMIT 150.00 → 150.01", "confirm?", after=asked["message_id"])
    assert (await order(stage, orderRef="sb-1-1"))["limitPrice"] == 150
    await stage.ada.ask("/help", "/orders")
    await stage.ada.press(card, "✅", repeat=3)
    moved = await order(stage, orderRef="sb-1-1", limitPrice=150.01)
    assert moved["quantity"] == 10
    assert len(await stage.desk.orders()) == 1
    await listed(stage, "BUY 10 AAPL LIMIT 150.01")


async def test_a_typed_price_moves_it_too(stage: Stage) -> None:
    await stage.up()
    await confirmed(stage, "buy 10 AAPL 150")
    orders = await listed(stage, "1 working", "✏️ #1 price")
    await stage.ada.press(orders, "✏️ #1 price", wait=10)
    asked = await stage.ada.until("move to?", after=orders["message_id"])
    await stage.ada.press(asked, "✏️ Type", wait=10)
    question = await stage.ada.until("New price for", after=asked["message_id"])
    await stage.ada.say("+2%", reply_to_message_id=question["message_id"])
    card = await stage.ada.until("→ 153.00", "confirm?", after=question["message_id"])
    await stage.ada.ask("/help", "/orders")
    await stage.ada.press(card, "✅")
    await order(stage, orderRef="sb-1-1", limitPrice=153.0)


async def test_what_was_filled_gets_a_stop_and_its_cancel_takes_two_taps(stage: Stage) -> None:
    await stage.up()
    await stage.desk.push("AAPL", 199.0)
    card = await confirmed(stage, "buy 10 AAPL 199.5")
    filled = await offering(stage, "🛑 Add stop", card)
    await stage.ada.press(filled, "🛑 Add stop", wait=10)
    asked = await stage.ada.until("at what price?", after=filled["message_id"])
    label = next(one for one in labels(asked) if "\N{MINUS SIGN}5%" in one)
    await stage.ada.press(asked, label, wait=10)
    stop_card = await stage.ada.until("SELL 10 AAPL STOP", "confirm?", after=asked["message_id"])
    await stage.ada.ask("/help", "/orders")
    await stage.ada.press(stop_card, "✅", wait=10)
    stop = await order(stage, orderType="STP")
    assert (stop["action"], stop["quantity"], stop["tif"]) == ("SELL", 10, "GTC")
    orders = await listed(stage, "✖️ Cancel #2")
    await stage.ada.press(orders, "✖️ Cancel #2", wait=10)
    sure = await stage.ada.becomes(orders, "A protective stop is among them")
    assert (await order(stage, orderType="STP"))["status"] not in {"Cancelled", "PendingCancel"}
    await stage.ada.press(sure, "✖️ Cancel it", wait=10)
    await order(stage, orderType="STP", status="Cancelled")


async def test_a_brackets_target_is_moved_and_the_position_closed_beside_what_guards_it(stage: Stage) -> None:
    await stage.up()
    await stage.desk.push("MSFT", 414.0)
    card = await confirmed(stage, "buy 10 MSFT 415 tp 440 sl 400")
    await stage.ada.until("FILLED", "BOT 10 MSFT", after=card["message_id"])
    shown = await stage.ada.until("2 🕓 working", after=card["message_id"])
    await stage.ada.press(shown, "✏️ Move target", wait=10)
    asked = await stage.ada.until("move to?", after=card["message_id"])
    await stage.ada.press(asked, "440.01", wait=10)
    change = await stage.ada.until("440.00 → 440.01", "New terms for order #1", after=asked["message_id"])
    await stage.ada.ask("/help", "/orders")
    await stage.ada.press(change, "✅", wait=10)
    await order(stage, orderRef="sb-1-2", limitPrice=440.01)
    await stage.ada.becomes(shown, "Take profit LIMIT 440.01")
    flat = await stage.ada.ask("/flatten", "confirm?")
    assert "#1 SELL 10 MSFT LIMIT 440.01 still works" in said(flat)
    assert "SELL 70 MSFT MARKET" in said(flat)
    warned = await stage.ada.until("Closing leaves 2 working orders", after=change["message_id"])
    await stage.ada.press(warned, "✖️ Cancel #1", wait=10)
    sure = await stage.ada.until("A protective stop is among them", after=flat["message_id"])
    await stage.ada.press(sure, "✖️ Cancel all 2", wait=10)
    for number in (2, 3):
        await order(stage, orderRef=f"sb-1-{number}", status="Cancelled")


async def test_what_was_filled_gets_a_target_and_a_stop_of_which_one_cancels_the_other(stage: Stage) -> None:
    await stage.up()
    await stage.desk.push("AAPL", 199.0)
    card = await confirmed(stage, "buy 10 AAPL 199.5")
    filled = await offering(stage, "🎯 Add target", card)
    assert "BOT 10 AAPL @ 1" in said(filled).splitlines()[0]
    await stage.ada.press(filled, "🎯 Add target", wait=10)
    asked = await stage.ada.until("at what price?", after=filled["message_id"])
    label = next(one for one in labels(asked) if "🛑" in one)
    await stage.ada.press(asked, label, wait=10)
    pair = await stage.ada.until("SELL 10 AAPL LIMIT", "or STOP", "confirm?", after=asked["message_id"])
    await stage.ada.ask("/help", "/orders")
    await stage.ada.press(pair, "✅", repeat=3)
    target, stop = await order(stage, orderRef="sb-2-1"), await order(stage, orderRef="sb-2-2")
    assert (target["action"], target["orderType"], target["quantity"]) == ("SELL", "LMT", 10)
    assert (stop["action"], stop["orderType"], stop["ocaGroup"]) == ("SELL", "STP", target["ocaGroup"])
    await stage.desk.push("AAPL", target["limitPrice"] + 1)
    await order(stage, orderRef="sb-2-2", status="Cancelled")
    closed = await stage.ada.until("FILLED", "SLD 10 AAPL", "realized", after=pair["message_id"])
    assert not [one for one in labels(closed) if "Add" in one]


async def test_orders_placed_in_tws_show_and_all_of_ours_are_cancelled_by_two_taps(stage: Stage) -> None:
    await stage.up()
    await stage.desk.post("/sim/market/order", symbol="MSFT", action="BUY", quantity=3, limit=100)
    await confirmed(stage, "buy 10 AAPL 150")
    await confirmed(stage, "buy 5 AAPL 151")
    orders = await listed(stage, "Placed elsewhere", "#1", "#2")
    assert "buy 3 MSFT 100" in said(orders)
    assert not [one for one in labels(orders) if "MSFT" in one]
    await stage.ada.press(orders, "✖️ Cancel all", wait=10)
    sure = await stage.ada.becomes(orders, "Cancel all 2 working orders?")
    await stage.ada.press(sure, "✖️ Cancel all", wait=10)
    for number in (1, 2):
        await order(stage, orderRef=f"sb-{number}-1", status="Cancelled")
    assert (await order(stage, symbol="MSFT"))["status"] != "Cancelled"


async def moving(stage: Stage, to: str, *words: str) -> Shown:
    """Return the card that moves the one order at work by a button of its own."""
    orders = await listed(stage, "1 working", "✏️ #1 price")
    await stage.ada.press(orders, "✏️ #1 price", wait=10)
    asked = await stage.ada.until("move to?", after=orders["message_id"])
    await stage.ada.press(asked, to, wait=10)
    card = await stage.ada.until(*words, "confirm?", after=asked["message_id"])
    await stage.ada.ask("/help", "/orders")
    return card


async def test_of_two_cards_for_one_order_the_second_is_made_anew_from_what_the_first_has_changed(stage: Stage) -> None:
    await stage.up()
    await confirmed(stage, "buy 10 AAPL 150")
    first = await moving(stage, "150.01", "150.00 → 150.01")
    second = await moving(stage, "149.99", "150.00 → 149.99")
    await stage.ada.press(first, "✅")
    await order(stage, orderRef="sb-1-1", limitPrice=150.01)
    await listed(stage, "BUY 10 AAPL LIMIT 150.01")
    await stage.ada.press(second, "✅", repeat=3)
    anew = await stage.ada.until("150.01 → 149.99", "confirm?", after=second["message_id"])
    assert "The order has changed since the last card." in said(anew)
    assert [one["limitPrice"] for one in await stage.desk.orders()] == [150.01]
    await stage.ada.ask("/help", "/orders")
    old = next(one for one in await stage.ada.from_bot() if one["message_id"] == second["message_id"])
    assert not any(label.startswith("✅") for label in labels(old))
    assert "Replaced by a newer card. This one was not sent." in said(old)
    await stage.ada.press(anew, "✅", repeat=3)
    await order(stage, orderRef="sb-1-1", limitPrice=149.99)
    assert len(await stage.desk.orders()) == 1
