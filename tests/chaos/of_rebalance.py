"""
Kill -9 at a step of a rebalance whose purchase waits for its sale, then a new start: each order once or not at all.

The person confirms the first card, and the second when it comes; after the new start both again where they still stand,
and asks for another where told that there is none. `python -m tests.chaos.of_rebalance` dies once at each step from the
sale's execution on, `python -m tests.chaos.of_rebalance all` at those before it too.
"""

import asyncio
import json
import re
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos import taps, wake
from tests.chaos.body import program
from tests.chaos.telling import asked
from tests.flow.chat import Shown, labels, said
from tests.flow.conftest import Stage, always_open, opened_stage

SOLD = "TWS tells 11 1"
"""The step at which TWS tells the sale's execution."""

_STEPS = "steps"
_LINE = "/rebalance AAPL 0% MSFT 90% cash 10%"
# The purchase is worth more than the usual limit of one order.
_SETTINGS = {"limit_order_value": "200000"}
_TOLD = re.compile(r"\A\S+ (FILLED|Status unknown|NOT SENT) · PAPER · \S+ \d+ (\w+)")
_WORDS = {"FILLED": "filled", "Status unknown": "unknown", "NOT SENT": "never sent"}
_SALE, _PURCHASE = "AAPL", "MSFT"
_OVER_WITHIN_S = 90.0
# A card that comes by itself may be in the chat before the desk knows its message.
_AGAIN_S = 3.0


class _Person:
    """Confirms what is to be confirmed, and remembers every Confirm button that was ever shown."""

    def __init__(self, stage: Stage, first: Shown) -> None:
        self._stage = stage
        self._chat = stage.ada
        self._since = first["message_id"] - 1
        self._cards: dict[int, tuple[Shown, str]] = {}
        self._asked: dict[int, int] = {}
        self._pressed: dict[int, float] = {}
        self.asked_anew = False

    async def act(self) -> dict[str, str]:
        """Press what stands, and again where that was too early for the desk; return what is told of each symbol."""
        shown = await self._chat.from_bot(self._since)
        for card in self._standing(shown):
            number = card["message_id"]
            if number not in self._asked:
                self._asked[number] = await self._chat.say("/help")
            elif shown[-1]["message_id"] > self._asked[number] and self._is_time(number):
                self._pressed[number] = time.monotonic()
                await taps.press(self._chat, card, "✅", wait=0)
        return _told(shown)

    async def act_again(self) -> dict[str, str]:
        """As `act` after a new start: press what still stands each time, and ask for purchases that are on no card."""
        shown = await self._chat.from_bot(self._since)
        standing = self._standing(shown)
        for card in standing:
            await taps.press(self._chat, card, "✅")
        told = _told(shown)
        waiting = [one for one in shown if any(label.startswith("🛒") for label in labels(one))]
        if waiting and not standing and _PURCHASE not in told:
            self.asked_anew = True
            await taps.press(self._chat, waiting[-1], "🛒")
        return told

    async def press_old(self) -> None:
        """Press every Confirm there ever was, as a modified client could."""
        assert self._cards
        for card, data in self._cards.values():
            await self._chat.press(card, data, force=True, data=data, wait=10)

    async def transcript(self) -> str:
        """Return what the chat shows, for a failing walk's words."""
        shown = await self._chat.from_bot(self._since)
        return "\n---\n".join(f"{said(one)}\n{labels(one)}" for one in shown)

    def _is_time(self, number: int) -> bool:
        return time.monotonic() - self._pressed.get(number, -_AGAIN_S) >= _AGAIN_S

    def _standing(self, shown: list[Shown]) -> list[Shown]:
        found = [one for one in shown if "✖️ Cancel" in labels(one)]
        for card in found:
            data = str(card["reply_markup"]["inline_keyboard"][0][0]["callback_data"])
            self._cards[card["message_id"]] = (card, data)
        return found


async def steps_of(folder: Path) -> list[str]:
    """Confirm both cards, let nobody die, and return the steps it took until the person read of the purchase."""
    async with opened_stage(always_open(folder, sample_s=0.0), folder) as stage:
        await stage.up(program=program(steps=str(folder / _STEPS)), **_SETTINGS)
        person = _Person(stage, await stage.ada.ask(_LINE, "confirm?"))
        assert await _goes_on(stage, person) == "done"
        await stage.ada.ask("/help", "/orders")
        assert len(await _refs(stage)) == 2
    return (folder / _STEPS).read_text(encoding="utf-8").splitlines()


async def die_at(step: str, folder: Path) -> str:
    """
    Confirm both cards, die at *step*, start again, go on; return what was told of the sale and of the purchase.

    Raises AssertionError where an order is sent twice, is not told, is told and was not sent, leaves after the start
    though it was claimed before, or where an old Confirm button sends one.
    """
    async with opened_stage(always_open(folder, sample_s=0.0), folder) as stage:
        bot = await stage.up(program=program(steps=str(folder / _STEPS), die_at=step), **_SETTINGS)
        person = _Person(stage, await stage.ada.ask(_LINE, "confirm?"))
        if await _goes_on(stage, person) == "done":
            return "not reached"
        await bot.death()
        await wake.settled(stage)
        claims, before = wake.claimed(stage), await _refs(stage)
        await stage.up(**_SETTINGS)
        told = await _ended(stage, person)
        await _hold(stage, told)
        assert wake.of_claims(claims, await _refs(stage)) == wake.of_claims(claims, before), (claims, before, told)
        await person.press_old()
        await stage.ada.ask("/help", "/orders")
        await _hold(stage, told)
        fates = ", ".join(told.get(symbol, "not asked for") for symbol in (_SALE, _PURCHASE))
        return f"{fates}{' on a card asked for anew' if person.asked_anew else ''}"


async def _goes_on(stage: Stage, person: _Person) -> str:
    """Let the *person* do what there is to do until the bot is dead, or all is bought."""
    bot = stage.bots[-1]

    async def look() -> str:
        if bot.is_dead:
            return "dead"
        return "done" if _PURCHASE in await person.act() else ""

    try:
        found: str = await stage.desk.until(look, "an end", _OVER_WITHIN_S)
    except AssertionError as error:
        raise AssertionError(f"{error}; instead:\n{await person.transcript()}") from None
    return found


async def _ended(stage: Stage, person: _Person) -> dict[str, str]:
    """Wait until the chat says what became of the sale and, after one, of the purchase; then nothing waits any more."""

    async def look() -> dict[str, str]:
        told = await person.act_again()
        at_market = {one["symbol"] for one in await stage.desk.orders()}
        is_known = all(told.get(symbol) == "filled" for symbol in at_market)
        return told if is_known and (_PURCHASE in told or told.get(_SALE, "filled") != "filled") else {}

    async def over() -> bool:
        return not asked(stage.folder, "SELECT count(*) FROM sequels")

    try:
        told: dict[str, str] = await stage.desk.until(look, "the fates of both", _OVER_WITHIN_S)
    except AssertionError as error:
        raise AssertionError(f"{error}; instead:\n{await person.transcript()}") from None
    if told.get(_SALE) == "filled":
        await stage.desk.until(over, "no purchases that wait")
    return told


async def _hold(stage: Stage, told: dict[str, str]) -> None:
    """See that TWS has just what is *told* to be filled, each once."""
    orders = [(one["action"], one["symbol"]) for one in await stage.desk.orders()]
    wanted = [("SELL", _SALE), ("BUY", _PURCHASE)]
    assert orders == [one for one in wanted if told.get(one[1]) == "filled"], (orders, told)


async def _refs(stage: Stage) -> list[str]:
    return [str(one["orderRef"]) for one in await stage.desk.orders()]


def _told(shown: list[Shown]) -> dict[str, str]:
    """Return what the newest message about each order says of it."""
    found = (_TOLD.search(said(one)) for one in shown)
    return {one[2]: _WORDS[one[1]] for one in found if one is not None}


async def _walk(first: str) -> int:
    """Die once at every step from *first* on; print what came of each, and a line of JSON in the end."""
    with TemporaryDirectory() as place:
        steps = await steps_of(Path(place))
    steps = steps[steps.index(first) :] if first else steps
    outcomes: Counter[str] = Counter()
    for step in steps:
        with TemporaryDirectory() as place:
            try:
                outcome = await die_at(step, Path(place))
            except AssertionError as error:
                outcome = f"WRONG {error}"
        outcomes["WRONG" if outcome.startswith("WRONG") else outcome] += 1
        sys.stdout.write(f"{step}: {outcome}\n")
        sys.stdout.flush()
    sys.stdout.write(json.dumps({"steps": len(steps), **outcomes}) + "\n")
    return 1 if outcomes["WRONG"] else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_walk("" if "all" in sys.argv[1:] else SOLD)))
