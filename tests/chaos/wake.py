"""What a killed bot leaves behind, once the simulated TWS has read the last of its socket."""

import re
import sqlite3

from tests.flow.chat import Chat, said
from tests.flow.conftest import Stage

_ALL_UNSENT = re.compile(r"(^|Now: |all )🕓 not sent", re.MULTILINE)
_ONE_UNSENT = re.compile(r"^\d+\. \S+ \d+ (\w+) .*: 🕓 not sent", re.MULTILINE)


async def settled(stage: Stage) -> None:
    """Wait until TWS has noticed that the bot is dead: what was on its way has arrived by then, or is lost."""

    async def look() -> bool:
        return not stage.world.server.clients()

    await stage.desk.until(look, "TWS to notice a death")


def claimed(stage: Stage) -> set[int]:
    """Return the ids of the proposals that a dead bot had claimed: their orders left before its death, or never."""
    database = sqlite3.connect(stage.folder / "squawkbot.db")
    try:
        rows = database.execute("SELECT id FROM proposals WHERE state IN ('confirmed', 'submitted')").fetchall()
    finally:
        database.close()
    return {row[0] for row in rows}


def of_claims(claims: set[int], order_refs: list[str]) -> list[str]:
    """Return those of *order_refs* (`sb-<proposal>-<leg>`) whose proposal is among *claims*, sorted."""
    return sorted(ref for ref in order_refs if int(ref.split("-")[1]) in claims)


async def called_unsent(chat: Chat, after: int, symbols: set[str]) -> list[str]:
    """Return the messages above *after* that say of an order for one of *symbols*, or of all, that it was not sent."""
    texts = [said(one) for one in await chat.from_bot(after)]
    return [one for one in texts if _ALL_UNSENT.search(one) or symbols & set(_ONE_UNSENT.findall(one))]
