"""What stories about alerts do: set one, wait for its firings, turn the clock."""

import re
from datetime import timedelta

from tests.flow.chat import Shown, said
from tests.flow.conftest import Stage

# An alert fires at once; a loaded machine, with a gap to catch up first, takes its time.
FIRED_WITHIN_S = 60.0


async def made(stage: Stage, line: str) -> tuple[Shown, int]:
    """Set an alert; return the answer and the alert's number."""
    answer = await stage.ada.ask(f"/alert {line}", "Alert #", " set")
    found = re.search(r"Alert #(\d+) set", said(answer))
    assert found is not None
    return answer, int(found[1])


async def firings(stage: Stage, number: int) -> list[Shown]:
    """Return the messages of the alert's firings, one for each; a digest tells several."""
    found = []
    for message in await stage.ada.from_bot():
        alone = re.search(rf"· alert #{number}\b", said(message)) is not None
        together = set(re.findall(rf"#{number}·(\d+)", said(message)))
        found += [message] * max(int(alone), len(together))
    return found


async def fired(stage: Stage, number: int, times: int = 1) -> Shown:
    """Wait until the alert has fired so many *times* and return the last message of these."""

    async def look() -> Shown | None:
        found = await firings(stage, number)
        return found[times - 1] if len(found) >= times else None

    found: Shown = await stage.desk.until(look, f"firing {times} of #{number}", FIRED_WITHIN_S)
    return found


async def heard(stage: Stage, family: str) -> None:
    """Wait until TWS has a subscription of a *family* ("news", "scan"): what happens before is news to nobody."""

    async def look() -> bool:
        await stage.ada.ask("/status", "Version")
        return stage.world.server.count(family) > 0

    await stage.desk.until(look, f"a subscription to {family}", FIRED_WITHIN_S)


async def passed(stage: Stage, symbol: str = "INTC") -> None:
    """
    Wait until the bot has worked through all that happened up to now.

    A print of *symbol* fires an alert of its own, and messages to a chat keep their order.
    """
    price = stage.world.exchange.book(stage.world.exchange.catalogue.named(symbol)).last
    _, number = await made(stage, f"{symbol} > {price + 1:.2f}")
    stage.world.exchange.push(symbol, round(price + 2, 2))
    await fired(stage, number)


async def later(stage: Stage, ahead: timedelta) -> None:
    """Turn the clock forward, once the bot has worked through what happened before."""
    await passed(stage)
    await stage.later(ahead)


async def listed(stage: Stage, *words: str) -> Shown:
    """Ask for the list of alerts, again and again, until all of *words* are in it; return it."""

    async def look() -> Shown | None:
        shown = await stage.ada.ask("/alerts", "lerts")
        return shown if all(word in said(shown) for word in words) else None

    found: Shown = await stage.desk.until(look, f"alerts with {words}", FIRED_WITHIN_S)
    return found


async def judged(stage: Stage, number: int) -> None:
    """Wait until the alert's distance is known: its bars are there, and a price."""

    async def look() -> bool:
        shown = said(await stage.ada.ask("/alerts", "lerts"))
        return re.search(rf"^\W*#{number} .*needs", shown, re.MULTILINE) is not None

    await stage.desk.until(look, f"a distance of #{number}", FIRED_WITHIN_S)


async def pressed(stage: Stage, message: Shown, button: str, *words: str) -> Shown:
    """Press a button and wait until its own message has all of *words* in it; return that."""
    await stage.ada.press(message, button, wait=10)

    async def look() -> Shown | None:
        now = await stage.ada.again(message)
        return now if all(word in said(now) for word in words) else None

    found: Shown = await stage.desk.until(look, f"{words} in the place of {said(message)!r}", FIRED_WITHIN_S)
    return found
