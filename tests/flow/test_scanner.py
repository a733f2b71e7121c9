"""The scanner through the real process: from a message about a scan to an alert and to a proposal without typing."""

from tests.flow.alerting import heard
from tests.flow.chat import Shown, said
from tests.flow.conftest import Stage
from tests.flow.test_by_buttons import shows, tap


async def newest(stage: Stage, *words: str) -> Shown:
    """Wait for a message of the bot that has all of *words*."""

    async def look() -> Shown | None:
        every = await stage.ada.from_bot()
        return next((one for one in reversed(every) if all(word in said(one) for word in words)), None)

    found: Shown = await stage.desk.until(look, f"a message with {words}")
    return found


async def test_from_a_scanners_message_to_an_alert_and_to_a_proposal_without_typing(stage: Stage) -> None:
    await stage.up()
    await stage.ada.ask("scan TOP_PERC_GAIN top 10", "Alert #1 set")
    await heard(stage, "scan")
    await stage.desk.post("/sim/market/scanner", scan_code="TOP_PERC_GAIN", symbols=["TSLA"])
    told = await newest(stage, "🛰", "TSLA")
    await tap(stage, told, "🔔")
    levels = await newest(stage, "TSLA", "alert at what level?")
    await tap(stage, levels, "▲")
    await newest(stage, "Alert #2 set", "TSLA")
    await tap(stage, told, "🟢 Buy")
    sizes = await newest(stage, "BUY TSLA: how many?")
    await tap(stage, sizes, "BUY 10")
    prices = await newest(stage, "at what price?")
    await tap(stage, prices, "Limit at ask")
    card = await newest(stage, "PAPER", "BUY 10 TSLA", "confirm?")
    await shows(stage, card, "Confirm")
    assert not await stage.desk.orders()


async def test_a_scanners_message_gets_its_prices_by_edit(stage: Stage) -> None:
    await stage.up()
    await stage.ada.ask("scan TOP_PERC_GAIN top 10", "Alert #1 set")
    await heard(stage, "scan")
    await stage.desk.post("/sim/market/scanner", scan_code="TOP_PERC_GAIN", symbols=["TSLA"])
    told = await newest(stage, "🛰", "TSLA")
    await shows(stage, told, "%")


async def test_a_scan_is_browsed_run_saved_and_runs_by_itself(stage: Stage) -> None:
    await stage.up()
    menu = await stage.ada.ask("/scan", "Which scan")
    await tap(stage, menu, "🗂 Browse")
    await shows(stage, menu, "Scan what?")
    await stage.ada.ask("/scan find gap", "scans ")
    result = await stage.ada.ask("/scan TOP_PERC_GAIN price > 1 top 10", "found")
    assert "%" in said(result)
    await tap(stage, result, "💾 Save")
    card = await newest(stage, "💾", "saved")
    await tap(stage, card, "at close - 15m")
    await shows(stage, card, "scheduled", "next run")
    await stage.ada.ask("/scan saved", "at close - 15m")


async def test_the_movers_come_with_a_picture(stage: Stage) -> None:
    await stage.up()
    told = await stage.ada.ask("/movers", "Movers")

    async def is_picture() -> bool:
        return "photo" in await stage.ada.again(told)

    await stage.desk.until(is_picture, "a picture of movers")
