"""
The link to TWS is cut at a step of the confirm path, and the bot lives on: all of an order's parts or none, all told.

`python -m tests.chaos.cut` does so once at each step of a Confirm, `python -m tests.chaos.cut bracket` for an entry and
two children, `python -m tests.chaos.cut list` for a list of three. What TWS does not have when the person is told, it
never has.
"""

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos import confirm, of_list
from tests.chaos.body import program
from tests.chaos.confirm import BRACKET, PIECES, PLAIN
from tests.flow.conftest import Stage, always_open, opened_stage

LIST = "/flatten"
_STEPS = "steps"
_NAMED = {"bracket": BRACKET, "list": LIST}


async def cut_at(step: str, folder: Path, line: str = PLAIN) -> str:
    """
    Confirm *line*, cut the link at *step*; return what was told of it, as `confirm.die_at` or `of_list.die_at` do.

    Raises AssertionError where there are two orders, or a part of a bracket, where what is told is not what is at TWS,
    and where TWS still holds an order back.
    """
    async with opened_stage(always_open(folder, sample_s=0.0), folder) as stage:
        bot = await stage.up(program=program(steps=str(folder / _STEPS), cut_at=step))
        outcome = await (_listed(stage) if line == LIST else _single(stage, line))
        await stage.linked()
        assert not bot.is_dead
        if step not in (folder / _STEPS).read_text(encoding="utf-8").splitlines():
            return "not reached"
        return outcome


async def _single(stage: Stage, line: str) -> str:
    card = await confirm.opened(stage, line)
    await stage.ada.press(card, "✅", wait=0)
    outcome = await confirm.told(stage, card)
    await stage.linked()
    await confirm.pressed_again(stage, card)
    orders = await confirm.sent(stage)
    assert len(orders) == PIECES[line] * (outcome == "one"), (outcome, orders)
    assert not await confirm.held(stage), outcome
    return outcome


async def _listed(stage: Stage) -> str:
    card = await of_list.opened(stage)
    await stage.ada.press(card, "✅", wait=0)
    fates = await of_list.told(stage, card)
    await stage.linked()
    now = await of_list.sent(stage)
    assert len(set(now)) == len(now), now
    for number, symbol in enumerate(of_list.SYMBOLS, start=1):
        assert (f"sb-1-{number}" in now) == (fates[symbol] == "filled"), (fates, now)
    return f"{len(now)} sent, {', '.join(fates[symbol] for symbol in of_list.SYMBOLS)}"


async def _walk(line: str) -> int:
    """Cut the link once at every step; print what came of each, and a line of JSON in the end."""
    with TemporaryDirectory() as place:
        steps = await (of_list.steps_of(Path(place)) if line == LIST else confirm.steps_of(Path(place), line))
    outcomes: Counter[str] = Counter()
    for step in steps:
        with TemporaryDirectory() as place:
            try:
                outcome = await cut_at(step, Path(place), line)
            except AssertionError as error:
                outcome = f"WRONG {error}"
        outcomes["WRONG" if outcome.startswith("WRONG") else outcome] += 1
        sys.stdout.write(f"{step}: {outcome}\n")
        sys.stdout.flush()
    sys.stdout.write(json.dumps({"steps": len(steps), **outcomes}) + "\n")
    return 1 if outcomes["WRONG"] else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_walk(_NAMED.get("".join(sys.argv[1:]), PLAIN))))
