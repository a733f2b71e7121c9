"""Options by buttons through the real process, from /options to what TWS was sent."""

from decimal import Decimal
from typing import Any

from tests.flow.chat import Chat, Shown, labels, said
from tests.flow.conftest import Stage

ALL_KINDS = "STK,OPT,BAG"


async def tapped(chat: Chat, wizard: Shown, label: str, *words: str) -> Shown:
    """Press a button of the wizard, and return it once it shows all of *words*."""
    await chat.press(await chat.again(wizard), label)

    async def look() -> Shown | None:
        now = await chat.again(wizard)
        return now if all(word in said(now) for word in words) else None

    found: Shown = await chat.desk.until(look, f"{words} after {label}")
    return found


async def strikes(chat: Chat, right: str = "Call") -> Shown:
    """Open the wizard on SPY and go on to the strikes of its second expiry, with prices."""
    wizard = await chat.ask("/options SPY", "Option on SPY", "step 1/4")
    assert "PAPER" in said(wizard).partition("\n")[0]
    expiry = [label for label in labels(wizard) if label.endswith("d")][1]
    wizard = await tapped(chat, wizard, expiry, "Call or put?")
    await tapped(chat, wizard, right, "Which strike?")

    async def look() -> Shown | None:
        now = await chat.again(wizard)
        return now if "%" in said(now) and "asking" not in said(now) else None

    found: Shown = await chat.desk.until(look, "strikes with prices and volatility")
    return found


def around(screen: Shown) -> list[str]:
    """Return the labels of a screen's strikes."""
    return [label for label in labels(screen) if label[0].isdigit()]


async def confirmed(stage: Stage, chat: Chat, after: Shown) -> dict[str, Any]:
    """Confirm the card below *after*, wait until it is filled, and return the order that TWS has."""
    card = await chat.until("confirm?", after=after["message_id"])
    assert await stage.desk.orders() == []
    await chat.press(card, "✅")
    await chat.until("FILLED", after=card["message_id"])
    (order,) = await stage.desk.orders()
    return order


async def test_a_call_from_the_chain_to_its_fill(stage: Stage) -> None:
    await stage.up(limit_kinds=ALL_KINDS)
    screen = await strikes(stage.tom)
    strike = around(screen)[2]
    wizard = await tapped(stage.tom, screen, strike, "Delta", "IV", "Costs about")
    await tapped(stage.tom, wizard, "Ask", "at the ask")
    await tapped(stage.tom, wizard, "📝 Card", "Its card is below", f"C{strike}")
    order = await confirmed(stage, stage.tom, wizard)
    assert (order["secType"], order["action"], order["orderType"]) == ("OPT", "BUY", "LMT")


async def test_a_vertical_is_sent_as_one_combo(stage: Stage) -> None:
    await stage.up(limit_kinds=ALL_KINDS)
    screen = await strikes(stage.tom)
    bought, sold = around(screen)[2], around(screen)[4]
    wizard = await tapped(stage.tom, screen, bought, "Costs about")
    await tapped(stage.tom, wizard, "Second strike", "Who buys the spread buys")
    await tapped(stage.tom, wizard, sold, f"C{bought}/C{sold}", "Costs about")
    await tapped(stage.tom, wizard, "Ask", "at the ask")
    await tapped(stage.tom, wizard, "📝 Card", "Its card is below", f"C{bought}/C{sold}")
    order = await confirmed(stage, stage.tom, wizard)
    assert (order["secType"], order["action"]) == ("BAG", "BUY")
    assert len(order["legs"]) == 2
    assert Decimal(str(order["limitPrice"])) > 0


async def test_the_wizard_goes_on_after_a_restart(stage: Stage) -> None:
    bot = await stage.up(limit_kinds=ALL_KINDS)
    screen = await strikes(stage.tom, "Put")
    await bot.kill()
    await stage.up(limit_kinds=ALL_KINDS)
    wizard = await tapped(stage.tom, screen, around(screen)[2], "Delta", "Costs about")
    await tapped(stage.tom, wizard, "« Back", "step 3/4")
    await tapped(stage.tom, wizard, "✖️ Cancel", "Nothing was ordered")
    assert await stage.desk.orders() == []


async def test_it_opens_from_a_quote(stage: Stage) -> None:
    await stage.up()
    card = await stage.tom.ask("SPY", "SPDR")
    await stage.tom.press(card, "Options")
    await stage.tom.until("Option on SPY", after=card["message_id"])
    assert not [label for label in labels(await stage.tom.ask("EUR.USD", "EUR")) if label == "Options"]
