"""
Kill -9 at a step of the confirm path, then a new start: one order or none, its person told which, and never two.

The steps are those of `tests.chaos.steps`; a run in which nobody dies finds them. `python -m tests.chaos.confirm` dies
at each of them once, `python -m tests.chaos.confirm bracket` with an entry and two children: all three or none, and
nothing that TWS still holds back.
"""

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.chaos import taps, wake
from tests.chaos.body import program
from tests.flow.chat import Shown, labels, said
from tests.flow.conftest import Stage, always_open, opened_stage

PLAIN = "buy 10 AAPL 199.5"
BRACKET = "buy 10 AAPL 199.5 tp 210 sl 180"
PIECES = {PLAIN: 1, BRACKET: 3}
_STEPS = "steps"
_OVER_WITHIN_S = 60.0
_NOT_SENT = ("Not sent", "expired, not sent", "Nothing was sent.")
_UNKNOWN = "Status unknown"


async def steps_of(folder: Path, line: str = PLAIN) -> list[str]:
    """Confirm an order, let nobody die, and return the steps it took until the person read of the fill."""
    async with opened_stage(always_open(folder, sample_s=0.0), folder) as stage:
        await stage.up(program=program(steps=str(folder / _STEPS)))
        card = await opened(stage, line)
        await stage.ada.press(card, "✅")
        await stage.ada.until("FILLED", after=card["message_id"])
        await stage.ada.ask("/help", "/orders")
        assert len(await sent(stage)) == PIECES[line]
    return (folder / _STEPS).read_text(encoding="utf-8").splitlines()


async def die_at(step: str, folder: Path, line: str = PLAIN) -> str:
    """
    Confirm an order, die at *step*, start again, press again; return "one", "none", "unknown" or "not reached".

    It is "unknown" where the bot cannot know whether the order left, says so, and warns of a second one. Raises
    AssertionError where there are two orders, or a part of a bracket, where the person does not know of the one, or
    does not know that there may be none, and where TWS still holds an order back.
    """
    async with opened_stage(always_open(folder, sample_s=0.0), folder) as stage:
        bot = await stage.up(program=program(steps=str(folder / _STEPS), die_at=step))
        card = await opened(stage, line)
        await stage.ada.press(card, "✅", wait=0)
        if not await _dies(stage, card):
            return "not reached"
        await bot.death()
        # What was on its way to TWS arrives, or is lost with the socket: now one can tell.
        await wake.settled(stage)
        before, claims = len(await sent(stage)), wake.claimed(stage)
        assert before in {0, PIECES[line]}
        await stage.up()
        outcome = await told(stage, card)
        assert before or not claims or outcome != "one", f"{step}: claimed, and sent by the next process"
        if outcome == "one":
            assert not await wake.called_unsent(stage.ada, card["message_id"] - 1, set())
        await pressed_again(stage, card)
        orders = await sent(stage)
        assert len(orders) == PIECES[line] * (outcome == "one"), (step, outcome, orders)
        assert not await held(stage), (step, outcome)
        await stage.ada.ask("/help", "/orders")
        return outcome


async def sent(stage: Stage) -> list[dict[str, Any]]:
    """Return the orders that are or were at the market."""
    return [one for one in await stage.desk.orders() if one["transmit"]]


async def held(stage: Stage) -> list[dict[str, Any]]:
    """Return the orders that TWS keeps for itself."""
    return [one for one in await stage.desk.orders() if not one["transmit"] and one["status"] == "PendingSubmit"]


async def opened(stage: Stage, line: str) -> Shown:
    """Return the card of an order, which can be confirmed."""
    card = await stage.ada.ask(line, "confirm?")
    # Updates of a chat are worked on in order: once this is answered, the card's own message is known to the desk.
    await stage.ada.ask("/help", "/orders")
    return card


async def _dies(stage: Stage, card: Shown) -> bool:
    """Wait until the bot has died, or has come to the end of what a press asks of it."""
    bot = stage.bots[-1]

    async def look() -> str:
        if bot.is_dead:
            return "dead"
        return "done" if any("FILLED" in said(m) for m in await stage.ada.from_bot(card["message_id"])) else ""

    return await stage.desk.until(look, "an end") == "dead"


async def told(stage: Stage, card: Shown) -> str:
    """
    Wait until the chat says what became of the order: "one" filled, "none", or "unknown" where there is none.

    Where the press was not heard the card still stands; it is Telegram's to repeat the press, and if it does not, the
    person sees the button and presses again, as this does.
    """

    async def look() -> str:
        is_at_market = bool(await sent(stage))
        texts = [said(m) for m in await stage.ada.from_bot(card["message_id"] - 1)]
        if any("FILLED" in text for text in texts):
            return "one"
        if is_at_market:
            return ""
        now = await stage.ada.again(card)
        if any(_UNKNOWN in text for text in texts):
            return "unknown"
        if any(word in text for text in texts for word in _NOT_SENT):
            return "none"
        if "✖️ Cancel" in labels(now):
            await taps.press(stage.ada, now, "✅")
        return ""

    found: str = await stage.desk.until(look, f"the fate of {said(card)!r}", _OVER_WITHIN_S)
    return found


async def pressed_again(stage: Stage, card: Shown) -> None:
    """Press the old button as a modified client could, at any time: it sends nothing any more, and says so."""
    data = str(card["reply_markup"]["inline_keyboard"][0][0]["callback_data"])
    answer = (await stage.ada.press(card, data, force=True, data=data, wait=10))["answer"]
    assert answer is not None
    assert any(word in answer["text"] for word in ("Not sent", "not sent")), answer


async def _walk(line: str) -> int:
    """Die once at every step; print what came of each, and a line of JSON in the end."""
    with TemporaryDirectory() as place:
        steps = await steps_of(Path(place), line)
    outcomes: Counter[str] = Counter()
    for step in steps:
        with TemporaryDirectory() as place:
            try:
                outcome = await die_at(step, Path(place), line)
            except AssertionError as error:
                outcome = f"WRONG {error}"
        outcomes[outcome.partition(" ")[0]] += 1
        sys.stdout.write(f"{step}: {outcome}\n")
        sys.stdout.flush()
    sys.stdout.write(json.dumps({"steps": len(steps), **outcomes}) + "\n")
    return 1 if outcomes["WRONG"] else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_walk(BRACKET if "bracket" in sys.argv[1:] else PLAIN)))
