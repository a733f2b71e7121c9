"""One Confirm, one order, whatever happens around it."""

import asyncio
from datetime import timedelta

import pytest

from tests.flow.chat import Shown, labels, said
from tests.flow.conftest import Stage


async def card_for(stage: Stage, line: str = "buy 10 AAPL 199.5") -> Shown:
    card = await stage.ada.ask(line, "confirm?")
    # Updates of a chat are worked on in order: once this is answered, the card's own message is known to the desk.
    await stage.ada.ask("/help", "/orders")
    return card


async def test_ten_presses_at_once_make_one_order(stage: Stage) -> None:
    await stage.up()
    card = await card_for(stage)
    data = confirm_data(card)
    await asyncio.gather(*(stage.ada.press(card, data, force=True, data=data) for _ in range(10)))
    await stage.ada.until("FILLED", after=card["message_id"])
    await stage.ada.ask("/help", "/orders")
    assert len(await stage.desk.orders()) == 1


async def test_one_tap_that_telegram_repeats_under_new_ids_makes_one_order(stage: Stage) -> None:
    await stage.up()
    card = await card_for(stage)
    await stage.ada.press(card, "✅", repeat=10)
    await stage.ada.until("FILLED", after=card["message_id"])
    later = await stage.ada.press(card, "✅", force=True, data=confirm_data(card), wait=10)
    assert later["answer"]["text"] == "Confirmed before, ref #1: filled. Not sent again."
    assert len(await stage.desk.orders()) == 1


@pytest.mark.parametrize("user_id", [222, 333, 999])
async def test_another_persons_press_sends_nothing(stage: Stage, user_id: int) -> None:
    await stage.up()
    card = await card_for(stage)
    await stage.ada.press(card, "✅", by=user_id)
    await stage.ada.ask("/help", "/orders")
    assert await stage.desk.orders() == []
    await stage.ada.press(card, "✅")
    await stage.ada.until("FILLED", after=card["message_id"])
    assert len(await stage.desk.orders()) == 1


async def test_the_same_token_pressed_from_another_chat_sends_nothing(stage: Stage) -> None:
    await stage.up()
    card = await card_for(stage)
    other = await stage.tom.ask("/help", "/orders")
    answer = await stage.tom.press(other, "", force=True, data=confirm_data(card), wait=10)
    assert answer["answer"]["text"] == "This card is someone else's. Nothing was sent."
    assert await stage.desk.orders() == []


async def test_an_expired_card_says_so_and_sends_nothing(stage: Stage) -> None:
    await stage.up(confirm_timeout_s="1")
    card = await card_for(stage)
    expired = await stage.desk.until(lambda: closed(stage, card), "an expired card")
    assert "xpired" in said(expired)
    assert "ot sent" in said(expired) or "othing was sent" in said(expired)
    late = await stage.ada.press(expired, "", force=True, data=confirm_data(card), wait=10)
    assert "xpired" in late["answer"]["text"]
    assert await stage.desk.orders() == []


async def test_a_card_that_expired_while_the_bot_was_down_is_dead_after_the_restart(stage: Stage) -> None:
    bot = await stage.up()
    card = await card_for(stage)
    await bot.kill()
    await stage.later(timedelta(seconds=61))
    await stage.desk.post("/sim/chats/111/press", from_id=111, message_id=card["message_id"], button=labels(card)[0])
    await stage.up()
    expired = await stage.desk.until(lambda: closed(stage, card), "an expired card")
    assert "xpired" in said(expired)
    assert await stage.desk.orders() == []


async def test_kill_9_right_after_confirm_finds_the_order_again_and_sends_no_other(stage: Stage) -> None:
    bot = await stage.up()
    card = await card_for(stage, "buy 10 AAPL 150")
    stage.world.server.faults.hold_acks()
    await stage.ada.press(card, "✅")
    await stage.desk.until(lambda: orders(stage, 1), "the order at TWS")
    await bot.kill()
    stage.world.server.faults.heal()
    await stage.up()
    found = await stage.ada.until("AAPL", "#1", after=card["message_id"])
    assert found["reply_to_message"]["message_id"] == card["message_id"]
    (order,) = await stage.desk.orders()
    assert order["orderRef"] == "sb-1-1"
    listed = await stage.ada.ask("/orders", "AAPL")
    assert "orking" in said(listed)


async def test_sigterm_cancels_open_cards_says_so_and_ends_in_time(stage: Stage) -> None:
    bot = await stage.up(is_fresh=True)
    card = await card_for(stage)
    assert await asyncio.wait_for(bot.stop(), 15) == 0
    now = await stage.ada.again(card)
    assert "✖️ Cancel" not in labels(now)
    assert "ancelled" in said(now)
    assert await stage.desk.orders() == []


async def test_a_viewer_cannot_order(stage: Stage) -> None:
    await stage.up()
    await stage.vera.ask("buy 10 AAPL 199.5", "rader")
    await stage.vera.ask("/buy 10 AAPL 199.5", "rader")
    assert await stage.desk.orders() == []


async def test_an_order_beyond_the_limit_is_denied_with_the_limits_name(stage: Stage) -> None:
    await stage.up(limit_order_value="1000")
    denied = await stage.ada.ask("buy 10 AAPL 199.5", "1,000")
    assert "enied" in said(denied)
    assert await stage.desk.orders() == []


async def test_a_price_that_moved_since_the_card_makes_a_new_card_instead_of_an_order(stage: Stage) -> None:
    await stage.up()
    card = await card_for(stage)
    await stage.desk.push("AAPL", 198.9)
    await stage.desk.until(lambda: quoted(stage, "198.90"), "the new price")
    await stage.ada.press(card, "✅")
    again = await stage.ada.until("confirm?", after=card["message_id"])
    assert await stage.desk.orders() == []
    await stage.ada.press(again, "✅")
    await stage.ada.until("FILLED", after=again["message_id"])
    assert len(await stage.desk.orders()) == 1


def confirm_data(card: Shown) -> str:
    """Return the callback data of the card's Confirm button: what a modified client could send at any time."""
    return str(card["reply_markup"]["inline_keyboard"][0][0]["callback_data"])


async def closed(stage: Stage, card: Shown) -> Shown | None:
    now = await stage.ada.again(card)
    return None if "✖️ Cancel" in labels(now) else now


async def orders(stage: Stage, count: int) -> bool:
    return len(await stage.desk.orders()) == count


async def quoted(stage: Stage, price: str) -> bool:
    return price in said(await stage.ada.ask("AAPL", "AAPL"))


async def test_a_confirm_does_not_wait_for_a_slow_telegram(stage: Stage) -> None:
    await stage.up()
    card = await card_for(stage)
    for method in ("answerCallbackQuery", "editMessageText"):
        await stage.desk.post("/sim/faults", method=method, kind="hang", count=2)
    await stage.ada.press(card, "✅")
    await stage.desk.until(lambda: orders(stage, 1), "the order at TWS", 10)


async def test_cards_that_cannot_be_edited_at_the_end_are_told_at_the_next_start(stage: Stage) -> None:
    bot = await stage.up()
    card = await card_for(stage)
    for method in ("editMessageText", "sendMessage"):
        await stage.desk.post("/sim/faults", method=method, kind="hang", count=-1)
    assert await asyncio.wait_for(bot.stop(), 15) == 0
    await stage.desk.post("/sim/faults", kind="clear")
    await stage.up()
    told = await stage.ada.until("unconfirmed order was cancelled", after=card["message_id"])
    assert "Nothing was sent" in said(told)
