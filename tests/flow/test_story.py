"""The whole story of the demo, through the real process: from the first message to the daily summary."""

from tests.flow.alerting import heard
from tests.flow.chat import labels, said
from tests.flow.conftest import Stage

PICTURE = "photo"


async def test_an_alert_is_set_fires_once_and_only_once(stage: Stage) -> None:
    await stage.up()
    answer = await stage.ada.ask("AAPL > 200", "Alert #1 set")
    assert "Now" in said(answer)
    assert "needs +" in said(answer)
    await stage.desk.push("AAPL", 200.5)
    fired = await stage.ada.until("🔔 AAPL", after=answer["message_id"])
    assert "200.50" in said(fired)
    for price in (199.0, 201.0):
        await stage.desk.push("AAPL", price)
    await stage.ada.ask("MSFT > 1", "Alert #2 set")
    await stage.ada.until("🔔 MSFT", after=answer["message_id"])
    shown = [said(m) for m in await stage.ada.from_bot(answer["message_id"])]
    assert sum("🔔 AAPL" in text for text in shown) == 1


async def test_a_matching_headline_arrives_and_another_does_not(stage: Stage) -> None:
    await stage.up()
    await stage.ada.ask('news AAPL "guidance"', "Alert #1 set")
    await heard(stage, "news")
    publish = {"symbol": "AAPL", "provider": "BRFG", "article": "<p>More of it.</p>"}
    await stage.desk.post("/sim/market/news", headline="Apple opens a shop <in> Ohio", **publish)
    await stage.desk.post("/sim/market/news", headline="Apple raises guidance & more", **publish)
    news = await stage.ada.until("📰", "Apple raises guidance & more")
    await stage.ada.press(news, "📖")
    await stage.ada.until("More of it.")
    assert not [m for m in await stage.ada.from_bot() if "Ohio" in said(m)]


async def test_a_newcomer_in_a_scan_arrives_and_the_list_that_was_there_does_not(stage: Stage) -> None:
    await stage.up()
    await stage.ada.ask("scan TOP_PERC_GAIN top 10", "Alert #1 set")
    await heard(stage, "scan")
    await stage.desk.post("/sim/market/scanner", scan_code="TOP_PERC_GAIN", symbols=["TSLA"])
    news = await stage.ada.until("🛰", "TSLA")
    assert "1 new" in said(news)


async def test_an_order_is_sent_only_after_confirm_and_its_fill_answers_the_card(stage: Stage) -> None:
    await stage.up()
    await stage.desk.push("AAPL", 199.0)
    card = await stage.ada.ask("buy 10 AAPL 199.5", "BUY 10 AAPL", "Init margin", "Commission")
    assert "PAPER" in said(card).splitlines()[0]
    assert labels(card)[0] == "✅ Confirm BUY 10 AAPL LIMIT 199.50"
    assert labels(card)[-1] == "✖️ Cancel"
    assert await stage.desk.orders() == []
    await stage.ada.press(card, "✅")
    filled = await stage.ada.until("FILLED", "10 AAPL", after=card["message_id"])
    assert filled["reply_to_message"]["message_id"] == card["message_id"]
    (order,) = await stage.desk.orders()
    assert (order["symbol"], order["action"], order["quantity"], order["limitPrice"]) == ("AAPL", "BUY", 10, 199.5)
    assert (order["status"], order["orderRef"]) == ("Filled", "sb-1-1")
    assert not [label for label in labels(await stage.ada.again(card)) if "Confirm" in label]


async def test_cancel_sends_nothing(stage: Stage) -> None:
    await stage.up()
    card = await stage.ada.ask("buy 10 AAPL market", "confirm?")
    await stage.ada.press(card, "✖️")
    closed = await stage.desk.until(lambda: _edited(stage, card), "an edited card")
    assert "Nothing was sent" in said(closed) or "Not sent" in said(closed)
    assert await stage.desk.orders() == []


async def test_every_screen_of_the_menu_answers(stage: Stage) -> None:
    await stage.up()
    for command, words in {
        "/start": "squawkbot",
        "/help": "/positions",
        "/positions": "AAPL",
        "/alerts": "lert",
        "/orders": "No orders yet",
        "/account": "Net liq",
        "/status": "link up",
        "/scan": "scan",
        "/news AAPL": "AAPL",
    }.items():
        await stage.ada.ask(command, words)
    summary = await stage.ada.ask("/summary", "Daily summary")
    await stage.desk.until(lambda: _with_picture(stage, summary), "a picture of the equity curve")


async def test_the_daily_summary_goes_out_by_itself_after_the_close_once(stage: Stage) -> None:
    bot = await stage.up()
    await stage.desk.post("/sim/market/session", action="close")
    summary = await stage.ada.until("Daily summary")
    await stage.desk.until(lambda: _with_picture(stage, summary), "a picture of the equity curve")
    await bot.kill()
    await stage.up()
    await stage.ada.ask("/help", "/summary")
    assert sum("Daily summary" in said(m) for m in await stage.ada.from_bot()) == 1


async def test_a_restart_keeps_alerts_cards_and_snapshots(stage: Stage) -> None:
    bot = await stage.up(is_fresh=True)
    await stage.ada.ask("AAPL > 200", "Alert #1 set")
    card = await stage.ada.ask("buy 10 MSFT 400", "confirm?")
    await stage.ada.ask("/help", "/orders")
    await bot.kill()
    await stage.up(is_fresh=True)
    await stage.ada.ask("/alerts", "#1 AAPL above 200")
    await stage.desk.push("AAPL", 200.5)
    await stage.ada.until("🔔 AAPL")
    answered = await stage.ada.press(card, "✅", wait=10)
    await stage.desk.until(lambda: _orders(stage, 1), f"one order, {answered}", 5)


async def _edited(stage: Stage, card: dict[str, object]) -> dict[str, object] | None:
    now = await stage.ada.again(card)
    return None if "✖️ Cancel" in labels(now) else now


async def _with_picture(stage: Stage, message: dict[str, object]) -> bool:
    return PICTURE in await stage.ada.again(message)


async def _orders(stage: Stage, count: int) -> bool:
    return len(await stage.desk.orders()) == count
