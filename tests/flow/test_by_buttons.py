"""An alert's life by buttons, through the real process: the wizard over a restart, editing, lists, files, groups."""

from typing import Any

import pytest

from tests.flow.chat import Shown, labels, said
from tests.flow.conftest import Stage

PICTURE = "photo"
DESK = -1_000_000_000_500


async def tap(stage: Stage, message: Shown, label: str) -> None:
    """Press the button that has *label* in it, or is called so, on *message* when it has it; wait for the answer."""

    async def look() -> str | None:
        rows = (await stage.ada.again(message)).get("reply_markup", {}).get("inline_keyboard", [])
        every = [button for row in rows for button in row]
        found = [one for one in every if one["text"] == label] or [one for one in every if label in one["text"]]
        return found[0]["callback_data"] if found else None

    data = await stage.desk.until(look, f"a button {label}")
    press = {"from_id": 111, "message_id": message["message_id"], "button": data, "wait": 10}
    await stage.desk.post("/sim/chats/111/press", **press)


async def shows(stage: Stage, message: Shown, *words: str) -> Shown:
    """Return *message* when it has all of *words*, in its text or on its buttons."""

    async def look() -> Shown | None:
        now = await stage.ada.again(message)
        everything = said(now) + "\n".join(labels(now))
        return now if all(word in everything for word in words) else None

    found: Shown = await stage.desk.until(look, f"{words} in a message")
    return found


async def write(stage: Stage, **fields: Any) -> int:
    sent = await stage.desk.post("/sim/chats/111/messages", from_id=111, **fields)
    return int(sent["message_id"])


async def test_an_alert_is_made_wholly_by_buttons_also_over_a_kill_and_fires(stage: Stage) -> None:
    bot = await stage.up()
    wizard = await stage.ada.ask("/new", "step 1/4")
    for letter in "AAPL":
        await tap(stage, wizard, letter)
    await shows(stage, wizard, "Search: AAPL")
    await tap(stage, wizard, "Search")
    await shows(stage, wizard, "AAPL · NASDAQ")
    await tap(stage, wizard, "AAPL · NASDAQ")
    await shows(stage, wizard, "What about it?")
    await bot.kill()
    await stage.up()
    await tap(stage, wizard, "Above")
    asked = await shows(stage, wizard, "Which level?")
    await tap(stage, wizard, next(label for label in labels(asked) if label.startswith("▲")))
    await tap(stage, wizard, "✏️ Kind")
    await tap(stage, wizard, "Trailing %")
    await tap(stage, wizard, "5 %")
    await shows(stage, wizard, "Any options?")
    await tap(stage, wizard, "Every")
    await tap(stage, wizard, "✅ Save")
    await stage.ada.until("Alert #1 set", "AAPL")
    await shows(stage, wizard, "Done", "AAPL trails 5% every")
    await stage.desk.push("AAPL", 220.0)
    await stage.desk.push("AAPL", 205.0)
    await stage.ada.until("🔔 AAPL", "205.00")


async def test_an_alert_says_by_edit_how_often_it_would_have_fired_and_is_edited_by_a_reply(stage: Stage) -> None:
    await stage.up()
    made = await stage.ada.ask("AAPL > 250", "Alert #1 set")
    await shows(stage, made, "ould", "in the last 90 days")
    await tap(stage, made, "✏️ Edit")
    await tap(stage, made, "⌨️ Level")
    question = await stage.ada.until("Reply with it")
    assert question["reply_markup"]["force_reply"]
    answer = await write(stage, text="205", reply_to_message_id=question["message_id"])
    await shows(stage, made, "AAPL above 205.00")

    async def gone() -> bool:
        return not {question["message_id"], answer} & {m["message_id"] for m in await stage.ada.shown()}

    await stage.desk.until(gone, "question and answer taken away")
    await stage.desk.push("AAPL", 205.5)
    fired = await stage.ada.until("🔔 AAPL", "205.50")
    await tap(stage, fired, "😴 1h")
    await stage.ada.until("Snoozed since", after=fired["message_id"])


async def test_a_list_is_watched_exported_deleted_brought_back_and_imported(stage: Stage) -> None:
    await stage.up()
    await stage.ada.ask("/watch AAPL MSFT", "Watchlist 2")
    await stage.ada.ask("/alert each of watchlist -9% today tag crash", "2 alerts set")
    exported = await stage.ada.ask("/export csv", "2 alerts")
    assert exported["document"]["file_name"].endswith(".csv")
    listed = await stage.ada.ask("/alerts #crash", "#crash", "AAPL down 9% today")
    await tap(stage, listed, "🗑 Delete 2")
    await tap(stage, listed, "Delete 2 alerts")
    await shows(stage, listed, "2 alerts deleted")
    await tap(stage, listed, "Undo")
    await shows(stage, listed, "#1 AAPL", "#2 MSFT")
    file = {"name": "mine.txt", "content": "AAPL > 300\nAAPL -9% tag crash\nAAPL croses 3\n"}
    tried = await stage.ada.until("would set 1 alert", after=await write(stage, document=file))
    assert "1 there already" in said(tried)
    assert "line 3" in said(tried)
    await tap(stage, tried, "Import 1")
    await shows(stage, tried, "1 alert imported")
    await stage.ada.ask("/alerts", "Alerts 3 of", "AAPL above 300.00")


async def test_a_backtest_tells_its_numbers_and_becomes_a_picture(stage: Stage) -> None:
    await stage.up()
    told = await stage.ada.ask("/backtest AAPL rsi(14, 1h) < 40 30d", "Backtest")

    async def drawn() -> bool:
        now = await stage.ada.again(told)
        return PICTURE in now and "in the last 30 days" in said(now)

    await stage.desk.until(drawn, "a picture with the numbers")


@pytest.mark.parametrize("name", ["desk"])
async def test_an_alert_speaks_in_another_allowed_chat_that_its_owner_is_in(stage: Stage, name: str) -> None:
    await stage.desk.post("/sim/groups", id=DESK, title="Desk", members=[111, 222])
    await stage.up(telegram_groups=str(DESK))
    await stage.ada.ask(f"AAPL > 200 to @{name}", f"no chat @{name}")
    await stage.desk.post(f"/sim/chats/{DESK}/messages", from_id=111, text="/status")
    group = stage.desk.chat(DESK)
    await group.until("Version")
    await stage.ada.ask(f"AAPL > 200 to @{name}", "Alert #1 set", f"to @{name}")
    await stage.vera.ask(f"AAPL > 200 to @{name}", f"no chat @{name}")
    await stage.desk.push("AAPL", 200.5)
    await group.until("🔔 AAPL", "200.50")
