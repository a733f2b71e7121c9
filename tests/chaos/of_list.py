"""
Kill -9 at a step of the sending of a list, then a new start: what was sent stays, nothing is sent later, all is told.

`python -m tests.chaos.of_list` dies at each step of `/flatten` once.
"""

import asyncio
import json
import re
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos import taps, wake
from tests.chaos.body import program
from tests.flow.chat import Shown, labels, said
from tests.flow.conftest import Stage, always_open, opened_stage

_STEPS = "steps"
SYMBOLS = ("AAPL", "MSFT", "TSLA")
# A line of the list's own message, or the first line of a message about one of its orders.
_LINES = (
    re.compile(r"^\d\. \S+ \d+ (\w+) .*: \S+ (filled|unknown|never sent)", re.MULTILINE),
    re.compile(r"\A\S+ (FILLED|Status unknown|NOT SENT) · PAPER · \S+ \d+ (\w+)"),
)
_WORDS = {"FILLED": "filled", "Status unknown": "unknown", "NOT SENT": "never sent"}
_OVER_WITHIN_S = 60.0
_ORDERS = 3


async def steps_of(folder: Path) -> list[str]:
    """Confirm a list, let nobody die, and return the steps it took until the person read of the last fill."""
    async with opened_stage(always_open(folder, sample_s=0.0), folder) as stage:
        await stage.up(program=program(steps=str(folder / _STEPS)))
        card = await opened(stage)
        await stage.ada.press(card, "✅")
        await stage.ada.until("all ✅ filled", after=card["message_id"])
        await stage.ada.ask("/help", "/orders")
        assert len(await stage.desk.orders()) == _ORDERS
    return (folder / _STEPS).read_text(encoding="utf-8").splitlines()


async def die_at(step: str, folder: Path) -> str:
    """
    Confirm a list, die at *step*, start again; return how many were sent, and what was told of the others.

    Raises AssertionError where an order is sent twice or after the start, or is not told.
    """
    async with opened_stage(always_open(folder, sample_s=0.0), folder) as stage:
        bot = await stage.up(program=program(steps=str(folder / _STEPS), die_at=step))
        card = await opened(stage)
        await stage.ada.press(card, "✅", wait=0)
        if not await _dies(stage, card):
            return "not reached"
        await bot.death()
        await wake.settled(stage)
        before, claims = await sent(stage), wake.claimed(stage)
        await stage.up()
        fates = await told(stage, card)
        now = await sent(stage)
        # A press that was not heard is heard anew, by the new process alone.
        assert before == now or not (before or claims), (before, now)
        assert len(set(now)) == len(now), now
        for number, symbol in enumerate(SYMBOLS, start=1):
            assert (f"sb-1-{number}" in now) == (fates[symbol] == "filled"), (fates, now)
        if now:
            filled = {symbol for symbol in SYMBOLS if fates[symbol] == "filled"}
            assert not await wake.called_unsent(stage.ada, card["message_id"] - 1, filled)
        return f"{len(now)} sent, {', '.join(fates[symbol] for symbol in SYMBOLS)}"


async def opened(stage: Stage) -> Shown:
    """Return the card of the list, which can be confirmed."""
    card = await stage.ada.ask("/flatten", "confirm?")
    await stage.ada.ask("/help", "/orders")
    return card


async def sent(stage: Stage) -> list[str]:
    """Return the references of the orders that came to TWS, as they came."""
    return [str(one["orderRef"]) for one in await stage.desk.orders()]


async def _dies(stage: Stage, card: Shown) -> bool:
    bot = stage.bots[-1]

    async def look() -> str:
        if bot.is_dead:
            return "dead"
        told = [said(message) for message in await stage.ada.from_bot(card["message_id"])]
        return "done" if any("all ✅ filled" in text for text in told) else ""

    return await stage.desk.until(look, "an end") == "dead"


async def told(stage: Stage, card: Shown) -> dict[str, str]:
    """Wait until the chat says what became of each order; where the press was not heard it is pressed again."""

    async def look() -> dict[str, str]:
        found: dict[str, str] = {}
        for message in await stage.ada.from_bot(card["message_id"] - 1):
            text = said(message)
            found |= {one[1]: one[2] for one in _LINES[0].finditer(text)}
            found |= {one[2]: _WORDS[one[1]] for one in _LINES[1].finditer(text)}
        if len(found) == _ORDERS:
            return found
        now = await stage.ada.again(card)
        if "Nothing was sent" in said(now):
            return dict.fromkeys(SYMBOLS, "never sent")
        if "✖️ Cancel" in labels(now):
            await taps.press(stage.ada, now, "✅")
        return {}

    fates: dict[str, str] = await stage.desk.until(look, f"the fates of {said(card)!r}", _OVER_WITHIN_S)
    return fates


async def _walk() -> int:
    """Die once at every step; print what came of each, and a line of JSON in the end."""
    with TemporaryDirectory() as place:
        steps = await steps_of(Path(place))
    outcomes: Counter[str] = Counter()
    for step in steps:
        with TemporaryDirectory() as place:
            try:
                outcome = await die_at(step, Path(place))
            except AssertionError as error:
                outcome = f"WRONG {error}"
        outcomes[outcome.partition(" ")[0]] += 1
        sys.stdout.write(f"{step}: {outcome}\n")
        sys.stdout.flush()
    sys.stdout.write(json.dumps({"steps": len(steps), **outcomes}) + "\n")
    return 1 if outcomes["WRONG"] else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_walk()))
