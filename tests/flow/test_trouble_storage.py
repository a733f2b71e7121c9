"""A database that takes nothing, through the real process: a sentence, no order without its row, and nothing lost."""

from pathlib import Path

from tests.chaos.body import program
from tests.flow.alerting import fired, firings, made
from tests.flow.chat import Shown, labels, said
from tests.flow.conftest import Stage, always_open, opened_stage

_PATIENCE_S = 60.0


async def became(stage: Stage, message: Shown, *words: str) -> Shown:
    """Wait until *message* has all of *words* in it; return it as it is then."""

    async def look() -> Shown | None:
        now = await stage.ada.again(message)
        return now if all(word in said(now) for word in words) else None

    found: Shown = await stage.desk.until(look, f"{words} in the place of {said(message)!r}", _PATIENCE_S)
    return found


async def test_while_nothing_can_be_stored_it_is_said_no_order_goes_out_and_what_fires_waits(tmp_path: Path) -> None:
    word = tmp_path / "quota"
    word.write_text("", encoding="utf-8")
    async with opened_stage(always_open(tmp_path, sample_s=0.0), tmp_path) as stage:
        await stage.up(program=program(quota=str(word), unpaced=True), confirm_timeout_s="600")
        _, number = await made(stage, "AAPL > 240")
        card = await stage.ada.ask("buy 10 AAPL 199.5", "confirm?")
        await stage.ada.ask("/help", "/orders")

        word.write_text("readonly", encoding="utf-8")
        await stage.ada.press(card, "✅ Confirm")
        refused = await stage.ada.until("I cannot store that just now", "may only be read", after=card["message_id"])
        assert "Nothing was sent to the market." in said(refused)
        stands = await became(stage, card, "confirm?")
        assert any(label.startswith("✅ Confirm") for label in labels(stands))
        stage.world.exchange.push("AAPL", 250.0)
        told = await stage.ada.until("I cannot store anything: my database may only be read", within_s=_PATIENCE_S)
        counted = await became(stage, told, "1 alert has fired and waits to be told.")
        assert "1 alert has fired" in said(counted).splitlines()[0]
        assert await firings(stage, number) == []
        await stage.ada.ask("/status", "nothing can be stored", "my database may only be read")
        await stage.ada.ask("/alerts", f"#{number}")
        await stage.ada.ask("AAPL > 300", "I cannot store that just now")
        assert await stage.desk.orders() == []

        word.write_text("", encoding="utf-8")
        await fired(stage, number)
        over = await became(stage, told, "✅ I can store again", "1 alert has fired meanwhile, told now.")
        assert "say it again" in said(over)
        assert len(await firings(stage, number)) == 1
        stage.world.exchange.push("AAPL", 200.0)
        again = await stage.ada.ask("buy 10 AAPL 199.5", "confirm?")
        await stage.ada.press(again, "✅ Confirm")
        await became(stage, again, "Sent to IBKR")
        await stage.desk.until(stage.desk.orders, "the order at TWS")
        assert len(await stage.desk.orders()) == 1
        await stage.ada.ask("/status", "link up")
